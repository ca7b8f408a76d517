"""Links over HTTP: versions, undo to any depth, many at once, and the revisions that follow."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from chassis.mongo.database import Database
from chassis.mongo.document_size import ROOM_BYTES, stored_bytes
from contracts.events import CastChanged, CastLinked, LinksChanged, ScreenTimeReported
from contracts.ids import identity_id
from screenalytics.local.servers import Stack
from tests.support.identity_rig import (
    BLUE,
    EP,
    GREEN,
    LATER_RUN,
    OTHER_EP,
    RED,
    RUN,
    SHOW,
    IdentityRig,
    Somebody,
    identity_rig,
)

pytestmark = pytest.mark.integration

ONE, TWO, THREE = (identity_id(number) for number in (1, 2, 3))
PEOPLE = [Somebody(1, RED), Somebody(2, GREEN, 20, 25), Somebody(3, BLUE, 30, 34)]
CAST = {"rita": ("Rita", RED), "greta": ("Greta", GREEN)}


@pytest_asyncio.fixture
async def rig(stack: Stack, database: Database) -> AsyncIterator[IdentityRig]:
    async with identity_rig(stack, database) as running:
        await running.cast(CAST)
        await running.group(PEOPLE)
        yield running


async def links_of(rig: IdentityRig) -> dict[str, str]:
    return {link["identity_id"]: link["cast_id"] for link in (await rig.data("GET", f"/links/{EP}"))["links"]}


async def code_of(rig: IdentityRig, method: str, path: str, body: object = None, **more: Any) -> tuple[int, str]:
    answer = await rig.call(method, path, body, **more)
    return answer.status_code, answer.json()["error"]["code"]


async def test_a_link_makes_a_version_an_event_and_a_revision_that_tells_only_the_change(rig: IdentityRig) -> None:
    answer = await rig.call("PUT", f"/links/{EP}/{THREE}", {"cast_id": "rita", "why": "her voice"}, version=0)
    assert (answer.status_code, answer.headers["etag"]) == (200, '"1"')
    event = rig.bus.of(LinksChanged)[-1]
    assert (event.version, event.action, event.identity_id, event.cast_id, event.who) == (
        1,
        "link",
        THREE,
        "rita",
        "local",
    )
    told = len(rig.bus.of(CastLinked))
    await rig.bus.deliver()
    assert [(link.identity_id, link.cast_id, link.by) for link in rig.bus.of(CastLinked)[told:]] == [
        (THREE, "rita", "operator")
    ]
    report = rig.bus.of(ScreenTimeReported)[-1]
    assert (report.revision, report.grouping_revision, report.links_version) == (2, 1, 1)
    assert {person.cast_id: person.visible_s for person in report.cast} == {"rita": 14.0, "greta": 5.0}
    assert report.changes
    view = await rig.data("GET", f"/links/{EP}")
    assert (view["version"], view["revision"], view["history"][0]["why"], view["undoable"]) == (1, 2, "her voice", 1)


async def test_a_repeated_event_of_a_change_says_the_same_and_makes_no_revision(rig: IdentityRig) -> None:
    await rig.data("PUT", f"/links/{EP}/{THREE}", {"cast_id": "rita"}, version=0)
    event = rig.bus.of(LinksChanged)[-1]
    first, again = await rig.bus.handle(event), await rig.bus.handle(event)
    assert first == again != []
    assert await rig.database["screen_time"].count_documents({}) == 2


async def test_commands_on_an_old_version_are_refused_with_the_one_there_is(rig: IdentityRig) -> None:
    await rig.data("PUT", f"/links/{EP}/{THREE}", {"cast_id": "rita"}, version=0)
    answer = await rig.call("DELETE", f"/links/{EP}/{THREE}", version=0)
    assert (answer.status_code, answer.headers["etag"]) == (412, '"1"')
    assert await code_of(rig, "DELETE", f"/links/{EP}/{THREE}") == (428, "precondition_required")


async def test_the_same_command_again_changes_nothing(rig: IdentityRig) -> None:
    for _ in range(2):
        answer = await rig.data(
            "PUT", f"/links/{EP}/{THREE}", {"cast_id": "rita"}, version=0, Idempotency_Key="command-1"
        )
        assert answer["version"] == 1
    assert len(rig.bus.of(LinksChanged)) == 1
    again = await rig.data("PUT", f"/links/{EP}/{THREE}", {"cast_id": "rita"}, version=1)
    assert (again["version"], again["changed"]) == (1, False)


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        (f"/links/{EP}/identity-00099", {"cast_id": "rita"}, "unknown_identity"),
        (f"/links/{EP}/{ONE}", {"cast_id": "nobody"}, "unknown_cast_member"),
        (f"/links/other-s01e01/{ONE}", {"cast_id": "rita"}, "unknown_episode"),
    ],
)
async def test_what_is_not_there_cannot_be_linked(rig: IdentityRig, path: str, body: object, code: str) -> None:
    assert await code_of(rig, "PUT", path, body, version=0) == (404, code)


async def test_undo_and_redo_walk_back_and_forth_to_any_depth(rig: IdentityRig) -> None:
    start = await links_of(rig)
    states = [start]
    await rig.data("PUT", f"/links/{EP}/{THREE}", {"cast_id": "rita"}, version="*")
    states.append(await links_of(rig))
    await rig.data("DELETE", f"/links/{EP}/{ONE}", version="*")
    states.append(await links_of(rig))
    await rig.data("POST", f"/suggestions/{EP}/dismiss", {"identity_id": TWO, "cast_id": "greta"}, version="*")
    states.append(await links_of(rig))
    assert [len(state) for state in states] == [2, 3, 2, 1]
    for state in reversed(states[:-1]):
        await rig.data("POST", f"/links/{EP}/undo", {}, version="*")
        assert await links_of(rig) == state
    assert await code_of(rig, "POST", f"/links/{EP}/undo", {}, version="*") == (409, "nothing_to_undo")
    for state in states[1:]:
        await rig.data("POST", f"/links/{EP}/redo", {}, version="*")
        assert await links_of(rig) == state
    assert await code_of(rig, "POST", f"/links/{EP}/redo", {}, version="*") == (409, "nothing_to_redo")
    await rig.bus.deliver()
    assert rig.bus.of(ScreenTimeReported)[-1].links_version == 9


async def test_one_change_is_undone_by_name_unless_a_later_one_stands_on_it(rig: IdentityRig) -> None:
    await rig.data("PUT", f"/links/{EP}/{THREE}", {"cast_id": "rita"}, version=0)
    await rig.data("PUT", f"/links/{EP}/{TWO}", {"cast_id": "rita"}, version=1)
    await rig.data("PUT", f"/links/{EP}/{TWO}", {"cast_id": "greta"}, version=2)
    assert await code_of(rig, "POST", f"/links/{EP}/undo", {"version": 2}, version="*") == (409, "change_superseded")
    await rig.data("POST", f"/links/{EP}/undo", {"version": 1}, version="*")
    assert await links_of(rig) == {ONE: "rita", TWO: "greta"}


async def test_of_fifty_writers_on_one_version_one_wins_and_nothing_is_lost_when_they_try_again(
    rig: IdentityRig,
) -> None:
    first = await asyncio.gather(
        *(rig.call("PUT", f"/links/{EP}/{THREE}", {"cast_id": ("rita", "greta")[n % 2]}, version=0) for n in range(50))
    )
    assert sorted(answer.status_code for answer in first) == [200] + [412] * 49
    await rig.call("POST", f"/links/{EP}/undo", {}, version="*")
    pairs = [(number, name) for number in range(1, 4) for name in ("rita", "greta")] * 9
    answers = await asyncio.gather(
        *(
            rig.call(
                "PUT", f"/links/{EP}/{identity_id(number)}", {"cast_id": name}, version="*", Idempotency_Key=f"w{k}"
            )
            for k, (number, name) in enumerate(pairs[:50])
        )
    )
    assert {answer.status_code for answer in answers} == {200}
    changed = [answer.json()["data"] for answer in answers if answer.json()["data"]["changed"]]
    view = await rig.data("GET", f"/links/{EP}?history=500")
    assert sorted(answer["version"] for answer in changed) == list(range(3, view["version"] + 1))
    assert [entry["version"] for entry in view["history"]] == list(range(view["version"], 0, -1))
    assert len({event.event_id for event in rig.bus.of(LinksChanged)}) == view["version"]
    await rig.bus.deliver()
    last = rig.bus.of(ScreenTimeReported)[-1]
    assert last.links_version == view["version"]


async def test_decisions_outlive_a_rerun_and_dismissed_stays_dismissed(rig: IdentityRig) -> None:
    await rig.data("POST", f"/suggestions/{EP}/dismiss", {"identity_id": ONE, "cast_id": "rita"}, version=0)
    await rig.data("PUT", f"/links/{EP}/{THREE}", {"cast_id": "greta"}, version=1)
    said = await rig.group(PEOPLE, run_id=LATER_RUN)
    told = {event.identity_id: (event.cast_id, event.by) for event in said if isinstance(event, CastLinked)}
    assert told == {TWO: ("greta", "auto"), THREE: ("greta", "operator")}
    suggestions = await rig.data("GET", f"/suggestions/{EP}/{ONE}")
    assert suggestions["dismissed"] == ["rita"] and "rita" not in str(suggestions["matches"])
    await rig.data("POST", f"/links/{EP}/undo", {}, version="*")
    assert await links_of(rig) == {TWO: "greta"}


async def test_a_link_of_somebody_who_is_not_there_rests_and_says_so(rig: IdentityRig) -> None:
    await rig.data("PUT", f"/links/{EP}/{THREE}", {"cast_id": "rita"}, version=0)
    await rig.bus.deliver()
    assert (await rig.data("GET", f"/links/{EP}"))["resting"] == []
    await rig.group(PEOPLE[:2], revision=2)
    assert (await rig.data("GET", f"/links/{EP}"))["resting"] == [THREE]
    await rig.group(PEOPLE, revision=3)
    assert (await rig.data("GET", f"/links/{EP}"))["resting"] == []
    assert (await links_of(rig))[THREE] == "rita"


async def test_locked_identities_keep_their_links(rig: IdentityRig) -> None:
    await rig.group([Somebody(1, RED, locked=True), *PEOPLE[1:]], revision=2)
    locked = (409, "identity_locked")
    assert await code_of(rig, "PUT", f"/links/{EP}/{ONE}", {"cast_id": "greta"}, version="*") == locked
    assert await code_of(rig, "DELETE", f"/links/{EP}/{ONE}", version="*") == locked
    pair = {"identity_id": ONE, "cast_id": "rita"}
    assert await code_of(rig, "POST", f"/suggestions/{EP}/dismiss", pair, version="*") == locked


async def test_a_machine_that_reports_loses_no_change_made_meanwhile(rig: IdentityRig) -> None:
    event = await rig.grouped(PEOPLE, run_id=LATER_RUN)
    commands = [
        rig.call("PUT", f"/links/{EP}/{THREE}", {"cast_id": name}, version="*") for name in ("rita", "greta", "rita")
    ]
    await asyncio.gather(rig.bus.handle(event), *commands)
    await rig.bus.deliver()
    view = await rig.data("GET", f"/links/{EP}")
    report = rig.bus.of(ScreenTimeReported)[-1]
    linked = {link["identity_id"] for link in view["links"]}
    assert (view["version"], linked) == (view["history"][0]["version"], {ONE, TWO, THREE})
    assert max(entry.links_version for entry in rig.bus.of(ScreenTimeReported)) == view["version"]
    assert report.run_id == LATER_RUN


@pytest.mark.parametrize("state", ["running", "cancelled"])
async def test_a_link_made_while_a_later_run_is_under_way_shows_at_once_and_in_the_later_run(
    rig: IdentityRig, state: str
) -> None:
    await rig.database["episodes"].insert_one({"_id": EP, "current_run_id": LATER_RUN})
    await rig.database["runs"].insert_one({"_id": LATER_RUN, "ep_id": EP, "state": state})
    await rig.data("PUT", f"/links/{EP}/{THREE}", {"cast_id": "rita"}, version=0)
    await rig.bus.deliver()
    shown = await rig.data("GET", f"/screen-time/{EP}")
    assert (shown["run_id"], shown["revision"]) == (RUN, 2)
    assert THREE in shown["cast"][0]["identity_ids"]
    current = await rig.storage.read(rig.storage.uri(f"artifacts/manifests/{EP}/screen_time.json"))
    assert json.loads(current)["revision"] == 2
    said = await rig.group(PEOPLE, revision=2)
    assert not any(
        isinstance(event, ScreenTimeReported) for event in said
    )  # a grouping of the older run counts no more
    if state == "running":
        await rig.group(PEOPLE, run_id=LATER_RUN)
        shown = await rig.data("GET", f"/screen-time/{EP}")
        assert (shown["run_id"], shown["revision"]) == (LATER_RUN, 1)
        assert THREE in shown["cast"][0]["identity_ids"]


async def test_a_command_needs_no_evidence(rig: IdentityRig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("services.identity.queries.episodes.gather_evidence")
    await rig.data("PUT", f"/links/{EP}/{THREE}", {"cast_id": "rita"}, version=0)
    assert await code_of(rig, "PUT", f"/links/{EP}/identity-00009", {"cast_id": "rita"}, version=1) == (
        404,
        "unknown_identity",
    )
    assert await code_of(rig, "PUT", f"/links/{EP}/{ONE}", {"cast_id": "nobody"}, version=1) == (
        404,
        "unknown_cast_member",
    )


async def test_a_full_history_takes_nothing_but_undoing_long_before_mongodb_refuses(rig: IdentityRig) -> None:
    await rig.data("PUT", f"/links/{EP}/{THREE}", {"cast_id": "rita"}, version=0)
    identities = rig.database["identities"]
    stored = await identities.find_one({"_id": EP})
    assert stored is not None
    assert 0 <= stored["changes_bytes"] - stored_bytes(stored["changes"]) < 100
    (own,) = stored["changes"]
    large = own | {"action": "dismiss", "version": 1000, "why": "x" * 2**20}
    full = [large] * (ROOM_BYTES >> 20)  # as it may be where nobody counted yet
    uncounted = {"$push": {"changes": {"$each": full, "$position": 0}}, "$unset": {"changes_bytes": ""}}
    await identities.update_one({"_id": EP}, uncounted)
    refused = await code_of(rig, "PUT", f"/links/{EP}/{TWO}", {"cast_id": "rita"}, version=1)
    assert refused == (409, "link_history_full")
    assert (await rig.data("GET", f"/links/{EP}?history=1"))["version"] == 1
    assert (await rig.data("POST", f"/links/{EP}/undo", {}, version=1))["version"] == 2
    assert await links_of(rig) == {ONE: "rita", TWO: "greta"}


async def test_a_link_to_a_run_that_is_being_deleted_is_not_reported(rig: IdentityRig) -> None:
    await rig.data("PUT", f"/links/{EP}/{THREE}", {"cast_id": "rita"}, version=0)
    await rig.database["episodes"].insert_one({"_id": EP, "deleted": True, "last_run_id": RUN})
    await rig.bus.deliver()
    assert await rig.database["screen_time"].count_documents({}) == 1


async def test_a_caller_may_wait_for_the_revision_with_the_change(rig: IdentityRig) -> None:
    waiting = asyncio.create_task(rig.data("PUT", f"/links/{EP}/{THREE}?wait_s=10", {"cast_id": "rita"}, version=0))
    while not rig.bus.of(LinksChanged):
        await asyncio.sleep(0.01)
    await rig.bus.deliver()
    assert (await waiting)["revision"] == 2
    impatient = await rig.data("DELETE", f"/links/{EP}/{THREE}", version=1)
    assert impatient["revision"] is None


async def test_a_renamed_member_is_reported_again_under_the_new_name(rig: IdentityRig) -> None:
    await rig.data("PATCH", f"/shows/{SHOW}/cast/rita", {"name": "Rita Red"})
    await rig.bus.deliver()
    report = rig.bus.of(ScreenTimeReported)[-1]
    assert report.revision == 2
    assert "Rita is now called Rita Red." in report.changes
    assert len(rig.bus.of(CastLinked)) == 2


async def test_a_renamed_member_is_an_event_for_each_episode_that_names_them(rig: IdentityRig) -> None:
    await rig.group([Somebody(1, RED)], ep_id=OTHER_EP, run_id=LATER_RUN)
    await rig.group([Somebody(1, BLUE)], ep_id="my-show-s01e04", run_id=LATER_RUN[:-1] + "E")
    await rig.data("PATCH", f"/shows/{SHOW}/cast/rita", {"name": "Rita Red"})
    (changed,) = [event for event in rig.bus.of(CastChanged) if event.action == "renamed"]
    first, again = await rig.bus.handle(changed), await rig.bus.handle(changed)
    assert [(event.ep_id, event.key) for event in first] == [(EP, EP), (OTHER_EP, OTHER_EP)]
    assert [event.event_id for event in first] == [event.event_id for event in again]
    await rig.bus.deliver()
    named = {event.ep_id: event for event in rig.bus.of(ScreenTimeReported)}
    assert [(ep_id, [person.name for person in named[ep_id].cast]) for ep_id in (EP, OTHER_EP)] == [
        (EP, ["Rita Red", "Greta"]),
        (OTHER_EP, ["Rita Red"]),
    ]
    assert {ep_id: event.revision for ep_id, event in named.items()} == {EP: 2, OTHER_EP: 2, "my-show-s01e04": 1}
    stored = await rig.database["screen_time"].count_documents({})
    twice = [await rig.bus.handle(event) for event in (*first, *first)]
    assert twice[:2] == twice[2:] and all(twice)
    assert await rig.database["screen_time"].count_documents({}) == stored


async def test_a_show_of_300_episodes_keeps_no_handler_long(rig: IdentityRig) -> None:
    model = await rig.database["identities"].find_one({"_id": EP})
    assert model is not None
    episodes = [model | {"_id": f"my-show-s{number // 20 + 2:02d}e{number % 20 + 1:02d}"} for number in range(300)]
    await rig.database["identities"].insert_many(episodes)
    await rig.data("PATCH", f"/shows/{SHOW}/cast/rita", {"name": "Rita Red"})
    (changed,) = [event for event in rig.bus.of(CastChanged) if event.action == "renamed"]
    started = time.perf_counter()
    asked = await rig.bus.handle(changed)
    assert time.perf_counter() - started < 5, "it only asks"
    assert len({event.event_id for event in asked}) == len(asked) == 301
    assert not [event for event in rig.bus.of(ScreenTimeReported) if event.revision > 1]


COMMANDS = (
    ("PUT", f"/links/{EP}/{THREE}", {"cast_id": "rita"}),
    ("PUT", f"/links/{EP}/{THREE}", {"cast_id": "greta"}),
    ("PUT", f"/links/{EP}/{TWO}", {"cast_id": "rita"}),
    ("DELETE", f"/links/{EP}/{ONE}", None),
    ("POST", f"/links/{EP}/undo", {}),
    ("POST", f"/links/{EP}/undo", {"version": 1}),
    ("POST", f"/links/{EP}/redo", {}),
    ("POST", f"/suggestions/{EP}/dismiss", {"identity_id": THREE, "cast_id": "rita"}),
    ("POST", f"/suggestions/{EP}/dismiss", {"identity_id": THREE}),
    ("POST", f"/suggestions/{EP}/restore", {"identity_id": THREE}),
    ("POST", f"/suggestions/{EP}/apply", {"identity_id": THREE, "cast_id": "rita"}),
    ("POST", f"/suggestions/{EP}/apply-all", {}),
    ("POST", f"/suggestions/{EP}/apply-all", {"min_probability": 0.5}),
)


@pytest.mark.parametrize("first", [0, 3, 7])
async def test_a_key_belongs_to_one_command_on_the_links(rig: IdentityRig, first: int) -> None:
    sent = await rig.data(*COMMANDS[first], version=0, Idempotency_Key="k")
    for number, other in enumerate(COMMANDS):
        answer = await rig.call(*other, version="*", Idempotency_Key="k")
        if number == first:
            assert answer.json()["data"] | {"revision": None} == sent | {"revision": None}
        else:
            assert (answer.status_code, answer.json()["error"]["code"]) == (409, "command_id_used"), other
    assert (await rig.data("GET", f"/links/{EP}"))["version"] == 1


async def test_a_command_is_answered_as_before_though_what_it_names_is_gone(rig: IdentityRig) -> None:
    link = ("PUT", f"/links/{EP}/{THREE}", {"cast_id": "rita"})
    sent = await rig.data(*link, version=0, Idempotency_Key="k")
    await rig.group([Somebody(1, RED)], revision=2)
    assert (await rig.call(*link, version="*")).json()["error"]["code"] == "unknown_identity"
    again = await rig.data(*link, version="*", Idempotency_Key="k")
    assert (again["version"], again["changes"]) == (sent["version"], sent["changes"])
