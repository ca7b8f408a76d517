"""All embedded servers together: start at once, know their addresses, end in the right order."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from screenalytics.local.servers.child import READY_TIMEOUT_SECONDS, ChildProcess
from screenalytics.local.servers.directory import PortTable, StackDirectory
from screenalytics.local.servers.seaweedfs import REGION, SeaweedFS
from screenalytics.local.servers.secantusdb import SecantusDB
from screenalytics.local.servers.tansu import BUCKET as TANSU_BUCKET
from screenalytics.local.servers.tansu import Tansu
from screenalytics.local.servers.triton import Triton, TritonCommand

KAFKA_BOOTSTRAP_SERVERS = "SCREENALYTICS_KAFKA__BOOTSTRAP_SERVERS"
MONGO_URI = "SCREENALYTICS_MONGO__URI"
MONGO_DATABASE = "SCREENALYTICS_MONGO__DATABASE"
S3_ENDPOINT_URL = "SCREENALYTICS_S3__ENDPOINT_URL"
S3_ACCESS_KEY = "SCREENALYTICS_S3__ACCESS_KEY"
S3_SECRET_KEY = "SCREENALYTICS_S3__SECRET_KEY"
S3_BUCKET = "SCREENALYTICS_S3__BUCKET"
S3_REGION = "SCREENALYTICS_S3__REGION"
TRITON_URL = "SCREENALYTICS_TRITON__URL"

_KAFKA_VARIABLES = (KAFKA_BOOTSTRAP_SERVERS,)
_MONGO_VARIABLES = (MONGO_URI, MONGO_DATABASE)
_S3_VARIABLES = (S3_ENDPOINT_URL, S3_ACCESS_KEY, S3_SECRET_KEY, S3_BUCKET, S3_REGION)
_TRITON_VARIABLES = (TRITON_URL,)

_DEFAULT_NAME = "screenalytics"


class Stack:
    """The servers that one machine needs, as an async context manager.

    A server whose address variable is already set is not started: the address that the user named is used. Kafka and
    S3 data survive in a kept `data_dir` (Kafka's log then lies in the embedded S3); otherwise everything is in a
    temporary directory, the broker in memory, and all of it is gone at the end, unless `leave_data` was called.

    Attributes `seaweedfs`, `tansu`, `secantusdb`, `triton` are None where the user's own server is used (`triton` also
    where no `triton_command` is given).
    """

    def __init__(
        self,
        *,
        data_dir: Path | None = None,
        triton_command: TritonCommand | None = None,
        fixed_ports: PortTable | None = None,
        variables: Mapping[str, str] | None = None,
        ready_timeout: float = READY_TIMEOUT_SECONDS,
    ) -> None:
        """`fixed_ports`: server name (seaweedfs, tansu, secantusdb, triton) to port name to number.

        `variables` is where the user's addresses are looked up, by default the process environment.
        """
        self._data_dir = data_dir
        self._triton_command = triton_command
        self._fixed_ports = fixed_ports or {}
        self._variables = dict(os.environ if variables is None else variables)
        self._ready_timeout = ready_timeout
        self._directory: StackDirectory | None = None
        self.seaweedfs: SeaweedFS | None = None
        self.tansu: Tansu | None = None
        self.secantusdb: SecantusDB | None = None
        self.triton: Triton | None = None

    @property
    def directory(self) -> Path:
        """The data directory. Raises RuntimeError before the start."""
        return self._opened().path

    @property
    def servers(self) -> Sequence[ChildProcess]:
        """Our servers, those that others need first."""
        candidates = (self.seaweedfs, self.tansu, self.secantusdb, self.triton)
        return [server for server in candidates if server is not None]

    def leave_data(self) -> Path:
        """Let the data outlive this stack, which may be a throw-away one; returns where a later one can be given it.

        Raises RuntimeError before the start.
        """
        return self._opened().leave()

    def log_path(self, name: str) -> Path:
        """Where a program that goes with this stack should write its log."""
        return self._opened().log_path(name)

    def environment(self) -> dict[str, str]:
        """The variables that tell a service every address, of our servers and of the user's."""
        addresses: dict[str, str] = {}
        if self.tansu is not None:
            addresses[KAFKA_BOOTSTRAP_SERVERS] = self.tansu.bootstrap_servers
        else:
            addresses |= self._users(_KAFKA_VARIABLES)
        if self.secantusdb is not None:
            addresses[MONGO_URI] = self.secantusdb.uri
            addresses[MONGO_DATABASE] = self._variables.get(MONGO_DATABASE) or _DEFAULT_NAME
        else:
            addresses |= self._users(_MONGO_VARIABLES)
        if self.seaweedfs is not None:
            addresses[S3_ENDPOINT_URL] = self.seaweedfs.endpoint_url
            addresses[S3_ACCESS_KEY] = self.seaweedfs.access_key
            addresses[S3_SECRET_KEY] = self.seaweedfs.secret_key
            addresses[S3_BUCKET] = self._bucket
            addresses[S3_REGION] = REGION
        else:
            addresses |= self._users(_S3_VARIABLES)
        if self.triton is not None:
            addresses[TRITON_URL] = self.triton.url
        else:
            addresses |= self._users(_TRITON_VARIABLES)
        return addresses

    async def start(self) -> None:
        """Start what is needed, all at once. Raises StackError; then nothing is left running."""
        self._directory = StackDirectory(self._data_dir)
        try:
            self._create_servers(self._directory)
            await self._start_servers()
            self._directory.write_ports({_key(server): server.ports for server in self.servers})
            self._directory.note_leftovers(pattern for server in self.servers for pattern in server.leftovers())
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """End every server, the broker before the S3 that holds its log. A throw-away stack is killed, not asked.

        Services that use the stack must have ended before.
        """
        if self._directory is None:
            return
        grace = None if self._directory.is_kept else 0.0
        others = [server.stop(grace_seconds=grace) for server in (self.secantusdb, self.triton) if server is not None]
        try:
            await asyncio.gather(self._stop_broker_and_storage(grace), *others)
        finally:
            self._directory.close()
            self._directory = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.stop()

    @property
    def _bucket(self) -> str:
        return self._variables.get(S3_BUCKET) or _DEFAULT_NAME

    def _opened(self) -> StackDirectory:
        if self._directory is None:
            raise RuntimeError("the stack is not running")
        return self._directory

    def _users(self, names: Sequence[str]) -> dict[str, str]:
        return {name: self._variables[name] for name in names if self._variables.get(name)}

    def _create_servers(self, directory: StackDirectory) -> None:
        last_ports = directory.read_ports()
        if not self._variables.get(S3_ENDPOINT_URL):
            self.seaweedfs = SeaweedFS(
                directory=directory.path / "seaweedfs",
                log_path=directory.log_path("seaweedfs"),
                buckets=[self._bucket, TANSU_BUCKET],
                fixed_ports=self._fixed_ports.get("seaweedfs"),
                preferred_ports=last_ports.get("seaweedfs"),
            )
        if not self._variables.get(KAFKA_BOOTSTRAP_SERVERS):
            self.tansu = Tansu(
                directory=directory.path / "tansu",
                log_path=directory.log_path("tansu"),
                storage=self.seaweedfs if directory.is_kept else None,
                fixed_ports=self._fixed_ports.get("tansu"),
                preferred_ports=last_ports.get("tansu"),
            )
        if not self._variables.get(MONGO_URI):
            self.secantusdb = SecantusDB(
                directory=directory.path / "secantusdb",
                log_path=directory.log_path("secantusdb"),
                fixed_ports=self._fixed_ports.get("secantusdb"),
                preferred_ports=last_ports.get("secantusdb"),
            )
        if self._triton_command is not None and not self._variables.get(TRITON_URL):
            self.triton = Triton(
                directory=directory.path / "triton",
                log_path=directory.log_path("triton"),
                launch=self._triton_command,
                fixed_ports=self._fixed_ports.get("triton"),
                preferred_ports=last_ports.get("triton"),
            )

    async def _start_servers(self) -> None:
        starts: list[Awaitable[None]] = [self._start_storage_and_broker()]
        starts += [server.run(self._ready_timeout) for server in (self.secantusdb, self.triton) if server is not None]
        outcomes = await asyncio.gather(*starts, return_exceptions=True)
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome

    async def _start_storage_and_broker(self) -> None:
        """A broker that keeps its log in our S3 has to wait for it; one in memory starts beside it."""
        in_order = [server for server in (self.seaweedfs, self.tansu) if server is not None]
        if self.tansu is not None and self.tansu.is_volatile:
            await asyncio.gather(*(server.run(self._ready_timeout) for server in in_order))
            return
        for server in in_order:
            await server.run(self._ready_timeout)

    async def _stop_broker_and_storage(self, grace_seconds: float | None) -> None:
        for server in (self.tansu, self.seaweedfs):
            if server is not None:
                await server.stop(grace_seconds=grace_seconds)


def _key(server: ChildProcess) -> str:
    return server.name.lower()
