"""How long one waits for the first sign, and for a short clip from cold processes.

    python -m benchmarks.start [--video FILE] [--cast DIR]

Seconds on the clock depend on what else the machine does; processor seconds (of all that the command started) hardly.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.end_to_end import MEDIA, machine


def timed(*arguments: str | Path) -> tuple[dict[str, float], str]:
    """Seconds on the clock and of the processor for a command and its children; and what it printed."""
    command = [sys.executable, "-m", "screenalytics", *(str(part) for part in arguments)]
    begun = time.monotonic()
    with tempfile.TemporaryFile("w+") as printed:
        process = subprocess.Popen(command, stdout=printed, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        elapsed = time.monotonic() - begun
        process.returncode = os.waitstatus_to_exitcode(status)
        printed.seek(0)
        text = printed.read()
    figures = {"wall_s": round(elapsed, 2), "cpu_s": round(usage.ru_utime + usage.ru_stime, 2)}
    return figures | {"status": process.returncode}, text


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--video", type=Path, default=MEDIA / "sample-episode-2.mp4", help="a short clip")
    parser.add_argument("--cast", type=Path, default=MEDIA / "facebank")
    arguments = parser.parse_args()
    figures: dict[str, object] = {"machine": machine()}
    figures["help"], _ = timed("--help")
    figures["missing file"], _ = timed("run", "missing.mp4")
    with tempfile.TemporaryDirectory(prefix="screenalytics-bench-") as folder:
        clip, printed = timed("run", arguments.video, "--cast", arguments.cast, "--out", folder, "--json")
        figures["clip"] = clip | (json.loads(printed)["timings_s"] if clip["status"] == 0 else {})
    print(json.dumps(figures, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
