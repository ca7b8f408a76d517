"""Operators' edits in MongoDB: one document per episode, `{_id, version, log, log_bytes, outbox}`.

The invariant: **an accepted command is one atomic write**, of its entry in the log, the new version and its event. The
write names the version it is meant for, so of two commands at once one is refused and nothing is lost.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from pymongo.asynchronous.collection import AsyncCollection
from pymongo.errors import DuplicateKeyError

from chassis.mongo.database import Database, Document
from chassis.mongo.document_size import check_room, stored_bytes
from chassis.mongo.outbox import enqueue
from chassis.mongo.shared_reads import ERASURES
from contracts.events import ClustersEdited
from services.grouper.edits.log import EditLog, EditRecord

BYTES = "log_bytes"
"""The field that counts what the log takes; missing where it has to be counted again."""


@dataclass(frozen=True)
class EditBook:
    """An episode's log of edits, what it takes in MongoDB, and its version; 0 before the first."""

    version: int = 0
    log: EditLog = ()
    log_bytes: int = 0

    def made_by(self, command_id: str) -> EditRecord | None:
        """The entry that a command made, if it was here before."""
        return next((record for record in self.log if record.command_id == command_id), None)


class EditStore:
    """Reads and extends the logs."""

    def __init__(self, database: Database) -> None:
        self.collection: AsyncCollection[Document] = database["edits"]

    async def read(self, ep_id: str) -> EditBook:
        found = await self.collection.find_one({"_id": ep_id}, {"version": 1, "log": 1, BYTES: 1})
        if found is None:
            return EditBook()
        return EditBook(
            version=int(found["version"]),
            log=tuple(EditRecord.model_validate(record) for record in found["log"]),
            log_bytes=int(found[BYTES] if BYTES in found else stored_bytes(found["log"])),
        )

    async def version(self, ep_id: str) -> int:
        found = await self.collection.find_one({"_id": ep_id}, {"version": 1})
        return int(found["version"]) if found else 0

    async def append(self, ep_id: str, book: EditBook, record: EditRecord, event: ClustersEdited) -> bool:
        """Add an entry to the log that was read, and its event; False when the version has moved on.

        Raises:
            Conflict: `edit_log_full`.
        """
        if record.version == 1:
            with suppress(DuplicateKeyError):
                await self.collection.insert_one({"_id": ep_id, "version": 0, "log": []})
        entry = record.model_dump(mode="json", by_alias=True, exclude_none=True)
        used = book.log_bytes + stored_bytes([entry])
        check_room(used, code="edit_log_full", what="The log of edits", takes_back=record.action != "apply")
        done = await self.collection.update_one(
            {"_id": ep_id, "version": record.version - 1},
            enqueue([event], {"$inc": {"version": 1}, "$set": {BYTES: used}, "$push": {"log": entry}}),
        )
        return bool(done.modified_count)

    async def forget_in_log(self, ep_id: str, erasure_id: str, forgetting: Callable[[EditLog], EditLog]) -> None:
        """Take out of an episode's log what an erasure is about, and note that it was done; the version stays."""
        while True:
            book = await self.read(ep_id)
            left = forgetting(book.log)
            entries = [record.model_dump(mode="json", by_alias=True, exclude_none=True) for record in left]
            update: Document = {"$addToSet": {ERASURES: erasure_id}}
            if left != book.log:
                update["$set"] = {"log": entries, BYTES: stored_bytes(entries)}
            done = await self.collection.update_one({"_id": ep_id, "version": book.version}, update)
            if done.matched_count or not await self.collection.find_one({"_id": ep_id}, {"_id": 1}):
                return

    async def forget(self, ep_id: str, last_run_id: str) -> None:
        """Remove an episode's edits of the runs up to that one; the document goes with the last of them."""
        gone = {"$pull": {"log": {"run_id": {"$lte": last_run_id}}}, "$unset": {BYTES: ""}}
        await self.collection.update_one({"_id": ep_id}, gone)
        await self.collection.delete_one({"_id": ep_id, "log": []})
