"""What happens to an episode, told as it happens: over real HTTP servers, by whichever replica."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import pytest_asyncio

from chassis import service
from chassis.health import Health
from chassis.http.keys import ApiKeys
from chassis.http.sessions import PLAIN_COOKIE, Sessions, csrf_token
from chassis.mongo.database import Database
from chassis.settings import HttpSettings
from contracts.events import EpisodeDeleted
from screenalytics.local.servers import Stack
from services.grouper.store.runs import GroupedRun, GrouperStore
from services.ingest.store.runs import IngestStore
from tests.support.api_examples import hold
from tests.support.identity_rig import BLUE, EP, GREEN, RED, RUN, IdentityRig, Somebody, identity_rig
from tests.support.rig import until
from tests.support.server_sent_events import Event, events_in
from tests.support.stub_stages import save_plan

pytestmark = pytest.mark.integration

ONE, TWO = "identity-00001", "identity-00002"
OFTEN = {"changes": {"poll_s": 0.05, "heartbeat_s": 1}}
PEOPLE = [Somebody(1, RED), Somebody(2, GREEN, 20, 35), Somebody(3, BLUE, 30, 34)]


@dataclass(frozen=True)
class Served:
    """Two replicas of the service behind real servers; `rig` is the first one's."""

    addresses: tuple[str, str]
    rig: IdentityRig


@asynccontextmanager
async def serving(rig: IdentityRig) -> AsyncIterator[str]:
    async with service.serve_http(rig.app, Health({}, away={}), HttpSettings()) as server:
        await until("the server", lambda: server.started)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"


@pytest_asyncio.fixture
async def served(stack: Stack, database: Database) -> AsyncIterator[Served]:
    async with (
        identity_rig(stack, database, OFTEN) as one,
        identity_rig(stack, database, OFTEN) as two,
        serving(one) as first,
        serving(two) as second,
    ):
        await one.cast({"rita": ("Rita", RED)})
        yield Served((first, second), one)


async def listen(address: str, *, last: str | None = None, query: str = "", **headers: str) -> AsyncIterator[Event]:
    """The events of the episode until the stream ends, without heartbeats."""
    sent = headers | ({"Last-Event-ID": last} if last else {})
    async with (
        httpx.AsyncClient(timeout=20) as client,
        client.stream("GET", f"{address}/changes/{EP}{query}", headers=sent) as answer,
    ):
        async for event in events_in(answer):
            if event.kind != "ping":
                yield event


class Reader:
    """Listens in the background."""

    def __init__(self, address: str, **how: Any) -> None:
        self.events: list[Event] = []
        self._address, self._how = address, how

    async def __aenter__(self) -> Reader:
        self.task = asyncio.create_task(self._read())
        await until("the stream", lambda: bool(self.events))
        return self

    async def __aexit__(self, *_: object) -> None:
        self.task.cancel()

    async def _read(self) -> None:
        async for event in listen(self._address, **self._how):
            self.events.append(event)

    def kinds(self) -> list[str]:
        return [event.kind for event in self.events]

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [event.data for event in self.events if event.kind == kind]


async def all_of(address: str, **how: Any) -> list[Event]:
    return [event async for event in listen(address, query="?follow=false", **how)]


async def test_both_replicas_tell_every_decision_and_what_came_of_it(served: Served) -> None:
    rig = served.rig
    await rig.group(PEOPLE)
    async with Reader(served.addresses[0]) as one, Reader(served.addresses[1]) as two:
        await rig.data("PUT", f"/links/{EP}/{TWO}", {"cast_id": "rita"}, version=0)
        await rig.data("POST", f"/extras/{EP}", {"identity_ids": ["identity-00003"]}, version=1)
        await rig.data("DELETE", f"/links/{EP}/{TWO}", version=2)
        await rig.bus.deliver()
        revision = (await rig.data("GET", f"/screen-time/{EP}"))["revision"]
        await rig.data("POST", f"/screen-time/{EP}/sign-off", {"revision": revision}, version=0)
        await rig.bus.deliver()
        for reader in (one, two):
            await tells_all(reader)


