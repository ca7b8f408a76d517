"""What a result shows against what the labels say, moment by moment, in seconds of people.

A moment with two people on screen counts twice. At every moment the names shown are compared with the people there:
a name of somebody there is right; a name of somebody else is **wrong** as far as people there have no right name and no
face of their own, and on pictures of people (`Truth.figures`); whatever else is shown beyond those who are there is
**too much**, and where only pictures of people are on screen, a **false person**. Nobody is judged in moments of theirs
that the labels leave open (`Truth.either_way`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

from benchmarks.truth import Truth
from chassis.domain.intervals import Intervals
from contracts.ids import slugify
from contracts.rows import ScreenTimeDocument

LEAST_NAMED = 0.98
MOST_WRONG_S = 0.2
MOST_TOO_MUCH = 0.015
MOST_FALSE_PEOPLE_S = 4.0


@dataclass(frozen=True, kw_only=True)
class MomentScore:
    """Seconds of people: labelled (`known_s` of the cast, `people_s` of everybody), and what became of them."""

    known_s: float
    people_s: float
    named_s: float
    wrong_s: float
    too_much_s: float
    false_people_s: float

    @property
    def named(self) -> float:
        """Share of the cast's seconds that is named right, 0..1; 1 where nobody of the cast appears."""
        return self.named_s / self.known_s if self.known_s else 1.0

    @property
    def too_much(self) -> float:
        """Seconds too many as a share of everybody's."""
        return self.too_much_s / self.people_s if self.people_s else 0.0

    @property
    def good(self) -> bool:
        """Whether it reaches the goals of difficult sets."""
        return (
            self.named >= LEAST_NAMED
            and self.wrong_s <= MOST_WRONG_S
            and self.too_much <= MOST_TOO_MUCH
            and self.false_people_s <= MOST_FALSE_PEOPLE_S
        )


def score_moments(truth: Truth, document: ScreenTimeDocument, *, known: frozenset[str]) -> MomentScore:
    """Compares a result with the labels. `known` are the cast ids that had reference pictures."""
    there = {slugify(person): intervals for person, intervals in truth.everybody.items()}
    open_moments = {slugify(person): intervals for person, intervals in truth.either_way.items()}
    named = {member.cast_id: member.intervals_s for member in document.cast}
    unnamed = {cluster.identity_id: cluster.intervals_s for cluster in document.unidentified}
    sums = dict.fromkeys(("known", "people", "named", "wrong", "too_much", "false"), 0.0)
    half_frame_s = 0.5 / truth.fps
    borders = _borders(there, open_moments, named, unnamed, {"": truth.figures})
    for start, end in pairwise(borders):
        seconds = end - start
        if seconds < half_frame_s:
            continue  # nothing but the rounding of a border
        middle = (start + end) / 2
        maybe = set(_at(open_moments, middle))
        people = set(_at(there, middle)) - maybe
        names = set(_at(named, middle)) - maybe
        figures = any(first <= middle < last for first, last in truth.figures)
        right, strange = names & people, names - people
        nameless = max(0, sum(1 for _ in _at(unnamed, middle)) - len(maybe))
        faceless = max(0, len(people) - len(right) - nameless)
        wrong = len(strange) if figures else min(len(strange), faceless)
        surplus = max(0, len(names) + nameless - len(people))
        sums["known"] += seconds * len(people & known)
        sums["people"] += seconds * len(people)
        sums["named"] += seconds * len(right & known)
        sums["wrong"] += seconds * wrong
        sums["false" if figures else "too_much"] += seconds * surplus
    return MomentScore(
        known_s=round(sums["known"], 3),
        people_s=round(sums["people"], 3),
        named_s=round(sums["named"], 3),
        wrong_s=round(sums["wrong"], 3),
        too_much_s=round(sums["too_much"], 3),
        false_people_s=round(sums["false"], 3),
    )


def _borders(*maps: Mapping[str, Intervals]) -> list[float]:
    return sorted({time for intervals in maps for pairs in intervals.values() for pair in pairs for time in pair})


def _at(intervals: Mapping[str, Intervals], time_s: float) -> Iterator[str]:
    return (key for key, pairs in intervals.items() if any(first <= time_s < last for first, last in pairs))
