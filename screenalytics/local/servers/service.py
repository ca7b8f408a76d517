"""One of our own services as a supervised process."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from screenalytics.local.servers.child import ChildProcess
from screenalytics.local.servers.probes import http_answers_ok


class ServiceProcess(ChildProcess):
    """`python -m screenalytics serve NAME` with our environment and the addresses of the stack.

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
    ) -> None:
        super().__init__(name=service, directory=directory, log_path=log_path)
        self._variables = dict(variables)
        self._health_url = urlsplit(health_url) if health_url is not None else None

    def command(self) -> Sequence[str]:
        return [sys.executable, "-m", "screenalytics", "serve", self.name]

    def environment(self) -> Mapping[str, str]:
        """Unlike a foreign server, a service gets our whole environment: its other settings are in it."""
        return {**os.environ, **self._variables}

    def working_directory(self) -> Path:
        """Ours: settings may hold relative paths."""
        return Path.cwd()

    async def probe(self) -> bool:
        if self._health_url is None:
            return self.is_running
        if self._health_url.port is None:
            raise ValueError(f"the health address of {self.name} names no port")
        return await http_answers_ok(self._health_url.port, self._health_url.path or "/")
