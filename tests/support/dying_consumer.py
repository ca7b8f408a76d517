"""A worker that messages of one show kill: `python -m tests.support.dying_consumer KAFKA_SETTINGS MONGO_SETTINGS SHOW`.

It takes segments as the detector does; a fourth argument makes it another stage, beside a detector that works.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from typing import cast

from chassis import telemetry
from chassis.kafka.bus import Bus, Origin
from chassis.mongo.attempts import Attempts
from chassis.mongo.database import connect
from chassis.settings import KafkaSettings, MongoSettings, TelemetrySettings
from contracts.events import SegmentReady, Stage


async def main() -> None:
    kafka, mongo, show, *others = sys.argv[1:]
    stage = cast("Stage", others[0] if others else "detector")

    async def handle(event: SegmentReady, _origin: Origin) -> None:
        print(f"handling {event.ep_id}", flush=True)
        if event.ep_id.startswith(show):
            os.kill(os.getpid(), signal.SIGKILL)

    telemetry.configure(stage, TelemetrySettings())
    async with connect(MongoSettings.model_validate_json(mongo)) as database:
        bus = Bus(stage, KafkaSettings.model_validate_json(kafka), attempts=Attempts(database, stage))
        bus.on(SegmentReady, handle)
        await bus.start()
        await asyncio.sleep(600)


asyncio.run(main())
