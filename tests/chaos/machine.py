"""The machine that a chaos campaign disturbs: durable servers, proxies before three of them, and the five services."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from aiokafka import AIOKafkaProducer

from chassis.kafka.connection import client_options
from chassis.mongo import database as mongo
from chassis.s3.storage import Storage
from chassis.settings import ChassisSettings
from contracts.events import STAGES
from screenalytics.local.machine import EMBEDDED_BROKER, run_machine, settings_for
from screenalytics.local.servers import ChildEvent, ChildProcess, ServiceProcess, Stack, Supervisor
from screenalytics.local.servers.ports import choose_free_port
from screenalytics.local.servers.probes import http_answers_ok
from tests.chaos.subscriber import Subscriber
from tests.support.apache_kafka import ApacheKafka
from tests.support.embedded_triton import embedded_triton
from tests.support.tcp_proxy import TcpProxy

Broker = Literal["embedded", "apache"]

PROXIED = ("mongodb", "s3", "triton")
SETTINGS = {
    **EMBEDDED_BROKER,
    "SCREENALYTICS_KAFKA__MOST_PARTITIONS": "12",  # as on a cluster: several workers share them
    "SCREENALYTICS_PLANNING__SEGMENT_S": "4",
    "SCREENALYTICS_RECONCILER__STALLED_AFTER_S": "15",
    "SCREENALYTICS_TRITON__SHARED_MEMORY": "false",  # pixels must go through the proxy
}
"""What differs from a machine that is left in peace: short segments, an impatient reconciler."""

HEALED_WITHIN_S = 90.0
_SESSION_FIELD = 3  # of /proc/PID/stat, counted after the command's closing parenthesis


@dataclass(kw_only=True)
class ChaosMachine:
    """A running machine and everything that can be done to it. Use `chaos_machine`.

    `settings`, `storage`, `database`, `producer` go past the proxies: what watches the machine is not disturbed by
    what the proxies do.
    """

    directory: Path
    settings: ChassisSettings
    services: Mapping[str, ChildProcess]
    servers: Mapping[str, ChildProcess]
    """By what they are: s3, kafka, mongodb, triton."""
    proxies: Mapping[str, TcpProxy]
    service_ports: Mapping[str, int]
    storage: Storage
    database: mongo.Database
    producer: AIOKafkaProducer
    subscriber: Subscriber
    child_events: list[ChildEvent] = field(default_factory=list)

    def signal(self, name: str, number: signal.Signals) -> int | None:
        """Send a signal to a service or server that runs; returns its process id."""
        child = self.services.get(name) or self.servers[name]
        pid = child.pid
        if pid is not None:
            with suppress(ProcessLookupError):
                os.kill(pid, number)
        return pid

    def model_processes(self, model: str) -> list[int]:
        """Process ids of the inference server's processes that run a model."""
        leader = self.servers["triton"].pid
        if leader is None:
            return []
        return [pid for pid in _session_members(leader) if pid != leader and model in _command_line(pid)]

    async def extra_worker(self, service: str, name: str) -> ServiceProcess:
        """One more process of a service, started and not waited for; nobody starts it again when it ends."""
        worker = ServiceProcess(
            service=service,
            directory=self.directory / "extra" / name,
            log_path=self.directory / "extra" / f"{name}.log",
            variables={"SCREENALYTICS_HTTP__PORT": "0"},
        )
        worker.start()
        return worker

    async def healed(self) -> None:
        """Wait until every server and service runs, is ready, and has joined Kafka."""
        for proxy in self.proxies.values():
            await proxy.restore()
        async with asyncio.timeout(HEALED_WITHIN_S):
            for child in self.servers.values():
                while not (child.is_running and await child.probe()):
                    await asyncio.sleep(0.1)
            for name, service in self.services.items():
                while not (await self._has_joined(name, service) and await self._is_ready(name)):
                    await asyncio.sleep(0.2)

    async def _is_ready(self, name: str) -> bool:
        return await http_answers_ok(self.service_ports[name], "/internal/ready")

    async def _has_joined(self, name: str, service: ChildProcess) -> bool:
        """A service leaves its sign of life as soon as it has joined its group."""
        sign = f"{name}/{socket.gethostname()}/{service.pid}"
        return service.is_running and await self.database["service_instances"].find_one({"_id": sign}) is not None

    def save_logs(self, target: Path) -> None:
        """Copy every log to a folder."""
        target.mkdir(parents=True, exist_ok=True)
        for log in sorted(self.directory.rglob("*.log")):
            (target / log.name).write_bytes(log.read_bytes())


