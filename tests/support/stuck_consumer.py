"""A detector that takes a message and never finishes it, to be killed: `python -m tests.support.stuck_consumer SETTINGS`."""

from __future__ import annotations

import asyncio
import sys

from chassis import telemetry
from chassis.kafka.bus import Bus, Origin
from chassis.settings import KafkaSettings, TelemetrySettings
from contracts.events import SegmentReady


async def main() -> None:
    async def handle(event: SegmentReady, _origin: Origin) -> None:
        if event.segment > 0:
            print(f"handling {event.segment}", flush=True)
            await asyncio.sleep(600)

    telemetry.configure("detector", TelemetrySettings())
    bus = Bus("detector", KafkaSettings.model_validate_json(sys.argv[1]))
    bus.on(SegmentReady, handle)
    await bus.start()
    await asyncio.sleep(600)


asyncio.run(main())
