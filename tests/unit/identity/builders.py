"""Short ways to make rows for the tests of the identity service."""

from __future__ import annotations

import numpy as np

from chassis.domain.arrays import Floats
from contracts.ids import face_id, identity_id, shot_id, track_id
from contracts.rows import Boundary, Box, CastLink, FaceQuality, FaceRow, Identity, LinkedBy, ShotRow, TrackRow
from services.identity.facebank.gallery import Gallery, Reference, make_gallery
from services.identity.rules import IdentityThresholds
from services.identity.suggestions.evidence import IdentityEvidence

RULES = IdentityThresholds()

EP = "the-office-s01e02"
RUN = "01JCZ5M7Q8XG3V4B2N1K0H9F8D"
MODEL = "test-embedder"
DIMENSION = 16
MIDDLE: Box = (0.4, 0.2, 0.6, 0.5)


def make_track(
    number: int,
    start_s: float,
    end_s: float,
    *,
    segment: int = 0,
    shot: int = 0,
    size: float = 0.3,
    box: Box = MIDDLE,
    row: int | None = None,
    model_id: str | None = MODEL,
    quality: float = 0.6,
    samples: int = 8,
    low_quality: bool = False,
    rejection: str | None = None,
) -> TrackRow:
    return TrackRow(
        ep_id=EP,
        segment=segment,
        track_id=track_id(segment, number),
        shot_id=shot_id(segment, shot),
        start_s=start_s,
        end_s=end_s,
        first_frame=0,
        last_frame=1,
        first_bbox=box,
        last_bbox=box,
        detections=2,
        mean_conf=0.9,
        mean_size=size,
        quality=quality,
        embedding_row=row,
        model_id=model_id,
        samples=samples,
        low_quality=low_quality,
        rejection=rejection,
    )


def make_shot(
    number: int,
    start_s: float,
    end_s: float,
    starts_with: Boundary = "cut",
    ends_with: Boundary = "cut",
    *,
    segment: int = 0,
) -> ShotRow:
    return ShotRow(
        shot_id=shot_id(segment, number),
        segment=segment,
        start_s=start_s,
        end_s=end_s,
        starts_with=starts_with,
        ends_with=ends_with,
    )


def make_identity(number: int, *tracks: TrackRow, reason: str | None = None, locked: bool = False) -> Identity:
    return Identity(
        identity_id=identity_id(number),
        track_ids=tuple(track.track_id for track in tracks),
        tracks=len(tracks),
        faces=len(tracks),
        reason=reason,
        locked=locked,
    )


def make_link(number: int, cast_id: str, probability: float = 1.0, by: LinkedBy = "auto") -> CastLink:
    return CastLink(
        identity_id=identity_id(number),
        cast_id=cast_id,
        by=by,
        probability=probability,
        margin=0.5,
        at="2024-01-01T00:00:00Z",
        event_id="event",
    )


def make_face(
    frame: int,
    ts_s: float,
    *,
    sharpness: float = 0.5,
    frontality: float = 0.5,
    size: float = 0.5,
    score: float = 0.5,
    row: int | None = 0,
    low_quality: bool = False,
    skip_reason: str | None = None,
) -> FaceRow:
    track = track_id(0, 1)
    return FaceRow(
        ep_id=EP,
        segment=0,
        face_id=face_id(track, frame),
        track_id=track,
        frame_idx=frame,
        ts_s=ts_s,
        bbox=MIDDLE,
        landmarks=(0.45, 0.3, 0.55, 0.3, 0.5, 0.35, 0.46, 0.42, 0.54, 0.42),
        conf=0.9,
        quality=FaceQuality(
            score=score, confidence=0.9, size=size, sharpness=sharpness, contrast=0.5, frontality=frontality
        ),
        crop="s3://bucket/crops.tar#chip.jpg",
        embedding_row=row,
        model_id=MODEL,
        low_quality=low_quality,
        skip_reason=skip_reason,
    )


def person_vector(person: int, *, off: float = 0.0, towards: int = 15) -> Floats:
    """A unit vector near axis `person`, `off` radians away from it in the direction of axis `towards`.

    Different people are sqrt(2) apart; `off` radians are a distance of about `off`.
    """
    vector = np.zeros(DIMENSION)
    vector[person] = np.cos(off)
    vector[towards] += np.sin(off)
    return (vector / np.linalg.norm(vector)).astype(np.float32)


def between(first: Floats, second: Floats, share: float) -> Floats:
    """The unit vector on the way from `first` (0) to `second` (1)."""
    mixed = (1 - share) * first.astype(np.float64) + share * second.astype(np.float64)
    return (mixed / np.linalg.norm(mixed)).astype(np.float32)


def gallery_of(cast_id: str, *vectors: Floats) -> Gallery:
    references = [Reference(f"{number}.jpg", vector, MODEL, 0.8) for number, vector in enumerate(vectors)]
    return make_gallery(cast_id, references, model_id=MODEL, dimension=DIMENSION, rules=RULES.gallery)


def evidence_of(
    number: int,
    *vectors: Floats,
    presence: tuple[tuple[float, float], ...] = ((0.0, 5.0),),
    samples: int = 8,
    quality: float = 0.6,
    low_quality: bool = False,
    locked: bool = False,
    spans: tuple[tuple[float, float], ...] = (),
) -> IdentityEvidence:
    prototypes = np.array(vectors, dtype=np.float32).reshape(-1, DIMENSION)
    mean = prototypes.mean(axis=0) if len(prototypes) else None
    return IdentityEvidence(
        identity_id=identity_id(number),
        presence=presence,
        centroid=None if mean is None else (mean / np.linalg.norm(mean)).astype(np.float32),
        prototypes=prototypes,
        weights=(samples,) * len(prototypes),
        samples=samples * len(prototypes),
        quality=quality,
        low_quality=low_quality,
        locked=locked,
        track_spans=spans,
    )
