from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.video.clock import AHEAD_S, LONGEST_HOLE_S, Clock, read_clock

FRAME_S = 0.04


def clock_of(times: Sequence[float], *, every: int = 12) -> Clock:
    """The clock of packets with those times; every so many is a keyframe."""
    keyframes = np.arange(len(times)) % every == 0
    return read_clock(np.asarray(times, dtype=np.float64), keyframes)


def run(start: float, count: int) -> list[float]:
    return [start + number * FRAME_S for number in range(count)]


def test_a_steady_clock_is_one_recording() -> None:
    assert clock_of(run(72_000.0, 500)).recordings == ((0, 500),)


@given(starts=st.lists(st.floats(0, 90_000), min_size=1, max_size=6), count=st.integers(12, 60))
def test_every_step_back_of_the_clock_is_a_joint_and_no_packet_is_lost(starts: list[float], count: int) -> None:
    times = [time for start in sorted(starts, reverse=True) for time in run(start, count)]
    found = clock_of(times, every=count)
    apart = sorted(starts, reverse=True)
    joints = sum(later < earlier + (count - 1) * FRAME_S - 1e-3 for earlier, later in pairwise(apart))
    assert len(found.recordings) == 1 + joints
    assert found.wrong == frozenset()
    assert found.recordings[0][0] == 0
    assert found.recordings[-1][1] == len(times)


@given(gap=st.floats(0.5, LONGEST_HOLE_S - 1))
def test_a_jump_ahead_that_stays_is_a_hole_and_no_joint(gap: float) -> None:
    found = clock_of([*run(0.0, 50), *run(50 * FRAME_S + gap, 50)])
    assert found == Clock(((0, 100),), frozenset())


def test_a_jump_ahead_by_days_is_a_joint() -> None:
    assert clock_of([*run(0.0, 48), *run(86_400.0, 48)]).recordings == ((0, 48), (48, 96))


@given(place=st.integers(20, 80), off=st.one_of(st.floats(-90_000, -1), st.floats(AHEAD_S + 1, 90_000)))
def test_a_time_that_jumps_and_comes_back_is_damage(place: int, off: float) -> None:
    times = run(0.0, 100)
    times[place] += off
    found = clock_of(times)
    assert found.recordings == ((0, 100),)
    assert found.wrong == {place}


def test_the_last_packets_are_not_believed_when_nothing_confirms_them() -> None:
    found = clock_of([*run(0.0, 97), *run(5_000.0, 3)])
    assert found.recordings == ((0, 97),)
    assert found.wrong == {97, 98, 99}


def test_a_habit_of_going_back_a_little_is_no_joint() -> None:
    times = [time for number in range(40) for time in run(number * 0.4, 12)]
    assert clock_of(times).recordings == ((0, 480),)


def test_nothing_is_nothing() -> None:
    assert clock_of([]).recordings == ()
