"""Whether a face is an animal's, for faces that the face detector is not sure of.

Detectors of faces take those of dogs, bears and apes for people's now and then, never with their highest scores. The
person detector knows animals as well; **an animal counts only where a person is never likelier around the face**.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median

from contracts.rows import Box, DetectionRow, ShotRow, TrackRow
from services.detector.persons.looks import Moments, PersonLook
from services.detector.persons.presence import box_area, shared_area
from services.detector.rules import PersonRules

DIGITS = 3


def doubtful_faces(tracks: Sequence[TrackRow], shots: Sequence[ShotRow], rules: PersonRules) -> dict[str, Moments]:
    """Track id -> when it can be looked at, of the tracks whose mean score leaves a doubt."""
    by_id = {shot.shot_id: shot for shot in shots}
    around_s = rules.doubt_within_s
    return {
        track.track_id: Moments(by_id[track.shot_id], track.start_s - around_s, track.end_s + around_s)
        for track in tracks
        if track.mean_conf < rules.doubtful_score
    }


def with_animals(
    tracks: Sequence[TrackRow],
    detections: Sequence[DetectionRow],
    doubtful: Mapping[str, Moments],
    looks: Sequence[PersonLook],
    rules: PersonRules,
) -> tuple[TrackRow, ...]:
    """The tracks, the doubtful ones with how sure it is that their face is an animal's."""
    scores = {
        track_id: _animal_score(
            [row for row in detections if row.track_id == track_id],
            [look for look in looks if moments.holds(look.ts_s)],
            rules,
        )
        for track_id, moments in doubtful.items()
    }
    return tuple(
        track.model_copy(update={"animal": scores[track.track_id]}) if track.track_id in scores else track
        for track in tracks
    )


def _animal_score(faces: Sequence[DetectionRow], looks: Sequence[PersonLook], rules: PersonRules) -> float | None:
    """Score (0..1) of the animal around the face in the surest look; 0 unless most looks agree and none sees a person."""
    scores = []
    for look in looks:
        face = min(faces, key=lambda row: abs(row.ts_s - look.ts_s)).bbox
        animal = _best_around(face, look.animals, look.animal_scores, rules)
        if _best_around(face, look.boxes, look.scores, rules) > animal:
            return 0.0
        scores.append(animal)
    if not scores:
        return None
    return round(max(scores), DIGITS) if median(scores) > 0 else 0.0


def _best_around(face: Box, boxes: Sequence[Box], scores: Sequence[float], rules: PersonRules) -> float:
    """The highest score of the boxes that hold the face."""
    least = rules.least_inside * box_area(face)
    return max(
        (score for box, score in zip(boxes, scores, strict=True) if shared_area(face, box) >= least),
        default=0.0,
    )
