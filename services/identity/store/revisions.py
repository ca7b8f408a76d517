"""Screen time revisions in MongoDB: immutable, numbered per run, each with what it is made from and what it said."""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pymongo.errors import DuplicateKeyError

from chassis.cache import Latest
from chassis.mongo.database import Database, Document
from chassis.mongo.shared_reads import GROUPING
from contracts.blobs import BlobRef
from contracts.cast import CastDetails
from contracts.events import CastLinked, EpisodeGrouped, Event, ScreenTimeReported
from contracts.ids import show_of
from contracts.rows import CastLink, ScreenTimeDocument
from services.identity.recognised_with import RecognisedWith
from services.identity.screentime.groups import EpisodePeople, Somebody
from services.identity.screentime.totals import CastSeconds, EpisodeSeconds

REMEMBERED = 8
"""Revisions that a process keeps in memory."""

_SECONDS = {
    "ep_id": 1,
    "document.duration_s": 1,
    "document.cast.cast_id": 1,
    "document.cast.name": 1,
    "document.cast.visible_s": 1,
    "document.cast.appearances": 1,
}

_TOLD = ("event", "created_at", "document.changes", "grouped.edits_version")
_EVERYBODY = {"ep_id": 1, "document.duration_s": 1} | {
    f"document.{rows}.{field}": 1
    for rows, fields in (
        ("cast", ("cast_id", "intervals_s", "details", "participant")),
        ("unidentified", ("identity_id", "intervals_s", "participant")),
    )
    for field in fields
}


@dataclass(frozen=True, kw_only=True)
class Revision:
    """One revision. `basis` is what it is made from, `cause` the id of the event that asked for it."""

    grouped: EpisodeGrouped
    basis: str
    cause: str
    links_version: int
    automatic: tuple[CastLink, ...]
    links: tuple[CastLink, ...]
    sign_offs_version: int = 0
    recognised_with: RecognisedWith
    document: ScreenTimeDocument
    cast_linked: tuple[CastLinked, ...]
    reported: ScreenTimeReported

    @property
    def number(self) -> int:
        return self.reported.revision

    @property
    def order(self) -> str:
        """Sorts an episode's revisions: later runs after earlier ones."""
        return order_of(self.reported.run_id, self.number)

    @property
    def events(self) -> list[Event]:
        return [*self.cast_linked, self.reported]


@dataclass(frozen=True, kw_only=True)
class Report:
    """What a revision told, without its content: the event that announced it names its files."""

    event: ScreenTimeReported
    at: datetime
    changes: tuple[str, ...] = ()
    """What it changed, in sentences; where it was asked for."""
    edits_version: int | None = None
    """Version of the edits that its grouping includes."""

    @property
    def manifests(self) -> Mapping[str, BlobRef]:
        return self.event.manifests


def order_of(run_id: str, revision: int) -> str:
    """The id of a revision's document."""
    return f"{run_id}/{revision:05d}"


def basis_of(
    grouping_revision: int,
    links_version: int,
    links: Sequence[CastLink],
    names: Mapping[str, str],
    said: Mapping[str, Any] | None = None,
    *,
    sign_offs_version: int = 0,
) -> str:
    """What decides a revision's content: the grouping, the links, the names of those that are linked, what is said of
    them (JSON; a revision of which nothing is said has the basis it had before there was anything to say), the sign-off.
    """
    named: dict[str, Any] = {link.cast_id: names.get(link.cast_id) for link in links}
    decides = [named, said] if said else named
    digest = hashlib.sha256(json.dumps(decides, sort_keys=True).encode()).hexdigest()[:16]
    signed = f"/signed-{sign_offs_version}" if sign_offs_version else ""
    return f"{grouping_revision}/{links_version}/{digest}{signed}"


