"""The ids of an episode in other registries, for services that report on it: a read model that ingest alone writes."""

from __future__ import annotations

from chassis.mongo.database import Database
from chassis.mongo.shared_reads import EPISODE_IDS
from contracts.external_ids import ProgrammeIds


class EpisodeIds:
    """Reads what is known of an episode elsewhere."""

    def __init__(self, database: Database) -> None:
        self._episodes = database[EPISODE_IDS.collection]

    async def of(self, ep_id: str) -> ProgrammeIds:
        """Empty where none are known, or the episode is not."""
        found = await self._episodes.find_one({"_id": ep_id}, EPISODE_IDS.projection)
        return ProgrammeIds.model_validate((found or {}).get("external_ids") or {})
