"""Buckets of a test's own, which are gone with it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from chassis.s3.storage import Storage


@asynccontextmanager
async def own_bucket(storage: Storage) -> AsyncIterator[None]:
    """The bucket of `storage` is there meanwhile.

    SeaweedFS keeps a volume of up to a gigabyte for each bucket, and has as many as its disk is large: one that stays is one
    less for the tests that come.
    """
    await storage.ensure_bucket()
    try:
        yield
    finally:
        await storage.delete_prefix("")
        await storage._client.delete_bucket(Bucket=storage.bucket)
