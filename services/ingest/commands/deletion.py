"""Deleting an episode: a tombstone at once, everything it stands for soon after, and once more for late writers.

The tombstone closes every run up to its `last_run_id`, so all services drop what is still under way for them. What is
removed is told from what an episode that was created again owns by the same order: names are ULIDs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from ulid import ULID

from chassis import telemetry
from chassis.mongo.database import Database, Document
from chassis.mongo.outbox import Outbox
from chassis.s3.storage import Storage, parse_uri
from contracts.events import RunCancelled
from services.ingest.models import DeletedEpisode
from services.ingest.runs.keys import last_id_at, video_folder
from services.ingest.runs.states import OPEN
from services.ingest.settings import DeletionSettings
from services.ingest.store.episodes import version_of
from services.ingest.store.runs import IngestStore

PASSES = 2
CLAIMED_FOR_S = 60.0
"""How long a replica has for a pass before another one tries."""

VIDEOS = "raw/videos/"
A_SECOND = timedelta(seconds=1)
CLOCKS_DIFFER_BY = timedelta(seconds=60)


@dataclass(frozen=True, kw_only=True)
class LeftoverDocuments:
    """What a deletion leaves to remove, and what it must not touch.

    `recreated_at` is when the episode was created again, None when it was not; `kept` are keys of its videos then.
    """

    ep_id: str
    last_run_id: str
    deleted_at: datetime
    passes: int
    recreated_at: datetime | None
    kept: frozenset[str]

    def owns_artifact(self, name: str, written_at: datetime) -> bool:
        """Whether an artifact below the episode's prefix is of a deleted run; else of the episode as a whole."""
        owner = name.partition("/")[0]
        if _is_ulid(owner):
            return owner <= self.last_run_id
        return self.recreated_at is None or written_at < self.recreated_at

    def owns_upload(self, name: str) -> bool:
        """Whether an object below the episode's prefix of unchecked videos is of the time before."""
        return name.partition(".")[0] <= self.last_run_id

    def owns_video(self, key: str, written_at: datetime) -> bool:
        """Whether a video is of the time before: one that came after the deletion begins the episode anew.

        S3 tells whole seconds of a clock of its own. Where that leaves doubt, a video of an episode that is there again
        stays (it goes when that one is deleted), and the first pass over one that is not takes it.
        """
        if key in self.kept:
            return False
        if self.recreated_at is not None:
            return written_at < self.deleted_at - A_SECOND
        return written_at <= self.deleted_at + (CLOCKS_DIFFER_BY if self.passes == 0 else timedelta())


