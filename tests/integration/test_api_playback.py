"""What a browser plays: the video itself where it can, else a proxy that is made once, and goes with its episode."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import av
import httpx
import pytest
import pytest_asyncio

from chassis import service
from chassis.errors import DependencyUnavailable
from chassis.mongo.database import Database
from screenalytics.local.servers import Stack
from services.ingest.app import wire
from services.ingest.commands.proxies import ProxyMaker
from services.ingest.store.proxies import MOST_TRIES, ProxyStore
from services.ingest.store.runs import IngestStore
from services.ingest.video.growing_file import PIECE_BYTES
from tests.support import proxy_makers
from tests.support.ingest_api import EPISODE, FINISHED_RUN, IngestApi, ingest_api, plan_of
from tests.support.rig import until
from tests.support.videos import write_video

pytestmark = pytest.mark.integration

PLAYBACK, FRAMES = f"/episodes/{EPISODE}/playback", f"/episodes/{EPISODE}/frames"


@pytest_asyncio.fixture
async def api(stack: Stack, database: Database) -> AsyncIterator[IngestApi]:
    async with ingest_api(stack, database) as running:
        yield running


async def planned(api: IngestApi, folder: Path, suffix: str) -> bytes:
    """An episode of six seconds with a run of its video."""
    video = write_video(folder / f"episode.{suffix}", seconds=6).read_bytes()
    ref = await api.resources.storage.put(f"raw/videos/{EPISODE}/episode.{suffix}", video)
    await plan_of(IngestStore(api.resources.database), EPISODE, FINISHED_RUN, ref)
    return video


def maker(api: IngestApi, make: Callable[..., Any] | None = None) -> ProxyMaker:
    settings = api.resources.settings
    store, proxies = IngestStore(api.resources.database), ProxyStore(api.resources.database)
    if make is None:
        return ProxyMaker(store, proxies, api.resources.storage, settings.proxies, settings.decoding)
    return ProxyMaker(store, proxies, api.resources.storage, settings.proxies, settings.decoding, make)


async def objects(api: IngestApi, prefix: str) -> list[str]:
    return [key async for key in api.resources.storage.list_keys(prefix)]


async def unfinished(api: IngestApi) -> list[str]:
    """Keys of uploads that nobody completed."""
    storage = api.resources.storage
    found = await storage._client.list_multipart_uploads(Bucket=storage.bucket)
    return [upload["Key"] for upload in found.get("Uploads", ())]


async def test_a_video_that_browsers_play_is_played_itself(api: IngestApi, tmp_path: Path) -> None:
    assert (await api.ask("GET", PLAYBACK, status=404))["code"] == "unknown_episode"
    video = await planned(api, tmp_path, "mp4")
    for method in ("GET", "POST"):
        found = await api.ask(method, PLAYBACK)
        assert (found["state"], found["source"], found["why"], found["starts_at_s"]) == ("ready", "original", None, 0.0)
    async with httpx.AsyncClient() as client:
        part = await client.get(found["url"], headers={"Range": "bytes=100-199"})
    assert (part.status_code, part.content) == (206, video[100:200])
    assert await maker(api).sweep() == 0
    table = await api.ask("GET", FRAMES)
    assert (table["frames"], len(table["delta"]), table["count"], table["first"]) == (150, 1, [150], 0)
    numerator, denominator = table["tick_s"]
    assert table["delta"][0] * numerator / denominator == pytest.approx(0.04)
    assert len(await objects(api, f"artifacts/frames/{EPISODE}/")) == 1
    (key,) = await objects(api, f"artifacts/frames/{EPISODE}/")
    async with ingest_api_again(api) as again:
        await api.resources.storage.put(key, b'{"table": {"frames": 1, "tick_s": [1, 2], "first": 0, "delta": [1], '
                                             b'"count": [1]}, "unplayable": null}')  # fmt: skip
        assert (await again.ask("GET", FRAMES))["frames"] == 1, "another process reads what was kept"


@asynccontextmanager
async def ingest_api_again(api: IngestApi) -> AsyncIterator[IngestApi]:
    """Another replica on the same stores."""
    async with service.connect("ingest", api.resources.settings, inference=False) as resources:
        wiring = wire(resources)
        app = service.application_of("ingest", resources, wiring)
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://test", timeout=30) as client:
            yield IngestApi(client=client, app=app, resources=resources, wiring=wiring)


async def test_a_proxy_is_made_once_and_read_by_ranges(api: IngestApi, tmp_path: Path) -> None:
    await planned(api, tmp_path, "mkv")
    found = await api.ask("GET", PLAYBACK)
    assert (found["state"], found["source"], found["url"]) == ("not_made", "proxy", None)
    assert "matroska" in found["why"]
    assert [(await api.ask("POST", PLAYBACK))["state"] for _ in range(2)] == ["queued", "queued"]
    makers = [maker(api), maker(api)]
    assert sorted(await asyncio.gather(*(one.sweep() for one in makers))) == [0, 1], "one of two makes it"
    found = await api.ask("GET", PLAYBACK)
    assert (found["state"], found["fraction"], found["failure"]) == ("ready", 1.0, None)
    async with httpx.AsyncClient() as client:
        content = (await client.get(found["url"])).content
        part = await client.get(found["url"], headers={"Range": "bytes=0-3"})
    assert (part.status_code, part.content) == (206, b"\x1a\x45\xdf\xa3")
    assert part.headers["content-type"] == "video/webm"
    with av.open(io.BytesIO(content)) as made:
        assert sum(1 for _ in made.decode(video=0)) == 150
    assert (await api.ask("POST", PLAYBACK))["state"] == "ready"
    assert await maker(api).sweep() == 0
    assert len(await objects(api, "artifacts/proxies/")) == 1
    assert await unfinished(api) == []


async def test_a_large_file_is_put_together_in_order(api: IngestApi, tmp_path: Path) -> None:
    await planned(api, tmp_path, "mkv")
    await api.ask("POST", PLAYBACK)
    await maker(api, proxy_makers.in_pieces).sweep()
    (key,) = await objects(api, "artifacts/proxies/")
    content = await api.resources.storage.read(api.resources.storage.uri(key))
    assert len(content) == 3 * PIECE_BYTES + 100
    assert [content[place : place + 1] for place in (0, PIECE_BYTES, 2 * PIECE_BYTES, 3 * PIECE_BYTES)] == [
        b"A",
        b"B",
        b"C",
        b"D",
    ]


@pytest.mark.parametrize(
    ("make", "code"), [(proxy_makers.refused, "no_picture"), (proxy_makers.crashing, "decoder_crashed")]
)
async def test_what_cannot_be_made_is_said_and_tried_again_when_asked(
    api: IngestApi, tmp_path: Path, make: Callable[..., Any], code: str
) -> None:
    await planned(api, tmp_path, "mkv")
    await api.ask("POST", PLAYBACK)
    await maker(api, make).sweep()
    found = await api.ask("GET", PLAYBACK)
    assert (found["state"], found["failure"]["code"], found["url"]) == ("failed", code, None)
    assert await unfinished(api) == []
    again = await api.ask("POST", PLAYBACK)
    assert (again["state"], again["failure"]) == ("queued", None)
    await maker(api, proxy_makers.in_pieces).sweep()
    assert (await api.ask("GET", PLAYBACK))["state"] == "ready"


async def test_a_store_that_is_away_is_waited_for(api: IngestApi, tmp_path: Path, database: Database) -> None:
    await planned(api, tmp_path, "mkv")
    await api.ask("POST", PLAYBACK)
    with pytest.raises(DependencyUnavailable):
        await maker(api, proxy_makers.away).sweep()
    job = await database["proxies"].find_one({})
    assert job is not None
    assert (job["state"], job["tries"]) == ("queued", 0)
    assert job["due_at"] > datetime.now(UTC)
    await due_now(database)
    await maker(api, proxy_makers.in_pieces).sweep()
    assert (await api.ask("GET", PLAYBACK))["state"] == "ready"


async def test_a_maker_that_is_not_heard_of_is_followed_by_another(
    api: IngestApi, tmp_path: Path, database: Database
) -> None:
    await planned(api, tmp_path, "mkv")
    await api.ask("POST", PLAYBACK)
    lost = asyncio.create_task(maker(api, proxy_makers.for_ever).sweep())
    await until("a part of it", lambda: is_at(api, 0.5))
    assert len(await unfinished(api)) == 1

    async def taken_up() -> bool:
        await due_now(database)
        return await maker(api, proxy_makers.in_pieces).sweep() == 1

    await until("another maker", taken_up)
    assert await asyncio.wait_for(lost, 10) == 1, "the one before sees that it was overtaken"
    assert await unfinished(api) == []
    assert (await api.ask("GET", PLAYBACK))["state"] == "ready"


async def test_a_video_that_ends_every_maker_is_given_up(api: IngestApi, tmp_path: Path, database: Database) -> None:
    await planned(api, tmp_path, "mkv")
    await api.ask("POST", PLAYBACK)
    for _ in range(MOST_TRIES):
        assert await ProxyStore(database).claim(for_s=0) is not None
        await due_now(database)
    await maker(api, proxy_makers.in_pieces).sweep()
    assert (await api.ask("GET", PLAYBACK))["failure"]["code"] == "worker_crashed"


async def test_it_goes_with_its_episode_also_while_it_is_made(
    api: IngestApi, tmp_path: Path, database: Database
) -> None:
    await planned(api, tmp_path, "mkv")
    await api.ask("POST", PLAYBACK)
    making = asyncio.create_task(maker(api, proxy_makers.for_ever).sweep())
    await until("a part of it", lambda: is_at(api, 0.5))
    await api.ask("DELETE", f"/episodes/{EPISODE}", status=202)
    await asyncio.sleep(0.01)
    while await api.deletion.sweep():
        await asyncio.sleep(0.01)
    assert await asyncio.wait_for(making, 10) == 1
    assert await database["proxies"].count_documents({}) == 0
    assert await objects(api, "artifacts/") == []
    assert await unfinished(api) == []
    assert (await api.ask("GET", PLAYBACK, status=404))["code"] == "unknown_episode"


async def is_at(api: IngestApi, fraction: float) -> bool:
    return bool((await api.ask("GET", PLAYBACK))["fraction"] == fraction)


async def due_now(database: Database) -> None:
    await database["proxies"].update_many({}, {"$set": {"due_at": datetime.now(UTC) - timedelta(seconds=1)}})
