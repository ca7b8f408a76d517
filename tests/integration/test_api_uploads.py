"""Videos on their way in, the video and its clips, over HTTP and on real S3."""

from __future__ import annotations

import hashlib
import io
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import av
import httpx
import pytest
import pytest_asyncio

from chassis.mongo.database import Database
from chassis.settings import ApiSettings
from screenalytics.http_client.episodes import AsyncScreenalytics
from screenalytics.local.servers import Stack
from services.ingest.settings import UploadSettings
from tests.support.ingest_api import EPISODE, IngestApi, ingest_api
from tests.support.rig import until
from tests.support.sounding_videos import write_sounding_video
from tests.support.videos import write_video

pytestmark = pytest.mark.integration

MIB = 2**20
BIG = bytes(range(256)) * (11 * 4096)
"""11 MiB: three parts of 5 MiB."""


@pytest_asyncio.fixture
async def api(stack: Stack, database: Database) -> AsyncIterator[IngestApi]:
    uploads = UploadSettings(part_bytes=5 * MIB, urls_at_once=2)
    async with ingest_api(stack, database, uploads=uploads, api=ApiSettings(max_upload_bytes=4 * MIB)) as running:
        yield running


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return write_video(tmp_path_factory.mktemp("videos") / "episode.mp4", seconds=6).read_bytes()


def announced(data: bytes, **more: Any) -> dict[str, Any]:
    return {
        "ep_id": EPISODE,
        "filename": "../../etc/pa\u00dfwd/My Episode.MP4",
        "bytes": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
        **more,
    }


async def put_parts(upload: dict[str, Any], data: bytes) -> None:
    """PUT what the upload has URLs for, as a browser does."""
    async with httpx.AsyncClient() as client:
        for part in upload["urls"]:
            start = (part["part"] - 1) * upload["part_bytes"]
            answer = await client.put(part["url"], content=data[start : start + part["bytes"]])
            assert answer.status_code == 200


async def keys(api: IngestApi, prefix: str = "") -> list[str]:
    return sorted([key async for key in api.resources.storage.list_keys(prefix)])


async def test_an_upload_in_parts_goes_on_after_a_break(api: IngestApi, database: Database) -> None:
    once = {"Idempotency-Key": "u1"}
    begun = await api.ask("POST", "/uploads", json=announced(BIG, title="Pilot"), headers=once, status=201)
    again = await api.ask("POST", "/uploads", json=announced(BIG, title="Pilot"), headers=once, status=201)
    assert again["upload_id"] == begun["upload_id"]
    another = await api.ask("POST", "/uploads", json=announced(BIG), headers=once, status=409)
    assert another["code"] == "command_id_used"
    assert [begun["parts"], begun["missing"], [url["bytes"] for url in begun["urls"]]] == [3, 3, [5 * MIB, 5 * MIB]]
    path = f"/uploads/{begun['upload_id']}"
    await put_parts(begun, BIG)
    assert (await api.ask("POST", f"{path}/complete", status=409))["code"] == "upload_incomplete"
    rest = await api.ask("GET", path)
    assert [rest["uploaded"], [url["part"] for url in rest["urls"]]] == [[1, 2], [3]]
    await put_parts(rest, BIG)
    done = await api.ask("POST", f"{path}/complete")
    assert (done["state"], done["urls"]) == ("completed", [])
    assert await api.ask("POST", f"{path}/complete") == done
    assert await api.ask("DELETE", path) == done

    digest = hashlib.sha256(BIG).hexdigest()
    assert await keys(api) == [f"raw/videos/{EPISODE}/{digest[:16]}.mp4"]
    assert await api.resources.storage.find(f"raw/videos/{EPISODE}/{digest[:16]}.mp4") == (len(BIG), digest)
    episode = await api.ask("GET", f"/episodes/{EPISODE}")
    assert (episode["title"], episode["has_video"]) == ("Pilot", True)
    run = await api.ask("GET", f"/episodes/{EPISODE}/runs/{done['run_id']}")
    assert run["state"] == "requested"


