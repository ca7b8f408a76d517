from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.domain import intervals as iv
from chassis.domain.intervals import Intervals

moments = st.integers(min_value=0, max_value=20_000).map(lambda milliseconds: milliseconds / 1000)
spans = st.lists(st.tuples(moments, moments), max_size=12)


def milliseconds(pairs: Intervals) -> set[int]:
    return {at for start, end in pairs for at in range(round(start * 1000), round(end * 1000))}


def is_tidy(pairs: Intervals) -> bool:
    return all(start < end for start, end in pairs) and all(one[1] < other[0] for one, other in pairwise(pairs))


@given(spans, spans)
def test_set_operations_agree_with_sets_of_milliseconds(first: Intervals, second: Intervals) -> None:
    left, right = milliseconds(iv.normalise(first)), milliseconds(iv.normalise(second))
    for result, expected in (
        (iv.union(first, second), left | right),
        (iv.intersection(first, second), left & right),
        (iv.difference(first, second), left - right),
    ):
        assert milliseconds(result) == expected
        assert is_tidy(result)


@given(spans)
def test_total_counts_every_millisecond_once(pairs: Intervals) -> None:
    assert round(iv.total(pairs) * 1000) == len(milliseconds(iv.normalise(pairs)))


@given(spans, spans)
def test_parts_add_up_to_the_whole(first: Intervals, second: Intervals) -> None:
    whole = iv.total(iv.union(first, second))
    parts = (
        iv.total(iv.difference(first, second)),
        iv.total(iv.intersection(first, second)),
        iv.total(iv.difference(second, first)),
    )
    assert math.isclose(whole, sum(parts), abs_tol=1e-9)


@given(st.lists(st.tuples(st.floats(0, 50), st.floats(0, 50)), max_size=10))
def test_snapping_makes_shown_ends_add_up_exactly_to_the_total(pairs: Intervals) -> None:
    snapped = iv.snap(pairs)
    assert is_tidy(snapped)
    assert iv.total(snapped) == round(sum(round((end - start) * 1000) for start, end in snapped) / 1000, 3)
    assert all(round(time, 3) == time for span in snapped for time in span)


@given(spans, moments, moments)
def test_clipping_leaves_nothing_outside(pairs: Intervals, start: float, end: float) -> None:
    clipped = iv.clip(pairs, start, end)
    assert all(start <= first and last <= end for first, last in clipped)
    assert milliseconds(clipped) == milliseconds(iv.normalise(pairs)) & milliseconds(((start, end),))


@given(spans, st.lists(moments, max_size=4), moments)
def test_bridging_closes_exactly_the_short_gaps_without_a_barrier(
    pairs: Intervals, barriers: list[float], max_gap: float
) -> None:
    tidy = iv.normalise(pairs)
    bridged = iv.bridge(pairs, max_gap=max_gap, barriers=barriers)
    assert is_tidy(bridged)
    for (_, end), (start, _) in pairwise(tidy):
        blocked = any(end <= barrier <= start for barrier in barriers)
        short = round((start - end) * 1000) <= round(max_gap * 1000)
        closed = iv.total(iv.clip(bridged, end, start)) > 0
        assert closed == (short and not blocked)


def test_a_gap_inside_a_shot_is_bridged_and_one_over_a_cut_is_not() -> None:
    assert iv.bridge([(0, 1), (1.8, 3)], max_gap=1.0) == ((0, 3),)
    assert iv.bridge([(0, 1), (1.8, 3)], max_gap=1.0, barriers=[1.5]) == ((0, 1), (1.8, 3))


def test_a_gap_that_starts_at_a_cut_is_not_bridged() -> None:
    assert iv.bridge([(0, 1), (1.8, 3)], max_gap=1.0, barriers=[1.0]) == ((0, 1), (1.8, 3))


def test_a_gap_of_exactly_the_limit_is_bridged_in_spite_of_binary_fractions() -> None:
    assert iv.bridge([(0.0, 0.1), (1.1, 1.3)], max_gap=1.0) == ((0.0, 1.3),)
    assert iv.bridge([(0.0, 0.1), (1.101, 1.3)], max_gap=1.0) == ((0.0, 0.1), (1.101, 1.3))


def test_iou_of_equal_disjoint_and_empty_lists() -> None:
    assert iv.iou([(0, 2)], [(0, 1), (1, 2)]) == 1.0
    assert iv.iou([(0, 1)], [(1, 2)]) == 0.0
    assert iv.iou([(0, 2)], [(1, 3)]) == pytest.approx(1 / 3)
    assert iv.iou([], []) == 1.0


def test_longest_is_that_of_united_intervals() -> None:
    assert iv.longest([(0, 1), (1, 2.5), (4, 5)]) == 2.5
    assert iv.longest([]) == 0.0


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_time_that_is_not_finite_is_an_error(bad: float) -> None:
    with pytest.raises(ValueError, match="not finite"):
        iv.normalise([(0.0, bad)])
