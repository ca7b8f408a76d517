"""Questions over many episodes: in which are these people together for how long, and who is only in which season.

**Two people are together where their visible intervals overlap.** A stretch is uninterrupted: gaps are not closed here,
because the intervals have those of up to a second closed already.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import reduce
from typing import Literal

from pydantic import BaseModel, Field

from chassis.domain.intervals import Intervals, intersection, longest, round_ms, total, union
from contracts.ids import EpId, RunId, Slug
from contracts.rows import Interval
from services.identity.screentime.groups import EpisodePeople
from services.identity.screentime.totals import CastSeconds, EpisodeSeconds, season_of

Match = Literal["together", "any"]
"""All of the people at the same time, or at least one of them."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which episodes are asked for. `cast_ids`: who is to be seen; nobody: anybody, and episodes with nobody too."""

    cast_ids: tuple[str, ...] = ()
    match: Match = "together"
    season: int | None = None
    min_s: float = 0.0
    min_stretch_s: float = 0.0
    participants: bool = False


class FoundEpisode(BaseModel):
    """An episode, by the revision that people see, and how long it shows who was asked for."""

    ep_id: EpId
    season: int
    run_id: RunId
    revision: int
    duration_s: float
    seconds: float = Field(description="In all; of anybody where nobody was named.")
    longest_s: float = Field(description="The longest stretch without a break.")
    intervals_s: tuple[Interval, ...] = Field(description="When; empty where nobody was named.")


class SeasonSeconds(BaseModel):
    """Somebody in a season."""

    season: int
    episodes: int
    seconds: float


class FoundPerson(BaseModel):
    """A cast member over the seasons that were asked for; `seasons` are all in which they are visible."""

    cast_id: Slug
    name: str
    episodes: int
    seconds: float
    first: EpId = Field(description="The first of these episodes.")
    last: EpId
    seasons: tuple[SeasonSeconds, ...]


def look_into(episode: EpisodePeople, wanted: Wanted, *, run_id: str, revision: int) -> FoundEpisode | None:
    """What an episode has of what is wanted; None where that is not enough."""
    times = shared_time(episode, wanted)
    seconds, stretch = total(times), longest(times)
    if (wanted.cast_ids and not times) or seconds < wanted.min_s or stretch < wanted.min_stretch_s:
        return None
    return FoundEpisode(
        ep_id=episode.ep_id,
        season=season_of(episode.ep_id),
        run_id=run_id,
        revision=revision,
        duration_s=episode.duration_s,
        seconds=seconds,
        longest_s=stretch,
        intervals_s=times if wanted.cast_ids else (),
    )


def shared_time(episode: EpisodePeople, wanted: Wanted) -> Intervals:
    """When an episode shows all of the people at once, or any of them; of nobody in particular: anybody.

    Somebody who is not there is visible at no time; with `participants` neither is who is seen in passing.
    """
    people = [one for one in episode.people if one.participant or not wanted.participants]
    if not wanted.cast_ids:
        return union(*(one.intervals for one in people))
    seen = {one.key: one.intervals for one in people if one.details is not None}
    each: list[Intervals] = [tuple(seen.get(cast_id, ())) for cast_id in dict.fromkeys(wanted.cast_ids)]
    return union(*each) if wanted.match == "any" else reduce(intersection, each)


def find_cast(
    episodes: Iterable[EpisodeSeconds], *, seasons: Collection[int] = (), only: bool = False, min_s: float = 0.0
) -> tuple[FoundPerson, ...]:
    """Who is visible in the seasons, none named: in any; most visible first.

    Args:
        only: Leave out who is visible in another season too.
        min_s: Leave out who has fewer seconds in these seasons.
    """
    rows: dict[str, list[tuple[str, CastSeconds]]] = defaultdict(list)
    for episode in sorted(episodes, key=lambda one: one.ep_id):
        for row in episode.cast:
            if row.visible_s > 0:
                rows[row.cast_id].append((episode.ep_id, row))
    found = [_person(cast_id, own, seasons) for cast_id, own in rows.items()]
    kept = [
        one
        for one in found
        if one is not None and one.seconds >= min_s and not (only and _is_elsewhere(one.seasons, seasons))
    ]
    return tuple(sorted(kept, key=lambda one: (-one.seconds, one.cast_id)))


def _person(cast_id: str, rows: list[tuple[str, CastSeconds]], seasons: Collection[int]) -> FoundPerson | None:
    counted = [(ep_id, row) for ep_id, row in rows if not seasons or season_of(ep_id) in seasons]
    if not counted:
        return None
    by_season: dict[int, list[float]] = defaultdict(list)
    for ep_id, row in rows:
        by_season[season_of(ep_id)].append(row.visible_s)
    return FoundPerson(
        cast_id=cast_id,
        name=counted[-1][1].name,
        episodes=len(counted),
        seconds=round_ms(math.fsum(row.visible_s for _, row in counted)),
        first=counted[0][0],
        last=counted[-1][0],
        seasons=tuple(
            SeasonSeconds(season=season, episodes=len(each), seconds=round_ms(math.fsum(each)))
            for season, each in sorted(by_season.items())
        ),
    )


def _is_elsewhere(visible: Iterable[SeasonSeconds], seasons: Collection[int]) -> bool:
    return bool(seasons) and any(one.season not in seasons for one in visible)
