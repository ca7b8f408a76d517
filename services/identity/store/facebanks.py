"""Facebanks in MongoDB: a show's cast, its reference pictures, its revision, the request answered last, its outbox.

Pictures change before the revision does: whoever remembers something for a revision never remembers older pictures.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np
from pymongo import ReplaceOne
from pymongo.errors import DuplicateKeyError

from chassis.commands import Accepted, Order, accept, fingerprint, refuse_another
from chassis.errors import Conflict
from chassis.mongo.database import Database, Document
from chassis.mongo.outbox import Outbox, enqueue
from chassis.retrying import until_stored
from contracts.blobs import PictureRef
from contracts.cast import CastDetails, MemberDetails
from contracts.events import CastDescribed, Event, PersonErased, PictureVerdict, ShowDeleted
from contracts.external_ids import ProgrammeIds
from contracts.ids import show_of
from services.identity.facebank.cast import Answer, Answering, Picture, PictureSource, Show
from services.identity.facebank.gallery import Reference
from services.identity.privacy.consent import Consent
from services.identity.privacy.tombstones import Tombstones, new_salt
from services.identity.store.facebank_requests import AnsweredRequests, request_key

UPLOADED = fingerprint("cast_uploaded")
"""Of every `cast.uploaded`: its request id is the event's identity, so a repeat asks for the same."""

_OUTGROWN = "requests"
"""Where facebanks kept answers before these had documents of their own; goes with the next change."""

_UNREAD = {"outbox": 0, _OUTGROWN: 0}


@dataclass(frozen=True, kw_only=True)
class Change:
    """What a command does to a facebank: fields to set and to remove, and its events, made with the new revision.

    `verdicts` and `told` are what it is answered. Without anything to do no revision is made, unless `always`.
    """

    events: Callable[[int], Sequence[Event]] | None = None
    set: Mapping[str, object] = field(default_factory=dict)
    unset: Sequence[str] = ()
    verdicts: tuple[PictureVerdict, ...] = ()
    told: Mapping[str, Any] = field(default_factory=dict)
    always: bool = False

    @property
    def changes(self) -> bool:
        return bool(self.always or self.events or self.set or self.unset)


@dataclass(frozen=True, kw_only=True)
class _State:
    """What a command is decided on."""

    show: Show
    earlier: Answer | None

    @property
    def version(self) -> int:
        return self.show.revision


