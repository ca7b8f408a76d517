"""Which revision people see of a show's episodes, in MongoDB: asked for page by page, by who is named in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pymongo import ASCENDING

from chassis.mongo.database import Database, Document


@dataclass(frozen=True, kw_only=True)
class ShownRevision:
    """The revision that people see of an episode."""

    ep_id: str
    run_id: str
    revision: int


class ShownRevisions:
    """Reads the episodes' documents; what a revision says is elsewhere."""

    def __init__(self, database: Database) -> None:
        self._identities = database["identities"]

    async def of_show(
        self, show: str, *, season: int | None, named: Sequence[str], every: bool, after: str, limit: int
    ) -> list[ShownRevision]:
        """The next episodes by id that have a screen time.

        Args:
            season: Only this season's; None: all.
            named: Cast ids that the revision has to name; none: any episode.
            every: It has to name all of them; else one is enough.
            after: Id of the last episode before; "" for the first ones.
            limit: At most so many.
        """
        begin, end = (
            (f"{show}-s", f"{show}-t") if season is None else (f"{show}-s{season:02d}e", f"{show}-s{season:02d}f")
        )
        place: Document = {"$lt": end, "$gt" if after else "$gte": after or begin}
        asked: Document = {"show": show, "_id": place, "revision": {"$gte": 1}}
        if named:
            asked["named"] = {"$all" if every else "$in": list(named)}
        found = self._identities.find(asked, {"run_id": 1, "revision": 1}).sort("_id", ASCENDING).limit(limit)
        return [
            ShownRevision(ep_id=str(one["_id"]), run_id=str(one["run_id"]), revision=int(one["revision"]))
            async for one in found
        ]
