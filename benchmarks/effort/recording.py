"""What the embedder said of an episode, kept in a folder: every trial groups and names it anew without looking at the video.

Several recordings one after the other make one long episode.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from aiokafka import AIOKafkaProducer

from chassis.domain.arrays import Floats, from_npy
from chassis.kafka.connection import client_options
from chassis.mongo.database import Database
from chassis.s3.artifacts import SegmentArtifacts
from chassis.s3.names import get_artifact_path
from chassis.s3.storage import Storage
from chassis.settings import ChassisSettings
from contracts import envelope
from contracts.blobs import BlobRef, VideoRef
from contracts.events import EpisodeUploaded, RunStarted, SegmentEmbedded, SegmentReady
from contracts.ids import run_id_for
from contracts.rows import ShotRow, TrackRow
from services.ingest.store.runs import IngestStore

EVENT = f"{SegmentEmbedded.TOPIC}.json"
OBJECTS = "objects"
_ID = re.compile(r"^(track|face|shot)-(\d{5})-")
_IDS = frozenset({"track_id", "face_id", "shot_id", "continues", "representative"})
_TIMES = frozenset({"start_s", "end_s", "ts_s"})
_BORDERS = {"starts_with": "start", "ends_with": "end"}

Row = dict[str, Any]


async def record(storage: Storage, ep_id: str, run_id: str, folder: Path) -> None:
    """Keep every object that the stages wrote about an episode's segments."""
    async for key in storage.list_keys(get_artifact_path("segments", ep_id, run_id)):
        target = folder / OBJECTS / key
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(await storage.read(storage.uri(key)))


@dataclass(frozen=True, kw_only=True)
class Part:
    """A recording as a part of an episode: from when on it is shown, and how many segments come before it."""

    folder: Path
    begins_s: float
    before: int
    is_last: bool

    @property
    def events(self) -> list[SegmentEmbedded]:
        """What the embedder said of its segments, in order."""
        return [
            SegmentEmbedded.model_validate_json(path.read_bytes())
            for path in sorted((self.folder / OBJECTS).rglob(EVENT))
        ]

    def bytes_of(self, ref: BlobRef) -> bytes:
        return (self.folder / OBJECTS / _key_of(ref)).read_bytes()

    def moved(self, row: Row, ep_id: str) -> Row:
        """A row as it is in the longer episode. What its pictures look like is told by the clock of the shorter one."""
        return {name: self._moved(name, value) for name, value in row.items()} | (
            {"ep_id": ep_id} if "ep_id" in row else {}
        )

    def _moved(self, name: str, value: Any) -> Any:
        if value is None or name == "looks":
            return None
        if name in _IDS:
            return _ID.sub(lambda match: f"{match[1]}-{int(match[2]) + self.before:05d}-", value)
        if name in _TIMES:
            return value + self.begins_s
        if name == "present":
            return [[start + self.begins_s, end + self.begins_s] for start, end in value]
        if name == "segment":
            return value + self.before
        is_inner = self.begins_s > 0 if name == "starts_with" else not self.is_last
        return "cut" if name in _BORDERS and value == _BORDERS[name] and is_inner else value

    def rows(self, event: SegmentEmbedded, name: str, ep_id: str) -> list[Row]:
        """Rows of one of a segment's artifacts, moved."""
        lines = self.bytes_of(event.artifacts[name]).splitlines()
        return [self.moved(json.loads(line), ep_id) for line in lines]


def tracks_of(parts: Sequence[Part], ep_id: str) -> tuple[list[TrackRow], Floats]:
    """All tracks, and their vectors [N, D], whose rows they name."""
    rows: list[TrackRow] = []
    vectors: list[Floats] = []
    before = 0
    for part in parts:
        for event in part.events:
            own = from_npy(part.bytes_of(event.artifacts["tracks_npy"]))
            for row in part.rows(event, "tracks", ep_id):
                place = row["embedding_row"]
                rows.append(TrackRow.model_validate(row | {"embedding_row": None if place is None else place + before}))
            if len(own):
                vectors.append(own)
                before += len(own)
    return rows, np.concatenate(vectors)


