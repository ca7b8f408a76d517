"""The documented examples of ingest's operations are what the API answers."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from chassis.store import Database
from screenalytics.stack import Stack
from tests.support.ingest_api import IngestApi, ingest_api, seed_examples
from tests.support.videos import write_video

pytestmark = pytest.mark.integration

PAGE = Path(__file__).parents[2] / "docs" / "api-parts" / "ingest.md"
EXAMPLE = re.compile(r"^### (\w+)\n([^\n]+)\n```http\n(.*?)```\n```(json|text)\n(.*?)```", re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return write_video(tmp_path_factory.mktemp("videos") / "episode.mp4", seconds=6).read_bytes()


async def test_every_operation_has_an_example_and_answers_as_it_says(
    stack: Stack, database: Database, video: bytes
) -> None:
    examples = EXAMPLE.findall(PAGE.read_text(encoding="utf-8"))
    async with ingest_api(stack, database) as api:
        operations = {
            operation["operationId"] for path in api.app.openapi()["paths"].values() for operation in path.values()
        }
        assert sorted(name for name, *_ in examples) == sorted(operations)
        values = await seed_examples(api, video)
        for name, _, request, form, expected in examples:
            answer = await send(api, request, values)
            assert answer.is_success, (name, answer.text)
            if form == "text":
                assert [line for line in answer.text.splitlines() if line.startswith("event:")] == [
                    line for line in expected.splitlines() if line.startswith("event:")
                ]
                continue
            body = answer.json()
            assert not difference(json.loads(expected), body), (name, difference(json.loads(expected), body), body)
            if name == "begin_upload":
                values["upload_id"] = body["data"]["upload_id"]


async def send(api: IngestApi, request: str, values: dict[str, str]) -> Any:
    """Send a request block: method and path, headers, an empty line, the body."""
    for name, value in values.items():
        request = request.replace(f"{{{name}}}", value)
    head, _, body = request.partition("\n\n")
    first, *lines = head.strip().splitlines()
    method, path = first.split(" ", 1)
    headers = dict(line.split(": ", 1) for line in lines)
    if "Content-Type" in headers:
        body = body.replace("\n", "\r\n")
    elif body:
        headers["Content-Type"] = "application/json"
    return await api.client.request(method, path, headers=headers, content=body.encode())


def difference(example: Any, real: Any, where: str = "") -> str:
    """Where an answer lacks something of its example, or has another type or plain value; empty where nowhere."""
    if isinstance(example, dict) and isinstance(real, dict):
        for name, value in example.items():
            if name not in real:
                return f"{where}.{name} is missing"
            if found := difference(value, real[name], f"{where}.{name}"):
                return found
        return ""
    if isinstance(example, list) and isinstance(real, list):
        if len(real) < len(example):
            return f"{where} is shorter"
        return next((found for a, b in zip(example, real, strict=False) if (found := difference(a, b, where))), "")
    if isinstance(example, bool) or example is None:
        return "" if example is real else f"{where}: {example!r} is {real!r}"
    if isinstance(example, int | float) and isinstance(real, int | float):
        return ""
    if isinstance(example, str) and isinstance(real, str):
        start, shortened, _ = example.partition("…")
        same = shortened or start == real
        return "" if same else f"{where}: {example!r} is {real!r}"
    return f"{where}: {example!r} is {real!r}"
