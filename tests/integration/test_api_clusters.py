"""The clusters and edits API on real stores: reading, commands, previews, many writers at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio

from chassis.mongo.database import Database
from chassis.mongo.document_size import ROOM_BYTES, stored_bytes
from contracts.events import ClustersEdited
from screenalytics.local.servers import Stack
from tests.support.grouper_system import (
    APPEARANCES,
    EP_ID,
    FIRST_RUN,
    SECOND_RUN,
    GrouperSystem,
    Take,
    grouper_system,
)
from tests.support.outboxes import all_published

pytestmark = pytest.mark.integration

ONE, TWO, THREE = "identity-00001", "identity-00002", "identity-00003"
CLUSTERS = f"/clusters/{EP_ID}"
EDITS = f"/edits/{EP_ID}"
ANY = {"If-Match": "*"}


@pytest_asyncio.fixture
async def system(stack: Stack, database: Database) -> AsyncIterator[GrouperSystem]:
    async with grouper_system(stack, database) as running:
        await running.group(Take(APPEARANCES))
        yield running


@pytest_asyncio.fixture
async def http(system: GrouperSystem) -> AsyncIterator[httpx.AsyncClient]:
    async with system.client() as client:
        yield client


async def read(http: httpx.AsyncClient, path: str) -> Any:
    answer = await http.get(path)
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


def short(track: str) -> str:
    return track.removeprefix("track-00000-")


async def people(http: httpx.AsyncClient) -> dict[str, list[str]]:
    """Everybody's tracks, by id."""
    found = {}
    for one in (await read(http, f"{CLUSTERS}?limit=500"))["items"]:
        detail = await read(http, f"{CLUSTERS}/{one['identity_id']}?pictures=0")
        found[one["identity_id"]] = [short(member["track_id"]) for member in detail["members"]["items"]]
    return found


async def command(
    http: httpx.AsyncClient, path: str, body: dict[str, Any], *, status: int = 200, **headers: str
) -> dict[str, Any]:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    answer = await http.post(path, json=body, headers=ANY | sent)
    assert answer.status_code == status, answer.text
    found: dict[str, Any] = answer.json()["data" if status == 200 else "error"]
    return found


async def test_clusters_are_listed_with_what_operators_need(http: httpx.AsyncClient) -> None:
    answer = await http.get(CLUSTERS, params={"limit": 2})
    page = answer.json()["data"]
    assert answer.headers["ETag"] == '"0"'
    assert page["grouping"] == {"run_id": FIRST_RUN, "grouping_revision": 1, "edits_version": 0, "pending_edits": 0}
    seconds = [one["seconds"] for one in page["items"]]
    assert seconds == sorted(seconds, reverse=True) and len(seconds) == 2
    second = await read(http, f"{CLUSTERS}?limit=500&cursor={page['next_cursor']}")
    ids = [one["identity_id"] for one in page["items"] + second["items"]]
    assert len(ids) == len(set(ids)) == page["total"]
    detail = await read(http, f"{CLUSTERS}/{TWO}")
    assert detail["cluster"]["representative"].endswith(".jpg")
    assert [len(member["pictures"]) for member in detail["members"]["items"]] == [3] * detail["cluster"]["tracks"]
    health = await read(http, f"{CLUSTERS}/metrics")
    assert health["metrics"]["tracks"] == len(APPEARANCES)


async def test_what_is_not_there_is_said_so(system: GrouperSystem, http: httpx.AsyncClient) -> None:
    assert (await http.get("/clusters/other-show-s01e01")).json()["error"]["code"] == "not_grouped_yet"
    assert (await http.get(f"{CLUSTERS}/identity-00099")).json()["error"]["code"] == "unknown_identity"
    lost = await command(http, f"{CLUSTERS}/drop", {"track_ids": ["track-00009-001"]}, status=404)
    assert lost["code"] == "unknown_track"
    assert (await http.post(f"{CLUSTERS}/lock", json={"identity_id": ONE})).status_code == 428
    assert (await command(http, f"{EDITS}/undo", {}, status=409))["code"] == "nothing_to_undo"
    assert (await command(http, f"{EDITS}/undo", {"edit_id": "x"}, status=404))["code"] == "unknown_edit"
    await system.database["episodes"].insert_one({"_id": EP_ID, "current_run_id": SECOND_RUN})
    refused = await command(http, f"{CLUSTERS}/lock", {"identity_id": ONE}, status=409)
    assert refused["code"] == "not_grouped_yet"


