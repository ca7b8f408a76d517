"""What a webhook wants to hear of. Pure."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

from contracts.events import (
    CastChanged,
    CastDescribed,
    CastLinked,
    ClustersEdited,
    EpisodeChanged,
    EpisodeDeleted,
    EpisodeFailed,
    Event,
    FacebankUpdated,
    LinksChanged,
    PersonErased,
    RunCancelled,
    RunStarted,
    ScreenTimeReported,
    ScreenTimeSigned,
    ShowDeleted,
)
from contracts.ids import show_of

EventName = Literal[
    "screentime.reported",
    "screentime.signed",
    "episode.failed",
    "run.started",
    "run.cancelled",
    "cast.linked",
    "links.changed",
    "clusters.edited",
    "cast.changed",
    "cast.described",
    "facebank.updated",
    "episode.changed",
    "episode.deleted",
    "show.deleted",
    "person.erased",
]
EVENT_NAMES: tuple[EventName, ...] = get_args(EventName)

TOLD: tuple[type[Event], ...] = (
    ScreenTimeReported,
    ScreenTimeSigned,
    EpisodeFailed,
    RunStarted,
    RunCancelled,
    CastLinked,
    LinksChanged,
    ClustersEdited,
    CastChanged,
    CastDescribed,
    FacebankUpdated,
    EpisodeChanged,
    EpisodeDeleted,
    ShowDeleted,
    PersonErased,
)
"""The events that are told, in the order of `EVENT_NAMES`: what there is to know from outside. Work between the services
and its progress stay in Kafka."""


ANYBODY = "*"
"""In the place of a cast id, which never looks like this: whoever is erased may be named in what somebody wrote."""


@dataclass(frozen=True, kw_only=True)
class Wish:
    """Which events a webhook wants.

    Attributes: `events` are names of topics, `shows` slugs; none of either means all. Of `screentime.reported` only those
    in which one of `cast_ids` (none: anybody of the cast) is visible for at least `min_visible_s`.
    """

    events: tuple[EventName, ...] = ()
    shows: tuple[str, ...] = ()
    cast_ids: tuple[str, ...] = ()
    min_visible_s: float | None = None

    def includes(self, event: Event) -> bool:
        """Whether an event is wanted."""
        if self.events and event.TOPIC not in self.events:
            return False
        if self.shows and show_of_event(event) not in self.shows:
            return False
        return not isinstance(event, ScreenTimeReported) or self._is_long_enough(event)

    def _is_long_enough(self, report: ScreenTimeReported) -> bool:
        if not self.cast_ids and self.min_visible_s is None:
            return True
        seconds = (one.visible_s for one in report.cast if not self.cast_ids or one.cast_id in self.cast_ids)
        # Whoever is in a report with no second at all is in none that is wanted.
        return any(visible_s > 0 and visible_s >= (self.min_visible_s or 0.0) for visible_s in seconds)


@dataclass(frozen=True, kw_only=True)
class Secret:
    """What messages are signed with; `until` None: as long as the webhook is there."""

    text: str
    until: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Webhook:
    """An address that is told of events. `secrets` begins with the latest one; `why_off` says why it is not told."""

    webhook_id: str
    url: str
    wish: Wish
    secrets: tuple[Secret, ...]
    created_at: datetime
    created_by: str
    description: str = ""
    enabled: bool = True
    why_off: str | None = None
    version: int = 1

    def wants(self, event: Event, happened_at: datetime) -> bool:
        """Whether it is told of an event: one that happened before there was a webhook is no news to it."""
        return self.enabled and happened_at >= self.created_at and self.wish.includes(event)

    def secrets_at(self, now: datetime) -> tuple[str, ...]:
        """The secrets that messages are signed with."""
        return tuple(one.text for one in self.secrets if one.until is None or now < one.until)

    @property
    def sameness(self) -> str:
        """Equal for two webhooks that would tell the same address the same."""
        wish = self.wish
        told = [self.url, *map(sorted, (wish.events, wish.shows, wish.cast_ids)), wish.min_visible_s]
        return hashlib.sha256(json.dumps(told).encode()).hexdigest()


def show_of_event(event: Event) -> str:
    """The slug of the show an event is about."""
    show = getattr(event, "show", None)
    return str(show) if show is not None else show_of(str(getattr(event, "ep_id")))  # noqa: B009 - every event has one


def people_in(event: Event) -> tuple[str, ...]:
    """Cast ids that an event names, sorted: what has to go when one of them is erased. `ANYBODY`: it holds sentences."""
    if isinstance(event, ScreenTimeReported):
        return tuple(sorted(one.cast_id for one in event.cast))
    if isinstance(event, ScreenTimeSigned):
        signed = event.signed_off
        return (ANYBODY,) if signed is not None and (signed.note or signed.changes) else ()
    if isinstance(event, FacebankUpdated):
        return tuple(sorted({one.cast_id for one in event.verdicts}))
    named = getattr(event, "cast_id", None)
    return () if named is None else (str(named),)
