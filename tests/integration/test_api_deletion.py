"""Deleting an episode removes it everywhere, closes what is under way, and leaves room for a new one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest
import pytest_asyncio

from chassis.errors import BadInput
from chassis.kafka.bus import Origin
from chassis.mongo.database import Database
from chassis.mongo.run_fence import RunFence
from contracts.events import EpisodeDeleted, EpisodeUploaded, RunCancelled
from contracts.ids import run_id_for
from screenalytics.local.servers import Stack
from services.ingest.handlers import IngestHandlers
from services.ingest.store.runs import IngestStore
from tests.support.ingest_api import EPISODE, IngestApi, hearing, ingest_api
from tests.support.rig import Rig
from tests.support.stub_stages import save_plan

pytestmark = pytest.mark.integration

RUN = "01JGFJJZ00ABCDEFGHJKMNPQR0"
OTHER = "other-show-s01e01"
NEW = {"show": "my-show", "season": 1, "episode": 2, "title": "Pilot"}


@pytest_asyncio.fixture
async def api(stack: Stack, database: Database) -> AsyncIterator[IngestApi]:
    async with ingest_api(stack, database) as running:
        yield running


@pytest_asyncio.fixture
async def listener(api: IngestApi) -> AsyncIterator[Rig]:
    async with hearing(api) as rig:
        yield rig


async def fill(api: IngestApi, database: Database, ep_id: str, run_id: str) -> None:
    """An episode with a run under way, artifacts of all kinds, and an upload that is not complete."""
    storage = api.resources.storage
    await save_plan(IngestStore(database), ep_id, run_id)
    for key in (
        f"raw/videos/{ep_id}/0123456789abcdef.mp4",
        f"artifacts/segments/{ep_id}/{run_id}/00000/tracks.jsonl",
        f"artifacts/manifests/{ep_id}/{run_id}/r00001/screen_time.json",
        f"artifacts/manifests/{ep_id}/screen_time.json",
        f"artifacts/clips/{ep_id}/clip.mp4",
    ):
        await storage.put(key, b"x")
    upload = {"ep_id": ep_id, "filename": "a.mp4", "bytes": 10, "sha256": "0" * 64}
    begun = await api.ask("POST", "/uploads", json=upload, status=201)
    async with httpx.AsyncClient() as client:
        await client.put(begun["urls"][0]["url"], content=b"x" * 10)


async def left_of(api: IngestApi, database: Database, ep_id: str) -> tuple[list[str], dict[str, int]]:
    """Every object whose key has the episode's id in it, and how many documents of each collection do."""
    keys = [key async for key in api.resources.storage.list_keys("") if ep_id in key]
    found = {}
    for name in await database.list_collection_names():
        found[name] = sum([ep_id in str(document) async for document in database[name].find({})])
    return keys, {name: count for name, count in found.items() if count and name != "audit"}


async def all_passes(api: IngestApi) -> None:
    await asyncio.sleep(0.01)
    while await api.deletion.sweep():
        await asyncio.sleep(0.01)


async def test_nothing_is_left_but_what_keeps_it_closed(api: IngestApi, database: Database, listener: Rig) -> None:
    for ep_id, run_id in ((EPISODE, RUN), (OTHER, f"{RUN[:-1]}1")):
        await fill(api, database, ep_id, run_id)
    kept = await left_of(api, database, OTHER)
    gone = await api.ask("DELETE", f"/episodes/{EPISODE}", status=202)
    assert gone["last_run_id"] > RUN
    await api.ask("GET", f"/episodes/{EPISODE}", status=404)
    await api.ask("DELETE", f"/episodes/{EPISODE}", status=404)
    assert [episode["ep_id"] for episode in (await api.ask("GET", "/episodes"))["items"]] == [OTHER]
    assert await api.deletion.sweep() == 1
    late = f"artifacts/segments/{EPISODE}/{RUN}/00003/late.jsonl"
    await api.resources.storage.put(late, b"late")
    await all_passes(api)

    assert await left_of(api, database, EPISODE) == ([], {"episodes": 1})
    stone = await database["episodes"].find_one({"_id": EPISODE})
    assert stone is not None
    stone.pop("deleted_at")
    assert stone == {
        "_id": EPISODE,
        "deleted": True,
        "last_run_id": gone["last_run_id"],
        "version": gone["version"],
        "outbox": [],
    }
    assert await left_of(api, database, OTHER) == kept
    cancelled = [e for e in await listener.events(RunCancelled.TOPIC) if isinstance(e, RunCancelled)]
    assert [(event.run_id, event.reason) for event in cancelled if event.ep_id == EPISODE] == [(RUN, "deleted")]
    deleted = [e for e in await listener.events(EpisodeDeleted.TOPIC) if isinstance(e, EpisodeDeleted)]
    assert [(e.last_run_id, e.version, e.who) for e in deleted if e.ep_id == EPISODE] == [
        (gone["last_run_id"], gone["version"], "local")
    ]
    unfinished = await api.resources.storage._client.list_multipart_uploads(Bucket=api.resources.storage.bucket)
    assert {upload["Key"].split("/")[1] for upload in unfinished.get("Uploads", ())} == {OTHER}


