"""Whose every track is, by the labels: what an operator sees in its pictures."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from benchmarks.recognition import owners_of
from benchmarks.truth import Truth
from chassis.domain.arrays import Floats
from chassis.domain.intervals import Intervals, difference, intersection, total, union
from chassis.domain.visibility import VisibilityRules
from contracts.ids import identity_id, slugify
from contracts.rows import Identity, ShotRow, TrackRow
from services.identity.screentime.inputs import Seen
from services.identity.screentime.screentime import visible_intervals

SIMULTANEOUS_S = 0.25


@dataclass(frozen=True, kw_only=True)
class Answers:
    """`owner_of`: cast id or alias by track id; tracks of nobody real are missing. `members`: names by cast id.

    `floor_s`: seconds that stay wrong when every track has its right name: faces that were not found, mostly.
    """

    truth: Truth
    owner_of: Mapping[str, str]
    members: Mapping[str, str]
    floor_s: float

    def main_owner(self, seconds: Mapping[str, float]) -> str | None:
        """Whose most of these seconds are, by track id; None: nobody real's."""
        shares: dict[str | None, float] = defaultdict(float)
        for track, own in seconds.items():
            shares[self.owner_of.get(track)] += own
        return max(shares, key=lambda one: (shares[one], one or "")) if shares else None

    def wrong_seconds(self, named: Mapping[str, Intervals]) -> float:
        """Seconds in which somebody of the cast is visible without their name, and those in which a name is wrong.

        `named`: when each cast member is said to be visible, by cast id.
        """
        missing = false = 0.0
        for cast_id in {*self.members, *named}:
            alias = self.members.get(cast_id, "")
            there, either = self.truth.intervals.get(alias, ()), self.truth.either_way.get(alias, ())
            said = named.get(cast_id, ())
            missing += total(difference(difference(there, either), said))
            false += total(difference(said, union(there, either)))
        return round(missing + false, 3)

    @property
    def visible_s(self) -> float:
        """Seconds of everybody who is visible, each counted for themselves."""
        return sum(total(spans) for spans in self.truth.everybody.values())


def know(
    truth: Truth,
    tracks: Sequence[TrackRow],
    shots: Sequence[ShotRow],
    vectors: Floats,
    pictures: Mapping[str, Floats],
    *,
    cast: Collection[str],
) -> Answers:
    """The answers to one episode; `pictures` are vectors of people's reference pictures, by cast id.

    Whoever is not in the `cast` is a stranger, whom nobody names.
    """
    people = {slugify(alias): spans for alias, spans in truth.everybody.items()}
    owners = _one_at_a_time(owners_of(people, tracks, vectors, pictures), people, tracks, vectors, pictures)
    members = {slugify(alias): alias for alias in truth.intervals if slugify(alias) in cast}
    tracks_of: dict[str, list[str]] = defaultdict(list)
    for track, owner in owners.items():
        if owner in members:
            tracks_of[owner].append(track)
    ideal = [
        Identity(identity_id=identity_id(number), track_ids=tuple(sorted(own)), tracks=len(own), faces=len(own))
        for number, own in enumerate(tracks_of.values(), start=1)
    ]
    found = visible_intervals(
        ideal,
        Seen(tracks=tracks, shots=shots),
        duration_s=truth.duration_s,
        rules=VisibilityRules(),
    )
    named = {owner: found[one.identity_id] for owner, one in zip(tracks_of, ideal, strict=True)}
    found_answers = Answers(truth=truth, owner_of=owners, members=members, floor_s=0.0)
    return replace(found_answers, floor_s=found_answers.wrong_seconds(named))


def _one_at_a_time(
    owners: Mapping[str, str],
    people: Mapping[str, Intervals],
    tracks: Sequence[TrackRow],
    vectors: Floats,
    pictures: Mapping[str, Floats],
) -> dict[str, str]:
    """Nobody owns two tracks at once: the one less like their pictures is somebody else's who is there, or nobody's."""
    rows = {row.track_id: row for row in tracks}
    found: dict[str, str] = {}

    def distance(track: str) -> float:
        place, owner = rows[track].embedding_row, owners[track]
        if place is None or owner not in pictures:
            return math.inf
        return float(np.linalg.norm(pictures[owner] - vectors[place], axis=1).min())

    for track in sorted(owners, key=lambda one: (distance(one), one)):
        taken = {owner for other, owner in found.items() if _together(rows[track], rows[other])}
        span = (rows[track].start_s, rows[track].end_s)
        there = [one for one in people if total(intersection([span], people[one])) >= 0.5 * (span[1] - span[0])]
        free = [
            one for one in (owners[track], *sorted(there, key=lambda one: (one in pictures, one))) if one not in taken
        ]
        if free:
            found[track] = free[0]
    return found


def _together(one: TrackRow, other: TrackRow) -> bool:
    return min(one.end_s, other.end_s) - max(one.start_s, other.start_s) > SIMULTANEOUS_S
