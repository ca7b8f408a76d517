"""The effort curve: seconds that are still wrong after so many keys, the area under it, and how it is drawn."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from benchmarks.effort.replay import Worked

BLOCKS = " ▁▂▃▄▅▆▇█"
COLUMNS = 40
NEARLY_ALL = 0.99
"""Of the visible seconds."""

Points = Sequence[tuple[int, float]]
"""Keys and seconds wrong after them, ascending keys."""


def points_of(worked: Worked, floor_s: float) -> list[tuple[int, float]]:
    """Wrong seconds above those that nobody can put right by naming."""
    first = (0, max(0.0, worked.begins_s - floor_s))
    return [first, *((step.keys, max(0.0, step.wrong_s - floor_s)) for step in worked.steps)]


def area(points: Points, until: int) -> float:
    """Seconds times keys under the curve from no key to `until`; after its last point the curve goes on level."""
    steps = [*points, (max(until, points[-1][0]), points[-1][1])]
    return sum(wrong * (min(following, until) - min(keys, until)) for (keys, wrong), (following, _) in pairwise(steps))


def keys_until(points: Points, wrong_s: float) -> int | None:
    """After how many keys no more than that is wrong for good; None: never."""
    above = [place for place, (_, wrong) in enumerate(points) if wrong > wrong_s + 1e-6]
    if not above:
        return 0
    return points[above[-1] + 1][0] if above[-1] + 1 < len(points) else None


def sketch(points: Points, *, until: int, top_s: float) -> str:
    """The curve as a line of blocks, one for each part of the keys: full is `top_s`."""
    if top_s <= 0:
        return BLOCKS[0] * COLUMNS
    ends = [until * place / COLUMNS for place in range(COLUMNS)]
    at = [[wrong for keys, wrong in points if keys <= end][-1] for end in ends]
    return "".join(BLOCKS[min(8, -int(-8 * wrong // top_s))] for wrong in at)
