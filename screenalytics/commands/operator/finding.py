"""`screenalytics find`: questions over the episodes of a show."""

from __future__ import annotations

from collections.abc import Sequence

from screenalytics.commands.operator.choices import Match
from screenalytics.commands.operator.connection import connect, every
from screenalytics.commands.operator.output import Columns, show

SHOWN_STRETCHES = 3
"""Times that a line of the table shows."""

EPISODES: Columns = {
    "episode": lambda one: one.ep_id,
    "seconds": lambda one: one.seconds,
    "longest": lambda one: one.longest_s,
    "when s": lambda one: _times(one.intervals_s),
}
CAST: Columns = {
    "cast id": lambda one: one.cast_id,
    "name": lambda one: one.name,
    "episodes": lambda one: one.episodes,
    "seconds": lambda one: one.seconds,
    "seasons": lambda one: ", ".join(str(season.season) for season in one.seasons),
}


def list_episodes(
    slug: str,
    *,
    cast: tuple[str, ...],
    match: Match,
    season: int | None,
    min_s: float,
    min_stretch_s: float,
    participants: bool,
    as_json: bool,
) -> None:
    """The episodes of a show that show people, by id."""
    with connect() as api:
        found = every(
            lambda cursor: (
                api.find_episodes(
                    slug,
                    cast_id=list(cast) or None,
                    match=match,
                    season=season,
                    min_s=min_s,
                    min_stretch_s=min_stretch_s,
                    participants=participants,
                    cursor=cursor,
                ).data
            )
        )
        show(list(found), as_json=as_json, columns=EPISODES, nothing="no episode")


def list_cast(slug: str, *, seasons: tuple[int, ...], only: bool, min_s: float, as_json: bool) -> None:
    """The cast of some seasons of a show, most visible first."""
    with connect() as api:
        found = every(
            lambda cursor: (
                api.find_cast_members(slug, season=list(seasons) or None, only=only, min_s=min_s, cursor=cursor).data
            )
        )
        show(list(found), as_json=as_json, columns=CAST, nothing="nobody")


def _times(intervals: Sequence[Sequence[float]]) -> str:
    shown = ", ".join(f"{start:.2f}-{end:.2f}" for start, end in intervals[:SHOWN_STRETCHES])
    more = len(intervals) - SHOWN_STRETCHES
    return f"{shown} and {more} more" if more > 0 else shown
