"""The services as the gpu overlay declares them, on a Kafka with TLS, SCRAM and exactly the committed access list."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import TopicAuthorizationFailedError

from chassis.kafka.connection import client_options
from contracts.topics import TOPICS
from screenalytics.local.servers import Stack, check_installed
from tests.deploy.checks import ROOT
from tests.deploy.kustomize import load_documents
from tests.deploy.processes import assert_an_episode_gets_its_cast, of_kubernetes, run_to_the_end, triton_on
from tests.deploy.test_manifests import EXAMPLE_SECRETS
from tests.e2e.conftest import MEDIA
from tests.support import secured_kafka
from tests.support.secured_kafka import ADMIN, ADMIN_PASSWORD, SecuredKafka

pytestmark = [
    pytest.mark.integration,
    pytest.mark.kafka,
    pytest.mark.skipif(bool(check_installed()), reason=f"embedded servers missing: {check_installed()}"),
    pytest.mark.skipif(secured_kafka.unavailable() is not None, reason=f"{secured_kafka.unavailable()}"),
]

SCALER = "screenalytics-scaler"
NOBODY_THERE = "127.0.0.1:1"


def passwords() -> dict[str, str]:
    """The users of the example secrets: name to password."""
    found = {}
    for secret in load_documents(EXAMPLE_SECRETS):
        values = secret["stringData"]
        for name, password in (
            ("SCREENALYTICS_KAFKA__SASL_USERNAME", "SCREENALYTICS_KAFKA__SASL_PASSWORD"),
            ("username", "password"),
        ):
            if name in values:
                found[values[name]] = values[password]
    return found


@pytest_asyncio.fixture(scope="module")
async def broker() -> AsyncIterator[SecuredKafka]:
    with tempfile.TemporaryDirectory(prefix="screenalytics-secured-") as folder:
        async with SecuredKafka(Path(folder), passwords()) as running:
            document = (ROOT / "deploy" / "kafka" / "acls.md").read_text(encoding="utf-8")
            assert await secured_kafka.apply_access_list(running.settings(ADMIN), document) > 100
            yield running


@pytest_asyncio.fixture(scope="module")
async def servers(broker: SecuredKafka) -> AsyncIterator[dict[str, str]]:
    """What differs from the overlay: addresses, one broker instead of three, and where the certificate lies."""
    async with Stack(variables={"SCREENALYTICS_KAFKA__BOOTSTRAP_SERVERS": broker.bootstrap_servers}) as stack:
        yield stack.environment() | {
            "SCREENALYTICS_KAFKA__SSL_CAFILE": str(broker.ca_file),
            "SCREENALYTICS_KAFKA__REPLICATION_FACTOR": "1",
            "SCREENALYTICS_TRITON__URL": NOBODY_THERE,
        }


@pytest_asyncio.fixture(scope="module")
async def topics(servers: dict[str, str]) -> None:
    """The set-up job, with its own user's rights."""
    printed = await run_to_the_end(of_kubernetes("gpu")["setup-topics"], servers)
    assert f"{len(TOPICS)} of {len(TOPICS)} topics" in printed


@pytest.mark.usefixtures("topics")
async def test_no_service_may_publish_or_read_what_is_not_its_business(broker: SecuredKafka) -> None:
    options = client_options(broker.settings("screenalytics-detector"))
    async with AIOKafkaProducer(**options) as producer:
        with pytest.raises(TopicAuthorizationFailedError):
            await producer.send_and_wait("segment.ready", b"{}")
    async with AIOKafkaConsumer(**options, group_id=None, auto_offset_reset="earliest") as consumer:
        consumer.assign([TopicPartition("segment.tracked", 0)])
        with pytest.raises(TopicAuthorizationFailedError):
            await consumer.getone()


@pytest.mark.usefixtures("topics")
async def test_the_scaler_sees_the_lag_of_a_group_and_no_message(broker: SecuredKafka) -> None:
    place = TopicPartition("segment.ready", 0)
    async with AIOKafkaConsumer(
        **client_options(broker.settings("screenalytics-detector")), group_id="detector", enable_auto_commit=False
    ) as detector:
        detector.assign([place])
        await detector.commit({place: 0})
    options = client_options(broker.settings(SCALER))
    admin = AIOKafkaAdminClient(**options)
    await admin.start()
    try:
        assert (await admin.list_consumer_group_offsets("detector"))[place].offset == 0
    finally:
        await admin.close()
    async with AIOKafkaConsumer(**options, group_id=None, auto_offset_reset="earliest") as consumer:
        consumer.assign([place])
        assert await consumer.end_offsets([place]) == {place: 0}
        with pytest.raises(TopicAuthorizationFailedError):
            await consumer.getone()


@pytest.mark.e2e
@pytest.mark.usefixtures("topics")
async def test_an_episode_gets_through_with_the_rights_of_the_access_list(
    broker: SecuredKafka, servers: dict[str, str], tmp_path: Path
) -> None:
    video = MEDIA / "sample-episode-2.mp4"
    if not video.exists():
        pytest.skip("the labelled episodes are not here")
    containers = of_kubernetes("gpu")
    async with triton_on(servers) as url:
        addresses = servers | {"SCREENALYTICS_TRITON__URL": url, "SCREENALYTICS_PLANNING__SEGMENT_S": "4"}
        await run_to_the_end(containers["setup-indexes"], addresses)
        clients = addresses | {
            "SCREENALYTICS_KAFKA__SECURITY_PROTOCOL": "SASL_SSL",
            "SCREENALYTICS_KAFKA__SASL_USERNAME": ADMIN,
            "SCREENALYTICS_KAFKA__SASL_PASSWORD": ADMIN_PASSWORD,
        }
        await assert_an_episode_gets_its_cast(containers, addresses, video=video, clients=clients, folder=tmp_path)
