"""Nothing of a body is read that its caller may not send there, and what is read is bounded."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Annotated, Any

import pytest
from fastapi import APIRouter, File, Form, UploadFile

from chassis.http import application
from chassis.http.auth import Operator, Viewer
from chassis.http.bodies import MOST_VALUES, parse_json
from chassis.http.results import ApiModel, ApiResult, ok
from chassis.http.routing import Router
from chassis.settings import ApiSettings
from tests.support.asgi import Exchange, call
from tests.support.small_api import app_of

router = Router(tags=["test"])
MIB = 2**20
JSON = {"content-type": "application/json", "transfer-encoding": "chunked"}
BOUNDARY = "multipart/form-data; boundary=x"


class Note(ApiModel):
    text: str
    weight: float = 1.0


@router.post("/episodes/{ep_id}/notes")
async def write(ep_id: str, note: Note, _principal: Operator) -> ApiResult[str]:
    return ok(note.text)


@router.post("/episodes/{ep_id}/files")
async def take(
    ep_id: str,
    files: Annotated[list[UploadFile], File()],
    _principal: Operator,
    title: Annotated[str, Form()] = "",
) -> ApiResult[list[int]]:
    await asyncio.sleep(0.05)
    return ok([len(await file.read()) for file in files])


@router.get("/episodes/{ep_id}")
async def read(ep_id: str, _principal: Viewer) -> ApiResult[str]:
    return ok(ep_id)


SMALL = ApiSettings(max_body_bytes=2048, max_upload_bytes=MIB, max_uploads_bytes=MIB, body_seconds=0.1)
NOTES, FILES = "/episodes/my-show-s01e02/notes", "/episodes/my-show-s01e02/files"


async def post(
    path: str, headers: Mapping[str, str], *pieces: bytes, settings: ApiSettings = SMALL, key: str | None = "operator"
) -> Exchange:
    named = {"x-api-key": key} if key else {}
    return await call(app_of([router], settings), "POST", path, headers=named | dict(headers), pieces=pieces)


@pytest.mark.parametrize(
    ("key", "path", "status", "code"),
    [
        (None, NOTES, 401, "not_authenticated"),
        ("stranger", NOTES, 401, "not_authenticated"),
        ("viewer", NOTES, 403, "forbidden"),
        ("operator", "/episodes/other-s01e01/notes", 404, "not_found"),
        (None, FILES, 401, "not_authenticated"),
        ("viewer", FILES, 403, "forbidden"),
        ("operator", "/episodes/other-s01e01/files", 404, "not_found"),
        (None, "/nowhere", 404, "not_found"),
    ],
)
@pytest.mark.parametrize("media_type", ["application/json", "application/x+json", BOUNDARY, "text/plain", ""])
async def test_whoever_may_not_is_answered_before_a_byte_is_read(
    key: str | None, path: str, status: int, code: str, media_type: str
) -> None:
    headers = {"content-type": media_type, "transfer-encoding": "chunked"}
    answer = await post(path, headers, b"x" * MIB, b"x", key=key, settings=ApiSettings())
    assert (answer.status, answer.code, answer.read) == (status, code, 0)


@pytest.mark.parametrize(
    ("path", "media_type"),
    [
        (NOTES, "application/x+json"),
        (NOTES, "application/merge-patch+json"),
        (NOTES, "text/plain"),
        (NOTES, BOUNDARY),
        (NOTES, "application/json; charset=utf-16"),
        (NOTES, ""),
        (FILES, "application/json"),
        (FILES, "application/x-www-form-urlencoded"),
        (FILES, f"{BOUNDARY}; charset=punycode"),
        (FILES, f'{BOUNDARY}; charset="unicode_escape"'),
    ],
)
async def test_a_body_of_another_kind_is_not_read(path: str, media_type: str) -> None:
    answer = await post(path, {"content-type": media_type, "content-length": "11"}, b'{"text":"x"}')
    assert (answer.status, answer.code, answer.read) == (415, "unsupported_media_type", 0)


async def test_a_compressed_body_is_not_unpacked() -> None:
    answer = await post(NOTES, JSON | {"content-encoding": "gzip"}, b"\x1f\x8b")
    assert (answer.status, answer.read) == (415, 0)


@pytest.mark.parametrize("length", ["2049", "99999999999999999999", "-1", "1e3", "²"])
async def test_an_announced_length_that_is_too_much_or_none_is_refused_unread(length: str) -> None:
    answer = await post(NOTES, {"content-type": "application/json", "content-length": length}, b"{}")
    assert (answer.status, answer.code, answer.read) == (413, "too_large", 0)


async def test_a_body_that_turns_out_too_large_is_given_up_there() -> None:
    answer = await post(NOTES, JSON, *[b" " * 1500] * 50)
    assert (answer.status, answer.code, answer.read) == (413, "too_large", 2)


async def test_only_routes_that_take_files_have_the_large_bound() -> None:
    part = b'--x\r\nContent-Disposition: form-data; name="files"; filename="a"\r\n\r\n'
    answer = await post(FILES, {"content-type": BOUNDARY}, part, b"y" * 10_000, b"\r\n--x--\r\n")
    assert (answer.status, json.loads(answer.body)["data"]) == (200, [10_000])


async def test_a_form_cannot_have_files_or_fields_without_end() -> None:
    part = b'--x\r\nContent-Disposition: form-data; name="files"; filename="a"\r\n\r\ny\r\n'
    field = b'--x\r\nContent-Disposition: form-data; name="title"\r\n\r\ny\r\n'
    for pieces in ([part] * 22, [part, *[field] * 21]):
        answer = await post(FILES, {"content-type": BOUNDARY}, *pieces, b"--x--\r\n")
        assert (answer.status, answer.code) == (400, "bad_request")


async def test_files_wait_for_one_another_by_their_size() -> None:
    app = app_of([router], SMALL)
    part = b'--x\r\nContent-Disposition: form-data; name="files"; filename="a"\r\n\r\n'

    async def send(size: int) -> int:
        body = part + b"y" * size + b"\r\n--x--\r\n"
        headers = {"content-type": BOUNDARY, "content-length": str(len(body)), "x-api-key": "operator"}
        return (await call(app, "POST", FILES, headers=headers, pieces=[body])).status

    large = await asyncio.gather(send(700_000), send(700_000))
    small = await asyncio.gather(*(send(50_000) for _ in range(10)))
    assert sorted(large) == [200, 429]
    assert set(small) == {200}
    assert await send(700_000) == 200, "the room is there again afterwards"


@pytest.mark.parametrize(("piece", "status"), [(3, 408), (120, 200)])
async def test_a_body_that_drips_is_given_up_but_a_slow_one_of_some_size_is_not(piece: int, status: int) -> None:
    app = app_of([router], SMALL.model_copy(update={"body_bytes_per_second": 1000}))
    body = json.dumps({"text": "x" * (piece * 10 - 12)}).encode()
    pieces = [body[at : at + piece] for at in range(0, len(body), piece)]
    headers = JSON | {"x-api-key": "operator"}
    answer = await call(app, "POST", NOTES, headers=headers, pieces=pieces, pause_s=0.03)
    assert answer.status == status
    if status == 408:
        assert answer.code == "too_slow"


@pytest.mark.parametrize(
    ("text", "status"),
    [
        (b'{"text":"' + b"[" * MOST_VALUES + b'"}', 413),
        (b"{" + b",".join(b'"a%d":1' % number for number in range(MOST_VALUES + 1)) + b"}", 413),
        (b"[" * (MOST_VALUES - 1), 400),
        (b'{"text":"x","weight":1e999}', 400),
        (b'{"text":"x","weight":NaN}', 400),
        (b'{"text":"x","weight":' + b"9" * 5000 + b"}", 400),
        (b'{"text":"\\ud800"}', 400),
        (b'{"text":"\xed\xa0\x80"}', 400),
        (b'{"text":"\xff"}', 400),
        (b'{"text":', 422),
        (b"", 422),
        (b'{"text":"\\ud83d\\ude00"}', 200),
        ('{"text":"\ufeffé"}'.encode(), 200),
    ],
)
async def test_json_that_is_too_much_or_no_json_has_an_answer(text: bytes, status: int) -> None:
    answer = await post(NOTES, JSON, text, settings=ApiSettings())
    assert answer.status == status, answer.body


def test_the_largest_command_is_not_too_much() -> None:
    text = json.dumps({"tracks": [f"track-{number:05d}-001" for number in range(5000)]}).encode()
    assert len(parse_json(text)["tracks"]) == 5000


def test_a_route_that_names_no_role_cannot_be_made() -> None:
    careless = Router(tags=["test"])
    with pytest.raises(TypeError, match="who may call"):

        @careless.get("/secrets")
        async def secrets() -> ApiResult[str]:
            return ok("x")


def test_an_application_takes_no_routes_without_a_guard() -> None:
    plain = APIRouter()

    @plain.get("/secrets")
    async def secrets() -> ApiResult[str]:
        return ok("x")

    with pytest.raises(TypeError, match="without a guard"):
        application.build("Test", [plain])


async def test_the_description_is_for_callers_too_and_is_written_once() -> None:
    app = app_of([router])
    assert (await call(app, "GET", "/openapi.json")).status == 401
    first, again = [await call(app, "GET", "/openapi.json", headers={"x-api-key": "viewer"}) for _ in range(2)]
    assert first.body == again.body
    described = json.loads(first.body)["paths"]
    assert described["/episodes/{ep_id}/notes"]["post"]["x-role"] == "operator"
    assert "/openapi.json" not in described


async def test_two_credentials_of_a_kind_are_refused() -> None:
    for headers in ([("x-api-key", "operator"), ("x-api-key", "admin")], [("authorization", "Bearer a")] * 2):
        answer = await call(app_of([router]), "GET", "/episodes/my-show-s01e02", headers=headers)
        assert (answer.status, answer.code) == (400, "bad_request")


async def test_a_web_socket_is_closed() -> None:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    await app_of([router])({"type": "websocket", "path": "/episodes/a", "headers": []}, receive, send)
    assert sent == [{"type": "websocket.close", "code": 1008}]