async def test_a_wrong_hash_is_refused_and_removed(api: IngestApi) -> None:
    good = b"x" * 1000
    wrong = announced(good, sha256="0" * 64, start=False)
    begun = await api.ask("POST", "/uploads", json=wrong, status=201)
    await put_parts(begun, good)
    path = f"/uploads/{begun['upload_id']}"
    assert (await api.ask("POST", f"{path}/complete", status=422))["code"] == "hash_mismatch"
    assert await keys(api) == []
    assert (await api.ask("GET", path))["state"] == "rejected"
    assert (await api.ask("POST", f"{path}/complete", status=409))["code"] == "upload_closed"
    await api.ask("GET", f"/episodes/{EPISODE}", status=404)


async def test_a_part_of_the_wrong_size_is_missing(api: IngestApi) -> None:
    begun = await api.ask("POST", "/uploads", json=announced(b"x" * 1000), status=201)
    async with httpx.AsyncClient() as client:
        await client.put(begun["urls"][0]["url"], content=b"x" * 999)
    refused = await api.ask("POST", f"/uploads/{begun['upload_id']}/complete", status=409)
    assert refused["code"] == "upload_incomplete"
    assert (await api.ask("DELETE", f"/uploads/{begun['upload_id']}"))["state"] == "aborted"
    assert await keys(api) == []
    await api.ask("GET", "/uploads/01JGFJJZ00ABCDEFGHJKMNPQR9", status=404)


async def test_only_the_episodes_own_objects_are_registered(api: IngestApi) -> None:
    storage = api.resources.storage
    ref = await storage.put(f"raw/videos/{EPISODE}/mine.mp4", b"mine")
    other = await storage.put("raw/videos/other-show-s01e01/theirs.mp4", b"theirs")
    path = f"/episodes/{EPISODE}/register"
    for uri in (
        other.uri,
        f"s3://elsewhere/raw/videos/{EPISODE}/mine.mp4",
        storage.uri(f"raw/videos/{EPISODE}/a/b.mp4"),
    ):
        assert (await api.ask("POST", path, json={"uri": uri}, status=422))["code"] == "not_our_object"
    for name in ("../other-show-s01e01/theirs.mp4", ""):
        uri = storage.uri(f"raw/videos/{EPISODE}/{name}")
        assert (await api.ask("POST", path, json={"uri": uri}, status=400))["code"] == "bad_key"
    missing = storage.uri(f"raw/videos/{EPISODE}/none.mp4")
    assert (await api.ask("POST", path, json={"uri": missing}, status=422))["code"] == "object_missing"
    wrong = {"uri": ref.uri, "sha256": "0" * 64}
    assert (await api.ask("POST", path, json=wrong, status=422))["code"] == "hash_mismatch"
    filed = await api.ask("POST", path, json={"uri": ref.uri, "start": False}, status=202)
    assert filed == {"ep_id": EPISODE, "sha256": ref.sha256, "bytes": 4, "run": None}
    assert (await api.ask("POST", f"/episodes/{EPISODE}/clip", status=405))["code"] == "method_not_allowed"
    early = await api.ask("GET", f"/episodes/{EPISODE}/clip?start_s=0&end_s=1", status=409)
    assert early["code"] == "no_run"