async def tells_all(reader: Reader) -> None:
    """Holds a reader to what was decided: a link, an extra, no link, a sign-off, and the revisions with them."""
    await until("the revision", lambda: any(told["includes"]["sign_off"] == 1 for told in reader.of("revision")))
    steps = [(step["source"], step["version"], step["kind"], step["who"]) for step in reader.of("step")]
    assert steps == [
        ("links", 1, "link", "local"),
        ("links", 2, "extra", "local"),
        ("links", 3, "unlink", "local"),
        ("sign_off", 1, "sign", "local"),
    ]
    assert reader.of("step")[0]["identity_ids"] == [TWO]
    nothing = {"clusters": 0, "links": 0, "sign_off": 0}
    assert reader.of("state")[0]["revision"] == {"run_id": RUN, "revision": 1, "includes": nothing}
    included = [told["includes"]["links"] for told in reader.of("revision")]
    assert included == sorted(included)
    assert included[-1] == 3


async def test_edits_and_groupings_of_the_grouper_are_told(served: Served, database: Database) -> None:
    await served.rig.group(PEOPLE)
    first = await all_of(served.addresses[0])
    entry = {"version": 1, "edit_id": "e1", "action": "apply", "by": "kim", "at": "2026-01-01T00:00:00Z"}
    merge = {"kind": "merge", "target": ONE, "sources": [TWO]}
    await database["edits"].insert_one({"_id": EP, "version": 1, "log": [entry | {"edit": merge}]})
    again = await served.rig.grouped(PEOPLE, revision=2)
    grouping = again.model_copy(update={"edits_version": 1})
    await GrouperStore(database).save_first(
        GroupedRun(event=grouping, base={}, sample_period_s=0.125, highest_number=3)
    )
    told = await all_of(served.addresses[1], last=first[0].id)
    assert [event.kind for event in told] == ["step", "grouping", "presence"]
    step = {name: told[0].data[name] for name in ("step", "source", "version", "action", "kind", "who")}
    assert step == {
        "step": "clusters:e1", "source": "clusters", "version": 1, "action": "do", "kind": "merge", "who": "kim"
    }  # fmt: skip
    assert told[1].data == {"run_id": RUN, "revision": 2, "edits_version": 1}
    undone = entry | {"version": 2, "action": "undo", "by": "bo"}
    await database["edits"].update_one({"_id": EP}, {"$set": {"version": 2}, "$push": {"log": undone}})
    after = await all_of(served.addresses[0], last=told[1].id)
    assert (after[0].kind, after[0].data["action"], after[0].data["kind"]) == ("step", "undo", "merge")
    await served.rig.bus.handle(grouping)
    reported = await all_of(served.addresses[0], last=after[0].id)
    assert reported[0].data == {"run_id": RUN, "revision": 2, "includes": {"clusters": 1, "links": 0, "sign_off": 0}}


async def test_whoever_comes_back_to_another_replica_gets_what_they_missed_once(served: Served) -> None:
    rig = served.rig
    await rig.group(PEOPLE)
    first = await all_of(served.addresses[0])
    assert [event.kind for event in first] == ["state", "presence"]
    await rig.data("PUT", f"/links/{EP}/{TWO}", {"cast_id": "rita"}, version=0)
    await rig.data("DELETE", f"/links/{EP}/{TWO}", version=1)
    missed = await all_of(served.addresses[1], last=first[0].id)
    assert [(event.kind, event.data.get("version")) for event in missed[:2]] == [("step", 1), ("step", 2)]
    assert [event.id for event in missed[:1]] == [None], "only the last of several events has an id"
    assert [event.kind for event in await all_of(served.addresses[0], last=missed[1].id)] == ["presence"]
    for nonsense in ("nonsense", "9" * 150):
        assert (await all_of(served.addresses[0], last=nonsense))[0].kind == "state"


async def test_presence_is_the_same_everywhere_and_ends(served: Served, database: Database) -> None:
    await served.rig.group(PEOPLE)
    async with httpx.AsyncClient(base_url=served.addresses[1]) as client, Reader(served.addresses[0]) as reader:
        beat = {"page": "tab-1", "screen": "review", "subject": ONE}
        path = f"/changes/{EP}/presence"
        you = (await client.put(path, json=beat)).json()["data"]["you"]
        await until("somebody", lambda: reader.of("presence")[-1]["people"] == [you])
        assert (you["name"], you["screen"], you["subject"]) == ("local", "review", ONE)
        again = (await client.put(path, json=beat | {"subject": TWO})).json()["data"]["you"]
        assert (again["id"], again["since"]) == (you["id"], you["since"])
        await until("the subject", lambda: reader.of("presence")[-1]["people"][0]["subject"] == TWO)
        told = len(reader.of("presence"))
        await client.put(path, json=beat | {"subject": TWO})
        await client.put(path, json={"page": "tab-2", "screen": "watch"})
        await until("the other page", lambda: len(reader.of("presence")[-1]["people"]) == 2)
        assert len(reader.of("presence")) == told + 1, "a beat that changes nothing is not told"
        assert (await client.delete(path, params={"page": "tab-2"})).json()["data"] is True
        await until("its end", lambda: len(reader.of("presence")[-1]["people"]) == 1)
        late = {"$set": {"until": datetime.now(UTC) - timedelta(seconds=1)}}
        await database["presence"].update_many({}, late)
        await until("nobody", lambda: reader.of("presence")[-1]["people"] == [])
        await client.put(path, json={"page": "tab-3", "screen": "watch"})
        assert await database["presence"].count_documents({}) == 1, "pages that are gone are removed"
        assert (await client.put(path, json=beat | {"subject": "a name"})).status_code == 422
        elsewhere = path.replace(EP, "no-show-s01e01")
        assert (await client.put(elsewhere, json=beat)).status_code == 404


