"""Operators' edits in MongoDB: one document per episode, `{_id, version, log, log_bytes, log_last, outbox}`.

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
from chassis.mongo.remembered_logs import LogFields, LogMark, RememberedLogs
from chassis.mongo.shared_reads import ERASURES
from contracts.events import ClustersEdited
from services.grouper.edits.log import EditLog, EditRecord

BYTES = "log_bytes"
"""The field that counts what the log takes; missing where it has to be counted again."""
LAST = "log_last"
"""The field with the id of the last command; missing where the log has to be read whole."""
_FIELDS = LogFields(bytes=BYTES, last=LAST)


@dataclass(frozen=True)
class EditBook:
    """An episode's log of edits, what it takes in MongoDB, and its version; 0 before the first.

    `last` is the id of the last command; None where something was taken out of the log since.
    """

    version: int = 0
    log: EditLog = ()
    log_bytes: int = 0
    last: str | None = None

    def made_by(self, command_id: str) -> EditRecord | None:
        """The entry that a command made, if it was here before."""
        return next((record for record in self.log if record.command_id == command_id), None)


class EditStore:
    """Reads and extends the logs."""

    def __init__(self, database: Database) -> None:
        self.collection: AsyncCollection[Document] = database["edits"]
        self._remembered: RememberedLogs[EditRecord] = RememberedLogs()

    async def read(self, ep_id: str) -> EditBook:
        """The log as it is now; what of it is known already is not read again."""
        found = await self.collection.find_one({"_id": ep_id}, {"version": 1, BYTES: 1, LAST: 1})
        if found is None:
            return EditBook()
        mark = _FIELDS.mark(found)
        log = self._remembered.of(ep_id, mark)
        if mark is not None and log is not None:
            return EditBook(version=mark.version, log=log, log_bytes=mark.bytes, last=mark.last)
        return await self._read_whole(ep_id)

    async def _read_whole(self, ep_id: str) -> EditBook:
        found = await self.collection.find_one({"_id": ep_id}, {"version": 1, "log": 1, BYTES: 1, LAST: 1})
        if found is None:
            return EditBook()
        book = EditBook(
            version=int(found["version"]),
            log=tuple(EditRecord.model_validate(record) for record in found["log"]),
            log_bytes=int(found[BYTES] if BYTES in found else stored_bytes(found["log"])),
            last=found.get(LAST),
        )
        self._remembered.remember(ep_id, _FIELDS.mark(found), book.log)
        return book

    async def version(self, ep_id: str) -> int:
        found = await self.collection.find_one({"_id": ep_id}, {"version": 1})
        return int(found["version"]) if found else 0

    async def append(self, ep_id: str, book: EditBook, record: EditRecord, event: ClustersEdited) -> bool:
        """Add an entry to the log that was read, and its event; False when it is another log now.

        Raises:
            Conflict: `edit_log_full`.
        """
        if record.version == 1:
            with suppress(DuplicateKeyError):
                await self.collection.insert_one({"_id": ep_id, "version": 0, "log": []})
        entry = record.model_dump(mode="json", by_alias=True, exclude_none=True)
        used = book.log_bytes + stored_bytes([entry])
        check_room(used, code="edit_log_full", what="The log of edits", takes_back=record.action != "apply")
        last = record.command_id or record.edit_id
        done = await self.collection.update_one(
            {"_id": ep_id, "version": record.version - 1, LAST: book.last},
            enqueue([event], {"$inc": {"version": 1}, "$set": {BYTES: used, LAST: last}, "$push": {"log": entry}}),
        )
        if not done.modified_count:
            return False
        if book.last is not None or not book.version:  # else somebody may have been erased since the log was read
            mark = LogMark(version=record.version, bytes=used, last=last)
            self._remembered.remember(ep_id, mark, (*book.log, EditRecord.model_validate(entry)))
        return True

    async def forget_in_log(self, ep_id: str, erasure_id: str, forgetting: Callable[[EditLog], EditLog]) -> None:
        """Take out of an episode's log what an erasure is about, and note that it was done; the version stays."""
        while True:
            book = await self.read(ep_id)
            left = forgetting(book.log)
            entries = [record.model_dump(mode="json", by_alias=True, exclude_none=True) for record in left]
            update: Document = {"$addToSet": {ERASURES: erasure_id}, "$unset": {LAST: ""}}
            if left != book.log:
                update["$set"] = {"log": entries, BYTES: stored_bytes(entries)}
            done = await self.collection.update_one({"_id": ep_id, "version": book.version}, update)
            self._remembered.forget(ep_id)
            if done.matched_count or not await self.collection.find_one({"_id": ep_id}, {"_id": 1}):
                return

    async def forget(self, ep_id: str, last_run_id: str) -> None:
        """Remove an episode's edits of the runs up to that one; the document goes with the last of them."""
        gone = {"$pull": {"log": {"run_id": {"$lte": last_run_id}}}, "$unset": {BYTES: "", LAST: ""}}
        await self.collection.update_one({"_id": ep_id}, gone)
        self._remembered.forget(ep_id)
        await self.collection.delete_one({"_id": ep_id, "log": []})
