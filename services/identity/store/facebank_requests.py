"""What commands on a facebank were answered, a document each, so that a repeat is answered the same way.

An answer takes effect in two documents. Its content is *prepared* here; the one write that raises the facebank's
revision names the request as the one it answers; then the answer is *settled* here with that revision. The invariant:
**the answer that a facebank names is settled before another one takes its place**, so whatever breaks off in between, a
request is either answered for good or was never handled.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from pymongo.errors import DuplicateKeyError

from chassis.commands import refuse_another
from chassis.domain.redaction import redact
from chassis.mongo.database import Database
from contracts.events import PictureVerdict
from services.identity.facebank.cast import Answer, Answering

REMEMBERED_FOR = timedelta(days=60)
"""Longer than a request can come back by itself: from its topic, or from there by a dead letter that is replayed last."""


class AnsweredRequests:
    """The `facebank_requests` collection. `key` is `request_key` of a request's id."""

    def __init__(self, database: Database) -> None:
        self._requests = database["facebank_requests"]

    async def find(self, show: str, key: str) -> Answer | None:
        """The settled answer of a request."""
        found = await self._requests.find_one({"_id": f"{show}/{key}", "revision": {"$exists": True}})
        if found is None:
            return None
        verdicts = tuple(PictureVerdict.model_validate(verdict) for verdict in found["verdicts"])
        return Answer(
            revision=int(found["revision"]),
            verdicts=verdicts,
            told=found.get("told") or {},
            fingerprint=found.get("fingerprint"),
        )

    async def prepare(self, show: str, key: str, answer: Answer) -> None:
        """Keep an answer for when it takes effect; a settled one stays.

        Raises:
            Conflict: `command_id_used`, where another command has prepared its answer under this key.
        """
        document = {
            "show": show,
            "at": datetime.now(UTC),
            "verdicts": [verdict.model_dump(mode="json") for verdict in answer.verdicts],
            "told": dict(answer.told),
            "fingerprint": answer.fingerprint,
        }
        same = {
            "_id": f"{show}/{key}",
            "revision": {"$exists": False},
            "fingerprint": {"$in": [None, answer.fingerprint]},
        }
        try:
            await self._requests.update_one(same, {"$set": document}, upsert=True)
        except DuplicateKeyError:
            found = await self._requests.find_one({"_id": f"{show}/{key}"}, {"fingerprint": 1})
            if found is not None:
                refuse_another(found.get("fingerprint"), answer.fingerprint or "")

    async def settle(self, show: str, answering: Answering) -> None:
        """Make the answer that a facebank names the one for good."""
        await self._requests.update_one(
            {"_id": f"{show}/{answering.request}", "revision": {"$exists": False}},
            {"$set": {"revision": answering.revision}},
        )

    async def prune(self, show: str) -> None:
        """Forget requests that cannot come back by themselves any more; sent again, they are handled as new ones."""
        await self._requests.delete_many({"show": show, "at": {"$lt": datetime.now(UTC) - REMEMBERED_FOR}})

    async def forget_member(self, show: str, cast_id: str, texts: Collection[str] = ()) -> int:
        """Take what answers say of a member out of them: verdicts on pictures, rows of imports with their name.

        `texts` are names to take out of what is said of others. Returns out of how many answers something went.
        """
        changed = 0
        async for found in self._requests.find({"show": show}, {"verdicts": 1, "told.rows": 1}):
            said = {"verdicts": found["verdicts"], "told.rows": (found.get("told") or {}).get("rows", [])}
            left = {place: _without(entries, cast_id, texts) for place, entries in said.items()}
            update = {place: entries for place, entries in left.items() if entries != said[place]}
            if update:
                same = {"_id": found["_id"]} | {place: said[place] for place in update}
                changed += (await self._requests.update_one(same, {"$set": update})).matched_count
        return changed

    async def of_member(self, show: str, cast_id: str) -> list[dict[str, str]]:
        """What was said about a member's pictures, and in imports, and when."""
        said: list[dict[str, str]] = []
        async for found in self._requests.find({"show": show}, {"at": 1, "verdicts": 1, "told.rows": 1}):
            at = {"at": found["at"].isoformat(timespec="seconds")}
            entries = [*found["verdicts"], *(found.get("told") or {}).get("rows", [])]
            said += [
                at | {key: str(value) for key, value in entry.items()}
                for entry in entries
                if entry["cast_id"] == cast_id
            ]
        return said

    async def forget_show(self, show: str, until: datetime) -> None:
        """Forget what a show's requests were answered until a time."""
        await self._requests.delete_many({"show": show, "at": {"$lte": until}})


def _without(entries: Sequence[Mapping[str, Any]], cast_id: str, texts: Collection[str]) -> list[dict[str, Any]]:
    """What was said of others, without names."""
    return [
        {**entry, **{name: redact(entry[name], texts) for name in ("message", "filename", "name") if entry.get(name)}}
        for entry in entries
        if entry["cast_id"] != cast_id
    ]


def request_key(request_id: str) -> str:
    """A request's id as part of a document's: of one length, whatever senders put into theirs."""
    return hashlib.sha256(request_id.encode()).hexdigest()[:32]
