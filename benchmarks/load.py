"""Much at once, and one that is very long: does everything finish, in turn, in bounded memory?

    python -m benchmarks.load [--episodes 200]      two-second episodes, all announced at the same moment
    python -m benchmarks.load --hours 12            one episode of that length, a picture every four seconds, few faces

Embedded servers and real services. Reports when episodes finished and in which order, memory at the beginning and at the
end, messages beyond those that were needed, the largest message and the largest document. Exit status 1 when an episode
does not finish.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import psutil
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from bson import encode as to_bson

from benchmarks.end_to_end import MEDIA, MIB, machine, named_processes
from benchmarks.looping import encode_stills, first_seconds, repeat
from chassis.kafka.connection import client_options
from chassis.mongo import database as mongo
from chassis.s3.storage import Storage
from chassis.settings import ChassisSettings
from contracts import envelope
from contracts.blobs import VideoRef
from contracts.events import EpisodeFailed, EpisodeUploaded, RunStarted, ScreenTimeReported, SegmentReady
from contracts.topics import TOPICS
from screenalytics.events import emitter
from screenalytics.local.machine import Machine, run_machine

SHORT_S = 2.0
STILL_EVERY_S = 4
SOURCE = MEDIA / "sample-episode-2.mp4"
LOOK_EVERY_S = 2.0


@dataclass
class MemoryOverTime:
    """Memory of every program (proportional, MiB), looked at every two seconds."""

    samples: list[dict[str, float]] = field(default_factory=list)

    async def run(self, names: dict[int, str]) -> None:
        while True:
            found: Counter[str] = Counter()
            for name, process in named_processes(names):
                with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
                    found[name] += process.memory_full_info().pss
            self.samples.append({name: total / MIB for name, total in found.items()})
            await asyncio.sleep(LOOK_EVERY_S)

    def figures(self) -> dict[str, dict[str, int]]:
        """Median of the second fifth and of the last fifth of the time, and the highest, per program."""
        fifth = max(1, len(self.samples) // 5)
        early, late = self.samples[fifth : 2 * fifth] or self.samples, self.samples[-fifth:]
        return {
            name: {
                "early": round(statistics.median(sample.get(name, 0.0) for sample in early)),
                "late": round(statistics.median(sample.get(name, 0.0) for sample in late)),
                "highest": round(max(sample.get(name, 0.0) for sample in self.samples)),
            }
            for name in sorted({name for sample in self.samples for name in sample})
        }


@dataclass
class Finishes:
    """Which episodes ended, in order, and how many seconds after they were announced."""

    at_s: dict[str, float] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)

    async def follow(self, consumer: AIOKafkaConsumer, wanted: set[str], began: float) -> None:
        async for record in consumer:
            event = envelope.decode(record.value, record.headers, topic=record.topic).event
            if isinstance(event, ScreenTimeReported):
                self.at_s.setdefault(event.ep_id, time.monotonic() - began)
            elif isinstance(event, EpisodeFailed):
                self.failed[event.ep_id] = f"{event.code}: {event.message}"
            if wanted <= set(self.at_s) | set(self.failed):
                return

    def figures(self, order: Sequence[str]) -> dict[str, object]:
        finished = sorted(self.at_s, key=lambda ep_id: self.at_s[ep_id])
        times = sorted(self.at_s.values())
        moved = [abs(finished.index(ep_id) - place) for place, ep_id in enumerate(order) if ep_id in self.at_s]
        return {
            "episodes": len(order),
            "finished": len(finished),
            "failed": self.failed,
            "first_s": round(times[0], 1) if times else None,
            "last_s": round(times[-1], 1) if times else None,
            "longest_pause_between_two_s": round(max((b - a for a, b in pairwise(times)), default=0.0), 1),
            "places_out_of_order_median": statistics.median(moved) if moved else None,
            "places_out_of_order_most": max(moved, default=None),
        }


async def messages(settings: ChassisSettings) -> dict[str, object]:
    """How many messages there are, how many requests were made more than once, and how large the largest is."""
    consumer = AIOKafkaConsumer(
        *[topic.name for topic in TOPICS], **client_options(settings.kafka), group_id=None, auto_offset_reset="earliest"
    )
    counts: Counter[str] = Counter()
    segments: set[bytes | None] = set()
    largest = (0, "")
    async with consumer:
        ends = await consumer.end_offsets(sorted(consumer.assignment()))
        while not all([await consumer.position(place) >= end for place, end in ends.items()]):
            batch = await consumer.getmany(timeout_ms=2000)
            for record in (record for part in batch.values() for record in part):
                counts[record.topic] += 1
                largest = max(largest, (len(record.value or b""), record.topic))
                if record.topic == SegmentReady.TOPIC:
                    segments.add(record.key)
    return {
        "messages": sum(counts.values()),
        "segments": len(segments),
        "segments_asked_for_again": counts[SegmentReady.TOPIC] - len(segments),
        "largest_message_bytes": largest[0],
        "largest_message_topic": largest[1],
    }


async def documents(settings: ChassisSettings) -> dict[str, object]:
    """The largest document of the database, and how many there are."""
    count, largest = 0, (0, "")
    async with mongo.connect(settings.mongo) as database:
        for collection in mongo.COLLECTIONS:
            async for document in database[collection.name].find({}):
                count += 1
                largest = max(largest, (len(to_bson(document)), collection.name))
    return {"documents": count, "largest_document_bytes": largest[0], "largest_document_in": largest[1]}


async def measure(video: Path, ep_ids: Sequence[str], *, patience_s: float) -> tuple[dict[str, object], bool]:
    """Announce the video under every id at once and wait for all results; says whether all finished."""
    memory, finishes = MemoryOverTime(), Finishes()
    async with run_machine(say=_say, on_event=print) as running:
        settings = running.settings
        async with Storage.connect(settings.s3) as storage, _results(settings) as consumer:
            await storage.ensure_bucket()
            reference = await emitter.upload_video(storage, video, ep_ids[0])
            watching = asyncio.create_task(memory.run(_pids(running)))
            began = time.monotonic()
            await _announce(settings, reference, ep_ids)
            _say(f"{len(ep_ids)} announced after {time.monotonic() - began:.1f} s")
            try:
                async with asyncio.timeout(patience_s):
                    await finishes.follow(consumer, set(ep_ids), began)
            except TimeoutError:
                _say(f"given up after {patience_s:.0f} s")
            watching.cancel()
        figures = finishes.figures(ep_ids) | await messages(settings) | await documents(settings)
    figures["memory_mib"] = memory.figures()
    return figures, len(finishes.at_s) == len(ep_ids)


async def _announce(settings: ChassisSettings, video: VideoRef, ep_ids: Sequence[str]) -> None:
    async with AIOKafkaProducer(**client_options(settings.kafka), acks="all", linger_ms=5) as producer:
        sent = []
        for ep_id in ep_ids:
            upload = EpisodeUploaded(ep_id=ep_id, video=video, profile="low_power")
            message = envelope.encode(upload, source="/benchmarks/load")
            sent.append(await producer.send(message.topic, message.value, key=message.key, headers=message.headers))
        await asyncio.gather(*sent)


@asynccontextmanager
async def _results(settings: ChassisSettings) -> AsyncIterator[AIOKafkaConsumer]:
    topics = [event.TOPIC for event in (ScreenTimeReported, EpisodeFailed, RunStarted)]
    consumer = AIOKafkaConsumer(*topics, **client_options(settings.kafka), group_id=None, auto_offset_reset="earliest")
    async with consumer:
        yield consumer


def _pids(running: Machine) -> dict[int, str]:
    return {child.pid: child.name for child in running.children if child.pid is not None}


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _video(folder: Path, hours: float | None) -> Path:
    """The first two seconds of a labelled episode; or some of its pictures, one every four seconds, repeated for hours."""
    if hours is None:
        return first_seconds(SOURCE, folder / "short.mp4", seconds=SHORT_S)
    once = encode_stills(SOURCE, folder / "once.mp4", every_s=STILL_EVERY_S, seconds=3600.0, shown_s=20.0)
    target = folder / "long.mp4"
    repeat(once, target, seconds=hours * 3600.0)
    return target


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--episodes", type=int, default=200)
    parser.add_argument("--hours", type=float, help="one episode of this length instead")
    parser.add_argument("--patience", type=float, default=840.0, help="seconds after which it counts as not finished")
    arguments = parser.parse_args()
    if not SOURCE.exists():
        _say(f"the labelled episode {SOURCE.name} is not here")
        return 2
    count = 1 if arguments.hours else arguments.episodes
    ep_ids = [f"load-{number // 90:02d}-s01e{number % 90 + 1:02d}" for number in range(count)]
    with tempfile.TemporaryDirectory(prefix="screenalytics-load-") as name:
        video = _video(Path(name), arguments.hours)
        figures, all_finished = asyncio.run(measure(video, ep_ids, patience_s=arguments.patience))
    print(json.dumps({"machine": machine()} | figures, indent=1))
    return 0 if all_finished else 1


if __name__ == "__main__":
    sys.exit(main())
