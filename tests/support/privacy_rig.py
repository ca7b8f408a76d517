"""Identity, grouper and what ingest keeps, on the same real stores: episodes in, people out, and a look into every store.

People are colours, as in the identity rig. Every track has face pictures of its own in a crop archive.
"""

from __future__ import annotations

import base64
import io
import zipfile
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, cast

import httpx
import numpy as np
import pyarrow.parquet as pq

from chassis.domain.arrays import Floats, from_npy, to_npy
from chassis.domain.crop_archive import chip_member, encode_jpeg, pack_crops, thumbnail_member
from chassis.http import application
from chassis.kafka.bus import Bus
from chassis.mongo.database import Database
from chassis.mongo.run_fence import RunFence
from chassis.s3.artifacts import SegmentArtifacts
from chassis.s3.storage import Storage
from chassis.service import Resources
from contracts.events import (
    ClustersEdited,
    EpisodeDeleted,
    Event,
    PersonErased,
    ScreenTimeReported,
    SegmentEmbedded,
    SegmentReady,
    TracksErased,
)
from contracts.ids import face_id, track_id
from contracts.rows import DetectionRow, FaceQuality, FaceRow, TrackRow
from screenalytics.local.servers import Stack
from services.grouper.app import wire as wire_grouper
from services.grouper.routers import ROUTERS
from services.grouper.settings import GrouperSettings
from services.identity.commands.erasure import Erasures
from services.ingest.store.runs import IngestStore
from tests.support.grouper_system import NOTHING, RecordingBus
from tests.support.identity_rig import DIMENSION, EP, MODEL, RUN, Colour, IdentityRig, identity_rig, vector_of
from tests.support.outboxes import all_published
from tests.support.run_records import a_run
from tests.unit.identity.builders import MIDDLE, make_shot

DURATION_S = 60.0
FACES = 3


@dataclass(frozen=True)
class OnScreen:
    """One track: a colour for a while. `seed` makes its vectors and pictures its own."""

    colour: Colour
    start_s: float
    end_s: float


@dataclass
class Traces:
    """What of a person could be found again: texts, vectors and pictures."""

    texts: tuple[str, ...]
    vectors: list[Floats] = field(default_factory=list)
    pictures: list[bytes] = field(default_factory=list)


