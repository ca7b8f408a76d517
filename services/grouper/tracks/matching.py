"""Tracks of two runs that show the same face: same place at the same time."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence

from contracts.rows import TrackRow
from services.grouper.rules import CarryRules
from services.grouper.tracks.geometry import box_at, box_overlap, time_overlap


def match_tracks(
    earlier: Sequence[TrackRow], tracks: Sequence[TrackRow], rules: CarryRules
) -> dict[str, tuple[str, ...]]:
    """For each earlier track the tracks that show the same face: same place for most of the time of the shorter one."""
    matches: dict[str, list[str]] = {}
    for old, new, shared in shared_seconds(earlier, tracks, rules):
        shorter = min(old.end_s - old.start_s, new.end_s - new.start_s)
        if shared >= rules.min_track_share * shorter:
            matches.setdefault(old.track_id, []).append(new.track_id)
    return {old: tuple(sorted(new)) for old, new in matches.items()}


def shared_seconds(
    earlier: Iterable[TrackRow], tracks: Sequence[TrackRow], rules: CarryRules
) -> Iterator[tuple[TrackRow, TrackRow, float]]:
    """Pairs of tracks that are at the same place at the same time, with the seconds they share."""
    ordered = sorted(tracks, key=lambda track: (track.start_s, track.track_id))
    starts = [track.start_s for track in ordered]
    longest = max((track.end_s - track.start_s for track in ordered), default=0.0)
    for old in sorted(earlier, key=lambda track: (track.start_s, track.track_id)):
        for index in range(bisect_left(starts, old.start_s - longest), len(ordered)):
            new = ordered[index]
            if new.start_s >= old.end_s:
                break
            shared = time_overlap(old, new)
            if shared > 0:
                middle = (max(old.start_s, new.start_s) + min(old.end_s, new.end_s)) / 2
                if box_overlap(box_at(old, middle), box_at(new, middle)) >= rules.min_overlap:
                    yield old, new, shared
