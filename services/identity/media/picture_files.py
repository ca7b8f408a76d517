"""Pictures as files that browsers keep: each has an address that holds the hash of what it is in.

The archive of a segment is asked for each time, so a picture is gone for everybody at the moment an erasure takes its
archive away; what was read of it stays in memory, so that a page full of faces costs a few reads.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence

from chassis.cache import Memo
from chassis.domain.crop_archive import decode_jpeg, encode_jpeg, read_picture
from chassis.s3.names import get_artifact_path
from chassis.s3.storage import ObjectChanged, ObjectMissing, Storage
from services.identity.faces.crop_refs import PictureKey, picture_of_token, unknown_picture
from services.identity.faces.sprites import SPRITE_QUALITY, Sprite, draw_sprite, layout_of
from services.identity.media.crop_urls import KIND

ARCHIVES_REMEMBERED = 16
"""Some megabytes each."""
SHEETS_REMEMBERED = 64
SPRITES = "sprites"


class PictureFiles:
    """Reads single pictures and sheets of many."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._archives: Memo[bytes] = Memo(ARCHIVES_REMEMBERED)
        self._sheets: Memo[bytes] = Memo(SHEETS_REMEMBERED)

    async def picture(self, ep_id: str, token: str) -> bytes:
        """A JPEG file.

        Raises:
            NotFound: `unknown_picture`.
        """
        return await self._read(picture_of_token(token, ep_id=ep_id, bucket=self._storage.bucket), ep_id)

    async def make_sprite(self, ep_id: str, tokens: Sequence[str], *, cell_px: int) -> Sprite:
        """The sheet with these pictures in this order, drawn where it is not there yet; raises as `picture`."""
        sprite = layout_of(tokens, cell_px=cell_px)
        place = self._place(ep_id, sprite.sprite)
        if await self._storage.find(place) is None:
            keys = [picture_of_token(token, ep_id=ep_id, bucket=self._storage.bucket) for token in tokens]
            pictures = await asyncio.gather(*(self._read(key, ep_id) for key in keys))

            def draw() -> bytes:
                decoded = [decode_jpeg(data) for data in pictures]
                return encode_jpeg(draw_sprite(decoded, sprite), quality=SPRITE_QUALITY)

            await self._storage.put(place, await asyncio.to_thread(draw))
        return sprite

    async def sprite(self, ep_id: str, name: str) -> bytes:
        """A sheet that was made. Raises NotFound `unknown_picture`."""
        place = self._place(ep_id, name)
        if await self._storage.find(place) is None:
            raise unknown_picture(name, ep_id)
        try:
            return await self._sheets.get(place, lambda: self._storage.read(self._storage.uri(place)))
        except ObjectMissing as error:
            raise unknown_picture(name, ep_id) from error

    async def _read(self, key: PictureKey, ep_id: str) -> bytes:
        if await self._storage.find(key.archive.removeprefix(self._storage.uri(""))) is None:
            raise unknown_picture(key.text, ep_id)
        try:
            archive = await self._archives.get(key.archive, lambda: self._archive(key))
            return await asyncio.to_thread(read_picture, archive, key.member)
        except (ObjectMissing, ObjectChanged, KeyError) as error:
            raise unknown_picture(key.text, ep_id) from error

    async def _archive(self, key: PictureKey) -> bytes:
        content = await self._storage.read(key.archive)
        if not hashlib.sha256(content).hexdigest().startswith(key.digest):
            raise ObjectChanged(key.archive)
        return content

    def _place(self, ep_id: str, name: str) -> str:
        return get_artifact_path(KIND, ep_id, SPRITES, f"{name}.jpg")