def changed_links(before: Sequence[CastLink], after: Sequence[CastLink]) -> tuple[tuple[str, CastLink | None], ...]:
    """`(identity id, link)` of everybody who is linked differently than before; None: not linked any more."""
    old = {link.identity_id: link for link in before}
    new = {link.identity_id: link for link in after}

    def said(link: CastLink | None) -> tuple[str, str] | None:
        return None if link is None else (link.cast_id, link.by)

    return tuple(
        (identity, new.get(identity))
        for identity in sorted(old.keys() | new.keys())
        if said(old.get(identity)) != said(new.get(identity))
    )


@dataclass(frozen=True, kw_only=True)
class StoredRevision:
    """Which revision is stored, since when, and the objects it refers to."""

    order: str
    run_id: str
    revision: int
    grouping_revision: int
    created_at: datetime
    references: tuple[BlobRef, ...]
    faces: tuple[BlobRef, ...]


class RevisionStore:
    """Numbers revisions: the unique index lets one worker have each, and the loser looks again."""

    def __init__(self, database: Database) -> None:
        self._screen_time = database["screen_time"]
        self._identities = database["identities"]
        self._known: Latest[str, Revision] = Latest(REMEMBERED)

    async def shown(self, ep_id: str) -> tuple[str, int] | None:
        """The run and the number of the revision that people see, None before the first."""
        found = await self._identities.find_one({"_id": ep_id}, {"run_id": 1, "revision": 1})
        if found is None or not found.get("run_id"):
            return None
        return str(found["run_id"]), int(found.get("revision") or 0)

    async def shown_in(self, show: str) -> list[str]:
        """The orders of the revisions that people see of a show's episodes."""
        named = {"_id": {"$gte": f"{show}-s", "$lt": f"{show}-t"}}
        return [
            order_of(str(found["run_id"]), int(found["revision"]))
            async for found in self._identities.find(named, {"run_id": 1, "revision": 1})
            if show_of(str(found["_id"])) == show and found.get("run_id") and found.get("revision")
        ]

    async def report(self, run_id: str, number: int) -> Report | None:
        """What a revision told."""
        found = await self.reports([order_of(run_id, number)])
        return next(iter(found.values()), None)

    async def reports(self, orders: Sequence[str]) -> dict[str, Report]:
        """What revisions told, by their order."""
        asked, shown = {"_id": {"$in": list(orders)}}, dict.fromkeys(_TOLD, 1)
        return {str(found["_id"]): _read_report(found) async for found in self._screen_time.find(asked, shown)}

    async def orders(self, ep_id: str) -> list[tuple[str, datetime]]:
        """Every revision of every run of an episode, and when it was made."""
        found = self._screen_time.find({"ep_id": ep_id}, {"created_at": 1})
        return [(str(document["_id"]), document["created_at"]) async for document in found]

    async def last_number(self, ep_id: str, run_id: str) -> int:
        """Number of a run's last revision, 0 without any."""
        found = self._screen_time.find({"ep_id": ep_id, "run_id": run_id}, {"revision": 1})
        return max([int(document["revision"]) async for document in found], default=0)

    async def seconds(self, orders: Sequence[str]) -> list[EpisodeSeconds]:
        """What revisions say of the cast."""
        found = self._screen_time.find({"_id": {"$in": list(orders)}}, _SECONDS)
        return [_read_seconds(document) async for document in found]

    async def everybody(self, orders: Sequence[str]) -> list[EpisodePeople]:
        """Who is visible when in revisions, and what is said of them."""
        found = self._screen_time.find({"_id": {"$in": list(orders)}}, _EVERYBODY)
        return [_read_everybody(document) async for document in found]

    async def last(self, ep_id: str, run_id: str) -> Revision | None:
        """The latest revision of a run: the one that the episode's document names, or one that was stored since.

        Each is asked for by its id, so that a run with many revisions costs no more than one with few.
        """
        shown = await self.shown(ep_id)
        number = shown[1] if shown and shown[0] == run_id else 0
        last = await self.get(run_id, number) if number else None
        while (later := await self.get(run_id, number + 1)) is not None:
            last, number = later, number + 1
        return last

    async def get(self, run_id: str, number: int) -> Revision | None:
        """A revision, remembered where it was asked for or made lately: it never changes."""
        order = order_of(run_id, number)
        known = self._known.get(order)
        if known is None:
            found = await self._screen_time.find_one({"_id": order})
            known = self._known.put(order, _read(found)) if found else None
        return known

    async def caused_by(self, ep_id: str, run_id: str, cause: str) -> list[Event]:
        """What was said for an event that was handled before."""
        asked = {"cause": cause}  # more would let MongoDB go through all revisions of the run
        found = [_read(document) async for document in self._screen_time.find(asked)]
        own = [one for one in found if (one.reported.ep_id, one.reported.run_id) == (ep_id, run_id)]
        return [event for revision in sorted(own, key=lambda one: one.number) for event in revision.events]

    async def add(self, revision: Revision) -> bool:
        """Store a revision; False when another worker has its number. Then it is the episode's, unless a later one is."""
        reported = revision.reported
        try:
            await self._screen_time.insert_one(
                {
                    "_id": revision.order,
                    "ep_id": reported.ep_id,
                    "run_id": reported.run_id,
                    "revision": revision.number,
                    "grouping_revision": revision.grouped.revision,
                    "links_version": revision.links_version,
                    "sign_offs_version": revision.sign_offs_version,
                    "basis": revision.basis,
                    "cause": revision.cause,
                    "grouped": revision.grouped.model_dump(mode="json", by_alias=True),
                    "automatic": [link.model_dump(mode="json") for link in revision.automatic],
                    "links": [link.model_dump(mode="json") for link in revision.links],
                    "recognised_with": revision.recognised_with.model_dump(mode="json"),
                    "document": revision.document.model_dump(mode="json"),
                    "cast_linked": [link.model_dump(mode="json", by_alias=True) for link in revision.cast_linked],
                    "event": reported.model_dump(mode="json", by_alias=True),
                    "created_at": datetime.now(UTC),
                }
            )
        except DuplicateKeyError:
            return False
        self._known.put(revision.order, revision)
        await self.make_current(revision)
        return True

    async def make_current(self, revision: Revision) -> None:
        """Point the episode's document at a revision, unless it points at a later one. People's part stays as it is."""
        reported = revision.reported
        with suppress(DuplicateKeyError):  # the episode's document names a later revision
            await self._identities.update_one(
                {"_id": reported.ep_id, "order": {"$not": {"$gt": revision.order}}},
                {
                    "$set": {
                        "show": show_of(reported.ep_id),
                        "run_id": reported.run_id,
                        "revision": revision.number,
                        "order": revision.order,
                        "reported_links_version": revision.links_version,
                        "reported_sign_offs_version": revision.sign_offs_version,
                        GROUPING: revision.grouped.revision,
                        "automatic": [link.model_dump(mode="json") for link in revision.automatic],
                        "named": sorted({link.cast_id for link in revision.links}),
                    },
                    "$setOnInsert": {"version": 0, "links": [], "dismissed": [], "changes": []},
                },
                upsert=True,
            )

    async def naming(self, ep_id: str, cast_id: str) -> AsyncIterator[Revision]:
        """The revisions of an episode that have figures of a cast member, in order; one is in memory at a time."""
        for one in await self.stored(ep_id):
            found = await self._screen_time.find_one({"_id": one.order, "document.cast.cast_id": cast_id})
            if found is not None:
                yield _read(found)

    async def stored(self, ep_id: str) -> list[StoredRevision]:
        """Every revision of an episode, in order."""
        shown = {"run_id": 1, "revision": 1, "grouping_revision": 1, "created_at": 1}
        named = {"event.manifests": 1, "grouped.artifacts": 1}
        found = [_stored(doc) async for doc in self._screen_time.find({"ep_id": ep_id}, shown | named)]
        return sorted(found, key=lambda one: (one.run_id, one.revision))

    async def drop(self, revisions: Iterable[StoredRevision]) -> None:
        """Remove revisions that others replaced."""
        orders = [one.order for one in revisions]
        await self._screen_time.delete_many({"_id": {"$in": orders}})
        for order in orders:
            self._known.forget(order)

    async def forget(self, ep_id: str, last_run_id: str | None) -> None:
        """Remove what an episode's runs up to one left."""
        # Compared here: the embedded server's deletions find nothing by a range on the second field of an index.
        old = [
            found["_id"]
            async for found in self._screen_time.find({"ep_id": ep_id}, {"run_id": 1})
            if last_run_id is None or found["run_id"] <= last_run_id
        ]
        await self._screen_time.delete_many({"_id": {"$in": old}})
        for order in old:
            self._known.forget(order)
        runs: Document = {"run_id": {"$lte": last_run_id}} if last_run_id is not None else {}
        await self._identities.delete_many({"_id": ep_id} | runs)


