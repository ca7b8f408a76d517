"""How long work in pieces still takes."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.domain.time_left import Worked, seconds_left

# A real run on two busy cores: 198.4 s in ten segments, profile balanced. When each segment was through, in seconds.
DETECTOR = (4.3, 8.1, 12.0, 16.1, 20.3, 24.4, 27.9, 31.7, 35.9, 40.1)
EMBEDDER = (6.7, 9.4, 13.8, 18.0, 22.5, 26.2, 29.7, 33.5, 38.0, 41.6)


def worked(times: tuple[float, ...], now_s: float) -> Worked:
    done = [time for time in times if time <= now_s]
    return Worked(done=len(done), latest_s=done[-1] if done else 0.0)


def left_of_a_run(detector: tuple[float, ...], embedder: tuple[float, ...], now_s: float) -> float | None:
    stages = [worked(detector, now_s), worked(embedder, now_s)]
    return seconds_left(stages, total=len(detector), piece=1, now_s=now_s)


def test_of_a_real_run_it_is_right_from_the_first_segment_on() -> None:
    assert left_of_a_run(DETECTOR, EMBEDDER, 4.2) is None
    for tenths in range(43, 416):
        left = left_of_a_run(DETECTOR, EMBEDDER, tenths / 10)
        assert left == pytest.approx(EMBEDDER[-1] - tenths / 10, abs=4.0)


def test_it_does_not_grow_while_pieces_come_when_they_are_due() -> None:
    steady = tuple(10.0 * n for n in range(1, 7))
    after = tuple(time + 3.0 for time in steady)
    left = [left_of_a_run(steady, after, tenths / 10) for tenths in range(130, 630)]
    assert all(earlier is not None and later is not None and earlier >= later for earlier, later in pairwise(left))
    assert left[0] == pytest.approx(50.0)


def test_where_the_next_piece_is_late_all_that_follow_are() -> None:
    """Of seven minutes of small faces 2:47 was said, and that went down to nothing while the second piece was worked on."""
    alone = [Worked(done=1, latest_s=113)]
    said = {now_s: seconds_left(alone, total=3, piece=1, now_s=now_s) for now_s in (113, 226, 260, 300)}
    assert said[113] == 226
    assert said[226] == 113
    assert said[260] == pytest.approx(34 + (260 + 34) / 2)
    assert said[300] == pytest.approx(74 + (300 + 74) / 2)


def test_the_last_piece_that_is_late_is_not_done_in_no_time() -> None:
    alone = [Worked(done=3, latest_s=30)]
    assert [seconds_left(alone, total=4, piece=1, now_s=now_s) for now_s in (30, 40, 45)] == [10.0, 0.0, 5.0]


def test_a_stage_that_falls_behind_is_measured_by_itself() -> None:
    """Ten are through the first, and the second took 20 s for each of its five."""
    stages = [Worked(done=10, latest_s=100), Worked(done=5, latest_s=100)]
    assert seconds_left(stages, total=10, piece=1, now_s=100) == 100


def test_a_stage_that_has_all_before_it_and_did_nothing_is_not_spoken_for() -> None:
    stages = [Worked(done=1, latest_s=20), Worked(done=0, latest_s=0)]
    assert seconds_left(stages, total=1, piece=1, now_s=25) is None


def test_what_is_done_has_no_time_left() -> None:
    stages = [Worked(done=4, latest_s=20), Worked(done=4, latest_s=22)]
    assert seconds_left(stages, total=4, piece=1, now_s=30) == 0


@given(
    st.lists(st.floats(0.1, 100), min_size=1, max_size=8),
    st.lists(st.floats(0.1, 100), min_size=8, max_size=8),
    st.floats(0, 1000),
)
def test_it_is_never_less_than_nothing_and_jumps_only_when_a_piece_is_done(
    pieces: list[float], lags: list[float], now_s: float
) -> None:
    detector = tuple(sum(pieces[: n + 1]) for n in range(len(pieces)))
    embedder = tuple(sorted(time + lag for time, lag in zip(detector, lags, strict=False)))
    left = left_of_a_run(detector, embedder, now_s)
    assert left is None or left >= 0
    moment = 1e-6
    if left is not None and not any(now_s <= time <= now_s + moment for time in (*detector, *embedder)):
        soon = left_of_a_run(detector, embedder, now_s + moment)
        assert soon == pytest.approx(left, abs=1e-3, rel=1e-3)
