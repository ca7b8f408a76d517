"""Logs that grow inside a document, remembered as they were read: a command does not read all that were before it.

The invariant: **what is remembered counts only for the document that it was read from**, as its mark says. Whoever
writes the log in one way or another changes the mark: a command by its version and its id, an erasure by taking the
last id away. A document whose log was never marked is read whole.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from chassis.cache import Latest
from chassis.mongo.database import Document

R = TypeVar("R")

EPISODES_REMEMBERED = 8
MOST_BYTES = 2 * 2**20
"""A log that takes more in MongoDB is read each time, so that no process keeps all of many long ones."""


@dataclass(frozen=True)
class LogMark:
    """Which log a document has: its version, what the log takes in bytes, and the id of the last command."""

    version: int
    bytes: int
    last: str


@dataclass(frozen=True, kw_only=True)
class LogFields:
    """What a collection calls the parts of a mark besides `version`."""

    bytes: str
    last: str

    def mark(self, found: Document) -> LogMark | None:
        """The mark of a document, None where its log is not marked."""
        if found.get(self.bytes) is None or found.get(self.last) is None:
            return None
        return LogMark(version=int(found["version"]), bytes=int(found[self.bytes]), last=str(found[self.last]))


class RememberedLogs(Generic[R]):
    """The logs that were used last, by document id."""

    def __init__(self) -> None:
        self._kept: Latest[str, tuple[LogMark, tuple[R, ...]]] = Latest(EPISODES_REMEMBERED)

    def of(self, document_id: str, mark: LogMark | None) -> tuple[R, ...] | None:
        """The log of a document that has this mark now, None where it has to be read."""
        kept = self._kept.get(document_id)
        return kept[1] if kept is not None and kept[0] == mark else None

    def remember(self, document_id: str, mark: LogMark | None, log: tuple[R, ...]) -> None:
        if mark is None or mark.bytes > MOST_BYTES:
            self.forget(document_id)
        else:
            self._kept.put(document_id, (mark, log))

    def forget(self, document_id: str) -> None:
        """Keep nothing of a document, as when somebody is erased from it."""
        self._kept.forget(document_id)
