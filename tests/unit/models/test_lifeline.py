"""A model's process ends with its server even where it cannot see that by itself."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil

BACKEND = Path(__file__).resolve().parents[3] / "models" / "backends" / "onnxruntime"

MODEL = f"""
import sys, time
sys.path.insert(0, {str(BACKEND)!r})
import lifeline
lifeline.PATIENCE_S = 0.0
lifeline.end_with_parent()
print("watching", flush=True)
time.sleep(60)
"""

SERVER = f"""
import subprocess, sys
model = subprocess.Popen([sys.executable, "-c", {MODEL!r}], stdout=subprocess.PIPE)
model.stdout.readline()
print(model.pid, flush=True)
model.wait()
"""


def test_process_ends_when_its_parent_is_killed() -> None:
    with subprocess.Popen([sys.executable, "-c", SERVER], stdout=subprocess.PIPE) as server:
        assert server.stdout is not None
        model = psutil.Process(int(server.stdout.readline()))
        assert model.is_running()
        server.kill()
        psutil.wait_procs([model], timeout=10)
        alive = model.is_running() and model.status() != psutil.STATUS_ZOMBIE
        if alive:
            model.kill()
    assert not alive


def test_process_whose_server_ended_before_it_looked_ends_at_once() -> None:
    server = subprocess.Popen([sys.executable, "-c", ""])
    server.wait()
    as_a_stub = [sys.executable, "-c", MODEL, "a model", "its memory", str(server.pid)]
    assert subprocess.run(as_a_stub, stdout=subprocess.DEVNULL, timeout=5, check=False).returncode == -signal.SIGKILL


def test_process_of_a_server_that_runs_stays() -> None:
    as_a_stub = [sys.executable, "-c", MODEL, "a model", "its memory", str(os.getpid())]
    with subprocess.Popen(as_a_stub, stdout=subprocess.PIPE) as model:
        assert model.stdout is not None
        assert model.stdout.readline() == b"watching\n"
        model.kill()
