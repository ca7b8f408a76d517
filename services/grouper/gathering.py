"""Reading what the segments of a run left: the first half of grouping it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from chassis.arrays import Floats, from_npy
from chassis.storage import Storage
from contracts.events import SegmentEmbedded
from contracts.rows import FaceRow, ShotRow, TrackRow
from services.grouper.assembly import SegmentTotals
from services.grouper.joining import SegmentTracks, shift_embedding_rows


@dataclass(frozen=True, kw_only=True)
class Gathered:
    """The segments of a run, read."""

    segments: list[SegmentTracks]
    faces: list[FaceRow]
    face_vectors: Floats
    detections: bytes


async def gather(storage: Storage, events: Sequence[SegmentEmbedded]) -> Gathered:
    """Read all segments, one after the other, so that a long episode is never in memory twice."""
    segments: list[SegmentTracks] = []
    faces: list[FaceRow] = []
    vectors: list[Floats] = []
    detections = bytearray()
    for event in events:
        refs = event.artifacts
        own_vectors = from_npy(await storage.get(refs["faces_npy"]))
        own_faces = await storage.get_rows(refs["faces"], FaceRow)
        faces += shift_embedding_rows(own_faces, sum(len(rows) for rows in vectors))
        vectors.append(own_vectors)
        detections += await storage.get(refs["detections"])
        segments.append(
            SegmentTracks(
                segment=event.segment,
                start_s=event.start_s,
                end_s=event.end_s,
                cut_at_end=event.cut_at_end,
                tracks=tuple(await storage.get_rows(refs["tracks"], TrackRow)),
                shots=tuple(await storage.get_rows(refs["shots"], ShotRow)),
                prototypes=from_npy(await storage.get(refs["tracks_npy"])),
            )
        )
    return Gathered(
        segments=segments,
        faces=faces,
        face_vectors=np.concatenate(vectors),
        detections=bytes(detections),
    )


def totals_of(events: Sequence[SegmentEmbedded], gathered: Gathered) -> SegmentTotals:
    """Sums over the segments of a run."""
    seconds: Counter[str] = Counter()
    cpu: Counter[str] = Counter()
    for event in events:
        seconds.update(event.stage_seconds)
        cpu.update(event.stage_cpu_seconds)
    return SegmentTotals(
        detections=gathered.detections.count(b"\n"),
        analysed_frames=sum(event.analysed_frames for event in events),
        decoded_frames=sum(event.decoded_frames for event in events),
        stage_seconds={stage: round(value, 3) for stage, value in sorted(seconds.items())},
        stage_cpu_seconds={stage: round(value, 3) for stage, value in sorted(cpu.items())},
    )
