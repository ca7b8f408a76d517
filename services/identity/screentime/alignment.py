"""Two versions of a programme laid beside each other by what their pictures look like.

**What is the same in both runs along one diagonal: a second of the one is a second of the other plus a constant.** All
diagonals are searched for runs of like looks, the runs that explain most are taken first, and whatever contradicts those
that were taken (order is kept in a re-cut) is cut back or dropped. Exact to the quarter second of the looks; where both
versions have a shot cut, to the frame.
"""

from __future__ import annotations

import heapq
import math
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from chassis.domain.intervals import round_ms
from contracts.rows import LOOK_DIGITS, LOOK_PERIOD_S, Interval, ShotRow

Bits = npt.NDArray[np.uint64]
Numbers = npt.NDArray[np.int64]

LIKE_BITS = 20
"""Of 128: pictures with so many other bits may be one. A film re-encoded at half the size differed in 4 at most and in 1
mostly; two of its pictures in 59 (median)."""
LEAST_LOOKS = 8
"""Two seconds: fewer that are alike by chance are common."""
SLACK_BITS = 5
"""Beyond three times what is usual within a run: at its ends, where a shot may go over into another like it."""
GLANCE = 4
BRIDGED_LOOKS = 4
"""Within a run so many may differ, or tell nothing, in a row: a caption, a flash, black."""
SEAM_LOOKS = 40
"""Ten seconds to both sides of where two runs meet."""
MOST_RUNS = 2_000
SAME_CUT_S = 0.3
LEAST_S = 0.5
"""What is shorter is no difference: the looks are a quarter of a second apart."""


@dataclass(frozen=True, kw_only=True)
class Pictures:
    """What an episode looks like: `looks` uint64 [N,2], one for each quarter second from 0; `cuts` in seconds."""

    looks: Bits
    cuts: tuple[float, ...]
    duration_s: float

    @cached_property
    def tells(self) -> npt.NDArray[np.bool_]:
        """Which looks have anything to tell the picture by."""
        found: npt.NDArray[np.bool_] = (self.looks != 0).any(axis=1)
        return found


@dataclass(frozen=True, kw_only=True)
class Shared:
    """A stretch that both versions have: `[first_s]` of the one is `[second_s]` of the other."""

    first_s: Interval
    second_s: Interval


@dataclass(frozen=True, kw_only=True)
class Alignment:
    """What both have, in order, and what only one of them has."""

    shared: tuple[Shared, ...]
    only_first: tuple[Interval, ...]
    only_second: tuple[Interval, ...]


@dataclass(frozen=True, order=True)
class _Run:
    """Looks `[start, end)` of the first version are those of the second, `shift` later."""

    start: int
    end: int
    shift: int


def pictures_of(shots: Iterable[ShotRow], *, duration_s: float) -> Pictures | None:
    """What the shots of an episode look like; None where it was analysed before looks were noted."""
    ordered = sorted(shots, key=lambda shot: shot.start_s)
    if not ordered or any(shot.looks is None for shot in ordered):
        return None
    length = _number(duration_s)
    looks = np.zeros((length, 2), dtype=np.uint64)
    for shot in ordered:
        own = _bits(shot.looks or "")
        first = _number(shot.start_s)
        looks[first : first + len(own)] = own[: max(0, length - first)]
    cuts = tuple(shot.start_s for shot in ordered if shot.starts_with == "cut")
    return Pictures(looks=looks, cuts=cuts, duration_s=duration_s)


def align(first: Pictures, second: Pictures) -> Alignment:
    """Lay the second version beside the first."""
    runs = _in_order(_runs(first, second), first, second)
    shared = _settled(_joined(_grown(runs, first, second)), first, second)
    stretches = [_stretch(run, first, second) for run in shared]
    return Alignment(
        shared=tuple(stretches),
        only_first=_others([one.first_s for one in stretches], first.duration_s),
        only_second=_others([one.second_s for one in stretches], second.duration_s),
    )


def _number(time_s: float) -> int:
    """Number of the first quarter second at or after a time, as the detector counts them."""
    return math.ceil((time_s - 1e-4) / LOOK_PERIOD_S)


def _bits(digits: str) -> Bits:
    half = LOOK_DIGITS // 2
    values = [int(digits[at : at + half], 16) for at in range(0, len(digits), half)]
    return np.array(values, dtype=np.uint64).reshape(-1, 2)


