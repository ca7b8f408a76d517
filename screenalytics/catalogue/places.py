"""Where a catalogue lies: a folder of this machine, or a prefix of a bucket. **A file is replaced as a whole.**"""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Protocol

from chassis.errors import BadInput
from chassis.s3.names import media_type_of, parse_uri
from chassis.s3.storage import ObjectMissing, Storage
from chassis.settings import S3Settings

S3 = "s3://"
LOCK = ".lock"


class Place(Protocol):
    """Files by their path below the place, with slashes."""

    root: str

    async def names(self) -> list[str]:
        """The Parquet files that are there, sorted."""

    async def read(self, name: str) -> bytes | None:
        """A file's content, None where there is none."""

    async def replace(self, name: str, content: bytes) -> None:
        """Write a file: readers see what was there before, or all of it."""

    async def remove(self, name: str) -> None:
        """Remove a file; one that is gone stays gone."""


class Folder:
    """A folder; written beside and renamed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.root = str(path)

    async def names(self) -> list[str]:
        found = await asyncio.to_thread(lambda: list(self._path.glob("*/show_id=*/season=*/*.parquet")))
        return sorted(path.relative_to(self._path).as_posix() for path in found)

    async def read(self, name: str) -> bytes | None:
        try:
            return await asyncio.to_thread((self._path / name).read_bytes)
        except FileNotFoundError:
            return None

    async def replace(self, name: str, content: bytes) -> None:
        await asyncio.to_thread(self._replace, self._path / name, content)

    def _replace(self, path: Path, content: bytes) -> None:
        half = path.with_name(f".{path.name}.part")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with half.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            half.replace(path)
        except OSError as error:
            raise _not_writable(self.root, str(error.strerror or error)) from error

    async def remove(self, name: str) -> None:
        await asyncio.to_thread(self._remove, self._path / name)

    def _remove(self, path: Path) -> None:
        path.unlink(missing_ok=True)
        for folder in (path.parent, path.parent.parent):
            try:
                folder.rmdir()
            except OSError:
                return  # there is more in it


class Bucket:
    """A prefix of a bucket; an object appears whole or not at all."""

    def __init__(self, uri: str, storage: Storage) -> None:
        _, prefix = parse_uri(uri)
        self._prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        self._storage = storage
        self.root = f"{S3}{storage.bucket}/{self._prefix}".rstrip("/")

    async def names(self) -> list[str]:
        found = [key.removeprefix(self._prefix) async for key in self._storage.list_keys(self._prefix)]
        return sorted(name for name in found if name.endswith(".parquet") and name.count("/") == 3)

    async def read(self, name: str) -> bytes | None:
        try:
            return await self._storage.read(self._storage.uri(self._prefix + name))
        except ObjectMissing:
            return None

    async def replace(self, name: str, content: bytes) -> None:
        await self._storage.put(self._prefix + name, content, media_type=media_type_of(name))

    async def remove(self, name: str) -> None:
        await self._storage.delete_keys([self._prefix + name])


@asynccontextmanager
async def opened(where: str, settings: S3Settings) -> AsyncIterator[Place]:
    """The place that a path or an `s3://` URI names, for one writer; a folder is made.

    Raises:
        BadInput: `no_such_bucket` where there is none, `catalogue_busy` where another writer is in the folder,
            `out_not_writable` where nothing can be written.
    """
    if where.startswith(S3):
        bucket, _ = parse_uri(where)
        if not bucket:
            raise BadInput("no_such_bucket", f"{where} names no bucket: write it as s3://bucket/prefix.")
        async with Storage.connect(settings.model_copy(update={"bucket": bucket})) as storage:
            place = Bucket(where, storage)
            try:
                await place.names()
            except ObjectMissing:
                raise BadInput("no_such_bucket", f"There is no bucket {bucket}: make it first.") from None
            yield place
        return
    path = Path(os.path.realpath(where))  # noqa: ASYNC240 - once, before anything runs
    with _locked(path):
        yield Folder(path)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    try:
        path.mkdir(parents=True, exist_ok=True)
        lock = (path / LOCK).open("w")
    except OSError as error:
        raise _not_writable(str(path), str(error.strerror or error)) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BadInput("catalogue_busy", f"Another `catalogue sync` writes to {path}: one is enough.") from None
        yield


def _not_writable(path: str, why: str) -> BadInput:
    return BadInput("out_not_writable", f"{path} cannot be written: {why}.")
