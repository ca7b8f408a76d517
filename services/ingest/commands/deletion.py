"""Deleting an episode: a tombstone at once, everything it stands for soon after, and once more for late writers.

The tombstone closes every run up to its `last_run_id`, so all services drop what is still under way for them. What is
removed is told from what an episode that was created again owns by the same order: names are ULIDs.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from ulid import ULID

from chassis import telemetry
from chassis.mongo.outbox import Outbox
from chassis.retrying import CALM_S, keep_doing
from chassis.s3.names import get_artifact_path, parse_uri
from chassis.s3.storage import Storage
from contracts.events import RunCancelled
from services.ingest.models import DeletedEpisode
from services.ingest.runs.keys import last_id_at, video_folder
from services.ingest.runs.records import Episode, Leftovers, Run, Tombstone
from services.ingest.runs.states import OPEN
from services.ingest.settings import DeletionSettings
from services.ingest.store.proxies import ProxyStore
from services.ingest.store.runs import IngestStore
from services.ingest.store.uploads import UploadStore

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
        self,
        store: IngestStore,
        uploads: UploadStore,
        proxies: ProxyStore,
        storage: Storage,
        outbox: Outbox,
        settings: DeletionSettings,
    ) -> None:
        self._proxies = proxies
        self._uploads = uploads
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
            names = [run.run_id for run in runs] + [asked.run_id for asked in was.starts]
            last = max([last_id_at(datetime.now(UTC)), *names, was.last_run_id or ""])
            cancelled = [
                RunCancelled(ep_id=ep_id, run_id=run.run_id, reason="deleted") for run in runs if run.state == OPEN
            ]
            if await self._episodes.write_tombstone(was, last_run_id=last, cancelled=cancelled, who=who):
                break
        await self._outbox.publish_soon(self._episodes.collection, ep_id)
        return DeletedEpisode(ep_id=ep_id, last_run_id=last, version=was.version + 1)

    async def run(self) -> None:
        await keep_doing(self.sweep, every_s=self._settings.every_s, what="deletion sweep", calm_s=CALM_S)

    async def sweep(self) -> int:
        """Do every pass that is due; returns how many."""
        passes = 0
        async for claimed in self._episodes.claim_deletion(for_s=CLAIMED_FOR_S):
            if claimed.deletion is not None:
                await self._pass(claimed, claimed.deletion)
                passes += 1
        return passes

    async def _pass(self, episode: Episode | Tombstone, deletion: Leftovers) -> None:
        ep_id, there = episode.ep_id, episode if isinstance(episode, Episode) else None
        runs = await self._store.list_runs(ep_id=ep_id)
        gone = [run for run in runs if run.run_id <= deletion.last_run_id]
        later = _videos_of(run for run in runs if run.run_id > deletion.last_run_id)
        if there is not None and there.video is not None:
            later.append(there.video.uri)
        leftover = LeftoverDocuments(
            ep_id=ep_id,
            last_run_id=deletion.last_run_id,
            deleted_at=deletion.deleted_at,
            passes=deletion.passes,
            recreated_at=there.created_at if there is not None else None,
            kept=frozenset(parse_uri(uri)[1] for uri in later),
        )
        for job in await self._proxies.forget(ep_id, until=leftover.deleted_at):
            if job.multipart_id is not None:
                await self._storage.abort_multipart(get_artifact_path("proxies", *job.path), job.multipart_id)
        await self._remove_uploads(leftover)
        keys = await self._artifacts(leftover) + await self._videos(leftover)
        keys += await self._videos_elsewhere(leftover, [*_videos_of(gone), *deletion.videos])
        await self._storage.delete_keys(keys)
        await self._store.remove(ep_id, until=leftover.last_run_id, run_ids=[run.run_id for run in gone])
        telemetry.logger().info("leftovers removed", ep_id=ep_id, objects=len(keys), runs=len(gone))
        await self._note(leftover)

    async def _note(self, leftover: LeftoverDocuments) -> None:
        """The next pass, or, after the last one, a tombstone with no more than what has to stay closed."""
        passes = leftover.passes + 1
        if passes >= PASSES:
            await self._episodes.end_deletion(leftover.ep_id, leftover.deleted_at)
            return
        due_at = leftover.deleted_at + timedelta(seconds=self._settings.second_pass_s)
        await self._episodes.put_deletion_off(leftover.ep_id, leftover.deleted_at, passes=passes, due_at=due_at)

    async def _remove_uploads(self, leftover: LeftoverDocuments) -> None:
        for upload in await self._uploads.of_episode(leftover.ep_id, until=leftover.last_run_id):
            await self._storage.abort_multipart(upload.key, upload.multipart_id)
        prefix = f"uploads/{leftover.ep_id}/"
        keys = [key async for key in self._storage.list_keys(prefix) if leftover.owns_upload(key.removeprefix(prefix))]
        await self._storage.delete_keys(keys)
        await self._uploads.remove(leftover.ep_id, until=leftover.last_run_id)

    async def _artifacts(self, leftover: LeftoverDocuments) -> list[str]:
        found: list[str] = []
        for folder in await self._storage.list_folders("artifacts/"):
            prefix = f"{folder}{leftover.ep_id}/"
            async for key, written_at in self._storage.list_objects(prefix):
                if leftover.owns_artifact(key.removeprefix(prefix), written_at):
                    found.append(key)
        return found

    async def _videos(self, leftover: LeftoverDocuments) -> list[str]:
        listed = self._storage.list_objects(video_folder(leftover.ep_id))
        return [key async for key, written_at in listed if leftover.owns_video(key, written_at)]

    async def _videos_elsewhere(self, leftover: LeftoverDocuments, uris: Iterable[str]) -> list[str]:
        """Videos that an emitter put elsewhere below `raw/videos/`, unless another episode is of the same object."""
        found: list[str] = []
        for uri in sorted(set(uris)):
            bucket, key = parse_uri(uri)
            if bucket != self._storage.bucket or not key.startswith(VIDEOS) or key in leftover.kept:
                continue
            if key.startswith(video_folder(leftover.ep_id)):
                continue
            if not await self._episodes.is_of_another(leftover.ep_id, uri):
                found.append(key)
        return found


def _videos_of(runs: Iterable[Run]) -> list[str]:
    return [run.video.uri for run in runs if run.video is not None]


def _is_ulid(text: str) -> bool:
    try:
        ULID.from_str(text)
    except ValueError:
        return False
    return len(text) == 26
