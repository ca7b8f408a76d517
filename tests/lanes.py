"""The whole suite in two processes side by side: tests that compute, and tests that mostly wait for servers.

python -m tests.lanes [OPTION…]: options are pytest's. One lane is shown as it goes, the other when both are done. Exit
status 1 when a lane failed.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TESTS = ROOT / "tests"
COMPUTING = ("accuracy", "console", "contract", "deploy", "unit")
"""The browser of the console is here for balance: the other lane is the longer one. Every other folder with tests starts
servers and waits for them. A new one is among those."""
NOTHING_CHOSEN = 5
"""pytest's exit status where the options leave a lane without tests."""


def lanes() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The folders of the lane that waits and of the one that computes; together every folder that has tests."""
    folders = sorted(folder.name for folder in TESTS.iterdir() if next(folder.glob("**/test_*.py"), None) is not None)
    waiting = tuple(f"tests/{name}" for name in folders if name not in COMPUTING)
    return waiting, tuple(f"tests/{name}" for name in COMPUTING)


def command(folders: Sequence[str], options: Sequence[str], *, number: int) -> list[str]:
    """How one lane is run: with a memory of its own of what failed last."""
    return [sys.executable, "-m", "pytest", *folders, "-o", f"cache_dir=.pytest_cache/lane-{number}", *options]


def verdict(statuses: Sequence[int]) -> int:
    """The exit status of the whole; a lane in which nothing was chosen counts only where the others have nothing either."""
    told = [status for status in statuses if status != NOTHING_CHOSEN]
    if not told:
        return NOTHING_CHOSEN
    return int(any(told))


def main(options: Sequence[str]) -> int:
    waiting, computing = (command(folders, options, number=number) for number, folders in enumerate(lanes()))
    with tempfile.TemporaryFile() as said:
        beside = subprocess.Popen(computing, cwd=ROOT, stdout=said, stderr=subprocess.STDOUT)
        try:
            shown = subprocess.run(waiting, cwd=ROOT, check=False)
            beside.wait()
        finally:
            beside.kill()
            beside.wait()
        print(f"\nThe other lane: {' '.join(COMPUTING)}", flush=True)
        said.seek(0)
        sys.stdout.buffer.write(said.read())
        sys.stdout.flush()
    return verdict([shown.returncode, beside.returncode])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
