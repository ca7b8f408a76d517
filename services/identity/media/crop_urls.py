"""Pictures as objects of their own, for presigned URLs.

Crops lie in one archive per segment (docs/decisions/0002). A picture that somebody asks for is copied out once, under a
key made of the archive's hash and the member: the same picture is the same object, whoever asks and however often.
"""

from __future__ import annotations

import asyncio
import hashlib
import zipfile
from collections.abc import Awaitable, Iterable, Sequence
from io import BytesIO
from typing import TypeVar

from pydantic import BaseModel

from chassis.s3.names import get_artifact_path
from chassis.s3.storage import ObjectChanged, ObjectMissing, Storage
from chassis.settings import ApiSettings
from services.identity.faces.crop_refs import PictureKey, picture_key, unknown_picture

T = TypeVar("T")

KIND = "pictures"
_REQUESTS_AT_ONCE = 16
_ARCHIVES_AT_ONCE = 4


class PictureUrl(BaseModel):
    picture: str
    url: str


class PictureUrls(BaseModel):
    """Pictures to be fetched within `expires_s` seconds, in the order asked for."""

    expires_s: int
    pictures: tuple[PictureUrl, ...]


class CropUrls:
    """Reads pictures out of crop archives and gives each an address of its own."""

    def __init__(self, storage: Storage, settings: ApiSettings) -> None:
        self._storage = storage
        self.expires_s = settings.url_seconds
        self._requests = asyncio.Semaphore(_REQUESTS_AT_ONCE)
        self._archives = asyncio.Semaphore(_ARCHIVES_AT_ONCE)

    async def urls(self, ep_id: str, names: Iterable[str]) -> PictureUrls:
        """Presigned URLs of pictures of one episode, each once.

        Raises:
            NotFound: `unknown_picture`, when any of them is not one; then nothing is written.
        """
        keys = list(dict.fromkeys(self.keys(ep_id, names)))
        places = {key: get_artifact_path(KIND, ep_id, key.digest, key.name) for key in keys}
        there = set().union(*await self._each(self._written(ep_id, digest) for digest in {key.digest for key in keys}))
        missing = [key for key in keys if places[key] not in there]
        contents = await self.read(ep_id, missing)
        await self._each(self._storage.put(places[key], data) for key, data in contents.items())
        pictures = [PictureUrl(picture=key.text, url=await self.url(places[key])) for key in keys]
        return PictureUrls(expires_s=self.expires_s, pictures=tuple(pictures))

    def keys(self, ep_id: str, names: Iterable[str]) -> list[PictureKey]:
        """The pictures of those names; raises as `urls`."""
        return [picture_key(name, ep_id=ep_id, bucket=self._storage.bucket) for name in names]

    async def url(self, place: str) -> str:
        """A presigned URL of an object of ours."""
        return await self._storage.get_presigned_url(self._storage.uri(place), expires_s=self.expires_s, public=True)

    async def read(self, ep_id: str, keys: Sequence[PictureKey]) -> dict[PictureKey, bytes]:
        """Pictures as JPEG files; every archive is read once. Raises as `urls`."""
        of_archive: dict[str, list[PictureKey]] = {}
        for key in keys:
            of_archive.setdefault(key.archive, []).append(key)
        groups = await asyncio.gather(*(self._members(ep_id, group) for group in of_archive.values()))
        return {key: content for group in groups for key, content in group.items()}

    async def _written(self, ep_id: str, digest: str) -> set[str]:
        """Pictures of an archive that are objects already: one listing is cheaper than a question for each."""
        return {key async for key in self._storage.list_keys(f"{get_artifact_path(KIND, ep_id, digest)}/")}

    async def _members(self, ep_id: str, keys: Sequence[PictureKey]) -> dict[PictureKey, bytes]:
        """Pictures of one archive, which has to be the one that its name says."""
        async with self._archives:
            try:
                archive = await self._storage.read(keys[0].archive)
                return await asyncio.to_thread(_unpack, archive, keys)
            except (ObjectMissing, ObjectChanged, KeyError) as error:
                raise unknown_picture(keys[0].text, ep_id) from error

    async def _each(self, calls: Iterable[Awaitable[T]]) -> list[T]:
        """All calls, only so many at once."""

        async def bounded(call: Awaitable[T]) -> T:
            async with self._requests:
                return await call

        return await asyncio.gather(*(bounded(call) for call in calls))


def _unpack(archive: bytes, keys: Sequence[PictureKey]) -> dict[PictureKey, bytes]:
    if not hashlib.sha256(archive).hexdigest().startswith(keys[0].digest):
        raise ObjectChanged(keys[0].archive)
    with zipfile.ZipFile(BytesIO(archive)) as file:
        return {key: file.read(key.member) for key in keys}
