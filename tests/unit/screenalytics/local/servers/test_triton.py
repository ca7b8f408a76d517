"""The names of what the inference server leaves in shared memory."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from screenalytics.local.servers import cleanup
from screenalytics.local.servers.triton import Triton
from tests.support.killed_parents import runs

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells of the end of a process")

LEAVE_SHARED_MEMORY = """
import pathlib, sys, time
pathlib.Path("/dev/shm", sys.argv[1] + "1").touch()
print("ready", flush=True)
time.sleep(60)
"""


class MakesSharedMemory(Triton):
    async def probe(self) -> bool:
        return "ready" in self.log_tail()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Triton]:
    server = MakesSharedMemory(
        directory=tmp_path / "triton",
        log_path=tmp_path / "log",
        launch=lambda *, shm_prefix, **_: ([sys.executable, "-c", LEAVE_SHARED_MEMORY, shm_prefix], {}),
    )
    yield server
    server.kill()
    assert shared_memory(server) == []


async def test_what_watched_a_server_and_was_held_up_leaves_the_next_one_its_shared_memory(server: Triton) -> None:
    await server.run()
    assert server.pid is not None
    (watching,) = [child for child in psutil.Process(server.pid).children() if cleanup.__file__ in child.cmdline()]
    watching.send_signal(signal.SIGSTOP)
    try:
        await server.restart()
        (kept,) = shared_memory(server)
    finally:
        watching.send_signal(signal.SIGCONT)
    psutil.wait_procs([watching], 10)
    assert not runs(watching)
    assert shared_memory(server) == [kept]


def shared_memory(server: Triton) -> list[Path]:
    return [file for pattern in server.leftovers() for file in cleanup.matching(pattern)]
