"""Fixtures that several parts of the test suite share."""

from __future__ import annotations

import logging
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
import structlog

from chassis.settings import MongoSettings
from chassis.store import Database, connect
from screenalytics.stack import Stack, check_installed
from tests.support.brokers import BrokerUnderTest, apache_broker, embedded_broker, forget_earlier_tests
from tests.support.rig import Rig, rig_on

NO_ADDRESSES: dict[str, str] = {}


@pytest_asyncio.fixture(scope="module")
async def stack() -> AsyncIterator[Stack]:
    """The embedded S3, Kafka and MongoDB servers without inference, one set for the tests of a module.

    Not for the whole session: tests of the servers themselves look at what runs.
    """
    missing = check_installed()
    if missing:
        pytest.skip(f"embedded servers missing: {missing}")
    async with Stack(variables=NO_ADDRESSES) as running:
        yield running


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


@pytest_asyncio.fixture
async def embedded_kafka(tmp_path: Path) -> AsyncIterator[BrokerUnderTest]:
    """An embedded broker of the test's own."""
    missing = check_installed()
    if missing:
        pytest.skip(f"embedded servers missing: {missing}")
    async with embedded_broker(tmp_path) as broker:
        yield broker


@pytest.fixture(params=["embedded", pytest.param("apache", marks=pytest.mark.kafka)])
def kafka(request: pytest.FixtureRequest) -> BrokerUnderTest:
    """A broker without a past: the embedded one, then Apache Kafka."""
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
    settings = MongoSettings(uri=mongo_uri, database=f"test-{uuid.uuid4().hex}")
    async with connect(settings) as opened:
        yield opened
        await opened.client.drop_database(opened.name)
