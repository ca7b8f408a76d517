"""What the bus promises for every message, held on the embedded broker and on Apache Kafka."""

from __future__ import annotations

import asyncio
import statistics
import sys
from collections import defaultdict
from itertools import pairwise
from pathlib import Path

import pytest
from aiokafka.errors import KafkaTimeoutError

from chassis.errors import BadInput, DependencyUnavailable
from chassis.health import Health
from chassis.kafka.bus import Origin
from contracts import envelope
from contracts.events import EpisodeDeleted, EpisodeFailed, EpisodeProgress, Event, SegmentReady
from tests.support.rig import EPISODE, PATIENCE_S, RUN, Rig, assigned, generation, segment_ready, until

pytestmark = pytest.mark.integration

TOPIC = SegmentReady.TOPIC
ROOT = Path(__file__).resolve().parents[2]
DEAD_LETTERS = "detector.dead-letter"


class Recorder:
    """A handler that notes what it is given and does what the test says."""

    def __init__(self) -> None:
        self.segments: list[int] = []
        self.failures: dict[int, list[Exception]] = {}
        self.seconds: defaultdict[int, float] = defaultdict(float)
        self.finished: list[int] = []

    async def __call__(self, event: SegmentReady, _origin: Origin) -> list[Event]:
        self.segments.append(event.segment)
        await asyncio.sleep(self.seconds[event.segment])
        if self.failures.get(event.segment):
            raise self.failures[event.segment].pop(0)
        self.finished.append(event.segment)
        return [progress(event)]


def progress(event: SegmentReady) -> EpisodeProgress:
    return EpisodeProgress(
        ep_id=event.ep_id, run_id=event.run_id, stage="detector", segment=event.segment, done=1, total=event.segments
    )


async def test_a_handled_message_has_its_events_published_and_its_offset_committed(rig: Rig) -> None:
    bus, handler = rig.bus(), Recorder()
    bus.on(SegmentReady, handler)
    await bus.start()
    await rig.send(*(segment_ready(number) for number in range(3)), partition=4)
    await until("the third commit", lambda: _committed(rig, 4, 3))
    assert handler.segments == [0, 1, 2]
    said = await rig.events(EpisodeProgress.TOPIC)
    assert [(event.segment, event.event_id) for event in said if isinstance(event, EpisodeProgress)] == [
        (number, progress(segment_ready(number)).event_id) for number in range(3)
    ]
    assert await rig.records(DEAD_LETTERS) == []


async def test_what_is_no_event_becomes_a_dead_letter_at_once_and_the_next_message_is_handled(rig: Rig) -> None:
    bus, handler = rig.bus(), Recorder()
    bus.on(SegmentReady, handler)
    await bus.start()
    good = envelope.encode(segment_ready(7), source="/test")
    headers = dict(good.headers)
    refused: list[tuple[bytes | None, list[tuple[str, bytes | None]], str]] = [
        (b"\xff\x00 not json", [*good.headers], "InvalidEvent"),
        (b'{"ep_id": "my-show-s01e02"}', [*good.headers], "InvalidEvent"),
        (good.value, [*(headers | {"ce_type": b"screenalytics.segment.ready.v9"}).items()], "InvalidEvent"),
        (good.value, [*(headers | {"ce_type": b"\xff\xfe"}).items()], "InvalidEvent"),
        (good.value, [*(headers | {"ce_type": b"screenalytics.run.started.v1"}).items()], "InvalidEvent"),
        (None, [("ce_type", None), ("x", b"\xff"), ("x", b"twice")], "InvalidEvent"),
        (b"x" * 900_000, [*good.headers], "InvalidEvent"),
    ]
    for value, own_headers, _ in refused:
        await rig.send_raw(TOPIC, value, own_headers, key=b"\xffkey", partition=0)
    await rig.send(segment_ready(7), partition=0)
    await until("the commit of the good message", lambda: _committed(rig, 0, len(refused) + 1))
    assert handler.segments == [7]
    letters = await rig.records(DEAD_LETTERS)
    assert len(letters) == len(refused)
    for offset, (letter, (value, own_headers, error)) in enumerate(zip(letters, refused, strict=True)):
        assert (letter.value, letter.key) == (value, b"\xffkey")
        assert list(letter.headers)[: len(own_headers)] == own_headers
        added = dict(list(letter.headers)[len(own_headers) :])
        assert added["dlq-topic"] == TOPIC.encode()
        assert (added["dlq-partition"], int(added["dlq-offset"]) - _first(rig, 0)) == (b"0", offset)
        assert (added["dlq-kind"], added["dlq-error"], added["dlq-attempts"]) == (b"invalid", error.encode(), b"1")
        assert all(len(text) <= 500 for text in added.values())
    assert await rig.records(EpisodeFailed.TOPIC) == []


