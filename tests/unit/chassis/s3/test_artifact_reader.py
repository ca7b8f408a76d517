"""Artifacts are parsed once and forgotten when there is no room."""

from __future__ import annotations

import asyncio
import hashlib
from typing import Any

import pytest

from chassis.errors import DependencyUnavailable
from chassis.s3.artifact_reader import ArtifactReader
from contracts.blobs import BlobRef
from contracts.rows import Coverage

COVERAGE = b'{"any_face_s": 1.0, "nobody_s": 2.0}'


class Shelf:
    """A storage that counts how often it is read."""

    def __init__(self) -> None:
        self.reads: list[str] = []
        self.away = False

    async def get(self, ref: BlobRef) -> bytes:
        self.reads.append(ref.uri)
        await asyncio.sleep(0)
        if self.away:
            raise DependencyUnavailable("s3", "away")
        return COVERAGE


def ref(name: str, size: int = 10) -> BlobRef:
    digest = hashlib.sha256(name.encode()).hexdigest()
    return BlobRef(uri=f"s3://b/{name}", sha256=digest, bytes=size, media_type="application/json", schema=None)


def reader_on(shelf: Shelf, **options: Any) -> ArtifactReader:
    storage: Any = shelf
    return ArtifactReader(storage, **options)


async def test_an_artifact_is_read_once_however_many_ask() -> None:
    shelf = Shelf()
    reader = reader_on(shelf)
    found = await asyncio.gather(*(reader.document(ref("a"), Coverage) for _ in range(5)))
    assert shelf.reads == ["s3://b/a"]
    assert found == [Coverage(any_face_s=1.0, nobody_s=2.0)] * 5


async def test_what_was_not_asked_for_longest_is_forgotten() -> None:
    shelf = Shelf()
    reader = reader_on(shelf, room_bytes=25)
    for name in ("a", "b", "a", "c", "a", "b"):
        await reader.document(ref(name), Coverage)
    assert shelf.reads == ["s3://b/a", "s3://b/b", "s3://b/c", "s3://b/b"]


async def test_a_failure_is_not_remembered() -> None:
    shelf = Shelf()
    reader = reader_on(shelf)
    shelf.away = True
    with pytest.raises(DependencyUnavailable):
        await reader.rows(ref("a"), Coverage)
    shelf.away = False
    assert await reader.rows(ref("a"), Coverage) == (Coverage(any_face_s=1.0, nobody_s=2.0),)
