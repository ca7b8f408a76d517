"""What a loop without a system costs: decode, look at every sample with the dear detector, embed every face.

    python -m benchmarks.naive_loop VIDEO [--samples-per-s 8]

Prints processor seconds for a second of video, of the loop and of decoding alone, which is the least that anything can
cost that looks at every frame. One process, one thread a model, no tracks, no names: `benchmarks.ratios` sets the system
beside it, as absolute figures say little about another machine.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
import onnxruntime

from chassis.domain.faces import ChipTemplate, align_chip, fit_frame
from screenalytics.weights import default_cache_dir, load_registry

LONG_SIDE = 640
MIN_SCORE = 0.5
Pixels = npt.NDArray[np.uint8]


def session(name: str) -> onnxruntime.InferenceSession:
    """A model as the embedded server runs it."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    path = default_cache_dir() / "repository" / name / "1" / "model.onnx"
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def decoded(video: Path, samples_per_s: float | None) -> Iterator[Pixels | None]:
    """Every frame of a video: in pixels where it is the first of its sample's time, else None; all None without a rate."""
    cell = -1
    with av.open(str(video)) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        for frame in container.decode(stream):
            now = -1 if samples_per_s is None else int((frame.time or 0.0) * samples_per_s + 1e-6)
            yield np.asarray(frame.to_ndarray(format="rgb24"), dtype=np.uint8) if now > cell else None
            cell = max(cell, now)


def loop(video: Path, samples_per_s: float) -> tuple[int, int]:
    """Looks at the samples of a video and embeds all faces; returns how many samples and faces there were."""
    registry = load_registry()
    detector, embedder = session("face_detector"), session("sface")
    contract = registry.models["sface"].contract
    chip = ChipTemplate(size=contract.inputs[0].shape[0], points=tuple(contract.chip_points))
    samples = faces = 0
    for frame in decoded(video, samples_per_s):
        if frame is None:
            continue
        samples += 1
        fit = fit_frame(frame.shape[1], frame.shape[0], long_side=LONG_SIDE)
        _, scores, landmarks = detector.run(["boxes", "scores", "landmarks"], {"frames": fit.apply(frame)[None]})
        for points in fit.to_frame(landmarks[0][scores[0] >= MIN_SCORE]):
            embedder.run(["embedding"], {"chips": align_chip(frame, points, chip=chip)[None]})
            faces += 1
    return samples, faces


def measure(video: Path, samples_per_s: float) -> dict[str, float]:
    """Processor seconds of the loop and of decoding alone, and for a second of video."""
    with av.open(str(video)) as container:
        duration_s = float((container.duration or 0) / av.time_base)
    begun = time.process_time()
    frames = sum(1 for _ in decoded(video, None))
    decoding_s = time.process_time() - begun
    begun = time.process_time()
    samples, faces = loop(video, samples_per_s)
    loop_s = time.process_time() - begun
    return {
        "duration_s": round(duration_s, 2),
        "frames": frames,
        "samples": samples,
        "faces": faces,
        "decoding_cpu_s": round(decoding_s, 2),
        "loop_cpu_s": round(loop_s, 2),
        "decoding_cpu_s_per_s": round(decoding_s / duration_s, 4),
        "loop_cpu_s_per_s": round(loop_s / duration_s, 4),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("video", type=Path)
    parser.add_argument("--samples-per-s", type=float, default=8.0)
    arguments = parser.parse_args()
    print(json.dumps(measure(arguments.video, arguments.samples_per_s), indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
