"""The barrier and the grouped runs in MongoDB."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime

from pymongo import DESCENDING, ReturnDocument
from pymongo.errors import DuplicateKeyError

from chassis.mongo import bitset
from chassis.mongo.database import Database, Document
from contracts.blobs import BlobRef
from contracts.events import EpisodeGrouped, SegmentEmbedded
from contracts.warnings import Warning, noted
from services.grouper.tracks.cutting import Cut

TRACK_ARTIFACTS = ("tracks", "tracks_npy", "faces")
IDS = "identity_ids"
"""The name in `GroupedRun.base` of the ids of the machine's people."""

USUAL_PERIOD_S = 0.125


@dataclass(frozen=True, kw_only=True)
class GroupedRun:
    """The latest grouping of a run, and what the next one needs.

    `base` names the artifacts before operators' cuts (tracks, tracks_npy, faces) and the `identity_ids` of the machine's
    people; `erased` has the stretches of such tracks of which nothing may be left. `highest_number` is the greatest number
    an identity ever had, edits' own ones left out; `problems` is what only the segments could tell. `retired` has the last
    tracks of people whose ids were not in use: only in runs that were grouped before there were `identity_ids`.
    """

    event: EpisodeGrouped
    base: Mapping[str, BlobRef]
    sample_period_s: float
    highest_number: int
    retired: Mapping[str, Sequence[str]] = field(default_factory=dict)
    problems: tuple[Warning, ...] = ()
    erased: tuple[Cut, ...] = ()


class GrouperStore:
    """Which segments are in, and how the runs are grouped."""

    def __init__(self, database: Database) -> None:
        self._segments = database["grouper_segments"]
        self._barriers = database["grouper_barriers"]
        self._runs = database["grouper_runs"]

    async def arrive(self, event: SegmentEmbedded) -> int:
        """Note that a segment is in; the first event of a segment is the one that counts. Returns how many are in."""
        numbers = [event.segment]
        try:
            await self._segments.insert_one(
                {
                    "_id": f"{event.run_id}/{event.segment:05d}",
                    "run_id": event.run_id,
                    "ep_id": event.ep_id,
                    "event": event.model_dump(mode="json", by_alias=True),
                }
            )
        except DuplicateKeyError:  # delivered again: a good moment to note all that are in
            known = self._segments.find({"run_id": event.run_id}, {"event.segment": 1})
            numbers = [int(document["event"]["segment"]) async for document in known]
        return await self._note(event, numbers)

    async def _note(self, event: SegmentEmbedded, numbers: Sequence[int]) -> int:
        """Note in the run's barrier that segments are in; returns how many are. The first one makes the barrier."""
        while True:
            barrier = await self._barriers.find_one_and_update(
                {"_id": event.run_id},
                bitset.marking("embedded", numbers),
                projection={"embedded": 1},
                return_document=ReturnDocument.AFTER,
            )
            if barrier is not None:
                return bitset.count(barrier["embedded"])
            with suppress(DuplicateKeyError):  # another process made it
                await self._barriers.insert_one({"_id": event.run_id, "ep_id": event.ep_id, "embedded": {}})

    async def segments(self, run_id: str) -> list[SegmentEmbedded]:
        """All segments of a run in order."""
        found = [SegmentEmbedded.model_validate(doc["event"]) async for doc in self._segments.find({"run_id": run_id})]
        return sorted(found, key=lambda event: event.segment)

    async def run(self, run_id: str) -> GroupedRun | None:
        """The latest grouping of a run, if it was grouped."""
        found = await self._runs.find_one({"_id": run_id})
        return _read(found) if found else None

    async def progress(self, run_id: str) -> tuple[int, int]:
        """The revision of a run's latest grouping and the version of the edits it includes; zeros without one."""
        found = await self._runs.find_one({"_id": run_id}, {"event.revision": 1, "event.edits_version": 1})
        event = found["event"] if found else {}
        return int(event.get("revision", 0)), int(event.get("edits_version", 0))

    async def latest(self, ep_id: str, *, before: str | None = None) -> GroupedRun | None:
        """The grouping of the episode's latest grouped run; with `before`, of the latest one earlier than that run."""
        query: Document = {"ep_id": ep_id} if before is None else {"ep_id": ep_id, "_id": {"$lt": before}}
        found = await self._runs.find_one(query, sort=[("_id", DESCENDING)])
        return _read(found) if found else None

    async def save_first(self, run: GroupedRun) -> GroupedRun:
        """Keep the first grouping of a run; where there is one already, that stays and is returned."""
        try:
            await self._runs.insert_one(
                {"_id": run.event.run_id, "ep_id": run.event.ep_id, "created_at": datetime.now(UTC), **_written(run)}
            )
        except DuplicateKeyError:
            return await self.run(run.event.run_id) or run
        return run

    async def save_next(self, run: GroupedRun) -> GroupedRun | None:
        """Keep the grouping that follows the stored one. Somebody else may have been faster: then theirs is returned.

        None when the run was deleted in between.
        """
        done = await self._runs.update_one(
            {"_id": run.event.run_id, "event.revision": run.event.revision - 1}, {"$set": _written(run)}
        )
        return run if done.modified_count else await self.run(run.event.run_id)

    async def forget(self, ep_id: str, last_run_id: str) -> None:
        """Remove an episode's runs up to that one."""
        await self._segments.delete_many({"ep_id": ep_id, "run_id": {"$lte": last_run_id}})
        for collection in (self._barriers, self._runs):
            await collection.delete_many({"ep_id": ep_id, "_id": {"$lte": last_run_id}})


def _written(run: GroupedRun) -> Document:
    return {
        "event": run.event.model_dump(mode="json", by_alias=True),
        "base": {name: ref.model_dump(mode="json", by_alias=True) for name, ref in run.base.items()},
        "sample_period_s": run.sample_period_s,
        "highest_number": run.highest_number,
        "retired": {identity: list(tracks) for identity, tracks in run.retired.items()},
        "problems": [warning.model_dump(mode="json") for warning in run.problems],
        "erased": [asdict(stretch) for stretch in run.erased],
    }


def _read(document: Document) -> GroupedRun:
    """A stored run. One that was grouped before there were edits has its event only, and was never cut."""
    event = EpisodeGrouped.model_validate(document["event"])
    base = {name: BlobRef.model_validate(ref) for name, ref in document.get("base", {}).items()}
    return GroupedRun(
        event=event,
        base=base or {name: event.artifacts[name] for name in TRACK_ARTIFACTS if name in event.artifacts},
        sample_period_s=float(document.get("sample_period_s", USUAL_PERIOD_S)),
        highest_number=int(document.get("highest_number", 0)),
        retired={identity: tuple(tracks) for identity, tracks in document.get("retired", {}).items()},
        problems=tuple(_warning(problem) for problem in document.get("problems", ())),
        erased=tuple(Cut(**stretch) for stretch in document.get("erased", ())),
    )


def _warning(problem: Document | str) -> Warning:
    """A stored problem; those of earlier releases are sentences."""
    return noted([problem])[0] if isinstance(problem, str) else Warning.model_validate(problem)
