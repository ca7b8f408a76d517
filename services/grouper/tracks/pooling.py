"""A track's row and vector from the faces that are left to it after it was cut."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from contracts.rows import FaceRow, TrackRow
from services.grouper.tracks.points import Floats

LEAST_WEIGHT = 0.05
NO_FACE = "no_face_sampled"
NO_USABLE_VECTOR = "no_usable_vector"
LOW_QUALITY = "low_quality"


def pooled(track: TrackRow, faces: Sequence[FaceRow], face_vectors: Floats) -> tuple[TrackRow, Floats | None]:
    """The track as its own faces make it, and its prototype [D]: their quality-weighted mean of unit length.

    Without a face that has a vector there is no prototype, and the row says why in `rejection`.
    """
    scores = [face.quality.score for face in faces]
    embedded = [face for face in faces if face.embedding_row is not None]
    best = max(embedded or faces, key=lambda face: (face.quality.score, -face.ts_s), default=None)
    crops = {face.crop for face in faces}
    row = track.model_copy(
        update={
            "quality": float(np.mean(scores)) if scores else track.quality,
            "crops": tuple(crop for crop in track.crops if crop in crops),
            "representative": None if best is None else best.face_id,
            "embedding_row": None,
        }
    )
    if not embedded:
        reason = NO_USABLE_VECTOR if faces else NO_FACE
        gone = {"samples": 0, "spread": None, "low_quality": True, "rejection": reason, "model_id": None}
        return row.model_copy(update=gone), None
    vectors = face_vectors[[face.embedding_row for face in embedded if face.embedding_row is not None]]
    weights = np.maximum([face.quality.score for face in embedded], LEAST_WEIGHT)
    mean = np.average(vectors.astype(np.float64), axis=0, weights=weights)
    length = float(np.linalg.norm(mean))
    vector = (mean / length if length > 1e-9 else vectors[0]).astype(np.float32)
    poor = all(face.low_quality for face in embedded)
    kept = {
        "samples": len(embedded),
        "spread": float(np.linalg.norm(vectors - vector, axis=1).mean()),
        "low_quality": poor,
        "rejection": LOW_QUALITY if poor else None,
        "model_id": embedded[0].model_id or track.model_id,
    }
    return row.model_copy(update=kept), vector
