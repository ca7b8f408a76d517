"""The access control of the stand-in for MongoDB: who has not proved who they are does nothing, and roles hold."""

from __future__ import annotations

import base64
import hashlib
import hmac
from pathlib import Path
from typing import Any

import pytest

from tests.containers.dockerfiles.mongo_server import Client, State
from tests.containers.dockerfiles.scram import Conversation, Credential

PASSWORD = "pencil"
ROLE = {"role": "reader", "db": "app"}


@pytest.fixture
def state(tmp_path: Path) -> State:
    made = State(tmp_path / "state.json", replica_set="rs0", guarded=True)
    made.put_user("admin.root", PASSWORD, [{"role": "root", "db": "admin"}])
    made.put_user("app.ann", PASSWORD, [ROLE])
    made.roles["app.reader"] = {"privileges": [{"resource": {"db": "app", "collection": "runs"}, "actions": ["find"]}]}
    return made


def proof_for(first: str, challenge: str, password: str) -> str:
    """The client's last message (RFC 5802, section 3)."""
    said = dict(part.split("=", 1) for part in challenge.split(","))
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), base64.b64decode(said["s"]), int(said["i"]))
    key = hmac.digest(salted, b"Client Key", "sha256")
    without_proof = f"c=biws,r={said['r']}"
    signed = f"{first.removeprefix('n,,')},{challenge},{without_proof}".encode()
    signature = hmac.digest(hashlib.sha256(key).digest(), signed, "sha256")
    return f"{without_proof},p={base64.b64encode(bytes(a ^ b for a, b in zip(key, signature, strict=True))).decode()}"


def signed_in(state: State, database: str, user: str, password: str = PASSWORD) -> tuple[Client, dict[str, Any]]:
    """A connection after its conversation, and the last answer."""
    client = Client(state)
    first = f"n,,n={user},r=abc"
    begun = client.own_answer(
        {"saslStart": 1, "mechanism": "SCRAM-SHA-256", "payload": first.encode(), "$db": database}
    )
    assert begun is not None
    final = proof_for(first, begun["payload"].decode(), password)
    ended = client.own_answer({"saslContinue": 1, "conversationId": 1, "payload": final.encode(), "$db": database})
    assert ended is not None
    return client, ended


def test_a_stranger_may_shake_hands_and_nothing_else(state: State) -> None:
    client = Client(state)
    assert client.own_answer({"hello": 1, "$db": "admin"}) is None
    refused = client.own_answer({"find": "runs", "$db": "app"})
    assert refused is not None
    assert (refused["ok"], refused["code"]) == (0.0, 13)


def test_a_wrong_password_is_refused(state: State) -> None:
    client, ended = signed_in(state, "app", "ann", "pen")
    assert (ended["ok"], ended["code"]) == (0.0, 18)
    refused = client.own_answer({"find": "runs", "$db": "app"})
    assert refused is not None
    assert refused["code"] == 13


def test_a_role_grants_its_actions_and_no_others(state: State) -> None:
    client, ended = signed_in(state, "app", "ann")
    assert ended["ok"] == 1.0
    assert client.own_answer({"find": "runs", "$db": "app"}) is None
    for command in (
        {"find": "api_keys", "$db": "app"},
        {"insert": "runs", "$db": "app"},
        {"find": "runs", "$db": "other"},
    ):
        refused = client.own_answer(command)
        assert refused is not None, command
        assert refused["code"] == 13


def test_nothing_is_written_before_the_set_is_initiated_and_members_are_named_after(state: State) -> None:
    client, _ = signed_in(state, "admin", "root")
    early = client.own_answer({"insert": "runs", "$db": "app"})
    assert early is not None
    assert early["code"] == 10107
    assert not client.hello({"hello": 1}, {"setName": "own"})["isWritablePrimary"]
    configuration = {"_id": "rs0", "members": [{"_id": 0, "host": "mongo:27017"}]}
    assert client.own_answer({"replSetInitiate": configuration, "$db": "admin"}) == {"ok": 1.0}
    assert client.own_answer({"insert": "runs", "$db": "app"}) is None
    said = client.hello({"hello": 1}, {"setName": "own"})
    assert (said["setName"], said["hosts"], said["isWritablePrimary"]) == ("rs0", ["mongo:27017"], True)


def test_accounts_survive_a_restart(state: State, tmp_path: Path) -> None:
    state.keep()
    again = State(tmp_path / "state.json", replica_set="rs0", guarded=True)
    _, ended = signed_in(again, "app", "ann")
    assert ended["ok"] == 1.0


def test_a_proof_for_another_conversation_is_worth_nothing() -> None:
    credential = Credential.of(PASSWORD)
    first = "n,,n=ann,r=abc"
    one, other = Conversation(), Conversation()
    final = proof_for(first, one.first(first, credential), PASSWORD)
    other.first(first, credential)
    assert other.final(final, credential) is None
    assert one.final(final, credential) is not None
