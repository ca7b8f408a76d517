"""`screenalytics tail`: what an outside subscriber sees."""

from __future__ import annotations

import json

from chassis.errors import BadInput
from chassis.settings import ChassisSettings
from contracts.events import EVENTS, to_payload
from screenalytics.events.subscriber import subscribe


async def tail(topics: list[str], *, episode: str | None, from_beginning: bool) -> int:
    """Print events until interrupted."""
    known = sorted({event.TOPIC for event in EVENTS.values()})
    for topic in topics:
        if topic not in known:
            raise BadInput("unknown_topic", f"There is no topic {topic!r}; the topics are {', '.join(known)}.")
    async with subscribe(ChassisSettings().kafka, topics or known, from_beginning=from_beginning) as events:
        while True:
            received = await events.next(3600.0)
            if received is None:
                continue
            event = received.event
            if episode is not None and getattr(event, "ep_id", None) != episode.lower():
                continue
            line = {
                "type": event.TYPE,
                "id": received.event_id,
                "time": received.time.isoformat(),
                "data": to_payload(event),
            }
            print(json.dumps(line, ensure_ascii=False), flush=True)
