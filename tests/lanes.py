"""The whole suite in two processes side by side: tests that compute, and tests that mostly wait for servers.

python -m tests.lanes [OPTION…]: options are pytest's. One lane is shown as it goes, the other when both are done. A few
failed tests that start servers are run again then, with nothing beside them; who passes is named as unsteady. Exit status
1 when a lane failed.
"""

from __future__ import annotations

import json
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
OF_THEMSELVES = ("accuracy", "contract", "deploy", "unit")
"""Whose tests depend on nothing that another process does: what fails there has failed."""
AGAIN_AT_MOST = 3
"""More than so many are no accident."""
FAILED, NOTHING_CHOSEN = 1, 5
"""pytest's exit status where tests failed, and where the options leave a lane without tests."""


def lanes() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The folders of the lane that waits and of the one that computes; together every folder that has tests."""
    folders = sorted(folder.name for folder in TESTS.iterdir() if next(folder.glob("**/test_*.py"), None) is not None)
    waiting = tuple(f"tests/{name}" for name in folders if name not in COMPUTING)
    return waiting, tuple(f"tests/{name}" for name in COMPUTING)


def command(folders: Sequence[str], options: Sequence[str], *, number: int) -> list[str]:
    """How one lane is run: with a memory of its own of what failed last."""
    return [sys.executable, "-m", "pytest", *folders, "-o", f"cache_dir={memory(number)}", *options]


def memory(number: int) -> str:
    """Where a lane keeps what failed."""
    return f".pytest_cache/lane-{number}"


def remembered(number: int) -> Path:
    """The file with the tests that failed, the latest time that each was run."""
    return ROOT / memory(number) / "v" / "cache" / "lastfailed"


def unsteady(failed: Sequence[str]) -> bool:
    """Whether tests may have failed of what ran beside them: few, and none that stands by itself."""
    alone = tuple(f"tests/{folder}/" for folder in OF_THEMSELVES)
    return 0 < len(failed) <= AGAIN_AT_MOST and not any(test.startswith(alone) for test in failed)


def run_again(number: int, options: Sequence[str]) -> int:
    """The failed tests of a lane alone, where they may have failed of the other lane. Returns the lane's exit status."""
    file = remembered(number)
    failed = list(json.loads(file.read_text(encoding="utf-8"))) if file.exists() else []
    if not unsteady(failed):
        return FAILED
    print(f"\nAgain, with nothing beside: {' '.join(failed)}", flush=True)
    status = subprocess.run(command(failed, options, number=number), cwd=ROOT, check=False).returncode
    if status == 0:
        print(f"UNSTEADY, failed beside the other lane and passed alone: {' '.join(failed)}", flush=True)
    return status


def verdict(statuses: Sequence[int]) -> int:
    """The exit status of the whole; a lane in which nothing was chosen counts only where the others have nothing either."""
    told = [status for status in statuses if status != NOTHING_CHOSEN]
    if not told:
        return NOTHING_CHOSEN
    return int(any(told))


def main(options: Sequence[str]) -> int:
    chosen = lanes()
    for number in range(len(chosen)):
        remembered(number).unlink(missing_ok=True)
    waiting, computing = (command(folders, options, number=number) for number, folders in enumerate(chosen))
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
    statuses = [shown.returncode, beside.returncode]
    return verdict([run_again(number, options) if it == FAILED else it for number, it in enumerate(statuses)])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
