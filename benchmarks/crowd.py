"""A made-up episode with many people: what the grouper gets from the embedder, written without pictures.

Distances are those of the real embedder (services/grouper/rules.py): prototypes of one person about 0.14 apart, of two
people about 0.45.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from chassis.domain.arrays import to_npy
from chassis.s3.artifacts import SegmentArtifacts
from chassis.s3.storage import Storage
from contracts.blobs import BlobRef
from contracts.events import SegmentEmbedded, SegmentReady
from contracts.ids import face_id, shot_id, track_id
from contracts.rows import Box, DetectionRow, FaceQuality, FaceRow, Landmarks, ShotRow, TrackRow

Floats = npt.NDArray[np.float32]

DIMENSION = 128
TRACK_S = 1.8
SLOT_S = 2.0
FACES_A_TRACK = 4
BOX: Box = (0.3, 0.2, 0.5, 0.6)
LANDMARKS: Landmarks = (0.36, 0.35, 0.44, 0.35, 0.4, 0.42, 0.37, 0.5, 0.43, 0.5)
QUALITY = FaceQuality(score=0.8, confidence=0.9, size=0.8, sharpness=0.8, contrast=0.8, frontality=0.8)


@dataclass(frozen=True, kw_only=True)
class Crowd:
    """`people` persons share `tracks` tracks, one after the other, two seconds each, a shot every ten seconds."""

    ep_id: str
    run_id: str
    model_id: str
    people: int = 300
    tracks: int = 2000
    segment_s: float = 200.0

    @property
    def duration_s(self) -> float:
        return self.tracks * SLOT_S

    @property
    def segments(self) -> int:
        return max(1, round(self.duration_s / self.segment_s))

    def requests(self, video: BlobRef) -> list[SegmentReady]:
        """The plan of the run."""
        return [
            SegmentReady(
                ep_id=self.ep_id,
                run_id=self.run_id,
                segment=segment,
                segments=self.segments,
                video=video,
                stream_index=0,
                origin_s=0.0,
                start_s=segment * self.segment_s,
                end_s=min(self.duration_s, (segment + 1) * self.segment_s),
                duration_s=self.duration_s,
                profile="balanced",
            )
            for segment in range(self.segments)
        ]

    async def embedded(self, storage: Storage, request: SegmentReady) -> SegmentEmbedded:
        """Write one segment's artifacts and return the event that the embedder would emit."""
        target = SegmentArtifacts(storage, request)
        numbers = range(int(request.start_s / SLOT_S), int(request.end_s / SLOT_S))
        tracks = [self._track(request.segment, row, number) for row, number in enumerate(numbers)]
        faces = [self._face(track, sample) for track in tracks for sample in range(FACES_A_TRACK)]
        rows = [face.model_copy(update={"embedding_row": row}) for row, face in enumerate(faces)]
        prototypes = np.stack([self._vector(number, 0) for number in numbers])
        vectors = np.stack([self._vector(number, sample) for number in numbers for sample in range(FACES_A_TRACK)])
        artifacts = {
            "detections": await target.put_rows("detections.jsonl", [_detection(face) for face in rows]),
            "shots": await target.put_rows("shots.jsonl", self._shots(request)),
            "tracks": await target.put_rows("tracks.jsonl", tracks),
            "faces": await target.put_rows("faces.jsonl", rows),
            "faces_npy": await target.put("faces.npy", to_npy(vectors)),
            "tracks_npy": await target.put("tracks.npy", to_npy(prototypes)),
        }
        common = {"run_id", "ep_id", "segment", "segments", "start_s", "end_s", "duration_s", "profile"}
        return SegmentEmbedded(
            **request.model_dump(include=common),
            artifacts=artifacts,
            sample_period_s=0.125,
            cut_at_end=True,
            decoded_frames=1,
            analysed_frames=1,
        )

    def _person(self, number: int) -> int:
        """Neighbours differ, and everybody has as many tracks as the others."""
        return number * 7 % self.people

    def _vector(self, number: int, sample: int) -> Floats:
        common = np.random.default_rng(0).normal(size=DIMENSION)
        own = np.random.default_rng(1000 + self._person(number)).normal(size=DIMENSION)
        step = np.random.default_rng([number, sample]).normal(size=DIMENSION)
        vector = common / np.linalg.norm(common) + 0.35 * own / np.linalg.norm(own) + 0.1 * step / np.linalg.norm(step)
        return np.asarray(vector / np.linalg.norm(vector), dtype=np.float32)

    def _track(self, segment: int, row: int, number: int) -> TrackRow:
        name = track_id(segment, row + 1)
        return TrackRow(
            ep_id=self.ep_id,
            segment=segment,
            track_id=name,
            shot_id=_shot_of(segment, number),
            start_s=number * SLOT_S,
            end_s=number * SLOT_S + TRACK_S,
            first_frame=row * 16,
            last_frame=row * 16 + 14,
            first_bbox=BOX,
            last_bbox=BOX,
            detections=15,
            mean_conf=0.9,
            mean_size=0.4,
            quality=0.8,
            embedding_row=row,
            model_id=self.model_id,
            samples=FACES_A_TRACK,
            spread=0.12,
        )

    def _face(self, track: TrackRow, sample: int) -> FaceRow:
        frame = track.first_frame + 4 * sample
        return FaceRow(
            ep_id=self.ep_id,
            segment=track.segment,
            face_id=face_id(track.track_id, frame),
            track_id=track.track_id,
            frame_idx=frame,
            ts_s=track.start_s + 0.5 * sample,
            bbox=BOX,
            landmarks=LANDMARKS,
            conf=0.9,
            quality=QUALITY,
            crop=f"s3://none/none.zip#{track.track_id}-{sample}.jpg",
            model_id=self.model_id,
        )

    def _shots(self, request: SegmentReady) -> list[ShotRow]:
        first, last = int(request.start_s / 10), int(np.ceil(request.end_s / 10))
        return [
            ShotRow(
                shot_id=shot_id(request.segment, number - first + 1),
                segment=request.segment,
                start_s=number * 10.0,
                end_s=min(number * 10.0 + 10.0, request.end_s),
                starts_with="cut" if number else "start",
                ends_with="cut" if number * 10.0 + 10.0 < self.duration_s else "end",
            )
            for number in range(first, last)
        ]


def _shot_of(segment: int, number: int) -> str:
    per_segment = 20
    return shot_id(segment, int(number * SLOT_S / 10) - segment * per_segment + 1)


def _detection(face: FaceRow) -> DetectionRow:
    return DetectionRow(
        ep_id=face.ep_id,
        segment=face.segment,
        frame_idx=face.frame_idx,
        ts_s=face.ts_s,
        bbox=face.bbox,
        landmarks=face.landmarks,
        conf=face.conf,
        track_id=face.track_id,
        model_id=face.model_id or "",
    )
