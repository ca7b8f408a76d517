"""When the person of a face track is in the picture, seen from the front or not.

Bodies are followed from look to look within a shot, faces are given to the bodies they sit on, and what a body shows
before, between and after its faces belongs to the face nearest in time. Nobody is present by a body alone: a person whose
face was never seen in a shot has no name to be counted under.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from scipy.optimize import linear_sum_assignment

from chassis.domain.intervals import Intervals, normalise
from contracts.rows import Box, DetectionRow, Interval, ShotRow, TrackRow
from services.detector.persons.looks import PersonLook, is_within
from services.detector.rules import PersonRules

DIGITS = 6


@dataclass(slots=True, eq=False)
class Body:
    """One person followed through the looks of one shot."""

    shot: ShotRow
    seen: list[tuple[float, Box]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Looks:
    """The looks of one shot in order of time."""

    shot: ShotRow
    looks: list[PersonLook]

    @property
    def times_s(self) -> list[float]:
        return [look.ts_s for look in self.looks]


def shots_to_search(tracks: Sequence[TrackRow], shots: Sequence[ShotRow]) -> list[ShotRow]:
    """The shots in which bodies may say more than faces: somebody's face is followed there, but not all the time.

    A body's moments go to the face nearest in time, so where every face is there throughout they lie in its own span.
    """
    return [
        shot
        for shot in shots
        if any(
            track.shot_id == shot.shot_id and (track.start_s > shot.start_s or track.end_s < shot.end_s)
            for track in tracks
        )
    ]


def with_presence(
    tracks: Sequence[TrackRow],
    detections: Sequence[DetectionRow],
    shots: Sequence[ShotRow],
    looks: Sequence[PersonLook],
    rules: PersonRules,
) -> tuple[TrackRow, ...]:
    """The tracks of a segment, each with when its person is in the picture; its own span is always part of it."""
    faces: dict[str, list[tuple[float, Box]]] = defaultdict(list)
    for detection in detections:
        if detection.track_id is not None:
            faces[detection.track_id].append((detection.ts_s, detection.bbox))
    extended: dict[str, list[Interval]] = defaultdict(list)
    for part in _by_shot(shots, looks):
        own = [track for track in tracks if track.shot_id == part.shot.shot_id]
        bodies = follow_bodies(part.shot, part.looks, rules)
        for body, members in _faces_of_bodies(bodies, own, faces, rules):
            for track_id, spans in _spans(body, members, part.times_s, rules).items():
                extended[track_id] += spans
    return tuple(
        track.model_copy(update={"present": normalise([(track.start_s, track.end_s), *extended[track.track_id]])})
        for track in tracks
    )


def follow_bodies(shot: ShotRow, looks: Sequence[PersonLook], rules: PersonRules) -> list[Body]:
    """Joins boxes of following looks that overlap most; a body may be missed for `max_gap_s`."""
    bodies: list[Body] = []
    for look in looks:
        waiting = [body for body in bodies if look.ts_s - body.seen[-1][0] <= rules.max_gap_s]
        overlaps = np.array([[_overlap(body.seen[-1][1], box) for box in look.boxes] for body in waiting])
        taken: set[int] = set()
        if overlaps.size:
            for row, column in zip(*linear_sum_assignment(-overlaps), strict=True):
                if overlaps[row, column] >= rules.least_overlap:
                    waiting[row].seen.append((look.ts_s, look.boxes[column]))
                    taken.add(int(column))
        bodies += [Body(shot, [(look.ts_s, box)]) for index, box in enumerate(look.boxes) if index not in taken]
    return bodies


def _by_shot(shots: Sequence[ShotRow], looks: Sequence[PersonLook]) -> Iterable[_Looks]:
    for shot in shots:
        inside = [look for look in looks if is_within(shot, look.ts_s)]
        yield _Looks(shot, sorted(inside, key=lambda look: look.ts_s))


def _faces_of_bodies(
    bodies: Sequence[Body],
    tracks: Sequence[TrackRow],
    faces: Mapping[str, Sequence[tuple[float, Box]]],
    rules: PersonRules,
) -> Iterable[tuple[Body, list[TrackRow]]]:
    """Every body with the face tracks that sit on it. A face is given to the body it sits on most often."""
    votes = np.zeros((len(tracks), len(bodies)))
    for row, track in enumerate(tracks):
        own = faces.get(track.track_id, ())
        for column, body in enumerate(bodies):
            for ts_s, box in body.seen:
                face = min(own, key=lambda seen: abs(seen[0] - ts_s), default=None)
                if face is not None and abs(face[0] - ts_s) <= rules.same_moment_s:
                    votes[row, column] += _sits_on(face[1], box, rules)
    for column, body in enumerate(bodies):
        members = [
            track for row, track in enumerate(tracks) if votes[row, column] > 0 and votes[row].argmax() == column
        ]
        if members:
            yield (
                body,
                _one_at_a_time(members, {track.track_id: votes[row, column] for row, track in enumerate(tracks)}),
            )


def _one_at_a_time(tracks: Sequence[TrackRow], votes: Mapping[str, float]) -> list[TrackRow]:
    """Two faces at the same time are two people: the one that sits on the body more often stays."""
    kept: list[TrackRow] = []
    for track in sorted(tracks, key=lambda row: (-votes[row.track_id], row.start_s)):
        if all(track.end_s <= other.start_s or track.start_s >= other.end_s for other in kept):
            kept.append(track)
    return kept


def _spans(
    body: Body, members: Sequence[TrackRow], looks_s: Sequence[float], rules: PersonRules
) -> dict[str, list[Interval]]:
    """What the body adds to each of its face tracks: its moments, each given to the face nearest in time."""
    pieces: dict[str, list[Interval]] = defaultdict(list)
    for start, end in _seen_spans(body, looks_s, rules):
        borders = sorted({start, end, *(time for time in _middles(members) if start < time < end)})
        for left, right in pairwise(borders):
            middle = (left + right) / 2
            nearest = min(members, key=lambda track: max(track.start_s - middle, middle - track.end_s, 0.0))
            pieces[nearest.track_id].append((round(left, DIGITS), round(right, DIGITS)))
    return {track.track_id: pieces[track.track_id] for track in members}


def _middles(members: Sequence[TrackRow]) -> list[float]:
    """Halfway between a face track and the next of the same body, where a moment changes hands."""
    ordered = sorted(members, key=lambda track: track.start_s)
    return [(one.end_s + other.start_s) / 2 for one, other in pairwise(ordered)]


def _seen_spans(body: Body, looks_s: Sequence[float], rules: PersonRules) -> Intervals:
    """When the body is in the picture: each sight stands for half the way to the looks around it, and for all of the
    way to the shot's border where no look lies in between.
    """
    half_s = 0.5 / rules.looks_per_s
    spans: list[Interval] = []
    times = [ts_s for ts_s, _ in body.seen]
    for before, now, after in zip([None, *times[:-1]], times, [*times[1:], None], strict=True):
        start = now - half_s if before is None or now - before > rules.max_gap_s else before
        end = now + half_s if after is None or after - now > rules.max_gap_s else after
        if now == looks_s[0]:
            start = body.shot.start_s
        if now == looks_s[-1]:
            end = body.shot.end_s
        spans.append((max(start, body.shot.start_s), min(end, body.shot.end_s)))
    return normalise(spans)


def _overlap(first: Box, second: Box) -> float:
    """Intersection over union."""
    shared = shared_area(first, second)
    whole = box_area(first) + box_area(second) - shared
    return shared / whole if whole > 0 else 0.0


def shared_area(first: Box, second: Box) -> float:
    """Area of the intersection, as a share of the picture."""
    return box_area(
        (max(first[0], second[0]), max(first[1], second[1]), min(first[2], second[2]), min(first[3], second[3]))
    )


def box_area(box: Box) -> float:
    """Share of the picture that a box takes."""
    return max(0.0, box[2] - box[0]) * max(0.0, box[3] - box[1])


def _sits_on(face: Box, body: Box, rules: PersonRules) -> float:
    """How well a face fits a body, 0 where it cannot be its: it lies inside, in the upper part, near the middle."""
    shared, size = shared_area(face, body), box_area(face)
    if size <= 0 or shared < rules.least_inside * size:
        return 0.0
    across, down = (face[0] + face[2]) / 2, (face[1] + face[3]) / 2
    height, width = max(1e-6, body[3] - body[1]), max(1e-6, body[2] - body[0])
    place = (down - body[1]) / height
    aside = abs(across - (body[0] + body[2]) / 2) / width
    return max(0.0, 1.0 - aside) if place <= rules.lowest_face else 0.0
