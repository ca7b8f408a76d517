"""How often a message was tried, whatever became of the process that tried it.

The invariant: **a try that ends the process is a try**. It is counted where the death of a process does not reach, before
its handler starts. What others may have tried is looked up first: the first message of a partition after it was assigned.
One that follows a message that was settled here was never tried; it costs two small writes, and notes of progress, of which
there are many and whose handler does next to nothing, cost none.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from aiokafka import ConsumerRecord, TopicPartition

from chassis import telemetry
from chassis.errors import WorkerDied
from contracts.events import EpisodeProgress

UNCOUNTED = frozenset({EpisodeProgress.TOPIC})
"""Topics whose messages are counted from their second try on: one that ends its process is tried once more than others."""


@dataclass
class Waiting:
    """A message that is tried, or has failed, and is not settled yet."""

    offset: int
    attempts: int = 0
    defects: int = 0
    """How many of the attempts failed for an unknown reason: waiting for a dependency uses up no tries."""
    away: tuple[str, str] | None = None
    """The dependency it waits for and what that said."""
    looked_up: bool = False
    """Whether it is known here what other processes have tried."""


@dataclass(frozen=True, slots=True)
class Tried:
    """Tries of a message for which it has no excuse. `running`: the last one began, and nobody has said how it ended."""

    tries: int = 0
    running: bool = False


class Attempts(Protocol):
    """Keeps tries beyond the life of a process; a message that was not written has none."""

    async def read(self, record: ConsumerRecord[Any, Any]) -> Tried: ...

    async def write(self, record: ConsumerRecord[Any, Any], tried: Tried) -> None:
        """Replaces what is known of a message; one with no tries is forgotten."""


class Tries:
    """The tries of the messages that one consumer has before it: at most one in every partition."""

    def __init__(self, attempts: Attempts | None) -> None:
        self._attempts = attempts
        self._waiting: dict[TopicPartition, Waiting] = {}
        self._settled_to: dict[TopicPartition, int] = {}
        self.away: dict[str, str] = {}
        """Dependencies that messages wait for, with what they said."""

    def assigned(self, partitions: Iterable[TopicPartition]) -> None:
        """Others may have tried what comes next in these partitions."""
        for partition in partitions:
            self._settled_to.pop(partition, None)
            if partition in self._waiting:
                self._waiting[partition].looked_up = False

    async def begin(self, record: ConsumerRecord[Any, Any]) -> None:
        """Count a try before it begins.

        Raises:
            WorkerDied: when the process that tried the message last died over it. That was the try: the message waits
                like after any other, so that a worker that has just started does not begin with what ended the last.
        """
        partition = _place(record)
        waiting = self._of(record)
        follows = record.offset >= self._settled_to.get(partition, record.offset + 1)
        is_first = waiting is None and follows
        if self._attempts is None or (is_first and record.topic in UNCOUNTED):
            return
        if waiting is None:
            waiting = self._waiting[partition] = Waiting(offset=record.offset)
        if not waiting.looked_up and not follows:
            before = await self._attempts.read(record)
            waiting.looked_up = True
            waiting.defects = max(waiting.defects, before.tries - before.running)
            waiting.attempts = max(waiting.attempts, waiting.defects)
            if before.running:
                raise _died(before.tries)
        await self._attempts.write(record, Tried(waiting.defects + 1, running=True))

    def failed(self, record: ConsumerRecord[Any, Any], *, is_defect: bool, away: tuple[str, str] | None) -> Waiting:
        """Note that a try has failed; `away` names a dependency and says what is the matter with it."""
        waiting = self._of(record)
        if waiting is None:
            waiting = self._waiting[_place(record)] = Waiting(offset=record.offset)
        waiting.attempts += 1
        waiting.defects += is_defect
        waiting.away = away
        self._refresh_away()
        return waiting

    async def ended(self, record: ConsumerRecord[Any, Any]) -> None:
        """Write down that a counted try did not end the process; where that fails, it counts as one that did."""
        waiting = self._of(record)
        if self._attempts is None or waiting is None:
            return
        try:
            await self._attempts.write(record, Tried(waiting.defects))
        except Exception as error:
            telemetry.logger().warning("the end of a try was not noted", error=str(error)[:300])

    async def settled(self, record: ConsumerRecord[Any, Any]) -> None:
        """There will be no further try."""
        waiting = self._of(record)
        if waiting is not None:
            waiting.defects = 0
            await self.ended(record)
        self.forget(_place(record))

    def committed(self, record: ConsumerRecord[Any, Any]) -> None:
        """What follows in the partition is tried here for the first time."""
        self._settled_to[_place(record)] = record.offset + 1

    def has_committed(self, partition: TopicPartition) -> bool:
        """Whether a message of the partition was settled and committed here since it was assigned."""
        return partition in self._settled_to

    def has_failed(self, record: ConsumerRecord[Any, Any]) -> bool:
        """Whether an earlier try of a message is known to have failed, or to have ended its process."""
        waiting = self._of(record)
        return waiting is not None and waiting.attempts > 0

    def forget(self, partition: TopicPartition) -> None:
        """The partition's message is settled, or another consumer's now."""
        self._waiting.pop(partition, None)
        self._refresh_away()

    def _of(self, record: ConsumerRecord[Any, Any]) -> Waiting | None:
        waiting = self._waiting.get(_place(record))
        return waiting if waiting is not None and waiting.offset == record.offset else None

    def _refresh_away(self) -> None:
        self.away.clear()
        self.away.update(waiting.away for waiting in self._waiting.values() if waiting.away is not None)


def _place(record: ConsumerRecord[Any, Any]) -> TopicPartition:
    return TopicPartition(record.topic, record.partition)


def _died(tries: int) -> WorkerDied:
    times = "once" if tries == 1 else f"{tries} times"
    return WorkerDied(
        "worker_crashed",
        f"Handling this ended the worker {times}; export the video again as MP4 (H.264) and upload that.",
    )
