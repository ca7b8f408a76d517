"""What everything together takes while there is nothing to do: processor, memory, and how soon work begins after that.

    python -m benchmarks.idle [--settle 60] [--seconds 30]

Starts what `screenalytics up` starts, lets it settle, and measures every process for a while, the one that started them
among them. Processor time is in percent of one core; memory is proportional, so that shared pages count once. Then every
service is sent a message that is none, and has dealt with it when it has kept it as a dead letter.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from collections import defaultdict
from dataclasses import dataclass

import psutil
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from benchmarks.end_to_end import MIB, machine, named_processes, own_cpu_s, pids_of
from chassis.kafka.connection import client_options
from chassis.settings import KafkaSettings
from contracts.events import (
    STAGES,
    EpisodeGrouped,
    EpisodeUploaded,
    SegmentEmbedded,
    SegmentReady,
    SegmentTracked,
)
from contracts.topics import dead_letter_topic
from screenalytics.local.machine import API, run_machine
from screenalytics.local.servers.ports import choose_free_port

FIRST_TOPICS = {
    "ingest": EpisodeUploaded.TOPIC,
    "detector": SegmentReady.TOPIC,
    "embedder": SegmentTracked.TOPIC,
    "grouper": SegmentEmbedded.TOPIC,
    "identity": EpisodeGrouped.TOPIC,
}
"""Service -> a topic it consumes."""

NO_EVENT = b"benchmark"
PATIENCE_MS = 5000


@dataclass(frozen=True)
class Use:
    """Processor seconds so far and proportional memory of one program's processes, together."""

    cpu_s: float
    memory_bytes: int


def uses(names: dict[int, str]) -> dict[str, Use]:
    """What every program has used by now."""
    cpu: dict[str, float] = defaultdict(float)
    memory: dict[str, int] = defaultdict(int)
    for name, process in named_processes(names):
        try:
            times = process.cpu_times()
            memory[name] += process.memory_full_info().pss
            cpu[name] += times.user + times.system
        except psutil.Error:
            continue
    return {name: Use(cpu[name], memory[name]) for name in cpu}


async def first_message_s(settings: KafkaSettings) -> dict[str, float]:
    """Service -> seconds from a message, the first one after a calm, to its dead letter.

    Both times are those at which the messages were sent, so that how soon we look does not count.

    Raises:
        KeyError: when a service has not dealt with it after `PATIENCE_MS`.
    """
    options = client_options(settings)
    async with AIOKafkaProducer(**options) as producer:
        sent = {
            service: (await producer.send_and_wait(topic, NO_EVENT)).timestamp
            for service, topic in FIRST_TOPICS.items()
        }
    given_up: dict[str, int] = {}
    topics = {dead_letter_topic(service): service for service in FIRST_TOPICS}
    async with AIOKafkaConsumer(*topics, **options, group_id=None, auto_offset_reset="earliest") as consumer:
        while batch := await consumer.getmany(timeout_ms=PATIENCE_MS):
            given_up |= {topics[place.topic]: records[0].timestamp for place, records in batch.items()}
            if len(given_up) == len(topics):
                break
    return {service: (given_up[service] - at) / 1000 for service, at in sent.items()}


async def measure(settle_s: float, seconds: float) -> dict[str, object]:
    """The figures of a machine that has been idle for `settle_s`, taken over `seconds`."""
    async with run_machine(
        services=[*STAGES, API],
        http_ports={API: choose_free_port()},
        say=lambda text: print(text, file=sys.stderr),
        on_event=lambda event: print(event, file=sys.stderr),
    ) as running:
        names = pids_of(running)
        await asyncio.sleep(settle_s)
        first, begun, own = uses(names), time.monotonic(), own_cpu_s()
        await asyncio.sleep(seconds)
        own = own_cpu_s() - own
        last, elapsed = uses(names), time.monotonic() - begun
        first_message = await first_message_s(running.settings.kafka)
    percent = {name: 100 * (last[name].cpu_s - first[name].cpu_s) / elapsed for name in last if name in first}
    percent["supervisor"] = 100 * own / elapsed
    memory = {name: use.memory_bytes / MIB for name, use in last.items()}
    return {
        "machine": machine(),
        "idle_s": settle_s,
        "measured_s": round(elapsed, 1),
        "percent_of_a_core": {name: round(share, 2) for name, share in sorted(percent.items())},
        "percent_together": round(sum(percent.values()), 2),
        "first_message_s": first_message,
        "mib": {name: round(size) for name, size in sorted(memory.items())},
        "mib_together": round(sum(memory.values())),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--settle", type=float, default=60.0, metavar="S", help="seconds to wait first")
    parser.add_argument("--seconds", type=float, default=30.0, metavar="S", help="seconds to measure")
    arguments = parser.parse_args()
    print(json.dumps(asyncio.run(measure(arguments.settle, arguments.seconds)), indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
