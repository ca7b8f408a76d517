"""The grouper on real servers with made-up segments: runs are grouped by handing it events, edits arrive as events."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx
import numpy as np
import numpy.typing as npt
from fastapi import FastAPI
from pymongo.errors import DuplicateKeyError

from chassis.domain.arrays import to_npy
from chassis.http import application
from chassis.kafka.bus import Bus, Origin
from chassis.mongo.database import Database
from chassis.mongo.run_fence import RunFence
from chassis.mongo.shared_reads import GROUPING
from chassis.s3.artifacts import SegmentArtifacts
from chassis.s3.storage import Storage
from chassis.service import Resources
from chassis.settings import ApiSettings, AuthSettings
from contracts.blobs import BlobRef
from contracts.events import ClustersEdited, EpisodeDeleted, EpisodeGrouped, Event, SegmentEmbedded, SegmentReady
from contracts.ids import face_id, show_of, track_id
from contracts.rows import Box, FaceQuality, FaceRow, ShotRow, TrackRow
from screenalytics.local.servers import Stack
from services.grouper.app import wire
from services.grouper.routers import ROUTERS
from services.grouper.settings import GrouperSettings
from services.grouper.store.edits import EditStore
from services.grouper.store.runs import GrouperStore
from tests.support.outboxes import all_published

EP_ID = "my-show-s01e02"
FIRST_RUN, SECOND_RUN = "01ARZ3NDEKTSV4RRFFQ69G5FA1", "01ARZ3NDEKTSV4RRFFQ69G5FA2"
MODEL = "model-a"
PERIOD_S = 0.125
ORIGIN = Origin(event_id="e", time=datetime(2026, 1, 1, tzinfo=UTC), topic="t")
LEFT: Box = (0.1, 0.2, 0.3, 0.6)
NOTHING = BlobRef(uri="s3://bucket/v.mp4", sha256="0" * 64, bytes=1, media_type="video/mp4", schema=None)

Floats = npt.NDArray[np.float32]


def face_of(person: int, sample: int, *, noise: float = 0.1) -> Floats:
    """A unit vector [128]; one person's are about 0.14 apart, two people's about 0.45."""
    parts = [np.random.default_rng(seed).normal(size=128) for seed in (0, 1000 + person, [person, sample])]
    common, own, step = (part / np.linalg.norm(part) for part in parts)
    vector = common + 0.35 * own + noise * step
    return np.asarray(vector / np.linalg.norm(vector), dtype=np.float32)


@dataclass(frozen=True)
class Appearance:
    """A person on screen for a while; `then` is who the track really shows from its middle on."""

    person: int
    start_s: float
    end_s: float
    box: Box = LEFT
    then: int | None = None


@dataclass(frozen=True)
class Take:
    """The appearances of an episode as one run finds them, `offset` before the numbers of its tracks."""

    appearances: Sequence[Appearance]
    offset: int = 0
    duration_s: float = 60.0
    faces: int = 4

    def rows(self) -> tuple[list[TrackRow], list[FaceRow], Floats, Floats]:
        tracks: list[TrackRow] = []
        faces: list[FaceRow] = []
        face_vectors: list[Floats] = []
        prototypes: list[Floats] = []
        for index, one in enumerate(self.appearances):
            name = track_id(0, index + 1 + self.offset)
            times = np.linspace(one.start_s, one.end_s, self.faces + 2)[1:-1]
            own = [
                face_of(one.person if one.then is None or place < self.faces / 2 else one.then, 10 * index + place)
                for place in range(self.faces)
            ]
            faces += [_face(name, float(ts), len(face_vectors) + place) for place, ts in enumerate(times)]
            face_vectors += own
            mean = np.mean(own, axis=0)
            prototypes.append(np.asarray(mean / np.linalg.norm(mean), dtype=np.float32))
            tracks.append(_track(name, one, index, self.faces))
        return tracks, faces, np.stack(face_vectors), np.stack(prototypes)


def _face(track: str, ts_s: float, row: int) -> FaceRow:
    frame = round(ts_s / PERIOD_S)
    return FaceRow(
        ep_id=EP_ID,
        segment=0,
        face_id=face_id(track, frame),
        track_id=track,
        frame_idx=frame,
        ts_s=ts_s,
        bbox=LEFT,
        landmarks=(0.1,) * 10,
        conf=0.9,
        quality=FaceQuality(score=0.8, confidence=1, size=1, sharpness=1, contrast=1, frontality=1),
        crop=f"s3://screenalytics/artifacts/segments/{EP_ID}/crops.zip#chips/{track}/{frame:07d}.jpg",
        thumbnail=f"s3://screenalytics/artifacts/segments/{EP_ID}/crops.zip#thumbs/{track}/{frame:07d}.jpg",
        embedding_row=row,
        model_id=MODEL,
    )


def _track(name: str, one: Appearance, row: int, samples: int) -> TrackRow:
    return TrackRow(
        ep_id=EP_ID,
        segment=0,
        track_id=name,
        shot_id="shot-00000-001",
        start_s=one.start_s,
        end_s=one.end_s,
        first_frame=round(one.start_s / PERIOD_S),
        last_frame=round(one.end_s / PERIOD_S),
        first_bbox=one.box,
        last_bbox=one.box,
        detections=max(1, round((one.end_s - one.start_s) / PERIOD_S)),
        mean_conf=0.9,
        mean_size=0.4,
        quality=0.8,
        embedding_row=row,
        model_id=MODEL,
        samples=samples,
        spread=0.12,
    )


RIGHT: Box = (0.6, 0.2, 0.8, 0.6)
APPEARANCES = (
    *(Appearance(person, 4.0 * place, 4.0 * place + 3.0) for place, person in enumerate([1, 2, 1, 2, 3])),
    Appearance(1, 30.0, 38.0, then=2),
    Appearance(4, 40.0, 44.0),
    Appearance(5, 40.0, 44.0, box=RIGHT),
)
"""Five people, two of them in one frame; the sixth track shows the first person and, from its middle on, the second."""


@dataclass
class RecordingBus:
    """Notes handlers and what is published; the outbox and the handlers use it like a real one."""

    handlers: dict[type[Event], Any] = field(default_factory=dict)
    published: list[Event] = field(default_factory=list)

    def on(self, event: type[Event], handler: Any, *, fenced: bool = True) -> None:
        self.handlers[event] = handler

    async def publish(self, *events: Event, time: datetime | None = None) -> None:
        self.published += events

    async def deliver(self, event: Event) -> list[Event]:
        """Hand an event to its handler; what it answers is published."""
        said = list(await self.handlers[type(event)](event, ORIGIN) or ())
        await self.publish(*said)
        return said


class GrouperSystem:
    """One grouper. Use `grouper_system`."""

    def __init__(self, database: Database, storage: Storage, app: FastAPI, bus: RecordingBus) -> None:
        self.database = database
        self.storage = storage
        self.app = app
        self.bus = bus
        self.store = GrouperStore(database)
        self.edits = EditStore(database)
        self.is_reported = True
        self._handled = 0

    async def group(self, take: Take, *, run_id: str = FIRST_RUN) -> EpisodeGrouped:
        """Let a run be grouped for the first time."""
        grouped = (await self.bus.deliver(await self.embedded(take, run_id=run_id)))[0]
        assert isinstance(grouped, EpisodeGrouped)
        return grouped

    async def embedded(self, take: Take, *, run_id: str = FIRST_RUN) -> SegmentEmbedded:
        """The one segment of a run, its artifacts written."""
        tracks, faces, face_vectors, prototypes = take.rows()
        ready = SegmentReady(
            ep_id=EP_ID,
            run_id=run_id,
            segment=0,
            segments=1,
            video=NOTHING,
            stream_index=0,
            origin_s=0.0,
            start_s=0.0,
            end_s=take.duration_s,
            duration_s=take.duration_s,
            profile="balanced",
        )
        target = SegmentArtifacts(self.storage, ready)
        shot = ShotRow(
            shot_id="shot-00000-001",
            segment=0,
            start_s=0.0,
            end_s=take.duration_s,
            starts_with="start",
            ends_with="end",
        )
        artifacts = {
            "tracks": await target.put_rows("tracks.jsonl", tracks),
            "faces": await target.put_rows("faces.jsonl", faces),
            "shots": await target.put_rows("shots.jsonl", [shot]),
            "detections": await target.put("detections.jsonl", b""),
            "faces_npy": await target.put("faces.npy", to_npy(face_vectors)),
            "tracks_npy": await target.put("tracks.npy", to_npy(prototypes)),
        }
        return SegmentEmbedded(
            ep_id=EP_ID,
            run_id=run_id,
            segment=0,
            segments=1,
            artifacts=artifacts,
            start_s=0.0,
            end_s=take.duration_s,
            duration_s=take.duration_s,
            profile="balanced",
            sample_period_s=PERIOD_S,
            cut_at_end=True,
            decoded_frames=100,
            analysed_frames=100,
        )

    async def settle(self) -> None:
        """Handle every edit that was made and not handled yet, and let every new grouping be reported."""
        await all_published(self.edits.collection)
        while self._handled < len(self.bus.published):
            event = self.bus.published[self._handled]
            self._handled += 1
            if isinstance(event, ClustersEdited | EpisodeDeleted):
                await self.bus.deliver(event)
            if isinstance(event, EpisodeGrouped) and self.is_reported:
                await self.report(event)

    async def report(self, grouped: EpisodeGrouped) -> None:
        """Leave what identity leaves of a grouping: revisions are numbered as its groupings are."""
        order = f"{grouped.run_id}/{grouped.revision:05d}"
        with suppress(DuplicateKeyError):  # a later one is reported
            await self.database["identities"].update_one(
                {"_id": grouped.ep_id, "order": {"$not": {"$gt": order}}},
                {
                    "$set": {
                        "run_id": grouped.run_id,
                        "revision": grouped.revision,
                        "order": order,
                        GROUPING: grouped.revision,
                    },
                    "$setOnInsert": {
                        "show": show_of(grouped.ep_id),
                        "version": 0,
                        "links": [],
                        "dismissed": [],
                        "changes": [],
                    },
                },
                upsert=True,
            )

    def client(self) -> httpx.AsyncClient:
        """A caller who may do everything."""
        return httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url="http://grouper")


@asynccontextmanager
async def grouper_system(stack: Stack, database: Database) -> AsyncIterator[GrouperSystem]:
    """A grouper on the embedded servers, with an S3 bucket shared by the tests and a database of its own."""
    addresses = stack.environment()
    settings = GrouperSettings.model_validate(
        {
            "s3": {
                "endpoint_url": addresses["SCREENALYTICS_S3__ENDPOINT_URL"],
                "access_key": addresses.get("SCREENALYTICS_S3__ACCESS_KEY"),
                "secret_key": addresses.get("SCREENALYTICS_S3__SECRET_KEY"),
            },
            "auth": AuthSettings(mode="off"),
            "api": ApiSettings(requests_per_minute=1_000_000),
        }
    )
    async with Storage.connect(settings.s3) as storage:
        await storage.ensure_bucket()
        bus = RecordingBus()
        real: Any = bus
        connected: Bus = real
        resources = Resources(
            settings=settings, bus=connected, database=database, storage=storage, fence=RunFence(database, max_age_s=0)
        )
        app = application.build("Grouper", ROUTERS)
        application.connect(app, settings, database, wire(resources).parts)
        yield GrouperSystem(database, storage, app, bus)
