"""What an attack is, and what is held against it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from tests.hostile.bystander import Impact
from tests.hostile.target import Target


async def nothing(_target: Target) -> None:
    """No preparation."""


@dataclass(frozen=True, kw_only=True)
class Attack:
    """Something that somebody tries.

    `run` tries it and says in a few words what was answered; `expected` are the words of a stack that holds. Meanwhile a
    bystander goes on asking with a valid key: none of those requests may fail or take longer than `others_wait_s`, and no
    service may grow by more than `grows_mib`. What takes the machine's time before anything is sent is in `prepare`.
    """

    family: str
    name: str
    run: Callable[[Target], Awaitable[str]]
    expected: str
    prepare: Callable[[Target], Awaitable[None]] = nothing
    within_s: float = 30.0
    others_wait_s: float = 2.0
    grows_mib: float = 64.0


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How an attack went."""

    attack: Attack
    answered: str
    seconds: float
    impact: Impact

    @property
    def faults(self) -> tuple[str, ...]:
        """What did not hold; empty where everything did."""
        found = []
        if self.answered != self.attack.expected:
            found.append(f"expected {self.attack.expected}")
        if not self.impact.waited_s:
            found.append("nobody else was answered")
        if self.impact.failed:
            found.append(f"{self.impact.failed} requests of others failed")
        if self.impact.slowest_s > self.attack.others_wait_s:
            found.append(f"others waited more than {self.attack.others_wait_s:g} s")
        if self.impact.grown_mib > self.attack.grows_mib:
            found.append(f"grew by more than {self.attack.grows_mib:g} MiB")
        return tuple(found)