COMMANDS = (
    (f"{CLUSTERS}/merge", {"target": ONE, "sources": [THREE]}),
    (f"{CLUSTERS}/merge", {"target": THREE, "sources": [ONE]}),
    (f"{CLUSTERS}/not-same", {"first": ONE, "second": THREE}),
    (f"{CLUSTERS}/lock", {"identity_id": ONE}),
    (f"{CLUSTERS}/rename", {"identity_id": ONE, "label": "Somebody"}),
    (f"{CLUSTERS}/split-in-two", {"identity_id": ONE}),
    (f"{EDITS}/undo", {}),
    (f"{EDITS}/undo", {"edit_id": "k"}),
    (f"{EDITS}/redo", {}),
)


@pytest.mark.parametrize("first", [0, 2, 4])
async def test_a_key_belongs_to_one_command_on_the_clusters(http: httpx.AsyncClient, first: int) -> None:
    headers = {"If-Match": "*", "Idempotency-Key": "k"}
    path, body = COMMANDS[first]
    sent = await http.post(path, json=body, headers=headers)
    assert sent.status_code == 200, sent.text
    for number, (other, asked) in enumerate(COMMANDS):
        answer = await http.post(other, json=asked, headers=headers)
        if number == first:
            assert answer.json() == sent.json()
        else:
            assert (answer.status_code, answer.json()["error"]["code"]) == (409, "command_id_used"), other
    assert (await http.get(EDITS)).json()["data"]["total"] == 1


async def test_a_command_is_an_edit_an_event_and_a_new_grouping(system: GrouperSystem, http: httpx.AsyncClient) -> None:
    merge = {"target": ONE, "sources": [THREE], "why": "the same coat"}
    answer = await http.post(f"{CLUSTERS}/merge", json=merge, headers={"If-Match": '"0"', "Idempotency-Key": "m-1"})
    assert answer.headers["ETag"] == '"1"'
    accepted = answer.json()["data"]
    assert accepted == {
        "edit_id": "m-1",
        "version": 1,
        "action": "apply",
        "grouping_revision": 2,
        "is_grouped": False,
        "revision": None,
    }
    assert (await read(http, CLUSTERS))["grouping"]["pending_edits"] == 1
    again = await http.post(f"{CLUSTERS}/merge", json=merge, headers={"If-Match": '"0"', "Idempotency-Key": "m-1"})
    assert again.json()["data"] == accepted
    await all_published(system.edits.collection)
    published = [event for event in system.bus.published if isinstance(event, ClustersEdited)]
    assert [(event.version, event.kind, event.who, event.why) for event in published] == [
        (1, "merge", "local", "the same coat")
    ]
    await system.settle()
    assert (await people(http))[ONE] == ["001", "003", "005", "006"]
    entry = (await read(http, EDITS))["items"][0]
    assert (entry["who"], entry["why"], entry["active"], entry["identity_ids"]) == (
        "local",
        "the same coat",
        True,
        [ONE, THREE],
    )


