"""What the times of a stream's packets say: one recording or several, holes, and times that cannot be right.

Pure: looks at the packets in the order of the file. The invariant: **a time is never believed on the word of a few
packets**; a clock that jumps and stays is another recording or a hole, one that jumps and comes back is damage.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt

Seconds = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Run = tuple[int, int]
"""Packets `[first, end)`."""

BACK_S: Final = 0.5
"""A clock that goes back by more was set back; by less only at a keyframe, where a recording can begin."""

AHEAD_S: Final = 30.0
"""A clock that jumps ahead by more must be confirmed by the packets that follow."""

LONGEST_HOLE_S: Final = 4 * 3600.0
"""A clock that jumps ahead by more was set anew: nobody means an episode with such a hole."""

CONFIRMING_PACKETS: Final = 8
CONFIRMING_PACKETS_AFTER_A_KEYFRAME: Final = 3
SMALL_STEPS_BELIEVED: Final = 20
"""More keyframes than that with a clock that goes back a little are a habit of the file, not joints."""

RETURNS_WITHIN_S: Final = 2.0
"""A clock that was off for some packets goes on from where it was, so much later at most."""

SAME_S: Final = 1e-3


@dataclass(frozen=True, slots=True)
class Clock:
    """`recordings`: packets with one clock each, in order. `wrong`: packets inside them whose times are damaged."""

    recordings: tuple[Run, ...]
    wrong: frozenset[int]


def read_clock(decoded_s: Seconds, keyframes: Flags, *, joinable: bool = True) -> Clock:
    """Divides a stream's packets, in the order of the file, at the places where its clock was set anew.

    `decoded_s` [N] are decoding times in seconds, `keyframes` [N] says which packets are keyframes. In a container whose
    packets are one recording for sure, not `joinable`, a clock that goes back is damaged.
    """
    runs = _runs(decoded_s, keyframes)
    believed = {run for run in runs if _is_confirmed(run, keyframes)} or set(runs)
    recordings: list[Run] = []
    wrong: set[int] = set()
    for first, end in runs:
        if (first, end) not in believed:
            wrong.update(range(first, end))
        elif recordings and _goes_on(decoded_s, recordings[-1][1] - 1, first, keyframes):
            recordings[-1] = (recordings[-1][0], end)
        elif recordings and not joinable:
            ahead = decoded_s[first] > decoded_s[recordings[-1][1] - 1]
            wrong.update(() if ahead else range(first, end))
            recordings[-1] = (recordings[-1][0], end)
        else:
            recordings.append((first, end))
    return Clock(tuple(recordings), frozenset(wrong))


def _goes_on(decoded_s: Seconds, before: int, first: int, keyframes: Flags) -> bool:
    """Whether the packet `first` has the clock of the one `before` it: after damage, after a hole."""
    step = float(decoded_s[first] - decoded_s[before])
    if before == first - 1 and bool(keyframes[first]) and step < -SAME_S:
        return False
    return -BACK_S <= step <= LONGEST_HOLE_S


def _runs(decoded_s: Seconds, keyframes: Flags) -> list[Run]:
    """Packets whose times follow each other."""
    steps = np.diff(decoded_s)
    breaks = (steps < -BACK_S) | (steps > AHEAD_S)
    small = ~breaks & (steps < -SAME_S) & keyframes[1:]
    if int(small.sum()) <= SMALL_STEPS_BELIEVED:
        breaks |= small
    for back in np.flatnonzero(steps < -BACK_S).tolist():
        breaks[_returns(decoded_s, steps, back)] = True
    borders = [0, *(np.flatnonzero(breaks) + 1).tolist(), len(decoded_s)]
    return [(first, end) for first, end in pairwise(borders) if first < end]


def _returns(decoded_s: Seconds, steps: Seconds, back: int) -> list[int]:
    """Steps, a few packets after the clock went back behind the packet `back`, after which it is again where it was."""
    near = slice(back + 1, back + 1 + CONFIRMING_PACKETS)
    off = decoded_s[1:][near] - decoded_s[back]
    found = (steps[near] > BACK_S) & (off > -BACK_S) & (off <= RETURNS_WITHIN_S)
    return [back + 1 + int(place) for place in np.flatnonzero(found)]


def _is_confirmed(run: Run, keyframes: Sequence[bool] | Flags) -> bool:
    first, end = run
    return end - first >= (CONFIRMING_PACKETS_AFTER_A_KEYFRAME if keyframes[first] else CONFIRMING_PACKETS)