def _read_report(found: Document) -> Report:
    return Report(
        event=ScreenTimeReported.model_validate(found["event"]),
        at=found["created_at"],
        changes=tuple(found.get("document", {}).get("changes", ())),
        edits_version=found.get("grouped", {}).get("edits_version"),
    )


def _read_seconds(found: Document) -> EpisodeSeconds:
    return EpisodeSeconds(
        ep_id=str(found["ep_id"]),
        duration_s=float(found["document"]["duration_s"]),
        cast=tuple(
            CastSeconds(
                cast_id=str(row["cast_id"]),
                name=str(row["name"]),
                visible_s=float(row["visible_s"]),
                appearances=int(row["appearances"]),
            )
            for row in found["document"].get("cast", ())
        ),
    )


def _read_everybody(found: Document) -> EpisodePeople:
    document = found["document"]
    rows = [
        (str(row.get("cast_id") or row["identity_id"]), row)
        for row in (*document.get("cast", ()), *document.get("unidentified", ()))
    ]
    return EpisodePeople(
        ep_id=str(found["ep_id"]),
        duration_s=float(document["duration_s"]),
        people=tuple(
            Somebody(
                key=key,
                intervals=tuple((float(start), float(end)) for start, end in row["intervals_s"]),
                details=CastDetails.model_validate(row.get("details") or {}) if "cast_id" in row else None,
                participant=bool(row.get("participant", True)),
            )
            for key, row in rows
        ),
    )


