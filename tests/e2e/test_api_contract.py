"""The whole HTTP API, thrown everything at: no server error, and every answer as its description says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from screenalytics.http_client.client import Client
from tests.e2e.conftest import API_URL
from tests.support.pipeline import PATIENCE_S, Pipeline

pytestmark = [pytest.mark.e2e, pytest.mark.integration]

EXAMPLES = 15
"""Requests for each operation."""
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
STREAMS = {"stream_episode_events", "stream_changes"}
"""They end when a run does, or never; they are tested on their own."""

DOCUMENT = json.loads(
    (Path(__file__).resolve().parents[2] / "screenalytics" / "openapi" / "openapi.json").read_text(encoding="utf-8")
)
SCHEMA = schemathesis.openapi.from_dict(DOCUMENT)
OPERATIONS = {
    found.ok().definition.raw["operationId"]: found.ok()
    for found in SCHEMA.get_all_operations()
    if found.ok().definition.raw["operationId"] not in STREAMS
}
SHOW = "fuzzed"
EPISODE = f"{SHOW}-s01e01"


@pytest_asyncio.fixture(scope="module")
async def things(pipeline: Pipeline, short_video: Path) -> dict[str, str]:
    """Names in paths and bodies that mean something: a finished episode and who is in it."""
    report = await pipeline.finished(await pipeline.upload(short_video, EPISODE))
    await pipeline.log.quiet(1.0)
    with Client(API_URL) as api:
        (cluster, *_) = api.list_clusters(EPISODE, limit=1).data.items
        (member, *_) = api.read_cluster(EPISODE, cluster.identity_id, limit=1).data.members.items
    return {
        "ep_id": EPISODE,
        "show": SHOW,
        "run_id": report.run_id,
        "identity_id": cluster.identity_id,
        "track_id": member.track_id,
    }


def aimed(case: Any, things: dict[str, str]) -> Any:
    """A request about what there is, wherever its path or body has a place for it."""
    case.path_parameters = {**case.path_parameters} | {
        name: things[name] for name in case.path_parameters or {} if name in things
    }
    if isinstance(case.body, dict):
        case.body = case.body | {name: things[name] for name in case.body if name in things}
    if case.operation.definition.raw["operationId"] != "delete_episode" and "if-match" in _headers(case):
        case.headers["if-match"] = "*"
    return case


def _headers(case: Any) -> set[str]:
    return {str(parameter["name"]) for parameter in case.operation.definition.raw.get("parameters", ())}


@pytest.mark.parametrize("name", sorted(OPERATIONS, key=lambda name: (name == "delete_episode", name)))
def test_no_request_makes_the_api_fail(name: str, things: dict[str, str]) -> None:
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=OPERATIONS[name].as_strategy(), about_something=st.booleans())
    def throw(case: Any, about_something: bool) -> None:
        case = aimed(case, things) if about_something and name != "delete_episode" else case
        answer = case.call(base_url=API_URL, timeout=PATIENCE_S)
        case.validate_response(answer, checks=CHECKS)

    throw()
