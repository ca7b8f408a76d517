"""Where the stages keep what they make.

Segment artifacts carry a part of their hash in the name: two workers that did the same segment may differ in the last
bit of a float, and an event must keep meaning the bytes it was written with. The event a stage emitted for a segment is
itself kept; a repeated request is answered with it.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import TypeVar

from pydantic import BaseModel

from chassis.s3.encoding import encode_document, encode_rows
from chassis.s3.names import get_artifact_path
from chassis.s3.storage import Storage
from contracts.blobs import BlobRef
from contracts.events import SegmentEvent

E = TypeVar("E", bound=SegmentEvent)


def addressed_name(name: str, data: bytes) -> str:
    """A name with a part of its content's hash: `tracks.jsonl` becomes `tracks-1f6c3a….jsonl`."""
    path = PurePosixPath(name)
    return f"{path.stem}-{hashlib.sha256(data).hexdigest()[:16]}{path.suffix}"


class ArtifactFolder:
    """A place in the bucket whose objects are named by content: two writers never change one another's objects."""

    def __init__(self, storage: Storage, kind: str, ep_id: str, *parts: str) -> None:
        self._storage = storage
        self._place = (kind, ep_id, *parts)

    def _key(self, name: str) -> str:
        return get_artifact_path(*self._place, name)

    async def put(self, name: str, data: bytes, *, schema: str | None = None) -> BlobRef:
        """Write an object and return its reference."""
        return await self._storage.put(self._key(addressed_name(name, data)), data, schema=schema)

    async def put_rows(self, name: str, rows: Iterable[BaseModel], *, schema: str | None = None) -> BlobRef:
        """Write contract rows as JSON Lines; `schema` is that of the rows where they do not say it themselves."""
        items = list(rows)
        data = await asyncio.to_thread(encode_rows, items)
        return await self.put(name, data, schema=type(items[0]).__name__ if items else schema)

    async def put_document(self, name: str, document: BaseModel) -> BlobRef:
        """Write one contract document as JSON."""
        data = await asyncio.to_thread(encode_document, document)
        return await self.put(name, data, schema=type(document).__name__)


class SegmentArtifacts(ArtifactFolder):
    """The objects of one segment of one run."""

    def __init__(self, storage: Storage, event: SegmentEvent) -> None:
        super().__init__(storage, "segments", event.ep_id, event.run_id, f"{event.segment:05d}")

    async def emitted(self, model: type[E]) -> E | None:
        """The event of this type that was emitted for the segment, if any."""
        key = self._key(f"{model.TOPIC}.json")
        if await self._storage.find(key) is None:
            return None
        return model.model_validate_json(await self._storage.read(self._storage.uri(key)))

    async def remember(self, event: SegmentEvent) -> None:
        """Keep the event; the last step before publishing it."""
        await self._storage.put(self._key(f"{event.TOPIC}.json"), encode_document(event))


class RunManifests(ArtifactFolder):
    """The manifests of a run: written per revision, then copied to where the current ones are looked up."""

    def __init__(self, storage: Storage, ep_id: str, run_id: str, *, revision: int) -> None:
        super().__init__(storage, "manifests", ep_id, run_id, f"r{revision:05d}")
        self._ep_id = ep_id
        self._run_id = run_id

    async def make_current(self, manifests: dict[str, BlobRef]) -> None:
        """Copy each manifest (atomically, one by one) to the run's and the episode's own folder."""
        await asyncio.gather(
            *(
                self._storage.copy(ref, get_artifact_path("manifests", *place, name))
                for name, ref in sorted(manifests.items())
                for place in ((self._ep_id, self._run_id), (self._ep_id,))
            )
        )