@asynccontextmanager
async def chaos_machine(directory: Path, *, broker: Broker = "embedded") -> AsyncIterator[ChaosMachine]:
    """Start everything in `directory`, which keeps the data over every kill.

    Raises:
        StackError, WeightsError: when something does not start.
    """
    events: list[ChildEvent] = []
    async with AsyncExitStack() as cleanup:
        cleanup.enter_context(environment(SETTINGS))
        if broker == "apache":
            kafka = await cleanup.enter_async_context(ApacheKafka(directory / "kafka"))
            cleanup.enter_context(environment({"SCREENALYTICS_KAFKA__BOOTSTRAP_SERVERS": kafka.bootstrap_servers}))
        stack = await cleanup.enter_async_context(
            Stack(data_dir=directory / "servers", triton_command=embedded_triton())
        )
        servers = _by_role(stack)
        if broker == "apache":
            servers["kafka"] = kafka
        await cleanup.enter_async_context(Supervisor(list(servers.values()), on_event=events.append))
        direct = stack.environment()
        settings = settings_for(direct)
        proxies = {role: await cleanup.enter_async_context(TcpProxy(_port(servers[role]))) for role in PROXIED}
        cleanup.enter_context(environment(direct | _addresses(proxies)))
        ports: dict[str, int] = {name: choose_free_port() for name in STAGES}
        machine = await cleanup.enter_async_context(
            run_machine(keep=directory / "services", http_ports=ports, say=lambda _: None, on_event=events.append)
        )
        clients = await cleanup.enter_async_context(_clients(settings))
        running = ChaosMachine(
            directory=directory,
            settings=settings,
            services={child.name: child for child in machine.children},
            servers=servers,
            proxies=proxies,
            service_ports=ports,
            storage=clients[0],
            database=clients[1],
            producer=clients[2],
            subscriber=clients[3],
            child_events=events,
        )
        await running.healed()
        yield running


@asynccontextmanager
async def _clients(
    settings: ChassisSettings,
) -> AsyncIterator[tuple[Storage, mongo.Database, AIOKafkaProducer, Subscriber]]:
    async with (
        Storage.connect(settings.s3) as storage,
        mongo.connect(settings.mongo) as database,
        AIOKafkaProducer(**client_options(settings.kafka), acks="all", request_timeout_ms=10_000) as producer,
        Subscriber.on(settings.kafka) as subscriber,
    ):
        yield storage, database, producer, subscriber


@contextmanager
def environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Set variables of this process, and put back what was there."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _by_role(stack: Stack) -> dict[str, ChildProcess]:
    servers = {"s3": stack.seaweedfs, "kafka": stack.tansu, "mongodb": stack.secantusdb, "triton": stack.triton}
    return {role: server for role, server in servers.items() if server is not None}


def _port(server: ChildProcess) -> int:
    """The port that clients use."""
    return next(server.ports[name] for name in ("s3", "mongo", "grpc") if name in server.ports)


def _addresses(proxies: Mapping[str, TcpProxy]) -> dict[str, str]:
    """Where the services are told the servers are."""
    return {
        "SCREENALYTICS_MONGO__URI": f"mongodb://127.0.0.1:{proxies['mongodb'].port}/?directConnection=true",
        "SCREENALYTICS_S3__ENDPOINT_URL": f"http://127.0.0.1:{proxies['s3'].port}",
        "SCREENALYTICS_TRITON__URL": f"127.0.0.1:{proxies['triton'].port}",
    }


def _session_members(leader: int) -> list[int]:
    members = []
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
            if int(fields[_SESSION_FIELD]) == leader:
                members.append(int(entry.name))
    return sorted(members)


def _command_line(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""