async def test_who_waits_gets_the_screen_time_with_the_edit(system: GrouperSystem, http: httpx.AsyncClient) -> None:
    system.is_reported = False
    rename = {"identity_id": ONE, "label": "Ann"}
    waiting = asyncio.create_task(command(http, f"{CLUSTERS}/rename?wait_s=10", rename))
    while (await system.store.progress(FIRST_RUN))[0] < 2:
        await system.settle()
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.3)
    assert not waiting.done()  # grouped, but the screen time is of before
    run = await system.store.run(FIRST_RUN)
    assert run is not None
    await system.report(run.event)
    answer = await waiting
    assert (answer["is_grouped"], answer["grouping_revision"], answer["revision"]) == (True, 2, 2)
    assert {one["identity_id"]: one["label"] for one in (await read(http, CLUSTERS))["items"]}[ONE] == "Ann"


async def test_who_waits_in_vain_is_told_how_far_the_edit_has_come(
    system: GrouperSystem, http: httpx.AsyncClient
) -> None:
    system.is_reported = False
    rename = {"identity_id": ONE, "label": "Ann"}
    answer = await command(http, f"{CLUSTERS}/rename?wait_s=0.1", rename)
    assert (answer["is_grouped"], answer["revision"]) == (False, None)
    await system.settle()
    again = await http.post(
        f"{CLUSTERS}/rename?wait_s=0.1", json=rename, headers={"If-Match": "*", "Idempotency-Key": answer["edit_id"]}
    )
    told = again.json()["data"]
    assert (told["version"], told["is_grouped"], told["revision"]) == (1, True, None)


async def test_a_stale_command_says_which_version_there_is(http: httpx.AsyncClient) -> None:
    await command(http, f"{CLUSTERS}/lock", {"identity_id": ONE})
    stale = await http.post(f"{CLUSTERS}/lock", json={"identity_id": TWO}, headers={"If-Match": '"0"'})
    assert stale.status_code == 412
    assert stale.headers["ETag"] == '"1"'


async def test_fifty_writers_a_dozen_at_once_lose_nothing(system: GrouperSystem, http: httpx.AsyncClient) -> None:
    """All fifty at once try more than a thousand times, which tells no more."""
    room = asyncio.Semaphore(12)

    async def write(number: int) -> int:
        version = 0
        while True:
            answer = await http.post(
                f"{CLUSTERS}/rename",
                json={"identity_id": ONE, "label": f"name {number}"},
                headers={"If-Match": f'"{version}"', "Idempotency-Key": f"writer-{number}"},
            )
            if answer.status_code == 200:
                return int(answer.json()["data"]["version"])
            assert answer.status_code == 412, answer.text
            version = answer.json()["error"]["details"]["version"]

    async def write_in_turn(number: int) -> int:
        async with room:
            return await write(number)

    versions = await asyncio.gather(*(write_in_turn(number) for number in range(50)))
    assert sorted(versions) == list(range(1, 51))
    log = (await read(http, f"{EDITS}?limit=500"))["items"]
    assert [entry["version"] for entry in log] == list(range(50, 0, -1))
    assert {entry["edit_id"] for entry in log} == {f"writer-{number}" for number in range(50)}
    await all_published(system.edits.collection)
    published = [event for event in system.bus.published if isinstance(event, ClustersEdited)]
    assert {event.version for event in published} == set(range(1, 51))


async def test_a_full_log_takes_nothing_but_undoing_long_before_mongodb_refuses(
    system: GrouperSystem, http: httpx.AsyncClient
) -> None:
    await command(http, f"{CLUSTERS}/lock", {"identity_id": ONE})
    edits = system.edits.collection
    stored = await edits.find_one({"_id": EP_ID})
    assert stored is not None
    assert 0 <= stored["log_bytes"] - stored_bytes(stored["log"]) < 100
    large = stored["log"][0] | {"edit_id": "large", "command_id": "l", "why": "x" * 2**20}
    full = [large] * (ROOM_BYTES >> 20)  # as it may be where nobody counted yet
    await edits.update_one({"_id": EP_ID}, {"$push": {"log": {"$each": full}}, "$unset": {"log_bytes": ""}})
    refused = await command(http, f"{CLUSTERS}/rename", {"identity_id": TWO, "label": "Bob"}, status=409)
    assert refused["code"] == "edit_log_full" and "full (12 MB)" in refused["message"]
    assert await system.edits.version(EP_ID) == 1
    assert (await command(http, f"{EDITS}/undo", {}))["version"] == 2
    assert (await edits.find_one({"_id": EP_ID}, {"log_bytes": 1}) or {})["log_bytes"] > ROOM_BYTES


