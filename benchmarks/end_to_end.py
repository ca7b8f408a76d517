"""How fast, how much: one long episode through the whole system.

    python -m benchmarks.end_to_end [--minutes 10] [--profile balanced] [--video FILE] [--warm] [--json]

The episode is the labelled samples looped and scaled to 720p (the demo's sample where those are absent). Reports × real
time, frames/s and CPU seconds per stage, the highest memory of every process, and bytes through Kafka, S3 and Triton. With
`--warm` a short episode goes through first and is not counted, so that what a second more of video costs is left.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import platform
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from aiokafka import AIOKafkaConsumer

from benchmarks.looping import loop_to_720p
from chassis.kafka.connection import client_options
from chassis.s3.storage import Storage
from chassis.settings import ChassisSettings
from contracts.events import EpisodeProgress, Event, RunStarted
from contracts.rows import TrackMetricsDocument
from contracts.topics import TOPICS
from screenalytics.events.episode_run import EpisodeRun
from screenalytics.local.machine import Machine, run_machine
from screenalytics.sample.make import make_sample
from screenalytics.weights import default_cache_dir

MEDIA = Path(__file__).resolve().parents[2] / "shared" / "media"
MIB = 1 << 20
LOOK_EVERY_S = 2.0
"""Reading what all processes hold takes a tenth of a second of a core, which is taken from what is measured."""


@dataclass
class ProcessUse:
    """Highest resident memory (proportional, so that shared pages count once) and CPU seconds of one program."""

    peak_bytes: int = 0
    cpu_s: float = 0.0


@dataclass
class Meter:
    """Samples every process below us while it is entered."""

    uses: dict[str, ProcessUse] = field(default_factory=dict)
    peak_total_bytes: int = 0

    async def run(self, names: dict[int, str]) -> None:
        while True:
            self._look(names)
            await asyncio.sleep(LOOK_EVERY_S)

    def _look(self, names: dict[int, str]) -> None:
        totals: dict[str, int] = {}
        for name, process in named_processes(names):
            try:
                memory = process.memory_full_info().pss
            except (psutil.NoSuchProcess, psutil.AccessDenied):
                continue
            totals[name] = totals.get(name, 0) + memory
        for name, total in totals.items():
            use = self.uses.setdefault(name, ProcessUse())
            use.peak_bytes = max(use.peak_bytes, total)
        self.peak_total_bytes = max(self.peak_total_bytes, sum(totals.values()))


def named_processes(names: dict[int, str]) -> Iterator[tuple[str, psutil.Process]]:
    """Our children and theirs, each named by the first child it belongs to."""
    named: set[int] = set()
    for pid, name in names.items():
        try:
            parent = psutil.Process(pid)
            family = [parent, *parent.children(recursive=True)]
        except psutil.NoSuchProcess:
            continue
        for process in family:
            if process.pid not in named:
                named.add(process.pid)
                yield name, process


def cpu_of(names: dict[int, str]) -> dict[str, float]:
    """CPU seconds of each of our children so far, with those of theirs that have ended; last the sum."""
    sums: dict[str, float] = {}
    for name, process in named_processes(names):
        try:
            times = process.cpu_times()
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
        spent = times.user + times.system + times.children_user + times.children_system
        sums[name] = sums.get(name, 0.0) + spent
    return sums | {"together": sum(sums.values())}


async def kafka_bytes(settings: ChassisSettings) -> int:
    """Bytes of keys and values in all topics."""
    consumer = AIOKafkaConsumer(
        *[topic.name for topic in TOPICS], **client_options(settings.kafka), group_id=None, auto_offset_reset="earliest"
    )
    await consumer.start()
    total = 0
    try:
        while batch := await consumer.getmany(timeout_ms=1500):
            total += sum(
                len(record.value or b"") + len(record.key or b"") for part in batch.values() for record in part
            )
    finally:
        await consumer.stop()
    return total


async def stored_bytes(settings: ChassisSettings) -> int:
    async with Storage.connect(settings.s3) as storage:
        sizes = [(await storage.describe(storage.uri(key)))[0] async for key in storage.list_keys("artifacts/")]
    return sum(sizes)


def busy_s() -> float:
    """Seconds that the machine's cores have worked since it started, for whomever."""
    times = psutil.cpu_times()
    return sum(getattr(times, name, 0.0) for name in ("user", "nice", "system", "irq", "softirq", "steal"))


def own_cpu_s() -> float:
    """CPU seconds of this process."""
    times = psutil.Process().cpu_times()
    return float(times.user + times.system)


def triton_bytes(metrics: TrackMetricsDocument, embedded: int) -> int:
    """Pixels sent to the models at most: every analysed frame in full (640×384 for 16:9) and the chips."""
    return metrics.analysed_frames * 640 * 384 * 3 + embedded * 150 * 150 * 3


