"""Sign-offs in MongoDB: beside the links, in the episode's document, so that they go when that does."""

from __future__ import annotations

from chassis.mongo.database import Database, Document
from chassis.mongo.outbox import Outbox, enqueue
from contracts.events import ScreenTimeSigned
from services.identity.signoff.log import MOST_KEPT, SignOffRecord, SignOffs

SIGN_OFFS = "sign_offs"
VERSION = "sign_offs_version"


class SignOffStore:
    """Writes are guarded by the version: of two commands made on one version, one is stored."""

    def __init__(self, database: Database, outbox: Outbox) -> None:
        self._identities = database["identities"]
        self._outbox = outbox

    async def store(self, ep_id: str, before: SignOffs, record: SignOffRecord, event: ScreenTimeSigned) -> bool:
        """Add an entry to the log that was read, and its event; False when the version has moved on."""
        entry = {"$each": [record.model_dump(mode="json")], "$slice": -MOST_KEPT}
        update = enqueue([event], {"$set": {VERSION: record.version}, "$push": {SIGN_OFFS: entry}})
        asked = {"_id": ep_id, VERSION: before.version or None}  # null is found where the field is missing
        done = await self._identities.update_one(asked, update)
        if done.matched_count:
            self._outbox.publish_later(self._identities, ep_id)
        return bool(done.matched_count)


def read_sign_offs(found: Document) -> SignOffs:
    """The sign-offs in an episode's document."""
    return SignOffs(
        version=int(found.get(VERSION) or 0),
        log=tuple(SignOffRecord.model_validate(entry) for entry in found.get(SIGN_OFFS, ())),
    )
