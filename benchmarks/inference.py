"""How fast the models are served, which settings serve them best, and how many hours of video a device carries.

    python -m benchmarks.inference                              # our own Triton on this machine
    python -m benchmarks.inference --url 127.0.0.1:8001         # a Triton that is running, for example on a GPU
    python -m benchmarks.inference --in-process cuda            # onnxruntime alone: cpu, cuda or tensorrt
    ... --instances 1 2 4 --queue-delay-us 0 1000 5000          # look for the settings of config.pbtxt as well

Pixels are noise: a convolution takes the same time for any. For every number of instances, batch and requests in flight
it prints the throughput and how long a request takes; then the fewest that reach nearly the best, and what that means:
hours of video per hour of the device, by stage, with the frames and faces a second of video needs from
benchmarks/measured.json. The last line is the device's entry for that file, from which benchmarks.capacity sizes fleets.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import math
import statistics
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.serving import (
    DETECTOR,
    EMBEDDER,
    PROVIDERS,
    DeviceMissing,
    InProcess,
    Pixels,
    Served,
    on_embedded_triton,
    on_triton,
)
from screenalytics.weights import default_cache_dir, load_registry, pull

MEASURED = Path(__file__).with_name("measured.json")
BATCHES = {DETECTOR: (1, 4, 8), EMBEDDER: (1, 8, 32)}
NEEDED = {DETECTOR: "analysed_frames", EMBEDDER: "embedded_faces"}
NEARLY = 0.95
WARM_UP_REQUESTS = 3


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How a model is served and asked. None: as its configuration says."""

    model: str
    batch: int
    in_flight: int
    instances: int | None = None
    queue_delay_us: int | None = None


@dataclass(frozen=True, kw_only=True)
class Point:
    """What some settings brought: frames or faces a second, and milliseconds a request takes."""

    settings: Settings
    per_s: float
    p50_ms: float
    p95_ms: float


async def measure(served: Served, settings: Settings, pixels: Pixels, *, seconds: float) -> Point:
    """Keep `in_flight` requests of `pixels` [batch,H,W,3] going for some seconds; one round at least."""
    for _ in range(WARM_UP_REQUESTS):
        await served.infer(settings.model, pixels)
    took: list[float] = []
    began = time.perf_counter()

    async def ask() -> None:
        while True:
            asked = time.perf_counter()
            await served.infer(settings.model, pixels)
            took.append(time.perf_counter() - asked)
            if time.perf_counter() - began >= seconds:
                return

    await asyncio.gather(*(ask() for _ in range(settings.in_flight)))
    elapsed = time.perf_counter() - began
    return Point(
        settings=settings,
        per_s=len(took) * settings.batch / elapsed,
        p50_ms=statistics.median(took) * 1000,
        p95_ms=sorted(took)[math.ceil(0.95 * len(took)) - 1] * 1000,
    )


def best(points: Sequence[Point]) -> Point:
    """The settings that ask least of the server and still reach 95 % of the best throughput.

    Least: fewest instances, then the shortest wait for a request.
    """
    enough = NEARLY * max(point.per_s for point in points)
    return min(
        (point for point in points if point.per_s >= enough),
        key=lambda point: (point.settings.instances or 0, point.p95_ms),
    )


def video_hours(per_s: Mapping[str, float], measured: Mapping[str, Any]) -> dict[str, float]:
    """Hours of video an hour of the device carries: for each model alone, and for both together."""
    needed = measured["per_second_of_video"]
    device_s = {model: needed[NEEDED[model]] / speed for model, speed in per_s.items()}
    hours = {model: 1 / seconds for model, seconds in device_s.items()}
    return hours | {"both": 1 / sum(device_s.values())}


def entry(per_s: Mapping[str, float], *, cores: int) -> dict[str, float]:
    """What benchmarks/measured.json says about a device."""
    return {"cores": cores, "frame_s": round(1 / per_s[DETECTOR], 7), "face_s": round(1 / per_s[EMBEDDER], 7)}


def candidates(model: str, given: argparse.Namespace, largest: int) -> list[Settings]:
    """Every combination that is to be measured; batches beyond the model's largest are left out."""
    batches = [batch for batch in given.batches or BATCHES[model] if batch <= largest]
    combinations = itertools.product(
        given.instances or [None], given.queue_delay_us or [None], batches, given.in_flight
    )
    return [
        Settings(model=model, batch=batch, in_flight=in_flight, instances=instances, queue_delay_us=delay)
        for instances, delay, batch, in_flight in combinations
    ]


