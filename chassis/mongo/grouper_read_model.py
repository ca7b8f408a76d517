"""What identity has to know of the grouper to remove what nobody needs any more: a read model, written by grouper alone.

`edits.erasures` says which erasures an episode's log of edits has been through; `grouper_runs` names the artifacts that
grouping a run again begins with.
"""

from __future__ import annotations

from chassis.mongo.database import Database
from chassis.mongo.shared_reads import EDITS_ERASED, ERASURES, GROUPED
from contracts.blobs import BlobRef
from contracts.events import EpisodeGrouped


class GrouperReadModel:
    """Reads the grouper's documents."""

    def __init__(self, database: Database) -> None:
        self._edits = database[EDITS_ERASED.collection]
        self._runs = database[GROUPED.collection]

    async def edits_are_without(self, ep_id: str, erasure_id: str) -> bool:
        """Whether an erasure was carried out in the episode's edits, or there are none."""
        found = await self._edits.find_one({"_id": ep_id}, EDITS_ERASED.projection)
        return found is None or erasure_id in found.get(ERASURES, ())

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
