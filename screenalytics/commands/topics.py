"""`screenalytics topics`: the declared topics, their set-up, and who may do what with them."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from aiokafka.admin import AIOKafkaAdminClient

from chassis import service as chassis_service
from chassis.kafka.bus import Bus, Handler
from chassis.kafka.connection import client_options, ensure_topics, partitions_of
from chassis.settings import ChassisSettings, KafkaSettings
from contracts.events import (
    SERVICES,
    CastChanged,
    CastDescribed,
    CastLinked,
    ClustersEdited,
    EpisodeChanged,
    EpisodeDeleted,
    EpisodeFailed,
    EpisodeGrouped,
    EpisodeProgress,
    EpisodeUploaded,
    Event,
    FacebankUpdated,
    LinksChanged,
    PersonErased,
    ReportRequested,
    RunCancelled,
    RunStarted,
    ScreenTimeReported,
    ScreenTimeSigned,
    SegmentEmbedded,
    SegmentReady,
    SegmentTracked,
    Service,
    ShowDeleted,
    TracksErased,
)
from contracts.topics import TOPICS, dead_letter_topic
from screenalytics.service_registry import app_of, settings_class

E = TypeVar("E", bound=Event)

OUT_OF_STEP = 1

PUBLISHES: Mapping[Service, tuple[type[Event], ...]] = {
    "ingest": (
        RunStarted,
        RunCancelled,
        SegmentReady,
        EpisodeProgress,
        ScreenTimeReported,
        EpisodeFailed,
        EpisodeUploaded,
        EpisodeChanged,
        EpisodeDeleted,
    ),
    "detector": (SegmentTracked, EpisodeProgress, EpisodeFailed),
    "embedder": (SegmentEmbedded, EpisodeProgress, EpisodeFailed),
    "grouper": (EpisodeGrouped, ClustersEdited, EpisodeProgress, EpisodeFailed),
    "identity": (
        FacebankUpdated,
        CastChanged,
        CastDescribed,
        PersonErased,
        TracksErased,
        ShowDeleted,
        LinksChanged,
        ReportRequested,
        CastLinked,
        ScreenTimeReported,
        ScreenTimeSigned,
        EpisodeProgress,
        EpisodeFailed,
    ),
    "webhooks": (),
}
"""The events each service may publish; ingest answers a repeated upload with the report that is there already,
and runs that people start over HTTP begin with an upload event of its own."""


@dataclass(frozen=True, kw_only=True)
class Access:
    """What one service does in Kafka. Topics are sorted; `group` is its consumer group."""

    service: Service
    group: str
    reads: tuple[str, ...]
    writes: tuple[str, ...]

    @property
    def principal(self) -> str:
        return principal(self.service)


def principal(name: str) -> str:
    """Kafka's name for one of our users."""
    return f"User:screenalytics-{name}"


class _RecordingBus(Bus):
    """Notes what a service wants to receive; never connected."""

    def __init__(self, service: Service, settings: KafkaSettings) -> None:
        super().__init__(service, settings)
        self.wanted: set[str] = set()

    def on(self, event: type[E], handler: Handler[E], *, fenced: bool = True) -> None:
        super().on(event, handler, fenced=fenced)
        self.wanted.add(event.TOPIC)


async def access_of(service: Service) -> Access:
    """The topics a service reads, as its own wiring says, and those it writes. Connects to nothing."""
    settings = settings_class(service)()
    bus = _RecordingBus(service, settings.kafka)
    async with chassis_service.connect(service, settings, inference=False) as resources:
        app_of(service).wire(dataclasses.replace(resources, bus=bus))
    written = {event.TOPIC for event in PUBLISHES[service]} | {dead_letter_topic(service)}
    return Access(service=service, group=service, reads=tuple(sorted(bus.wanted)), writes=tuple(sorted(written)))


def list_topics() -> None:
    """Print every declared topic as a table."""
    print(f"{'topic':28}{'partitions':>12}{'retention':>12}")
    for topic in TOPICS:
        print(f"{topic.name:28}{topic.partitions:12}{topic.retention_ms // 86_400_000:10} d")


