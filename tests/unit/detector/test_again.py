"""A run that goes on from another's tracks: copied rows, pictures under the new run, no look at the video."""

from __future__ import annotations

import asyncio
import json
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import BaseModel

from chassis.domain.crop_archive import pack_crops
from chassis.s3.artifacts import SegmentArtifacts
from chassis.s3.storage import ObjectMissing
from contracts.blobs import BlobRef
from contracts.events import SegmentReady, SegmentTracked
from contracts.rows import FaceRow, TrackRow
from services.detector.handlers import DetectorHandlers
from tests.unit.embedder.rows import face, track

BEFORE, NOW = "01JGFJJZ00ABCDEFGHJKMNPQR0", "01JGFJJZ00ABCDEFGHJKMNPQR1"
OLD = "s3://bucket/old.zip"


class Memory:
    """As much of the storage as segment artifacts need."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}

    def uri(self, key: str) -> str:
        return f"s3://bucket/{key}"

    async def put(self, key: str, data: bytes, **_what: object) -> BlobRef:
        self.objects[self.uri(key)] = data
        return BlobRef(uri=self.uri(key), sha256="0" * 64, bytes=len(data), media_type="x/y")

    async def find(self, key: str) -> object:
        return self.objects.get(self.uri(key))

    async def read(self, uri: str) -> bytes:
        return self.objects[uri]

    async def get(self, ref: BlobRef) -> bytes:
        if ref.uri not in self.objects:
            raise ObjectMissing(ref.uri)
        return self.objects[ref.uri]

    async def get_rows(self, ref: BlobRef, model: type[BaseModel]) -> list[BaseModel]:
        return [model.model_validate(json.loads(line)) for line in (await self.get(ref)).splitlines()]


def ready(**changes: object) -> SegmentReady:
    given: dict[str, Any] = {
        "ep_id": "my-show-s01e02",
        "run_id": NOW,
        "segment": 3,
        "segments": 4,
        "video": BlobRef(uri="s3://bucket/gone.mp4", sha256="0" * 64, bytes=1, media_type="video/mp4"),
        "stream_index": 0,
        "origin_s": 0.0,
        "start_s": 60.0,
        "end_s": 80.0,
        "duration_s": 80.0,
        "profile": "balanced",
        "tracks_of": BEFORE,
        "reason": "another embedder",
    }
    return SegmentReady.model_validate({**given, **changes})


async def tracked_before(storage: Any) -> SegmentTracked:
    """What the earlier run left of the segment."""
    artifacts = SegmentArtifacts(storage, ready(run_id=BEFORE))
    crops = await artifacts.put("crops.zip", pack_crops([("chips/a.jpg", b"a")]))
    faces = [face(1).model_copy(update={"crop": f"{crops.uri}#chips/a.jpg"})]
    tracks = [track(0, 2).model_copy(update={"crops": (faces[0].crop,)})]
    done = SegmentTracked(
        **ready(run_id=BEFORE).model_dump(
            include={"ep_id", "run_id", "segment", "segments", "start_s", "end_s", "duration_s", "profile"}
        ),
        artifacts={
            "detections": await artifacts.put("detections.jsonl", b"{}\n"),
            "shots": await artifacts.put("shots.jsonl", b"{}\n"),
            "tracks": await artifacts.put_rows("tracks.jsonl", tracks),
            "faces": await artifacts.put_rows("faces.jsonl", faces),
            "crops": crops,
        },
        sample_period_s=0.125,
        cut_at_end=False,
        decoded_frames=500,
        analysed_frames=160,
    )
    await artifacts.remember(done)
    return done


def handlers(storage: Memory) -> DetectorHandlers:
    # Without settings and without an inference server: whoever reads the video fails here.
    return DetectorHandlers(SimpleNamespace(storage=storage))  # type: ignore[arg-type]


def test_tracks_and_pictures_of_an_earlier_run_become_this_ones() -> None:
    async def scenario() -> None:
        storage: Any = Memory()
        before = await tracked_before(storage)
        done, progress = await handlers(storage).segment_ready(ready(), None)  # type: ignore[arg-type]
        assert isinstance(done, SegmentTracked)
        assert (done.run_id, done.reason, progress.run_id) == (NOW, "another embedder", NOW)  # type: ignore[attr-defined]
        assert all(f"/{NOW}/" in ref.uri for ref in done.artifacts.values())
        (row,) = await storage.get_rows(done.artifacts["faces"], FaceRow)
        (whole,) = await storage.get_rows(done.artifacts["tracks"], TrackRow)
        assert row.crop == whole.crops[0] == f"{done.artifacts['crops'].uri}#chips/a.jpg"
        assert await storage.get(done.artifacts["crops"]) == await storage.get(before.artifacts["crops"])
        again, _ = await handlers(storage).segment_ready(ready(), None)  # type: ignore[arg-type]
        assert again == done

    asyncio.run(scenario())


@pytest.mark.parametrize("what", ["another stretch", "nothing kept", "a file that is gone"])
def test_what_cannot_be_taken_over_is_read_from_the_video(what: str) -> None:
    async def scenario() -> None:
        storage: Any = Memory()
        event = ready(end_s=79.0) if what == "another stretch" else ready()
        if what != "nothing kept":
            before = await tracked_before(storage)
            if what == "a file that is gone":
                del storage.objects[before.artifacts["crops"].uri]
        with pytest.raises(AttributeError, match="settings"):
            await handlers(storage).segment_ready(event, None)  # type: ignore[arg-type]

    asyncio.run(scenario())
