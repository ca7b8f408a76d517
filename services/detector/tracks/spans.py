"""When a track begins and ends, between the frames that were analysed."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence


def track_span(
    first_s: float,
    last_s: float,
    *,
    shot: tuple[float, float],
    samples_s: Sequence[float],
    period_s: float,
    snap_s: float,
) -> tuple[float, float]:
    """Start and end in seconds of a track first and last seen at `first_s` and `last_s`.

    `shot` is its shot's start and end, `samples_s` the times of the shot's analysed frames, ascending. A face stands
    for its sampling period: the track begins half a period before its first frame and ends half a period before the
    frame in which it was first missed, so a picture that is held for long counts in full. It reaches to the shot's
    border where no frame was analysed in between, or the border is within `snap_s`.
    """
    before, after = bisect_left(samples_s, first_s) - 1, bisect_right(samples_s, last_s)
    shot_start, shot_end = shot
    start = shot_start if before < 0 else first_s - min(period_s, first_s - samples_s[before]) / 2
    end = shot_end if after >= len(samples_s) else samples_s[after] - min(period_s, samples_s[after] - last_s) / 2
    return (
        shot_start if start - shot_start <= snap_s else start,
        shot_end if shot_end - end <= snap_s else end,
    )
