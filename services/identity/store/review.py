"""Which questions of an episode people put off: no decision, so it has no version and no history."""

from __future__ import annotations

from chassis.mongo.database import Database

MOST_PUT_OFF = 2000
"""Ids of an episode; when there are more, the older ones come back into their places."""


class PutOffStore:
    """Beside the links, in the episode's document, so that it goes when that does."""

    def __init__(self, database: Database) -> None:
        self._identities = database["identities"]

    async def read(self, ep_id: str) -> frozenset[str]:
        """Ids of the questions that come last."""
        found = await self._identities.find_one({"_id": ep_id}, {"put_off": 1})
        return frozenset((found or {}).get("put_off", ()))

    async def put_off(self, ep_id: str, question: str, *, later: bool) -> int:
        """Put a question off, or take that back; how many are put off now."""
        known = await self.read(ep_id)
        if later and question not in known:
            pushed = {"$each": [question], "$slice": -MOST_PUT_OFF}
            await self._identities.update_one({"_id": ep_id}, {"$push": {"put_off": pushed}})
        elif not later and question in known:
            await self._identities.update_one({"_id": ep_id}, {"$pull": {"put_off": question}})
        return len(await self.read(ep_id))