async def measure(
    video: Path, cast: Path | None, profile: str, out: Path, *, warm_up: Path | None = None
) -> dict[str, object]:
    from screenalytics.events.cast_folder import CastFolder, read_cast_folder

    began, busy_before, own_before = time.monotonic(), busy_s(), own_cpu_s()
    meter = Meter()
    seen: list[Event] = []
    async with run_machine(
        for_one_episode=True, say=lambda text: print(text, file=sys.stderr), on_event=print
    ) as running:
        watching = asyncio.create_task(meter.run(pids_of(running)))
        run = EpisodeRun(running.settings, on_event=seen.append, say=lambda text: print(text, file=sys.stderr))
        (out / "manifests").mkdir(parents=True, exist_ok=True)
        if warm_up is not None:
            await run.run(warm_up, ep_id="warm-s01e01", cast=CastFolder(), out=out, profile=profile)  # type: ignore[arg-type]
            seen.clear()
        before = cpu_of(pids_of(running))
        members = read_cast_folder(cast) if cast else CastFolder()
        result = await run.run(video, ep_id="bench-s01e01", cast=members, out=out, profile=profile)  # type: ignore[arg-type]
        after = cpu_of(pids_of(running))
        kafka, stored = await kafka_bytes(running.settings), await stored_bytes(running.settings)
        watching.cancel()
        cpu, elapsed = cpu_of(pids_of(running)), time.monotonic() - began
        others = busy_s() - busy_before - cpu.pop("together") - (own_cpu_s() - own_before)
    started = next(event for event in seen if isinstance(event, RunStarted))
    progress = [event for event in seen if isinstance(event, EpisodeProgress)]
    metrics = TrackMetricsDocument.model_validate_json((out / "manifests" / "track_metrics.json").read_bytes())
    embedded = int(sum(event.detail.get("faces_embedded", 0) for event in progress if event.stage == "embedder"))
    return {
        "machine": machine(),
        "profile": profile,
        "duration_s": started.duration_s,
        "picture": f"{started.width}x{started.height}",
        "cores": psutil.cpu_count(),
        "cores_left_by_others": round((psutil.cpu_count() or 1) - max(0.0, others) / elapsed, 2),
        "total_s": round(elapsed, 1),
        "episode_s": round(result.total_s, 1),
        "times_real_time": round(started.duration_s / result.total_s, 2),
        "decoded_frames_per_s": round(metrics.decoded_frames / result.total_s, 1),
        "analysed_frames_per_s": round(metrics.analysed_frames / result.total_s, 1),
        "analysed_frames": metrics.analysed_frames,
        "embedded_faces": embedded,
        "stage_busy_s": metrics.stage_seconds,
        "stage_cpu_s": metrics.stage_cpu_seconds,
        "cpu_s": {name: round(seconds, 1) for name, seconds in sorted(cpu.items())},
        "cpu_s_of_a_second": {
            name: round((seconds - before.get(name, 0.0)) / started.duration_s, 4) for name, seconds in after.items()
        },
        "peak_mib": {name: round(use.peak_bytes / MIB) for name, use in sorted(meter.uses.items())},
        "peak_together_mib": round(meter.peak_total_bytes / MIB),
        "mib_through": {
            "kafka": round(kafka / MIB, 2),
            "s3_artifacts": round(stored / MIB, 1),
            "triton_pixels_at_most": round(triton_bytes(metrics, embedded) / MIB),
        },
    }


def machine() -> str:
    memory = psutil.virtual_memory().total / 2**30
    return f"{platform.machine()}, {psutil.cpu_count()} cores, {memory:.0f} GiB, Python {platform.python_version()}"


def pids_of(running: Machine) -> dict[int, str]:
    """The machine's processes by name; last the nursery, whose other children they are."""
    pids = {child.pid: child.name for child in running.children if child.pid is not None}
    if running.nursery is not None and running.nursery.pid is not None:
        pids[running.nursery.pid] = "nursery"
    return pids


def sources(folder: Path) -> tuple[list[Path], Path | None]:
    """The labelled samples and their facebank; the demo's sample where they are absent."""
    found = sorted(MEDIA.glob("sample-episode-*.mp4"))
    if found:
        return found, MEDIA / "facebank"
    sample = make_sample(folder / "sample", cache_dir=default_cache_dir() / "sample")
    return [sample.video], sample.cast_dir


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--profile", default="balanced", choices=["low_power", "balanced", "high_accuracy"])
    parser.add_argument("--video", type=Path, help="measure this video instead")
    parser.add_argument("--warm", action="store_true", help="count only what the episode costs, not the start")
    parser.add_argument("--json", action="store_true", help="print only the figures, as JSON")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="screenalytics-bench-") as name:
        folder = Path(name)
        videos, cast = sources(folder)
        video = arguments.video or loop_to_720p(videos, folder / "bench.mp4", minutes=arguments.minutes)
        warm_up = videos[-1] if arguments.warm else None
        figures = asyncio.run(measure(video, cast, arguments.profile, folder / "out", warm_up=warm_up))
    print(json.dumps(figures, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
