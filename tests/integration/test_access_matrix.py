"""Every operation of the API by every kind of caller, generated from its description.

Whoever may not is refused before a byte of the body is read; whoever may gets another answer than a refusal. The roles
are written down here a second time, as a rule and its exceptions: a role in the code that is another one fails.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

import pytest
import pytest_asyncio
from fastapi import FastAPI

from chassis import service
from chassis.http import application
from chassis.http.auth import Role
from chassis.http.keys import ApiKeys
from chassis.http.routing import ROLE
from chassis.settings import ApiSettings, AuthSettings
from screenalytics import api_server
from screenalytics.local.servers import Stack
from screenalytics.service_registry import OWNERS, app_of, settings_class
from tests.support.asgi import Exchange, call

pytestmark = pytest.mark.integration

SHOW, EPISODE = "my-show", "my-show-s01e02"
PIECES = [b"{" + b" " * 70_000, b" " * 70_000]
VALUES = {
    "ep_id": EPISODE,
    "show": SHOW,
    "run_id": "01JGFJJZ00ABCDEFGHJKMNPQR0",
    "identity_id": "identity-00001",
    "track_id": "track-00000-001",
    "cast_id": "ann",
    "erasure_id": "01JGFJJZ00ABCDEFGHJKMNPQR1",
    "picture": "0123456789abcdef",
    "sprite": "0" * 32,
    "version": "1",
    "exchange": "edl",
    "file_format": "json",
}
READS_BY_POST = {"preview_edit", "make_picture_urls", "make_sprite", "make_playable"}
ROLES: dict[str, Role] = {
    "list_audit": Role.admin,
    "delete_episode": Role.admin,
    "delete_show": Role.admin,
    "export_person": Role.admin,
    "erase_person": Role.admin,
    "list_erasures": Role.admin,
    "read_erasure": Role.admin,
    "get_upload": Role.operator,
    "create_webhook": Role.admin,
    "list_webhooks": Role.admin,
    "read_webhook": Role.admin,
    "change_webhook": Role.admin,
    "delete_webhook": Role.admin,
    "rotate_webhook_secret": Role.admin,
    "test_webhook": Role.admin,
    "list_webhook_deliveries": Role.admin,
    "replay_webhook": Role.admin,
    "be_present": Role.viewer,
    "leave_episode": Role.viewer,
    "sign_in": Role.viewer,
    "sign_out": Role.viewer,
}
"""Where reading is not for every viewer, and changing not for every operator."""
NAMED_IN_THE_BODY: dict[str, dict[str, Any]] = {
    "create_episode": {"show": SHOW, "season": 1, "episode": 2},
    "create_show": {"name": "My show", "show": SHOW},
    "begin_upload": {"ep_id": EPISODE, "filename": "a.mp4", "bytes": 10, "sha256": "0" * 64},
    "create_webhook": {"url": "https://example.com/hook", "shows": [SHOW]},
}
TAKES_AN_EMPTY_BODY = {"change_webhook", "replay_webhook"}
ABOUT_THE_CALLER = {"sign_in", "sign_out", "read_session"}
OPEN_TO_ALL = {"read_sign_in_options"}
"""Has no role: a browser asks it before it is signed in."""
NAMED_BY_THE_UPLOAD = {"get_upload", "complete_upload", "abort_upload"}

Caller = Literal["nobody", "stranger", "revoked", "expired", "viewer", "operator", "admin", "foreign admin"]
UNKNOWN: tuple[Caller, ...] = ("nobody", "stranger", "revoked", "expired")


@dataclass(frozen=True)
class Operation:
    """One operation as the description has it."""

    name: str
    method: str
    path: str
    role: Role
    has_body: bool


def described() -> list[Operation]:
    document = api_server.describe().openapi()
    return [
        Operation(spec["operationId"], method.upper(), path, Role[spec[ROLE]], "requestBody" in spec)
        for path, methods in document["paths"].items()
        for method, spec in methods.items()
        if spec["operationId"] not in OPEN_TO_ALL
    ]


OPERATIONS = described()


@dataclass(frozen=True)
class Doors:
    """The whole API on the test's servers, and a key of every caller."""

    app: FastAPI
    keys: dict[Caller, str]
    upload_id: str
    webhook_id: str = "01JGFJJZ00ABCDEFGHJKMNPQR2"

    async def call(self, caller: Caller, operation: Operation, body: bytes | None = None) -> Exchange:
        values = VALUES | {"upload_id": self.upload_id, "webhook_id": self.webhook_id}
        path = re.sub(r"\{(\w+)\}", lambda found: values[found[1]], operation.path)
        headers = {"x-api-key": self.keys[caller]} if caller in self.keys else {}
        if operation.has_body:
            headers |= {"content-type": "application/json", "transfer-encoding": "chunked"}
        pieces = PIECES if body is None and operation.has_body else [body or b""]
        return await call(self.app, operation.method, path, headers=headers, pieces=pieces)