@dataclass(kw_only=True)
class PrivacyRig:
    """Use `privacy_rig`."""

    identity: IdentityRig
    grouper: RecordingBus
    corrections: httpx.AsyncClient
    runs: IngestStore
    database: Database
    storage: Storage
    _passed: dict[str, int] = field(default_factory=lambda: {"identity": 0, "grouper": 0})

    @property
    def erasures(self) -> Erasures:
        return next(part for part in self.identity.wiring.parts if isinstance(part, Erasures))

    async def episode(
        self, tracks: Sequence[OnScreen], traces: dict[Colour, Traces], *, ep_id: str = EP, run_id: str = RUN
    ) -> None:
        """Let an episode be grouped and reported; notes what there is of everybody in `traces`."""
        run = a_run(run_id, ep_id=ep_id, progress={})
        await self.database["runs"].insert_one(run.model_dump(mode="json", by_alias=True))
        await self.grouper.deliver(await self._embedded(tracks, traces, ep_id, run_id))
        await self.settle()

    async def _embedded(
        self, people: Sequence[OnScreen], traces: dict[Colour, Traces], ep_id: str, run_id: str
    ) -> SegmentEmbedded:
        ready = SegmentReady(
            ep_id=ep_id,
            run_id=run_id,
            segment=0,
            segments=1,
            video=NOTHING,
            stream_index=0,
            origin_s=0.0,
            start_s=0.0,
            end_s=DURATION_S,
            duration_s=DURATION_S,
            profile="balanced",
        )
        target = SegmentArtifacts(self.storage, ready)
        rng = np.random.default_rng(int.from_bytes(f"{ep_id}{run_id}".encode()[-7:]))
        tracks, faces, detections, pictures = [], [], [], {}
        vectors: list[Floats] = []
        prototypes: list[Floats] = []
        for number, one in enumerate(people, 1):
            name, own = track_id(0, number), traces.get(one.colour, Traces(()))
            row = len(prototypes)
            prototypes.append(_near(vector_of(one.colour), rng))
            own.vectors.append(prototypes[-1])
            for place in range(FACES):
                ts = one.start_s + (place + 1) * (one.end_s - one.start_s) / (FACES + 1)
                frame = round(ts * 8)
                vectors.append(_near(vector_of(one.colour), rng))
                own.vectors.append(vectors[-1])
                for member, side in ((chip_member, 112), (thumbnail_member, 96)):
                    noise = rng.integers(0, 255, (side, side, 3), dtype=np.uint8)
                    pictures[member(name, frame)] = encode_jpeg(noise, quality=70)
                    own.pictures.append(pictures[member(name, frame)])
                landmarks = tuple(round(float(value), 7) for value in rng.uniform(0.3, 0.6, 10))
                faces.append(_face(ep_id, name, frame, ts, len(vectors) - 1, landmarks))
                detections.append(_detection(ep_id, name, frame, ts, landmarks))
            tracks.append(_track(ep_id, name, one, row))
        archive = await target.put("crops.zip", pack_crops(pictures.items()))
        faces = [
            row.model_copy(update={"crop": f"{archive.uri}#{row.crop}", "thumbnail": f"{archive.uri}#{row.thumbnail}"})
            for row in faces
        ]
        return SegmentEmbedded(
            ep_id=ep_id,
            run_id=run_id,
            segment=0,
            segments=1,
            artifacts={
                "tracks": await target.put_rows("tracks.jsonl", tracks),
                "faces": await target.put_rows("faces.jsonl", faces),
                "shots": await target.put_rows("shots.jsonl", [make_shot(0, 0.0, DURATION_S, "start", "end")]),
                "detections": await target.put_rows("detections.jsonl", detections),
                "crops": archive,
                "faces_npy": await target.put("faces.npy", to_npy(np.stack(vectors))),
                "tracks_npy": await target.put("tracks.npy", to_npy(np.stack(prototypes))),
            },
            start_s=0.0,
            end_s=DURATION_S,
            duration_s=DURATION_S,
            profile="balanced",
            sample_period_s=0.125,
            cut_at_end=True,
            decoded_frames=480,
            analysed_frames=480,
        )

    async def correct(self, kind: str, body: dict[str, Any], *, ep_id: str = EP) -> None:
        """One correction of who is who, and what follows from it."""
        answer = await self.corrections.post(f"/clusters/{ep_id}/{kind}", json=body, headers={"If-Match": "*"})
        assert answer.is_success, answer.text
        await self.settle()

    async def take_back(self, kind: str, *, ep_id: str = EP) -> None:
        """Undo the correction of that kind, and what follows from it."""
        log = (await self.corrections.get(f"/edits/{ep_id}")).json()["data"]["items"]
        made = next(entry["edit_id"] for entry in log if entry["kind"] == kind)
        answer = await self.corrections.post(f"/edits/{ep_id}/undo", json={"edit_id": made}, headers={"If-Match": "*"})
        assert answer.is_success, answer.text
        await self.settle()

    async def settle(self) -> None:
        """Deliver everything that was said and not delivered yet, until nothing new is said."""
        outboxes = [self.database[name] for name in ("identities", "facebanks", "erasures", "edits")]
        bus = self.identity.bus
        while True:
            await all_published(*outboxes)
            new = [(bus.published, "identity"), (self.grouper.published, "grouper")]
            waiting = [event for events, name in new for event in self._next(events, name)]
            if not waiting:
                return
            for event in waiting:
                await self._deliver(event)

    def _next(self, events: list[Event], name: str) -> list[Event]:
        found = events[self._passed[name] :]
        self._passed[name] = len(events)
        return found

    async def _deliver(self, event: Event) -> None:
        if isinstance(event, TracksErased | ClustersEdited | EpisodeDeleted):
            await self.grouper.deliver(event)
        if type(event) in self.identity.bus._handlers:
            await self.identity.bus.handle(event)
        if isinstance(event, ScreenTimeReported):
            await self.runs.finish(event)
        if isinstance(event, PersonErased) and event.cast_id is not None:
            await self.runs.forget_person(event.show, event.cast_id)

    async def erase_until_done(self, show: str, erasure_id: str, *, rounds: int = 20) -> Any:
        """Let the identity service sweep until an erasure is done; returns its receipt."""
        for _ in range(rounds):
            await self.database["erasures"].update_many(
                {"due_at": {"$exists": True}}, {"$set": {"due_at": datetime.now(UTC)}}
            )
            await self.erasures.sweep()
            await self.settle()
            receipt = await self.erasures.receipt(show, erasure_id)
            if receipt.state == "done":
                return receipt
        raise AssertionError(f"not done: {receipt}")

    async def found(self, traces: Traces) -> list[str]:
        """Every place in any store that has something of a person."""
        places = []
        for name in sorted(await self.database.list_collection_names()):
            found = [document async for document in self.database[name].find({})]
            places += [f"mongo {name} {document['_id']}" for document in found if _in_document(document, traces)]
        async for key in self.storage.list_keys(""):
            content = await self.storage.read(self.storage.uri(key))
            if any(text in key.casefold() for text in traces.texts) or _in_object(key, content, traces):
                places.append(f"s3 {key}")
        return places