def _distances(first: Pictures, second: Pictures, run: _Run) -> npt.NDArray[np.int64]:
    """Bits that differ, by place; `LIKE_BITS` where one of the two has nothing to tell it by, which speaks for nothing."""
    one, other = first.looks[run.start : run.end], second.looks[run.start + run.shift : run.end + run.shift]
    found = np.bitwise_count(one ^ other).sum(axis=1).astype(np.int64)
    tells = first.tells[run.start : run.end] & second.tells[run.start + run.shift : run.end + run.shift]
    return np.where(tells, found, np.where(found == 0, LIKE_BITS, found + LIKE_BITS))


def _diagonal(first: Pictures, second: Pictures, shift: int) -> _Run:
    return _Run(max(0, -shift), min(len(first.looks), len(second.looks) - shift), shift)


def _runs(first: Pictures, second: Pictures) -> list[_Run]:
    """The best runs of all diagonals."""
    found: list[tuple[float, _Run]] = []
    for shift in range(LEAST_LOOKS - len(first.looks), len(second.looks) - LEAST_LOOKS + 1):
        whole = _diagonal(first, second, shift)
        if not _glance(first, second, whole):
            continue
        distances = _distances(first, second, whole)
        like = distances < LIKE_BITS
        if int(like.sum()) < LEAST_LOOKS:
            continue
        for start, end in _spans(like):
            run = _Run(whole.start + start, whole.start + end, shift)
            score = _score(distances[start:end])
            if end - start >= LEAST_LOOKS and score >= LEAST_LOOKS / 2:
                found.append((score, run))
    found.sort(key=lambda one: (-one[0], one[1]))
    return [run for _, run in found[:MOST_RUNS]]


def _glance(first: Pictures, second: Pictures, run: _Run) -> bool:
    """Whether one look of each second is alike somewhere: a run of two seconds cannot do without."""
    start, end = run.start + run.shift, run.end + run.shift
    differ = first.looks[run.start : run.end : GLANCE] ^ second.looks[start:end:GLANCE]
    like = np.bitwise_count(differ[:, 0]) < LIKE_BITS
    return bool((like & first.tells[run.start : run.end : GLANCE]).any())


