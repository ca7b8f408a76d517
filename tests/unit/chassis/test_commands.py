"""Accepting commands: once, known again, in order, taken back."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.commands import Accepted, Order, accept, fingerprint, history_of, refuse_another, wait_for
from chassis.errors import Conflict, StaleVersion


@dataclass(frozen=True)
class Entry:
    command_id: str
    fingerprint: str | None
    said: str


@dataclass(frozen=True)
class Book:
    entries: tuple[Entry, ...] = ()

    @property
    def version(self) -> int:
        return len(self.entries)

    def find(self, command_id: str) -> Entry | None:
        return next((entry for entry in self.entries if entry.command_id == command_id), None)


@dataclass
class Shelf:
    """A document with guarded writes, as MongoDB does them."""

    book: Book = field(default_factory=Book)
    tries: int = 0

    async def load(self) -> Book:
        await asyncio.sleep(0)
        return self.book

    async def write(self, read: Book, entry: Entry) -> Entry | None:
        await asyncio.sleep(0)
        self.tries += 1
        if self.book is not read:
            return None
        self.book = Book((*read.entries, entry))
        return entry

    async def say(self, word: str, order: Order) -> Accepted[Entry]:
        asked = fingerprint("say", word=word)
        return await accept(
            order,
            asked,
            what="The words",
            load=self.load,
            known=lambda book: book.find(order.command_id),
            attempt=lambda book: self.write(book, Entry(order.command_id, asked, word)),
            busy="words_busy",
        )


def order(command_id: str, expected: int | None = None) -> Order:
    return Order(who="me", command_id=command_id, expected=expected)


async def test_the_same_command_again_changes_nothing_and_is_answered_as_before() -> None:
    shelf = Shelf()
    first = await shelf.say("hello", order("a"))
    again = await shelf.say("hello", order("a", expected=0))
    assert (first.is_new, again.is_new) == (True, False)
    assert first.answer == again.answer
    assert shelf.book.version == 1


async def test_another_command_under_a_used_id_is_refused_and_changes_nothing() -> None:
    shelf = Shelf()
    await shelf.say("hello", order("a"))
    with pytest.raises(Conflict) as refused:
        await shelf.say("goodbye", order("a"))
    assert refused.value.code == "command_id_used"
    assert shelf.book.version == 1


async def test_a_command_for_another_version_is_refused() -> None:
    shelf = Shelf()
    await shelf.say("hello", order("a", expected=0))
    with pytest.raises(StaleVersion) as refused:
        await shelf.say("goodbye", order("b", expected=0))
    assert refused.value.actual == 1


async def test_many_at_once_are_all_accepted_and_none_twice() -> None:
    shelf = Shelf()
    sent = [(f"w{number % 20}", f"c{number % 20}") for number in range(60)]
    answers = await asyncio.gather(*(shelf.say(word, order(key)) for word, key in sent))
    assert sorted(entry.said for entry in shelf.book.entries) == sorted({word for word, _ in sent})
    assert [answer.answer.said for answer in answers] == [word for word, _ in sent]
    assert sum(answer.is_new for answer in answers) == 20


async def test_a_command_that_always_loses_is_refused_in_the_end() -> None:
    shelf = Shelf()

    async def lose(_book: Book) -> Entry | None:
        return None

    with pytest.raises(Conflict) as refused:
        await accept(
            order("a"), "f", what="The words", load=shelf.load, known=lambda _: None, attempt=lose, busy="words_busy"
        )
    assert refused.value.code == "words_busy"


def test_a_fingerprint_tells_commands_apart_and_not_how_they_are_written() -> None:
    assert fingerprint("link", a=1, b=[2]) == fingerprint("link", b=(2,), a=1)
    others = [fingerprint("link", a=1), fingerprint("unlink", a=1, b=[2]), fingerprint("link", a=1, b=[3])]
    assert len({fingerprint("link", a=1, b=[2]), *others}) == 4


def test_a_command_stored_before_there_were_fingerprints_is_taken_for_the_same() -> None:
    refuse_another(None, "anything")


async def test_waiting_ends_with_what_was_found_or_with_the_time() -> None:
    looks = iter([None, None, 7])

    async def look() -> int | None:
        return next(looks)

    async def nothing() -> int | None:
        return None

    assert await wait_for(look, 5.0) == 7
    assert await wait_for(nothing, 0.0) is None
    assert await wait_for(nothing, 0.06) is None


STEPS: st.SearchStrategy[list[tuple[Literal["do", "undo", "redo"], int]]] = st.lists(
    st.tuples(st.sampled_from(["do", "undo", "redo"]), st.integers(0, 5)), max_size=40
)


@given(STEPS)
def test_what_was_done_is_in_force_or_taken_back_or_ended_and_never_both(
    steps: list[tuple[Literal["do", "undo", "redo"], int]],
) -> None:
    history = history_of(steps)
    assert not set(history.in_force) & set(history.taken_back)
    assert set(history.in_force) | set(history.taken_back) <= {command for step, command in steps if step == "do"}


@given(st.integers(1, 30))
def test_undoing_all_and_redoing_all_comes_back_to_where_it_was(count: int) -> None:
    steps: list[tuple[Literal["do", "undo", "redo"], int]] = [("do", number) for number in range(count)]
    done = history_of(steps)
    for _ in range(count):
        steps.append(("undo", history_of(steps).in_force[-1]))
    assert (history_of(steps).in_force, len(history_of(steps).taken_back)) == ((), count)
    for _ in range(count):
        steps.append(("redo", history_of(steps).taken_back[-1]))
    assert history_of(steps) == done
