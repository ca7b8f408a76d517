"""A consumer that lets partitions take turns, and that costs little while there is nothing to consume."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from chassis.kafka.ends import Positions, until_news

LULL_AFTER_S: Final = 1.0
"""Without a message for so long, a consumer that looks for news by itself does so every `LULL_LOOK_S`: a broker that does
not wake who waits looks no sooner within one request, for three times the work."""

LULL_LOOK_S: Final = 0.1

CALM_AFTER_S: Final = 30.0
"""Without a message for so long, a consumer asks for more less often."""

CALM_WAIT_MS: Final = 600
"""How long its requests wait then, if they do not wait longer anyway: a Kafka broker answers as soon as there is news."""

LONGEST_REST_S: Final = 30.0
"""After so long it asks for messages whatever the ends are said to be: a broker with its log in a store may be wrong."""

LOOK_EVERY_S: Final = 0.2
"""How often aiokafka's fetcher looks at its partitions while it waits (its own number); what concerns it wakes it anyway."""


@dataclass(frozen=True, slots=True)
class _Kept:
    """A message that somebody has looked at before it is its turn, and the assignment that it was read under."""

    record: ConsumerRecord[Any, Any]
    assignment: Any

    @property
    def place(self) -> TopicPartition:
        return TopicPartition(self.record.topic, self.record.partition)


