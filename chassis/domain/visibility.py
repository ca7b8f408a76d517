"""When somebody counts as visible: the one rule behind the screen time and behind previews of what an edit changes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from chassis.domain.intervals import Intervals, bridge, clip, round_ms, snap
from contracts.rows import ShotRow, TrackRow

MAX_GAP_S = 1.0
"""Longest gap inside a shot that is bridged, unless the settings say otherwise."""


def find_cuts(shots: Iterable[ShotRow]) -> tuple[float, ...]:
    """Times of the shot cuts. A segment's border is a cut only where the shots on it say so."""
    cuts = {round_ms(shot.start_s) for shot in shots if shot.starts_with == "cut"}
    cuts |= {round_ms(shot.end_s) for shot in shots if shot.ends_with == "cut"}
    return tuple(sorted(cuts))


def visible(tracks: Iterable[TrackRow], *, duration: float, cuts: Sequence[float], max_gap_s: float) -> Intervals:
    """Where one person's tracks show them, in seconds of `[0, duration)`; short gaps inside a shot are bridged."""
    seen = snap((track.start_s, track.end_s) for track in tracks)
    return bridge(clip(seen, 0.0, duration), max_gap=max_gap_s, barriers=cuts)
