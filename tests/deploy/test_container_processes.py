"""The containers' commands, run as plain processes with exactly the environment that the deployments give them.

The broker is Apache Kafka, because they ask for what the embedded one cannot do; the other servers are embedded ones.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from chassis.s3.storage import Storage
from contracts.events import SERVICES
from contracts.topics import TOPICS
from screenalytics.local.machine import settings_for
from screenalytics.local.servers import Stack, check_installed
from tests.deploy.processes import (
    Container,
    assert_an_episode_gets_its_cast,
    of_compose,
    of_kubernetes,
    run_to_the_end,
    started,
    triton_on,
)
from tests.deploy.rights import master_of, with_just_their_rights
from tests.e2e.conftest import MEDIA
from tests.support import apache_kafka

pytestmark = [
    pytest.mark.integration,
    pytest.mark.kafka,
    pytest.mark.skipif(bool(check_installed()), reason=f"embedded servers missing: {check_installed()}"),
    pytest.mark.skipif(apache_kafka.available() is not None, reason=f"no Apache Kafka: {apache_kafka.available()}"),
]

NOBODY_THERE = "127.0.0.1:1"
DEPLOYMENTS = {"compose": of_compose, "kubernetes": lambda: of_kubernetes("local")}
SET_UP = {"compose": ("topics", "indexes"), "kubernetes": ("setup-topics", "setup-indexes")}


@pytest.fixture(params=sorted(DEPLOYMENTS))
def deployment(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def containers(deployment: str) -> dict[str, Container]:
    return DEPLOYMENTS[deployment]()


@pytest_asyncio.fixture(scope="module")
async def stack() -> AsyncIterator[Stack]:
    """The embedded servers, with Apache Kafka as the broker."""
    with tempfile.TemporaryDirectory(prefix="screenalytics-containers-") as folder:
        async with apache_kafka.ApacheKafka(Path(folder)) as broker:
            variables = {"SCREENALYTICS_KAFKA__BOOTSTRAP_SERVERS": broker.bootstrap_servers}
            async with Stack(variables=variables) as running:
                settings = settings_for(running.environment()).s3
                for bucket in DEPLOYMENTS:  # as the S3 servers of the deployments make them
                    async with Storage.connect(settings.model_copy(update={"bucket": bucket})) as storage:
                        await storage.ensure_bucket()
                yield running


@pytest.fixture(scope="module")
def servers(stack: Stack) -> dict[str, str]:
    """Variables that replace the deployments' host names."""
    return stack.environment()


@pytest.fixture
def addresses(servers: dict[str, str], deployment: str) -> dict[str, str]:
    """The same with a database of the deployment's own, and without Triton."""
    own = {"SCREENALYTICS_MONGO__DATABASE": deployment, "SCREENALYTICS_S3__BUCKET": deployment}
    return servers | own | {"SCREENALYTICS_TRITON__URL": NOBODY_THERE}


@pytest_asyncio.fixture(scope="module")
async def triton(servers: dict[str, str]) -> AsyncIterator[str]:
    """The address of a Triton with the models."""
    async with triton_on(servers) as url:
        yield url


async def test_the_set_up_containers_make_topics_and_indexes_and_may_run_again(
    containers: dict[str, Container], addresses: dict[str, str], deployment: str
) -> None:
    topics, indexes = SET_UP[deployment]
    for _ in range(2):
        assert f"{len(TOPICS)} of {len(TOPICS)} topics" in await run_to_the_end(containers[topics], addresses)
    assert "indexes are as declared" in await run_to_the_end(containers[indexes], addresses)


async def test_a_service_gets_ready_and_ends_cleanly_when_told_to(
    containers: dict[str, Container], addresses: dict[str, str], deployment: str, tmp_path: Path
) -> None:
    await run_to_the_end(containers[SET_UP[deployment][0]], addresses)
    async with started(containers["ingest"], addresses, tmp_path) as ingest:
        ready = json.loads(await ingest.wait_for("/internal/ready", 200))
        assert ready["dependencies"] == {"kafka": "ok", "mongo": "ok", "s3": "ok"}
        assert b"screenalytics_dependency_up" in await ingest.wait_for("/internal/metrics", 200)
        await ingest.wait_for_log("service started")
        assert await ingest.terminate() == 0


async def test_a_service_whose_triton_is_away_is_alive_not_ready_and_says_why(
    containers: dict[str, Container], addresses: dict[str, str], tmp_path: Path
) -> None:
    async with started(containers["detector"], addresses, tmp_path) as detector:
        await detector.wait_for("/internal/alive", 204)
        dependencies = json.loads(await detector.wait_for("/internal/ready", 503))["dependencies"]
        assert dependencies.pop("triton") != "ok"
        assert {"mongo": "ok", "s3": "ok"}.items() <= dependencies.items()
        assert await detector.terminate() == 0


async def test_the_api_gets_ready_and_keys_are_made_where_it_runs(servers: dict[str, str], tmp_path: Path) -> None:
    api = of_compose()["api"]
    async with started(api, servers | {"SCREENALYTICS_TRITON__URL": NOBODY_THERE}, tmp_path) as running:
        await running.wait_for("/internal/ready", 200)
        tools = of_compose()["tools"]
        key = await run_to_the_end(
            replace(tools, command=["keys", "create", "newsroom", "--role", "operator"]), servers
        )
        assert key.strip()
        listed = await run_to_the_end(replace(tools, command=["keys", "list"]), servers)
        assert "newsroom" in listed
        assert key.strip() not in listed
        assert await running.terminate() == 0


async def test_the_clusters_console_needs_no_server_to_serve_its_page(tmp_path: Path) -> None:
    async with started(of_kubernetes("local")["console"], {}, tmp_path) as console:
        await console.wait_for("/internal/ready", 200)
        assert b"<!doctype html>" in (await console.wait_for("/", 200)).lower()
        await console.wait_for("/episodes", 404)
        assert await console.terminate() == 0


@pytest.mark.e2e
async def test_an_episode_goes_through_all_containers(
    containers: dict[str, Container],
    addresses: dict[str, str],
    stack: Stack,
    triton: str,
    deployment: str,
    tmp_path: Path,
) -> None:
    video = MEDIA / "sample-episode-2.mp4"
    if not video.exists():
        pytest.skip("the labelled episodes are not here")
    complete = addresses | {"SCREENALYTICS_TRITON__URL": triton, "SCREENALYTICS_PLANNING__SEGMENT_S": "4"}
    for name in SET_UP[deployment]:
        await run_to_the_end(containers[name], complete)
    async with with_just_their_rights(complete, master_of(stack), SERVICES) as rights:
        await assert_an_episode_gets_its_cast(
            containers, complete, video=video, clients=complete, folder=tmp_path, own=rights.variables
        )
        assert rights.refused == {name: [] for name in SERVICES}
        await rights.assert_objects_are_closed_to("detector", "raw/facebank/")
        await rights.assert_objects_are_closed_to("embedder", "raw/facebank/")
        await rights.assert_objects_are_closed_to("grouper", "raw/videos/")
        assert await rights.codes_of("detector", {"find": "api_keys"}, {"insert": "api_keys"}) == [13, 13]
        assert await rights.codes_of("embedder", {"find": "facebanks"}, {"find": "facebank_pictures"}) == [13, 13]
        assert await rights.codes_of("identity", {"find": "episodes"}, {"delete": "episodes"}) == [None, 13]
