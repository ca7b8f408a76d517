"""A client generated from an OpenAPI document speaks to the API that the document describes."""

from __future__ import annotations

import types
from pathlib import Path
from typing import Annotated, Any

import pytest
from fastapi import Header, Query
from sse_starlette import EventSourceResponse, ServerSentEvent

from chassis.http import application
from chassis.http.auth import Viewer
from chassis.http.routing import Router
from screenalytics.http_client.transport import ApiFailure
from screenalytics.openapi.generate import client_source, models_source, tidy_names
from tests.unit.chassis.http.test_requests import make_client, router

streams = Router(tags=["streams"])


@streams.get(
    "/streams/{name}",
    response_class=EventSourceResponse,
    response_model=None,
    responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}},
)
async def stream(
    name: str,
    _principal: Viewer,
    last_event_id: Annotated[str | None, Header()] = None,
    follow: Annotated[bool, Query()] = False,
    stage: Annotated[list[str] | None, Query()] = None,
) -> EventSourceResponse:
    async def events() -> Any:
        yield ServerSentEvent(id="1", event="asked", data=f"{name} {last_event_id} {follow} {stage}")

    return EventSourceResponse(events())


LABEL = "from . import models\n"


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The module of a client of the test API."""
    folder: Path = tmp_path_factory.mktemp("generated")
    document = tidy_names(application.build("Test", [router, streams]).openapi())
    models = types.ModuleType("models")
    exec(models_source(document, folder), models.__dict__)
    source = client_source(document)
    assert LABEL in source
    client = types.ModuleType("client")
    client.__dict__.update(models=models, __package__="screenalytics.http_client")
    exec(source.replace(LABEL, ""), client.__dict__)
    return client


def test_answers_are_typed_and_carry_their_version(generated: Any) -> None:
    with make_client() as http, generated.Client("http://testserver", key="operator", http=http) as client:
        note = generated.models.Note(text="hello")
        answer = client.write("my-show-s01e02", note, if_match='"3"', idempotency_key="once")
        page = client.numbers(limit=3)
    assert (answer.status, answer.data) == (200, ["my-show-s01e02", "hello", 3, "once"])
    assert page.data["items"] == [1, 2, 3]


def test_a_refusal_is_an_error_with_a_code_and_the_version_there_is(generated: Any) -> None:
    with make_client() as http, generated.Client("http://testserver", key="viewer", http=http) as client:
        with pytest.raises(ApiFailure) as stale:
            client.fail("stale")
        with pytest.raises(ApiFailure) as hidden:
            client.read("other-s01e01")
    assert (stale.value.status, stale.value.code, stale.value.version) == (412, "version_conflict", 5)
    assert (hidden.value.status, hidden.value.code) == (404, "not_found")


def test_a_stream_takes_every_parameter_that_its_operation_has(generated: Any) -> None:
    with make_client(routers=[streams]) as http, generated.Client("http://testserver", http=http) as client:
        plain = list(client.stream("a"))
        chosen = list(client.stream("a b", follow=True, stage=["ingest", "detector"], last_event_id="7-1"))
    assert plain == [("1", "asked", "a None False None")]
    assert chosen == [("1", "asked", "a b 7-1 True ['ingest', 'detector']")]


def test_names_in_paths_cannot_leave_their_place(generated: Any) -> None:
    with (
        make_client() as http,
        generated.Client("http://testserver", http=http) as client,
        pytest.raises(ApiFailure) as nowhere,
    ):
        client.read("../../internal/ready")
    assert nowhere.value.status == 404


def test_an_api_that_is_away_is_said_in_one_sentence() -> None:
    from screenalytics.http_client.client import Client

    with Client("http://127.0.0.1:9") as client, pytest.raises(ApiFailure, match="screenalytics up"):
        client.read_screen_time("my-show-s01e01")


def test_schemas_that_would_have_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="one name"):
        tidy_names({"components": {"schemas": {"Page_A_": {}, "Page__A": {}}}})
