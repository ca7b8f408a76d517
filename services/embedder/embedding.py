"""From the vectors of a segment's selected faces to embedded tracks: splits, prototypes, matrices and row numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from chassis.domain.calibration import DrawnFaces
from chassis.domain.pooling import PoolingRules, pool_vectors
from contracts.rows import DetectionRow, FaceRow, TrackRow
from contracts.warnings import Warning
from services.embedder.changes import find_changes
from services.embedder.rules import EmbedderThresholds
from services.embedder.splitting import TrackSplit, next_track_number, plan_split, split_track

Floats = npt.NDArray[np.float32]

UNUSABLE_VECTOR = "unusable_vector"
NO_FACE = "no_face_sampled"
NO_USABLE_VECTOR = "no_usable_vector"
LOW_QUALITY = "low_quality"
_LEAST_LENGTH = 1e-6
_RATIO_DIGITS = 2


class EmbeddingMismatchError(ValueError):
    """The vectors are not what the thresholds were made for: another model, dimension or number of faces."""


@dataclass(frozen=True)
class EmbeddedSegment:
    """A segment's rows with embeddings. `embedding_row` of a face and of a track is its row in the matrix.

    `faces_npy` [N, D] and `tracks_npy` [T, D] are float32 of unit length. `splits` tells which tracks became several;
    `detections` already carry the new ids.
    """

    tracks: tuple[TrackRow, ...]
    faces: tuple[FaceRow, ...]
    detections: tuple[DetectionRow, ...]
    faces_npy: Floats
    tracks_npy: Floats
    splits: tuple[TrackSplit, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    warnings: tuple[Warning, ...] = ()


def faces_to_embed(faces: Sequence[FaceRow]) -> list[FaceRow]:
    """The selected faces, in the order in which their vectors are expected."""
    return [face for face in faces if face.skip_reason is None]


def build_embedded_segment(
    *,
    tracks: Sequence[TrackRow],
    faces: Sequence[FaceRow],
    detections: Sequence[DetectionRow],
    vectors: npt.ArrayLike,
    model_id: str,
    thresholds: EmbedderThresholds,
    pooling: PoolingRules,
    drawn: DrawnFaces | None = None,
) -> EmbeddedSegment:
    """Pools the vectors of one segment.

    `faces` come from `select_faces`; row `i` of `vectors` [N, D] belongs to the `i`-th of `faces_to_embed(faces)`.
    Every track comes back, those without a usable vector with the reason in `rejection`. `drawn` says where the model puts
    drawn faces, where that is known.
    Raises EmbeddingMismatchError for vectors of another model, dimension or count, ValueError for an unknown track.
    """
    matrix = _checked(vectors, expected=len(faces_to_embed(faces)), model_id=model_id, thresholds=thresholds)
    faces, matrix, unusable = _without_unusable(faces, matrix)
    unknown = {face.track_id for face in faces} - {track.track_id for track in tracks}
    if unknown:
        raise ValueError(f"faces of unknown tracks: {', '.join(sorted(unknown))}")
    numbered = _numbered(faces, model_id)
    splits = _find_splits(tracks, numbered, matrix, thresholds)
    new_tracks, new_faces, new_detections = _apply_splits(tracks, numbered, detections, splits)
    pooled, prototypes = _pool(new_tracks, new_faces, matrix, model_id, thresholds.dimension, pooling, drawn)
    return EmbeddedSegment(
        tracks=tuple(pooled),
        faces=tuple(new_faces),
        detections=tuple(new_detections),
        faces_npy=matrix,
        tracks_npy=prototypes,
        splits=tuple(splits),
        counts={
            "tracks": len(pooled),
            "tracks_embedded": len(prototypes),
            "tracks_split": len(splits),
            "faces": len(new_faces),
            "faces_embedded": len(matrix),
            "faces_unusable": unusable,
        },
        warnings=_without_vector(unusable),
    )


def _checked(vectors: npt.ArrayLike, *, expected: int, model_id: str, thresholds: EmbedderThresholds) -> Floats:
    if thresholds.model_id is not None and model_id != thresholds.model_id:
        raise EmbeddingMismatchError(f"vectors are of model {model_id}, thresholds of {thresholds.model_id}")
    matrix = np.asarray(vectors, dtype=np.float32)
    if expected == 0 and matrix.size == 0:
        return np.zeros((0, thresholds.dimension), dtype=np.float32)
    if matrix.shape != (expected, thresholds.dimension):
        raise EmbeddingMismatchError(f"vectors have shape {matrix.shape}, expected {(expected, thresholds.dimension)}")
    return matrix


def _without_unusable(faces: Sequence[FaceRow], matrix: Floats) -> tuple[list[FaceRow], Floats, int]:
    """Takes vectors without direction (not finite, or zero) out and says so in the row of their face."""
    lengths = np.linalg.norm(matrix.astype(np.float64), axis=1)
    usable = np.isfinite(matrix).all(axis=1) & (lengths > _LEAST_LENGTH)
    unusable_ids = {face.face_id for face, good in zip(faces_to_embed(faces), usable, strict=True) if not good}
    rows = [
        face.model_copy(update={"skip_reason": UNUSABLE_VECTOR}) if face.face_id in unusable_ids else face
        for face in faces
    ]
    unit = (matrix[usable] / lengths[usable, None]).astype(np.float32)
    return rows, unit, len(unusable_ids)


def _numbered(faces: Sequence[FaceRow], model_id: str) -> list[FaceRow]:
    rows: list[FaceRow] = []
    number = 0
    for face in faces:
        if face.skip_reason is None:
            rows.append(face.model_copy(update={"embedding_row": number, "model_id": model_id}))
            number += 1
        else:
            rows.append(face)
    return rows


def _embedded_by_track(faces: Sequence[FaceRow]) -> dict[str, list[FaceRow]]:
    """Faces with a vector, in order of time, for each track."""
    by_track: dict[str, list[FaceRow]] = {}
    for face in sorted(faces, key=lambda face: (face.ts_s, face.face_id)):
        if face.embedding_row is not None:
            by_track.setdefault(face.track_id, []).append(face)
    return by_track


def _vectors_of(faces: Sequence[FaceRow], matrix: Floats) -> Floats:
    return matrix[[face.embedding_row for face in faces if face.embedding_row is not None]]


def _find_splits(
    tracks: Sequence[TrackRow], faces: Sequence[FaceRow], matrix: Floats, thresholds: EmbedderThresholds
) -> list[TrackSplit]:
    by_track = _embedded_by_track(faces)
    number = next_track_number(tracks)
    splits: list[TrackSplit] = []
    for track in sorted(tracks, key=lambda track: track.track_id):
        samples = by_track.get(track.track_id, [])
        changes = find_changes(_vectors_of(samples, matrix), thresholds.split) if samples else []
        if changes:
            times = [(samples[index - 1].ts_s, samples[index].ts_s) for index in changes]
            splits.append(plan_split(track, times, first_number=number))
            number += len(changes) + 1
    return splits


def _apply_splits(
    tracks: Sequence[TrackRow],
    faces: Sequence[FaceRow],
    detections: Sequence[DetectionRow],
    splits: Sequence[TrackSplit],
) -> tuple[list[TrackRow], list[FaceRow], list[DetectionRow]]:
    by_id = {split.track: split for split in splits}
    new_tracks = [track for track in tracks if track.track_id not in by_id]
    new_faces = {face.face_id: face for face in faces}
    reassigned: dict[int, DetectionRow] = {}
    for track in tracks:
        if track.track_id not in by_id:
            continue
        positions = [index for index, row in enumerate(detections) if row.track_id == track.track_id]
        parts, part_faces, part_detections = split_track(
            track,
            by_id[track.track_id],
            faces=[face for face in faces if face.track_id == track.track_id],
            detections=[detections[index] for index in positions],
        )
        new_tracks.extend(parts)
        new_faces.update({face.face_id: face for face in part_faces})
        reassigned.update(zip(positions, part_detections, strict=True))
    new_tracks.sort(key=lambda track: (track.start_s, track.track_id))
    return new_tracks, list(new_faces.values()), [reassigned.get(i, row) for i, row in enumerate(detections)]


def _pool(
    tracks: Sequence[TrackRow],
    faces: Sequence[FaceRow],
    matrix: Floats,
    model_id: str,
    dimension: int,
    pooling: PoolingRules,
    drawn: DrawnFaces | None,
) -> tuple[list[TrackRow], Floats]:
    by_track = _embedded_by_track(faces)
    sampled = {face.track_id for face in faces}
    rows: list[TrackRow] = []
    prototypes: list[Floats] = []
    for track in tracks:
        samples = by_track.get(track.track_id)
        if not samples:
            reason = NO_USABLE_VECTOR if track.track_id in sampled else NO_FACE
            rows.append(track.model_copy(update={"rejection": reason, "low_quality": True}))
            continue
        low_quality = all(face.low_quality for face in samples)
        prototype = pool_vectors(
            _vectors_of(samples, matrix),
            [face.quality.score for face in samples],
            pooling,
        )
        rows.append(
            track.model_copy(
                update={
                    "embedding_row": len(prototypes),
                    "model_id": model_id,
                    "samples": prototype.samples,
                    "spread": prototype.spread,
                    "low_quality": low_quality,
                    "rejection": LOW_QUALITY if low_quality else None,
                    "drawn": None if drawn is None else _drawn_ratio(prototype.vector, drawn),
                }
            )
        )
        prototypes.append(prototype.vector)
    return rows, np.stack(prototypes) if prototypes else np.zeros((0, dimension), dtype=np.float32)


def _drawn_ratio(vector: Floats, drawn: DrawnFaces) -> float:
    return round(drawn.log_likelihood_ratio(vector.tolist()), _RATIO_DIGITS)


def _without_vector(faces: int) -> tuple[Warning, ...]:
    if not faces:
        return ()
    return (Warning.of("faces_without_vector", f"{faces} faces gave no usable vector"),)
