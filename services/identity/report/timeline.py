"""Geometry of the timeline: what is drawn where, and never more than a browser can hold.

A lane is drawn as one SVG path in a view box `VIEW_WIDTH` wide, stretched to the width of the page. Appearances that
would touch at the deepest zoom are drawn as one mark; an episode with very many appearances gets a coarser drawing
until all lanes together stay within `MAX_MARKS`. Figures and tables of the report are never affected by this.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from contracts.rows import Interval, ShotRow
from services.identity.report.formatting import short_timecode

VIEW_WIDTH = 100_000
MAX_MARKS = 80_000
MAX_CUTS = 6_000
PAGE_PX = 1000
"""Width in pixels the lanes have on an ordinary screen, for deciding what cannot be told apart."""

ZOOM_LEVELS = (1, 2, 4, 8, 16, 32, 64)
CLOSEST_PX_PER_S = 100
TICKS_ACROSS = 8
TICK_STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800)


@dataclass(frozen=True, slots=True)
class Mark:
    """A stretch drawn as one bar; `appearances` says how many it stands for."""

    start_s: float
    end_s: float
    appearances: int = 1


@dataclass(frozen=True, slots=True)
class Tick:
    """A label of the time axis; `zooms` are the zoom levels at which it is shown."""

    position: float
    label: str
    zooms: tuple[int, ...]


def clip(intervals: Sequence[Interval], *, duration_s: float) -> list[Interval]:
    """Intervals in order of time, cut to the episode; what lies outside it or runs backwards is left out."""
    clipped = ((max(0.0, start), min(end, duration_s)) for start, end in intervals)
    return sorted((start, end) for start, end in clipped if end > start)


def merge_marks(intervals: Sequence[Interval], *, gap_s: float) -> tuple[Mark, ...]:
    """Join intervals (in order of time) whose gap is shorter than `gap_s`; only overlaps are joined at 0."""
    marks: list[Mark] = []
    for start, end in intervals:
        if marks and start < marks[-1].end_s + gap_s:
            last = marks[-1]
            marks[-1] = Mark(last.start_s, max(last.end_s, end), last.appearances + 1)
        else:
            marks.append(Mark(start, end))
    return tuple(marks)


def draw_lanes(lanes: Sequence[Sequence[Interval]], *, duration_s: float) -> tuple[tuple[Mark, ...], ...]:
    """Marks of every lane, together at most `MAX_MARKS` (or one a lane, if there are more lanes than that)."""
    clipped = [clip(lane, duration_s=duration_s) for lane in lanes]
    gap_s = duration_s / (PAGE_PX * zoom_levels(duration_s)[-1])
    drawn = tuple(merge_marks(lane, gap_s=gap_s) for lane in clipped)
    while sum(map(len, drawn)) > MAX_MARKS and gap_s < duration_s:
        gap_s *= 2
        drawn = tuple(merge_marks(lane, gap_s=gap_s) for lane in clipped)
    return drawn


def _x(seconds: float, duration_s: float) -> int:
    return round(seconds / duration_s * VIEW_WIDTH) if duration_s > 0 else 0


def marks_path(marks: Sequence[Mark], *, duration_s: float) -> str:
    """SVG path data of a lane's marks, one unit high."""
    parts = []
    for mark in marks:
        left = _x(mark.start_s, duration_s)
        width = max(1, _x(mark.end_s, duration_s) - left)
        parts.append(f"M{left} 0h{width}v1h-{width}z")
    return "".join(parts)


def shot_cuts(shots: Sequence[ShotRow], *, duration_s: float) -> tuple[float, ...]:
    """Seconds of the cuts between shots, in order. A border between segments inside a shot is no cut."""
    starts = {round(shot.start_s, 3) for shot in shots if shot.starts_with == "cut"}
    ends = {round(shot.end_s, 3) for shot in shots if shot.ends_with == "cut"}
    return tuple(sorted(time for time in starts | ends if 0 < time < duration_s))


def cuts_path(cuts: Sequence[float], *, duration_s: float) -> str:
    """SVG path data of vertical lines at the cuts, at most `MAX_CUTS` of them."""
    every = max(1, -(-len(cuts) // MAX_CUTS))
    return "".join(f"M{_x(cut, duration_s)} 0v1" for cut in cuts[::every])


def zoom_levels(duration_s: float) -> tuple[int, ...]:
    """Zoom levels that make sense for an episode: none closer than `CLOSEST_PX_PER_S`, always at least 1."""
    closest = CLOSEST_PX_PER_S * duration_s / PAGE_PX
    return tuple(level for level in ZOOM_LEVELS if level == 1 or level <= closest)


def _tick_step(span_s: float) -> int:
    for step in TICK_STEPS_S:
        if span_s / step <= TICKS_ACROSS:
            return step
    return TICK_STEPS_S[-1]


def axis_ticks(duration_s: float) -> tuple[Tick, ...]:
    """Labels of the time axis for every zoom level, in order of time."""
    shown_at: dict[int, list[int]] = {}
    for level in zoom_levels(duration_s):
        step = _tick_step(duration_s / level)
        for second in range(0, int(duration_s) + 1, step):
            shown_at.setdefault(second, []).append(level)
    with_hours = duration_s >= 3600
    return tuple(
        Tick(
            position=second / duration_s if duration_s > 0 else 0.0,
            label=short_timecode(second, with_hours=with_hours),
            zooms=tuple(levels),
        )
        for second, levels in sorted(shown_at.items())
    )
