"""What identity has to know of the grouper to tell what changed, and to remove what nobody needs any more.

A read model, written by grouper alone.

`edits.erasures` says which erasures an episode's log of edits has been through; `grouper_runs` names the artifacts that
grouping a run again begins with; its log says who edited when.
"""

from __future__ import annotations

from dataclasses import dataclass

from pymongo import DESCENDING

from chassis.mongo.database import Database
from chassis.mongo.shared_reads import EDITS_ERASED, EDITS_LOG, ERASURES, GROUPED
from contracts.blobs import BlobRef
from contracts.events import EpisodeGrouped


@dataclass(frozen=True, kw_only=True)
class LatestGrouping:
    """The latest grouping of an episode's latest grouped run, and the version of the edits that it includes."""

    run_id: str
    revision: int
    edits_version: int


@dataclass(frozen=True, kw_only=True)
class LoggedEdit:
    """An entry of the log of edits: an edit of a kind, or that one was undone or redone."""

    version: int
    edit_id: str
    action: str
    kind: str
    who: str
    at: str


class GrouperReadModel:
    """Reads the grouper's documents."""

    def __init__(self, database: Database) -> None:
        self._edits = database[EDITS_ERASED.collection]
        self._runs = database[GROUPED.collection]

    async def edits_are_without(self, ep_id: str, erasure_id: str) -> bool:
        """Whether an erasure was carried out in the episode's edits, or there are none."""
        found = await self._edits.find_one({"_id": ep_id}, EDITS_ERASED.projection)
        return found is None or erasure_id in found.get(ERASURES, ())

    async def edits_version(self, ep_id: str) -> int:
        """Version of the episode's edits; 0 before the first."""
        found = await self._edits.find_one({"_id": ep_id}, {"version": 1})
        return int(found["version"]) if found else 0

    async def edits_after(self, ep_id: str, version: int) -> list[LoggedEdit]:
        """The entries of the log with later versions, in order."""
        found = await self._edits.find_one({"_id": ep_id}, EDITS_LOG.projection)
        log = found.get("log", ()) if found else ()
        kinds = {entry["edit_id"]: str(entry["edit"]["kind"]) for entry in log if entry.get("edit")}
        return [
            LoggedEdit(
                version=int(entry.get("version", 0)),
                edit_id=entry["edit_id"],
                action=entry["action"],
                kind=kinds.get(entry["edit_id"], "edit"),
                who=entry["by"],
                at=entry["at"],
            )
            for entry in log
            if int(entry.get("version", 0)) > version
        ]

    async def latest(self, ep_id: str) -> LatestGrouping | None:
        """The episode's latest grouping, None before the first."""
        told = {"event.run_id": 1, "event.revision": 1, "event.edits_version": 1}
        found = await self._runs.find_one({"ep_id": ep_id}, told, sort=[("_id", DESCENDING)])
        if found is None:
            return None
        event = found["event"]
        return LatestGrouping(
            run_id=str(event["run_id"]),
            revision=int(event["revision"]),
            edits_version=int(event.get("edits_version") or 0),
        )

    async def grouped(self, run_id: str) -> EpisodeGrouped | None:
        """The latest grouping of a run."""
        found = await self._runs.find_one({"_id": run_id}, {"event": 1})
        return EpisodeGrouped.model_validate(found["event"]) if found else None

    async def needed(self, ep_id: str, *, since_run: str) -> list[BlobRef]:
        """The artifacts that the grouper needs of an episode's runs: of those before `since_run` tracks alone.

        Edits that were made in an earlier run name its tracks.
        """
        found: list[BlobRef] = []
        async for run in self._runs.find({"ep_id": ep_id}, {"event.artifacts": 1, "base": 1}):
            artifacts = run.get("event", {}).get("artifacts", {})
            base = run.get("base") or artifacts
            if str(run["_id"]) < since_run:
                refs = [base["tracks"]] if "tracks" in base else []
            else:
                refs = [*artifacts.values(), *base.values()]
            found += [BlobRef.model_validate(ref) for ref in refs]
        return found
