"""Bad input that comes as an event: a stable code, one sentence, and the next episode is unaffected."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from aiokafka import AIOKafkaProducer

from chassis.kafka.connection import client_options
from chassis.mongo.run_fence import MAX_AGE_S
from contracts.blobs import VideoRef
from contracts.events import (
    EpisodeFailed,
    EpisodeProgress,
    EpisodeUploaded,
    RunCancelled,
    RunStarted,
    SegmentReady,
)
from screenalytics.events.dead_letters import open_dead_letters
from screenalytics.local.machine import run_machine
from screenalytics.local.servers import check_installed
from tests.support.bad_videos import REFUSED, TAKEN, Refused, Taken
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
        async with (
            run_machine(services=["ingest"], say=lambda _: None, on_event=lambda _: None) as machine,
            pipeline_on(machine) as running,
        ):
            await running.storage.ensure_bucket()
            yield running


async def failure_of(ingest: Pipeline, event: EpisodeUploaded) -> EpisodeFailed:
    event_id = await ingest.emit(event)
    return await ingest.log.first(EpisodeFailed, upload_event_id=event_id)


def assert_speaks_to_people(failure: EpisodeFailed, codes: str) -> None:
    assert re.fullmatch(codes, failure.code), (failure.code, failure.message)
    assert failure.message.endswith(".")
    assert failure.message.count("\n") == 0
    assert not any(word in failure.message for word in ("Traceback", "Errno", "http://127", "/tmp/"))


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.name)
async def test_a_file_that_is_no_episode(ingest: Pipeline, tmp_path: Path, case: Refused) -> None:
    ref = await ingest.storage.put(f"raw/bad/{case.name}.mp4", case.make(tmp_path).read_bytes(), media_type="video/mp4")
    upload = EpisodeUploaded(ep_id=f"bad-{case.name}-s01e01", video=VideoRef(uri=ref.uri, sha256=ref.sha256))
    assert_speaks_to_people(await failure_of(ingest, upload), case.codes)


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


@pytest.mark.parametrize("case", TAKEN, ids=lambda case: case.name)
async def test_what_only_looks_strange_is_planned(ingest: Pipeline, tmp_path: Path, case: Taken) -> None:
    path = case.make(tmp_path)
    ref = await ingest.storage.put(f"raw/good/{case.name}/{path.name}", path.read_bytes())
    number = TAKEN.index(case)
    upload = EpisodeUploaded(ep_id=f"strange-s01e{number:02d}", video=VideoRef(uri=ref.uri, filename=path.name))
    event_id = await ingest.emit(upload)
    started = await ingest.log.first(RunStarted, upload_event_id=event_id)
    assert (started.width, started.height) == case.size
    assert case.duration_s is None or started.duration_s == pytest.approx(case.duration_s, abs=0.1)
    assert (case.problem or "") in " ".join(started.problems)
    assert bool(started.problems) == (case.problem is not None)
    first = await ingest.log.first(SegmentReady, run_id=started.run_id, segment=0)
    assert first.problems == started.problems


GOOD = {"ep_id": "raw-s01e01", "video": {"uri": "s3://bucket/v.mp4"}}
INVALID: dict[str, tuple[object, dict[str, bytes]]] = {
    "no-json": ("{", {}),
    "a-list": ([GOOD], {}),
    "nothing": ({}, {}),
    "no-episode": ({"video": GOOD["video"]}, {}),
    "path-tricks-in-the-id": (GOOD | {"ep_id": "../../etc-s01e01"}, {}),
    "unicode-id": (GOOD | {"ep_id": "é-s01e01"}, {}),
    "id-without-end": (GOOD | {"ep_id": "a" * 500 + "-s01e01"}, {}),
    "a-file-of-this-machine": (GOOD | {"video": {"uri": "file:///etc/passwd"}}, {}),
    "an-address-of-the-web": (GOOD | {"video": {"uri": "http://127.0.0.1/v.mp4"}}, {}),
    "no-hash": (GOOD | {"video": {"uri": "s3://bucket/v.mp4", "sha256": "abc"}}, {}),
    "a-negative-size": (GOOD | {"video": {"uri": "s3://bucket/v.mp4", "bytes": -1}}, {}),
    "an-unknown-profile": (GOOD | {"profile": "ultra"}, {}),
    "no-date": (GOOD | {"air_date": "yesterday"}, {}),
    "a-title-without-end": (GOOD | {"title": "x" * 201}, {}),
    "of-the-future": (GOOD, {"ce_type": b"screenalytics.episode.uploaded.v2"}),
    "of-another-kind": (GOOD, {"ce_type": b"screenalytics.segment.ready.v1"}),
}


@pytest.mark.parametrize("name", sorted(INVALID))
async def test_an_event_that_is_none_becomes_a_dead_letter_and_the_next_is_handled(
    ingest: Pipeline, video: bytes, name: str
) -> None:
    said, headers = INVALID[name]
    value = said.encode() if isinstance(said, str) else json.dumps(said).encode()
    options = client_options(ingest.settings.kafka)
    async with AIOKafkaProducer(**options) as producer:
        await producer.send_and_wait(EpisodeUploaded.TOPIC, value, key=name.encode(), headers=list(headers.items()))
    ref = await ingest.storage.put("raw/next.mp4", video)
    upload = EpisodeUploaded(ep_id="next-s01e01", video=VideoRef(uri=ref.uri), request_id=name, force=True)
    await ingest.log.first(RunStarted, upload_event_id=await ingest.emit(upload))
    async with open_dead_letters(ingest.settings) as letters, asyncio.timeout(30):
        while not (found := [letter for letter in await letters.read(["ingest"]) if letter.key == name]):
            await asyncio.sleep(0.1)
    assert [(letter.value, letter.reason("kind")) for letter in found] == [(value, "invalid")]


async def test_an_event_of_a_deleted_episode_changes_nothing(ingest: Pipeline, video: bytes) -> None:
    ref = await ingest.storage.put("raw/deleted.mp4", video)
    event_id = await ingest.emit(EpisodeUploaded(ep_id="deleted-s01e01", video=VideoRef(uri=ref.uri)))
    started = await ingest.log.first(RunStarted, upload_event_id=event_id)
    await ingest.database["episodes"].update_one(
        {"_id": "deleted-s01e01"}, {"$set": {"deleted": True, "last_run_id": started.run_id}}
    )
    await asyncio.sleep(MAX_AGE_S)
    before = await ingest.database["runs"].find_one({"_id": started.run_id})
    await ingest.emit(
        EpisodeProgress(ep_id=started.ep_id, run_id=started.run_id, stage="detector", segment=0, done=1, total=1)
    )
    await ingest.log.quiet(1.0)
    assert await ingest.database["runs"].find_one({"_id": started.run_id}) == before


async def test_the_same_upload_twice_is_one_run(ingest: Pipeline, video: bytes) -> None:
    ref = await ingest.storage.put("raw/twice.mp4", video)
    upload = EpisodeUploaded(ep_id="twice-s01e01", video=VideoRef(uri=ref.uri, sha256=ref.sha256))
    await ingest.emit(upload)
    again = upload.model_copy(update={"request_id": "again"})
    first = await ingest.log.first(RunStarted, upload_event_id=upload.event_id)
    second = await ingest.log.first(RunStarted, upload_event_id=await ingest.emit(again))
    assert (first.upload_event_id != second.upload_event_id, first.run_id == second.run_id) == (True, True)
    assert await ingest.database["runs"].count_documents({"ep_id": "twice-s01e01"}) == 1


async def test_an_episode_id_that_is_taken_gets_another_video_only_by_force(
    ingest: Pipeline, video: bytes, matroska: bytes
) -> None:
    ep_id = "taken-s01e01"
    refs = [await ingest.storage.put(f"raw/taken-{len(data)}", data) for data in (video, matroska)]
    uploads = [EpisodeUploaded(ep_id=ep_id, video=VideoRef(uri=ref.uri, sha256=ref.sha256)) for ref in refs]
    first = await ingest.log.first(RunStarted, upload_event_id=await ingest.emit(uploads[0]))
    refused = await ingest.log.first(EpisodeFailed, upload_event_id=await ingest.emit(uploads[1]))
    assert refused.code == "episode_taken"
    forced = uploads[1].model_copy(update={"force": True, "request_id": "forced"})
    second = await ingest.log.first(RunStarted, upload_event_id=await ingest.emit(forced))
    cancelled = await ingest.log.first(RunCancelled, run_id=first.run_id)
    assert cancelled.reason == "superseded"
    assert second.run_id > first.run_id


async def test_after_all_that_a_good_episode_is_planned(ingest: Pipeline, video: bytes) -> None:
    ref = await ingest.storage.put("raw/last.mp4", video)
    event_id = await ingest.emit(EpisodeUploaded(ep_id="last-s01e01", video=VideoRef(uri=ref.uri)))
    started = await ingest.log.first(RunStarted, upload_event_id=event_id)
    assert started.segments == 1
