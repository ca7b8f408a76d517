"""What a killed program leaves is cleaned up, also where who started it was killed too."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from screenalytics.local.servers import cleanup
from screenalytics.local.servers.cleanup import KILL_SECONDS
from tests.support.killed_parents import killed_at_the_end, runs, soon
from tests.unit.screenalytics.local.servers.scripted_server import HANG, WatchedServer

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells of the end of a process")

PARENT = """
import asyncio, json, pathlib, psutil
from tests.unit.screenalytics.local.servers.scripted_server import WatchedServer
async def main():
    server = WatchedServer(name="server", directory=pathlib.Path("data").resolve(), log_path=pathlib.Path("log"))
    await server.run()
    print(json.dumps([p.pid for p in (psutil.Process(server.pid), *psutil.Process(server.pid).children())]), flush=True)
    await asyncio.sleep(60)
asyncio.run(main())
"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[WatchedServer]:
    server = WatchedServer(name="server", directory=tmp_path / "data", log_path=tmp_path / "log")
    yield server
    server.kill()


@pytest.fixture
def hanging(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process that leads a session and hangs."""
    with subprocess.Popen([sys.executable, "-c", HANG], stdout=subprocess.PIPE, start_new_session=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process
        process.kill()


def test_nothing_is_left_of_a_program_that_is_killed_with_who_started_it(tmp_path: Path) -> None:
    with killed_at_the_end(PARENT, cwd=tmp_path) as pids:
        family = [psutil.Process(pid) for pid in pids]
        assert len(family) >= 2
        (tmp_path / "memory-1").touch()
        (tmp_path / "other").touch()
    try:
        assert soon(lambda: not any(runs(process) for process in family))
    finally:
        for process in family:
            if process.is_running():
                process.kill()
    assert not (tmp_path / "memory-1").exists()
    assert (tmp_path / "other").exists()


async def test_children_of_a_program_that_is_killed_alone_end(server: WatchedServer) -> None:
    await server.run()
    assert server.pid is not None
    family = psutil.Process(server.pid).children()
    assert len(family) >= 2, "the child that hangs, and what watches"
    os.kill(server.pid, signal.SIGKILL)
    assert soon(lambda: not any(runs(process) for process in family))


async def test_what_watches_is_no_member_of_the_session_and_sleeps(server: WatchedServer) -> None:
    await server.run()
    assert server.pid is not None
    (watching,) = [child for child in psutil.Process(server.pid).children() if cleanup.__file__ in child.cmdline()]
    assert watching.pid not in cleanup.members(server.pid)
    assert soon(lambda: is_asleep(watching))


async def test_a_stop_does_not_wait_for_what_watches(server: WatchedServer) -> None:
    await server.run()
    assert server.pid is not None
    family = psutil.Process(server.pid).children()
    assert family
    before = time.monotonic()
    await server.stop(grace_seconds=0)
    assert time.monotonic() - before < KILL_SECONDS / 2
    assert soon(lambda: not any(runs(process) for process in family))


def test_a_stranger_that_was_given_the_number_of_a_program_that_ended_stays(
    hanging: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    (tmp_path / "memory-1").touch()
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        descriptor = os.pidfd_open(ended.pid)
    try:
        cleanup.clean_up(descriptor, hanging.pid, [str(tmp_path / "memory-*")])
    finally:
        os.close(descriptor)
    assert hanging.poll() is None
    assert not (tmp_path / "memory-1").exists()


def is_asleep(process: psutil.Process) -> bool:
    before = process.num_ctx_switches()
    time.sleep(0.5)
    return process.num_ctx_switches() == before
