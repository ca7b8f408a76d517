"""NVIDIA Triton as the embedded inference server."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from screenalytics.local.servers.child import ChildProcess
from screenalytics.local.servers.ports import LOOPBACK
from screenalytics.local.servers.probes import http_answers_ok


class TritonCommand(Protocol):
    """Makes the command line and the variables of a server for the ports and the shared-memory prefix chosen here.

    For example `functools.partial(triton_command, runtime=..., repository=..., models=...)`.
    """

    def __call__(
        self, *, http_port: int, grpc_port: int, metrics_port: int, shm_prefix: str
    ) -> tuple[Sequence[str], Mapping[str, str]]: ...


class Triton(ChildProcess):
    """Triton with its models loaded: gRPC on `url`, ready when every model is.

    It is run in an empty working directory, because its Python stubs put that directory first on their module path.
    """

    port_names = ("http", "grpc", "metrics")
    # On SIGTERM it takes 2 to 4.5 s of fixed waits, and there is nothing to save. So it is killed with its model
    # processes, and their shared memory is removed here. Where we are killed, or it alone, what watches it does the same:
    # a model process that was starting can wait for ever then, for a lock in shared memory that its server held.
    stop_grace_seconds = 0.0
    children_grace_seconds = 0.0
    watched = True

    def __init__(
        self,
        *,
        directory: Path,
        log_path: Path,
        launch: TritonCommand,
        fixed_ports: Mapping[str, int] | None = None,
        preferred_ports: Mapping[str, int] | None = None,
    ) -> None:
        super().__init__(
            name="Triton",
            directory=directory,
            log_path=log_path,
            fixed_ports=fixed_ports,
            preferred_ports=preferred_ports,
        )
        self._launch = launch
        self._shm_names = f"screenalytics-triton-{secrets.token_hex(4)}-"
        self._starts = 0

    @property
    def url(self) -> str:
        return f"{LOOPBACK}:{self.ports['grpc']}"

    @property
    def metrics_url(self) -> str:
        return f"http://{LOOPBACK}:{self.ports['metrics']}/metrics"

    @property
    def shm_prefix(self) -> str:
        """Start of the names under /dev/shm that this server's models use.

        **No two starts have names in common**: what one leaves may be removed while another runs on the same ports.
        """
        return f"{self._shm_names}{self._starts}-"

    def start(self) -> None:
        if not self.is_running:
            self._starts += 1
        super().start()

    def command(self) -> Sequence[str]:
        arguments, _ = self._launched()
        return arguments

    def environment(self) -> Mapping[str, str]:
        _, environment = self._launched()
        return environment

    def leftovers(self) -> Sequence[str]:
        return [f"/dev/shm/{self._shm_names}*"]

    def leftovers_of_this_start(self) -> Sequence[str]:
        return [f"/dev/shm/{self.shm_prefix}*"]

    async def probe(self) -> bool:
        return await http_answers_ok(self.ports["http"], "/v2/health/ready")

    def _launched(self) -> tuple[Sequence[str], Mapping[str, str]]:
        return self._launch(
            http_port=self.ports["http"],
            grpc_port=self.ports["grpc"],
            metrics_port=self.ports["metrics"],
            shm_prefix=self.shm_prefix,
        )
