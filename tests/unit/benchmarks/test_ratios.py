"""The table that sets the system beside a loop and decoding, and which frames the loop looks at."""

from __future__ import annotations

from pathlib import Path

from benchmarks.naive_loop import decoded
from benchmarks.ratios import table
from tests.unit.detector.clips import scene, write_video

SYSTEM = {
    "cpu_s": {"Triton": 12.0, "detector": 8.0},
    "duration_s": 50.0,
    "picture": "1280x720",
    "profile": "balanced",
    "times_real_time": 2.5,
    "cores_left_by_others": 1.9,
    "machine": "a machine",
}


def test_costs_are_for_a_second_of_video_and_beside_both_others() -> None:
    lines = table(SYSTEM, {"loop_cpu_s_per_s": 0.8, "decoding_cpu_s_per_s": 0.1}).splitlines()
    assert lines[2].split()[-3:] == ["0.800", "1.00x", "8.00x"]
    assert lines[3].split()[-3:] == ["0.400", "0.50x", "4.00x"]
    assert "a machine" in lines[-1]


def test_the_loop_gets_one_frame_in_pixels_for_each_samples_time(tmp_path: Path) -> None:
    write_video(tmp_path / "clip.mp4", [scene(1, width=64, height=64)] * 25)
    frames = list(decoded(tmp_path / "clip.mp4", 8.0))
    assert len(frames) == 25
    assert [number for number, frame in enumerate(frames) if frame is not None] == [0, 4, 7, 10, 13, 16, 19, 22]
    assert not any(frame is not None for frame in decoded(tmp_path / "clip.mp4", None))
