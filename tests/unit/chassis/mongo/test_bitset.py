"""Which numbered pieces of a whole are done."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from chassis.mongo.bitset import count, is_marked, marking

NUMBERS = st.lists(st.integers(0, 20_000), min_size=1, max_size=60)
MOST_OF_AN_INT = 2**31 - 1


@given(st.lists(NUMBERS, max_size=8))
def test_pieces_noted_in_any_portions_are_counted_once(portions: list[list[int]]) -> None:
    words: dict[str, int] = {}
    for numbers in portions:
        for place, change in marking("done.detector", numbers)["$bit"].items():
            field, word = place.rsplit(".", 1)
            assert field == "done.detector"
            words[word] = words.get(word, 0) | change["or"]
    noted = {number for numbers in portions for number in numbers}
    assert count(words) == len(noted)
    assert all(is_marked(words, number) for number in noted)
    assert not any(is_marked(words, number + 1) for number in noted if number + 1 not in noted)
    assert all(0 < bits <= MOST_OF_AN_INT for bits in words.values())