async def test_locked_identities_refuse_until_they_are_unlocked(system: GrouperSystem, http: httpx.AsyncClient) -> None:
    await command(http, f"{CLUSTERS}/lock", {"identity_id": ONE})
    moves: list[tuple[str, dict[str, Any]]] = [
        ("merge", {"target": TWO, "sources": [ONE]}),
        ("move-tracks", {"track_ids": ["track-00000-002"], "target": ONE}),
        ("move-tracks", {"track_ids": ["track-00000-001"]}),
        ("split", {"identity_id": ONE, "track_ids": ["track-00000-001"]}),
        ("drop", {"track_ids": ["track-00000-001"]}),
        ("move-range", {"track_id": "track-00000-006", "start_s": 34, "end_s": 38, "target": TWO}),
    ]
    for regrouped in (False, True):
        for path, body in moves:
            refused = await command(http, f"{CLUSTERS}/{path}", body, status=409)
            assert refused["code"] == "identity_locked", path
        if not regrouped:
            await system.settle()
    await command(http, f"{CLUSTERS}/unlock", {"identity_id": ONE})
    assert (await command(http, f"{CLUSTERS}/unlock", {"identity_id": ONE}, status=409))["code"] == "not_locked"
    await command(http, f"{CLUSTERS}/merge", {"target": TWO, "sources": [ONE]})
    await system.settle()
    assert ONE not in await people(http)


PREVIEWED: list[tuple[str, dict[str, Any]]] = [
    ("merge", {"kind": "merge", "target": ONE, "sources": [THREE]}),
    ("split", {"kind": "split", "identity_id": TWO, "track_ids": ["track-00000-004"]}),
    ("move-tracks", {"kind": "move_tracks", "track_ids": ["track-00000-003"]}),
    ("move-range", {"kind": "move_range", "track_id": "track-00000-006", "start_s": 34, "end_s": 38, "target": TWO}),
    ("drop", {"kind": "drop", "track_ids": ["track-00000-001"]}),
    ("rename", {"kind": "rename", "identity_id": TWO, "label": "Bob"}),
    ("recluster", {"kind": "recluster", "overrides": {"merge_distance": 1.2, "farthest_ratio": 4}}),
]


@pytest.mark.parametrize(("path", "body"), PREVIEWED, ids=[path for path, _ in PREVIEWED])
async def test_a_preview_is_what_applying_yields(
    system: GrouperSystem, http: httpx.AsyncClient, path: str, body: dict[str, Any]
) -> None:
    before, seconds_before = await people(http), await seconds(http)
    answer = await http.post(f"{CLUSTERS}/preview", json=body)
    preview = answer.json()["data"]
    assert preview["changes"], answer.text
    assert (await read(http, EDITS))["items"] == []
    assert await system.database["audit"].count_documents({}) == 0, "a preview is no command"
    await command(http, f"{CLUSTERS}/{path}", body)
    assert await system.database["audit"].count_documents({"ep_id": EP_ID}) == 1
    await system.settle()
    after, seconds_after = await people(http), await seconds(http)
    assert preview["clusters_after"] == sum(one["reason"] is None for one in (await read(http, CLUSTERS))["items"])
    for change in preview["changes"]:
        name = change["identity_id"]
        gained = set(after.get(name, [])) - set(before.get(name, []))
        lost = set(before.get(name, [])) - set(after.get(name, []))
        assert {short(track) for track in change["gained_track_ids"]} == gained
        assert {short(track) for track in change["lost_track_ids"]} == lost
        assert change["seconds_before"] == seconds_before.get(name, 0.0)
        assert change["seconds_after"] == seconds_after.get(name, 0.0)
    named = {change["identity_id"] for change in preview["changes"]}
    assert {name: own for name, own in after.items() if name not in named} == {
        name: own for name, own in before.items() if name not in named
    }


