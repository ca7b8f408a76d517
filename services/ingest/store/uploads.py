"""Uploads in MongoDB: one document each, from the first part to what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from chassis.mongo.database import Database
from services.ingest.runs.records import Upload

OPEN, COMPLETED, REJECTED, ABORTED = "open", "completed", "rejected", "aborted"


class UploadStore:
    """What is known of uploads."""

    def __init__(self, database: Database) -> None:
        self._uploads = database["uploads"]

    async def add(self, upload: Upload) -> None:
        await self._uploads.insert_one(upload.model_dump(by_alias=True))

    async def find(self, upload_id: str) -> Upload | None:
        document = await self._uploads.find_one({"_id": upload_id})
        return Upload.model_validate(document) if document is not None else None

    async def begun_by(self, command: str, caller: str) -> Upload | None:
        """The upload that a command of a caller began."""
        document = await self._uploads.find_one({"command": command, "caller": caller})
        return Upload.model_validate(document) if document is not None else None

    async def forgotten(self, after_s: float) -> Sequence[Upload]:
        """Open uploads that are older than so many seconds."""
        before = datetime.now(UTC) - timedelta(seconds=after_s)
        found = self._uploads.find({"state": OPEN, "created_at": {"$lt": before}})
        return [Upload.model_validate(document) async for document in found]

    async def close(self, upload_id: str, state: str, *, run_id: str | None = None) -> None:
        """Note what became of an open upload."""
        await self._uploads.update_one({"_id": upload_id, "state": OPEN}, {"$set": {"state": state, "run_id": run_id}})

    async def of_episode(self, ep_id: str, *, until: str) -> Sequence[Upload]:
        """The uploads of an episode up to an id."""
        found = self._uploads.find({"ep_id": ep_id, "_id": {"$lte": until}})
        return [Upload.model_validate(document) async for document in found]

    async def remove(self, ep_id: str, *, until: str) -> None:
        """Remove the uploads of an episode up to an id."""
        await self._uploads.delete_many({"ep_id": ep_id, "_id": {"$lte": until}})