async def test_an_episode_that_is_created_again_keeps_what_is_its_own(api: IngestApi, database: Database) -> None:
    await fill(api, database, EPISODE, RUN)
    gone = await api.ask("DELETE", f"/episodes/{EPISODE}", status=202)
    made = await api.ask("POST", "/episodes", json=NEW, status=201)
    assert made["version"] == gone["version"] + 1
    filed = await api.ask(
        "POST", f"/episodes/{EPISODE}/video", files={"file": ("a.mp4", b"new", "video/mp4")}, status=202
    )
    later = filed["run"]["run_id"]
    assert later > gone["last_run_id"]
    await save_plan(IngestStore(database), EPISODE, later)
    await api.resources.storage.put(f"artifacts/segments/{EPISODE}/{later}/00000/tracks.jsonl", b"x")
    upload = {"ep_id": EPISODE, "filename": "a.mp4", "bytes": 10, "sha256": "0" * 64}
    begun = await api.ask("POST", "/uploads", json=upload, status=201)
    await all_passes(api)

    keys, documents = await left_of(api, database, EPISODE)
    assert [key for key in keys if RUN in key] == []
    assert f"artifacts/segments/{EPISODE}/{later}/00000/tracks.jsonl" in keys
    assert f"raw/videos/{EPISODE}/{filed['sha256'][:16]}.mp4" in keys
    assert documents == {"episodes": 1, "runs": 1, "run_segments": 4, "uploads": 1}
    assert (await api.ask("GET", f"/uploads/{begun['upload_id']}"))["missing"] == 1
    assert (await api.ask("GET", f"/episodes/{EPISODE}"))["current_run"]["run_id"] == later


async def test_the_fence_stays_closed_for_deleted_runs_and_open_for_later_ones(
    api: IngestApi, database: Database
) -> None:
    store, fence = IngestStore(database), RunFence(database)
    await save_plan(store, EPISODE, RUN)
    assert await fence.is_open(EPISODE, RUN)
    gone = await api.ask("DELETE", f"/episodes/{EPISODE}", status=202)
    later = run_id_for("u", datetime.now(UTC) + timedelta(seconds=1))
    assert not await fence.is_open(EPISODE, RUN)
    assert not await fence.is_open(EPISODE, gone["last_run_id"])
    assert await fence.is_open(EPISODE, later)
    await save_plan(store, EPISODE, later)
    assert await fence.is_open(EPISODE, later)
    assert not await fence.is_open(EPISODE, RUN)
    await all_passes(api)
    assert not await fence.is_open(EPISODE, RUN)
    assert await fence.is_open(EPISODE, later)


async def test_an_upload_from_before_the_deletion_is_refused_and_one_from_after_begins_anew(
    api: IngestApi, database: Database
) -> None:
    storage, store = api.resources.storage, IngestStore(database)
    handlers = IngestHandlers(api.resources, store, api.wiring.parts[0]._outbox)  # type: ignore[attr-defined]
    await save_plan(store, EPISODE, RUN)
    await api.ask("DELETE", f"/episodes/{EPISODE}", status=202)
    await all_passes(api)
    ref = await storage.put(f"raw/videos/{EPISODE}/a.mp4", b"not a video")
    event = EpisodeUploaded.model_validate({"ep_id": EPISODE, "video": {"uri": ref.uri}})
    for age_s, code in ((60, "episode_deleted"), (-1, "not_a_video")):
        time = datetime.now(UTC) - timedelta(seconds=age_s)
        with pytest.raises(BadInput) as caught:
            await handlers.episode_uploaded(event, Origin(event_id="e", time=time, topic=event.TOPIC))
        assert caught.value.code == code
