"""Topics, declared once: partitions, retention, whether they are compacted. Set-up jobs and embedded brokers read this."""

from __future__ import annotations

from dataclasses import dataclass

from contracts.events import EVENTS, SERVICES

DAY_MS = 24 * 3600 * 1000


@dataclass(frozen=True, kw_only=True)
class Topic:
    """How a topic is to be created."""

    name: str
    partitions: int
    retention_ms: int = 7 * DAY_MS


_PARTITIONS = {"segment.ready": 12, "segment.tracked": 12}
_RETENTION = {
    "screentime.reported": 90 * DAY_MS,
    "screentime.signed": 90 * DAY_MS,
    "cast.linked": 90 * DAY_MS,
    "clusters.edited": 90 * DAY_MS,
    "links.changed": 90 * DAY_MS,
    "episode.progress": DAY_MS,
}


def dead_letter_topic(service: str) -> str:
    """Where a service puts what it cannot handle."""
    return f"{service}.dead-letter"


TOPICS: tuple[Topic, ...] = tuple(
    Topic(
        name=event.TOPIC,
        partitions=_PARTITIONS.get(event.TOPIC, 6),
        retention_ms=_RETENTION.get(event.TOPIC, 7 * DAY_MS),
    )
    for event in EVENTS.values()
) + tuple(Topic(name=dead_letter_topic(service), partitions=1, retention_ms=30 * DAY_MS) for service in SERVICES)
