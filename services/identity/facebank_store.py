"""Facebanks in MongoDB: a show's cast, its reference pictures, its revision, its outbox.

Pictures change before the revision does: whoever remembers something for a revision never remembers older pictures.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import numpy as np
from pymongo import ReplaceOne, ReturnDocument
from pymongo.errors import DuplicateKeyError

from chassis.errors import Conflict
from chassis.outbox import Outbox, enqueue
from chassis.store import Database, Document
from contracts.blobs import PictureRef
from contracts.events import Event, PictureVerdict
from services.identity.facebank import Reference

MOST_TRIES = 50
"""Times a change of a facebank is tried again because somebody else changed it meanwhile."""


@dataclass(frozen=True, kw_only=True)
class Show:
    """A show's facebank: `members` are cast id -> name."""

    show: str
    name: str | None = None
    revision: int = 0
    members: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Change:
    """What a command does to a facebank: fields to set and to remove, and its events, made with the new revision."""

    events: Callable[[int], Sequence[Event]]
    set: Mapping[str, object] = field(default_factory=dict)
    unset: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class Picture:
    """An accepted reference picture; `ref` is None for those kept before pictures could be shown."""

    cast_id: str
    reference: Reference
    ref: PictureRef | None
    added_at: datetime | None = None


class FacebankStore:
    """A picture's id is its member and content, so a repeat replaces itself."""

    def __init__(self, database: Database, outbox: Outbox) -> None:
        self._facebanks = database["facebanks"]
        self._pictures = database["facebank_pictures"]
        self._outbox = outbox

    async def show(self, show: str) -> Show | None:
        found = await self._facebanks.find_one({"_id": show}, {"requests": 0, "outbox": 0})
        return _read_show(found) if found else None

    async def shows(self) -> list[Show]:
        """All of them, by slug."""
        found = [_read_show(document) async for document in self._facebanks.find({}, {"requests": 0, "outbox": 0})]
        return sorted(found, key=lambda show: show.show)

    async def members(self, show: str) -> dict[str, str]:
        """cast_id -> name."""
        found = await self.show(show)
        return dict(found.members) if found else {}

    async def create(self, show: str, name: str) -> bool:
        """A new show without a cast; False when there is one, which stays as it is."""
        try:
            await self._facebanks.insert_one({"_id": show, "name": name, "revision": 0, "members": {}})
        except DuplicateKeyError:
            return False
        return True

    async def change(self, show: str, decide: Callable[[Show], Change | None]) -> Show:
        """Change a facebank in one write with its events.

        `decide` gets what there is; None changes nothing. It may raise, and is asked again when somebody else was
        faster.
        """
        for _ in range(MOST_TRIES):
            before = await self.show(show) or Show(show=show)
            change = decide(before)
            if change is None:
                return before
            merged: Document = {"$set": {**change.set, "revision": before.revision + 1}}
            if change.unset:
                merged["$unset"] = dict.fromkeys(change.unset, "")
            events = change.events(before.revision + 1)
            result = await self._facebanks.update_one(
                {"_id": show, "revision": before.revision}, enqueue(events, merged)
            )
            if result.matched_count:
                await self._outbox.publish_soon(self._facebanks, show)
                return await self.show(show) or before
        raise Conflict("facebank_busy", f"The cast of {show} is being changed by many at once: try again.")

    async def verdicts(self, show: str, request_id: str) -> tuple[int, list[PictureVerdict]] | None:
        """Revision and verdicts of a request that was answered before."""
        place = f"requests.{_request_key(request_id)}"
        found = await self._facebanks.find_one({"_id": show, place: {"$exists": True}})
        if found is None:
            return None
        answer = found["requests"][_request_key(request_id)]
        return int(answer["revision"]), [PictureVerdict.model_validate(verdict) for verdict in answer["verdicts"]]

    async def save(
        self,
        show: str,
        *,
        request_id: str,
        names: dict[str, str],
        pictures: Sequence[Picture],
        verdicts: Sequence[PictureVerdict],
        replace: bool,
    ) -> int:
        """Store what became of a request's pictures, then the facebank; returns its new revision."""
        documents = await self.keep(show, pictures)
        if replace:
            await self._pictures.delete_many({"show": show, "_id": {"$nin": documents}})
        changes: Document = {f"members.{cast_id}": name for cast_id, name in names.items()}
        if replace:
            changes = {"members": names}
        after = await self._facebanks.find_one_and_update(
            {"_id": show},
            {"$set": changes, "$inc": {"revision": 1}},
            upsert=True,
            return_document=ReturnDocument.AFTER,
        )
        revision = int((after or {})["revision"])
        await self._facebanks.update_one({"_id": show}, {"$set": answer_of(request_id, revision, verdicts)})
        return revision

    async def keep(self, show: str, pictures: Sequence[Picture]) -> list[str]:
        """Store pictures; returns their ids. Whoever calls this raises the facebank's revision afterwards."""
        documents = [_document(show, picture) for picture in pictures]
        if documents:
            await self._pictures.bulk_write([ReplaceOne({"_id": doc["_id"]}, doc, upsert=True) for doc in documents])
        return [doc["_id"] for doc in documents]

    async def pictures(self, show: str, cast_id: str | None = None) -> list[Picture]:
        """Accepted pictures of a show or of one member, in a fixed order."""
        asked = {"show": show} | ({"cast_id": cast_id} if cast_id is not None else {})
        found = [document async for document in self._pictures.find(asked)]
        return [_read_picture(document) for document in sorted(found, key=lambda document: str(document["_id"]))]

    async def references(self, show: str) -> dict[str, list[Reference]]:
        """cast_id -> accepted pictures, in a fixed order."""
        found: dict[str, list[Reference]] = {}
        for picture in await self.pictures(show):
            found.setdefault(picture.cast_id, []).append(picture.reference)
        return found

    async def drop(self, show: str, cast_id: str, picture: str | None = None) -> list[Picture]:
        """Remove one picture of a member, or all; returns those that are gone."""
        gone = [entry for entry in await self.pictures(show, cast_id) if picture in (None, entry.reference.picture)]
        ids = [f"{show}/{cast_id}/{entry.reference.picture}" for entry in gone]
        await self._pictures.delete_many({"_id": {"$in": ids}})
        return gone


