"""The documented examples of the operations on clusters and edits are what the API answers."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from chassis.store import Database
from screenalytics.stack import Stack
from tests.support.grouper_system import APPEARANCES, EP_ID, GrouperSystem, Take, grouper_system

pytestmark = pytest.mark.integration

PAGE = Path(__file__).parents[2] / "docs" / "api-parts" / "grouper.md"
EXAMPLE = re.compile(r"^### (\w+)\n[^\n]+\n```http\n(.*?)```\n```json\n(.*?)```", re.MULTILINE | re.DOTALL)
PASSING = {"at", "next_cursor"}
"""Values that are others every time."""

VALUES = {
    "ep_id": EP_ID,
    "identity_id": "identity-00001",
    "other_identity_id": "identity-00002",
    "track_id": "track-00000-006",
    "middle_s": "34.0",
    "end_s": "38.0",
}


async def test_every_operation_has_an_example_and_answers_as_it_says(stack: Stack, database: Database) -> None:
    examples = EXAMPLE.findall(PAGE.read_text(encoding="utf-8"))
    async with grouper_system(stack, database) as system, system.client() as http:
        paths = system.app.openapi()["paths"].values()
        operations = {operation["operationId"] for path in paths for operation in path.values()}
        assert sorted(name for name, *_ in examples) == sorted(operations)
        await system.group(Take(APPEARANCES))
        for name, request, expected in examples:
            answer = await send(system, http, request)
            assert answer.is_success, (name, answer.text)
            assert not difference(json.loads(expected), answer.json(), name), answer.text


async def send(system: GrouperSystem, http: httpx.AsyncClient, request: str) -> httpx.Response:
    """Send a request block while the grouper works."""
    etag = (await http.get(f"/edits/{EP_ID}")).headers["ETag"]
    for name, value in {**VALUES, "edits_etag": etag}.items():
        request = request.replace(f"{{{name}}}", value)
    head, _, body = request.partition("\n\n")
    first, *lines = head.strip().splitlines()
    method, path = first.split(" ", 1)
    headers = {"Content-Type": "application/json"} | dict(line.split(": ", 1) for line in lines)
    asked = asyncio.create_task(http.request(method, path, headers=headers, content=body.encode()))
    while not asked.done():
        await system.settle()
        await asyncio.sleep(0.01)
    await system.settle()
    return await asked


def difference(example: Any, real: Any, where: str) -> str:
    """Where an answer lacks something of its example or is otherwise; empty where nowhere. `…` stands for anything."""
    if isinstance(example, dict) and isinstance(real, dict):
        missing = sorted(set(example) - set(real))
        inside = (
            difference(value, real[name], f"{where}.{name}")
            for name, value in example.items()
            if name in real and name not in PASSING
        )
        return f"{where} lacks {missing}" if missing else next(filter(None, inside), "")
    if isinstance(example, list) and isinstance(real, list):
        shown = [one for one in example if one != "…"]
        if len(shown) > len(real):
            return f"{where} is shorter"
        return next(filter(None, (difference(one, two, where) for one, two in zip(shown, real, strict=False))), "")
    if isinstance(example, float):
        return "" if real == pytest.approx(example, abs=0.01) else f"{where}: {example} is {real}"
    if isinstance(example, str) and isinstance(real, str) and "…" in example:
        return "" if real.startswith(example.partition("…")[0]) else f"{where}: {example} is {real}"
    return "" if example == real else f"{where}: {example!r} is {real!r}"