async def seconds(http: httpx.AsyncClient) -> dict[str, float]:
    return {one["identity_id"]: one["seconds"] for one in (await read(http, f"{CLUSTERS}?limit=500"))["items"]}


async def test_undo_and_redo_walk_through_the_log(system: GrouperSystem, http: httpx.AsyncClient) -> None:
    first = await people(http)
    await command(http, f"{CLUSTERS}/merge", {"target": ONE, "sources": [THREE]})
    merged = await command(http, f"{CLUSTERS}/drop", {"track_ids": ["track-00000-002"]})
    await system.settle()
    last = await people(http)
    leftovers = (await read(http, f"{CLUSTERS}/leftovers"))["items"]
    assert [(one["member"]["track_id"], one["reason"]) for one in leftovers] == [("track-00000-002", "dropped")]
    assert (await command(http, f"{EDITS}/undo", {"why": "no"}))["edit_id"] == merged["edit_id"]
    await command(http, f"{EDITS}/undo", {})
    await system.settle()
    assert await people(http) == first
    await command(http, f"{EDITS}/redo", {})
    await command(http, f"{EDITS}/redo", {})
    assert (await command(http, f"{EDITS}/redo", {}, status=409))["code"] == "nothing_to_redo"
    await system.settle()
    assert await people(http) == last


async def test_likely_duplicates_leave_out_who_is_known_to_be_two(
    system: GrouperSystem, http: httpx.AsyncClient
) -> None:
    pairs = (await read(http, f"{CLUSTERS}/duplicates"))["items"]
    named = {frozenset((pair["first"]["identity_id"], pair["second"]["identity_id"])) for pair in pairs}
    own = await people(http)
    together = {name for name, tracks in own.items() if {"007", "008"} & set(tracks)}
    assert len(together) == 2 and frozenset(together) not in named
    distances = [pair["distance"] for pair in pairs]
    assert distances == sorted(distances)
    assert frozenset((ONE, TWO)) in named
    await command(http, f"{CLUSTERS}/not-same", {"first": ONE, "second": TWO})
    await system.settle()
    pairs = (await read(http, f"{CLUSTERS}/duplicates"))["items"]
    assert frozenset((ONE, TWO)) not in {
        frozenset((pair["first"]["identity_id"], pair["second"]["identity_id"])) for pair in pairs
    }


async def test_two_people_in_one_are_found_and_split(system: GrouperSystem, http: httpx.AsyncClient) -> None:
    before = await people(http)
    alone = await read(http, f"{CLUSTERS}/{TWO}/two-people")
    assert alone["is_two"] is False
    refused = await command(http, f"{CLUSTERS}/split-in-two", {"identity_id": TWO}, status=409)
    assert refused["code"] == "looks_like_one_person"
    await command(http, f"{CLUSTERS}/merge", {"target": TWO, "sources": [THREE]})
    await system.settle()
    found = await read(http, f"{CLUSTERS}/{TWO}/two-people")
    assert found["is_two"] is True
    assert [short(track) for track in found["second"]] == before[THREE]
    await command(http, f"{CLUSTERS}/split-in-two", {"identity_id": TWO})
    await system.settle()
    after = await people(http)
    assert after[THREE] == before[THREE]
    assert set(before[TWO]) <= set(after[TWO])


async def test_other_lists_are_pages_too(http: httpx.AsyncClient) -> None:
    for name in ("outliers", "rescued", "leftovers", "duplicates"):
        page = await read(http, f"{CLUSTERS}/{name}?limit=1")
        assert page["total"] == len((await read(http, f"{CLUSTERS}/{name}?limit=500"))["items"])
        bad = await http.get(f"{CLUSTERS}/{name}?cursor=x")
        assert bad.status_code == 422, "an empty list knows no cursor either"
