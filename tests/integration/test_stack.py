"""The embedded servers, really started."""

from __future__ import annotations

import socket
import sys
from pathlib import Path
from typing import Any

import aioboto3
import psutil
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from botocore.exceptions import ClientError
from pymongo import AsyncMongoClient

from screenalytics.local.servers import PortTaken, Stack, check_installed
from screenalytics.local.servers.directory import remove_abandoned
from screenalytics.local.servers.ports import LOOPBACK, choose_free_port
from tests.support.killed_parents import killed_at_the_end, runs, soon

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(bool(check_installed()), reason=f"embedded servers missing: {check_installed()}"),
]

TOPIC = "stack.test.v1"
GROUP = "stack-test"
NO_ADDRESSES: dict[str, str] = {}

RUN_A_STACK = """
import asyncio, json
from screenalytics.local.servers import Stack
async def main():
    async with Stack(variables={}) as stack:
        directory = str(stack.directory)
        leftovers = [path for server in stack.servers for path in server.leftovers()]
        print(json.dumps([directory, [server.pid for server in stack.servers], leftovers]), flush=True)
        await asyncio.sleep(60)
asyncio.run(main())
"""


def s3_client(environment: dict[str, str]) -> Any:
    return aioboto3.Session().client(
        "s3",
        endpoint_url=environment["SCREENALYTICS_S3__ENDPOINT_URL"],
        aws_access_key_id=environment["SCREENALYTICS_S3__ACCESS_KEY"],
        aws_secret_access_key=environment["SCREENALYTICS_S3__SECRET_KEY"],
        region_name=environment["SCREENALYTICS_S3__REGION"],
    )


def mongo_client(environment: dict[str, str]) -> AsyncMongoClient[dict[str, Any]]:
    return AsyncMongoClient(environment["SCREENALYTICS_MONGO__URI"])


async def create_topic(bootstrap_servers: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers)
    await admin.start()
    try:
        answer = await admin.create_topics([NewTopic(TOPIC, num_partitions=3, replication_factor=1)])
        assert [error for _, error, *_ in answer.topic_errors] == [0]
    finally:
        await admin.close()


async def produce(bootstrap_servers: str, values: list[bytes]) -> None:
    async with AIOKafkaProducer(bootstrap_servers=bootstrap_servers) as producer:
        for value in values:
            await producer.send_and_wait(TOPIC, value, key=value)


async def consume(bootstrap_servers: str, count: int) -> list[bytes]:
    """The next `count` values for the group, committed."""
    consumer = AIOKafkaConsumer(
        TOPIC,
        bootstrap_servers=bootstrap_servers,
        group_id=GROUP,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        fetch_max_wait_ms=20,
    )
    async with consumer:
        values = [(await consumer.getone()).value for _ in range(count)]
        await consumer.commit()
    return sorted(values)


def entries(directory: Path) -> list[Path]:
    return list(directory.iterdir())


async def test_every_server_serves_and_nothing_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    async with Stack(variables=NO_ADDRESSES) as stack:
        environment, directory = stack.environment(), stack.directory
        processes = [psutil.Process(server.pid) for server in stack.servers]
        leftovers = [Path(path) for server in stack.servers for path in server.leftovers()]
        bucket = environment["SCREENALYTICS_S3__BUCKET"]
        async with s3_client(environment) as s3:
            await s3.put_object(Bucket=bucket, Key="a/b", Body=b"object")
            answer = await s3.get_object(Bucket=bucket, Key="a/b")
            assert await answer["Body"].read() == b"object"
            with pytest.raises(ClientError, match="NoSuchBucket"):
                await s3.put_object(Bucket="mistyped", Key="a/b", Body=b"object")
        async with mongo_client(environment) as mongo:
            collection = mongo[environment["SCREENALYTICS_MONGO__DATABASE"]]["things"]
            await collection.insert_one({"_id": 1, "score": 0.1234567890123456})
            assert await collection.find_one({"_id": 1}) == {"_id": 1, "score": 0.1234567890123456}
        bootstrap_servers = environment["SCREENALYTICS_KAFKA__BOOTSTRAP_SERVERS"]
        await create_topic(bootstrap_servers)
        await produce(bootstrap_servers, [b"one", b"two"])
        assert await consume(bootstrap_servers, 2) == [b"one", b"two"]
    assert not any(runs(process) for process in processes)
    assert not directory.exists()
    assert not any(path.exists() for path in leftovers)
    assert entries(tmp_path) == []


