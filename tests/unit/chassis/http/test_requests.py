"""What every request meets on its way: who is calling, bounds, versions, and errors without internals."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Any

import pytest
from fastapi import APIRouter, Query
from fastapi.testclient import TestClient

from chassis.errors import BadInput, Conflict, DependencyUnavailable, NotFound, StaleVersion
from chassis.http import application
from chassis.http.auth import Operator, Viewer
from chassis.http.results import ApiModel, ApiResult, ok, page_of
from chassis.http.routing import Router
from chassis.http.versions import CommandId, ExpectedVersion
from chassis.settings import ApiSettings, AuthSettings, ChassisSettings, HttpSettings
from tests.support.small_api import app_of

router = Router(tags=["test"])

RAISED: dict[str, Exception] = {
    "missing": NotFound("unknown_episode", "There is no such episode: create it first."),
    "conflict": Conflict("identity_locked", "It is locked: unlock it first."),
    "stale": StaleVersion("The links", expected=3, actual=5),
    "input": BadInput("image_no_face", "No face was found: choose another picture."),
    "away": DependencyUnavailable("s3", "connection refused by 10.0.0.7"),
    "defect": ZeroDivisionError("secret internals"),
}


class Note(ApiModel):
    text: str


@router.get("/fail/{how}")
async def fail(how: str, _principal: Viewer) -> ApiResult[None]:
    raise RAISED[how]


@router.get("/episodes/{ep_id}")
async def read(ep_id: str, principal: Viewer) -> ApiResult[str]:
    return ok(f"{ep_id} for {principal.name}")


@router.post("/episodes/{ep_id}/notes")
async def write(
    ep_id: str, note: Note, _principal: Operator, expected: ExpectedVersion, command: CommandId
) -> ApiResult[list[Any]]:
    return ok([ep_id, note.text, expected, command])


@router.get("/numbers")
async def numbers(
    _principal: Viewer,
    limit: Annotated[int, Query(ge=1, le=10)] = 2,
    cursor: Annotated[str | None, Query()] = None,
) -> ApiResult[Any]:
    return ok(page_of([5, 3, 1, 4, 2], key=lambda number: (number,), kinds=(int,), cursor=cursor, limit=limit))


def make_client(settings: ApiSettings | None = None, routers: Sequence[APIRouter] = (router,)) -> TestClient:
    """A client whose caller is the admin where a request does not say another one."""
    app = app_of(routers, settings or ApiSettings(max_body_bytes=2048))
    return TestClient(app, raise_server_exceptions=False, headers={"X-API-Key": "admin"})


@pytest.fixture
def client() -> Iterator[TestClient]:
    with make_client() as opened:
        yield opened


@pytest.mark.parametrize(
    ("how", "status", "code"),
    [
        ("missing", 404, "unknown_episode"),
        ("conflict", 409, "identity_locked"),
        ("stale", 412, "version_conflict"),
        ("input", 422, "image_no_face"),
        ("away", 503, "dependency_unavailable"),
        ("defect", 500, "internal_error"),
    ],
)
def test_every_error_has_its_status_and_code(client: TestClient, how: str, status: int, code: str) -> None:
    answer = client.get(f"/fail/{how}")
    body = answer.json()
    assert (answer.status_code, body["success"], body["error"]["code"]) == (status, False, code)
    assert "secret" not in answer.text and "10.0.0.7" not in answer.text


def test_a_stale_version_names_the_one_there_is(client: TestClient) -> None:
    answer = client.get("/fail/stale")
    assert (answer.headers["etag"], answer.json()["error"]["details"]) == ('"5"', {"version": 5})


def test_callers_that_ask_for_problem_details_get_them(client: TestClient) -> None:
    answer = client.get("/fail/missing", headers={"Accept": "application/problem+json"})
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json() | {"detail": ""} == {
        "type": "urn:screenalytics:error:unknown_episode",
        "title": "Not Found",
        "status": 404,
        "detail": "",
        "code": "unknown_episode",
        "details": {},
    }


@pytest.mark.parametrize(
    ("key", "path", "status"),
    [
        ("viewer", "/episodes/my-show-s01e02", 200),
        ("viewer", "/episodes/MY-SHOW-s01e02", 200),
        ("viewer", "/episodes/other-s01e02", 404),
        ("admin", "/episodes/other-s01e02", 200),
    ],
)
def test_a_caller_sees_their_shows_only(client: TestClient, key: str, path: str, status: int) -> None:
    assert client.get(path, headers={"X-API-Key": key}).status_code == status


def test_a_viewer_may_not_change_anything(client: TestClient) -> None:
    headers = {"If-Match": '"3"'}
    url, note = "/episodes/my-show-s01e02/notes", {"text": "hello"}
    refused = client.post(url, json=note, headers=headers | {"X-API-Key": "viewer"})
    allowed = client.post(url, json=note, headers=headers | {"Authorization": "Bearer operator"})
    assert (refused.status_code, refused.json()["error"]["code"], allowed.status_code) == (403, "forbidden", 200)


@pytest.mark.parametrize(
    ("if_match", "status", "seen"),
    [('"3"', 200, 3), ('W/"3"', 200, 3), ("3", 200, 3), ("*", 200, None), (None, 428, None), ('"three"', 422, None)],
)
def test_a_command_says_which_version_it_is_meant_for(
    client: TestClient, if_match: str | None, status: int, seen: int | None
) -> None:
    headers = {"Idempotency-Key": "once"} | ({"If-Match": if_match} if if_match else {})
    answer = client.post("/episodes/my-show-s01e02/notes", json={"text": "x"}, headers=headers)
    assert answer.status_code == status
    if status == 200:
        assert answer.json()["data"] == ["my-show-s01e02", "x", seen, "once"]


def test_unknown_fields_and_bad_values_are_named(client: TestClient) -> None:
    answer = client.post("/episodes/my-show-s01e02/notes", json={"txt": "x"}, headers={"If-Match": "*"})
    assert answer.status_code == 422
    assert {problem["where"] for problem in answer.json()["error"]["details"]["problems"]} == {"body.text", "body.txt"}


def test_too_large_a_body_is_refused_announced_or_not(client: TestClient) -> None:
    headers = {"If-Match": "*", "Content-Type": "application/json"}
    url = "/episodes/my-show-s01e02/notes"
    announced = client.post(url, content=b"x" * 3000, headers=headers)
    streamed = client.post(url, content=iter([b"x" * 1500, b"x" * 1500]), headers=headers)
    assert (announced.status_code, streamed.status_code) == (413, 413)
    assert announced.json()["error"]["code"] == streamed.json()["error"]["code"] == "too_large"


def test_too_many_requests_are_put_off() -> None:
    with make_client(ApiSettings(requests_per_minute=3)) as client:
        answers = [client.get("/numbers", headers={"X-API-Key": "viewer"}) for _ in range(4)]
        other = client.get("/numbers", headers={"X-API-Key": "admin"})
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert answers[-1].headers["retry-after"] == "10"
    assert other.status_code == 200


def test_whoever_guesses_keys_has_to_wait_and_nobody_else() -> None:
    url = "/episodes/my-show-s01e02"
    with make_client(ApiSettings(failed_logins_per_minute=3)) as client:
        guesses = [client.get(url, headers={"X-API-Key": f"guess-{number}"}).status_code for number in range(5)]
        right = client.get(url, headers={"X-API-Key": "viewer"})
    assert guesses == [401, 401, 401, 429, 429]
    assert right.status_code == 200, "others' guesses are no reason to refuse whoever has a key"


def test_answers_carry_security_headers_and_no_cors(client: TestClient) -> None:
    headers = client.get("/numbers", headers={"Origin": "https://elsewhere.example"}).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"
    assert "access-control-allow-origin" not in headers


def test_pages_follow_one_another_to_the_end(client: TestClient) -> None:
    seen, cursor = [], None
    for _ in range(3):
        page = client.get("/numbers", params={"cursor": cursor} if cursor else {}).json()["data"]
        seen += page["items"]
        cursor = page["next_cursor"]
    assert (seen, cursor, page["total"]) == ([1, 2, 3, 4, 5], None, 5)


@pytest.mark.parametrize("cursor", ["nonsense", "W10", "WyJ4Il0", "\x00"])
def test_a_forged_cursor_is_refused(client: TestClient, cursor: str) -> None:
    answer = client.get("/numbers", params={"cursor": cursor})
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "bad_cursor")


def test_without_authentication_it_listens_on_loopback_only() -> None:
    open_to_all = ChassisSettings(http=HttpSettings(host="0.0.0.0"), auth=AuthSettings(mode="off"))
    with pytest.raises(ValueError, match="AUTH__MODE"):
        application.check_exposure(open_to_all)
    application.check_exposure(ChassisSettings(http=HttpSettings(host="127.0.0.1"), auth=AuthSettings(mode="off")))
    application.check_exposure(ChassisSettings(http=HttpSettings(host="0.0.0.0"), auth=AuthSettings(mode="keys")))


def test_oidc_wants_all_of_its_settings() -> None:
    with pytest.raises(ValueError, match="oidc_issuer"):
        AuthSettings(mode="oidc", oidc_issuer="https://id.example")
