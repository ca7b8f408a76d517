"""The identity service without Kafka and Triton, on real MongoDB and S3: groupings in, revisions out.

People are colours: an identity's vector and a picture's vector are both its mean colour, so a red square is a picture of
the red person.
"""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from types import SimpleNamespace
from typing import Any, cast

import cv2
import httpx
import numpy as np
import numpy.typing as npt
from fastapi import FastAPI
from pymongo.asynchronous.collection import AsyncCollection

from chassis.domain.arrays import to_npy
from chassis.domain.calibration import Calibration, PersonCalibration
from chassis.domain.faces import DEFAULT_CHIP, FaceDetections
from chassis.http import application
from chassis.kafka.bus import Bus, Origin
from chassis.mongo.database import Database, Document, ensure_indexes
from chassis.mongo.outbox import Outbox
from chassis.mongo.run_fence import RunFence
from chassis.s3.artifacts import ArtifactFolder
from chassis.s3.storage import Storage
from chassis.service import Resources, Wiring
from chassis.settings import KafkaSettings
from chassis.triton.client import Inference
from contracts.blobs import BlobRef
from contracts.events import EpisodeGrouped, Event
from contracts.ids import identity_id
from contracts.rows import (
    ClusterCentroid,
    ClusterCentroidsDocument,
    GroupingMetrics,
    IdentitiesDocument,
    TrackMetricsDocument,
    TrackRow,
)
from screenalytics.local.servers import Stack
from services.identity.app import wire
from services.identity.facebank.cast import Picture
from services.identity.facebank.gallery import Reference
from services.identity.routers import ROUTERS
from services.identity.settings import IdentitySettings
from services.identity.store.facebanks import FacebankStore
from tests.support.buckets import own_bucket
from tests.support.outboxes import all_published
from tests.support.pictured import detect_tracks, picture_tracks
from tests.unit.identity.builders import make_identity, make_shot, make_track

EP, OTHER_EP, SHOW = "my-show-s01e02", "my-show-s01e03", "my-show"
RUN, LATER_RUN = "01JCZ5M7Q8XG3V4B2N1K0H9F8D", "01JD15M7Q8XG3V4B2N1K0H9F8D"
MODEL, DIMENSION = "colours", 16
RED, GREEN, BLUE, GREY = (230, 30, 30), (30, 230, 30), (30, 30, 230), (140, 140, 140)
Colour = tuple[int, int, int]
MIDPOINT, SLOPE = 0.4, 25.0
COLOURS_APART = PersonCalibration(same_mean=0.1, same_deviation=0.1, stranger_mean=0.9, stranger_deviation=0.2)


def vector_of(colour: Sequence[float]) -> npt.NDArray[np.float32]:
    """A unit vector [16] that differs a little from other samples of the same colour's."""
    vector = np.zeros(DIMENSION)
    vector[:3] = np.asarray(colour) / 255.0
    return (vector / np.linalg.norm(vector)).astype(np.float32)


def picture_of(colour: Colour, seed: int = 0, *, side: int = 200, roughness: int = 25) -> bytes:
    """A PNG of a face, as the colours' detector sees it; another seed is another picture of the same person."""
    noise = np.random.default_rng(seed).integers(-roughness, roughness + 1, size=(side, side, 1))
    tint = np.random.default_rng(seed + 100).integers(-30, 30, size=3)
    pixels = np.clip(np.asarray(colour) + tint + noise, 0, 255).astype(np.uint8)
    encoded, data = cv2.imencode(".png", np.ascontiguousarray(pixels[:, :, ::-1]))
    assert encoded
    return data.tobytes()


