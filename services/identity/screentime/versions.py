"""Two versions of a programme: who lost and who won how many seconds by the re-cut, and where."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel, Field

from chassis.domain.intervals import Intervals, intersection, round_ms, total, union
from contracts.ids import EpId, RunId
from contracts.rows import Interval, ScreenTimeDocument
from services.identity.screentime.alignment import Alignment

UNIDENTIFIED = "unidentified"


class Version(BaseModel):
    """One of the two. `only_here` are its stretches that the other one does not have."""

    ep_id: EpId
    run_id: RunId
    revision: int
    duration_s: float
    only_here_s: float
    only_here: tuple[Interval, ...]


class SharedStretch(BaseModel):
    """What both have: a second of `first` is that of `second` plus `shift_s`."""

    first: Interval
    second: Interval
    shift_s: float


class VersionPerson(BaseModel):
    """A cast member, or everybody without a name together, in both versions.

    `lost` are times of the first version that are not in the second, `won` times of the second that are not in the
    first. `otherwise_s` is what is left of the change: the same pictures, in which somebody was named, found or
    corrected in one version and not in the other.
    """

    id: str
    name: str
    first_s: float
    second_s: float
    change_s: float
    lost_s: float
    won_s: float
    otherwise_s: float = Field(description="Change in what both versions show.")
    lost: tuple[Interval, ...]
    won: tuple[Interval, ...]


class VersionComparison(BaseModel):
    """Two versions laid beside each other; the largest change first."""

    first: Version
    second: Version
    shared_s: float
    shared: tuple[SharedStretch, ...]
    people: tuple[VersionPerson, ...]


def compare_versions(first: ScreenTimeDocument, second: ScreenTimeDocument, alignment: Alignment) -> VersionComparison:
    """Cast members are the same by their id. People without a name cannot be told apart over two episodes."""
    shared = tuple(
        SharedStretch(first=one.first_s, second=one.second_s, shift_s=round_ms(one.second_s[0] - one.first_s[0]))
        for one in alignment.shared
    )
    names = {row.cast_id: row.name for row in (*first.cast, *second.cast)}
    was = {row.cast_id: row.intervals_s for row in first.cast}
    now = {row.cast_id: row.intervals_s for row in second.cast}
    people = [_person(key, name, was.get(key, ()), now.get(key, ()), alignment) for key, name in sorted(names.items())]
    before, after = _unnamed(first), _unnamed(second)
    if before or after:
        people.append(_person(UNIDENTIFIED, "People without a name", before, after, alignment))
    return VersionComparison(
        first=_version(first, alignment.only_first),
        second=_version(second, alignment.only_second),
        shared_s=total(one.first for one in shared),
        shared=shared,
        people=tuple(sorted(people, key=lambda one: (-(one.lost_s + one.won_s), -abs(one.otherwise_s), one.id))),
    )


def _unnamed(document: ScreenTimeDocument) -> Intervals:
    return union(*(row.intervals_s for row in document.unidentified))


def _version(document: ScreenTimeDocument, only_here: Sequence[Interval]) -> Version:
    return Version(
        ep_id=document.episode_id,
        run_id=document.run_id,
        revision=document.revision,
        duration_s=document.duration_s,
        only_here_s=total(only_here),
        only_here=tuple(only_here),
    )


def _person(key: str, name: str, was: Intervals, now: Intervals, alignment: Alignment) -> VersionPerson:
    lost, won = intersection(was, alignment.only_first), intersection(now, alignment.only_second)
    first_s, second_s, lost_s, won_s = total(was), total(now), total(lost), total(won)
    return VersionPerson(
        id=key,
        name=name,
        first_s=first_s,
        second_s=second_s,
        change_s=round_ms(second_s - first_s) + 0.0,
        lost_s=lost_s,
        won_s=won_s,
        otherwise_s=round_ms(second_s - first_s + lost_s - won_s) + 0.0,
        lost=lost,
        won=won,
    )
