"""A handler may look at the message that comes next: every message is still delivered as if nobody had looked."""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict

import pytest

from chassis.errors import DependencyUnavailable
from chassis.kafka.bus import Bus, Origin
from contracts import envelope
from contracts.events import EpisodeDeleted, Event, SegmentReady
from tests.support.rig import EPISODE, RUN, Rig, assigned, segment_ready, until

pytestmark = pytest.mark.integration

TOPIC = SegmentReady.TOPIC


class LooksAhead:
    """A handler that looks at what comes next, twice, and notes what it is given and what it sees."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self.seconds = 0.05
        self.failures: dict[int, list[Exception]] = defaultdict(list)
        self.segments: list[int] = []
        self.finished: list[int] = []
        self.seen: list[int | None] = []

    async def __call__(self, event: SegmentReady, _origin: Origin) -> list[Event]:
        self.segments.append(event.segment)
        await asyncio.sleep(self.seconds)
        first, second = await self._bus.upcoming(SegmentReady), await self._bus.upcoming(SegmentReady)
        assert first is None or first == second, "it stays the next one"
        self.seen.append(None if first is None else first.segment)
        if self.failures[event.segment]:
            raise self.failures[event.segment].pop(0)
        self.finished.append(event.segment)
        return []


async def test_what_is_seen_ahead_comes_next_and_once(rig: Rig) -> None:
    bus = rig.bus()
    handler = LooksAhead(bus)
    bus.on(SegmentReady, handler)
    for partition in range(3):
        await rig.send(*(segment_ready(100 * partition + number) for number in range(5)), partition=partition)
    await bus.start()
    await until("every commit", lambda: _all_committed(rig, {0: 5, 1: 5, 2: 5}))
    assert sorted(handler.segments) == [100 * partition + number for partition in range(3) for number in range(5)]
    wrong = [
        (seen, came) for seen, came in zip(handler.seen, handler.segments[1:], strict=False) if seen not in {None, came}
    ]
    assert wrong == []
    assert len(handler.seen) - handler.seen.count(None) > 8
    assert await bus.upcoming(SegmentReady) is None, "while it waits for messages nobody may take one from it"


async def test_a_message_that_is_put_off_comes_before_the_one_that_was_seen(rig: Rig) -> None:
    bus = rig.bus()
    handler = LooksAhead(bus)
    handler.failures[1] = [DependencyUnavailable("triton", "connection refused")] * 3
    bus.on(SegmentReady, handler)
    await rig.send(*(segment_ready(number) for number in range(4)), partition=0)
    await bus.start()
    await until("every commit", lambda: _all_committed(rig, {0: 4}))
    assert handler.finished == [0, 1, 2, 3]
    assert handler.segments == [0, 1, 1, 1, 1, 2, 3]
    assert handler.seen == [1, 2, None, None, None, 3, None], "what has failed is tried alone"


async def test_while_a_message_is_put_off_what_was_seen_of_another_partition_goes_on(rig: Rig) -> None:
    bus = rig.bus()
    handler = LooksAhead(bus)
    handler.failures[1] = [DependencyUnavailable("triton", "connection refused")] * 1000
    bus.on(SegmentReady, handler)
    await rig.send(segment_ready(0), segment_ready(1), segment_ready(2), partition=0)
    await rig.send(*(segment_ready(number) for number in range(10, 15)), partition=1)
    await bus.start()
    await until("the other partition", lambda: _all_committed(rig, {0: 1, 1: 5}))
    handler.failures.clear()
    await until("every commit", lambda: _all_committed(rig, {0: 3, 1: 5}))
    assert sorted(handler.finished) == [0, 1, 2, 10, 11, 12, 13, 14]


async def test_what_is_no_event_or_another_one_is_not_seen_but_settled_in_its_turn(rig: Rig) -> None:
    bus = rig.bus("grouper")
    handler = LooksAhead(bus)
    deleted: list[Event] = []

    async def delete(event: EpisodeDeleted, _origin: Origin) -> list[Event]:
        deleted.append(event)
        return []

    bus.on(SegmentReady, handler)
    bus.on(EpisodeDeleted, delete)
    await rig.send(segment_ready(0), partition=0)
    good = envelope.encode(segment_ready(7), source="/test")
    await rig.send_raw(TOPIC, b"no event", [*good.headers], partition=0)
    await rig.send(EpisodeDeleted(ep_id=EPISODE, last_run_id=RUN, version=1, who="test"))
    await rig.send(segment_ready(1), partition=0)
    await bus.start()
    await until("the last message", lambda: handler.finished == [0, 1] and len(deleted) == 1)
    assert set(handler.seen) == {None}
    assert len(await rig.records("grouper.dead-letter")) == 1


async def test_a_message_of_a_run_that_no_longer_counts_is_not_seen(rig: Rig) -> None:
    async def fence(event: Event) -> bool:
        return getattr(event, "segment", None) != 1

    bus = rig.bus(fence=fence)
    handler = LooksAhead(bus)
    bus.on(SegmentReady, handler)
    await rig.send(*(segment_ready(number) for number in range(3)), partition=0)
    await bus.start()
    await until("every commit", lambda: _all_committed(rig, {0: 3}))
    assert (handler.segments, handler.seen) == ([0, 2], [None, None])


async def test_nothing_is_lost_when_consumers_join_and_leave_while_they_look_ahead(rig: Rig) -> None:
    """What a consumer has seen and lost in a rebalance is handled by whoever has the partition then."""
    chance = random.Random(62)
    buses = [rig.bus() for _ in range(4)]
    handlers = [LooksAhead(bus) for bus in buses]
    for bus, handler in zip(buses, handlers, strict=True):
        bus.on(SegmentReady, handler)
        handler.failures.update(
            {number: [DependencyUnavailable("s3", "away")] for number in chance.sample(range(60), 6)}
        )
    for number in range(60):
        await rig.send(segment_ready(number), partition=number % 12)
    await buses[0].start()
    await until("the first messages", lambda: len(handlers[0].finished) >= 3)
    await buses[1].start()
    await until("both", lambda: bool(assigned(buses[1]) and handlers[1].finished))
    await buses[2].start()
    await buses[0].stop()
    await buses[3].start()
    await until("every commit", lambda: _all_committed(rig, dict.fromkeys(range(12), 5)), within_s=60.0)
    assert {segment for handler in handlers for segment in handler.finished} == set(range(60))


async def _all_committed(rig: Rig, counts: dict[int, int]) -> bool:
    """Whether exactly so many messages of each partition are acknowledged."""
    return all([await rig.committed("detector", TOPIC, partition) == count for partition, count in counts.items()])
