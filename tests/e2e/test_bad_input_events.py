"""Bad input that comes as an event: a stable code, one sentence, and the next episode is unaffected."""

from __future__ import annotations

import io
import re
import wave
import zipfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
import pytest_asyncio

from contracts.blobs import VideoRef
from contracts.events import EpisodeFailed, EpisodeUploaded, RunStarted
from screenalytics.machine import run_machine
from screenalytics.stack import check_installed
from tests.support.pipeline import Pipeline, pipeline_on
from tests.support.videos import write_video

pytestmark = pytest.mark.e2e

SHA = "0" * 64


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return write_video(tmp_path_factory.mktemp("good") / "v.mp4", seconds=2.0).read_bytes()


@pytest.fixture(scope="module")
def matroska(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return write_video(tmp_path_factory.mktemp("good") / "v.mkv", seconds=2.0).read_bytes()


@pytest_asyncio.fixture(scope="module")
async def ingest() -> AsyncIterator[Pipeline]:
    """The embedded servers with ingest alone; inference is not needed to refuse a video."""
    missing = check_installed()
    if missing:
        pytest.skip(f"embedded servers missing: {missing}")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("SCREENALYTICS_TRITON__URL", "127.0.0.1:9")
        environment.setenv("SCREENALYTICS_LIMITS__LONGEST_S", "60")
        environment.setenv("SCREENALYTICS_LIMITS__LONG_SIDE", "640")
        async with (
            run_machine(services=["ingest"], say=lambda _: None, on_event=lambda _: None) as machine,
            pipeline_on(machine) as running,
        ):
            await running.storage.ensure_bucket()
            yield running


def silence() -> bytes:
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(bytes(16000))
    return buffer.getvalue()


def archive() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as zipped:
        zipped.writestr("video.mp4", b"no")
    return buffer.getvalue()


def picture(suffix: str) -> bytes:
    return bytes(cv2.imencode(suffix, np.full((64, 64, 3), 127, dtype=np.uint8))[1])


CONTENTS: dict[str, tuple[Callable[[bytes, bytes], bytes], str]] = {
    "empty": (lambda good, mkv: b"", "empty_file"),
    "one-byte": (lambda good, mkv: b"x", "not_a_video"),
    "text": (lambda good, mkv: b"this is not a video\n" * 500, "not_a_video"),
    "html": (lambda good, mkv: b"<!doctype html><html><body>404</body></html>" * 50, "not_a_video"),
    "json": (lambda good, mkv: b'{"error": "expired"}', "not_a_video"),
    "zip": (lambda good, mkv: archive(), "not_a_video"),
    "random": (lambda good, mkv: np.random.default_rng(1).bytes(50_000), "not_a_video"),
    "zeros": (lambda good, mkv: bytes(100_000), "not_a_video"),
    "picture-jpg": (lambda good, mkv: picture(".jpg"), "not_a_video"),
    "picture-png": (lambda good, mkv: picture(".png"), "not_a_video"),
    "playlist": (lambda good, mkv: b"#EXTM3U\n#EXTINF:10,\nhttp://127.0.0.1/x.ts\n#EXT-X-ENDLIST\n", "not_a_video"),
    "concat-script": (lambda good, mkv: b"ffconcat version 1.0\nfile /etc/passwd\n", "not_a_video"),
    "sound": (lambda good, mkv: silence(), "no_video_stream"),
    "half": (lambda good, mkv: good[: len(good) // 2], "truncated_video"),
    "head-only": (lambda good, mkv: good[:40], "truncated_video"),
    "matroska-head": (
        lambda good, mkv: mkv[:60],
        "not_a_video|truncated_video|no_video_stream|zero_duration|unreadable",
    ),
}


async def failure_of(ingest: Pipeline, event: EpisodeUploaded) -> EpisodeFailed:
    event_id = await ingest.emit(event)
    return await ingest.log.first(EpisodeFailed, upload_event_id=event_id)


def assert_speaks_to_people(failure: EpisodeFailed, codes: str) -> None:
    assert re.fullmatch(codes, failure.code), (failure.code, failure.message)
    assert failure.message.endswith(".")
    assert failure.message.count("\n") == 0
    assert not any(word in failure.message for word in ("Traceback", "Errno", "http://127", "/tmp/"))


@pytest.mark.parametrize("name", sorted(CONTENTS))
async def test_a_file_that_is_no_episode(ingest: Pipeline, video: bytes, matroska: bytes, name: str) -> None:
    make, codes = CONTENTS[name]
    ref = await ingest.storage.put(f"raw/bad/{name}.mp4", make(video, matroska), media_type="video/mp4")
    upload = EpisodeUploaded(ep_id=f"bad-{name}-s01e01", video=VideoRef(uri=ref.uri, sha256=ref.sha256))
    assert_speaks_to_people(await failure_of(ingest, upload), codes)


async def test_an_object_that_is_not_there(ingest: Pipeline) -> None:
    upload = EpisodeUploaded(ep_id="gone-s01e01", video=VideoRef(uri=ingest.storage.uri("raw/nothing.mp4")))
    assert_speaks_to_people(await failure_of(ingest, upload), "object_missing")


async def test_a_bucket_that_is_not_there(ingest: Pipeline) -> None:
    upload = EpisodeUploaded(ep_id="gone-s01e02", video=VideoRef(uri="s3://no-such-bucket/v.mp4"))
    assert_speaks_to_people(await failure_of(ingest, upload), "object_missing")


@pytest.mark.parametrize("wrong", ["sha256", "bytes"])
async def test_an_object_that_is_not_the_announced_one(ingest: Pipeline, video: bytes, wrong: str) -> None:
    ref = await ingest.storage.put(f"raw/changed-{wrong}.mp4", video)
    announced = VideoRef.model_validate({"uri": ref.uri, wrong: SHA if wrong == "sha256" else 1})
    upload = EpisodeUploaded(ep_id=f"changed-{wrong}-s01e01", video=announced)
    assert_speaks_to_people(await failure_of(ingest, upload), "object_changed")


async def test_an_episode_that_is_too_long(ingest: Pipeline, tmp_path: Path) -> None:
    data = write_video(tmp_path / "long.mp4", seconds=61.0, size=(64, 64), fps=2).read_bytes()
    ref = await ingest.storage.put("raw/long.mp4", data)
    upload = EpisodeUploaded(ep_id="long-s01e01", video=VideoRef(uri=ref.uri))
    assert_speaks_to_people(await failure_of(ingest, upload), "too_long")


async def test_a_picture_that_is_too_large(ingest: Pipeline, tmp_path: Path) -> None:
    data = write_video(tmp_path / "large.mp4", seconds=0.2, size=(1280, 720)).read_bytes()
    ref = await ingest.storage.put("raw/large.mp4", data)
    upload = EpisodeUploaded(ep_id="large-s01e01", video=VideoRef(uri=ref.uri))
    assert_speaks_to_people(await failure_of(ingest, upload), "too_large_picture")


@pytest.mark.parametrize(
    ("key", "seconds", "size"),
    [
        ("plain.mp4", 2.0, (320, 240)),
        ("one-frame.mp4", 0.04, (320, 240)),
        ("odd-sizes.mkv", 1.0, (322, 182)),
        ("tiny.mp4", 1.0, (34, 34)),
        ("Ünï cödé – épisode 1.mp4", 1.0, (320, 240)),
        ("..%2F..%2Fetc%2Fpasswd.mp4", 1.0, (320, 240)),
        ("transport.ts", 2.0, (320, 240)),
    ],
)
async def test_what_only_looks_strange_is_planned(
    ingest: Pipeline, tmp_path: Path, key: str, seconds: float, size: tuple[int, int]
) -> None:
    path = write_video(tmp_path / f"v{Path(key).suffix}", seconds=seconds, size=size)
    ref = await ingest.storage.put(f"raw/good/{key}", path.read_bytes())
    number = len(key)
    upload = EpisodeUploaded(ep_id=f"strange-s01e{number:02d}", video=VideoRef(uri=ref.uri, filename=key))
    event_id = await ingest.emit(upload)
    started = await ingest.log.first(RunStarted, upload_event_id=event_id)
    assert (started.width, started.height) == size
    assert started.duration_s == pytest.approx(seconds, abs=0.2)


async def test_after_all_that_a_good_episode_is_planned(ingest: Pipeline, video: bytes) -> None:
    ref = await ingest.storage.put("raw/last.mp4", video)
    event_id = await ingest.emit(EpisodeUploaded(ep_id="last-s01e01", video=VideoRef(uri=ref.uri)))
    started = await ingest.log.first(RunStarted, upload_event_id=event_id)
    assert started.segments == 1
