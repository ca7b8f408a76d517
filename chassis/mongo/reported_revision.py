"""What is reported of an episode, for services that do not report.

A shared read model, identity's document of the episode that identity alone writes: the revision that people see, and
which grouping it is made from.
"""

from __future__ import annotations

from dataclasses import dataclass

from chassis.mongo.database import Database
from chassis.mongo.shared_reads import GROUPING, REPORTED


@dataclass(frozen=True, kw_only=True)
class Reported:
    """The screen time revision of an episode that people see."""

    run_id: str
    revision: int
    grouping_revision: int

    def includes(self, run_id: str, grouping_revision: int) -> bool:
        """Whether it is made from that grouping or one that came after it, of the same run or a later one."""
        return (self.run_id, self.grouping_revision) >= (run_id, grouping_revision)


class ReportedScreenTime:
    """Reads what is reported."""

    def __init__(self, database: Database) -> None:
        self._identities = database[REPORTED.collection]

    async def of(self, ep_id: str) -> Reported | None:
        """The revision that people see, None before the first."""
        found = await self._identities.find_one({"_id": ep_id}, REPORTED.projection)
        if found is None or not found.get("run_id"):
            return None
        return Reported(
            run_id=str(found["run_id"]),
            revision=int(found["revision"]),
            grouping_revision=int(found.get(GROUPING) or 0),
        )
