"""Which open pages others are told of."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from services.identity.changes.people import MOST_OF_ONE, MOST_SHOWN, PersonPresent, shown

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


def page(number: int) -> PersonPresent:
    return PersonPresent(
        id=f"{number:04d}", name="kim", screen="review", subject=None, since=BEGIN + timedelta(seconds=number)
    )


def test_whoever_was_there_first_comes_first() -> None:
    assert [one.id for one in shown([("b", page(2)), ("a", page(1))])] == ["0001", "0002"]


def test_of_one_caller_the_latest_pages_count_and_others_stay() -> None:
    pages = [("greedy", page(number)) for number in range(1, 50)] + [("other", page(0))]
    ids = [one.id for one in shown(pages)]
    assert ids == ["0000", *(f"{number:04d}" for number in range(50 - MOST_OF_ONE, 50))]


def test_no_more_than_a_list_can_show() -> None:
    assert len(shown([(str(number), page(number)) for number in range(MOST_SHOWN + 5)])) == MOST_SHOWN
