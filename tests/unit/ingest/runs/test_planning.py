from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.runs.planning import plan_segments

DURATIONS = st.floats(min_value=0.04, max_value=60_000, allow_nan=False)
KEYFRAMES = st.lists(st.floats(min_value=-10, max_value=60_010, allow_nan=False), max_size=200)
TARGETS = st.floats(min_value=0.5, max_value=600)


@given(KEYFRAMES, DURATIONS, TARGETS)
def test_segments_cover_the_episode_without_gap_or_overlap(
    keyframes: list[float], duration_s: float, target_s: float
) -> None:
    spans = plan_segments(keyframes, duration_s, target_s)
    assert [span.segment for span in spans] == list(range(len(spans)))
    assert spans[0].start_s == 0.0
    assert spans[-1].end_s == duration_s
    assert all(before.end_s == after.start_s for before, after in pairwise(spans))
    assert all(span.start_s < span.end_s for span in spans)


@given(KEYFRAMES, DURATIONS, TARGETS)
def test_inner_borders_are_keyframes_and_no_segment_is_a_sliver(
    keyframes: list[float], duration_s: float, target_s: float
) -> None:
    spans = plan_segments(keyframes, duration_s, target_s)
    assert all(span.start_s in keyframes for span in spans[1:])
    if len(spans) > 1:
        assert all(span.end_s - span.start_s >= target_s / 4 for span in spans)


def test_regular_keyframes_give_segments_of_the_target() -> None:
    spans = plan_segments([2.0 * number for number in range(60)], 120.0, 20.0)
    assert [span.start_s for span in spans] == [0, 20, 40, 60, 80, 100]


def test_sparse_keyframes_give_longer_segments() -> None:
    assert [span.end_s for span in plan_segments([0.0, 50.0, 300.0], 400.0, 20.0)] == [50.0, 300.0, 400.0]


def test_short_end_joins_the_segment_before() -> None:
    assert [span.end_s for span in plan_segments([0.0, 20.0, 40.0], 44.0, 20.0)] == [20.0, 44.0]


@pytest.mark.parametrize(("duration_s", "target_s"), [(0.0, 20.0), (-1.0, 20.0), (float("nan"), 20.0), (10.0, 0.0)])
def test_impossible_durations_are_refused(duration_s: float, target_s: float) -> None:
    with pytest.raises(ValueError, match="positive"):
        plan_segments([], duration_s, target_s)
