from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from pathlib import Path

import psutil
import pytest

from screenalytics.local.servers import PortTaken, ServerExited, ServerFailed, endings
from screenalytics.local.servers.ports import choose_free_port
from tests.support.killed_parents import killed_at_the_end, runs, soon
from tests.unit.screenalytics.local.servers.scripted_server import LISTEN, MakeServer, ScriptedServer

IGNORE_TERM = "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + LISTEN
LEAVE_CHILD = "import subprocess\nsubprocess.Popen(['sleep', '60'], process_group=0)\n" + LISTEN
BE_SILENT = "import time\nprint('thinking', flush=True)\ntime.sleep(60)\n"
FAIL = "print('first line', flush=True)\nraise SystemExit('the disk is on fire')\n"
FAIL_ONCE = (
    """
import pathlib, sys
mark = pathlib.Path("mark")
if not mark.exists():
    mark.write_text(sys.argv[1])
    raise SystemExit("address already in use")
"""
    + LISTEN
)

PARENT = """
import asyncio, pathlib
from tests.unit.screenalytics.local.servers.scripted_server import ScriptedServer
async def main():
    server = ScriptedServer(name="server", directory=pathlib.Path("."), log_path=pathlib.Path("log"))
    await server.run()
    print(server.pid, flush=True)
    await asyncio.sleep(60)
asyncio.run(main())
"""


async def test_runs_until_it_is_stopped(make_server: MakeServer) -> None:
    server = make_server()
    await server.run()
    pid = server.pid
    assert pid is not None and server.is_running
    assert "listening" in server.log_tail()
    await server.stop()
    assert not server.is_running and server.pid is None
    assert server.returncode == -signal.SIGTERM
    assert not psutil.pid_exists(pid)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the kernel does not tell")
async def test_who_waits_for_the_end_of_a_program_does_not_look_at_it_meanwhile(
    make_server: MakeServer,
) -> None:
    looks: list[float] = []

    class Watched(ScriptedServer):
        @property
        def is_running(self) -> bool:
            looks.append(time.monotonic())
            return super().is_running

    server = make_server()
    await server.run()
    server.__class__ = Watched
    waiting = asyncio.create_task(server.wait())
    await asyncio.sleep(0.2)
    looks.clear()
    await asyncio.sleep(1.0)
    assert not looks
    killed = time.monotonic()
    server._process.kill()
    async with asyncio.timeout(5):
        assert await waiting == -signal.SIGKILL
    assert time.monotonic() - killed < 1.0


async def test_where_the_kernel_does_not_tell_of_an_end_it_is_looked_for(
    make_server: MakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endings, "_opened", lambda _pid: None)
    server = make_server()
    await server.run()
    waiting = asyncio.create_task(server.wait())
    await asyncio.sleep(0.3)
    assert not waiting.done()
    server._process.kill()
    async with asyncio.timeout(5):
        assert await waiting == -signal.SIGKILL


async def test_a_long_wait_looks_again_whose_number_it_waits_for(
    make_server: MakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endings, "LOOK_AGAIN_S", 0.05)
    server = make_server()
    await server.run()
    async with asyncio.timeout(5):
        await endings.until_ended(server.pid)
    assert server.is_running
    await server.stop()


async def test_a_program_that_ignores_sigterm_is_killed(make_server: MakeServer) -> None:
    server = make_server(script=IGNORE_TERM)
    await server.run()
    await server.stop(grace_seconds=0.1)
    assert server.returncode == -signal.SIGKILL


async def test_children_of_the_program_end_with_it(make_server: MakeServer) -> None:
    server = make_server(script=LEAVE_CHILD)
    await server.run()
    children = psutil.Process(server.pid).children()
    assert len(children) == 1
    await server.stop()
    assert not any(runs(child) for child in children)


