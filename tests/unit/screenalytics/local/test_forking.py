"""Services that are forked: one nursery for the module, and a service that is none, so that nothing has to be up."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from screenalytics.local.servers import cleanup
from screenalytics.local.servers.forking import ForkedProcess, Nursery
from screenalytics.local.servers.service import ServiceProcess

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs Linux")

NOBODY = {"SCREENALYTICS_MONGO__URI": "mongodb://127.0.0.1:1/", "SCREENALYTICS_S3__ENDPOINT_URL": "http://127.0.0.1:1"}


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    nursery = Nursery(["embedder"])
    nursery.warm()
    yield nursery
    nursery.close()


def forked(nursery: Nursery, folder: Path, service: str, **variables: str) -> ForkedProcess:
    environment = {**os.environ, **NOBODY, **variables}
    process = nursery.fork(service, environment=environment, directory=folder, log_path=folder / "log")
    until(lambda: process.pid or process.poll() is not None)
    return process


def until(condition: object) -> None:
    deadline = time.monotonic() + 60
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_service_has_its_session_folder_environment_and_log(nursery: Nursery, tmp_path: Path) -> None:
    process = forked(nursery, tmp_path, "embedder", OF_ITS_OWN="yes")
    proc = Path("/proc") / str(process.pid)
    until(lambda: os.getsid(process.pid) == process.pid and (proc / "cwd").resolve() == tmp_path.resolve())
    assert os.getsid(process.pid) != os.getsid(0)
    until(lambda: (tmp_path / "log").read_text())
    assert '"service": "embedder"' in (tmp_path / "log").read_text()
    process.terminate()
    assert process.wait() == 0
    assert not cleanup.remaining(process.pid)


def test_one_that_is_killed_is_told_of(nursery: Nursery, tmp_path: Path) -> None:
    process = forked(nursery, tmp_path, "embedder")
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    process.kill()
    process.terminate()
    assert process.poll() == -signal.SIGKILL


def test_one_with_wrong_settings_ends_with_its_reason_in_the_log(nursery: Nursery, tmp_path: Path) -> None:
    process = forked(nursery, tmp_path, "embedder", SCREENALYTICS_TRITON__IN_FLIGHT="many")
    assert process.wait() not in (0, None)
    assert "in_flight" in (tmp_path / "log").read_text()


def test_the_children_of_a_service_are_prepared_at_once(nursery: Nursery, tmp_path: Path) -> None:
    process = forked(nursery, tmp_path, "ingest")
    until(lambda: _server_of_children(process.pid) or process.poll() is not None)
    assert "services.ingest.video.probing" in _server_of_children(process.pid)
    process.kill()
    assert process.wait() == -signal.SIGKILL


def _server_of_children(pid: int) -> str:
    """The command of the server that a service's own children are forked from; empty as long as there is none."""
    for task in (Path("/proc") / str(pid) / "task").glob("*/children"):
        for child in task.read_text().split():
            command = (Path("/proc") / child / "cmdline").read_text()
            if "forkserver" in command:
                return command
    return ""


async def test_a_service_process_is_forked_again_where_the_nursery_was_lost(nursery: Nursery, tmp_path: Path) -> None:
    child = ServiceProcess(
        service="embedder", directory=tmp_path, log_path=tmp_path / "log", variables=NOBODY, nursery=nursery
    )
    child.start()
    await child.wait_ready()
    first, lost = child.pid, nursery.pid
    assert first is not None
    assert lost is not None
    os.kill(lost, signal.SIGKILL)
    until(lambda: not child.is_running)
    until(lambda: not (Path("/proc") / str(first)).exists() or _is_ended(first))
    await child.restart()
    assert child.pid not in (None, first)
    await child.stop(grace_seconds=10)


def test_nobody_leads_the_session_of_the_kernel() -> None:
    assert cleanup.remaining(0) == []


def _is_ended(pid: int) -> bool:
    return (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[0] in ("Z", "X")


async def test_who_waits_for_a_service_is_told_of_its_end(nursery: Nursery, tmp_path: Path) -> None:
    child = ServiceProcess(
        service="embedder", directory=tmp_path, log_path=tmp_path / "log", variables=NOBODY, nursery=nursery
    )
    child.start()
    await child.wait_ready()
    waiting = asyncio.create_task(child.wait())
    await asyncio.sleep(0.5)
    assert not waiting.done()
    assert child.pid is not None
    os.kill(child.pid, signal.SIGKILL)
    async with asyncio.timeout(10):
        assert await waiting == -signal.SIGKILL
