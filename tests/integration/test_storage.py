"""Artifacts in a real S3 server."""

from __future__ import annotations

import asyncio
import hashlib
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import aioboto3
import pytest
import pytest_asyncio
from pydantic import SecretStr

from chassis.errors import DependencyUnavailable
from chassis.s3.storage import ObjectChanged, ObjectMissing, Storage
from chassis.settings import S3Settings, revealed
from screenalytics.local.servers import Stack
from screenalytics.local.servers.ports import choose_free_port
from tests.support.buckets import own_bucket
from tests.support.rig import until
from tests.support.tcp_proxy import TcpProxy

pytestmark = pytest.mark.integration


@pytest.fixture
def settings(stack: Stack) -> S3Settings:
    """A bucket of the test's own."""
    addresses = stack.environment()
    return S3Settings(
        endpoint_url=addresses["SCREENALYTICS_S3__ENDPOINT_URL"],
        access_key=SecretStr(addresses["SCREENALYTICS_S3__ACCESS_KEY"]),
        secret_key=SecretStr(addresses["SCREENALYTICS_S3__SECRET_KEY"]),
        region=addresses["SCREENALYTICS_S3__REGION"],
        bucket=f"test-{uuid.uuid4().hex}",
    )


@pytest_asyncio.fixture
async def storage(settings: S3Settings) -> AsyncIterator[Storage]:
    async with Storage.connect(settings) as opened, own_bucket(opened):
        await opened.ensure_bucket()
        yield opened


async def test_what_was_written_is_read_back_and_checked(storage: Storage) -> None:
    ref = await storage.put("a/b.json", b'{"a": 1}')
    assert await storage.get(ref) == b'{"a": 1}'
    assert (ref.bytes, ref.media_type) == (8, "application/json")
    assert await storage.find("a/b.json") == (8, ref.sha256)
    await storage.put("a/b.json", b'{"a": 2}')
    with pytest.raises(ObjectChanged):
        await storage.get(ref)


async def test_what_is_not_there_is_said_so(storage: Storage) -> None:
    assert await storage.find("nothing") is None
    with pytest.raises(ObjectMissing, match="upload it again"):
        await storage.read(storage.uri("nothing"))
    with pytest.raises(ObjectMissing):
        await storage.hash_object(storage.uri("nothing"))


async def test_an_object_of_somebody_else_is_hashed_in_pieces(storage: Storage, settings: S3Settings) -> None:
    data = bytes(range(256)) * 10_000
    session = aioboto3.Session(
        aws_access_key_id=revealed(settings.access_key),
        aws_secret_access_key=revealed(settings.secret_key),
        region_name=settings.region,
    )
    async with session.client("s3", endpoint_url=settings.endpoint_url) as client:
        await client.put_object(Bucket=settings.bucket, Key="theirs.mp4", Body=data)
    assert await storage.describe(storage.uri("theirs.mp4")) == (len(data), None)
    assert await storage.hash_object(storage.uri("theirs.mp4")) == (hashlib.sha256(data).hexdigest(), len(data))


async def test_a_folder_is_uploaded_once(storage: Storage, tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "a.json").write_bytes(b"1")
    (tmp_path / "sub" / "b.csv").write_bytes(b"2")
    first = await storage.sync_to_s3(tmp_path, "synced/")
    assert sorted(first) == ["a.json", "sub/b.csv"]
    (tmp_path / "a.json").write_bytes(b"3")
    second = await storage.sync_to_s3(tmp_path, "synced/")
    assert second["sub/b.csv"] == first["sub/b.csv"]
    assert await storage.get(second["a.json"]) == b"3"
    assert {key async for key in storage.list_keys("synced/")} == {"synced/a.json", "synced/sub/b.csv"}


async def test_a_copy_has_the_same_content(storage: Storage) -> None:
    ref = await storage.put("from.json", b"x")
    copy = await storage.copy(ref, "to.json")
    assert await storage.get(copy) == b"x"


async def test_a_server_that_is_away_is_a_dependency_and_not_a_missing_object(settings: S3Settings) -> None:
    nowhere = settings.model_copy(update={"endpoint_url": f"http://127.0.0.1:{choose_free_port()}", "timeout_s": 1.0})
    async with Storage.connect(nowhere) as storage:
        with pytest.raises(DependencyUnavailable):
            await storage.find("a")
        assert not await storage.reachable()


async def test_a_connection_that_breaks_in_the_middle_of_an_object_is_a_dependency_away(
    storage: Storage, settings: S3Settings
) -> None:
    ref = await storage.put("large.bin", bytes(32 * 2**20))
    assert settings.endpoint_url is not None
    async with TcpProxy(int(settings.endpoint_url.rpartition(":")[2])) as proxy:
        far = settings.model_copy(update={"endpoint_url": f"http://127.0.0.1:{proxy.port}"})
        async with Storage.connect(far) as client:
            proxy.delay(0.5)
            for read in (client.read, client.hash_object):
                reading = asyncio.create_task(read(ref.uri))
                await until("the connection", lambda: proxy.connection_count > 0)
                await asyncio.sleep(1.5)  # the head of the answer is here, most of the object is on its way
                await proxy.cut()
                await proxy.restore()
                with pytest.raises(DependencyUnavailable):
                    await reading
                proxy.delay(0.5)
