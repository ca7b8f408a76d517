"""Commands of people: accepted once, known again, taken back and waited for.

A command changes one document whose version it raises: the edits of an episode, its links, a show's cast. The
invariant: **a command id belongs to one command of its document: sent again it changes nothing and is answered as
before, and another command under it is refused**.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from collections.abc import Awaitable, Callable, Hashable, Iterable
from dataclasses import dataclass
from typing import Any, Generic, Literal, Protocol, TypeVar

from chassis.errors import Conflict, StaleVersion
from chassis.retrying import until_stored

POLL_S = 0.05


@dataclass(frozen=True, kw_only=True)
class Order:
    """Who commands for which version; `expected` None: whichever there is. `wait_s` is for the effect."""

    who: str
    command_id: str
    expected: int | None = None
    why: str | None = None
    wait_s: float = 0.0


class Versioned(Protocol):
    """What commands change: each raises the version by one."""

    @property
    def version(self) -> int: ...


class Known(Protocol):
    """What became of a command, with its fingerprint where it is remembered."""

    @property
    def fingerprint(self) -> str | None: ...


V = TypeVar("V", bound=Versioned)
A = TypeVar("A", bound=Known)
T = TypeVar("T")
Id = TypeVar("Id", bound=Hashable)


@dataclass(frozen=True)
class Accepted(Generic[A]):
    """What became of a command; `is_new` where this call did it, and not one before."""

    answer: A
    is_new: bool


def fingerprint(action: str, **arguments: Any) -> str:
    """What a command asks for, in 32 hexadecimal digits; `arguments` are JSON values.

    Who asks, for which version and for what reason does not make it another command.
    """
    text = json.dumps([action, arguments], sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def refuse_another(known: str | None, given: str) -> None:
    """Raises Conflict `command_id_used` where a command id was another command's.

    Commands that were stored before they had fingerprints (None) are taken for the same.
    """
    if known not in (None, given):
        raise Conflict(
            "command_id_used",
            "This Idempotency-Key was used for another command: send this one with a key of its own.",
        )


async def accept(
    order: Order,
    given: str,
    *,
    what: str,
    load: Callable[[], Awaitable[V]],
    known: Callable[[V], A | None],
    attempt: Callable[[V], Awaitable[A | None]],
    busy: str,
) -> Accepted[A]:
    """What is known of the command, or else what `attempt` made of it; tried again where another one was faster.

    Args:
        given: The command's fingerprint.
        what: What it changes, as in "The links of my-show-s01e02".
        load: Reads what there is.
        known: Finds in it the command with this order's id.
        attempt: Decides and stores in one write that is guarded by the version read; None where that moved on.
        busy: Code of the refusal when others were faster too often.

    Raises:
        Conflict: `command_id_used`, and `busy`.
        StaleVersion: where the order is for another version.
    """

    async def answered() -> Accepted[A] | None:
        found = await load()
        before = known(found)
        if before is not None:
            refuse_another(before.fingerprint, given)
            return Accepted(before, is_new=False)
        if order.expected not in (None, found.version):
            raise StaleVersion(what, expected=order.expected or 0, actual=found.version)
        answer = await attempt(found)
        return Accepted(answer, is_new=True) if answer is not None else None

    return await until_stored(answered, busy=Conflict(busy, f"{what} are being changed by many at once: try again."))


async def wait_for(look: Callable[[], Awaitable[T | None]], wait_s: float) -> T | None:
    """What `look` finds; it is asked until it finds something or the time is over, and once without any time."""
    deadline = time.monotonic() + wait_s
    while True:
        found = await look()
        if found is not None or time.monotonic() >= deadline:
            return found
        await asyncio.sleep(POLL_S)


@dataclass(frozen=True)
class History(Generic[Id]):
    """Which commands count. Of both, the one that the next undo or redo takes is the last."""

    in_force: tuple[Id, ...]
    taken_back: tuple[Id, ...]


def history_of(steps: Iterable[tuple[Literal["do", "undo", "redo"], Id]]) -> History[Id]:
    """What a log of commands comes to: `(what was done, the command it was done to)`, in order.

    A new command ends what could have been redone. Steps that take nothing back change nothing.
    """
    in_force: dict[Id, None] = {}
    taken_back: dict[Id, None] = {}
    for step, command in steps:
        if step == "do":
            in_force[command] = None
            taken_back.clear()
        elif step == "undo" and command in in_force:
            del in_force[command]
            taken_back[command] = None
        elif step == "redo" and command in taken_back:
            del taken_back[command]
            in_force[command] = None
    return History(tuple(in_force), tuple(taken_back))
