"""How likely somebody is on the cast list, by how long they are on screen and by what people answered of others."""

from __future__ import annotations

import itertools
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.identity.review.cast_list import likely_on_the_list

lengths = st.one_of(st.floats(0.0, 5000.0), st.sampled_from([0.0, 1e-9, 1e9]))


@given(
    open_s=st.dictionaries(st.text(max_size=3), lengths, min_size=1, max_size=12),
    named_s=st.lists(lengths, max_size=8),
    extras_s=st.lists(lengths, max_size=8),
    share=st.floats(0.01, 0.99),
)
def test_they_are_as_many_as_are_expected_and_whoever_is_longer_is_likelier(
    open_s: dict[str, float], named_s: list[float], extras_s: list[float], share: float
) -> None:
    expected = share * len(open_s)
    likely = likely_on_the_list(open_s, named_s=named_s, extras_s=extras_s, expected=expected)
    assert likely.keys() == open_s.keys()
    assert sum(likely.values()) == pytest.approx(expected, rel=1e-3)
    assert all(0.0 < one < 1.0 for one in likely.values())
    by_length = [likely[one] for one in sorted(open_s, key=lambda one: open_s[one])]
    assert all(shorter <= longer + 1e-9 for shorter, longer in itertools.pairwise(by_length))


OPEN = {"long": 30.0, "middle": 10.0, "short": 2.0}


def lead(likely: Mapping[str, float]) -> float:
    """Of the longest over the shortest, in odds."""
    return (likely["long"] / (1 - likely["long"])) / (likely["short"] / (1 - likely["short"]))


def test_answers_teach_how_much_length_says() -> None:
    nobody = likely_on_the_list(OPEN, named_s=[], extras_s=[], expected=1.0)
    the_longest_are_named = likely_on_the_list(OPEN, named_s=[50.0, 40.0, 35.0], extras_s=[1.0, 2.0, 3.0], expected=1.0)
    long_ones_are_extras = likely_on_the_list(OPEN, named_s=[3.0, 4.0], extras_s=[50.0, 40.0, 35.0], expected=1.0)
    assert lead(long_ones_are_extras) < lead(nobody) < lead(the_longest_are_named)


@pytest.mark.parametrize(("expected", "likely"), [(0.0, 0.0), (3.0, 1.0), (7.0, 1.0)])
def test_nobody_or_everybody(expected: float, likely: float) -> None:
    found = likely_on_the_list(OPEN, named_s=[], extras_s=[], expected=expected)
    assert list(found.values()) == pytest.approx([likely] * 3, abs=1e-4)


def test_where_nobody_is_left_there_is_nobody() -> None:
    assert likely_on_the_list({}, named_s=[4.0], extras_s=[], expected=0.0) == {}