class FacebankStore:
    """A picture's id is its member and content, so a repeat replaces itself.

    With `require_consent` nobody is compared with the pictures of members for whom no legal basis is recorded.
    """

    def __init__(self, database: Database, outbox: Outbox, *, require_consent: bool = False) -> None:
        self._require_consent = require_consent
        self._facebanks = database["facebanks"]
        self._pictures = database["facebank_pictures"]
        self._requests = AnsweredRequests(database)
        self._outbox = outbox

    async def show(self, show: str) -> Show | None:
        found = await self._facebanks.find_one({"_id": show}, _UNREAD)
        return _read_show(found) if found else None

    async def shows(self) -> list[Show]:
        """All of them, by slug."""
        found = [_read_show(document) async for document in self._facebanks.find({}, _UNREAD)]
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
            again = {"$set": {"name": name}, "$unset": {"deleted": ""}, "$inc": {"revision": 1}}
            return bool((await self._facebanks.update_one({"_id": show, "deleted": True}, again)).modified_count)
        return True

    async def delete(self, show: str, *, at: datetime, event: Callable[[int], ShowDeleted]) -> Show:
        """Empty a facebank and leave a tombstone, with the event that says so. A deleted one is deleted already."""

        def decide(before: Show) -> Change | None:
            if before.is_deleted:
                return None
            gone = {"members": {}, "consents": {}, "details": {}, "deleted": True, "deleted_at": at}
            unset = ["name", "external_ids", "answering"]
            return Change(events=lambda revision: [event(revision)], set=gone, unset=unset)

        return await self.amend(show, decide)

    async def consented(self, show: str) -> frozenset[str]:
        """The members with a legal basis."""
        found = await self.show(show)
        return frozenset(found.consents) if found else frozenset()

    async def amend(self, show: str, decide: Callable[[Show], Change | None]) -> Show:
        """Change a facebank in one write with its events, for what sees by itself whether it was done: no command's
        answer is remembered. `decide` is as that of `change`; None changes nothing.

        Raises:
            Conflict: `facebank_busy`.
        """

        async def attempt() -> Show | None:
            before = await self.show(show) or Show(show=show)
            change = decide(before)
            if change is None:
                return before
            return (await self.show(show) or before) if await self._write(before, change) else None

        busy = Conflict("facebank_busy", f"The cast of {show} is being changed by many at once: try again.")
        return await until_stored(attempt, busy=busy)

    async def change(self, show: str, order: Order, asked: str, decide: Callable[[Show], Change]) -> Answer:
        """Change a facebank in one write with its events, and remember what the command is answered.

        `decide` gets what there is; it may raise, and is asked again when somebody else was faster. `asked` is the
        command's fingerprint. A show that has no facebank gets one with its first change.

        Raises:
            Conflict: `command_id_used`, `facebank_busy`.
        """
        key = request_key(order.command_id)

        async def load() -> _State:
            found = await self.show(show) or Show(show=show)
            return _State(show=found, earlier=await self._answered(found, key))

        async def attempt(state: _State) -> Answer | None:
            change = decide(state.show)
            revision = state.show.revision + (1 if change.changes else 0)
            answer = Answer(revision=revision, verdicts=change.verdicts, told=change.told, fingerprint=asked)
            await self._requests.prepare(show, key, answer)
            answering = Answering(request=key, revision=revision)
            if change.changes and not await self._write(state.show, change, answering):
                return None
            await self._requests.settle(show, answering)
            await self._requests.prune(show)
            return answer

        accepted: Accepted[Answer] = await accept(
            order,
            asked,
            what=f"The cast and pictures of {show}",
            load=load,
            known=lambda state: state.earlier,
            attempt=attempt,
            busy="facebank_busy",
        )
        return accepted.answer

    async def answered(self, show: str, request_id: str, asked: str | None = None) -> Answer | None:
        """What a request was answered, if it was.

        Raises:
            Conflict: `command_id_used`, where the request asked for something else than `asked`.
        """
        found = await self.show(show)
        if found is None:
            return None
        answer = await self._answered(found, request_key(request_id))
        if answer is not None and asked is not None:
            refuse_another(answer.fingerprint, asked)
        return answer

    async def _answered(self, show: Show, key: str) -> Answer | None:
        if show.answering is not None:
            await self._requests.settle(show.show, show.answering)
        return await self._requests.find(show.show, key)

    async def save(
        self,
        show: str,
        *,
        request_id: str,
        members: Mapping[str, tuple[str, CastDetails | None]],
        pictures: Sequence[Picture],
        verdicts: Sequence[PictureVerdict],
        replace: bool,
    ) -> Answer:
        """Store what became of a request's pictures, then the facebank. Who was erased stays out of it.

        `members` are cast id -> name and details; None leaves what is known of them.
        """
        bank = await self.show(show) or Show(show=show)
        documents = await self.keep(show, [one for one in pictures if one.cast_id not in bank.erased])
        if replace:
            await self._pictures.delete_many({"show": show, "_id": {"$nin": documents}})

        def decide(before: Show) -> Change:
            admitted = {cast_id: one for cast_id, one in members.items() if cast_id not in before.erased}
            names = {cast_id: name for cast_id, (name, _) in admitted.items()}
            told = {
                cast_id: before.details.get(cast_id, MemberDetails()).told_anew(details)
                for cast_id, (_, details) in admitted.items()
                if details is not None
            }
            described = {cast_id: details.model_dump(mode="json") for cast_id, details in told.items()}
            if replace:
                kept = {one: before.details[one].model_dump(mode="json") for one in admitted if one in before.details}
                fields: Document = {"members": names, "details": kept | described}
            else:
                fields = {f"members.{cast_id}": name for cast_id, name in names.items()}
                fields |= {f"details.{cast_id}": details for cast_id, details in described.items()}
            changed = {one: details for one, details in told.items() if before.details.get(one) != details}
            return Change(
                events=(lambda revision: [_described(show, revision, *one) for one in changed.items()])
                if changed
                else None,
                set=fields,
                verdicts=tuple(verdicts),
                always=True,
            )

        order = Order(who="", command_id=request_id)
        return await self.change(show, order, UPLOADED, decide)

    async def _write(self, before: Show, change: Change, answering: Answering | None = None) -> bool:
        """Write a change with its events; False when the facebank is not as it was before any more."""
        show, revision = before.show, before.revision + 1
        changed: Document = {"$set": {**change.set, "revision": revision}}
        if answering is not None:
            changed["$set"]["answering"] = asdict(answering)
        made_again = () if "deleted" in change.set else ("deleted",)
        changed["$unset"] = dict.fromkeys([*change.unset, *made_again, _OUTGROWN], "")
        events = change.events(revision) if change.events else ()
        try:
            result = await self._facebanks.update_one(
                {"_id": show, "revision": before.revision},
                enqueue(events, changed) if events else changed,
                upsert=before.revision == 0,
            )
        except DuplicateKeyError:
            return False
        if not result.matched_count and result.upserted_id is None:
            return False
        if events:
            await self._outbox.publish_soon(self._facebanks, show)
        return True

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
        """cast_id -> accepted pictures that identities may be compared with, in a fixed order."""
        found: dict[str, list[Reference]] = {}
        allowed = await self.consented(show) if self._require_consent else None
        for picture in await self.pictures(show):
            if picture.resting or (allowed is not None and picture.cast_id not in allowed):
                continue
            found.setdefault(picture.cast_id, []).append(picture.reference)
        return found

    async def from_episode(self, ep_id: str) -> list[Picture]:
        """Pictures that are faces of an episode, resting ones included."""
        return [one for one in await self.pictures(show_of(ep_id)) if one.source and one.source.ep_id == ep_id]

    async def drop_from_episode(self, ep_id: str) -> list[Picture]:
        """Remove the pictures that are faces of an episode; returns those that are gone."""
        gone = await self.from_episode(ep_id)
        ids = [f"{show_of(ep_id)}/{one.cast_id}/{one.reference.picture}" for one in gone]
        await self._pictures.delete_many({"_id": {"$in": ids}})
        return gone

    async def drop(self, show: str, cast_id: str, picture: str | None = None) -> list[Picture]:
        """Remove one picture of a member, or all; returns those that are gone."""
        gone = [entry for entry in await self.pictures(show, cast_id) if picture in (None, entry.reference.picture)]
        ids = [f"{show}/{cast_id}/{entry.reference.picture}" for entry in gone]
        await self._pictures.delete_many({"_id": {"$in": ids}})
        return gone

    async def forget_verdicts(self, show: str, cast_id: str, texts: Collection[str] = ()) -> int:
        """Take what was said about a member's pictures out of the answers that are remembered; returns of how many.

        `texts` are names to take out of what was said about others' pictures.
        """
        return await self._requests.forget_member(show, cast_id, texts)

    async def erase(self, show: str, cast_id: str, erasure_id: str, event: PersonErased) -> None:
        """Close a cast id for ever and take its member out, with the event that says so; the same again changes nothing."""
        await self.create(show, show)

        def decide(before: Show) -> Change | None:
            if cast_id in before.erased and cast_id not in before.members:
                return None
            stones = before.erased if before.erased.salt else Tombstones(salt=new_salt())
            return Change(
                events=lambda _: [event],
                set={"erased.salt": stones.salt, f"erased.subjects.{stones.digest(cast_id)}": erasure_id},
                unset=[f"members.{cast_id}", f"consents.{cast_id}", f"details.{cast_id}"],
            )

        await self.amend(show, decide)

    async def forget_show(self, show: str, until: datetime) -> None:
        """Remove the pictures and answers that a show had until it was deleted."""
        await self._pictures.delete_many({"show": show, "added_at": {"$not": {"$gt": until}}})
        await self._requests.forget_show(show, until)


def _described(show: str, revision: int, cast_id: str, details: MemberDetails) -> CastDescribed:
    return CastDescribed(show=show, revision=revision, cast_id=cast_id, details=details, who="cast.uploaded")


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
        "source": asdict(picture.source) if picture.source else None,
        "resting": picture.resting,
    }


def _read_show(found: Document) -> Show:
    erased = found.get("erased", {})
    return Show(
        show=found["_id"],
        name=found.get("name"),
        revision=int(found.get("revision", 0)),
        members=dict(found.get("members", {})),
        consents={cast_id: Consent.model_validate(entry) for cast_id, entry in found.get("consents", {}).items()},
        details={one: MemberDetails.model_validate(entry) for one, entry in found.get("details", {}).items()},
        external_ids=ProgrammeIds.model_validate(found.get("external_ids") or {}),
        erased=Tombstones(salt=erased.get("salt", ""), erasures=dict(erased.get("subjects", {}))),
        answering=Answering(**found["answering"]) if found.get("answering") else None,
        deleted_at=found.get("deleted_at"),
        is_deleted=bool(found.get("deleted")),
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
        source=PictureSource(**document["source"]) if document.get("source") else None,
        resting=bool(document.get("resting")),
    )