def chip_size() -> tuple[int, int]:
    """Width and height of what the embedder is asked about, in pixels."""
    (chips,) = load_registry().models[EMBEDDER].contract.inputs
    height, width, _ = chips.shape
    return width, height


async def measure_model(served: Served, model: str, given: argparse.Namespace, largest: int) -> list[Point]:
    """All points of a model, printed as they come."""
    width, height = chip_size() if model == EMBEDDER else given.frame
    noise = np.random.default_rng(0)
    points: list[Point] = []
    configured: tuple[int | None, int | None] = (None, None)
    for settings in candidates(model, given, largest):
        wanted = (settings.instances, settings.queue_delay_us)
        if wanted != configured:
            await served.configure(model, instances=settings.instances or 1, queue_delay_us=settings.queue_delay_us)
            configured = wanted
        pixels = noise.integers(0, 256, (settings.batch, height, width, 3), dtype=np.uint8)
        points.append(await measure(served, settings, pixels, seconds=given.seconds))
        print(line(points[-1]), file=sys.stderr, flush=True)
    if configured != (None, None):
        await served.restore(model)
    return points


def line(point: Point) -> str:
    """A point for people."""
    settings = point.settings
    how = f"batch {settings.batch:2}, {settings.in_flight} in flight"
    if settings.instances is not None:
        how += f", {settings.instances} instances"
    if settings.queue_delay_us is not None:
        how += f", {settings.queue_delay_us} us queue delay"
    return f"{settings.model}: {how}: {point.per_s:.1f}/s, a request {point.p50_ms:.1f} ms (95 %: {point.p95_ms:.1f})"


def served_by(given: argparse.Namespace) -> AbstractAsyncContextManager[Served]:
    """Where the models are, as the command line says."""
    most = max(given.in_flight)
    if given.in_process:
        repository = pull(load_registry(), default_cache_dir(), print)
        return nullcontext(InProcess(repository, given.in_process))
    return on_triton(given.url, in_flight=most) if given.url else on_embedded_triton(in_flight=most)


async def run(given: argparse.Namespace) -> dict[str, Any]:
    """The whole measurement: every point, the best of each model, and what follows from them."""
    measured = json.loads(given.measured.read_text())
    largest = {name: spec.serving.max_batch_size for name, spec in load_registry().models.items()}
    async with served_by(given) as served:
        points = {model: await measure_model(served, model, given, largest[model]) for model in BATCHES}
    chosen = {model: best(found) for model, found in points.items()}
    per_s = {model: point.per_s for model, point in chosen.items()}
    return {
        "points": [asdict(point) for found in points.values() for point in found],
        "best": {model: asdict(point) for model, point in chosen.items()},
        "hours_of_video_per_device_hour": {
            name: round(hours, 2) for name, hours in video_hours(per_s, measured).items()
        },
        "measured_json": entry(per_s, cores=given.cores),
    }


def size(text: str) -> tuple[int, int]:
    """`640x384` as width and height."""
    width, _, height = text.partition("x")
    return int(width), int(height)


def parsed(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--url", help="gRPC address of a running Triton")
    where.add_argument(
        "--in-process", choices=sorted(PROVIDERS), help="onnxruntime in this process instead of a server"
    )
    parser.add_argument(
        "--instances", type=int, nargs="+", help="instance counts to try (Triton, explicit model control)"
    )
    parser.add_argument("--queue-delay-us", type=int, nargs="+", help="queue delays to try")
    parser.add_argument("--batches", type=int, nargs="+", help="batch sizes, instead of the usual ones of each model")
    parser.add_argument("--in-flight", type=int, nargs="+", default=[1, 2, 4, 8], help="requests at a time")
    parser.add_argument("--frame", type=size, default=(640, 384), help="the detector's frame")
    parser.add_argument("--seconds", type=float, default=5.0, help="of every point")
    parser.add_argument("--cores", type=int, default=0, help="cores the device takes: 0 for a GPU")
    parser.add_argument("--measured", type=Path, default=MEASURED)
    parser.add_argument("--json", type=Path, help="write everything there as well")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    given = parsed(arguments)
    try:
        found = asyncio.run(run(given))
    except DeviceMissing as error:
        print(f"error [device_missing]: {error}", file=sys.stderr)
        return 2
    if given.json:
        given.json.write_text(json.dumps(found, indent=1) + "\n")
    for model, point in found["best"].items():
        print(f"{model}: {point['per_s']:.1f}/s with {point['settings']}")
    for name, hours in found["hours_of_video_per_device_hour"].items():
        print(f"hours of video per hour of the device, {name}: {hours}")
    print(json.dumps(found["measured_json"]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