class ColourInference:
    """What the inference server would say: one face that fills the picture's middle, none on black."""

    async def models(self) -> Any:
        return SimpleNamespace(detector=SimpleNamespace(model_id="squares"), embedder=await self.embedder())

    async def embedder(self) -> Any:
        calibration = Calibration(slope=SLOPE, midpoint=MIDPOINT, data="colours", people=COLOURS_APART)
        return SimpleNamespace(model_id=MODEL, dimension=DIMENSION, calibration=calibration, chip=DEFAULT_CHIP)

    async def detect(self, frames: npt.NDArray[np.uint8], *, min_score: float, **_how: float) -> list[FaceDetections]:
        found = []
        for frame in frames:
            height, width = frame.shape[:2]
            box = [0.2 * width, 0.2 * height, 0.8 * width, 0.8 * height]
            eyes = [(0.38, 0.42), (0.62, 0.42), (0.5, 0.55), (0.4, 0.68), (0.6, 0.68)]
            points = [value for x, y in eyes for value in (x * width, y * height)]
            count = 0 if frame.max() < 60 else 1
            found.append(
                FaceDetections(
                    boxes=np.array([box] * count, dtype=np.float32).reshape(-1, 4),
                    scores=np.full(count, 0.95, dtype=np.float32),
                    landmarks=np.array([points] * count, dtype=np.float32).reshape(-1, 10),
                )
            )
        return found

    async def embed(self, chips: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        return np.stack([vector_of(chip.reshape(-1, 3).mean(axis=0)) for chip in chips])


class NotedBus(Bus):
    """Keeps what is published instead of sending it; `deliver` hands it to the service's own handlers."""

    def __init__(self) -> None:
        super().__init__("identity", KafkaSettings())
        self.published: list[Event] = []
        self.outboxes: list[AsyncCollection[Document]] = []
        self._delivered = 0

    async def publish(self, *events: Event, time: datetime | None = None) -> None:
        self.published += events

    async def handle(self, event: Event) -> list[Event]:
        """Deliver one event to its handler; returns what was said, which counts as published."""
        origin = Origin(event_id=event.event_id, time=cast("Any", None), topic=event.TOPIC)
        said = list(await self._handlers[type(event)](event, origin) or ())
        self.published += said
        return said

    async def deliver(self) -> None:
        """Deliver everything that was changed or published since the last time, until nothing new is said."""
        await all_published(*self.outboxes)
        while self._delivered < len(self.published):
            event = self.published[self._delivered]
            self._delivered += 1
            if type(event) in self._handlers:
                await self.handle(event)

    def of(self, kind: type[Event]) -> list[Any]:
        return [event for event in self.published if isinstance(event, kind)]


@dataclass(frozen=True)
class Somebody:
    """An identity of a grouping: one track of a colour; None has no usable vector."""

    number: int
    colour: Colour | None
    start_s: float = 0.0
    end_s: float = 10.0
    locked: bool = False
    row: list[int] = field(default_factory=list, compare=False)


@dataclass(kw_only=True)
class IdentityRig:
    """Use `identity_rig`."""

    resources: Resources[IdentitySettings]
    bus: NotedBus
    database: Database
    storage: Storage
    wiring: Wiring
    app: FastAPI
    client: httpx.AsyncClient

    async def grouped(
        self,
        people: Sequence[Somebody],
        *,
        ep_id: str = EP,
        run_id: str = RUN,
        revision: int = 1,
        faces_each: int = 0,
        **more: BlobRef,
    ) -> EpisodeGrouped:
        """Write a grouping and return the event that speaks of it; `more` are artifacts besides the usual ones."""
        tracks: list[TrackRow] = []
        vectors: list[npt.NDArray[np.float32]] = []
        for one in people:
            row = None if one.colour is None else len(vectors)
            if one.colour is not None:
                vectors.append(vector_of(one.colour))
            track = make_track(one.number, one.start_s, one.end_s, row=row, model_id=MODEL)
            tracks.append(track.model_copy(update={"ep_id": ep_id}))
        identities = IdentitiesDocument(
            ep_id=ep_id,
            run_id=run_id,
            revision=revision,
            identities=tuple(
                make_identity(one.number, track, locked=one.locked) for one, track in zip(people, tracks, strict=True)
            ),
            metrics=GroupingMetrics(
                tracks=len(tracks),
                clusters=len(tracks),
                unassigned_tracks=0,
                rescued_tracks=0,
                singleton_fraction=0,
                largest_fraction=0,
            ),
        )
        centroids = ClusterCentroidsDocument(
            ep_id=ep_id,
            run_id=run_id,
            centroids=tuple(
                ClusterCentroid(
                    identity_id=identity_id(one.number),
                    centroid=tuple(float(value) for value in vector_of(one.colour)),
                    members=1,
                    model_id=MODEL,
                    dimension=DIMENSION,
                )
                for one in people
                if one.colour is not None
            ),
        )
        metrics = TrackMetricsDocument(
            ep_id=ep_id,
            run_id=run_id,
            duration_s=60,
            tracks=len(tracks),
            tracks_per_minute=len(tracks),
            short_track_fraction=0,
            shots=1,
            faces_per_track=1,
            detections=len(tracks),
            analysed_frames=60,
            decoded_frames=60,
        )
        target = ArtifactFolder(self.storage, "segments", ep_id, run_id, f"g{revision}")
        matrix = np.array(vectors, dtype=np.float32).reshape(-1, DIMENSION)
        coloured = [(track, one.colour or GREY) for track, one in zip(tracks, people, strict=True)]
        faces = await picture_tracks(self.storage, ep_id, run_id, coloured, each=faces_each) if faces_each else []
        face_vectors = np.array([vector_of(colour) for _, colour in coloured for _ in range(faces_each)])
        return EpisodeGrouped(
            ep_id=ep_id,
            run_id=run_id,
            revision=revision,
            duration_s=60.0,
            profile="balanced",
            clusters=len(people),
            tracks=len(tracks),
            artifacts={
                "detections": await target.put_rows("detections.jsonl", detect_tracks(tracks) if faces_each else []),
                "shots": await target.put_rows("shots.jsonl", [make_shot(0, 0.0, 60.0, "start", "end")]),
                "tracks": await target.put_rows("tracks.jsonl", tracks),
                "faces": await target.put_rows("faces.jsonl", faces),
                "faces_npy": await target.put("faces.npy", to_npy(face_vectors.reshape(-1, DIMENSION))),
                "tracks_npy": await target.put("tracks.npy", to_npy(matrix)),
                "identities": await target.put_document("identities.json", identities),
                "cluster_centroids": await target.put_document("cluster_centroids.json", centroids),
                "track_metrics": await target.put_document("track_metrics.json", metrics),
                **more,
            },
        )

    async def cast(self, cast: dict[str, tuple[str, Colour]], show: str = SHOW) -> None:
        """A cast with one picture each, as `cast.uploaded` leaves it."""
        await FacebankStore(self.database, Outbox(self.bus, [])).save(
            show,
            request_id="cast",
            members={cast_id: (name, None) for cast_id, (name, _) in cast.items()},
            pictures=[
                Picture(cast_id=cast_id, reference=Reference("0" * 16, vector_of(colour), MODEL, 0.8), ref=None)
                for cast_id, (_, colour) in cast.items()
            ],
            verdicts=(),
            replace=True,
        )

    async def call(
        self, method: str, path: str, body: object = None, *, version: int | str | None = None, **headers: str
    ) -> httpx.Response:
        """One request, and what it publishes; `version` is sent as If-Match, header names with underscores."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if version is not None:
            sent["If-Match"] = f'"{version}"' if isinstance(version, int) else version
        answer = await self.client.request(method, path, json=body, headers=sent)
        await all_published(*self.bus.outboxes)
        return answer

    async def data(self, method: str, path: str, body: object = None, **more: Any) -> Any:
        """The data of a request that succeeds."""
        answer = await self.call(method, path, body, **more)
        assert answer.is_success, answer.text
        return answer.json()["data"]

    async def group(self, people: Sequence[Somebody], **where: Any) -> list[Event]:
        """Let the service handle a grouping; returns what it said."""
        return await self.bus.handle(await self.grouped(people, **where))


@asynccontextmanager
async def identity_rig(
    stack: Stack, database: Database, changed: Mapping[str, Any] | None = None
) -> AsyncIterator[IdentityRig]:
    """The service wired on a database and a bucket of the test's own, with an HTTP client before its routers.

    `changed` are settings other than the usual ones.
    """
    addresses = stack.environment()
    settings = IdentitySettings.model_validate(
        {
            "s3": {
                "endpoint_url": addresses["SCREENALYTICS_S3__ENDPOINT_URL"],
                "access_key": addresses["SCREENALYTICS_S3__ACCESS_KEY"],
                "secret_key": addresses["SCREENALYTICS_S3__SECRET_KEY"],
                "region": addresses["SCREENALYTICS_S3__REGION"],
                "bucket": f"test-{uuid.uuid4().hex}",
            },
            "api": {"requests_per_minute": 100_000},
            **(changed or {}),
        }
    )
    for owner in ("chassis", "identity"):
        await ensure_indexes(database, owner=owner)
    async with Storage.connect(settings.s3) as storage, own_bucket(storage):
        bus = NotedBus()
        resources = Resources(
            settings=settings,
            bus=bus,
            database=database,
            storage=storage,
            fence=RunFence(database),
            inference=cast("Inference", ColourInference()),
        )
        bus.outboxes = [database["identities"]]
        wiring = wire(resources)
        app = application.build("identity", ROUTERS)
        application.connect(app, settings, database, wiring.parts)
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://api") as client:
            yield IdentityRig(
                resources=resources,
                bus=bus,
                database=database,
                storage=storage,
                wiring=wiring,
                app=app,
                client=client,
            )
        await storage.delete_prefix("")
