"""Programs that start others and are killed, as a crash would."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).resolve().parents[2]
SOON_S = 10.0


@contextmanager
def killed_at_the_end(script: str, *, cwd: Path) -> Iterator[Any]:
    """Run Python code in a process of its own, which is killed when the block is left; what it prints first, as JSON."""
    with subprocess.Popen(
        [sys.executable, "-c", script],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    ) as parent:
        assert parent.stdout is not None
        try:
            yield json.loads(parent.stdout.readline())
        finally:
            parent.kill()


def runs(process: psutil.Process) -> bool:
    """Whether a process has not ended."""
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def soon(holds: Callable[[], bool]) -> bool:
    """Whether something holds within `SOON_S` seconds."""
    deadline = time.monotonic() + SOON_S
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.02)
    return holds()