async def test_servers_listen_on_loopback_only() -> None:
    async with Stack(variables=NO_ADDRESSES) as stack:
        listening = [
            connection.laddr.ip
            for server in stack.servers
            for connection in psutil.Process(server.pid).net_connections("inet")
            if connection.status == psutil.CONN_LISTEN
        ]
    assert len(listening) >= 12
    assert set(listening) == {LOOPBACK}


async def test_a_kept_directory_keeps_objects_documents_records_and_offsets(tmp_path: Path) -> None:
    async with Stack(data_dir=tmp_path, variables=NO_ADDRESSES) as stack:
        first = stack.environment()
        async with s3_client(first) as s3:
            await s3.put_object(Bucket=first["SCREENALYTICS_S3__BUCKET"], Key="kept", Body=b"object")
        async with mongo_client(first) as mongo:
            await mongo["kept"]["things"].insert_one({"_id": 1})
        await create_topic(first["SCREENALYTICS_KAFKA__BOOTSTRAP_SERVERS"])
        await produce(first["SCREENALYTICS_KAFKA__BOOTSTRAP_SERVERS"], [b"one", b"two"])
        assert await consume(first["SCREENALYTICS_KAFKA__BOOTSTRAP_SERVERS"], 2) == [b"one", b"two"]
        await produce(first["SCREENALYTICS_KAFKA__BOOTSTRAP_SERVERS"], [b"three"])

    # A port of the last time is taken now: the data must be found from other addresses too.
    s3_port = int(first["SCREENALYTICS_S3__ENDPOINT_URL"].rpartition(":")[2])
    with socket.create_server((LOOPBACK, s3_port)):
        async with Stack(data_dir=tmp_path, variables=NO_ADDRESSES) as stack:
            second = stack.environment()
            assert second["SCREENALYTICS_S3__ENDPOINT_URL"] != first["SCREENALYTICS_S3__ENDPOINT_URL"]
            assert second["SCREENALYTICS_MONGO__URI"] == first["SCREENALYTICS_MONGO__URI"]
            async with s3_client(second) as s3:
                answer = await s3.get_object(Bucket=second["SCREENALYTICS_S3__BUCKET"], Key="kept")
                assert await answer["Body"].read() == b"object"
            async with mongo_client(second) as mongo:
                assert await mongo["kept"]["things"].find_one({}) == {"_id": 1}
            await produce(second["SCREENALYTICS_KAFKA__BOOTSTRAP_SERVERS"], [b"four"])
            assert await consume(second["SCREENALYTICS_KAFKA__BOOTSTRAP_SERVERS"], 2) == [b"four", b"three"]


async def test_a_taken_port_fails_the_start_and_leaves_nothing_running() -> None:
    port = choose_free_port()
    with socket.create_server((LOOPBACK, port)), pytest.raises(PortTaken, match=f"Port {port}, asked for by Tansu"):
        async with Stack(variables=NO_ADDRESSES, fixed_ports={"tansu": {"kafka": port}}):
            pytest.fail("the stack must not start")
    ours = [child.name() for child in psutil.Process().children(recursive=True) if runs(child)]
    assert not {"weed", "tansu", "secantusd-py"} & set(ours)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has the parent-death signal")
def test_nothing_is_left_running_when_we_are_killed(tmp_path: Path) -> None:
    with killed_at_the_end(RUN_A_STACK, cwd=tmp_path) as (directory, pids, leftovers):
        servers = [psutil.Process(pid) for pid in pids]
        assert len(servers) == 3 and all(runs(server) for server in servers)
    assert soon(lambda: not any(runs(server) for server in servers))
    # What lies on the disk is removed by the next stack.
    remove_abandoned()
    assert not Path(directory).exists()
    assert not any(Path(path).exists() for path in leftovers)
