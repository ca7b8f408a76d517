"""The barrier and the grouped runs in MongoDB."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime

from pymongo.errors import DuplicateKeyError

from chassis.store import Database
from contracts.events import EpisodeGrouped, SegmentEmbedded


class GrouperStore:
    """Which segments are in, and what was emitted for a run."""

    def __init__(self, database: Database) -> None:
        self._segments = database["grouper_segments"]
        self._runs = database["grouper_runs"]

    async def arrive(self, event: SegmentEmbedded) -> int:
        """Note that a segment is in; the first event of a segment is the one that counts. Returns how many are in."""
        with suppress(DuplicateKeyError):  # delivered again
            await self._segments.insert_one(
                {
                    "_id": f"{event.run_id}/{event.segment:05d}",
                    "run_id": event.run_id,
                    "event": event.model_dump(mode="json", by_alias=True),
                }
            )
        return int(await self._segments.count_documents({"run_id": event.run_id}))

    async def segments(self, run_id: str) -> list[SegmentEmbedded]:
        """All segments of a run in order."""
        found = [SegmentEmbedded.model_validate(doc["event"]) async for doc in self._segments.find({"run_id": run_id})]
        return sorted(found, key=lambda event: event.segment)

    async def grouped(self, run_id: str) -> EpisodeGrouped | None:
        """The event emitted for a run, if it was grouped."""
        found = await self._runs.find_one({"_id": run_id})
        return EpisodeGrouped.model_validate(found["event"]) if found else None

    async def save(self, event: EpisodeGrouped) -> EpisodeGrouped:
        """Keep the event of a run; the first one stays and is returned."""
        try:
            await self._runs.insert_one(
                {
                    "_id": event.run_id,
                    "ep_id": event.ep_id,
                    "event": event.model_dump(mode="json", by_alias=True),
                    "created_at": datetime.now(UTC),
                }
            )
        except DuplicateKeyError:
            return await self.grouped(event.run_id) or event
        return event

    async def earlier(self, ep_id: str, run_id: str) -> EpisodeGrouped | None:
        """The latest grouping of an earlier run of the episode."""
        runs = [doc async for doc in self._runs.find({"ep_id": ep_id, "_id": {"$lt": run_id}})]
        if not runs:
            return None
        return EpisodeGrouped.model_validate(max(runs, key=lambda doc: str(doc["_id"]))["event"])