async def test_headers_of_strangers_do_not_keep_a_good_event_from_being_handled(rig: Rig) -> None:
    bus, handler = rig.bus(), Recorder()
    bus.on(SegmentReady, handler)
    await bus.start()
    message = envelope.encode(segment_ready(1), source="/test")
    await rig.send_raw(TOPIC, message.value, [*message.headers, ("theirs", b"\xff\xfe"), ("null", None)], partition=2)
    await until("the commit", lambda: _committed(rig, 2, 1))
    assert handler.segments == [1]


async def test_bad_input_fails_the_episode_with_its_code_and_is_no_dead_letter(rig: Rig) -> None:
    bus, handler = rig.bus(), Recorder()
    handler.failures[3] = [BadInput("unreadable", "The video cannot be read; check the file. " + "x" * 2000)]
    bus.on(SegmentReady, handler)
    await bus.start()
    await rig.send(segment_ready(3), segment_ready(4), partition=1)
    await until("both commits", lambda: _committed(rig, 1, 2))
    (failure,) = await rig.events(EpisodeFailed.TOPIC)
    assert isinstance(failure, EpisodeFailed)
    assert (failure.ep_id, failure.run_id, failure.stage) == (EPISODE, RUN, "detector")
    assert (failure.segment, failure.code) == (3, "unreadable")
    assert failure.message.startswith("The video cannot be read")
    assert handler.segments == [3, 4]
    assert await rig.records(DEAD_LETTERS) == []


async def test_while_a_dependency_is_away_its_partition_waits_and_the_others_go_on(rig: Rig) -> None:
    bus, handler = rig.bus(), Recorder()
    bus.on(SegmentReady, handler)
    handler.failures[1] = [DependencyUnavailable("triton", "connection refused")] * 1000
    await bus.start()
    health = Health({}, away=bus.delivery.away)
    before = generation(bus)
    await rig.send(segment_ready(0), segment_ready(1), segment_ready(2), partition=0)
    await until("three tries", lambda: handler.segments.count(1) >= 3)
    await rig.send(segment_ready(10), segment_ready(11), partition=1)
    await until("the other partition", lambda: _committed(rig, 1, 2))
    assert await health.report() == {"triton": "triton is unavailable: connection refused"}
    assert await _committed(rig, 0, 1)
    tries = handler.segments.count(1)
    await until("more tries than a defect gets", lambda: handler.segments.count(1) > tries + 5)

    handler.failures.clear()
    await until("the waiting partition", lambda: _committed(rig, 0, 3))
    assert handler.finished == [0, 10, 11, 1, 2]
    assert await health.report() == {}
    assert generation(bus) == before
    assert await rig.records(DEAD_LETTERS) == []
    assert await rig.records(EpisodeFailed.TOPIC) == []