async def test_a_stream_begins_before_the_first_report_and_ends_with_the_episode(
    served: Served, database: Database
) -> None:
    async with httpx.AsyncClient(base_url=served.addresses[0]) as client:
        assert (await client.get(f"/changes/{EP}")).status_code == 404
    store = IngestStore(database)
    await save_plan(store, EP, RUN)
    async with Reader(served.addresses[0]) as reader:
        assert reader.events[0].data == {
            "versions": {"clusters": 0, "links": 0, "sign_off": 0}, "grouping": None, "revision": None
        }  # fmt: skip
        await served.rig.group(PEOPLE)
        await until("the first report", lambda: "revision" in reader.kinds())
        await database["presence"].insert_one({"_id": "x", "ep_id": EP})
        was = await store.episodes.read(EP)
        assert await store.episodes.write_tombstone(was, last_run_id=RUN, cancelled=[], who="me")
        await served.rig.bus.handle(EpisodeDeleted(ep_id=EP, last_run_id=RUN, version=was.version + 1, who="me"))
        await until("the end", lambda: reader.kinds()[-1] == "end")
        await asyncio.wait_for(reader.task, 5)
        assert await database["presence"].count_documents({}) == 0


@pytest.mark.parametrize("ending", ["session", "key"])
async def test_a_browsers_stream_ends_with_its_session_and_with_its_key(
    stack: Stack, database: Database, ending: str
) -> None:
    keys, elsewhere = ApiKeys(database), Sessions(database)
    key, _ = await keys.create(name="kim", role="viewer", shows=["my-show"])
    _, cookie = await elsewhere.begin(name="kim", lasts=timedelta(hours=1), key_id=key.key_id)
    async with identity_rig(stack, database, OFTEN | {"auth": {"mode": "keys"}}) as rig, serving(rig) as address:
        await rig.group(PEOPLE)
        headers = {"cookie": f"{PLAIN_COOKIE}={cookie}"}
        async with Reader(address, **headers) as reader, httpx.AsyncClient(base_url=address) as client:
            beat = {"page": "tab-1", "screen": "review"}
            refused = await client.put(f"/changes/{EP}/presence", json=beat, headers=headers)
            assert refused.json()["error"]["code"] == "csrf_missing"
            allowed = headers | {"x-csrf-token": csrf_token(cookie)}
            assert (await client.put(f"/changes/{EP}/presence", json=beat, headers=allowed)).status_code == 200
            await until("kim", lambda: [one["name"] for one in reader.of("presence")[-1]["people"]] == ["kim"])
            begun = time.monotonic()
            await (elsewhere.end(cookie) if ending == "session" else keys.revoke(key.key_id))
            await asyncio.wait_for(reader.task, 12)
            assert time.monotonic() - begun < 10


async def test_a_process_keeps_so_many_streams_and_no_more(stack: Stack, database: Database) -> None:
    few = {"changes": {"poll_s": 0.05, "most_readers": 1}}
    async with identity_rig(stack, database, few) as rig, serving(rig) as address:
        await rig.group(PEOPLE)
        async with Reader(address), httpx.AsyncClient(base_url=address) as client:
            refused = await client.get(f"/changes/{EP}")
            assert (refused.status_code, refused.json()["error"]["code"]) == (429, "too_many_streams")


async def test_the_api_answers_as_the_page_says(served: Served) -> None:
    await served.rig.group(PEOPLE)
    async with httpx.AsyncClient(base_url=served.addresses[0], timeout=30) as client:
        await hold("changes.md", client, {"ep_id": EP, "identity_id": TWO})
