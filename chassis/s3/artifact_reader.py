"""Reading artifacts again and again, as routers do: parsed once, kept while there is room.

An artifact never changes, so what was parsed stays right for as long as it is remembered.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, TypeVar, cast

from pydantic import BaseModel

from chassis.domain.arrays import Floats, from_npy
from chassis.s3.encoding import decode_rows
from chassis.s3.storage import Storage
from contracts.blobs import BlobRef

M = TypeVar("M", bound=BaseModel)
T = TypeVar("T")

ROOM_BYTES = 64 * 2**20
"""Bytes of artifacts as stored; parsed rows take some eight times as much."""


class ArtifactReader:
    """Rows, documents and matrices of artifacts. What it returns is shared: nobody may change it."""

    def __init__(self, storage: Storage, *, room_bytes: int = ROOM_BYTES) -> None:
        self._storage = storage
        self._room = room_bytes
        self._kept: OrderedDict[tuple[str, str], tuple[int, asyncio.Task[Any]]] = OrderedDict()

    async def rows(self, ref: BlobRef, model: type[M]) -> tuple[M, ...]:
        """JSON Lines of contract rows.

        Raises:
            ObjectMissing, ObjectChanged, DependencyUnavailable.
        """
        return await self._get(ref, model.__name__, lambda data: tuple(decode_rows(data, model)))

    async def document(self, ref: BlobRef, model: type[M]) -> M:
        """One contract document; raises as `rows`."""
        return await self._get(ref, model.__name__, model.model_validate_json)

    async def array(self, ref: BlobRef) -> Floats:
        """A matrix [N,D]; raises as `rows`."""
        return await self._get(ref, "npy", from_npy)

    async def _get(self, ref: BlobRef, form: str, parse: Callable[[bytes], T]) -> T:
        key = (ref.sha256, form)
        known = self._kept.get(key)
        if known is None:
            task = asyncio.create_task(self._load(ref, parse))
            self._kept[key] = (ref.bytes, task)
            self._make_room()
        else:
            task = known[1]
            self._kept.move_to_end(key)
        try:
            return cast("T", await asyncio.shield(task))
        except Exception:
            self._kept.pop(key, None)
            raise

    async def _load(self, ref: BlobRef, parse: Callable[[bytes], T]) -> T:
        data = await self._storage.get(ref)
        return await asyncio.to_thread(parse, data)

    def _make_room(self) -> None:
        """Forget what was not asked for longest; the newest stays, however large."""
        while len(self._kept) > 1 and sum(size for size, _ in self._kept.values()) > self._room:
            self._kept.popitem(last=False)
