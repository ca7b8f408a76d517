"""Services with just the rights that the deployments give them: own users in MongoDB, own identities in the bucket."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError
from bson import SON
from pydantic import SecretStr
from pymongo import AsyncMongoClient
from pymongo.errors import OperationFailure

from chassis.s3.storage import Storage
from chassis.settings import S3Settings
from contracts.events import Service
from screenalytics.local.machine import settings_for
from screenalytics.local.servers import Stack
from screenalytics.local.servers.programs import seaweedfs_program
from screenalytics.rights.declared import RIGHTS
from screenalytics.rights.mongo import privileges
from screenalytics.rights.s3 import USERS, seaweedfs_script
from tests.support.mongo_rights import held_to

ARGUMENTS: Mapping[str, Mapping[str, Any]] = {
    "insert": {"documents": [{"_id": 1}]},
    "delete": {"deletes": [{"q": {"_id": 0}, "limit": 1}]},
}


@dataclass(frozen=True)
class Limited:
    """The variables of each service, what it was refused so far, and the means to ask for more than it may have."""

    variables: Mapping[str, Mapping[str, str]]
    refused: Mapping[str, Sequence[str]]
    admin: S3Settings
    database: str

    async def codes_of(self, service: str, *commands: Mapping[str, str]) -> list[int | None]:
        """MongoDB's error code of each command as the service's user; None where it is carried out."""
        codes: list[int | None] = []
        client: AsyncMongoClient[dict[str, Any]]
        async with AsyncMongoClient(self.variables[service]["SCREENALYTICS_MONGO__URI"]) as client:
            for command in commands:
                ((name, collection),) = command.items()
                try:
                    await client[self.database].command(SON([(name, collection), *ARGUMENTS.get(name, {}).items()]))
                    codes.append(None)
                except OperationFailure as error:
                    codes.append(error.code)
        return codes

    async def assert_objects_are_closed_to(self, service: str, prefix: str) -> None:
        """There are objects below the prefix, and the service can neither read, write, delete nor list them."""
        own = self.variables[service]
        keys = {
            "access_key": SecretStr(own["SCREENALYTICS_S3__ACCESS_KEY"]),
            "secret_key": SecretStr(own["SCREENALYTICS_S3__SECRET_KEY"]),
        }
        async with Storage.connect(self.admin) as admin, Storage.connect(self.admin.model_copy(update=keys)) as storage:
            there = [key async for key in admin.list_keys(prefix)]
            assert there
            client, bucket = storage._client, storage.bucket
            for asked in (
                client.get_object(Bucket=bucket, Key=there[0]),
                client.put_object(Bucket=bucket, Key=f"{prefix}planted", Body=b"x"),
                client.delete_object(Bucket=bucket, Key=there[0]),
                client.list_objects_v2(Bucket=bucket, Prefix=prefix),
            ):
                with pytest.raises(ClientError) as refusal:
                    await asked
                assert refusal.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403, f"{service}: {prefix}"


@asynccontextmanager
async def with_just_their_rights(
    addresses: Mapping[str, str], master: str, services: Sequence[Service]
) -> AsyncIterator[Limited]:
    """Users and identities for services that are about to start."""
    settings = settings_for(dict(addresses))
    host = urlsplit(settings.mongo.uri.get_secret_value())
    assert host.hostname and host.port
    keys: dict[str, tuple[str, str]] = {user: (f"key{user}", f"secret-of-{user}-for-tests") for user in USERS}
    await _make_identities(master, settings.s3.bucket, keys)
    async with AsyncExitStack() as cleanup:
        variables: dict[str, dict[str, str]] = {}
        refused: dict[str, list[str]] = {}
        for name in services:
            port, refused[name] = await cleanup.enter_async_context(
                held_to(privileges(RIGHTS[name]), server=(host.hostname, host.port))
            )
            variables[name] = {
                "SCREENALYTICS_MONGO__URI": f"mongodb://127.0.0.1:{port}/?directConnection=true",
                "SCREENALYTICS_S3__ACCESS_KEY": keys[name][0],
                "SCREENALYTICS_S3__SECRET_KEY": keys[name][1],
            }
        yield Limited(variables, refused, settings.s3, settings.mongo.database)


async def _make_identities(master: str, bucket: str, keys: Mapping[str, tuple[str, str]]) -> None:
    """What the set-up containers do: the generated script, through the S3 server's own shell."""
    environment = dict(os.environ)
    for user, (access, secret) in keys.items():
        environment |= {f"S3_ACCESS_KEY_{user.upper()}": access, f"S3_SECRET_KEY_{user.upper()}": secret}
    process = await asyncio.create_subprocess_exec(
        "sh",
        "-c",
        f"sh -s | {seaweedfs_program()} shell -master={master}",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env=environment,
    )
    said, _ = await asyncio.wait_for(process.communicate(seaweedfs_script(bucket).encode()), 60)
    assert process.returncode == 0, said.decode()


def master_of(stack: Stack) -> str:
    """Where the shell of the embedded S3 server finds it: host:port.grpc-port."""
    assert stack.seaweedfs is not None
    ports = stack.seaweedfs.ports
    return f"127.0.0.1:{ports['master']}.{ports['master_grpc']}"
