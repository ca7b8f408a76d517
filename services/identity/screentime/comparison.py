"""What differs between two revisions of the screen time, in figures; `changes.py` says it in sentences."""

from __future__ import annotations

from pydantic import BaseModel

from chassis.domain.intervals import difference, round_ms, total
from contracts.ids import RunId
from contracts.rows import Interval, ScreenTimeDocument
from services.identity.screentime.changes import describe_changes
from services.identity.screentime.moments import Kind, OnScreen, people_in


class RevisionName(BaseModel):
    """Which revision of which run."""

    run_id: RunId
    revision: int


class PersonDifference(BaseModel):
    """One person before and after. Seconds are None where there was no such person."""

    id: str
    kind: Kind
    name_before: str | None
    name_after: str | None
    before_s: float | None
    after_s: float | None
    change_s: float
    gained_s: float
    lost_s: float
    gained: tuple[Interval, ...]
    lost: tuple[Interval, ...]


class ScreenTimeDifference(BaseModel):
    """Two revisions compared. Only those who differ are in `people`, the largest change first."""

    before: RevisionName
    after: RevisionName
    people: tuple[PersonDifference, ...]
    unchanged: int
    unidentified_compared: bool
    """False between two runs: identity ids of one mean nothing in another."""
    any_face_before_s: float
    any_face_after_s: float
    sentences: tuple[str, ...]


def compare(before: ScreenTimeDocument, after: ScreenTimeDocument) -> ScreenTimeDifference:
    """Everybody's seconds before and after, and the times gained and lost."""
    same_run = before.run_id == after.run_id
    old = {person.key: person for person in people_in(before, unidentified=same_run)}
    new = {person.key: person for person in people_in(after, unidentified=same_run)}
    everybody = list(dict.fromkeys([*new, *old]))
    differing = [_difference(old.get(key), new.get(key)) for key in everybody if old.get(key) != new.get(key)]
    differing.sort(key=lambda one: (-(one.gained_s + one.lost_s), one.id))
    return ScreenTimeDifference(
        before=RevisionName(run_id=before.run_id, revision=before.revision),
        after=RevisionName(run_id=after.run_id, revision=after.revision),
        people=tuple(differing),
        unchanged=len(everybody) - len(differing),
        unidentified_compared=same_run,
        any_face_before_s=before.coverage.any_face_s,
        any_face_after_s=after.coverage.any_face_s,
        sentences=describe_changes(before, after),
    )


def _difference(old: OnScreen | None, new: OnScreen | None) -> PersonDifference:
    known = new or old
    assert known is not None  # noqa: S101 - the caller has one of them
    was, now = old.intervals if old else (), new.intervals if new else ()
    gained, lost = difference(now, was), difference(was, now)
    before_s, after_s = old.visible_s if old else None, new.visible_s if new else None
    return PersonDifference(
        id=known.key,
        kind=known.kind,
        name_before=old.name if old else None,
        name_after=new.name if new else None,
        before_s=before_s,
        after_s=after_s,
        change_s=round_ms((after_s or 0.0) - (before_s or 0.0)),
        gained_s=total(gained),
        lost_s=total(lost),
        gained=gained,
        lost=lost,
    )
