"""Screen time of a show's cast over many episodes."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from pydantic import BaseModel

from chassis.domain.intervals import round_ms
from contracts.ids import Slug

RATIO_DIGITS = 6


@dataclass(frozen=True)
class CastSeconds:
    """A cast member in one episode."""

    cast_id: str
    name: str
    visible_s: float
    appearances: int


@dataclass(frozen=True)
class EpisodeSeconds:
    """What the totals need to know of an episode's current screen time."""

    ep_id: str
    duration_s: float
    cast: tuple[CastSeconds, ...]


class CastTotal(BaseModel):
    """A cast member over all episodes; `share` is of the episodes' whole duration, 0..1."""

    cast_id: Slug
    name: str
    episodes: int
    seconds: float
    appearances: int
    share: float


class ShowTotals(BaseModel):
    """The cast of a show, most visible first."""

    show: Slug
    season: int | None
    seasons: tuple[int, ...]
    """Seasons that have an episode with screen time, whichever were asked for."""
    episodes: int
    duration_s: float
    cast: tuple[CastTotal, ...]


def season_of(ep_id: str) -> int:
    """2 of `harbour-lights-s02e05`."""
    return int(ep_id[-5:-3])


def total_up(show: str, episodes: Iterable[EpisodeSeconds], *, season: int | None = None) -> ShowTotals:
    """Sums per cast member. A name is the one in their last episode; who was linked but never seen counts no episode."""
    known = sorted(episodes, key=lambda episode: episode.ep_id)
    counted = [episode for episode in known if season is None or season_of(episode.ep_id) == season]
    duration_s = round_ms(math.fsum(episode.duration_s for episode in counted))
    rows: dict[str, list[CastSeconds]] = defaultdict(list)
    for episode in counted:
        for row in episode.cast:
            rows[row.cast_id].append(row)
    cast = [_total(cast_id, own, duration_s) for cast_id, own in rows.items()]
    return ShowTotals(
        show=show,
        season=season,
        seasons=tuple(sorted({season_of(episode.ep_id) for episode in known})),
        episodes=len(counted),
        duration_s=duration_s,
        cast=tuple(sorted(cast, key=lambda one: (-one.seconds, one.cast_id))),
    )


def _total(cast_id: str, rows: list[CastSeconds], duration_s: float) -> CastTotal:
    seconds = round_ms(math.fsum(row.visible_s for row in rows))
    return CastTotal(
        cast_id=cast_id,
        name=rows[-1].name,
        episodes=sum(row.visible_s > 0 for row in rows),
        seconds=seconds,
        appearances=sum(row.appearances for row in rows),
        share=min(1.0, round(seconds / duration_s, RATIO_DIGITS)) if duration_s > 0 else 0.0,
    )
