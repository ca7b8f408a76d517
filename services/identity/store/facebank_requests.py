"""What requests with pictures were answered, a document each, so that a repeat is answered the same way.

An answer takes effect in two documents. Its verdicts are *prepared* here; the one write that raises the facebank's
revision names the request as the one it answers; then the answer is *settled* here with that revision. The invariant:
**the answer that a facebank names is settled before another one takes its place**, so whatever breaks off in between, a
request is either answered for good or was never handled.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from pymongo.errors import DuplicateKeyError

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
        return Answer(revision=int(found["revision"]), verdicts=verdicts)

    async def prepare(self, show: str, key: str, verdicts: Sequence[PictureVerdict]) -> None:
        """Keep verdicts for when they take effect; those of a settled answer stay."""
        document = {
            "show": show,
            "at": datetime.now(UTC),
            "verdicts": [verdict.model_dump(mode="json") for verdict in verdicts],
        }
        with suppress(DuplicateKeyError):
            await self._requests.update_one(
                {"_id": f"{show}/{key}", "revision": {"$exists": False}}, {"$set": document}, upsert=True
            )

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
        """Take the verdicts on a member's pictures, and names, out of the answers; returns out of how many."""
        changed = 0
        async for found in self._requests.find({"show": show}, {"verdicts": 1}):
            verdicts = found["verdicts"]
            left = [
                verdict | {name: redact(verdict[name], texts) for name in ("message", "filename") if name in verdict}
                for verdict in verdicts
                if verdict["cast_id"] != cast_id
            ]
            if left != verdicts:
                same = {"_id": found["_id"], "verdicts": verdicts}
                changed += (await self._requests.update_one(same, {"$set": {"verdicts": left}})).matched_count
        return changed

    async def of_member(self, show: str, cast_id: str) -> list[dict[str, str]]:
        """What was said about a member's pictures, and when."""
        return [
            {"at": found["at"].isoformat(timespec="seconds"), **{key: str(value) for key, value in verdict.items()}}
            async for found in self._requests.find({"show": show, "verdicts.cast_id": cast_id})
            for verdict in found["verdicts"]
            if verdict["cast_id"] == cast_id
        ]

    async def forget_show(self, show: str, until: datetime) -> None:
        """Forget what a show's requests were answered until a time."""
        await self._requests.delete_many({"show": show, "at": {"$lte": until}})


def request_key(request_id: str) -> str:
    """A request's id as part of a document's: of one length, whatever senders put into theirs."""
    return hashlib.sha256(request_id.encode()).hexdigest()[:32]
