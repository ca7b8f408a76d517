"""The machine's side of the nursery: services as processes that were forked and not started anew."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from itertools import count
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from typing import IO, Any

from screenalytics.local.nursery.messages import Begin, Begun, Ended, Signal
from screenalytics.local.servers import launch
from screenalytics.local.servers.stack import MONGO_URI

POLL_S = 0.02


class ForkedProcess:
    """A service that the nursery was asked for; has what is used of `subprocess.Popen`."""

    def __init__(self, nursery: Nursery, number: int, log_path: Path) -> None:
        self.log_path = log_path
        self._nursery = nursery
        self._number = number
        self._pid: int | None = None
        self._returncode: int | None = None

    @property
    def pid(self) -> int:
        """Process id; 0 as long as the nursery has not started it."""
        self._nursery.listen()
        return self._pid or 0

    def poll(self) -> int | None:
        """Exit status, negative for a signal; None while it runs or is about to."""
        self._nursery.listen()
        return self._returncode

    def wait(self) -> int:
        while (status := self.poll()) is None:
            time.sleep(POLL_S)
        return status

    def terminate(self) -> None:
        self._tell(signal.SIGTERM)

    def kill(self) -> None:
        self._tell(signal.SIGKILL)

    def _tell(self, number: signal.Signals) -> None:
        if self.poll() is None:
            self._nursery.tell(Signal(number=self._number, signal=int(number)))
            if self._pid is None:  # ended before it began
                self._returncode = -int(number)

    def begun(self, pid: int) -> None:
        self._pid = pid

    def ended(self, status: int) -> None:
        if self._returncode is None:
            self._returncode = status


def begin_loading(services: Sequence[str]) -> Nursery | None:
    """What forks these services, which loads their modules from now on; None where services are not forked."""
    if sys.platform != "linux" or not services:
        return None
    nursery = Nursery(services)
    if not os.environ.get(MONGO_URI):  # elsewhere the services may run already
        nursery.warm()
    return nursery


class Nursery:
    """Starts services by forking a process that has their modules loaded; is started with the first, or `warm`.

    `services` are those whose modules it loads. Everything it forked ends with it, and it ends with us (see `launch`).
    """

    def __init__(self, services: Sequence[str]) -> None:
        self._services = tuple(services)
        self._log: IO[bytes] | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._connection: Connection[Any, Any] | None = None
        self._numbers = count()
        self._forked: dict[int, ForkedProcess] = {}

    @property
    def pid(self) -> int | None:
        """Process id while it runs."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    def warm(self) -> None:
        """Start it, so that it has loaded everything when the first service is wanted."""
        self.listen()
        if self._connection is not None:
            return
        ours, theirs = Pipe()
        program = [sys.executable, "-m", "screenalytics.local.nursery", str(theirs.fileno()), *self._services]
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - is closed with it
        self._process = subprocess.Popen(
            launch.command(program, signal.SIGKILL),
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            pass_fds=[theirs.fileno()],
            start_new_session=True,
        )
        theirs.close()
        self._connection = ours

    def fork(self, service: str, *, environment: Mapping[str, str], directory: Path, log_path: Path) -> ForkedProcess:
        """A service with its environment, working directory and log."""
        self.warm()
        number = next(self._numbers)
        process = self._forked[number] = ForkedProcess(self, number, log_path)
        self.tell(
            Begin(
                number=number,
                service=service,
                environment=dict(environment),
                directory=str(directory),
                log_path=str(log_path),
            )
        )
        return process

    def tell(self, message: Begin | Signal) -> None:
        """Send a message; one that is gone hears nothing, and what it had forked has ended."""
        try:
            if self._connection is not None:
                self._connection.send(message)
        except OSError:
            self._gone()

    def listen(self) -> None:
        """Take note of what it has said since."""
        try:
            while self._connection is not None and self._connection.poll():
                message = self._connection.recv()
                process = self._forked[message.number]
                if isinstance(message, Begun):
                    process.begun(message.pid)
                elif isinstance(message, Ended):
                    process.ended(message.status)
                    del self._forked[message.number]
        except (EOFError, OSError):
            self._gone()

    def close(self) -> None:
        """End it, and with it whatever it forked that still runs."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        self._gone()

    def _gone(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()
        said = b""
        if self._process is not None:
            self._process.poll()
        if self._log is not None:
            self._log.seek(0)
            said = self._log.read()
            self._log.close()
            self._log = None
        for process in self._forked.values():
            with process.log_path.open("ab") as log:
                log.write(said)
            process.ended(-int(signal.SIGKILL))
        self._forked.clear()