async def test_a_program_that_fails_is_quoted(make_server: MakeServer) -> None:
    with pytest.raises(ServerExited, match=r"(?s)server ended with status 1.*first line.*the disk is on fire"):
        await make_server(script=FAIL).run()


async def test_a_program_that_never_gets_ready_is_quoted_and_ended(make_server: MakeServer) -> None:
    server = make_server(script=BE_SILENT)
    with pytest.raises(ServerFailed, match=r"(?s)server was not ready.*thinking"):
        await server.run(timeout=0.5)
    assert not server.is_running


async def test_only_the_current_run_is_quoted(make_server: MakeServer) -> None:
    server = make_server()
    server.log_path.write_text("an old line\n")
    await server.run()
    assert "an old line" not in server.log_tail()
    assert "an old line" in server.log_path.read_text()
    await server.stop()


async def test_a_program_that_lost_its_port_gets_another(make_server: MakeServer) -> None:
    server = make_server(script=FAIL_ONCE)
    await server.run()
    first_port = int((server.directory / "mark").read_text())
    assert server.ports["tcp"] != first_port
    await server.stop()


async def test_a_taken_port_is_named_with_what_to_do(make_server: MakeServer) -> None:
    holder = make_server("holder")
    await holder.run()
    port = holder.ports["tcp"]
    with pytest.raises(PortTaken, match=rf"Port {port}, asked for by second, .* stop the program that holds it"):
        await make_server("second", port=port).run()
    await holder.stop()


async def test_a_fixed_port_is_used(make_server: MakeServer) -> None:
    port = choose_free_port()
    server = make_server(port=port)
    await server.run()
    assert server.ports["tcp"] == port
    await server.stop()


async def test_a_restart_keeps_the_port(make_server: MakeServer) -> None:
    server = make_server()
    await server.run()
    port, pid = server.ports["tcp"], server.pid
    await server.restart()
    assert server.ports["tcp"] == port and server.pid != pid
    await server.stop()


async def test_ctrl_c_in_our_terminal_does_not_reach_the_program(make_server: MakeServer) -> None:
    server = make_server()
    await server.run()
    assert server.pid is not None
    assert os.getsid(server.pid) != os.getsid(0)
    assert os.getpgid(server.pid) != os.getpgid(0)
    await server.stop()


async def test_only_chosen_variables_reach_the_program(
    make_server: MakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SESSION_TOKEN", "of the user")
    server = make_server()
    await server.run()
    seen = psutil.Process(server.pid).environ()
    assert "AWS_SESSION_TOKEN" not in seen
    assert seen["HOME"] == str(server.directory)
    await server.stop()


async def test_leftovers_are_removed(make_server: MakeServer, tmp_path: Path) -> None:
    class Untidy(ScriptedServer):
        def leftovers(self) -> list[str]:
            return [str(tmp_path / "socket-*")]

    server = Untidy(name="untidy", directory=tmp_path / "data", log_path=tmp_path / "log")
    await server.run()
    (tmp_path / "socket-1").touch()
    (tmp_path / "other").touch()
    await server.stop(grace_seconds=0)
    assert not (tmp_path / "socket-1").exists() and (tmp_path / "other").exists()


async def test_a_cancelled_start_leaves_nothing_running(make_server: MakeServer) -> None:
    server = make_server(script=BE_SILENT)
    start = asyncio.create_task(server.run())
    while not server.is_running:
        await asyncio.sleep(0.01)
    start.cancel()
    with pytest.raises(asyncio.CancelledError):
        await start
    assert not server.is_running


def test_an_unknown_port_name_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no port named udp"):
        ScriptedServer(name="server", directory=tmp_path, log_path=tmp_path / "log", fixed_ports={"udp": 1})


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has the parent-death signal")
def test_the_program_dies_when_its_parent_is_killed(tmp_path: Path) -> None:
    with killed_at_the_end(PARENT, cwd=tmp_path) as pid:
        child = psutil.Process(pid)
        assert runs(child)
    assert soon(lambda: not runs(child))
