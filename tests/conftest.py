"""Fixtures that several parts of the test suite share."""

from __future__ import annotations

import logging
import os
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
import structlog
from hypothesis import HealthCheck, settings

from chassis.mongo.database import Database, connect
from chassis.settings import MongoSettings, SecretAddress
from chassis.video import limited
from screenalytics.local.servers import Stack, check_installed
from screenalytics.local.servers.stack import MONGO_DATABASE, MONGO_URI
from tests.support import containers
from tests.support.brokers import (
    BrokerUnderTest,
    apache_broker,
    container_broker,
    embedded_broker,
    forget_earlier_tests,
)
from tests.support.rig import Rig, rig_on

limited.prepare(
    "services.detector.reading.segment_frames",
    "services.ingest.video.clips",
    "services.ingest.video.probing",
    "tests.support.limited_work",
)

settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")
"""How long an example takes says how loaded the machine is, never whether the code is right."""

OTHER_MONGO = "SCREENALYTICS_TEST_MONGO_URI"
"""Names a server of the MongoDB protocol that is used instead of the embedded one (`tests/ferretdb`)."""


def _addresses() -> dict[str, str]:
    """The servers that are not to be embedded: none, where nothing is said."""
    other = os.environ.get(OTHER_MONGO)
    return {} if other is None else {MONGO_URI: other, MONGO_DATABASE: f"test-{uuid.uuid4().hex}"}


@pytest_asyncio.fixture(scope="module")
async def embedded_stack() -> AsyncIterator[Stack]:
    """The embedded S3, Kafka and MongoDB servers without inference, one set for the tests of a module.

    Not for the whole session: tests of the servers themselves look at what runs.
    """
    missing = check_installed()
    if missing:
        pytest.skip(f"embedded servers missing: {missing}")
    async with Stack(variables=_addresses()) as running:
        yield running


@pytest_asyncio.fixture(scope="session")
async def container_stack() -> AsyncIterator[Stack]:
    """The same servers as containers of the images that docker-compose.yml names, for all tests."""
    reason = containers.available()
    if reason is not None:
        pytest.skip(f"no Docker: {reason}")
    async with containers.addresses(with_triton=False) as variables, Stack(variables=variables) as running:
        yield running


@pytest.fixture(scope="module", params=["embedded", pytest.param("container", marks=pytest.mark.docker)])
def stack(request: pytest.FixtureRequest) -> Stack:
    """S3, Kafka and MongoDB: embedded, then as containers."""
    found: Stack = request.getfixturevalue(f"{request.param}_stack")
    return found


@pytest_asyncio.fixture(scope="session")
async def apache() -> AsyncIterator[BrokerUnderTest]:
    """One Apache Kafka for all tests."""
    async with apache_broker() as broker:
        yield broker


@pytest_asyncio.fixture
async def apache_kafka(apache: BrokerUnderTest) -> BrokerUnderTest:
    """The Apache Kafka, with nothing left to do."""
    await apache.proxy.restore()
    await forget_earlier_tests(apache)
    return apache


@pytest_asyncio.fixture(scope="session")
async def container() -> AsyncIterator[BrokerUnderTest]:
    """One Apache Kafka in a container for all tests."""
    async with container_broker() as broker:
        yield broker


@pytest_asyncio.fixture
async def container_kafka(container: BrokerUnderTest) -> BrokerUnderTest:
    """The Apache Kafka in a container, with nothing left to do."""
    await container.proxy.restore()
    await forget_earlier_tests(container)
    return container


@pytest_asyncio.fixture
async def embedded_kafka(tmp_path: Path) -> AsyncIterator[BrokerUnderTest]:
    """An embedded broker of the test's own."""
    missing = check_installed()
    if missing:
        pytest.skip(f"embedded servers missing: {missing}")
    async with embedded_broker(tmp_path) as broker:
        yield broker


@pytest.fixture(
    params=[
        "embedded",
        pytest.param("apache", marks=pytest.mark.kafka),
        pytest.param("container", marks=pytest.mark.docker),
    ]
)
def kafka(request: pytest.FixtureRequest) -> BrokerUnderTest:
    """A broker without a past: the embedded one, then Apache Kafka as a process and as a container."""
    broker: BrokerUnderTest = request.getfixturevalue(f"{request.param}_kafka")
    return broker


@pytest_asyncio.fixture
async def rig(kafka: BrokerUnderTest) -> AsyncIterator[Rig]:
    """A rig on each broker."""
    async with rig_on(kafka) as running:
        yield running


@pytest_asyncio.fixture
async def apache_rig(apache_kafka: BrokerUnderTest) -> AsyncIterator[Rig]:
    """A rig for what only Apache Kafka can do."""
    async with rig_on(apache_kafka) as running:
        yield running


@pytest.fixture(scope="session", autouse=True)
def quiet_logs() -> None:
    """Failures that tests cause on purpose fill no screen."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)


@pytest.fixture
def mongo_uri(stack: Stack) -> str:
    """Where the embedded MongoDB server is."""
    return stack.environment()["SCREENALYTICS_MONGO__URI"]


@pytest_asyncio.fixture
async def database(mongo_uri: str) -> AsyncIterator[Database]:
    """An empty MongoDB database of the test's own, on the embedded server."""
    settings = MongoSettings(uri=SecretAddress(mongo_uri), database=f"test-{uuid.uuid4().hex}")
    async with connect(settings) as opened:
        yield opened
        await opened.client.drop_database(opened.name)