def answer_of(request_id: str, revision: int, verdicts: Sequence[PictureVerdict]) -> Document:
    """The part of a facebank's `$set` that remembers what a request was answered."""
    answer = {"revision": revision, "verdicts": [verdict.model_dump(mode="json") for verdict in verdicts]}
    return {f"requests.{_request_key(request_id)}": answer}


def _request_key(request_id: str) -> str:
    """A request's id as a field name: senders may put dots and dollars into theirs."""
    return hashlib.sha256(request_id.encode()).hexdigest()[:32]


def _document(show: str, picture: Picture) -> Document:
    reference = picture.reference
    return {
        "_id": f"{show}/{picture.cast_id}/{reference.picture}",
        "show": show,
        "cast_id": picture.cast_id,
        "picture": reference.picture,
        "vector": reference.vector.astype("<f4").tobytes(),
        "model_id": reference.model_id,
        "quality": reference.quality,
        "ref": picture.ref.model_dump(mode="json") if picture.ref else None,
        "added_at": picture.added_at or datetime.now(UTC),
    }


def _read_show(found: Document) -> Show:
    return Show(
        show=found["_id"],
        name=found.get("name"),
        revision=int(found.get("revision", 0)),
        members=dict(found.get("members", {})),
    )


def _read_picture(document: Document) -> Picture:
    return Picture(
        cast_id=document["cast_id"],
        reference=Reference(
            picture=document["picture"],
            vector=np.frombuffer(document["vector"], dtype="<f4"),
            model_id=document["model_id"],
            quality=float(document["quality"]),
        ),
        ref=PictureRef.model_validate(document["ref"]) if document.get("ref") else None,
        added_at=document.get("added_at"),
    )