def _stored(found: Document) -> StoredRevision:
    manifests = {name: BlobRef.model_validate(ref) for name, ref in found["event"]["manifests"].items()}
    artifacts = {
        name: BlobRef.model_validate(ref) for name, ref in found.get("grouped", {}).get("artifacts", {}).items()
    }
    return StoredRevision(
        order=str(found["_id"]),
        run_id=str(found["run_id"]),
        revision=int(found["revision"]),
        grouping_revision=int(found["grouping_revision"]),
        created_at=found["created_at"],
        references=(*manifests.values(), *artifacts.values()),
        faces=tuple(ref for ref in (manifests.get("faces.jsonl"), artifacts.get("faces")) if ref is not None),
    )


def _read(found: Document) -> Revision:
    return Revision(
        grouped=EpisodeGrouped.model_validate(found["grouped"]),
        basis=found["basis"],
        cause=found["cause"],
        links_version=int(found["links_version"]),
        sign_offs_version=int(found.get("sign_offs_version", 0)),
        automatic=tuple(CastLink.model_validate(link) for link in found["automatic"]),
        links=tuple(CastLink.model_validate(link) for link in found["links"]),
        recognised_with=RecognisedWith.model_validate(found["recognised_with"]),
        document=ScreenTimeDocument.model_validate(found["document"]),
        cast_linked=tuple(CastLinked.model_validate(link) for link in found["cast_linked"]),
        reported=ScreenTimeReported.model_validate(found["event"]),
    )
