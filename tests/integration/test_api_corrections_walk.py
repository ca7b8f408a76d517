"""Operators who correct at random over HTTP, on real stores: what was taken back leaves no trace that anybody can read."""

from __future__ import annotations

from collections.abc import AsyncIterator
from random import Random
from typing import Any

import pytest
import pytest_asyncio

from chassis.mongo.database import Database
from screenalytics.local.servers import Stack
from tests.support.identity_rig import BLUE, EP, GREEN, RED, SHOW
from tests.support.privacy_rig import OnScreen, PrivacyRig, privacy_rig

pytestmark = pytest.mark.integration

SEED, COMMANDS = 20261129, 30
CAST = {"ann": "Ann", "ben": "Ben"}
TRACKS = [OnScreen([RED, GREEN, BLUE][place % 3], 6.0 * place, 6.0 * place + 2.0 + place % 3) for place in range(9)]

State = dict[str, Any]


@pytest_asyncio.fixture
async def rig(stack: Stack, database: Database) -> AsyncIterator[PrivacyRig]:
    async with privacy_rig(stack, database) as running:
        members = [{"name": name, "cast_id": cast_id} for cast_id, name in CAST.items()]
        await running.identity.data("POST", "/shows", {"name": "My Show"})
        await running.identity.data("POST", f"/shows/{SHOW}/cast/import", {"members": members})
        await running.episode(TRACKS, {})
        yield running


async def state(rig: PrivacyRig) -> State:
    """All that people read: who has which tracks, names, locks, links in force and at rest, seconds."""
    data = rig.identity.data
    people = (await data("GET", f"/identities/{EP}"))["items"]
    tracks = {
        one["identity_id"]: (await data("GET", f"/identities/{EP}/{one['identity_id']}"))["track_ids"] for one in people
    }
    clusters = (await rig.corrections.get(f"/clusters/{EP}", params={"limit": 100})).json()["data"]["items"]
    links = await data("GET", f"/links/{EP}")
    screen_time = await data("GET", f"/screen-time/{EP}")
    return {
        "tracks": tracks,
        "clusters": {one["identity_id"]: (one["label"], one["locked"], one["seconds"]) for one in clusters},
        "links": sorted((one["identity_id"], one["cast_id"]) for one in links["links"]),
        "screen time": [screen_time[part] for part in ("cast", "unidentified", "figures", "warnings")],
    }


def a_correction(random: Random, now: State) -> tuple[str, dict[str, Any]]:
    """The path and the body of a correction such as somebody might think of; many are refused."""
    ids = sorted(now["tracks"])
    one, other = random.choice(ids), random.choice(ids)
    own = sorted(now["tracks"][one])
    some = random.sample(own, random.randint(1, len(own)))
    target = random.choice([None, other])
    start_s = random.uniform(0.0, 50.0)
    return random.choice(
        [
            ("merge", {"target": one, "sources": [other]}),
            ("split", {"identity_id": one, "track_ids": some}),
            ("move-tracks", {"track_ids": some, "target": target}),
            ("move-range", {"track_id": own[0], "start_s": start_s, "end_s": start_s + 4.0, "target": target}),
            ("not-same", {"first": one, "second": other}),
            ("lock", {"identity_id": one}),
            ("unlock", {"identity_id": one}),
            ("drop", {"track_ids": some[:1]}),
            ("restore", {"track_ids": some[:1]}),
            ("rename", {"identity_id": one, "label": random.choice(["The waiter", None])}),
            ("recluster", {"overrides": {"merge_distance": random.choice([0.1, 0.5, None])}}),
        ]
    )


async def correct(rig: PrivacyRig, path: str, body: dict[str, Any]) -> str | None:
    """The edit that was made, taken back or made again; None where it was refused. What follows from it has happened."""
    answer = await rig.corrections.post(path, json=body, headers={"If-Match": "*"})
    assert answer.is_success or answer.status_code in {404, 409, 422}, answer.text
    await rig.settle()
    return str(answer.json()["data"]["edit_id"]) if answer.is_success else None


async def name_somebody(rig: PrivacyRig, random: Random, now: State) -> None:
    """Something about names: a link, the taking back of one, another name in the cast."""
    one, cast_id = random.choice(sorted(now["tracks"])), random.choice(sorted(CAST))
    method, path, body = random.choice(
        [
            ("PUT", f"/links/{EP}/{one}", {"cast_id": cast_id}),
            ("PUT", f"/links/{EP}/{one}", {"cast_id": cast_id}),
            ("DELETE", f"/links/{EP}/{one}", None),
            ("POST", f"/links/{EP}/undo", {}),
            ("POST", f"/links/{EP}/redo", {}),
            ("PATCH", f"/shows/{SHOW}/cast/{cast_id}", {"name": random.choice(["Kim", "Lou"])}),
        ]
    )
    answer = await rig.identity.call(method, path, body, version="*")
    assert answer.is_success or answer.status_code in {404, 409, 422}, answer.text
    await rig.settle()


async def undo_all_names(rig: PrivacyRig) -> None:
    while (await rig.identity.call("POST", f"/links/{EP}/undo", {}, version="*")).is_success:
        await rig.settle()
    for cast_id, name in CAST.items():
        await rig.identity.data("PATCH", f"/shows/{SHOW}/cast/{cast_id}", {"name": name})
    await rig.settle()


async def test_a_random_walk_that_is_taken_back_leaves_everything_as_it_was(rig: PrivacyRig) -> None:
    random = Random(SEED)
    original = await state(rig)
    assert len(original["tracks"]) == 3
    made: list[str] = []
    for number in range(COMMANDS):
        now = await state(rig)
        everybody = [track for own in now["tracks"].values() for track in own]
        assert len(everybody) == len(set(everybody))
        if random.random() < 0.3:
            await name_somebody(rig, random, now)
            continue
        kind, body = a_correction(random, now)
        edit_id = await correct(rig, f"/clusters/{EP}/{kind}", body)
        made += [edit_id] if edit_id is not None else []
        if number % 10 == 9 and made:
            before, chosen = await state(rig), random.choice(made)
            assert await correct(rig, f"/edits/{EP}/undo", {"edit_id": chosen}) is not None
            assert await correct(rig, f"/edits/{EP}/redo", {"edit_id": chosen}) is not None
            assert await state(rig) == before, "what was taken back and made again is as it was"
    assert len(made) > COMMANDS / 4
    for edit_id in random.sample(made, len(made)):
        assert await correct(rig, f"/edits/{EP}/undo", {"edit_id": edit_id}) is not None
    await undo_all_names(rig)
    assert await state(rig) == original
