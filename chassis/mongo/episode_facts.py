"""What ingest knows of an episode and services that report on it show: a read model that ingest alone writes."""

from __future__ import annotations

from dataclasses import dataclass, field

from chassis.mongo.database import Database
from chassis.mongo.shared_reads import EPISODE_FACTS
from contracts.external_ids import ProgrammeIds


@dataclass(frozen=True, kw_only=True)
class EpisodeFacts:
    """Ids in other registries, and the size of the picture as shown, in pixels; None where no video was read yet."""

    external_ids: ProgrammeIds = field(default_factory=ProgrammeIds)
    size: tuple[int, int] | None = None


class EpisodeReadModel:
    """Reads the facts of episodes."""

    def __init__(self, database: Database) -> None:
        self._episodes = database[EPISODE_FACTS.collection]

    async def facts(self, ep_id: str) -> EpisodeFacts:
        """Nothing is known of an episode that is not there."""
        found = await self._episodes.find_one({"_id": ep_id}, EPISODE_FACTS.projection) or {}
        width, height = found.get("width"), found.get("height")
        return EpisodeFacts(
            external_ids=ProgrammeIds.model_validate(found.get("external_ids") or {}),
            size=(int(width), int(height)) if width and height else None,
        )