async def apply() -> int:
    """Create missing topics and compare the others with their declaration.

    Returns 1 when a topic has fewer partitions than declared. More are not added here: that moves keys to other
    partitions, so it is done while nothing is in flight (see docs/operations.md).
    """
    settings = ChassisSettings().kafka
    await ensure_topics(settings)
    found = await _partitions(settings)
    differing = [topic for topic in TOPICS if found.get(topic.name, 0) < partitions_of(topic, settings)]
    for topic in differing:
        print(
            f"{topic.name} has {found.get(topic.name, 0)} partitions, declared are {partitions_of(topic, settings)}",
            file=sys.stderr,
        )
    print(f"{len(TOPICS) - len(differing)} of {len(TOPICS)} topics are as declared")
    return OUT_OF_STEP if differing else 0


async def _partitions(settings: KafkaSettings) -> dict[str, int]:
    admin = AIOKafkaAdminClient(**client_options(settings))
    await admin.start()
    try:
        described: list[dict[str, Any]] = await admin.describe_topics([topic.name for topic in TOPICS])
    finally:
        await admin.close()
    return {str(entry["topic"]): len(entry["partitions"]) for entry in described}


async def print_acls() -> None:
    """Print the access list as Markdown: the committed deploy/kafka/acls.md."""
    print(render_acls([await access_of(service) for service in SERVICES]), end="")


def render_acls(accesses: list[Access]) -> str:
    """The access list as a table and as `kafka-acls.sh` commands."""
    lines = [
        "# Kafka access list",
        "",
        "Generated by `screenalytics topics acls` from the services' own wiring; a test compares the two.",
        "",
        "| user | consumer group | reads | writes |",
        "|---|---|---|---|",
    ]
    for access in accesses:
        reads, writes = (", ".join(f"`{name}`" for name in names) for names in (access.reads, access.writes))
        lines.append(f"| `{access.principal}` | `{access.group}` | {reads} | {writes} |")
    lines += [
        f"| `{principal('setup')}` | | creates and describes every topic | |",
        f"| `{principal('scaler')}` | describes the services' groups and topics, to see their lag | | |",
        "",
        "Set `SCREENALYTICS_KAFKA__MANAGE_TOPICS=false` for the services: then only the set-up job creates topics.",
        "An emitter needs `WRITE` on `episode.uploaded` and `cast.uploaded`; a subscriber needs `READ` on its topics",
        "and on a consumer group of its own. A producer with `WRITE` may be idempotent since Kafka 2.8.",
        "",
        "```sh",
        'ACLS="kafka-acls.sh --bootstrap-server $BOOTSTRAP --command-config admin.properties --add"',
        *(line for access in accesses for line in _commands(access)),
        *_setup_commands(),
        *_scaler_commands(accesses),
        "```",
        "",
    ]
    return "\n".join(lines)


def _commands(access: Access) -> list[str]:
    allow = f"$ACLS --allow-principal {access.principal}"
    return [
        f"{allow} --operation READ --operation DESCRIBE --group {access.group}",
        *(f"{allow} --operation READ --operation DESCRIBE --topic {name}" for name in access.reads),
        *(f"{allow} --operation WRITE --operation DESCRIBE --topic {name}" for name in access.writes),
    ]


def _setup_commands() -> list[str]:
    allow = f"$ACLS --allow-principal {principal('setup')}"
    return [f"{allow} --operation CREATE --operation DESCRIBE --topic {topic.name}" for topic in TOPICS]


def _scaler_commands(accesses: list[Access]) -> list[str]:
    allow = f"$ACLS --allow-principal {principal('scaler')}"
    groups = [f"{allow} --operation DESCRIBE --group {access.group}" for access in accesses]
    topics = sorted({name for access in accesses for name in access.reads})
    return groups + [f"{allow} --operation DESCRIBE --topic {name}" for name in topics]
