"""The faces that show a track or a person best: sharp, frontal, large, typical, and spread over time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from chassis.domain.arrays import Floats
from contracts.rows import FaceQuality, FaceRow
from services.identity.rules import RepresentativeRules


@dataclass(frozen=True)
class TrackQuality:
    """Quality of the faces sampled from a track, 0..1 each; `usable` of `faces` are good enough to recognise."""

    mean: float
    best: float
    faces: int
    usable: int


def compute_track_quality(faces: Sequence[FaceRow]) -> TrackQuality:
    """Quality of a track from its sampled faces; the mean is over the usable ones, over all when none is usable."""
    usable = [face.quality.score for face in faces if is_usable(face)]
    scores = usable or [face.quality.score for face in faces]
    return TrackQuality(
        mean=float(np.mean(scores)) if scores else 0.0,
        best=max(scores, default=0.0),
        faces=len(faces),
        usable=len(usable),
    )


def is_usable(face: FaceRow) -> bool:
    """Whether a face passed the gates of embedding."""
    return face.embedding_row is not None and not face.low_quality and face.skip_reason is None


def select_representative_frames(
    faces: Sequence[FaceRow],
    *,
    vectors: Floats | None,
    centroid: npt.ArrayLike | None,
    count: int,
    rules: RepresentativeRules,
) -> tuple[FaceRow, ...]:
    """Chooses up to `count` faces, best first.

    `vectors` [R, D] are the rows of `faces.npy` (a face names its row), `centroid` [D] is the person's; without either,
    being typical does not count. The first is the best face of all; each further one also gains by its distance in time
    from those taken. Usable faces go before all others, which are taken only when there are none.
    Raises ValueError when `count` is below 1 or the dimensions differ.
    """
    if count < 1:
        raise ValueError(f"count must be at least 1, got {count}")
    usable = [face for face in faces if is_usable(face)]
    rest = sorted(usable or faces, key=lambda face: (face.ts_s, face.face_id))
    if not rest:
        return ()
    typical = _typicality(rest, vectors, centroid, rules.typical_distance)
    score = {
        face.face_id: looks(face.quality, rules) + rules.typicality_weight * typical.get(face.face_id, 0.0)
        for face in rest
    }
    duration = rest[-1].ts_s - rest[0].ts_s
    chosen: list[FaceRow] = []
    while rest and len(chosen) < count:
        best = max(rest, key=lambda face: score[face.face_id] + rules.spread_weight * _apart(face, chosen, duration))
        chosen.append(best)
        rest.remove(best)
    return tuple(chosen)


def looks(quality: FaceQuality, rules: RepresentativeRules) -> float:
    """How good a face looks as a thumbnail: weighted sum of sharpness, frontality, size and confidence."""
    return (
        rules.sharpness_weight * quality.sharpness
        + rules.frontality_weight * quality.frontality
        + rules.size_weight * quality.size
        + rules.confidence_weight * quality.confidence
    )


def _typicality(
    faces: Sequence[FaceRow], vectors: Floats | None, centroid: npt.ArrayLike | None, farthest: float
) -> dict[str, float]:
    """Face id -> 1 at the centroid, falling to 0 at `farthest` median distances; faces without a vector are missing."""
    if vectors is None or centroid is None:
        return {}
    middle = np.asarray(centroid, dtype=np.float64)
    if vectors.ndim != 2 or vectors.shape[1:] != middle.shape:
        raise ValueError(f"vectors of shape {vectors.shape} do not fit a centroid of shape {middle.shape}")
    distance = {
        face.face_id: float(np.linalg.norm(vectors[face.embedding_row] - middle))
        for face in faces
        if face.embedding_row is not None and face.embedding_row < len(vectors)
    }
    limit = max(farthest * float(np.median(list(distance.values()))), 1e-6) if distance else 1.0
    return {name: max(0.0, 1.0 - value / limit) for name, value in distance.items()}


def _apart(face: FaceRow, chosen: Sequence[FaceRow], duration: float) -> float:
    """Time to the nearest chosen face as a part of the whole duration, 0..1."""
    if not chosen or duration <= 0:
        return 0.0
    return min(abs(face.ts_s - other.ts_s) for other in chosen) / duration
