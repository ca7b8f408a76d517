"""Where an episode is, in all that can change about it, and what is new to somebody who was told up to a point. Pure.

Every log has a version and every result a number, and all of them only grow; so whoever names where they were gets what
came after, from any process. **An episode that is behind what somebody saw was made anew**: they are told all of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from heapq import merge
from operator import attrgetter
from typing import Any, Literal

from pydantic import BaseModel, Field

from contracts.ids import IdentityId
from services.identity.changes.people import PersonPresent
from services.identity.history.steps import Action, Source

MOST_STEPS = 500
"""Whoever missed more reads the history instead."""

_EVENT_ID = re.compile(r"^([0-9A-HJKMNP-TV-Z]{26}|0)-(\d{1,9})-([0-9A-HJKMNP-TV-Z]{26}|0)-(\d{1,9})((?:-\d{1,9}){3})$")
NO_RUN = "0"
"""Stands for the run where there is none; every run's id sorts after it."""


@dataclass(frozen=True, kw_only=True)
class Position:
    """The reported revision, the latest grouping, and the versions of the logs of edits, links and sign-offs."""

    run_id: str = NO_RUN
    revision: int = 0
    grouped_run_id: str = NO_RUN
    grouping: int = 0
    edits: int = 0
    links: int = 0
    sign_offs: int = 0

    def __str__(self) -> str:
        return f"{self.run_id}-{self.revision}-{self.grouped_run_id}-{self.grouping}-" + "-".join(
            map(str, (self.edits, self.links, self.sign_offs))
        )

    @classmethod
    def parse(cls, text: str | None) -> Position | None:
        """From an event id; None for what is none."""
        found = _EVENT_ID.match(text or "")
        if found is None:
            return None
        edits, links, sign_offs = map(int, found[5][1:].split("-"))
        return cls(
            run_id=found[1],
            revision=int(found[2]),
            grouped_run_id=found[3],
            grouping=int(found[4]),
            edits=edits,
            links=links,
            sign_offs=sign_offs,
        )

    @property
    def reported(self) -> tuple[str, int]:
        """Sorts reports: later runs after earlier ones."""
        return self.run_id, self.revision

    @property
    def grouped(self) -> tuple[str, int]:
        """Sorts groupings."""
        return self.grouped_run_id, self.grouping

    def is_behind(self, seen: Position) -> bool:
        """Whether anything of it is less than what somebody saw."""
        return (
            self.reported < seen.reported
            or self.grouped < seen.grouped
            or any(getattr(self, log) < getattr(seen, log) for log in ("edits", "links", "sign_offs"))
        )

    def steps_since(self, seen: Position) -> int:
        """How many entries the logs have more."""
        return self.edits + self.links + self.sign_offs - seen.edits - seen.links - seen.sign_offs


class Versions(BaseModel):
    """Versions of the logs."""

    clusters: int = 0
    links: int = 0
    sign_off: int = 0


@dataclass(frozen=True, kw_only=True)
class EpisodeNow:
    """What can change about an episode, as it is now. `includes`: the decisions that the reported revision carries."""

    exists: bool
    at: Position = Position()
    includes: Versions = field(default_factory=Versions)
    edits_grouped: int = 0
    """Version of the edits that the latest grouping includes."""
    present: tuple[PersonPresent, ...] = ()

    @property
    def mark(self) -> tuple[object, ...]:
        """Equal marks have nothing new."""
        return self.exists, self.at, self.present

    @property
    def versions(self) -> Versions:
        return Versions(clusters=self.at.edits, links=self.at.links, sign_off=self.at.sign_offs)


class ChangeStep(BaseModel):
    """One entry of a log, as others are told of it; the history has its words."""

    step: str = Field(description="As in the history.")
    source: Source
    version: int
    action: Action
    kind: str = Field(description="merge, split, link, extra, settle, sign …")
    who: str
    at: str
    identity_ids: tuple[IdentityId, ...] = Field(default=(), description="Of links: whom it is about.")


@dataclass(frozen=True, kw_only=True)
class Change:
    """One thing to tell a reader."""

    kind: Literal["state", "step", "grouping", "revision", "presence", "end"]
    data: dict[str, Any]


def in_order(*logs: Iterable[ChangeStep]) -> list[ChangeStep]:
    """Entries of several logs by time; each log keeps its order whatever clocks say."""
    return list(merge(*logs, key=attrgetter("at")))


def is_told_anew(now: EpisodeNow, seen: Position | None) -> bool:
    """Whether a reader gets the state as it is instead of what led to it."""
    return seen is None or now.at.is_behind(seen) or now.at.steps_since(seen) > MOST_STEPS


def changes_since(now: EpisodeNow, seen: Position | None, steps: Sequence[ChangeStep]) -> list[Change]:
    """What is new to somebody who saw an episode at a position; `steps` are the logs' entries since."""
    if seen is None or is_told_anew(now, seen):
        return [Change(kind="state", data=_state(now))]
    told = [Change(kind="step", data=step.model_dump(mode="json")) for step in steps]
    if now.at.grouped != seen.grouped:
        told.append(Change(kind="grouping", data=_grouping(now)))
    if now.at.reported != seen.reported:
        told.append(Change(kind="revision", data=_revision(now)))
    return told


def presence_of(now: EpisodeNow) -> Change:
    """Who is there: always all of them."""
    return Change(kind="presence", data={"people": [one.model_dump(mode="json") for one in now.present]})


def _state(now: EpisodeNow) -> dict[str, Any]:
    return {
        "versions": now.versions.model_dump(),
        "grouping": _grouping(now) if now.at.grouping else None,
        "revision": _revision(now) if now.at.revision else None,
    }


def _grouping(now: EpisodeNow) -> dict[str, Any]:
    return {"run_id": now.at.grouped_run_id, "revision": now.at.grouping, "edits_version": now.edits_grouped}


def _revision(now: EpisodeNow) -> dict[str, Any]:
    return {"run_id": now.at.run_id, "revision": now.at.revision, "includes": now.includes.model_dump()}
