from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.detector.shots.gaps import SHORTEST_HOLE_S, GapFinder


def holes(
    times_s: list[float], *, end_s: float, shown_s: float = 0.04, start_s: float = 0.0
) -> list[tuple[float, float]]:
    finder = GapFinder(start_s, end_s)
    for ts_s in times_s:
        finder.see(ts_s, shown_s=shown_s)
    return [(round(begin, 3), round(end, 3)) for begin, end in finder.holes()]


def test_a_segment_with_every_frame_has_none() -> None:
    assert holes([number / 25 for number in range(250)], end_s=10.0) == []


def test_what_is_missing_at_the_start_in_the_middle_and_at_the_end_is_named() -> None:
    times = [number / 25 for number in range(250) if 1.0 <= number / 25 < 4.0 or 6.0 <= number / 25 < 9.0]
    assert holes(times, end_s=10.0) == [(0.0, 1.0), (4.0, 6.0), (9.0, 10.0)]


def test_a_segment_without_any_frame_is_one_hole() -> None:
    assert holes([], start_s=20.0, end_s=40.0) == [(20.0, 40.0)]


def test_few_pictures_a_second_are_no_holes() -> None:
    assert holes([float(number) for number in range(20)], end_s=20.0, shown_s=0.0) == []


def test_a_picture_that_is_held_on_purpose_is_no_hole() -> None:
    finder = GapFinder(0.0, 6.0)
    for number in range(50):
        finder.see(number / 25, shown_s=0.04)
    finder.see(2.0, shown_s=4.0)
    assert finder.holes() == []


def test_one_picture_stands_for_as_long_as_it_is_shown() -> None:
    assert holes([0.0], end_s=0.04) == []


@pytest.mark.parametrize("rate", [5, 24, 25, 60])
@given(lost=st.integers(0, 200), count=st.integers(0, 60))
def test_a_hole_is_told_exactly_where_frames_are_missing_for_long(rate: int, lost: int, count: int) -> None:
    kept = [number / rate for number in range(300) if not lost < number <= lost + count]
    found = holes(kept, end_s=300 / rate, shown_s=1 / rate)
    missing_s = count / rate
    if missing_s > max(SHORTEST_HOLE_S, 5 / rate) + 1e-6:
        assert found == [(round((lost + 1) / rate, 3), round((lost + count + 1) / rate, 3))]
    elif missing_s < max(SHORTEST_HOLE_S, 5 / rate) - 1e-6:
        assert found == []
