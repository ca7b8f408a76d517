"""The stack under attack: embedded servers, the HTTP API and ingest, callers' keys and an issuer of tokens."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from pydantic import SecretStr

from chassis.http.keys import ApiKeys
from chassis.mongo import database as mongo
from chassis.mongo.database import Database, ensure_indexes
from chassis.s3.storage import Storage
from chassis.settings import KafkaSettings, MongoSettings, S3Settings, SecretAddress
from screenalytics.local.servers import ServiceProcess, Stack
from screenalytics.local.servers.ports import choose_free_port
from tests.hostile.issuer import Issuer, issuing
from tests.support.embedded_triton import embedded_triton

SERVICES = ("api", "ingest", "detector")
SHOW, EPISODE = "my-show", "my-show-s01e01"
KEYS_S = 3
"""How long an issuer's keys are trusted here."""
READY_S = 120.0
DECODING_MIB = 512
"""What a child that decodes may write here: less than by default, so that attacks on it leave the machine its memory."""
NO_ADDRESSES: dict[str, str] = {}


@dataclass(frozen=True, kw_only=True)
class Target:
    """Where to attack, and with what. `keys` are texts by role."""

    port: int
    keys: Mapping[str, str]
    api_keys: ApiKeys
    database: Database
    issuer: Issuer
    stack: Stack
    folder: Path
    pids: Sequence[int]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def s3(self) -> S3Settings:
        """How the bucket is reached by whoever may do everything."""
        addresses = self.stack.environment()
        return S3Settings(
            endpoint_url=addresses["SCREENALYTICS_S3__ENDPOINT_URL"],
            access_key=SecretStr(addresses["SCREENALYTICS_S3__ACCESS_KEY"]),
            secret_key=SecretStr(addresses["SCREENALYTICS_S3__SECRET_KEY"]),
            region=addresses["SCREENALYTICS_S3__REGION"],
        )

    @asynccontextmanager
    async def bucket(self) -> AsyncIterator[Storage]:
        """The bucket, for whoever may do everything."""
        async with Storage.connect(self.s3) as storage:
            await storage.ensure_bucket()
            yield storage

    @property
    def mongo_uri(self) -> str:
        return self.stack.environment()["SCREENALYTICS_MONGO__URI"]

    @property
    def kafka(self) -> KafkaSettings:
        return KafkaSettings(bootstrap_servers=self.stack.environment()["SCREENALYTICS_KAFKA__BOOTSTRAP_SERVERS"])


@asynccontextmanager
async def attacked() -> AsyncIterator[Target]:
    """A stack of its own in a temporary folder, with one episode that has no video."""
    async with AsyncExitStack() as opened:
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="hostile-")))
        stack = await opened.enter_async_context(Stack(variables=NO_ADDRESSES, triton_command=embedded_triton()))
        issuer = opened.enter_context(issuing())
        addresses = stack.environment()
        settings = MongoSettings(uri=SecretAddress(addresses["SCREENALYTICS_MONGO__URI"]))
        database = await opened.enter_async_context(mongo.connect(settings))
        for owner in ("chassis", "ingest", "grouper", "identity"):
            await ensure_indexes(database, owner=owner)
        api_keys = ApiKeys(database)
        keys = {role: (await api_keys.create(name=role, role=role))[1] for role in ("viewer", "operator", "admin")}
        ports = {name: choose_free_port() for name in SERVICES}
        services = [_service(name, ports[name], folder, {**addresses, **issuer.variables(KEYS_S)}) for name in SERVICES]
        for service in services:
            opened.push_async_callback(service.stop)
            service.start()
        for service in services:
            await service.wait_ready(READY_S)
        target = Target(
            port=ports["api"],
            keys=keys,
            api_keys=api_keys,
            database=database,
            issuer=issuer,
            stack=stack,
            folder=folder,
            pids=[service.pid for service in services if service.pid is not None],
        )
        async with httpx.AsyncClient(base_url=target.url, headers={"X-API-Key": keys["admin"]}) as client:
            made = await client.post("/episodes", json={"show": SHOW, "season": 1, "episode": 1})
            made.raise_for_status()
        yield target


def _service(name: str, port: int, folder: Path, variables: Mapping[str, str]) -> ServiceProcess:
    own = {
        "SCREENALYTICS_HTTP__HOST": "127.0.0.1",
        "SCREENALYTICS_HTTP__PORT": str(port),
        "SCREENALYTICS_AUTH__MODE": "keys+oidc",
        "SCREENALYTICS_API__REQUESTS_PER_MINUTE": "100000",
        "SCREENALYTICS_TELEMETRY__LOG_LEVEL": "ERROR",
        "SCREENALYTICS_DECODING__MEMORY_MIB": str(DECODING_MIB),
    }
    return ServiceProcess(
        service=name,
        directory=folder / name,
        log_path=folder / f"{name}.log",
        variables={**variables, **own},
        health_url=f"http://127.0.0.1:{port}/internal/ready",
    )
