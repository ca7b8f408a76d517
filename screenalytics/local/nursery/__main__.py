"""The nursery's program: `python -m screenalytics.local.nursery FD SERVICE...`, FD being that of its connection."""

from __future__ import annotations

import gc
import os
import signal
import sys
import warnings
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from chassis.s3.descriptions import descriptions
from screenalytics.local.nursery.messages import Begin, Begun, Ended, Signal
from screenalytics.local.servers.launch import end_with


def main(descriptor: int, services: Sequence[str]) -> int:
    """Forks until the machine is gone; in a child, runs its service and ends with its exit status."""
    connection: Connection[Any, Any] = Connection(descriptor)
    nursery = os.getpid()
    load(services)
    begin = serve(connection)
    if begin is not None:
        from screenalytics.commands.ending import end_at_once

        connection.close()
        end_at_once(run(begin, nursery))
    return 0


def load(services: Sequence[str]) -> None:
    """Loads what services load, and takes it out of the garbage collector's sight, so that it stays shared.

    What little is garbage then is kept: looking for it takes a quarter of the time.
    """
    gc.disable()
    for name in ("commands.ending", "commands.errors", "commands.serve"):
        import_module(f"screenalytics.{name}")
    for service in services:
        import_module("screenalytics.api_server" if service == "api" else f"services.{service}.app")
    descriptions()
    gc.freeze()
    gc.enable()


def serve(connection: Connection[Any, Any]) -> Begin | None:
    """Does what is asked for; returns what to run in a child, None when the machine is gone."""
    reading, writing = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(writing)
    signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
    pids: dict[int, int] = {}
    while True:
        wait([connection, reading])
        _drain(reading)
        try:
            for number, status in _ended(pids):
                connection.send(Ended(number=number, status=status))
            while connection.poll():
                message = connection.recv()
                if isinstance(message, Begin):
                    pid = _fork()
                    if pid == 0:
                        signal.set_wakeup_fd(-1)
                        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                        os.close(reading)
                        os.close(writing)
                        return message
                    pids[message.number] = pid
                    connection.send(Begun(number=message.number, pid=pid))
                elif isinstance(message, Signal) and message.number in pids:
                    os.kill(pids[message.number], message.signal)
        except (EOFError, OSError):
            return None


def run(begin: Begin, nursery: int) -> int:
    """In a child of the `nursery`: becomes the service, in a session and with an environment and a log of its own."""
    from screenalytics.commands.ending import run_to_its_end
    from screenalytics.commands.errors import report_and_exit
    from screenalytics.commands.serve import serve as serve_service

    if not end_with(nursery, signal.SIGKILL):
        return 1
    os.setsid()
    with suppress(OSError):
        Path("/proc/self/comm").write_text(begin.service)
    log = os.open(begin.log_path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
    nothing = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
    for descriptor, standard in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(descriptor, standard)
    os.chdir(begin.directory)
    os.environ.clear()
    os.environ.update(begin.environment)
    with report_and_exit():
        return run_to_its_end(serve_service(begin.service))  # type: ignore[arg-type]  # one of the services


def _fork() -> int:
    with warnings.catch_warnings():
        # Numeric libraries have idle threads of their own, and take care of forks.
        warnings.simplefilter("ignore", DeprecationWarning)
        return os.fork()


def _drain(descriptor: int) -> None:
    try:
        while os.read(descriptor, 4096):
            pass
    except BlockingIOError:
        return


def _ended(pids: dict[int, int]) -> list[tuple[int, int]]:
    """Number and status of the children that have ended, which are forgotten."""
    ended = []
    for number, pid in list(pids.items()):
        gone, status = os.waitpid(pid, os.WNOHANG)
        if gone:
            del pids[number]
            ended.append((number, os.waitstatus_to_exitcode(status)))
    return ended


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), sys.argv[2:]))
