"""The HTTP API of ingest on the embedded servers, for tests."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from fastapi import FastAPI
from pydantic import SecretStr

from chassis import service
from chassis.kafka.bus import Bus
from chassis.mongo.database import Database, ensure_indexes
from chassis.service import Resources, Wiring
from chassis.settings import AuthSettings, KafkaSettings, MongoSettings, S3Settings, SecretAddress, StreamSettings
from contracts.blobs import BlobRef, VideoRef
from contracts.events import (
    EpisodeProgress,
    EpisodeUploaded,
    RunStarted,
    ScreenTimeReported,
    SegmentReady,
    Stage,
    VisibleSeconds,
)
from screenalytics.local.servers import Stack
from services.ingest.app import wire
from services.ingest.commands.deletion import Deletion
from services.ingest.settings import DeletionSettings, IngestSettings, ReconcilerSettings
from services.ingest.store.runs import IngestStore
from tests.support.brokers import BrokerUnderTest
from tests.support.buckets import own_bucket
from tests.support.rig import Rig, rig_on

EPISODE = "my-show-s01e02"
OPEN_EPISODE = "my-show-s01e03"
EARLIER_RUN, FINISHED_RUN, OPEN_RUN = (f"01JGFJJZ00ABCDEFGHJKMNPQR{number}" for number in range(3))


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
        mongo=MongoSettings(uri=SecretAddress(addresses["SCREENALYTICS_MONGO__URI"]), database=database.name),
        s3=S3Settings(
            endpoint_url=addresses["SCREENALYTICS_S3__ENDPOINT_URL"],
            access_key=SecretStr(addresses["SCREENALYTICS_S3__ACCESS_KEY"]),
            secret_key=SecretStr(addresses["SCREENALYTICS_S3__SECRET_KEY"]),
            region=addresses["SCREENALYTICS_S3__REGION"],
            bucket=f"test-{uuid.uuid4().hex}",
        ),
        reconciler=ReconcilerSettings(every_s=60),
        progress=StreamSettings(poll_s=0.05, heartbeat_s=1),
        deletion=DeletionSettings(second_pass_s=0.001),
        **more,
    )


@asynccontextmanager
async def ingest_api(stack: Stack, database: Database, **more: Any) -> AsyncIterator[IngestApi]:
    """The API of ingest, connected as the service connects it."""
    settings = settings_on(stack, database, **more)
    async with (
        service.connect("ingest", settings, inference=False) as resources,
        own_bucket(resources.storage),
    ):
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
    broker = BrokerUnderTest(name="embedded", settings=api.resources.settings.kafka, proxy=nothing, server=nothing)
    async with rig_on(broker) as rig:
        yield rig


async def seed_examples(api: IngestApi, video: bytes) -> dict[str, str]:
    """What the documented examples speak of; the values of their variables."""
    store = IngestStore(api.resources.database)
    ref = await api.resources.storage.put(f"raw/videos/{EPISODE}/episode.mp4", video)
    for run_id, seconds in ((EARLIER_RUN, 10.0), (FINISHED_RUN, 12.5)):
        await plan_of(store, EPISODE, run_id, ref)
        await store.finish(
            ScreenTimeReported(
                ep_id=EPISODE,
                run_id=run_id,
                revision=1,
                duration_s=6.0,
                report=ref,
                manifests={},
                cast=(VisibleSeconds(cast_id="ann", name="Ann", visible_s=seconds),),
                unidentified=1,
            )
        )
    await plan_of(store, OPEN_EPISODE, OPEN_RUN, ref)
    stages: tuple[Stage, ...] = ("detector", "embedder")
    for stage, done in zip(stages, (3, 2), strict=True):
        for segment in range(done):
            await store.record_progress(
                EpisodeProgress(ep_id=OPEN_EPISODE, run_id=OPEN_RUN, stage=stage, segment=segment, done=1, total=4)
            )
    return {
        "ep_id": EPISODE,
        "run_id": FINISHED_RUN,
        "other_run_id": EARLIER_RUN,
        "open_ep_id": OPEN_EPISODE,
        "open_run_id": OPEN_RUN,
        "video_uri": ref.uri,
    }


async def plan_of(store: IngestStore, ep_id: str, run_id: str, video: BlobRef, *, segments: int = 4) -> None:
    """Plan a run of a six seconds' video, as ingest does."""
    started = RunStarted(
        ep_id=ep_id,
        run_id=run_id,
        upload_event_id="u",
        segments=segments,
        duration_s=6.0,
        profile="balanced",
        width=320,
        height=240,
        codec="h264",
        fps=25.0,
    )
    requests = [
        SegmentReady(
            ep_id=ep_id,
            run_id=run_id,
            segment=segment,
            segments=segments,
            video=video,
            stream_index=0,
            origin_s=0.0,
            start_s=6.0 * segment / segments,
            end_s=6.0 * (segment + 1) / segments,
            duration_s=6.0,
            profile="balanced",
        )
        for segment in range(segments)
    ]
    named = VideoRef(uri=video.uri, sha256=video.sha256, bytes=video.bytes, filename="episode.mp4")
    await store.save_plan(started, requests, EpisodeUploaded(ep_id=ep_id, video=named))


KEYS_ONLY = AuthSettings(mode="keys")