def _spans(like: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Stretches of like looks, over gaps that may be bridged."""
    places = np.flatnonzero(like)
    breaks = np.flatnonzero(np.diff(places) > BRIDGED_LOOKS + 1)
    starts = places[np.concatenate([[0], breaks + 1])]
    ends = places[np.concatenate([breaks, [len(places) - 1]])] + 1
    return [(int(start), int(end)) for start, end in zip(starts, ends, strict=True)]


def _score(distances: Numbers) -> float:
    """How much a run explains: 1 for each look that is the same bit for bit, less the more differs."""
    return float((1 - distances / LIKE_BITS).sum())


def _in_order(runs: Sequence[_Run], first: Pictures, second: Pictures) -> list[_Run]:
    """Runs that keep the order in both versions, those that explain most first."""

    def scored(run: _Run) -> tuple[float, _Run]:
        return -_score(_distances(first, second, run)), run

    waiting = [scored(run) for run in runs]
    heapq.heapify(waiting)
    taken: list[_Run] = []
    while waiting:
        before, run = heapq.heappop(waiting)
        rest = _cut_back(run, taken)
        if rest is None:
            continue
        if rest != run:
            heapq.heappush(waiting, scored(rest))
        elif -before >= LEAST_LOOKS / 2:
            taken.append(run)
    return sorted(taken)


def _cut_back(run: _Run, taken: Sequence[_Run]) -> _Run | None:
    """What is left of a run beside those taken: before them or after them in both versions."""
    start, end = run.start, run.end
    for other in taken:
        before = start + end < other.start + other.end
        if before:
            end = min(end, other.start, other.start + other.shift - run.shift)
        else:
            start = max(start, other.end, other.end + other.shift - run.shift)
        if end - start < LEAST_LOOKS:
            return None
    return replace(run, start=start, end=end)


def _grown(runs: Sequence[_Run], first: Pictures, second: Pictures) -> list[_Run]:
    """Runs with their ends where the pictures stop being alike as they are within, at most to where the next begins."""
    grown: list[_Run] = []
    for place, run in enumerate(runs):
        low = (grown[-1].end, grown[-1].end + grown[-1].shift) if grown else (0, 0)
        after = runs[place + 1] if place + 1 < len(runs) else None
        high = (after.start, after.start + after.shift) if after else (len(first.looks), len(second.looks))
        start, end = max(low[0], low[1] - run.shift), min(high[0], high[1] - run.shift)
        limit = min(LIKE_BITS, 3 * float(np.median(_distances(first, second, run))) + SLACK_BITS)
        alike = np.flatnonzero(_alike(first, second, _Run(start, end, run.shift), limit)) + start
        own = alike[(alike >= run.start) & (alike < run.end)]
        if not len(own):
            continue
        parts = np.split(alike, np.flatnonzero(np.diff(alike) > 1) + 1)
        head = next(part for part in parts if own[0] in part)
        tail = next(part for part in parts if own[-1] in part)
        grown.append(_Run(int(head[0]), int(tail[-1]) + 1, run.shift))
    return grown


def _alike(first: Pictures, second: Pictures, run: _Run, limit: float) -> npt.NDArray[np.bool_]:
    """Where the two look the same within so many bits, or neither has anything to tell it by."""
    one, other = slice(run.start, run.end), slice(run.start + run.shift, run.end + run.shift)
    neither = ~first.tells[one] & ~second.tells[other]
    found: npt.NDArray[np.bool_] = (_distances(first, second, run) <= limit) & first.tells[one] & second.tells[other]
    return found | neither


def _joined(runs: Sequence[_Run]) -> list[_Run]:
    """Runs of one diagonal with less than a second between them are one."""
    joined: list[_Run] = []
    for run in runs:
        if joined and joined[-1].shift == run.shift and run.start - joined[-1].end <= BRIDGED_LOOKS:
            joined[-1] = replace(joined[-1], end=run.end)
        else:
            joined.append(run)
    return joined


def _settled(runs: Sequence[_Run], first: Pictures, second: Pictures) -> list[_Run]:
    """Where one run meets the next in one of the versions, the border goes to where the pictures fit best on both sides.

    The longer run was taken first and may have gone too far, over pictures that are like its own but more like the other's.
    """
    settled = list(runs)
    for place in range(1, len(settled)):
        left, right = settled[place - 1], settled[place]
        meet_in_second = left.shift >= right.shift
        base = (left.shift, right.shift) if meet_in_second else (0, 0)
        border, begins = left.end + base[0], right.start + base[1]
        if begins - border > BRIDGED_LOOKS:
            continue
        low = max(left.start + base[0] + 1, border - SEAM_LOOKS)
        high = min(right.end + base[1] - 1, begins + SEAM_LOOKS)
        low, high = max(low, base[1], base[1] - right.shift), min(high, *_room(left, base[0], first, second))
        if low >= high:
            continue
        fits_left = _distances(first, second, _Run(low - base[0], high - base[0], left.shift))
        fits_right = _distances(first, second, _Run(low - base[1], high - base[1], right.shift))
        before = np.concatenate([[0], np.cumsum(fits_left)])
        after = np.concatenate([np.cumsum(fits_right[::-1])[::-1], [0]])
        best = low + int(np.argmin(before + after))
        settled[place - 1] = replace(left, end=best - base[0])
        settled[place] = replace(right, start=best - base[1])
    return settled


def _room(run: _Run, base: int, first: Pictures, second: Pictures) -> tuple[int, int]:
    """How far a run could go on before one of the versions ends."""
    return len(first.looks) + base, len(second.looks) - run.shift + base


def _stretch(run: _Run, first: Pictures, second: Pictures) -> Shared:
    """A run in seconds: the shift as cuts say it where both have some, ends where the versions end."""
    start_s, end_s = run.start * LOOK_PERIOD_S, min(run.end * LOOK_PERIOD_S, first.duration_s)
    shift_s = _shift_by_cuts(first.cuts, second.cuts, (start_s, end_s), run.shift * LOOK_PERIOD_S)
    if run.end == len(first.looks) and run.end + run.shift == len(second.looks):
        end_s = min(first.duration_s, second.duration_s - shift_s)
    start_s, end_s = max(start_s, -shift_s), min(end_s, second.duration_s - shift_s)
    return Shared(
        first_s=(round_ms(start_s), round_ms(end_s)),
        second_s=(round_ms(start_s + shift_s), round_ms(end_s + shift_s)),
    )


def _shift_by_cuts(first: Sequence[float], second: Sequence[float], within: Interval, shift_s: float) -> float:
    """The median distance between the cuts of the two that belong together; the looks' own where there are none."""
    found = []
    for cut in first:
        if not within[0] < cut < within[1]:
            continue
        at = bisect_left(second, cut + shift_s)
        near = [other - cut for other in second[max(0, at - 1) : at + 1] if abs(other - cut - shift_s) <= SAME_CUT_S]
        found += sorted(near, key=lambda distance: abs(distance - shift_s))[:1]
    return float(np.median(found)) if found else shift_s


def _others(shared: Sequence[Interval], duration_s: float) -> tuple[Interval, ...]:
    """What is in no shared stretch and long enough to be told."""
    borders = [0.0, *(border for span in shared for border in span), duration_s]
    gaps = zip(borders[::2], borders[1::2], strict=True)
    return tuple((round_ms(start), round_ms(end)) for start, end in gaps if end - start >= LEAST_S)
