"""What one NVIDIA GPU carries: looks, faces and decoded frames a second, and hours of video for an hour of it.

    python benchmarks/gpu.py --models DIR [--video FILE] [--wheels DIR] [--providers cuda tensorrt cpu] [--limit-s 450]

Carry this file, the model repository that `make setup` leaves in the cache, a video, and, where onnxruntime-gpu is not
installed, a folder of its wheels; it needs nothing else of this project and no network. Every model is run at the sizes
that an episode needs, in batches of 1 to 64, pixels copied there and results back; what does not fit or cannot be run is
said. When the limit is near it leaves out what is left and says so. The last lines are figures for all looks that a
second of video needs, by the counts below, with decoding beside them.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

PROVIDERS: Final = {
    "cuda": "CUDAExecutionProvider",
    "tensorrt": "TensorrtExecutionProvider",
    "cpu": "CPUExecutionProvider",
}
BATCHES: Final = (1, 2, 4, 8, 16, 32, 64)
LEAST_ROUNDS: Final = 3


@dataclass(frozen=True)
class Look:
    """One kind of request: a model, the size of its pictures, and how many a second of video needs.

    Counted on 50 s of 720p, mostly one face, a cut every two seconds, profile `balanced`.
    """

    name: str
    model: str
    input: str
    width: int
    height: int
    per_s: float


LOOKS: Final = (
    Look("full look", "face_finder", "frames", 640, 384, 2.2),
    Look("reduced look", "face_finder", "frames", 320, 192, 2.9),
    Look("turned look", "face_finder", "frames", 576, 512, 1.05),
    Look("wide look", "face_finder", "frames", 1280, 736, 0.3),
    Look("closer look", "face_detector", "frames", 160, 160, 2.1),
    Look("people", "person_detector", "frames", 416, 256, 0.5),
    Look("face", "sface", "chips", 112, 112, 2.05),
)


@dataclass(frozen=True)
class Point:
    """What one provider does with one kind of request in batches of one size; `error` where it does not."""

    look: str
    provider: str
    batch: int
    per_s: float = 0.0
    error: str = ""


def install(wheels: Path) -> None:
    """Makes onnxruntime-gpu importable from a folder of wheels, for this process only."""
    target = tempfile.mkdtemp(prefix="gpu-wheels-")
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", f"--find-links={wheels}"]
    subprocess.run([*command, f"--target={target}", "onnxruntime-gpu"], check=True)
    sys.path.insert(0, target)


def session(models: Path, model: str, provider: str, engines: Path) -> Any:
    """A model on a provider. Raises RuntimeError where onnxruntime falls back to another."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    wanted = PROVIDERS[provider]
    if wanted not in onnxruntime.get_available_providers():
        raise RuntimeError(f"this onnxruntime has no {wanted}")
    settings = (
        {"trt_engine_cache_enable": True, "trt_engine_cache_path": str(engines)} if provider == "tensorrt" else {}
    )
    path = models / model / "1" / "model.onnx"
    made = onnxruntime.InferenceSession(str(path), options, providers=[(wanted, settings)])
    if made.get_providers()[0] != wanted:
        raise RuntimeError(f"onnxruntime could not start {wanted}")
    return made


def rate(run: Callable[[], object], items: int, *, seconds: float) -> float:
    """Items a second of something that is done again and again for some seconds, after once."""
    run()
    begun, rounds = time.perf_counter(), 0
    while rounds < LEAST_ROUNDS or time.perf_counter() - begun < seconds:
        run()
        rounds += 1
    return rounds * items / (time.perf_counter() - begun)


def points(
    models: Path, providers: Sequence[str], batches: Sequence[int], *, seconds: float, until: float
) -> Iterator[Point]:
    """Measures everything, provider by provider, until there is no time left."""
    engines = Path(tempfile.mkdtemp(prefix="engines-"))
    for provider in providers:
        for look in LOOKS:
            try:
                made = session(models, look.model, provider, engines)
            except Exception as error:
                yield Point(look.name, provider, 0, error=str(error).splitlines()[0][:160])
                continue
            for batch in batches:
                if time.perf_counter() > until:
                    yield Point(look.name, provider, batch, error="left out: no time")
                    break
                pixels = np.random.default_rng(0).integers(0, 256, (batch, look.height, look.width, 3), dtype=np.uint8)
                try:
                    speed = rate(lambda m=made, p=pixels, k=look.input: m.run(None, {k: p}), batch, seconds=seconds)  # type: ignore[misc]
                except Exception as error:
                    yield Point(look.name, provider, batch, error=str(error).splitlines()[0][:160])
                    break
                yield Point(look.name, provider, batch, speed)