async def test_a_defect_gets_a_few_tries_then_becomes_a_dead_letter_and_fails_the_episode(rig: Rig) -> None:
    bus, handler = rig.bus(max_tries=3), Recorder()
    bus.on(SegmentReady, handler)
    away: list[Exception] = [DependencyUnavailable("s3", "away")] * 4
    handler.failures[1] = away + [RuntimeError("boom " + "é" * 1000)] * 10
    handler.failures[2] = [*away, ValueError("passing")]
    await bus.start()
    await rig.send(segment_ready(1), segment_ready(2), partition=5)
    await until("both commits", lambda: _committed(rig, 5, 2))
    # Waiting for a dependency uses up none of the tries.
    assert handler.segments == [1] * 7 + [2] * 6
    assert handler.finished == [2]
    (letter,) = await rig.records(DEAD_LETTERS)
    message = envelope.encode(segment_ready(1), source="/test")
    assert (letter.value, letter.key) == (message.value, message.key)
    added = dict(letter.headers)
    assert (added["dlq-kind"], added["dlq-error"], added["dlq-attempts"]) == (b"defect", b"RuntimeError", b"7")
    assert len(added["dlq-message"]) <= 500
    assert added["dlq-message"].decode().startswith("boom é")
    (failure,) = await rig.events(EpisodeFailed.TOPIC)
    assert isinstance(failure, EpisodeFailed)
    assert (failure.code, failure.segment) == ("internal_error", 1)


async def test_a_failure_that_cannot_be_told_still_leaves_a_dead_letter(rig: Rig) -> None:
    bus, handler = rig.bus(), Recorder()
    bus.on(SegmentReady, handler)
    handler.failures[1] = [BadInput("Not A Stable Code", "x")]
    await bus.start()
    await rig.send(segment_ready(1), segment_ready(2), partition=5)
    await until("both commits", lambda: _committed(rig, 5, 2))
    (letter,) = await rig.records(DEAD_LETTERS)
    assert dict(letter.headers)["dlq-kind"] == b"bad_input"
    assert await rig.records(EpisodeFailed.TOPIC) == []
    assert handler.finished == [2]