async def test_a_small_video_is_uploaded_planned_and_shown(api: IngestApi, video: bytes) -> None:
    path = f"/episodes/{EPISODE}/video"
    file = {"file": ("../../x/\u00e9pisode one.mp4", video, "video/mp4")}
    filed = await api.ask("POST", path, files=file, data={"title": "Pilot"}, status=202)
    assert filed["run"]["created"]
    assert await keys(api, "raw/") == [f"raw/videos/{EPISODE}/{filed['sha256'][:16]}.mp4"]
    await api.ask("POST", path, files={"file": ("a.mp4", b"", "video/mp4")}, status=422)
    await api.ask("POST", path, files={"file": ("a.mp4", b"x" * (5 * MIB), "video/mp4")}, status=413)
    await api.ask("POST", path, data={"title": "no file"}, status=415)
    await api.bus.start()

    async def planned() -> bool:
        answer = await api.client.get(f"/episodes/{EPISODE}/runs/{filed['run']['run_id']}")
        return bool(answer.json()["data"]["state"] == "running")

    async def looked_at() -> bool:
        return (await api.ask("GET", path))["codec"] is not None

    await until("the run that was answered", planned)
    await until("what the video is", looked_at)  # it is kept after the run has begun
    facts = await api.ask("GET", path)
    assert (facts["codec"], facts["fps"], facts["width"], facts["height"]) == ("h264", 25.0, 320, 240)
    assert facts["duration_s"] == pytest.approx(6.0)
    assert (facts["sha256"], facts["bytes"]) == (filed["sha256"], len(video))
    async with httpx.AsyncClient() as client:
        assert (await client.get(facts["url"])).content == video

        clip = await api.ask("GET", f"/episodes/{EPISODE}/clip?start_s=2.41&end_s=4.38")
        assert (clip["start_s"], clip["end_s"]) == (2.4, 4.4)
        seconds, frames = _read_clip((await client.get(clip["url"])).content)
    assert frames == 50
    assert seconds == pytest.approx(2.0, abs=0.05)
    made = await keys(api, "artifacts/clips/")
    await api.ask("GET", f"/episodes/{EPISODE}/clip?start_s=2.45&end_s=4.4")
    assert await keys(api, "artifacts/clips/") == made
    assert len(made) == 1
    for query in ("start_s=3&end_s=3", "start_s=7&end_s=9", "start_s=4&end_s=2"):
        assert (await api.ask("GET", f"/episodes/{EPISODE}/clip?{query}", status=422))["code"] == "bad_range"
    await api.ask("GET", f"/episodes/{EPISODE}/clip?start_s=nan&end_s=2", status=422)


async def test_a_clip_of_a_video_in_the_bucket_is_heard(api: IngestApi, tmp_path: Path) -> None:
    path = f"/episodes/{EPISODE}/video"
    video = write_sounding_video(tmp_path / "v.mp4").read_bytes()
    filed = await api.ask("POST", path, files={"file": ("v.mp4", video, "video/mp4")}, status=202)
    await api.bus.start()

    async def planned() -> bool:
        run = (await api.ask("GET", f"/episodes/{EPISODE}/status"))["run"]
        return run is not None and bool(run["run_id"] == filed["run"]["run_id"])

    await until("the run", planned)
    clip = await api.ask("GET", f"/episodes/{EPISODE}/clip?start_s=2&end_s=5")
    async with httpx.AsyncClient() as client:
        data = (await client.get(clip["url"])).content
    with av.open(io.BytesIO(data)) as container:
        loud = [frame.time for frame in container.decode(audio=0) if abs(frame.to_ndarray()).max() > 0.1]
    assert loud[0] == pytest.approx(1.0, abs=0.05) and loud[-1] == pytest.approx(1.4, abs=0.05)


def _read_clip(data: bytes) -> tuple[float, int]:
    """Duration in seconds and number of frames of a WebM."""
    with av.open(io.BytesIO(data)) as container:
        stream = container.streams.video[0]
        assert stream.codec_context.name == "vp9"
        times = [frame.time for frame in container.decode(stream) if frame.time is not None]
    return max(times) - min(times) + 0.04, len(times)


async def test_the_sdk_sends_a_video_in_parts_and_begins_a_run(api: IngestApi, video: bytes, tmp_path: Path) -> None:
    film = tmp_path / "Night Shift S02E05.mp4"
    film.write_bytes(video + bytes(6 * MIB))  # what follows a film does no harm, and makes two parts
    sdk = AsyncScreenalytics("http://test", http=api.client)
    upload = await sdk.upload(film, EPISODE)
    run = (await sdk.get_run(EPISODE, upload.run_id)).data
    assert (run.run_id, run.state) == (upload.run_id, "requested")
    (kept,) = await keys(api, f"raw/videos/{EPISODE}/")
    assert await api.resources.storage.read(api.resources.storage.uri(kept)) == film.read_bytes()
    assert await sdk.upload(film, EPISODE) == upload, "the same file is the same upload"
    assert (await sdk.upload(film, EPISODE, force=True)).run_id != upload.run_id
