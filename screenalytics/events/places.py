"""Where films turn up: a folder of this machine, or a prefix of a bucket."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Protocol

from chassis.errors import BadInput
from chassis.s3.names import media_type_of, parse_uri
from chassis.s3.storage import Storage
from contracts.blobs import VideoRef
from screenalytics.events import emitter
from screenalytics.events.videos import check_video, check_video_at
from screenalytics.events.watching import Mark, is_film

S3 = "s3://"


class Place(Protocol):
    """A place that is watched; films are named by their path below it."""

    async def films(self) -> dict[str, Mark]:
        """The films that are there, as they are now."""

    def path_of(self, name: str) -> Path:
        """The path by which an episode is named: the folders above say the show and the season."""

    async def take(self, storage: Storage, name: str, ep_id: str) -> VideoRef:
        """Look whether it is a film, and put it where episodes lie.

        Raises:
            BadInput: with the code of what is wrong with it.
        """


class FolderPlace:
    """A folder with all that is below it; links to folders are not followed."""

    def __init__(self, root: Path) -> None:
        if not root.is_dir():
            raise BadInput("no_such_folder", f"There is no folder {root}; check the path.")
        self._root = root

    async def films(self) -> dict[str, Mark]:
        return dict(await asyncio.to_thread(lambda: list(self._found())))

    def _found(self) -> Iterator[tuple[str, Mark]]:
        for folder, _, names in os.walk(self._root):
            for name in names:
                path = Path(folder) / name
                below = path.relative_to(self._root).as_posix()
                if not is_film(below):
                    continue
                try:
                    state = path.stat()
                except OSError:
                    continue  # it went while it was looked at, or is a link that leads nowhere
                yield below, Mark(bytes=state.st_size, version=str(state.st_mtime_ns))

    def path_of(self, name: str) -> Path:
        return self._root / name

    async def take(self, storage: Storage, name: str, ep_id: str) -> VideoRef:
        path = self._root / name
        await asyncio.to_thread(check_video, path)
        await emitter.check_unclaimed(storage, path, ep_id)
        return await emitter.upload_video(storage, path, ep_id)


class BucketPlace:
    """A prefix of a bucket that the environment's credentials may read; films are copied from there by the server."""

    def __init__(self, uri: str, storage: Storage) -> None:
        self._bucket, prefix = parse_uri(uri)
        if not self._bucket:
            raise BadInput("no_such_folder", f"{uri} names no bucket: write it as s3://bucket/prefix.")
        self._prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        self._storage = storage

    async def films(self) -> dict[str, Mark]:
        found = {}
        async for item in self._storage.list_bucket(self._bucket, self._prefix):
            name = item.key.removeprefix(self._prefix)
            if is_film(name):
                found[name] = Mark(bytes=item.bytes, version=item.etag)
        return found

    def path_of(self, name: str) -> Path:
        return Path("/", self._bucket, self._prefix, name)

    async def take(self, storage: Storage, name: str, ep_id: str) -> VideoRef:
        uri = f"{S3}{self._bucket}/{self._prefix}{name}"
        await asyncio.to_thread(check_video_at, await storage.get_presigned_url(uri), uri)
        digest, size = await storage.hash_object(uri)
        await emitter.check_content_unclaimed(storage, digest, ep_id)
        file = PurePosixPath(name)
        key, media_type = emitter.video_key(ep_id, digest, file.suffix), media_type_of(file.name)
        if await storage.find(key) != (size, digest):
            await storage.adopt(uri, key, sha256=digest, media_type=media_type)
        return VideoRef(uri=storage.uri(key), sha256=digest, bytes=size, media_type=media_type, filename=file.name)


def place_of(text: str, storage: Storage) -> Place:
    """The place that a person named.

    Raises:
        BadInput: `no_such_folder`.
    """
    return BucketPlace(text, storage) if text.startswith(S3) else FolderPlace(Path(text))
