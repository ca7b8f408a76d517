"""A subscriber that has nothing but the contracts package: prints every `screentime.reported` there is for an episode."""

from __future__ import annotations

import asyncio
import json
import sys

from aiokafka import AIOKafkaConsumer

import contracts
from contracts import envelope
from contracts.events import ScreenTimeReported


async def main(bootstrap_servers: str, ep_id: str) -> None:
    consumer = AIOKafkaConsumer(
        ScreenTimeReported.TOPIC, bootstrap_servers=bootstrap_servers, group_id=None, auto_offset_reset="earliest"
    )
    async with consumer:
        while True:
            record = await asyncio.wait_for(consumer.getone(), 30)
            received = envelope.decode(record.value, record.headers, topic=record.topic)
            if isinstance(received.event, ScreenTimeReported) and received.event.ep_id == ep_id:
                break
    others = {"chassis", "services", "screenalytics"} & set(sys.modules)
    seconds = {person.cast_id: person.visible_s for person in received.event.cast}
    print(json.dumps({"contracts": contracts.__file__, "others": sorted(others), "seconds": seconds}))


asyncio.run(main(*sys.argv[1:]))
