"""A service that had nothing to do for long hears of the next message in time, on every broker."""

from __future__ import annotations

import asyncio
import time

import pytest

from chassis.kafka import ends, fair_consumer
from contracts.events import SegmentReady
from tests.integration.test_delivery import Recorder
from tests.support.rig import Rig, assigned, segment_ready, until

pytestmark = pytest.mark.integration

LOOK_MS = 100


@pytest.fixture(autouse=True)
def looks(monkeypatch: pytest.MonkeyPatch) -> list[ends.Positions]:
    """Calm begins at once; every watch that was begun."""
    begun: list[ends.Positions] = []
    watch = ends.until_news

    async def noted(host: str, port: int, positions: ends.Positions, **how: object) -> None:
        begun.append(positions)
        await watch(host, port, positions, **how)  # type: ignore[arg-type]

    monkeypatch.setattr(fair_consumer, "LULL_AFTER_S", 0.02)
    monkeypatch.setattr(fair_consumer, "CALM_AFTER_S", 0.05)
    monkeypatch.setattr(fair_consumer, "until_news", noted)
    return begun


async def test_after_every_calm_the_next_message_is_handled_in_time(rig: Rig, looks: list[ends.Positions]) -> None:
    bus, handler = rig.bus(look_every_ms=LOOK_MS), Recorder()
    bus.on(SegmentReady, handler)
    await bus.start()
    await until("an assignment", lambda: bool(assigned(bus)))
    for number in range(4):
        calms = len(looks)
        await until("the calm", lambda calms=calms: len(looks) > calms)
        await asyncio.sleep(0.5)
        assert len(looks) == calms + 1, "one watch lasts for the whole calm"
        sent = time.monotonic()
        await rig.send(segment_ready(number), partition=number % 2)
        await until("the message", lambda number=number: handler.finished == list(range(number + 1)))
        assert time.monotonic() - sent < 2.0


async def test_a_message_that_failed_in_a_calm_is_tried_again(rig: Rig, looks: list[ends.Positions]) -> None:
    bus, handler = rig.bus(look_every_ms=LOOK_MS), Recorder()
    handler.seconds[0] = 0.4  # so that it has become calm meanwhile
    handler.failures[0] = [RuntimeError("once"), RuntimeError("twice")]
    bus.on(SegmentReady, handler)
    await bus.start()
    await until("the calm", lambda: bool(looks))
    await rig.send(segment_ready(0), segment_ready(1), partition=1)
    await until("both", lambda: handler.finished == [0, 1])
    assert handler.segments == [0, 0, 0, 1]


async def test_a_broker_that_was_away_in_a_calm_is_found_again(rig: Rig, looks: list[ends.Positions]) -> None:
    bus, handler = rig.bus(look_every_ms=LOOK_MS), Recorder()
    bus.on(SegmentReady, handler)
    await bus.start()
    await until("the calm", lambda: bool(looks))
    await rig.broker.proxy.cut()
    await asyncio.sleep(1.0)
    await rig.broker.proxy.restore()
    calms = len(looks)
    await until("the next watch", lambda: len(looks) > calms)
    await rig.send(segment_ready(0), partition=1)
    await until("the message", lambda: handler.finished == [0])
