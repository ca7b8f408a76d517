"""Suggestions for people nobody can recognise: who was at that place just before or after.

Somebody visible elsewhere at the same moment cannot be the one; that is evidence against, never for.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from chassis.domain.faces import box_overlaps
from chassis.domain.intervals import Intervals, intersection, normalise, total
from chassis.domain.visibility import find_cuts
from contracts.rows import Identity, ShotRow, TrackRow
from services.identity.rules import TemporalRules


@dataclass(frozen=True)
class TemporalSuggestion:
    """A cast member who was at an identity's place: the tracks that met there, overlap (0..1) and gap in seconds.

    `score` is 0..`ceiling`: a hint for an operator, never enough for a link by itself.
    """

    identity_id: str
    cast_id: str
    score: float
    track_id: str
    neighbour_track_id: str
    overlap: float
    gap_s: float
    same_shot: bool


def get_temporal_suggestions(
    identities: Sequence[Identity],
    *,
    tracks: Sequence[TrackRow],
    shots: Sequence[ShotRow],
    cast_of: Mapping[str, str],
    identity_ids: Collection[str],
    dismissed: Collection[tuple[str, str | None]] = (),
    simultaneous_s: float,
    rules: TemporalRules,
) -> tuple[TemporalSuggestion, ...]:
    """Suggests cast members for the identities in `identity_ids` (those without usable vectors), best first.

    `cast_of` maps linked identities to their cast member. A cast member who is visible during any track of the identity
    for more than `simultaneous_s` is excluded.
    """
    rows = {row.track_id: row for row in tracks}
    members = {
        person.identity_id: [rows[key] for key in sorted(set(person.track_ids)) if key in rows] for person in identities
    }
    known: dict[str, list[TrackRow]] = defaultdict(list)
    for identity, cast_id in sorted(cast_of.items()):
        known[cast_id] += members.get(identity, [])
    visible = {cast_id: _presence(cast_tracks) for cast_id, cast_tracks in known.items()}
    spans = {
        cast_id: np.array([(row.start_s, row.end_s) for row in cast_tracks]).reshape(-1, 2)
        for cast_id, cast_tracks in known.items()
    }
    window = max(rules.same_shot_window_s, rules.scene_window_s)
    take_of = _takes(shots)

    suggestions: list[TemporalSuggestion] = []
    for identity in sorted(set(identity_ids) & members.keys()):
        if identity in cast_of or (identity, None) in dismissed:
            continue
        own = _presence(members[identity])
        found = []
        for cast_id, neighbours in known.items():
            together = total(intersection(own, visible[cast_id]))
            if together > simultaneous_s or (identity, cast_id) in dismissed:
                continue
            meetings = [
                meeting
                for row in members[identity]
                for index in _near(row, spans[cast_id], window)
                if (meeting := _meeting(identity, cast_id, row, neighbours[index], take_of, rules)) is not None
            ]
            if meetings:
                found.append(max(meetings, key=lambda meeting: (meeting.score, meeting.track_id)))
        found.sort(key=lambda suggestion: (-suggestion.score, suggestion.cast_id))
        suggestions += found[: rules.suggestions]
    return tuple(suggestions)


def _near(row: TrackRow, spans: npt.NDArray[np.float64], window_s: float) -> list[int]:
    """Indices of the spans [N, 2] that begin or end within the window around a track: most are far away."""
    near = (spans[:, 0] < row.end_s + window_s) & (spans[:, 1] > row.start_s - window_s)
    return [int(index) for index in np.flatnonzero(near)]


def _presence(tracks: Sequence[TrackRow]) -> Intervals:
    return normalise((row.start_s, row.end_s) for row in tracks)


def _takes(shots: Sequence[ShotRow]) -> dict[str, int]:
    """Shot id -> number of the whole shot it is part of: parts on both sides of a segment border are one shot."""
    cuts = find_cuts(shots)
    return {shot.shot_id: sum(cut <= shot.start_s + 5e-4 for cut in cuts) for shot in shots}


def _meeting(
    identity: str,
    cast_id: str,
    row: TrackRow,
    neighbour: TrackRow,
    take_of: Mapping[str, int],
    rules: TemporalRules,
) -> TemporalSuggestion | None:
    """How well two tracks follow each other at one place; None when too far apart in time or place."""
    if neighbour.start_s <= row.start_s:
        gap, boxes = row.start_s - neighbour.end_s, (neighbour.last_bbox, row.first_bbox)
    else:
        gap, boxes = neighbour.start_s - row.end_s, (row.last_bbox, neighbour.first_bbox)
    gap = max(0.0, gap)
    takes = (take_of.get(row.shot_id), take_of.get(neighbour.shot_id))
    same_shot = row.shot_id == neighbour.shot_id or (takes[0] is not None and takes[0] == takes[1])
    window = rules.same_shot_window_s if same_shot else rules.scene_window_s
    overlap = float(box_overlaps([boxes[0]], [boxes[1]])[0, 0])
    if gap >= window or overlap < rules.min_overlap:
        return None
    weight = 1.0 if same_shot else rules.other_shot_weight
    score = rules.ceiling * weight * overlap * (1.0 - gap / window)
    return TemporalSuggestion(
        identity, cast_id, score, row.track_id, neighbour.track_id, round(overlap, 6), round(gap, 3), same_shot
    )
