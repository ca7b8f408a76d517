"""The HTTP API of ingest on the embedded servers, for tests."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from fastapi import FastAPI

from chassis import service
from chassis.bus import Bus
from chassis.service import Resources, Wiring
from chassis.settings import AuthSettings, KafkaSettings, MongoSettings, S3Settings
from chassis.store import Database, ensure_indexes
from screenalytics.stack import Stack
from services.ingest.app import wire
from services.ingest.deletion import Deletion
from services.ingest.settings import DeletionSettings, IngestSettings, ProgressSettings, ReconcilerSettings
from tests.support.brokers import BrokerUnderTest
from tests.support.rig import Rig, rig_on

EPISODE = "my-show-s01e02"


@dataclass(frozen=True, kw_only=True)
class IngestApi:
    """A client, and what is behind it. Its bus publishes and consumes nothing until a test says so."""

    client: httpx.AsyncClient
    app: FastAPI
    resources: Resources[IngestSettings]
    wiring: Wiring

    @property
    def bus(self) -> Bus:
        return self.resources.bus

    @property
    def deletion(self) -> Deletion:
        return next(part for part in self.wiring.parts if isinstance(part, Deletion))

    async def ask(self, method: str, path: str, *, status: int = 200, **options: Any) -> Any:
        """The data of a successful answer, or the error of another one; the status must be the expected one."""
        answer = await self.client.request(method, path, **options)
        assert answer.status_code == status, (answer.status_code, answer.text[:1000])
        body = answer.json()
        return body["data"] if body["success"] else body["error"]


def settings_on(stack: Stack, database: Database, **more: Any) -> IngestSettings:
    """Settings of a service on the test's servers, with a bucket of the test's own."""
    addresses = stack.environment()
    return IngestSettings(
        kafka=KafkaSettings(bootstrap_servers=addresses["SCREENALYTICS_KAFKA__BOOTSTRAP_SERVERS"]),
        mongo=MongoSettings(uri=addresses["SCREENALYTICS_MONGO__URI"], database=database.name),
        s3=S3Settings(
            endpoint_url=addresses["SCREENALYTICS_S3__ENDPOINT_URL"],
            access_key=addresses["SCREENALYTICS_S3__ACCESS_KEY"],
            secret_key=addresses["SCREENALYTICS_S3__SECRET_KEY"],
            region=addresses["SCREENALYTICS_S3__REGION"],
            bucket=f"test-{uuid.uuid4().hex}",
        ),
        reconciler=ReconcilerSettings(every_s=60),
        progress=ProgressSettings(poll_s=0.05, heartbeat_s=1),
        deletion=DeletionSettings(second_pass_s=0.001),
        **more,
    )


@asynccontextmanager
async def ingest_api(stack: Stack, database: Database, **more: Any) -> AsyncIterator[IngestApi]:
    """The API of ingest, connected as the service connects it."""
    settings = settings_on(stack, database, **more)
    async with service.connect("ingest", settings, inference=False) as resources:
        await resources.storage.ensure_bucket()
        await ensure_indexes(resources.database, owner="ingest")
        await resources.bus.start_publishing()
        wiring = wire(resources)
        app = service.application_of("ingest", resources, wiring)
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://test", timeout=30) as client:
            try:
                yield IngestApi(client=client, app=app, resources=resources, wiring=wiring)
            finally:
                await resources.bus.stop()


@asynccontextmanager
async def hearing(api: IngestApi) -> AsyncIterator[Rig]:
    """What the API publishes from now on; the broker is the module's, without a proxy in between."""
    nothing: Any = None
    broker = BrokerUnderTest(name="embedded", settings=api.resources.settings.kafka, proxy=nothing)
    async with rig_on(broker) as rig:
        yield rig


KEYS_ONLY = AuthSettings(mode="keys")
