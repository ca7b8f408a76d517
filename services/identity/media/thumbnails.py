"""The pictures that a report shows of people, out of the segments' archives."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence

from chassis.cache import Latest
from chassis.domain.crop_archive import read_picture
from chassis.s3.storage import Storage
from contracts.crops import CropRef, by_archive

REMEMBERED = 4000
"""Pictures, of some kilobytes each: a revision shows nearly the same ones as the one before."""


class Thumbnails:
    """Reads pictures by name, `archive#member`. An archive never changes, so what was read stays right."""

    def __init__(self, storage: Storage, *, remembered: int = REMEMBERED) -> None:
        self._storage = storage
        self._kept: Latest[str, bytes] = Latest(remembered)

    async def of(self, names: Iterable[str]) -> dict[str, bytes]:
        """Name -> JPEG file; an archive is read once, and only where one of its pictures is not remembered.

        Raises:
            ObjectMissing, KeyError: when an archive or a picture in it is not there.
        """
        wanted = list(dict.fromkeys(names))
        found = {name: picture for name in wanted if (picture := self._kept.get(name)) is not None}
        missing = by_archive(name for name in wanted if name not in found)
        for archive, members in sorted(missing.items()):
            pictures = await asyncio.to_thread(_unpack, await self._storage.read(archive), members)
            found |= {str(CropRef(archive, member)): picture for member, picture in pictures.items()}
        return {name: self._kept.put(name, found[name]) for name in wanted}


def _unpack(archive: bytes, members: Sequence[str]) -> dict[str, bytes]:
    return {member: read_picture(archive, member) for member in members}
