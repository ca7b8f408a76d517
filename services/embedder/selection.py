"""Which of a track's sampled faces are embedded: the best first, spread over time. Nobody disappears.

A face that is not embedded keeps its row and says why in `skip_reason`. A track whose every face fails a gate keeps its
best one, marked `low_quality`.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from contracts.rows import FaceRow
from services.embedder.rules import SelectionRules

LOW_CONFIDENCE = "low_confidence"
TOO_SMALL = "too_small"
BLURRY = "blurry"
LOW_CONTRAST = "low_contrast"
TURNED_AWAY = "turned_away"
NEAR_BETTER_FACE = "near_better_face"
ENOUGH_BETTER_FACES = "enough_better_faces"

SPACING_GROWTH = 1.25


def select_faces(faces: Sequence[FaceRow], rules: SelectionRules) -> list[FaceRow]:
    """Decides for every face of every track whether it is embedded; rows come back in order of track, time and id.

    Faces to embed have `skip_reason` None. Every track of `faces` has at least one of these.
    """
    ordered = sorted(faces, key=lambda face: (face.track_id, face.ts_s, face.face_id))
    chosen: list[FaceRow] = []
    for _, track_faces in groupby(ordered, key=lambda face: face.track_id):
        chosen.extend(_select_of_track(list(track_faces), rules))
    return chosen


def failed_gate(face: FaceRow, rules: SelectionRules) -> str | None:
    """The first gate a face fails, None when it passes all."""
    quality = face.quality
    gates = (
        (quality.confidence, rules.min_confidence, LOW_CONFIDENCE),
        (quality.size, rules.min_size, TOO_SMALL),
        (quality.sharpness, rules.min_sharpness, BLURRY),
        (quality.contrast, rules.min_contrast, LOW_CONTRAST),
        (quality.frontality, rules.min_frontality, TURNED_AWAY),
    )
    return next((reason for value, least, reason in gates if value < least), None)


def _select_of_track(faces: list[FaceRow], rules: SelectionRules) -> list[FaceRow]:
    reasons = {face.face_id: failed_gate(face, rules) for face in faces}
    best_first = sorted(faces, key=lambda face: (-face.quality.score, face.ts_s, face.face_id))
    passed = [face for face in best_first if reasons[face.face_id] is None]
    if not passed:
        best = best_first[0].face_id
        return [
            _marked(face, None if face.face_id == best else reasons[face.face_id], face.face_id == best)
            for face in faces
        ]
    reasons.update(_spaced(passed, rules))
    return [_marked(face, reasons[face.face_id], False) for face in faces]


def _spaced(best_first: list[FaceRow], rules: SelectionRules) -> dict[str, str | None]:
    """Reasons of the faces that passed: taken when far enough in time from every better one.

    Where that leaves more than the limit, the distance grows until it does not: every stretch of the track keeps its
    best face, so that whoever is seen only at its other end is seen at all.
    """
    spacing_s = rules.spacing_s
    first = taken = _far_apart(best_first, spacing_s)
    while len(taken) > rules.faces_per_track:
        spacing_s *= SPACING_GROWTH
        taken = _far_apart(best_first, spacing_s)
    kept = {face.face_id for face in taken}
    near = [face for face in best_first if face.face_id not in kept]
    missing = max(0, min(rules.enough_faces, rules.faces_per_track) - len(taken))
    kept.update(face.face_id for face in near[:missing])
    spaced = {face.face_id for face in first}
    return {
        face.face_id: None
        if face.face_id in kept
        else ENOUGH_BETTER_FACES
        if face.face_id in spaced
        else NEAR_BETTER_FACE
        for face in best_first
    }


def _far_apart(best_first: list[FaceRow], spacing_s: float) -> list[FaceRow]:
    taken: list[FaceRow] = []
    for face in best_first:
        if all(abs(face.ts_s - other.ts_s) >= spacing_s for other in taken):
            taken.append(face)
    return taken


def _marked(face: FaceRow, reason: str | None, low_quality: bool) -> FaceRow:
    return face.model_copy(update={"skip_reason": reason, "low_quality": low_quality})
