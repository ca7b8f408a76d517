"""What the S3 library reads about S3 is read once a process, and by what services are forked from."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from botocore.loaders import JSONFileLoader

from chassis.s3.storage import Storage
from chassis.settings import S3Settings

NOBODY = S3Settings(endpoint_url="http://127.0.0.1:1", access_key="a", secret_key="b")

COUNTED = """
import asyncio, json, sys
from botocore.loaders import JSONFileLoader
from chassis.s3.storage import Storage
from chassis.settings import S3Settings
from screenalytics.local.nursery.__main__ import load

async def connect():
    async with Storage.connect(S3Settings(endpoint_url="http://127.0.0.1:1", access_key="a", secret_key="b")):
        pass

load(["embedder"])
read, before, loaded = [], JSONFileLoader.load_file, set(sys.modules)
JSONFileLoader.load_file = lambda self, path: read.append(path) or before(self, path)
asyncio.run(connect())
print(json.dumps(read + sorted(name for name in set(sys.modules) - loaded if name.startswith(("aioboto3", "s3transfer")))))
"""


async def test_a_second_client_reads_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    async with Storage.connect(NOBODY) as first:
        expected = await first.get_presigned_url("s3://b/k")
    read: list[str] = []
    before = JSONFileLoader.load_file

    def noted(loader: JSONFileLoader, path: str) -> object:
        read.append(path)
        return before(loader, path)

    monkeypatch.setattr(JSONFileLoader, "load_file", noted)
    async with Storage.connect(NOBODY) as second:
        signed = await second.get_presigned_url("s3://b/k")
    assert read == []
    assert signed.partition("?")[0] == expected.partition("?")[0] == "http://127.0.0.1:1/b/k"


def test_services_are_forked_after_it_was_read() -> None:
    done = subprocess.run([sys.executable, "-c", COUNTED], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout.splitlines()[-1]) == []
