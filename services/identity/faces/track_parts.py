"""Which track a detection belongs to now: the detector's, or the part of it that operators made by cutting. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from contracts.rows import TrackRow

_PART_DIGITS = 3
"""The grouper appends so many digits to the id of a track for each cut of it."""


def parts_of(tracks: Iterable[TrackRow], names: Iterable[str]) -> dict[str, list[TrackRow]]:
    """Detector's track id -> the tracks that it is now: itself, or the parts that operators cut it into."""
    known = set(names)
    found: dict[str, list[TrackRow]] = {}
    for row in tracks:
        name = row.track_id
        while name not in known and len(name) > _PART_DIGITS:
            name = name[:-_PART_DIGITS]
        if name in known:
            found.setdefault(name, []).append(row)
    return found


def part_at(parts: Sequence[TrackRow], when: float) -> str | None:
    """The part that covers a second; the nearest one where they meet there."""
    if not parts:
        return None
    return min(parts, key=lambda row: (max(row.start_s - when, when - row.end_s, 0.0), row.start_s)).track_id
