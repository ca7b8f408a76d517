"""Who is let in, who is put off, and at whose cost."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from chassis.errors import DependencyUnavailable
from chassis.http import application
from chassis.http.auth import Authenticator, Role, Viewer, show_in
from chassis.http.rates import source_of
from chassis.http.results import ApiResult, ok
from chassis.http.routing import Router
from chassis.settings import ApiSettings, AuthSettings, ChassisSettings
from contracts.ids import EpId, Slug, show_of
from tests.support.asgi import Exchange, call
from tests.support.small_api import app_of

router = Router(tags=["test"])
PATH = "/episodes/my-show-s01e02"


@router.get("/episodes/{ep_id}")
async def read(ep_id: str, principal: Viewer) -> ApiResult[str]:
    return ok(principal.name)


async def get(app: Any, *, address: str = "10.0.0.1", path: str = PATH, **headers: str) -> Exchange:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await call(app, "GET", path, headers=named, client=(address, 1))


async def test_others_failures_behind_one_address_never_refuse_a_valid_key() -> None:
    app = app_of([router], ApiSettings(failed_logins_per_minute=3))
    guesses = [(await get(app, x_api_key=f"guess-{number}")).status for number in range(10)]
    assert guesses == [401] * 3 + [429] * 7
    assert [(await get(app, x_api_key=key)).status for key in ("viewer", "operator", "admin")] == [200] * 3
    assert (await get(app, address="10.0.0.2", x_api_key="guess")).status == 401


async def test_one_callers_requests_are_not_anothers() -> None:
    app = app_of([router], ApiSettings(requests_per_minute=3))
    assert [(await get(app, x_api_key="viewer")).status for _ in range(4)] == [200, 200, 200, 429]
    assert (await get(app, x_api_key="admin")).status == 200
    assert (await get(app, authorization="Bearer viewer")).status == 429, "it is the same caller by another header"


async def test_a_page_full_of_pictures_leaves_the_callers_requests_alone() -> None:
    app = app_of([router], ApiSettings(requests_per_minute=3, pictures_per_minute=5))
    pictures = [(await get(app, path="/media/x/pictures/a", x_api_key="viewer")).status for _ in range(6)]
    assert pictures == [404] * 5 + [429]
    assert [(await get(app, x_api_key="viewer")).status for _ in range(4)] == [200, 200, 200, 429]
    assert (await get(app, path="/media/x/pictures/a")).status == 404, "strangers' are requests"


async def test_whoever_has_no_credential_is_counted_by_address() -> None:
    app = app_of([router], ApiSettings(requests_per_minute=3))
    assert [(await get(app, path="/nowhere")).status for _ in range(4)] == [404, 404, 404, 429]
    assert (await get(app)).status == 429
    assert (await get(app, address="10.0.0.2")).status == 401
    assert (await get(app, x_api_key="viewer")).status == 200


async def test_new_credentials_every_time_do_not_escape_the_count() -> None:
    app = app_of([router], ApiSettings(requests_per_minute=5, failed_logins_per_minute=3))
    statuses = [(await get(app, path="/nowhere", authorization=f"Bearer {number}")).status for number in range(6)]
    assert statuses == [401, 401, 401, 429, 429, 429]


@pytest.mark.parametrize(
    ("client", "source"),
    [
        (("192.0.2.7", 1), "192.0.2.7"),
        (("::ffff:192.0.2.7", 1), "192.0.2.7"),
        (("2001:db8:1:2:3:4:5:6", 1), "2001:db8:1:2::/64"),
        (("2001:db8:1:2:ffff::1", 9), "2001:db8:1:2::/64"),
        (("fe80::1%eth0", 9), "fe80::/64"),
        (("testclient", 1), "testclient"),
        (None, "unknown"),
    ],
)
def test_an_address_is_counted_by_what_one_customer_has(client: Any, source: str) -> None:
    assert source_of(client) == source


OWN = {"host": "127.0.0.1:8080"}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"host": "anything"}, 200),
        (OWN | {"sec-fetch-site": "none"}, 200),
        (OWN | {"sec-fetch-site": "same-origin", "origin": "http://127.0.0.1:8080"}, 200),
        ({"host": "localhost:1", "sec-fetch-site": "same-origin"}, 200),
        ({"host": "[::1]:1", "origin": "http://[::1]:1"}, 200),
        (OWN | {"sec-fetch-site": "cross-site", "origin": "https://console.example"}, 200),
        (OWN | {"origin": "https://evil.example"}, 403),
        (OWN | {"origin": "null"}, 403),
        (OWN | {"origin": "http://127.0.0.1:9999"}, 403),
        (OWN | {"sec-fetch-site": "cross-site"}, 403),
        (OWN | {"sec-fetch-site": "same-site"}, 403),
        ({"host": "rebound.example", "sec-fetch-site": "same-origin"}, 403),
        ({"sec-fetch-site": "same-origin"}, 403),
    ],
)
async def test_pages_of_others_are_not_admin_where_everybody_is(headers: dict[str, str], status: int) -> None:
    app = app_of([router], ApiSettings(cors_origins=("https://console.example",)))
    nothing: Any = None
    app.state.parts[Authenticator] = Authenticator(AuthSettings(mode="off"), nothing)
    answer = await call(app, "GET", PATH, headers=headers)
    assert answer.status == status
    if status == 403:
        assert answer.code == "foreign_page"


async def test_what_fails_at_the_door_is_a_defect_with_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    app = app_of([router])

    async def broken(**_: Any) -> Any:
        raise ZeroDivisionError("secret internals")

    monkeypatch.setattr(app.state.parts[Authenticator], "principal", broken)
    answer = await get(app, x_api_key="viewer")
    assert (answer.status, answer.code) == (500, "internal_error")
    assert b"secret" not in answer.body


async def test_whoever_nobody_can_check_is_counted_by_address(monkeypatch: pytest.MonkeyPatch) -> None:
    app = app_of([router], ApiSettings(requests_per_minute=3))

    async def away(**_: Any) -> Any:
        raise DependencyUnavailable("oidc", "no answer")

    monkeypatch.setattr(app.state.parts[Authenticator], "principal", away)
    assert [(await get(app, authorization=f"Bearer {number}")).status for number in range(5)] == [503] * 3 + [429] * 2


async def test_a_refusal_can_be_read_by_pages_that_may_call() -> None:
    app = application.build("Test", [router])
    database: Any = {"audit": None, "api_keys": None, "sessions": None}
    api = ApiSettings(cors_origins=("https://console.example",))
    application.connect(app, ChassisSettings(auth=AuthSettings(mode="keys"), api=api), database, [])
    for headers in ({}, {"x-api-key": "no key"}):
        answer = await call(app, "GET", PATH, headers={"origin": "https://console.example"} | headers)
        assert (answer.status, answer.headers["access-control-allow-origin"]) == (401, "https://console.example")
    preflight = {"origin": "https://console.example", "access-control-request-method": "GET"}
    assert (await call(app, "OPTIONS", PATH, headers=preflight)).status == 200
    assert (await call(app, "OPTIONS", PATH, headers=preflight | {"origin": "https://evil.example"})).status == 400


NAMES = st.text(alphabet="aA0-sSeE \n\tİſK\u2028", max_size=14).map(lambda text: f"{text}-s01e02") | st.text(
    max_size=10
)


@given(NAMES)
def test_the_show_that_is_checked_is_the_show_that_is_read(text: str) -> None:
    try:
        ep_id = TypeAdapter(EpId).validate_python(text)
    except ValidationError:
        return
    assert show_in({"ep_id": text}) == show_of(ep_id)


@given(st.text(alphabet="aA0-İſK \n", max_size=8))
def test_a_show_in_a_path_is_the_show_that_is_read(text: str) -> None:
    try:
        slug = TypeAdapter(Slug).validate_python(text)
    except ValidationError:
        return
    assert show_in({"show": text}) == slug


def test_roles_are_ordered() -> None:
    assert Role.viewer < Role.operator < Role.admin