@pytest_asyncio.fixture(scope="module")
async def doors(stack: Stack) -> AsyncIterator[Doors]:
    with pytest.MonkeyPatch.context() as environment:
        for name, value in stack.environment().items():
            environment.setenv(name, value)
        environment.setenv("SCREENALYTICS_MONGO__DATABASE", f"test-{uuid.uuid4().hex}")
        settings = settings_class("ingest")().model_copy(
            update={
                "auth": AuthSettings(mode="keys"),
                "api": ApiSettings(requests_per_minute=10**6, failed_logins_per_minute=10**6),
            }
        )
        async with AsyncExitStack() as opened:
            parts: list[object] = []
            for owner in OWNERS:
                resources = await opened.enter_async_context(
                    service.connect(owner, settings_class(owner)(), inference=owner == "identity")
                )
                opened.push_async_callback(resources.bus.stop)
                parts += app_of(owner).wire(resources).parts
            await resources.storage.ensure_bucket()
            app = api_server.describe()
            application.connect(app, settings, resources.database, parts)
            doors = Doors(app, await _keys_in(ApiKeys(resources.database)), "")
            begin = next(operation for operation in OPERATIONS if operation.name == "begin_upload")
            begun = await doors.call("operator", begin, json.dumps(NAMED_IN_THE_BODY["begin_upload"]).encode())
            create = next(operation for operation in OPERATIONS if operation.name == "create_webhook")
            made = await doors.call("admin", create, json.dumps(NAMED_IN_THE_BODY["create_webhook"]).encode())
            ids = (json.loads(answer.body)["data"] for answer in (begun, made))
            yield Doors(app, doors.keys, next(ids)["upload_id"], next(ids)["webhook_id"])
            await resources.database.client.drop_database(resources.database.name)


async def _keys_in(keys: ApiKeys) -> dict[Caller, str]:
    made: dict[Caller, str] = {"stranger": f"sk_{'0' * 12}_{'A' * 43}"}
    for role in ("viewer", "operator", "admin"):
        _, made[role] = await keys.create(name="same name", role=role, shows=[SHOW])
    _, made["foreign admin"] = await keys.create(name="same name", role="admin", shows=["another-show"])
    _, made["expired"] = await keys.create(name="same name", role="admin", lasts=timedelta(seconds=-1))
    key, made["revoked"] = await keys.create(name="same name", role="admin")
    await keys.revoke(key.key_id)
    return made


def test_every_operation_has_the_role_it_should_have() -> None:
    wrong = {
        operation.name: operation.role.name
        for operation in OPERATIONS
        if operation.role
        != ROLES.get(
            operation.name,
            Role.viewer if operation.method == "GET" or operation.name in READS_BY_POST else Role.operator,
        )
    }
    assert wrong == {}
    assert set(ROLES) | READS_BY_POST <= {operation.name for operation in OPERATIONS}


async def test_what_has_no_role_is_open_and_nothing_else_is(doors: Doors) -> None:
    document = api_server.describe().openapi()
    without = {
        (path, spec["operationId"])
        for path, methods in document["paths"].items()
        for spec in methods.values()
        if ROLE not in spec
    }
    assert {name for _, name in without} == OPEN_TO_ALL
    for path, _ in without:
        for key in (None, *doors.keys.values()):
            answer = await call(doors.app, "GET", path, headers={"x-api-key": key} if key else {})
            assert answer.status == 200


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
async def test_each_caller_gets_in_or_does_not(doors: Doors, operation: Operation) -> None:
    for stranger in UNKNOWN:
        answer = await doors.call(stranger, operation)
        assert (answer.status, answer.code, answer.read) == (401, "not_authenticated", 0), stranger
    for known in ("viewer", "operator", "admin"):
        answer = await doors.call(known, operation)
        if Role[known] < operation.role:
            assert (answer.status, answer.code, answer.read) == (403, "forbidden", 0), known
        else:
            assert (answer.status not in {401, 403} and answer.status < 500) or answer.status == 503, (known, answer)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