def _near(vector: Floats, rng: np.random.Generator) -> Floats:
    moved = vector + rng.normal(0, 0.01, DIMENSION)
    return np.asarray(moved / np.linalg.norm(moved), dtype=np.float32)


def _in_document(value: Any, traces: Traces) -> bool:
    if isinstance(value, dict):
        return any(_in_document(key, traces) or _in_document(item, traces) for key, item in value.items())
    if isinstance(value, list | tuple):
        return any(_in_document(item, traces) for item in value)
    if isinstance(value, bytes):
        return any(vector.astype("<f4").tobytes() in value for vector in traces.vectors)
    return isinstance(value, str) and any(text in value.casefold() for text in traces.texts)


def _in_object(key: str, content: bytes, traces: Traces) -> bool:
    if key.endswith(".npy"):
        return _has_vector(from_npy(content), traces)
    if key.endswith(".zip"):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return any(archive.read(name) in traces.pictures for name in archive.namelist())
    if key.endswith(".parquet"):
        return _in_document(pq.read_table(io.BytesIO(content)).to_pylist(), traces)
    if any(picture in content or base64.b64encode(picture) in content for picture in traces.pictures):
        return True
    text = content.decode("utf-8", "replace").casefold()
    numbers = [repr(float(vector[0])) for vector in traces.vectors]
    return any(trace in text for trace in traces.texts) or any(number in text for number in numbers)


def _has_vector(matrix: Floats, traces: Traces) -> bool:
    return any(np.allclose(row, vector, atol=1e-6) for row in matrix for vector in traces.vectors)


def _face(ep_id: str, track: str, frame: int, ts_s: float, row: int, landmarks: Any) -> FaceRow:
    return FaceRow(
        ep_id=ep_id,
        segment=0,
        face_id=face_id(track, frame),
        track_id=track,
        frame_idx=frame,
        ts_s=ts_s,
        bbox=MIDDLE,
        landmarks=landmarks,
        conf=0.9,
        quality=FaceQuality(score=0.8, confidence=1, size=1, sharpness=1, contrast=1, frontality=1),
        crop=chip_member(track, frame),
        thumbnail=thumbnail_member(track, frame),
        embedding_row=row,
        model_id=MODEL,
    )


def _detection(ep_id: str, track: str, frame: int, ts_s: float, landmarks: Any) -> DetectionRow:
    return DetectionRow(
        ep_id=ep_id,
        segment=0,
        frame_idx=frame,
        ts_s=ts_s,
        bbox=MIDDLE,
        landmarks=landmarks,
        conf=0.9,
        track_id=track,
        model_id="squares",
    )


def _track(ep_id: str, name: str, one: OnScreen, row: int) -> TrackRow:
    return TrackRow(
        ep_id=ep_id,
        segment=0,
        track_id=name,
        shot_id="shot-00000-001",
        start_s=one.start_s,
        end_s=one.end_s,
        first_frame=round(one.start_s * 8),
        last_frame=round(one.end_s * 8),
        first_bbox=MIDDLE,
        last_bbox=MIDDLE,
        detections=max(1, round((one.end_s - one.start_s) * 8)),
        mean_conf=0.9,
        mean_size=0.4,
        quality=0.8,
        embedding_row=row,
        model_id=MODEL,
        samples=FACES,
        spread=0.02,
    )


def members(archive: bytes) -> Iterator[tuple[str, bytes]]:
    """Name and content of every file of a ZIP."""
    with zipfile.ZipFile(io.BytesIO(archive)) as file:
        for name in file.namelist():
            yield name, file.read(name)


@asynccontextmanager
async def privacy_rig(
    stack: Stack, database: Database, changed: Mapping[str, Any] | None = None
) -> AsyncIterator[PrivacyRig]:
    """Identity with its HTTP API and a grouper beside it, on one database and one bucket."""
    async with identity_rig(stack, database, changed) as identity:
        bus = RecordingBus()
        settings = GrouperSettings.model_validate(
            {"s3": identity.resources.settings.s3.model_dump(), "grouping": {"dimension": DIMENSION}}
        )
        wiring = wire_grouper(
            Resources(
                settings=settings,
                bus=cast("Bus", bus),
                database=database,
                storage=identity.storage,
                fence=RunFence(database, max_age_s=0),
            )
        )
        app = application.build("grouper", ROUTERS)
        application.connect(app, settings, database, wiring.parts)
        corrections = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://grouper")
        identity.bus.outboxes = [database[name] for name in ("identities", "facebanks", "erasures")]
        yield PrivacyRig(
            identity=identity,
            grouper=bus,
            corrections=corrections,
            runs=IngestStore(database),
            database=database,
            storage=identity.storage,
        )
