"""Rows of tracks and faces with vectors of made-up people, as the detector and the model would give them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from contracts.ids import face_id
from contracts.rows import DetectionRow, FaceQuality, FaceRow, TrackRow

EP_ID = "show-s01e01"
LANDMARKS = (0.4, 0.3, 0.6, 0.3, 0.5, 0.4, 0.42, 0.5, 0.58, 0.5)
BOX = (0.4, 0.2, 0.6, 0.6)
TRACK = "track-00003-001"


def quality(score: float = 0.8, **parts: float) -> FaceQuality:
    values = {"confidence": 0.9, "size": 0.9, "sharpness": 0.9, "contrast": 0.9, "frontality": 0.9} | parts
    return FaceQuality(score=score, **values)


def face(frame: int, *, track: str = TRACK, score: float = 0.8, **parts: float) -> FaceRow:
    """A face eight frames a second."""
    identifier = face_id(track, frame)
    return FaceRow(
        ep_id=EP_ID,
        segment=3,
        face_id=identifier,
        track_id=track,
        frame_idx=frame,
        ts_s=60 + frame / 8,
        bbox=(BOX[0] + frame / 1000, *BOX[1:]),
        landmarks=LANDMARKS,
        conf=0.9,
        quality=quality(score, **parts),
        crop=f"s3://bucket/crops.tar#{identifier}.jpg",
    )


def detection(frame: int, *, track: str | None = TRACK, conf: float = 0.9) -> DetectionRow:
    return DetectionRow(
        ep_id=EP_ID,
        segment=3,
        frame_idx=frame,
        ts_s=60 + frame / 8,
        bbox=(BOX[0] + frame / 1000, *BOX[1:]),
        landmarks=LANDMARKS,
        conf=conf,
        track_id=track,
        model_id="detector",
    )


def track(first: int, last: int, *, identifier: str = TRACK) -> TrackRow:
    return TrackRow(
        ep_id=EP_ID,
        segment=3,
        track_id=identifier,
        shot_id="shot-00003-001",
        start_s=60 + first / 8,
        end_s=60 + (last + 1) / 8,
        first_frame=first,
        last_frame=last,
        first_bbox=BOX,
        last_bbox=BOX,
        detections=last - first + 1,
        mean_conf=0.9,
        mean_size=0.4,
        quality=0.8,
        crops=tuple(face(frame, track=identifier).crop for frame in range(first, last + 1)),
    )


def vectors_of(person: int, count: int, *, noise: float = 0.1, seed: int = 0) -> npt.NDArray[np.float32]:
    """Unit vectors [count, 128] around a person's own direction; two people are about 0.5 apart."""
    centre = np.random.default_rng(0).normal(size=128)
    own = np.random.default_rng(person + 1).normal(size=128)
    direction = centre / np.linalg.norm(centre) + 0.38 * own / np.linalg.norm(own)
    direction /= np.linalg.norm(direction)
    steps = np.random.default_rng([person, seed]).normal(size=(count, 128)) / np.sqrt(128) * noise
    vectors = direction + steps
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