async def test_a_message_whose_events_cannot_be_published_is_put_off_and_handled_again(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    bus, handler = rig.bus(), Recorder()
    bus.on(SegmentReady, handler)
    await bus.start()
    publish, refusals = bus.broker.publish, [KafkaTimeoutError(), KafkaTimeoutError()]

    async def refusing(*args: object, **kwargs: object) -> object:
        if refusals:
            raise refusals.pop()
        return await publish(*args, **kwargs)  # type: ignore[call-overload]

    monkeypatch.setattr(bus.broker, "publish", refusing)
    await rig.send(segment_ready(1), partition=3)
    await until("the commit", lambda: _committed(rig, 3, 1))
    assert handler.segments == [1, 1, 1]
    assert len(await rig.records(EpisodeProgress.TOPIC)) == 1


async def test_work_goes_on_after_the_broker_was_unreachable(rig: Rig) -> None:
    bus, handler = rig.bus(), Recorder()
    bus.on(SegmentReady, handler)
    handler.seconds[0] = 0.5
    await bus.start()
    await rig.send(*(segment_ready(number) for number in range(3)), partition=0)
    await until("the first try", lambda: handler.segments == [0])
    await rig.broker.proxy.cut()
    assert not await bus.reachable()
    await rig.broker.proxy.restore()
    await until("all commits", lambda: _committed(rig, 0, 3))
    assert set(handler.finished) == {0, 1, 2}
    assert await bus.reachable()


async def test_partitions_take_turns(rig: Rig) -> None:
    bus, handler = rig.bus(), Recorder()
    bus.on(SegmentReady, handler)
    partitions, queue, a_moment_s = 4, 50, 0.01
    handler.seconds = defaultdict(lambda: a_moment_s)
    for partition in range(partitions):
        await rig.send(*(segment_ready(1000 * partition + number) for number in range(queue)), partition=partition)
    await bus.start()
    await until("every message", lambda: len(handler.finished) == partitions * queue)
    places = defaultdict(list)
    for place, segment in enumerate(handler.finished):
        places[segment // 1000].append(place)
    # A partition that has not been read yet has no turn; the first to arrive may go ahead for as long as that takes.
    pauses = [b - a for of_partition in places.values() for a, b in pairwise(of_partition)]
    assert max(min(of_partition) for of_partition in places.values()) < queue // 2
    assert max(pauses) <= queue // 2
    assert statistics.median(pauses) == partitions


async def test_what_comes_seldom_does_not_wait_behind_a_long_queue_of_another_topic(rig: Rig) -> None:
    bus, handler = rig.bus("grouper"), Recorder()
    queue, a_moment_s = 60, 0.02
    handled_before: list[int] = []

    async def deleted(_event: EpisodeDeleted, _origin: Origin) -> list[Event]:
        handled_before.append(len(handler.finished))
        return []

    bus.on(SegmentReady, handler)
    bus.on(EpisodeDeleted, deleted)
    handler.seconds = defaultdict(lambda: a_moment_s)
    await rig.send(*(segment_ready(number) for number in range(queue)), partition=0)
    await bus.start()
    await until("the first messages", lambda: len(handler.finished) >= 5)
    await rig.send(EpisodeDeleted(ep_id=EPISODE, last_run_id=RUN, version=1, who="test"))
    sent_after = len(handler.finished)
    await until("every message", lambda: len(handler.finished) == queue)
    assert handled_before[0] - sent_after < queue // 3


async def test_a_handler_longer_than_the_session_keeps_its_partition(rig: Rig) -> None:
    bus, handler = rig.bus(), Recorder()
    bus.on(SegmentReady, handler)
    handler.seconds[0] = rig.broker.settings.session_timeout_ms / 1000 + 1.0
    await bus.start()
    before = generation(bus)
    await rig.send(segment_ready(0), partition=0)
    await until("the commit", lambda: _committed(rig, 0, 1))
    assert handler.segments == [0]
    assert generation(bus) == before


async def test_a_handler_longer_than_the_poll_interval_may_be_repeated_but_loses_nothing(rig: Rig) -> None:
    bus, handler = rig.bus(max_poll_interval_ms=1000), Recorder()
    bus.on(SegmentReady, handler)
    handler.seconds[0] = 2.5
    await bus.start()
    await rig.send(segment_ready(0), segment_ready(1), partition=0)
    await until("the end of the long try", lambda: 0 in handler.finished)
    handler.seconds.clear()  # an idempotent handler answers a repeat at once
    await until("all commits", lambda: _committed(rig, 0, 2))
    # A member that has left the group may still commit as long as nobody else is in it: Apache Kafka allows that.
    assert handler.segments in ([0, 0, 1], [0, 1])
    assert handler.finished == handler.segments


async def test_a_handler_that_never_ends_is_given_up_and_the_next_message_is_handled(rig: Rig) -> None:
    bus, handler = rig.bus(max_tries=2, handler_timeout_s=0.3), Recorder()
    bus.on(SegmentReady, handler)
    handler.seconds[1] = 3600.0
    await bus.start()
    await rig.send(segment_ready(1), segment_ready(2), partition=0)
    await until("both commits", lambda: _committed(rig, 0, 2))
    assert handler.segments == [1, 1, 2]
    (letter,) = await rig.records(DEAD_LETTERS)
    assert dict(letter.headers)["dlq-message"] == b"the handler was not done after 0.3 s"
    (failure,) = await rig.events(EpisodeFailed.TOPIC)
    assert isinstance(failure, EpisodeFailed)
    assert failure.segment == 1


async def test_nothing_is_lost_when_a_second_consumer_joins_in_the_middle(rig: Rig) -> None:
    first, second = rig.bus(), rig.bus()
    handlers = Recorder(), Recorder()
    for bus, handler in zip((first, second), handlers, strict=True):
        handler.seconds.update(dict.fromkeys(range(36), 0.1))
        bus.on(SegmentReady, handler)
    await first.start()
    for number in range(36):
        await rig.send(segment_ready(number), partition=number % 12)
    await until("the first messages", lambda: len(handlers[0].finished) >= 3)
    await second.start()

    async def all_committed() -> bool:
        return all([await _committed(rig, partition, 3) for partition in range(12)])

    await until("every commit", all_committed)
    assert {*handlers[0].finished, *handlers[1].finished} == set(range(36))
    await until("a share of the partitions for each", lambda: len(assigned(first)) == len(assigned(second)) == 6)
    assert assigned(first) | assigned(second) == {(TOPIC, number) for number in range(12)}
    await rig.send(*(segment_ready(100 + number) for number in range(12)))
    wanted = {100 + number for number in range(12)}
    await until("the later messages", lambda: wanted <= {*handlers[0].finished, *handlers[1].finished})


async def test_what_a_killed_consumer_had_not_acknowledged_is_delivered_to_the_next(rig: Rig) -> None:
    await rig.send(*(segment_ready(number) for number in range(3)), partition=0)
    killed = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.support.stuck_consumer",
        rig.broker.settings.model_dump_json(),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert killed.stdout is not None
        assert await asyncio.wait_for(killed.stdout.readline(), PATIENCE_S) == b"handling 1\n"
    finally:
        killed.kill()
        await killed.wait()
    assert await _committed(rig, 0, 1)
    bus, handler = rig.bus(), Recorder()
    bus.on(SegmentReady, handler)
    await bus.start()
    await until("every commit", lambda: _committed(rig, 0, 3))
    assert handler.segments == [1, 2]


async def test_a_stop_lets_the_running_handler_finish_and_acknowledges_nothing_else(rig: Rig) -> None:
    bus, handler = rig.bus(grace_s=10.0), Recorder()
    bus.on(SegmentReady, handler)
    handler.seconds[1] = 1.0
    await bus.start()
    await rig.send(*(segment_ready(number) for number in range(5)), partition=0)
    await until("the second message", lambda: 1 in handler.segments)
    await bus.stop()
    assert handler.finished == [0, 1]
    assert await _committed(rig, 0, 2)
    said = await rig.events(EpisodeProgress.TOPIC)
    assert [event.segment for event in said if isinstance(event, EpisodeProgress)] == [0, 1]


async def test_a_handler_that_needs_longer_than_the_grace_period_is_abandoned_and_done_by_the_next(rig: Rig) -> None:
    bus, handler = rig.bus(grace_s=0.3), Recorder()
    bus.on(SegmentReady, handler)
    handler.seconds[0] = 60.0
    await bus.start()
    await rig.send(segment_ready(0), partition=0)
    await until("the message", lambda: handler.segments == [0])
    await asyncio.wait_for(bus.stop(), 8.0)
    assert handler.finished == []
    assert await _committed(rig, 0, 0)
    next_bus, next_handler = rig.bus(), Recorder()
    next_bus.on(SegmentReady, next_handler)
    await next_bus.start()
    await until("the commit of the next", lambda: _committed(rig, 0, 1))
    assert next_handler.finished == [0]


async def test_events_that_the_fence_refuses_are_acknowledged_and_dropped(rig: Rig) -> None:
    async def fence(event: Event) -> bool:
        return isinstance(event, SegmentReady) and event.segment != 1

    bus, handler = rig.bus(fence=fence), Recorder()
    bus.on(SegmentReady, handler)
    await bus.start()
    await rig.send(*(segment_ready(number) for number in range(3)), partition=0)
    await until("all commits", lambda: _committed(rig, 0, 3))
    assert handler.segments == [0, 2]


async def test_the_lag_is_what_the_broker_holds_beyond_the_committed_offsets(rig: Rig) -> None:
    bus, handler = rig.bus(), Recorder()
    bus.on(SegmentReady, handler)
    handler.failures[1] = [DependencyUnavailable("triton", "away")] * 1000
    await bus.start()
    await rig.send(*(segment_ready(number) for number in range(4)), partition=2)
    await until("the first commit", lambda: _committed(rig, 2, 1))
    lag = {partition.partition: messages for partition, messages in (await bus.lag()).items()}
    assert lag == {number: 3 if number == 2 else 0 for number in range(12)}
    handler.failures.clear()
    await until("all commits", lambda: _committed(rig, 2, 4))
    assert set((await bus.lag()).values()) == {0}


async def test_a_group_that_lost_its_place_has_one_again_without_a_message(apache_rig: Rig) -> None:
    """KEDA takes the newest offset for the lag where none is committed, so the workers would stay for good."""
    before, after = apache_rig.bus(), apache_rig.bus()
    handler = Recorder()
    for bus in (before, after):
        bus.on(SegmentReady, handler)
    await before.start()
    await apache_rig.send(*(segment_ready(number) for number in range(3)), partition=7)
    await until("every commit", lambda: _committed(apache_rig, 7, 3))
    await before.stop()
    await apache_rig.forget("detector", TOPIC)
    assert await apache_rig.place("detector", TOPIC, 7) is None
    await after.start()

    async def has_its_place() -> bool:
        return await apache_rig.place("detector", TOPIC, 7) == _first(apache_rig, 7) + 3

    await until("a place at the end", has_its_place)
    assert set((await after.lag()).values()) == {0}
    await apache_rig.send(segment_ready(3), partition=7)
    await until("the next commit", lambda: _committed(apache_rig, 7, 4))
    assert handler.finished == [0, 1, 2, 3]


async def test_a_broker_that_is_killed_in_the_middle_and_comes_back_costs_nothing(apache_rig: Rig) -> None:
    bus, handler = apache_rig.bus(), Recorder()
    bus.on(SegmentReady, handler)
    handler.seconds[1] = 1.0
    await bus.start()
    await apache_rig.send(*(segment_ready(number) for number in range(4)), partition=0)
    await until("the second message", lambda: 1 in handler.segments)
    apache_rig.broker.server.kill()
    await apache_rig.broker.server.run()
    await until("every commit", lambda: _committed(apache_rig, 0, 4), within_s=90.0)
    assert set(handler.finished) == {0, 1, 2, 3}
    said = {event.event_id for event in await apache_rig.events(EpisodeProgress.TOPIC)}
    assert said == {progress(segment_ready(number)).event_id for number in range(4)}
    assert await apache_rig.records(DEAD_LETTERS) == []


async def test_a_static_member_comes_back_without_a_rebalance(apache_rig: Rig) -> None:
    stays, leaves = apache_rig.bus("grouper"), apache_rig.bus("grouper", group_instance_id="pod-1")
    again = apache_rig.bus("grouper", group_instance_id="pod-1")
    handler = Recorder()
    for bus in (stays, leaves, again):
        bus.on(SegmentReady, handler)
    await stays.start()
    await leaves.start()
    await until("six partitions for each", lambda: len(assigned(stays)) == len(assigned(leaves)) == 6)
    had, before = assigned(leaves), generation(stays)
    await leaves.stop()
    await apache_rig.send(segment_ready(1), partition=min(place.partition for place in had))
    await again.start()
    await until("the partitions of before", lambda: assigned(again) == had)
    await until("the message", lambda: handler.finished == [1])
    assert generation(stays) == before


async def _committed(rig: Rig, partition: int, count: int) -> bool:
    """Whether exactly so many messages of the partition are acknowledged."""
    return await rig.committed("detector", TOPIC, partition) == count


def _first(rig: Rig, partition: int) -> int:
    """Offset of the test's first message in the partition."""
    return rig.begin(TOPIC, partition)
