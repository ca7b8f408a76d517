from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.domain.redaction import ERASED, redact


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Rita Marsh in a wig", f"{ERASED} in a wig"),
        ("not RITA  marsh, surely", f"not {ERASED}, surely"),
        ("rita-marsh is wrong", f"{ERASED} is wrong"),
        ("Rita Marshall stays", "Rita Marshall stays"),
        ("the-rita-marsh-show stays", "the-rita-marsh-show stays"),
        ("(Rita\nMarsh)", f"({ERASED})"),
    ],
)
def test_whole_names_go_however_they_are_written(text: str, left: str) -> None:
    assert redact(text, ["Rita Marsh", "rita-marsh"]) == left


def test_signs_in_names_are_no_pattern() -> None:
    assert redact("Bo & <Lind> (jr.)", ["Bo & <Lind>", ""]) == f"{ERASED} (jr.)"


@given(st.text(max_size=60), st.lists(st.text(min_size=1, max_size=8), max_size=4))
def test_a_text_without_names_is_left_and_twice_is_once(text: str, names: list[str]) -> None:
    once = redact(text, names)
    assert redact(text, []) == text
    if ERASED not in text and not any(name.strip().casefold() in ERASED for name in names):
        assert redact(once, names) == once
