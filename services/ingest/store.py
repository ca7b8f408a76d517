"""Episodes, runs and their segments in MongoDB. Every write names the run in its filter."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from pymongo import ReturnDocument, UpdateOne
from pymongo.errors import DuplicateKeyError

from chassis.store import Database, Document
from contracts.events import EpisodeProgress, EpisodeUploaded, RunStarted, ScreenTimeReported, SegmentReady

OPEN = "running"
FINISHED = "finished"
FAILED = "failed"
CANCELLED = "cancelled"
SUPERSEDED = "superseded"
STATES = (OPEN, FINISHED, FAILED, CANCELLED, SUPERSEDED)

MOST_DOUBLINGS = 6
"""How often the patience with a stalled run doubles."""


class IngestStore:
    """What ingest knows."""

    def __init__(self, database: Database) -> None:
        self._episodes = database["episodes"]
        self._runs = database["runs"]
        self._segments = database["run_segments"]

    async def run(self, run_id: str) -> Document | None:
        return await self._runs.find_one({"_id": run_id})

    async def list_runs(self, *, ep_id: str | None = None, state: str | None = None) -> list[Document]:
        """Runs of an episode or in a state, the latest first."""
        wanted = {name: value for name, value in (("ep_id", ep_id), ("state", state)) if value is not None}
        found = [run async for run in self._runs.find(wanted)]
        return sorted(found, key=lambda run: str(run["_id"]), reverse=True)

    async def current_run(self, ep_id: str) -> Document | None:
        """The run the episode's document names, if any."""
        episode = await self._episodes.find_one({"_id": ep_id})
        if episode is None or not episode.get("current_run_id"):
            return None
        return await self.run(episode["current_run_id"])

    async def save_plan(self, started: RunStarted, segments: list[SegmentReady], upload: EpisodeUploaded) -> None:
        """Write the plan of a run. Segments first: a run document means that its plan is complete."""
        writes: list[Any] = [
            UpdateOne(
                {"_id": f"{started.run_id}/{event.segment:05d}"},
                {
                    "$setOnInsert": {
                        "run_id": started.run_id,
                        "segment": event.segment,
                        "ready": event.model_dump(mode="json", by_alias=True),
                        "done": [],
                    }
                },
                upsert=True,
            )
            for event in segments
        ]
        for start in range(0, len(writes), 500):
            await self._segments.bulk_write(writes[start : start + 500], ordered=False)
        now = datetime.now(UTC)
        await self._runs.update_one(
            {"_id": started.run_id},
            {
                "$setOnInsert": {
                    "ep_id": started.ep_id,
                    "state": OPEN,
                    "started": started.model_dump(mode="json", by_alias=True),
                    "video_sha256": segments[0].video.sha256,
                    "profile": started.profile,
                    "created_at": now,
                    "progressed_at": now,
                    "rescues": 0,
                    "stages_done": [],
                }
            },
            upsert=True,
        )
        await self._point_episode_at(started, upload, now)

    async def _point_episode_at(self, started: RunStarted, upload: EpisodeUploaded, now: datetime) -> None:
        """Make the run the episode's current one, unless a later run has that place already."""
        facts: Document = {
            name: value for name, value in (("title", upload.title), ("air_date", upload.air_date)) if value is not None
        }
        facts |= {"duration_s": started.duration_s, "width": started.width, "height": started.height}
        with suppress(DuplicateKeyError):  # the episode exists and names a later run
            await self._episodes.update_one(
                {"_id": started.ep_id, "current_run_id": {"$not": {"$gt": started.run_id}}},
                {
                    "$set": facts | {"current_run_id": started.run_id, "updated_at": now},
                    "$setOnInsert": {"created_at": now},
                },
                upsert=True,
            )

    async def supersede(self, ep_id: str, current_run_id: str) -> list[str]:
        """Close the episode's open earlier runs; returns those that were closed now or before for this reason."""
        older = {"ep_id": ep_id, "_id": {"$lt": current_run_id}}
        await self._runs.update_many(
            older | {"state": OPEN}, {"$set": {"state": SUPERSEDED, "superseded_by": current_run_id}}
        )
        cursor = self._runs.find(older | {"superseded_by": current_run_id}, {"_id": 1})
        return sorted([str(run["_id"]) async for run in cursor])

    async def segments(self, run_id: str) -> list[Document]:
        """All segments of a run in order."""
        found = [document async for document in self._segments.find({"run_id": run_id})]
        return sorted(found, key=lambda document: int(document["segment"]))

    async def record_progress(self, event: EpisodeProgress) -> None:
        """Note that a stage did a piece of work. A repeat changes nothing."""
        if event.segment is None and event.done < event.total:
            return
        if event.segment is not None:
            noted = await self._segments.update_one(
                {"_id": f"{event.run_id}/{event.segment:05d}", "done": {"$ne": event.stage}},
                {"$addToSet": {"done": event.stage}},
            )
        else:
            noted = await self._runs.update_one(
                {"_id": event.run_id, "stages_done": {"$ne": event.stage}}, {"$addToSet": {"stages_done": event.stage}}
            )
        if noted.modified_count:
            await self._runs.update_one(
                {"_id": event.run_id, "state": OPEN},
                {"$set": {"progressed_at": datetime.now(UTC), "rescues": 0}, "$unset": {"rescued_at": ""}},
            )

    async def finish(self, report: ScreenTimeReported) -> None:
        """Close a run with its result; a later revision of the result takes the earlier one's place.

        A run that had failed can still be finished, by a dead letter that was replayed. State and result are one
        write: whoever reads "finished" reads the report as well.
        """
        result = {"report": report.model_dump(mode="json", by_alias=True)}
        closing = {"state": FINISHED, "finished_at": datetime.now(UTC)}
        await self._runs.update_one(
            {"_id": report.run_id, "state": {"$in": [OPEN, FAILED]}},
            {"$set": closing | result, "$unset": {"failure": ""}},
        )
        await self._runs.update_one(
            {"_id": report.run_id, "state": FINISHED, "report.revision": {"$not": {"$gte": report.revision}}},
            {"$set": result},
        )

    async def fail(self, run_id: str, *, stage: str, code: str, message: str) -> None:
        await self._runs.update_one(
            {"_id": run_id, "state": OPEN},
            {"$set": {"state": FAILED, "failure": {"stage": stage, "code": code, "message": message}}},
        )

    async def cancel(self, run_id: str) -> bool:
        """Close a run that is not finished; False when there is nothing to close."""
        closed = await self._runs.update_one(
            {"_id": run_id, "state": {"$in": [OPEN, FAILED]}}, {"$set": {"state": CANCELLED}}
        )
        return bool(closed.modified_count)

    async def reopen(self, run_id: str) -> None:
        """Let a failed or cancelled run go on."""
        await self._runs.update_one(
            {"_id": run_id, "state": {"$in": [OPEN, FAILED, CANCELLED]}},
            {
                "$set": {"state": OPEN, "progressed_at": datetime.now(UTC), "rescues": 0},
                "$unset": {"failure": "", "rescued_at": ""},
            },
        )

    async def claim_stalled(self, stalled_after_s: float) -> Document | None:
        """Take one open run that made no progress for too long, so that one reconciler moves it on.

        Too long doubles with every rescue that brought no progress: a run that only waits its turn behind others is
        not asked for again and again.
        """
        now = datetime.now(UTC)
        idle = {"state": OPEN, "progressed_at": {"$lt": now - timedelta(seconds=stalled_after_s)}}
        async for run in self._runs.find(idle):
            patience_s = stalled_after_s * 2.0 ** min(run["rescues"], MOST_DOUBLINGS)
            waiting_since: datetime = run.get("rescued_at") or run["progressed_at"]
            if waiting_since > now - timedelta(seconds=patience_s):
                continue
            claimed = await self._runs.find_one_and_update(
                {"_id": run["_id"], "state": OPEN, "rescues": run["rescues"], "progressed_at": run["progressed_at"]},
                {"$set": {"rescued_at": now}, "$inc": {"rescues": 1}},
                return_document=ReturnDocument.AFTER,
            )
            if claimed is not None:
                return claimed
        return None

    async def count_by_state(self) -> dict[str, tuple[int, datetime]]:
        """State -> number of runs and creation time of the oldest."""
        states: dict[str, tuple[int, datetime]] = {}
        async for run in self._runs.find({}, {"state": 1, "created_at": 1}):
            count, oldest = states.get(run["state"], (0, run["created_at"]))
            states[run["state"]] = (count + 1, min(oldest, run["created_at"]))
        return states
