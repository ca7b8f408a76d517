"""The base of everything the stack runs: one child process with a log, a readiness probe and a bounded stop."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO, ClassVar, Protocol

from chassis.backoff import backoff
from screenalytics.local.servers import cleanup, launch, ports
from screenalytics.local.servers.cleanup import KILL_SECONDS, POLL_SECONDS
from screenalytics.local.servers.endings import until_ended
from screenalytics.local.servers.errors import PortTaken, ServerExited, ServerFailed

READY_TIMEOUT_SECONDS = 60.0

_START_TRIES = 3
_LOG_TAIL_LINES = 15
_LOG_TAIL_BYTES = 16_384
_LOG_LIMIT_BYTES = 20 * 2**20


class Spawned(Protocol):
    """A process as `subprocess.Popen` shows it; `pid` is 0 as long as there is none."""

    @property
    def pid(self) -> int: ...

    def poll(self) -> int | None: ...

    def wait(self) -> int: ...

    def terminate(self) -> None: ...

    def kill(self) -> None: ...


class ChildProcess(ABC):
    """One supervised program.

    It runs in a session of its own, so Ctrl-C in a terminal reaches only us, and we decide the order in which things
    end. It dies with us: see `launch`. The death signal is tied to the *thread* that starts the child, so `start`
    must be called from a thread that lives as long as the child: the main thread, or the event loop's.

    Subclasses say what to run (`command`, `environment`), what ports it needs (`port_names`) and when it is ready
    (`probe`).
    """

    port_names: ClassVar[tuple[str, ...]] = ()
    """Names of the loopback ports the program listens on."""
    stop_grace_seconds: ClassVar[float] = 10.0
    """How long a stop waits after SIGTERM before SIGKILL."""
    children_grace_seconds: ClassVar[float] = 1.0
    """How long the program's own children may outlive it before they are killed."""
    death_signal: ClassVar[signal.Signals] = signal.SIGKILL
    """What the kernel sends to the program when we die."""
    watched: ClassVar[bool] = False
    """Whether a process beside it (6 MiB) kills the program's children and removes `leftovers_of_this_start` when it ends.

    For a program with children that may not end by themselves when we are killed: then nobody else sees to them.
    """

    def __init__(
        self,
        *,
        name: str,
        directory: Path,
        log_path: Path,
        fixed_ports: Mapping[str, int] | None = None,
        preferred_ports: Mapping[str, int] | None = None,
    ) -> None:
        """`directory` is the program's data and working directory; both paths are made where missing.

        `fixed_ports` must be free at start; `preferred_ports` are used where free, others are chosen otherwise.
        Keys of both are `port_names`.
        """
        unknown = set(fixed_ports or {}) - set(self.port_names)
        if unknown:
            raise ValueError(f"{name} has no port named {', '.join(sorted(unknown))}")
        self.name = name
        self.directory = directory
        self.log_path = log_path
        self.ports: dict[str, int] = {}
        self._fixed_ports = dict(fixed_ports or {})
        self._preferred_ports = dict(preferred_ports or {})
        self._process: Spawned | None = None
        self._log_start = 0

    @abstractmethod
    def command(self) -> Sequence[str]:
        """Program and arguments, the program as an absolute path. Raises NotInstalled where it is missing."""

    @abstractmethod
    async def probe(self) -> bool:
        """Whether the program serves requests now."""

    def environment(self) -> Mapping[str, str]:
        """Variables on top of the minimal environment: nothing else of ours reaches the program."""
        return {}

    def leftovers(self) -> Sequence[str]:
        """Glob patterns of files outside `directory` that the program may leave behind when killed, by any start."""
        return ()

    def leftovers_of_this_start(self) -> Sequence[str]:
        """Those of `leftovers` that are of no later start: what watches may be held up until that one runs."""
        return self.leftovers()

    def working_directory(self) -> Path:
        return self.directory

    @property
    def pid(self) -> int | None:
        """Process id while it runs."""
        return (self._process.pid or None) if self._process is not None and self.is_running else None

    @property
    def returncode(self) -> int | None:
        """Exit status of the last run (negative: the signal that ended it); None while running or never started."""
        return self._process.poll() if self._process is not None else None

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    async def run(self, timeout: float = READY_TIMEOUT_SECONDS) -> None:
        """Start and wait until ready.

        A program that ends at once is tried three times, each time with newly chosen ports where they are ours to
        choose: another program may have taken one between our look and its start.
        Raises PortTaken, NotInstalled, ServerFailed; then nothing is left running.
        """
        for attempt in range(1, _START_TRIES + 1):
            self.start()
            try:
                await self.wait_ready(timeout)
                return
            except ServerExited:
                self.kill()
                self._preferred_ports = {}
                self.ports = {}
                if attempt == _START_TRIES:
                    raise
                await asyncio.sleep(backoff(attempt, first_s=0.2, max_s=1.0, jitter=0.0))
            except BaseException:
                self.kill()
                raise

    def start(self) -> None:
        """Start the program without waiting for it. A second call while it runs does nothing."""
        if self.is_running:
            return
        self.directory.mkdir(parents=True, exist_ok=True)
        self.log_path.parent.mkdir(parents=True, exist_ok=True)
        self._claim_ports()
        with self._open_log() as log:
            self._process = self._spawn({**self._minimal_environment(), **self.environment()}, log)

    def _spawn(self, environment: Mapping[str, str], log: BinaryIO) -> Spawned:
        """Start the process itself."""
        watcher = [cleanup.__file__, *self.leftovers_of_this_start()] if self.watched else []
        return subprocess.Popen(
            launch.command(self.command(), self.death_signal, watcher=watcher),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=self.working_directory(),
            env=environment,
            start_new_session=True,
        )

    async def wait_ready(self, timeout: float = READY_TIMEOUT_SECONDS) -> None:
        """Wait until the probe succeeds. Raises ServerExited, or ServerFailed after `timeout` seconds."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout
        pause = POLL_SECONDS
        while not (await self.probe() and self.is_running):
            if not self.is_running:
                raise ServerExited(
                    server=self.name,
                    reason=f"ended with status {self.returncode} before it was ready",
                    log_path=self.log_path,
                    log_tail=self.log_tail(),
                )
            if loop.time() > deadline:
                raise ServerFailed(
                    server=self.name,
                    reason=f"was not ready after {timeout:.0f} s",
                    log_path=self.log_path,
                    log_tail=self.log_tail(),
                )
            await asyncio.sleep(pause)
            pause = min(pause * 1.5, 0.25)

    async def wait(self) -> int | None:
        """Wait until the program ends; its exit status (None if it was never started)."""
        while self._process is not None and self.is_running:
            await until_ended(self._process.pid)
            if self.is_running:  # who forked it may take a moment to tell
                await asyncio.sleep(POLL_SECONDS)
        return self.returncode

    async def stop(self, *, grace_seconds: float | None = None) -> None:
        """SIGTERM, after `grace_seconds` SIGKILL, then see that none of its own children is left.

        0 kills at once. Safe to call at any time; the ports stay assigned for a later start.
        """
        process = self._process
        if process is None:
            return
        grace = self.stop_grace_seconds if grace_seconds is None else grace_seconds
        if process.poll() is None and grace > 0:
            process.terminate()
            await _wait_at_most(grace, until=lambda: process.poll() is not None)
        if process.poll() is None:
            process.kill()
            await _wait_at_most(KILL_SECONDS, until=lambda: process.poll() is not None)
        await self._end_session(process.pid)
        self._remove_leftovers()

    def kill(self) -> None:
        """SIGKILL the program and its children now, as a crash would; waits only for the program itself."""
        if self._process is None:
            return
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        cleanup.kill(cleanup.remaining(self._process.pid))
        self._remove_leftovers()

    async def restart(self, timeout: float = READY_TIMEOUT_SECONDS) -> None:
        """Stop, start on the same ports, and wait until ready."""
        await self.stop()
        self.start()
        await self.wait_ready(timeout)

    def log_tail(self) -> str:
        """The last lines that the current (or last) run wrote to its log."""
        try:
            with self.log_path.open("rb") as log:
                end = log.seek(0, os.SEEK_END)
                log.seek(max(self._log_start, end - _LOG_TAIL_BYTES))
                lines = log.read().decode(errors="replace").splitlines()
        except FileNotFoundError:
            return ""
        return "\n".join(lines[-_LOG_TAIL_LINES:])

    def _claim_ports(self) -> None:
        for name in self.port_names:
            wanted = self._fixed_ports.get(name) or self.ports.get(name)
            if wanted is not None:
                if not ports.is_free(wanted):
                    raise PortTaken(server=self.name, port=wanted)
                self.ports[name] = wanted
                continue
            preferred = self._preferred_ports.get(name)
            usable = preferred is not None and ports.is_free(preferred)
            self.ports[name] = preferred if preferred is not None and usable else ports.choose_free_port()

    def _open_log(self) -> BinaryIO:
        if self.log_path.exists() and self.log_path.stat().st_size > _LOG_LIMIT_BYTES:
            self.log_path.replace(self.log_path.with_suffix(".log.1"))
        log = self.log_path.open("ab")
        self._log_start = log.tell()
        return log

    def _minimal_environment(self) -> dict[str, str]:
        inherited = {key: os.environ[key] for key in ("PATH", "TMPDIR", "LD_LIBRARY_PATH") if key in os.environ}
        return {**inherited, "HOME": str(self.directory), "LANG": "C.UTF-8"}

    async def _end_session(self, leader: int) -> None:
        """Let the program's children end by themselves (some clean up shared memory then), and kill what remains."""
        await _wait_at_most(self.children_grace_seconds, until=lambda: not cleanup.remaining(leader))
        cleanup.kill(cleanup.remaining(leader))
        await _wait_at_most(KILL_SECONDS, until=lambda: not cleanup.remaining(leader))

    def _remove_leftovers(self) -> None:
        for pattern in self.leftovers():
            cleanup.remove(cleanup.matching(pattern))


async def _wait_at_most(seconds: float, *, until: Callable[[], bool]) -> None:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    while not until() and loop.time() < deadline:
        await asyncio.sleep(POLL_SECONDS)
