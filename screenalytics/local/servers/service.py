"""One of our own services as a supervised process."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlsplit

from screenalytics.local.servers.child import ChildProcess, Spawned
from screenalytics.local.servers.forking import Nursery
from screenalytics.local.servers.probes import http_answers_ok


class ServiceProcess(ChildProcess):
    """`python -m screenalytics serve NAME` with our environment and the addresses of the stack; forked by a `nursery`
    where there is one.

    Ready when `health_url` (loopback, http) answers 200; without one, as soon as it runs.
    """

    stop_grace_seconds = 20.0

    def __init__(
        self,
        *,
        service: str,
        directory: Path,
        log_path: Path,
        variables: Mapping[str, str],
        health_url: str | None = None,
        nursery: Nursery | None = None,
    ) -> None:
        super().__init__(name=service, directory=directory, log_path=log_path)
        self._variables = dict(variables)
        self._health_url = urlsplit(health_url) if health_url is not None else None

        self._nursery = nursery

    def command(self) -> Sequence[str]:
        return [sys.executable, "-m", "screenalytics", "serve", self.name]

    def environment(self) -> Mapping[str, str]:
        """Unlike a foreign server, a service gets our whole environment: its other settings are in it."""
        return {**os.environ, **self._variables}

    def working_directory(self) -> Path:
        """Ours: settings may hold relative paths."""
        return Path.cwd()

    def _spawn(self, environment: Mapping[str, str], log: BinaryIO) -> Spawned:
        if self._nursery is None:
            return super()._spawn(environment, log)
        return self._nursery.fork(
            self.name, environment=environment, directory=self.working_directory(), log_path=self.log_path.absolute()
        )

    async def probe(self) -> bool:
        if self._health_url is None:
            return self.pid is not None
        if self._health_url.port is None:
            raise ValueError(f"the health address of {self.name} names no port")
        return await http_answers_ok(self._health_url.port, self._health_url.path or "/")
