"""Cutting a track that shows two people into tracks of one: new ids, intervals cut at the change, rows reassigned."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from contracts.ids import track_id
from contracts.rows import DetectionRow, FaceRow, TrackRow


@dataclass(frozen=True)
class TrackSplit:
    """`track` became `parts`; part `i` lasts until `cuts_s[i]`, the last one to the end."""

    track: str
    cuts_s: tuple[float, ...]
    parts: tuple[str, ...]

    def part_at(self, ts_s: float) -> str:
        """The part a sample at that time belongs to."""
        return self.parts[bisect_right(self.cuts_s, ts_s)]


def plan_split(track: TrackRow, change_times_s: Sequence[tuple[float, float]], *, first_number: int) -> TrackSplit:
    """A split at each change; a change is given by the times of the samples before and after it.

    New ids are numbered from `first_number` within the track's segment.
    """
    cuts = tuple((before + after) / 2 for before, after in change_times_s)
    parts = tuple(track_id(track.segment, first_number + offset) for offset in range(len(cuts) + 1))
    return TrackSplit(track=track.track_id, cuts_s=cuts, parts=parts)


def next_track_number(tracks: Sequence[TrackRow]) -> int:
    """One more than the highest number of a segment's tracks."""
    return 1 + max((int(track.track_id.rsplit("-", 1)[1]) for track in tracks), default=0)


def split_track(
    track: TrackRow, split: TrackSplit, *, faces: Sequence[FaceRow], detections: Sequence[DetectionRow]
) -> tuple[list[TrackRow], list[FaceRow], list[DetectionRow]]:
    """The parts of a track with their faces and detections; every row of the track goes to exactly one part.

    Faces keep their `face_id`, which names the picture and not the track.
    """
    new_faces = [face.model_copy(update={"track_id": split.part_at(face.ts_s)}) for face in faces]
    new_detections = [row.model_copy(update={"track_id": split.part_at(row.ts_s)}) for row in detections]
    edges = (track.start_s, *split.cuts_s, track.end_s)
    rows = [
        _part(
            track,
            part,
            span_s=(edges[index], edges[index + 1]),
            faces=[face for face in new_faces if face.track_id == part],
            detections=[row for row in new_detections if row.track_id == part],
            first=index == 0,
        )
        for index, part in enumerate(split.parts)
    ]
    return rows, new_faces, new_detections


def _part(
    track: TrackRow,
    part: str,
    *,
    span_s: tuple[float, float],
    faces: list[FaceRow],
    detections: list[DetectionRow],
    first: bool,
) -> TrackRow:
    # Without detection rows the sampled faces are what is known of the part.
    rows: Sequence[DetectionRow | FaceRow] = detections or faces
    observed = sorted(rows, key=lambda row: row.ts_s)
    best = max(faces, key=lambda face: (face.quality.score, -face.ts_s))
    crops = {face.crop for face in faces}
    return track.model_copy(
        update={
            "track_id": part,
            "start_s": span_s[0],
            "end_s": span_s[1],
            "first_frame": observed[0].frame_idx,
            "last_frame": observed[-1].frame_idx,
            "first_bbox": observed[0].bbox,
            "last_bbox": observed[-1].bbox,
            "detections": len(observed),
            "mean_conf": sum(row.conf for row in observed) / len(observed),
            "mean_size": sum(row.bbox[3] - row.bbox[1] for row in observed) / len(observed),
            "quality": sum(face.quality.score for face in faces) / len(faces),
            "crops": tuple(crop for crop in track.crops if crop in crops),
            "representative": best.face_id,
            "continues": track.continues if first else None,
        }
    )