class FairConsumer(AIOKafkaConsumer):  # type: ignore[misc]  # aiokafka has no types
    """Hands out the next message of the partition that has waited longest since its last one.

    aiokafka hands out all that it has read of one partition before it looks at the next: with slow handlers one long
    queue keeps every other episode waiting, and an operator's edit waits behind a day of segments.

    Args:
        look_every_s: For a broker that does not wake who waits: how often to look for news in a calm (`chassis.kafka.ends`).
            None where the broker may be left to wait. The first message after a calm is so much late at most.
    """

    def __init__(self, *topics: str, look_every_s: float | None = None, **options: Any) -> None:
        super().__init__(*topics, **options)
        self._served = 0
        self._kept: _Kept | None = None
        self._handing_out = asyncio.Lock()
        self._last_turn: dict[TopicPartition, int] = {}
        self._look_every_s = look_every_s
        self._slowing: asyncio.TimerHandle | None = None
        self._rests_s: float | None = None

    async def getone(self, *partitions: TopicPartition) -> ConsumerRecord[Any, Any]:
        """The next message of all partitions; waits for one where none has been read yet."""
        if partitions:
            raise NotImplementedError("partitions take turns: nobody asks for a message of some of them")
        async with self._handing_out:
            record = self._take_kept() or await self._read() or await super().getone()
            return self._noted(record)

    async def upcoming(self) -> ConsumerRecord[Any, Any] | None:
        """The message that `getone` will give next, where it has been read: it need not wait for it.

        Nothing is promised: when its partition goes to another consumer, or is read again from an earlier message, this
        one is not given. None while somebody waits for a message.
        """
        if self._handing_out.locked():
            return None
        async with self._handing_out:
            record = self._take_kept() or await self._read()
            self._kept = None if record is None else _Kept(record, self._assignment())
            return record

    def _take_kept(self) -> ConsumerRecord[Any, Any] | None:
        kept, self._kept = self._kept, None
        return kept.record if kept is not None and self._is_current(kept) else None

    async def _read(self) -> ConsumerRecord[Any, Any] | None:
        """The next message of those that were read, of the partition whose turn it is; aiokafka takes it for given."""
        for place in sorted(self._fetcher._records, key=lambda place: self._last_turn.get(place, 0)):
            for record in (await self.getmany(place, timeout_ms=0, max_records=1)).get(place, ()):
                return record
        return None

    def _is_current(self, kept: _Kept) -> bool:
        """Whether the partition is ours still, is not about to be given away, and nobody has gone back in it.

        Else the message comes again by itself: a new assignment begins at what was committed.
        """
        assignment = self._assignment()
        if assignment is not kept.assignment or self._subscription.reassignment_in_progress:
            return False
        state = assignment.state_value(kept.place)
        return bool(state.has_valid_position and state.position > kept.record.offset)

    def _assignment(self) -> Any:
        """What aiokafka knows of the partitions that are this consumer's; another object after each rebalance."""
        subscription = self._subscription.subscription
        return None if subscription is None else subscription.assignment

    async def start(self) -> None:
        """Joins the group and begins to read."""
        await super().start()
        if self._look_every_s is not None:
            self._fetcher._proc_fetch_request = partial(self._fetch_and_rest, self._fetcher._proc_fetch_request)
        self._keep_pace()

    async def stop(self) -> None:
        """Leaves the group."""
        self._slow_down_after(None)
        await super().stop()

    def _keep_pace(self) -> None:
        """Asks for news as often as the settings say, until there has been none for a while."""
        self._rests_s = None
        self._ask(self._fetch_max_wait_ms, LOOK_EVERY_S)
        if self._look_every_s is not None:
            self._slow_down_after(LULL_AFTER_S, self._rest_in_a_lull)
        else:
            self._slow_down_after(CALM_AFTER_S, self._become_calm)

    def _rest_in_a_lull(self) -> None:
        self._rest_every(min(LULL_LOOK_S, self._look_every_s or LULL_LOOK_S))
        self._slow_down_after(CALM_AFTER_S - LULL_AFTER_S, self._become_calm)

    def _become_calm(self) -> None:
        if self._look_every_s is not None:
            self._rest_every(self._look_every_s)
        else:
            waits_ms = max(self._fetch_max_wait_ms, CALM_WAIT_MS)
            self._ask(waits_ms, max(LOOK_EVERY_S, waits_ms / 1000))

    def _rest_every(self, seconds: float) -> None:
        self._rests_s = seconds
        self._ask(self._fetch_max_wait_ms, CALM_AFTER_S)

    def _slow_down_after(self, seconds: float | None, how: Callable[[], None] = lambda: None) -> None:
        """Instead of what was to come; None: never."""
        if self._slowing is not None:
            self._slowing.cancel()
        self._slowing = None if seconds is None else asyncio.get_running_loop().call_later(seconds, how)

    def _ask(self, wait_at_most_ms: int, look_every_s: float) -> None:
        """Sets what the fetcher reads for every request; aiokafka has no other way to change it.

        It looks at its partitions rarely in a calm: five times a second are a third of what a service without work does.
        """
        self._fetcher._fetch_max_wait_ms = wait_at_most_ms
        self._fetcher._fetcher_timeout = look_every_s

    async def _fetch_and_rest(
        self, fetch: Callable[..., Awaitable[bool]], assignment: Any, node_id: int, request: Any
    ) -> bool:
        """What the fetcher does with one request, by its own `fetch`: whether there are new messages.

        In a lull it has done so only when there is news, or when something else is wanted than was.
        """
        with suppress(asyncio.CancelledError):  # as aiokafka does it: nobody wants the answer any more
            has_messages = await fetch(assignment, node_id, request)
            if has_messages or self._rests_s is None or _is_cancelled():
                return has_messages
            await self._rest(self._rests_s, assignment, node_id, _asked(request))
        return False

    async def _rest(self, every_s: float, assignment: Any, node_id: int, asked: Positions) -> None:
        broker = self._client.cluster.broker_metadata(node_id)
        if broker is None or asked != _wanted(assignment):
            await asyncio.sleep(every_s)
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(LONGEST_REST_S):
                await until_news(
                    broker.host,
                    broker.port,
                    asked,
                    every_s=every_s,
                    is_wanted=lambda: self._rests_s == every_s and asked == _wanted(assignment),
                )

    def _noted(self, record: ConsumerRecord[Any, Any]) -> ConsumerRecord[Any, Any]:
        self._keep_pace()
        self._served += 1
        self._last_turn[TopicPartition(record.topic, record.partition)] = self._served
        return record


def _is_cancelled() -> bool:
    """Whether this task was cancelled, which aiokafka takes for an answer without messages."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _asked(request: Any) -> Positions:
    """What a request asks for."""
    return {
        TopicPartition(topic, partition): offset
        for topic, partitions in request.topics
        for partition, offset, _bytes in partitions
    }


def _wanted(assignment: Any) -> Positions | None:
    """What would be asked for now; None where that is not known, or not wanted, of every partition."""
    states = {place: assignment.state_value(place) for place in assignment.tps}
    if not assignment.active or any(not state.has_valid_position or state.paused for state in states.values()):
        return None
    return {place: state.position for place, state in states.items()}
