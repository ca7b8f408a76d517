"""Without the device that should decode, the processor does, and says so."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from services.detector.reading.segment_frames import Sample, SegmentReading, SegmentSource, read_samples
from services.detector.rules import DetectorProfiles
from services.detector.settings import DetectorSettings
from tests.support.recordings import Recording, write_recording

NVIDIA = Path("/proc/driver/nvidia/version")


def read(path: Path, *, decode_on: str) -> tuple[list[Sample], SegmentReading]:
    source = SegmentSource(
        url=str(path), stream_index=0, origin_s=0.0, start_s=0.0, end_s=1.0, duration_s=1.0, decode_on=decode_on
    )
    reading = read_samples(source, DetectorProfiles().balanced)
    samples = []
    while True:
        try:
            samples.append(next(reading))
        except StopIteration as end:
            return samples, end.value


@pytest.mark.skipif(NVIDIA.exists(), reason="there is an NVIDIA GPU here, which decodes")
def test_where_there_is_no_gpu_the_processor_gives_the_same_pictures(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    pictures = [np.full((96, 128, 3), level, np.uint8) for level in rng.integers(0, 255, 25)]
    path = write_recording(tmp_path / "a.mp4", pictures, Recording())
    plain, _ = read(path, decode_on="cpu")
    instead, reading = read(path, decode_on="cuda")
    assert not reading.use.accelerated
    assert reading.decoded_frames > 0
    assert len(instead) == len(plain) > 1
    assert all((one.frame == other.frame).all() for one, other in zip(plain, instead, strict=True))


def test_only_the_processors_children_have_a_bound_of_addresses() -> None:
    assert DetectorSettings().decoding_there.bounds_addresses
    assert not DetectorSettings(decode_on="cuda").decoding_there.bounds_addresses