async def test_other_shows_do_not_exist(doors: Doors, operation: Operation) -> None:
    body = NAMED_IN_THE_BODY.get(operation.name, {} if operation.name in TAKES_AN_EMPTY_BODY else None)
    answer = await doors.call("foreign admin", operation, json.dumps(body).encode() if body is not None else None)
    if "{ep_id}" in operation.path or "{show}" in operation.path:
        assert (answer.status, answer.code, answer.read) == (404, "not_found", 0)
    elif "{webhook_id}" in operation.path:
        assert (answer.status, answer.code) == (404, "unknown_webhook")
    elif body is not None:
        assert (answer.status, answer.code) == (403, "forbidden")
    elif operation.name in ABOUT_THE_CALLER:
        assert SHOW not in answer.body.decode()
    elif operation.name in NAMED_BY_THE_UPLOAD:
        assert (answer.status, answer.code) == (404, "unknown_upload")
    else:
        listed = json.loads(answer.body)["data"]["items"]
        assert [item for item in listed if SHOW in json.dumps(item)] == []


@pytest.mark.parametrize("parameter", ["show", "ep_id"])
async def test_a_list_that_names_another_show_is_empty(doors: Doors, parameter: str) -> None:
    key = doors.keys["foreign admin"]
    for path in ("/episodes", "/audit"):
        answer = await call(doors.app, "GET", f"{path}?{parameter}={VALUES[parameter]}", headers={"x-api-key": key})
        if answer.status == 200:
            items = json.loads(answer.body)["data"]["items"]
            assert [item for item in items if SHOW in json.dumps(item)] == []


async def test_the_same_idempotency_key_of_a_key_with_the_same_name_is_another_upload(doors: Doors) -> None:
    body = json.dumps(NAMED_IN_THE_BODY["begin_upload"]).encode()

    async def begin(caller: Caller, wanted: bytes) -> Exchange:
        headers = {
            "x-api-key": doors.keys[caller],
            "content-type": "application/json",
            "idempotency-key": "once",
            "content-length": str(len(wanted)),
        }
        return await call(doors.app, "POST", "/uploads", headers=headers, pieces=[wanted])

    first, again, others = [await begin(caller, body) for caller in ("operator", "operator", "admin")]
    ids = [json.loads(answer.body)["data"]["upload_id"] for answer in (first, again, others)]
    assert ids[0] == ids[1] != ids[2]
    another = await begin("operator", body.replace(b"a.mp4", b"b.mp4"))
    assert (another.status, another.code) == (409, "command_id_used")


@pytest.mark.parametrize(
    "name", ["..", ".", "../x.mp4", "a/../b.mp4", "%2e%2e", "a%2f..%2fb", "a\\..\\b", "a//b", "a\x07", "x/", "\u202e"]
)
async def test_a_key_that_is_a_way_out_is_malformed(doors: Doors, name: str) -> None:
    body = json.dumps({"uri": f"s3://screenalytics/raw/videos/{EPISODE}/{name}"}).encode()
    headers = {"x-api-key": doors.keys["operator"], "content-type": "application/json"}
    path = f"/episodes/{EPISODE}/register"
    answer = await call(doors.app, "POST", path, headers=headers, pieces=[body])
    assert (answer.status, answer.code) == (400, "bad_key")


LISTS = [operation for operation in OPERATIONS if operation.method == "GET" and operation.path.count("{") <= 1]


async def test_empty_lists_refuse_cursors_that_they_did_not_give(doors: Doors) -> None:
    parameters = {
        spec["operationId"]: {parameter["name"] for parameter in spec.get("parameters", ())}
        for methods in api_server.describe().openapi()["paths"].values()
        for spec in methods.values()
    }
    refused = set()
    for operation in LISTS:
        if "cursor" not in parameters[operation.name]:
            continue
        answer = await doors.call(
            "admin", Operation("", "GET", f"{operation.path}?cursor=bm9uc2Vuc2U", Role.admin, False)
        )
        assert answer.status != 200, operation.name
        if answer.status == 422 and answer.code == "bad_cursor":
            refused.add(operation.name)
    assert refused >= {"list_shows", "list_episodes", "list_audit", "list_people"}
