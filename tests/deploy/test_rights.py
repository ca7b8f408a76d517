"""The rights that the deployments grant are those that the code declares, and they are narrow."""

from __future__ import annotations

import json

import pytest

from chassis.mongo.database import COLLECTIONS
from contracts.events import SERVICES
from screenalytics.commands.rights import WRITERS
from screenalytics.rights.declared import RIGHTS
from screenalytics.rights.mongo import privileges
from screenalytics.rights.s3 import policy, seaweedfs_actions
from tests.deploy.checks import ROOT
from tests.support.mongo_rights import refusal

WRITTEN = {
    "mongo": "deploy/mongo/roles.js",
    "s3": "deploy/s3/policies.json",
    "seaweedfs": "deploy/s3/seaweedfs-identities.sh",
    "configmap": "deploy/k8s/overlays/local/rights.yaml",
}
PEOPLE = {"facebanks", "facebank_pictures", "facebank_requests", "people", "identities", "screen_time"}


@pytest.mark.parametrize("server", sorted(WRITTEN))
def test_what_is_written_for_the_servers_is_what_the_code_declares(server: str) -> None:
    assert WRITERS[server]() == (ROOT / WRITTEN[server]).read_text(encoding="utf-8"), (
        f"run: screenalytics rights {server} > {WRITTEN[server]}"
    )


def test_every_right_is_on_a_collection_that_exists() -> None:
    known = {collection.name for collection in COLLECTIONS}
    for user, rights in RIGHTS.items():
        assert rights.owns | rights.reads | rights.adds_to | rights.indexes <= known, user


def test_only_its_owner_writes_a_collection() -> None:
    owners = {collection.name: collection.owner for collection in COLLECTIONS}
    for stage in SERVICES:
        writes = {name for name, actions in privileges(RIGHTS[stage]).items() if "update" in actions}
        assert {owners[name] for name in writes} <= {stage, "chassis"}, stage
        assert "api_keys" not in writes, f"{stage} could make keys"
        assert ("sessions" in writes) is (stage == "ingest"), f"{stage} could sign somebody in"


def test_workers_know_nothing_of_people_and_keys() -> None:
    for stage in ("detector", "embedder"):
        seen = privileges(RIGHTS[stage]).keys()
        assert not seen & (PEOPLE | {"api_keys", "sessions", "audit"}), stage
        granted = json.dumps(policy(RIGHTS[stage])) + "".join(seaweedfs_actions(RIGHTS[stage]))
        assert "facebank" not in granted and "manifests" not in granted


def test_nobody_may_do_everything_in_the_bucket() -> None:
    for user, rights in RIGHTS.items():
        first, *actions = seaweedfs_actions(rights)
        assert first == "Read:screenalytic?", "the bucket itself, and nothing in it"
        for action in actions:
            assert action.endswith("/*") and action.count("/") >= 2, (user, action)
        for statement in policy(rights)["Statement"]:
            assert all(one.split(":")[1] != "*" for one in statement["Action"])


def test_the_gate_of_the_tests_refuses_what_is_not_granted() -> None:
    granted = {"runs": frozenset({"find", "update"})}
    assert refusal({"find": "runs", "$db": "x"}, granted) is None
    assert refusal({"update": "runs", "updates": [{"q": {}, "u": {}}]}, granted) is None
    assert "insert" in str(refusal({"update": "runs", "updates": [{"q": {}, "u": {}, "upsert": True}]}, granted))
    assert refusal({"find": "api_keys", "$db": "x"}, granted) is not None
    assert refusal({"dropDatabase": 1}, granted) is not None
    assert refusal({"getMore": 1, "collection": "runs"}, granted) is None