def shots_of(parts: Sequence[Part], ep_id: str) -> list[ShotRow]:
    """All shots."""
    return [
        ShotRow.model_validate(row)
        for part in parts
        for event in part.events
        for row in part.rows(event, "shots", ep_id)
    ]


def parts_of(folders: Sequence[Path]) -> list[Part]:
    """The recordings one after the other."""
    parts: list[Part] = []
    begins_s, before = 0.0, 0
    for place, folder in enumerate(folders):
        part = Part(folder=folder, begins_s=begins_s, before=before, is_last=place + 1 == len(folders))
        parts.append(part)
        begins_s += part.events[0].duration_s
        before += len(part.events)
    return parts


async def seed(
    settings: ChassisSettings, storage: Storage, database: Database, ep_id: str, parts: Sequence[Part]
) -> str:
    """Plan a run as ingest does, and say for every segment what the embedder said; the run's id."""
    now = datetime.now(UTC)
    run_id = run_id_for(f"{ep_id} {now.isoformat()}", now)
    events = [event async for event in _events(storage, ep_id, run_id, parts)]
    video = await storage.put(f"raw/{ep_id}/none.mp4", b"no pictures")
    common = {"ep_id", "run_id", "segment", "segments", "start_s", "end_s", "duration_s", "profile"}
    requests = [
        SegmentReady(**event.model_dump(include=common), video=video, stream_index=0, origin_s=0.0) for event in events
    ]
    started = RunStarted(
        ep_id=ep_id,
        run_id=run_id,
        upload_event_id=f"effort-{run_id}",
        segments=len(events),
        duration_s=events[0].duration_s,
        profile=events[0].profile,
        width=1280,
        height=720,
        codec="h264",
    )
    await IngestStore(database).save_plan(
        started, requests, EpisodeUploaded(ep_id=ep_id, video=VideoRef(uri=video.uri))
    )
    async with AIOKafkaProducer(**client_options(settings.kafka), acks="all") as producer:
        for event in events:
            message = envelope.encode(event, source="/benchmarks")
            await producer.send_and_wait(message.topic, message.value, key=message.key, headers=message.headers)
    return run_id


async def _events(storage: Storage, ep_id: str, run_id: str, parts: Sequence[Part]) -> AsyncIterator[SegmentEmbedded]:
    segments = sum(len(part.events) for part in parts)
    duration_s = sum(part.events[0].duration_s for part in parts)
    for part in parts:
        own = part.events
        for event in own:
            moved = event.model_copy(
                update={
                    "ep_id": ep_id,
                    "run_id": run_id,
                    "segment": event.segment + part.before,
                    "segments": segments,
                    "start_s": event.start_s + part.begins_s,
                    "end_s": event.end_s + part.begins_s,
                    "duration_s": duration_s,
                    "cut_at_end": event.cut_at_end or (event is own[-1] and not part.is_last),
                }
            )
            artifacts = {name: await _kept(storage, moved, part, ref) for name, ref in event.artifacts.items()}
            yield moved.model_copy(update={"artifacts": artifacts})


async def _kept(storage: Storage, event: SegmentEmbedded, part: Part, ref: BlobRef) -> BlobRef:
    """An artifact in the new machine's store: rows moved, archives of pictures where the rows say they are."""
    data, key = part.bytes_of(ref), _key_of(ref)
    if not key.endswith(".jsonl"):
        return await storage.put(key, data, schema=ref.schema_id, media_type=ref.media_type)
    rows = [part.moved(json.loads(line), event.ep_id) for line in data.splitlines()]
    lines = b"".join(json.dumps(row).encode() + b"\n" for row in rows)
    name = key.rpartition("/")[2].rpartition("-")[0]
    return await SegmentArtifacts(storage, event).put(f"{name}.jsonl", lines, schema=ref.schema_id)


def _key_of(ref: BlobRef) -> str:
    return ref.uri.removeprefix("s3://").partition("/")[2]
