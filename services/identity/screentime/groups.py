"""Screen time of roles, characters and attributes: whoever has the same word is counted together.

Two counts, always both. **Seconds are those in which at least one of the group is visible: a second with two guests
counts once. Person seconds add up what each of them has: a second with two guests counts twice.** Whoever plays several
characters counts in full for each, because a picture does not say as whom somebody is seen. Who has no word for what is
asked, and who has no name, are counted in groups of their own, so that nobody's time is missing.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Annotated

from pydantic import BaseModel, Field, StringConstraints

from chassis.domain.intervals import Intervals, round_ms, total, union
from contracts.cast import CastDetails
from contracts.rows import ScreenTimeDocument
from services.identity.screentime.totals import RATIO_DIGITS, season_of

ATTRIBUTE = "attribute:"
By = Annotated[
    str, StringConstraints(pattern=r"^(?:role|character|attribute:[a-z0-9]+(?:-[a-z0-9]+)*)$", max_length=60)
]
"""What people are grouped by: `role`, `character`, or `attribute:` and a word of the operators' own."""


@dataclass(frozen=True, kw_only=True)
class Somebody:
    """Who is counted; `details` is None for people without a name."""

    key: str
    intervals: Intervals
    details: CastDetails | None = None
    participant: bool = True


@dataclass(frozen=True, kw_only=True)
class EpisodePeople:
    """Everybody who is visible in an episode."""

    ep_id: str
    duration_s: float
    people: tuple[Somebody, ...]

    @classmethod
    def of(cls, document: ScreenTimeDocument) -> EpisodePeople:
        """Those of a document; pictures of people are counted apart there and are none."""
        named = [
            Somebody(key=row.cast_id, intervals=row.intervals_s, details=row.details, participant=row.participant)
            for row in document.cast
        ]
        others = [
            Somebody(key=row.identity_id, intervals=row.intervals_s, participant=row.participant)
            for row in document.unidentified
        ]
        return cls(ep_id=document.episode_id, duration_s=document.duration_s, people=(*named, *others))


class GroupTotal(BaseModel):
    """A group. `people` are those seen at all; strangers of two episodes are two."""

    people: int = 0
    seconds: float = Field(default=0.0, description="At least one of them is visible: two at once count once.")
    person_seconds: float = Field(default=0.0, description="Of each of them: two at once count twice.")
    share: float = Field(default=0.0, description="`seconds` of the whole duration, 0..1.")


class NamedGroup(GroupTotal):
    """Those who have one word."""

    value: str


class GroupTotals(BaseModel):
    """Everybody's time by group, the most visible group first."""

    by: By
    episodes: int
    duration_s: float
    groups: tuple[NamedGroup, ...]
    not_said: GroupTotal = Field(description="Cast members of whom it is not said.")
    unidentified: GroupTotal = Field(description="People without a name.")


@dataclass
class _Sum:
    """What a group has so far."""

    people: set[str] = field(default_factory=set)
    seconds: list[float] = field(default_factory=list)
    person_seconds: list[float] = field(default_factory=list)

    def add(self, ep_id: str, members: Iterable[Somebody]) -> None:
        seen = [one for one in members if one.intervals]
        self.people |= {one.key if one.details is not None else f"{ep_id}/{one.key}" for one in seen}
        self.seconds.append(total(union(*(one.intervals for one in seen))))
        self.person_seconds += [total(one.intervals) for one in seen]

    def figures(self, duration_s: float) -> GroupTotal:
        seconds = round_ms(math.fsum(self.seconds))
        return GroupTotal(
            people=len(self.people),
            seconds=seconds,
            person_seconds=round_ms(math.fsum(self.person_seconds)),
            share=min(1.0, round(seconds / duration_s, RATIO_DIGITS)) if duration_s > 0 else 0.0,
        )


def total_by(
    by: str, episodes: Iterable[EpisodePeople], *, season: int | None = None, participants: bool = False
) -> GroupTotals:
    """The totals of all episodes, or of those of one season; with `participants` without who is seen in passing."""
    counted = [one for one in episodes if season is None or season_of(one.ep_id) == season]
    duration_s = round_ms(math.fsum(episode.duration_s for episode in counted))
    groups: dict[str, _Sum] = defaultdict(_Sum)
    not_said, unidentified = _Sum(), _Sum()
    for episode in counted:
        people = [one for one in episode.people if one.participant or not participants]
        for value, members in _by_word(by, people).items():
            groups[value].add(episode.ep_id, members)
        mute = [one for one in people if one.details is not None and not words(one.details, by)]
        not_said.add(episode.ep_id, mute)
        unidentified.add(episode.ep_id, [one for one in people if one.details is None])
    named = [NamedGroup(value=value, **dict(found.figures(duration_s))) for value, found in groups.items()]
    return GroupTotals(
        by=by,
        episodes=len(counted),
        duration_s=duration_s,
        groups=tuple(sorted(named, key=lambda one: (-one.seconds, one.value))),
        not_said=not_said.figures(duration_s),
        unidentified=unidentified.figures(duration_s),
    )


def words(details: CastDetails, by: str) -> tuple[str, ...]:
    """What somebody is counted for."""
    if by == "character":
        return tuple(dict.fromkeys(details.characters))
    word = details.role if by == "role" else details.attributes.get(by.removeprefix(ATTRIBUTE))
    return (word,) if word else ()


def said_of(document: ScreenTimeDocument) -> tuple[str, ...]:
    """By what the people of a document can be grouped: only where it is said of somebody."""
    known = [row.details for row in document.cast]
    attributes = sorted({f"{ATTRIBUTE}{name}" for details in known for name in details.attributes})
    return tuple(by for by in ("role", "character", *attributes) if any(words(details, by) for details in known))


def _by_word(by: str, people: Iterable[Somebody]) -> Mapping[str, list[Somebody]]:
    found: dict[str, list[Somebody]] = defaultdict(list)
    for one in people:
        for value in words(one.details, by) if one.details is not None else ():
            found[value].append(one)
    return found
