"""Stretches of a segment without a picture: damage that no decoder complained of."""

from __future__ import annotations

import statistics
from itertools import pairwise

SHORTEST_HOLE_S = 0.5
USUAL_SPACINGS = 5.0
HELD_AT_MOST_S = 10.0
"""Nobody looks at one picture for longer among others that move: whatever the container says, the next one is missing."""


class GapFinder:
    """Is shown every decoded frame of a segment `[start_s, end_s)` in order of time.

    A hole is longer than `SHORTEST_HOLE_S` and than `USUAL_SPACINGS` times the usual distance of two frames, and longer
    than the container says the frame before it is shown: a picture that is held on purpose, for not too long, is none.
    """

    def __init__(self, start_s: float, end_s: float) -> None:
        self._start_s = start_s
        self._end_s = end_s
        self._times_s: list[float] = []
        self._held_until_s: list[float] = []

    def see(self, ts_s: float, *, shown_s: float) -> None:
        """Note a frame; `shown_s` is how long it is shown, 0 where nobody knows."""
        self._times_s.append(ts_s)
        self._held_until_s.append(ts_s + (shown_s if shown_s <= HELD_AT_MOST_S else 0.0))

    def holes(self) -> list[tuple[float, float]]:
        """First and last second of every hole, in order; the whole segment where no frame was seen."""
        if not self._times_s:
            return [(self._start_s, self._end_s)]
        spacings = [later - earlier for earlier, later in pairwise(self._times_s)]
        usual_s = statistics.median(spacings) if spacings else max(self._held_until_s[0] - self._times_s[0], 0.0)
        longest_s = max(SHORTEST_HOLE_S, USUAL_SPACINGS * usual_s)
        shown_until = (
            max(held_s, ts_s + usual_s) for ts_s, held_s in zip(self._times_s, self._held_until_s, strict=True)
        )
        begins = [self._start_s, *shown_until]
        ends = [*self._times_s, self._end_s]
        return [(begin, end) for begin, end in zip(begins, ends, strict=True) if end - begin > longest_s]
