"""Two videos and one episode id: whatever way the second comes in, the first one keeps its place until somebody says so."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import pytest_asyncio
from ulid import ULID

from chassis.errors import Conflict
from chassis.kafka.bus import Origin
from chassis.mongo.database import Database
from chassis.mongo.outbox import Outbox
from contracts.blobs import VideoRef
from contracts.events import EpisodeUploaded, Event, RunStarted
from screenalytics.events.emitter import check_unclaimed
from screenalytics.local.servers import Stack
from services.ingest.handlers import IngestHandlers
from services.ingest.store.runs import IngestStore
from tests.support.ingest_api import EPISODE, IngestApi, ingest_api
from tests.support.videos import write_video

pytestmark = pytest.mark.integration

FILM, OTHER = b"a film", b"another film of the same name"


@pytest_asyncio.fixture
async def api(stack: Stack, database: Database) -> AsyncIterator[IngestApi]:
    async with ingest_api(stack, database) as running:
        yield running


def files(content: bytes) -> dict[str, tuple[str, bytes, str]]:
    return {"file": ("film.mp4", content, "video/mp4")}


async def test_an_upload_never_replaces_another_video_unless_it_is_forced(api: IngestApi) -> None:
    path, quietly = f"/episodes/{EPISODE}/video", {"start": "false"}
    await api.ask("POST", path, files=files(FILM), data=quietly, status=202)
    await api.ask("POST", path, files=files(FILM), data=quietly, status=202)
    refused = await api.ask("POST", path, files=files(OTHER), data=quietly, status=409)
    assert refused["code"] == "episode_taken"
    assert "film.mp4" in refused["message"] and "force" in refused["message"]
    kept = [key async for key in api.resources.storage.list_keys("raw/")]
    assert kept == [f"raw/videos/{EPISODE}/{hashlib.sha256(FILM).hexdigest()[:16]}.mp4"], (
        "nothing of the other was kept"
    )
    replaced = await api.ask("POST", path, files=files(OTHER), data={"start": "false", "force": "true"}, status=202)
    assert replaced["sha256"] == hashlib.sha256(OTHER).hexdigest()


async def test_an_upload_in_parts_is_refused_before_a_part_is_sent(api: IngestApi) -> None:
    await api.ask("POST", f"/episodes/{EPISODE}/video", files=files(FILM), data={"start": "false"}, status=202)
    wanted = {"ep_id": EPISODE, "filename": "film.mp4", "bytes": len(OTHER), "start": False}
    wanted |= {"sha256": hashlib.sha256(OTHER).hexdigest()}
    assert (await api.ask("POST", "/uploads", json=wanted, status=409))["code"] == "episode_taken"
    begun = await api.ask("POST", "/uploads", json=wanted | {"force": True}, status=201)
    assert begun["state"] == "open"


async def test_a_registration_never_replaces_another_video_unless_it_is_forced(api: IngestApi) -> None:
    storage, path = api.resources.storage, f"/episodes/{EPISODE}/register"
    film = await storage.put(f"raw/videos/{EPISODE}/film.mp4", FILM)
    other = await storage.put(f"raw/videos/{EPISODE}/other.mp4", OTHER)
    await api.ask("POST", path, json={"uri": film.uri, "start": False}, status=202)
    refused = await api.ask("POST", path, json={"uri": other.uri, "start": False}, status=409)
    assert refused["code"] == "episode_taken"
    await api.ask("POST", path, json={"uri": other.uri, "start": False, "force": True}, status=202)


async def test_an_event_never_replaces_another_video_unless_it_is_forced(api: IngestApi, tmp_path: Path) -> None:
    store = IngestStore(api.resources.database)
    handlers = IngestHandlers(api.resources, store, Outbox(api.bus, [store.episodes.collection, store.collection]))
    videos = {}
    for name, seconds in (("film", 2.0), ("other", 3.0)):
        path = write_video(tmp_path / f"{name}.mp4", seconds=seconds)
        kept = await api.resources.storage.upload_file(f"raw/videos/{EPISODE}/{name}.mp4", path)
        videos[name] = VideoRef(uri=kept.uri, filename=path.name)

    async def upload(name: str, *, force: bool = False) -> list[Event]:
        event = EpisodeUploaded(ep_id=EPISODE, video=videos[name], force=force, request_id=str(ULID()))
        origin = Origin(event_id=event.event_id, time=datetime.now(UTC), topic=event.TOPIC)
        return await handlers.episode_uploaded(event, origin)

    def run_of(events: list[Event]) -> str:
        return next(event.run_id for event in events if isinstance(event, RunStarted))

    first = run_of(await upload("film"))
    with pytest.raises(Conflict) as caught:
        await upload("other")
    assert caught.value.code == "episode_taken" and "film.mp4" in caught.value.message
    assert run_of(await upload("film")) == first, "the same content is the same run"
    current = await store.current_run(EPISODE)
    assert current is not None and current.run_id == first
    assert run_of(await upload("other", force=True)) != first
    with pytest.raises(Conflict):
        await upload("film")


async def test_the_command_that_only_emits_looks_into_the_bucket_first(api: IngestApi, tmp_path: Path) -> None:
    storage = api.resources.storage
    film, other = tmp_path / "film.mp4", tmp_path / "other.mp4"
    film.write_bytes(FILM)
    other.write_bytes(OTHER)
    await check_unclaimed(storage, film, EPISODE)
    await storage.put(f"raw/videos/{EPISODE}/{hashlib.sha256(FILM).hexdigest()[:16]}.mp4", FILM)
    await check_unclaimed(storage, film, EPISODE)
    with pytest.raises(Conflict) as caught:
        await check_unclaimed(storage, other, EPISODE)
    assert caught.value.code == "episode_taken" and "--force" in caught.value.message
