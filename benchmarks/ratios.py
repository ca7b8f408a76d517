"""The system beside a loop without one, and beside decoding alone, on the same video in the same run.

    python -m benchmarks.ratios [--minutes 10] [--profile balanced] [--video FILE] [--json FILE]

Processor seconds drift from machine to machine and hour to hour; their ratios do much less. What starts once is counted, so
a short video looks dearer by the second than a long one.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks import naive_loop
from benchmarks.end_to_end import measure, sources
from benchmarks.looping import loop_to_720p

SAMPLES_PER_S = 8.0


def table(system: Mapping[str, Any], naive: Mapping[str, float]) -> str:
    """Processor seconds for a second of video, and what part of the others' that is."""
    ours = sum(system["cpu_s"].values()) / system["duration_s"]
    loop, decoding = naive["loop_cpu_s_per_s"], naive["decoding_cpu_s_per_s"]
    rows = [("decoding alone", decoding), ("naive loop", loop), ("the whole system, its start included", ours)]
    lines = [f"{'':36}  {'CPU-s a second':>14}  {'of the loop':>11}  {'of decoding':>11}"]
    lines += [f"{name:36}  {cost:14.3f}  {cost / loop:10.2f}x  {cost / decoding:10.2f}x" for name, cost in rows]
    what = f"{system['duration_s']:.0f} s of {system['picture']}, profile {system['profile']}"
    speed = f"{system['times_real_time']} times real time with {system['cores_left_by_others']} cores left by others"
    return "\n".join([*lines, f"{what}; {speed}; {system['machine']}"])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--profile", default="balanced", choices=["low_power", "balanced", "high_accuracy"])
    parser.add_argument("--video", type=Path, help="measure this video instead")
    parser.add_argument("--json", type=Path, help="write all figures here as well")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="screenalytics-bench-") as name:
        folder = Path(name)
        videos, cast = sources(folder)
        video = arguments.video or loop_to_720p(videos, folder / "bench.mp4", minutes=arguments.minutes)
        system = asyncio.run(measure(video, cast, arguments.profile, folder / "out"))
        naive = naive_loop.measure(video, SAMPLES_PER_S)
    if arguments.json:
        arguments.json.write_text(json.dumps({"system": system, "naive": naive}, indent=1), encoding="utf-8")
    print(json.dumps(system, indent=1))
    print(table(system, naive))
    return 0


if __name__ == "__main__":
    sys.exit(main())
