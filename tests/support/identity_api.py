"""The identity service's HTTP API on real stores, called without a socket."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import httpx
from fastapi import APIRouter
from pydantic import SecretStr

from chassis.http import application
from chassis.mongo.database import Database
from chassis.s3.artifact_reader import ArtifactReader
from chassis.s3.storage import Storage
from chassis.settings import AuthSettings, S3Settings
from screenalytics.local.servers import Stack
from services.identity.app import reading_parts
from services.identity.routers import media, screen_time, screen_time_exports, search
from services.identity.settings import IdentitySettings
from services.identity.store.revisions import RevisionStore
from tests.support.buckets import own_bucket

ROUTERS: tuple[APIRouter, ...] = (search.router, screen_time.router, screen_time_exports.router, media.router)


@asynccontextmanager
async def bucket_on(stack: Stack) -> AsyncIterator[tuple[S3Settings, Storage]]:
    """A bucket of the test's own."""
    addresses = stack.environment()
    settings = S3Settings(
        endpoint_url=addresses["SCREENALYTICS_S3__ENDPOINT_URL"],
        access_key=SecretStr(addresses["SCREENALYTICS_S3__ACCESS_KEY"]),
        secret_key=SecretStr(addresses["SCREENALYTICS_S3__SECRET_KEY"]),
        region=addresses["SCREENALYTICS_S3__REGION"],
        bucket=f"test-{uuid.uuid4().hex}",
    )
    async with Storage.connect(settings) as storage, own_bucket(storage):
        yield settings, storage


@asynccontextmanager
async def client_of(
    database: Database, settings: S3Settings, storage: Storage, *, auth: AuthSettings | None = None
) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the routers that read, wired as the service wires them."""
    service = IdentitySettings(s3=settings, auth=auth or AuthSettings(mode="off"))
    resources: Any = SimpleNamespace(settings=service, database=database, storage=storage)
    app = application.build("identity", ROUTERS)
    application.connect(
        app, service, database, reading_parts(resources, RevisionStore(database), ArtifactReader(storage))
    )
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://api") as client:
        yield client
