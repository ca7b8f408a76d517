"""Arithmetic on intervals of seconds.

An `Intervals` value is a tuple of half-open `[a, b)` pairs, sorted, non-empty and disjoint (touching ones are one).
Every function takes any pairs and returns that form. No function invents an end point, so intervals snapped to
milliseconds stay on milliseconds and their total is exact to the millisecond.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable, Sequence

from contracts.rows import Interval

Intervals = tuple[Interval, ...]

MILLISECOND_DIGITS = 3
_TOLERANCE_S = 1e-9


def round_ms(seconds: float) -> float:
    """Seconds rounded to the nearest millisecond."""
    return round(seconds, MILLISECOND_DIGITS) + 0.0


def normalise(pairs: Iterable[Interval]) -> Intervals:
    """Sorts, drops empty pairs and unites what overlaps or touches. Raises ValueError for a time that is not finite."""
    united: list[Interval] = []
    for start, end in sorted(pairs):
        if not (math.isfinite(start) and math.isfinite(end)):
            raise ValueError(f"interval ({start}, {end}) is not finite")
        if end <= start:
            continue
        if united and start <= united[-1][1]:
            united[-1] = (united[-1][0], max(united[-1][1], end))
        else:
            united.append((start, end))
    return tuple(united)


def snap(pairs: Iterable[Interval]) -> Intervals:
    """Rounds every end to the millisecond; what becomes empty goes, what comes to touch is united."""
    return normalise((round_ms(start), round_ms(end)) for start, end in pairs)


def union(*lists: Iterable[Interval]) -> Intervals:
    """What lies in any of the lists."""
    return normalise(pair for pairs in lists for pair in pairs)


def intersection(first: Iterable[Interval], second: Iterable[Interval]) -> Intervals:
    """What lies in both."""
    left, right = normalise(first), normalise(second)
    shared: list[Interval] = []
    at_left = at_right = 0
    while at_left < len(left) and at_right < len(right):
        start = max(left[at_left][0], right[at_right][0])
        end = min(left[at_left][1], right[at_right][1])
        if start < end:
            shared.append((start, end))
        if left[at_left][1] <= right[at_right][1]:
            at_left += 1
        else:
            at_right += 1
    return tuple(shared)


def difference(first: Iterable[Interval], second: Iterable[Interval]) -> Intervals:
    """What lies in `first` and not in `second`."""
    removed = normalise(second)
    left_over: list[Interval] = []
    at = 0
    for start, end in normalise(first):
        while at < len(removed) and removed[at][1] <= start:
            at += 1
        position, ahead = start, at
        while ahead < len(removed) and removed[ahead][0] < end:
            if position < removed[ahead][0]:
                left_over.append((position, removed[ahead][0]))
            position = removed[ahead][1]
            ahead += 1
        if position < end:
            left_over.append((position, end))
    return tuple(left_over)


def total(pairs: Iterable[Interval]) -> float:
    """Seconds covered, each counted once, to the millisecond."""
    return round_ms(math.fsum(end - start for start, end in normalise(pairs)))


def longest(pairs: Iterable[Interval]) -> float:
    """Seconds of the longest interval, to the millisecond; 0 without any."""
    return round_ms(max((end - start for start, end in normalise(pairs)), default=0.0))


def clip(pairs: Iterable[Interval], start: float, end: float) -> Intervals:
    """The part inside `[start, end)`."""
    return normalise((max(first, start), min(last, end)) for first, last in pairs)


def bridge(pairs: Iterable[Interval], *, max_gap: float, barriers: Sequence[float] = ()) -> Intervals:
    """Closes gaps of at most `max_gap` seconds, except those that contain or touch a barrier (a shot cut).

    A gap that touches a cut lies between two shots: nobody saw the person in it, and the camera moved.
    """
    walls = sorted(barriers)
    bridged: list[Interval] = []
    for start, end in normalise(pairs):
        if (
            bridged
            and start - bridged[-1][1] <= max_gap + _TOLERANCE_S
            and not _any_within(walls, bridged[-1][1], start)
        ):
            bridged[-1] = (bridged[-1][0], end)
        else:
            bridged.append((start, end))
    return tuple(bridged)


def _any_within(walls: Sequence[float], start: float, end: float) -> bool:
    """Whether one of the sorted walls lies in `[start, end]`."""
    at = bisect_left(walls, start - _TOLERANCE_S)
    return at < len(walls) and walls[at] <= end + _TOLERANCE_S


def iou(first: Iterable[Interval], second: Iterable[Interval]) -> float:
    """Seconds in both divided by seconds in any, 0..1; two empty lists agree fully (1)."""
    left, right = normalise(first), normalise(second)
    covered = math.fsum(end - start for start, end in union(left, right))
    shared = math.fsum(end - start for start, end in intersection(left, right))
    return min(1.0, shared / covered) if covered > 0 else 1.0