class Deletion:
    """Deletes episodes, and removes what is left of them; several replicas may run it."""

    def __init__(
        self, database: Database, store: IngestStore, storage: Storage, outbox: Outbox, settings: DeletionSettings
    ) -> None:
        self._uploads = database["uploads"]
        self._segments = database["run_segments"]
        self._store = store
        self._episodes = store.episodes
        self._storage = storage
        self._outbox = outbox
        self._settings = settings

    async def delete(self, ep_id: str, *, who: str) -> DeletedEpisode:
        """Close the episode for good, tell everybody, and let the rest follow.

        Raises:
            NotFound: `unknown_episode`.
        """
        while True:
            was = await self._episodes.read(ep_id)
            runs = await self._store.list_runs(ep_id=ep_id)
            names = [str(run["_id"]) for run in runs] + [entry["run_id"] for entry in was.get("starts", ())]
            last = max([last_id_at(datetime.now(UTC)), *names, str(was.get("last_run_id") or "")])
            cancelled = [
                RunCancelled(ep_id=ep_id, run_id=str(run["_id"]), reason="deleted")
                for run in runs
                if run["state"] == OPEN
            ]
            if await self._episodes.write_tombstone(was, last_run_id=last, cancelled=cancelled, who=who):
                break
        await self._outbox.publish_soon(self._episodes.collection, ep_id)
        return DeletedEpisode(ep_id=ep_id, last_run_id=last, version=version_of(was) + 1)

    async def run(self) -> None:
        while True:
            try:
                await self.sweep()
            except Exception as error:
                telemetry.logger().warning("deletion sweep failed", error=str(error)[:300])
            await asyncio.sleep(self._settings.every_s)

    async def sweep(self) -> int:
        """Do every pass that is due; returns how many."""
        due = {"deletion.due_at": {"$lte": datetime.now(UTC)}}
        passes = 0
        async for found in self._episodes.collection.find(due, {"deletion": 1}):
            claimed = await self._episodes.collection.find_one_and_update(
                {"_id": found["_id"], "deletion.due_at": found["deletion"]["due_at"]},
                {"$set": {"deletion.due_at": datetime.now(UTC) + timedelta(seconds=CLAIMED_FOR_S)}},
            )
            if claimed is not None:
                await self._pass(claimed)
                passes += 1
        return passes

    async def _pass(self, episode: Document) -> None:
        ep_id, deletion = str(episode["_id"]), episode["deletion"]
        runs = await self._store.list_runs(ep_id=ep_id)
        gone = [run for run in runs if str(run["_id"]) <= deletion["last_run_id"]]
        later = [run["video"]["uri"] for run in runs if str(run["_id"]) > deletion["last_run_id"]]
        if episode.get("video"):
            later.append(episode["video"]["uri"])
        remains = LeftoverDocuments(
            ep_id=ep_id,
            last_run_id=deletion["last_run_id"],
            deleted_at=deletion["deleted_at"],
            passes=deletion["passes"],
            recreated_at=None if episode.get("deleted") else episode["created_at"],
            kept=frozenset(parse_uri(uri)[1] for uri in later),
        )
        await self._remove_uploads(remains)
        keys = await self._artifacts(remains) + await self._videos(remains)
        keys += await self._videos_elsewhere(remains, [run["video"]["uri"] for run in gone] + deletion["videos"])
        await self._storage.delete_keys(keys)
        await self._segments.delete_many({"ep_id": ep_id, "run_id": {"$lte": remains.last_run_id}})
        await self._store.collection.delete_many({"_id": {"$in": [str(run["_id"]) for run in gone]}})
        telemetry.logger().info("remains removed", ep_id=ep_id, objects=len(keys), runs=len(gone))
        await self._note(remains)

    async def _note(self, remains: LeftoverDocuments) -> None:
        """The next pass, or, after the last one, a tombstone with no more than what has to stay closed."""
        same = {"_id": remains.ep_id, "deletion.deleted_at": remains.deleted_at}
        collection = self._episodes.collection
        if remains.passes + 1 < PASSES:
            due_at = remains.deleted_at + timedelta(seconds=self._settings.second_pass_s)
            await collection.update_one(
                same, {"$set": {"deletion.passes": remains.passes + 1, "deletion.due_at": due_at}}
            )
            return
        facts = dict.fromkeys(("deletion", "show", "created_at", "updated_at"), "")
        await collection.update_one(same | {"deleted": True}, {"$unset": facts})
        await collection.update_one(same, {"$unset": {"deletion": ""}})

    async def _remove_uploads(self, remains: LeftoverDocuments) -> None:
        older = {"ep_id": remains.ep_id, "_id": {"$lte": remains.last_run_id}}
        async for upload in self._uploads.find(older):
            await self._storage.abort_multipart(upload["key"], upload["multipart_id"])
        prefix = f"uploads/{remains.ep_id}/"
        keys = [key async for key in self._storage.list_keys(prefix) if remains.owns_upload(key.removeprefix(prefix))]
        await self._storage.delete_keys(keys)
        await self._uploads.delete_many(older)

    async def _artifacts(self, remains: LeftoverDocuments) -> list[str]:
        found: list[str] = []
        for folder in await self._storage.list_folders("artifacts/"):
            prefix = f"{folder}{remains.ep_id}/"
            async for key, written_at in self._storage.list_objects(prefix):
                if remains.owns_artifact(key.removeprefix(prefix), written_at):
                    found.append(key)
        return found

    async def _videos(self, remains: LeftoverDocuments) -> list[str]:
        listed = self._storage.list_objects(video_folder(remains.ep_id))
        return [key async for key, written_at in listed if remains.owns_video(key, written_at)]

    async def _videos_elsewhere(self, remains: LeftoverDocuments, uris: Iterable[str]) -> list[str]:
        """Videos that an emitter put elsewhere below `raw/videos/`, unless another episode is of the same object."""
        found: list[str] = []
        for uri in sorted(set(uris)):
            bucket, key = parse_uri(uri)
            if bucket != self._storage.bucket or not key.startswith(VIDEOS) or key in remains.kept:
                continue
            if key.startswith(video_folder(remains.ep_id)):
                continue
            others = {"video.uri": uri, "_id": {"$ne": remains.ep_id}}
            if await self._episodes.collection.find_one(others, {"_id": 1}) is None:
                found.append(key)
        return found


def _is_ulid(text: str) -> bool:
    try:
        ULID.from_str(text)
    except ValueError:
        return False
    return len(text) == 26
