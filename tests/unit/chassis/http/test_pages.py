"""Cursors: whatever a list gave leads on, whatever it did not give is refused."""

from __future__ import annotations

import base64
import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.errors import BadInput
from chassis.http.results import encode_cursor, page_of

KINDS = (float, str)
places = st.tuples(st.floats(allow_nan=False, allow_infinity=False, width=32), st.text(max_size=5))


def page(items: list[Any], cursor: str | None, limit: int = 2) -> Any:
    return page_of(items, key=lambda item: item, kinds=KINDS, cursor=cursor, limit=limit)


@given(st.lists(places, max_size=12, unique=True), st.integers(1, 5))
def test_pages_of_any_size_give_every_item_once_in_order(items: list[tuple[float, str]], limit: int) -> None:
    seen: list[Any] = []
    cursor = None
    while True:
        got = page(items, cursor, limit)
        seen += got.items
        cursor = got.next_cursor
        if cursor is None:
            break
    assert seen == sorted(items)


def text_of(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


FORGED = [
    "nonsense",
    "",
    "\x00",
    "é",
    text_of([1.0]),
    text_of([1.0, "a", "b"]),
    text_of(["a", 1.0]),
    text_of([True, "a"]),
    text_of([None, "a"]),
    text_of([float("nan"), "a"]),
    text_of([float("inf"), "a"]),
    text_of([10**350, "a"]),
    text_of([[1.0], "a"]),
    text_of({"0": 1.0, "1": "a"}),
    base64.urlsafe_b64encode(b"[" * 280).decode(),
]


@pytest.mark.parametrize("cursor", FORGED)
@pytest.mark.parametrize("items", [[], [(1.0, "a"), (2.0, "b")]], ids=["empty", "filled"])
def test_a_forged_cursor_is_refused_by_every_list(items: list[Any], cursor: str) -> None:
    with pytest.raises(BadInput) as refused:
        page(items, cursor)
    assert refused.value.code == "bad_cursor"


def test_a_cursor_of_a_list_that_is_empty_now_leads_to_nothing() -> None:
    assert page([], encode_cursor(1, "a")).items == ()


@given(st.text(max_size=60))
def test_no_text_makes_a_list_fail(cursor: str) -> None:
    with suppress(BadInput):
        page([(1.0, "a")], cursor)
