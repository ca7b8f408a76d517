"""Questions to a screen-time document: who is there, who is visible at a moment, when two people are together."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from typing import Literal

from pydantic import BaseModel

from chassis.domain.intervals import Intervals, intersection, total
from chassis.errors import BadInput, NotFound
from contracts.cast import CastDetails
from contracts.rows import Interval, ScreenTimeDocument

Kind = Literal["cast", "unidentified"]
RATIO_DIGITS = 6


@dataclass(frozen=True)
class OnScreen:
    """A person of a document; `key` is the cast id, or the identity id of somebody unidentified."""

    key: str
    name: str
    kind: Kind
    intervals: Intervals
    visible_s: float
    details: CastDetails = field(default_factory=CastDetails, compare=False)


class VisiblePerson(BaseModel):
    """Somebody who is visible at the moment asked for, and from when to when."""

    id: str
    name: str
    interval_s: Interval


class Moment(BaseModel):
    """Who is visible at `t_s`."""

    t_s: float
    cast: tuple[VisiblePerson, ...]
    unidentified: tuple[VisiblePerson, ...]


class PersonTogether(BaseModel):
    id: str
    name: str
    visible_s: float
    share: float
    """Part of this person's time in which the other is visible too, 0..1."""


class Together(BaseModel):
    """When two people are visible at the same time."""

    a: PersonTogether
    b: PersonTogether
    seconds: float
    intervals_s: tuple[Interval, ...]


def people_in(document: ScreenTimeDocument, *, unidentified: bool = True) -> tuple[OnScreen, ...]:
    """Everybody in the order of the document: the cast, then those without a name."""
    cast = [
        OnScreen(row.cast_id, row.name, "cast", row.intervals_s, row.visible_s, row.details) for row in document.cast
    ]
    others = [
        OnScreen(row.identity_id, f"Unidentified {row.identity_id}", "unidentified", row.intervals_s, row.visible_s)
        for row in document.unidentified
    ]
    return (*cast, *others) if unidentified else tuple(cast)


def person_in(document: ScreenTimeDocument, key: str) -> OnScreen:
    """The person of a cast id or of an unidentified identity's id.

    Raises:
        NotFound: `unknown_person`.
    """
    for person in people_in(document):
        if person.key == key:
            return person
    raise NotFound(
        "unknown_person",
        f"{key} is not in this revision: take a cast id or an unidentified person's identity id from the screen time.",
    )


def visible_at(document: ScreenTimeDocument, t_s: float) -> Moment:
    """Who is visible at a second of the episode; somebody is from the start of an interval until before its end.

    Raises:
        BadInput: `outside_episode`, when the episode is over by then.
    """
    if not 0 <= t_s <= document.duration_s:
        raise BadInput("outside_episode", f"The episode lasts {document.duration_s:.3f} s: ask for a time within it.")
    found: dict[Kind, list[VisiblePerson]] = {"cast": [], "unidentified": []}
    for person in people_in(document):
        at = bisect_right(person.intervals, (t_s, float("inf"))) - 1
        if at >= 0 and t_s < person.intervals[at][1]:
            found[person.kind].append(VisiblePerson(id=person.key, name=person.name, interval_s=person.intervals[at]))
    return Moment(t_s=t_s, cast=tuple(found["cast"]), unidentified=tuple(found["unidentified"]))


def when_together(document: ScreenTimeDocument, a: str, b: str) -> Together:
    """When two people are visible at the same time.

    Raises:
        BadInput: `same_person`. NotFound: `unknown_person`.
    """
    first, second = person_in(document, a), person_in(document, b)
    if first.key == second.key:
        raise BadInput("same_person", "a and b are the same person: name two.")
    shared = intersection(first.intervals, second.intervals)
    seconds = total(shared)
    return Together(a=_part(first, seconds), b=_part(second, seconds), seconds=seconds, intervals_s=shared)


def _part(person: OnScreen, seconds: float) -> PersonTogether:
    share = min(1.0, round(seconds / person.visible_s, RATIO_DIGITS)) if person.visible_s > 0 else 0.0
    return PersonTogether(id=person.key, name=person.name, visible_s=person.visible_s, share=share)
