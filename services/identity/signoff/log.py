"""Who signed off what, and took it back: a log in which nothing is overwritten. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import Field

from chassis.commands import History, history_of
from chassis.domain.redaction import redact
from chassis.errors import Conflict
from contracts.blobs import Contract
from contracts.ids import RunId

MOST_KEPT = 500
"""Entries of an episode's log; older ones go."""


class Statement(Contract):
    """What was signed off: a revision, a digest of who is visible when in it, and what was uncertain."""

    run_id: RunId
    revision: int = Field(ge=1)
    seconds_sha256: str
    undecided_s: float
    total_s: float
    open_questions: int
    at_stake_s: float


class SignOffRecord(Contract):
    """One entry: a statement, or that an earlier one was taken back or made again (`target`)."""

    version: int = Field(ge=1)
    command_id: str
    fingerprint: str
    action: Literal["sign", "undo", "redo"]
    who: str
    at: str = Field(description="ISO 8601, UTC.")
    note: str | None = None
    statement: Statement | None = None
    target: int | None = Field(default=None, description="Version of the entry that was taken back or made again.")


@dataclass(frozen=True, kw_only=True)
class SignOffs:
    """An episode's log, and the version that its last entry made; 0 before the first."""

    version: int = 0
    log: tuple[SignOffRecord, ...] = ()

    @property
    def standing(self) -> SignOffRecord | None:
        """The sign-off that counts: the latest that was not taken back."""
        in_force = self.history.in_force
        return self.made(in_force[-1]) if in_force else None

    @property
    def history(self) -> History[int]:
        """Versions of the statements in force and of those taken back."""
        return history_of(
            ("do" if entry.action == "sign" else entry.action, entry.version if entry.target is None else entry.target)
            for entry in self.log
        )

    def made(self, version: int) -> SignOffRecord:
        return next(entry for entry in self.log if entry.version == version)

    def command(self, command_id: str) -> SignOffRecord | None:
        """An entry that was accepted before."""
        return next((entry for entry in self.log if entry.command_id == command_id), None)

    def chosen(self, action: Literal["undo", "redo"], version: int | None) -> int:
        """The statement to take back or to make again: the latest, or the one named.

        Raises:
            Conflict: `nothing_to_undo`, `nothing_to_redo`.
        """
        history = self.history
        candidates = history.in_force if action == "undo" else history.taken_back
        wanted = version if version is not None else (candidates[-1] if candidates else None)
        if wanted is None or wanted not in candidates:
            raise Conflict(f"nothing_to_{action}", f"There is no such sign-off to {action}: read the sign-offs again.")
        return wanted


def forget_in_notes(log: Sequence[SignOffRecord], texts: Iterable[str]) -> tuple[SignOffRecord, ...]:
    """The log without names of somebody who was erased in what people wrote."""
    names = tuple(texts)
    return tuple(
        entry if entry.note is None else entry.model_copy(update={"note": redact(entry.note, names)}) for entry in log
    )
