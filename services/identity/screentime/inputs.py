"""What the screen time is computed from, in three values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from contracts.rows import CastLink, Identity, ShotRow, TrackRow


@dataclass(frozen=True, kw_only=True)
class EpisodeRun:
    """A run of an episode of `duration_s` seconds, the number of the revision that is made of it, and why it was started."""

    ep_id: str
    run_id: str
    revision: int
    duration_s: float
    reason: str | None = None


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What the video shows: faces over time, and shots."""

    tracks: Sequence[TrackRow]
    shots: Sequence[ShotRow]


@dataclass(frozen=True, kw_only=True)
class Named:
    """Who they are: identities, their links to the cast, the cast's names by id, and identities that are extras."""

    identities: Sequence[Identity]
    links: Sequence[CastLink]
    cast_names: Mapping[str, str]
    extras: frozenset[str] = frozenset()