def video_hours(measured: Sequence[Point], provider: str) -> float | None:
    """Hours of video an hour of the device carries, every look in its best batch; None where a look is missing."""
    best: dict[str, float] = {}
    for point in measured:
        if point.provider == provider and point.per_s:
            best[point.look] = max(best.get(point.look, 0.0), point.per_s)
    if any(look.name not in best for look in LOOKS):
        return None
    return 1 / sum(look.per_s / best[look.name] for look in LOOKS)


def decoding(video: Path, device: str, *, seconds: float) -> dict[str, Any]:
    """Frames a second that one stream is decoded with, to pictures in memory; and whether the device did it."""
    import av
    from av.codec.hwaccel import HWAccel

    accelerator = HWAccel(device, allow_software_fallback=True) if device != "cpu" else None
    frames, begun, cpu = 0, time.perf_counter(), time.process_time()
    with av.open(str(video), hwaccel=accelerator) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        accelerated = bool(stream.codec_context.is_hwaccel)
        for _ in container.decode(stream):
            frames += 1
            if time.perf_counter() - begun > seconds:
                break
    took = time.perf_counter() - begun
    rates = {
        "frames_per_s": round(frames / took, 1),
        "cpu_ms_a_frame": round((time.process_time() - cpu) / frames * 1e3, 2),
    }
    return {"device": device, "accelerated": accelerated, **rates}


def table(measured: Sequence[Point]) -> str:
    """A line for each look and provider: pictures a second by batch."""
    lines = []
    for provider in dict.fromkeys(point.provider for point in measured):
        lines.append(f"{provider:13}" + "".join(f"{batch:>9}" for batch in BATCHES))
        for look in LOOKS:
            mine = [point for point in measured if (point.look, point.provider) == (look.name, provider)]
            speeds: Mapping[int, float] = {point.batch: point.per_s for point in mine if point.per_s}
            cells = "".join(f"{speeds[batch]:9.0f}" if batch in speeds else f"{'':9}" for batch in BATCHES)
            lines.append(
                f"{look.name:13}{cells}{''.join('  ' + point.error for point in mine if point.error)}".rstrip()
            )
    return "\n".join(lines)


def parsed(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=Path, required=True, help="the model repository: NAME/1/model.onnx")
    parser.add_argument("--video", type=Path, help="what is decoded")
    parser.add_argument("--wheels", type=Path, help="a folder with wheels of onnxruntime-gpu")
    parser.add_argument("--providers", nargs="+", choices=list(PROVIDERS), default=list(PROVIDERS))
    parser.add_argument("--batches", nargs="+", type=int, default=list(BATCHES))
    parser.add_argument("--seconds", type=float, default=1.0, help="for each batch")
    parser.add_argument("--limit-s", type=float, default=450.0, help="for everything")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    given = parsed(arguments)
    until = time.perf_counter() + given.limit_s
    if given.wheels:
        install(given.wheels)
    decoded: list[dict[str, Any]] = []
    for device in ("cpu", "cuda") if given.video else ():
        try:
            decoded.append(decoding(given.video, device, seconds=min(10.0, 10 * given.seconds)))
        except Exception as error:
            decoded.append({"device": device, "error": str(error).splitlines()[0][:160]})
    measured = list(points(given.models, given.providers, given.batches, seconds=given.seconds, until=until))
    hours = {provider: video_hours(measured, provider) for provider in given.providers}
    print(table(measured))
    for line in decoded:
        print("decoding", json.dumps(line))
    for provider, count in hours.items():
        print(f"{provider}: {'not all looks could be run' if count is None else f'{count:.0f} hours of video an hour'}")
    print(json.dumps({"cores": os.cpu_count(), "points": [asdict(point) for point in measured], "decoding": decoded}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
