"""The faces that show best what is asked about: as different from each other as there are. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from chassis.domain.arrays import Floats
from contracts.rows import FaceRow
from services.identity.faces.crop_refs import picture_token
from services.identity.faces.track_reps import is_usable
from services.identity.review.questions import Evidence


def most_different(faces: Sequence[FaceRow], vectors: Floats, count: int) -> list[FaceRow]:
    """Up to `count` faces: the best one, then always the one that is least like those taken (farthest point, Gonzalez 1985).

    `vectors` [R,D] are rows of `faces.npy`. Faces that no vector could be made of are taken only where there are no
    others; two faces of one moment are taken last.
    """
    shown = [face for face in faces if face.thumbnail is not None or face.crop]
    good = [face for face in shown if is_usable(face) and face.embedding_row is not None]
    rest = sorted(good or shown, key=lambda face: (-face.quality.score, face.ts_s, face.face_id))
    if not good or not len(vectors):
        return rest[:count]
    rows = np.stack([vectors[int(face.embedding_row or 0)] for face in rest])
    taken = [0]
    nearest = np.linalg.norm(rows - rows[0], axis=1)
    while len(taken) < min(count, len(rest)):
        nearest[taken] = -1.0
        taken.append(int(nearest.argmax()))
        nearest = np.minimum(nearest, np.linalg.norm(rows - rows[taken[-1]], axis=1))
    return [rest[place] for place in taken]


def as_evidence(face: FaceRow) -> Evidence:
    return Evidence(
        face_id=face.face_id,
        track_id=face.track_id,
        t_s=face.ts_s,
        bbox=face.bbox,
        picture=picture_token(face.thumbnail or face.crop),
    )
