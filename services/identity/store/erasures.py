"""Erasures in MongoDB: what was asked for, how far it is, what went. A finished one names nobody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from pymongo.asynchronous.collection import AsyncCollection
from ulid import ULID

from chassis.errors import NotFound
from chassis.mongo.database import Database, Document
from chassis.mongo.outbox import enqueue
from contracts.events import PersonErased
from services.identity.privacy.receipt import Kind

CLAIMED_FOR = timedelta(seconds=60)
"""How long a replica has for one episode before another one takes the erasure up."""


@dataclass(frozen=True, kw_only=True)
class EpisodeProgress:
    """How far an erasure is in one episode.

    `passes` counts how often the episode was found without the person, `found` their tracks. `tracks` are those of the
    run `run_id`, `asked` what the grouper was asked to forget, and `asked_at` when.
    """

    passes: int = 0
    found: int = 0
    run_id: str | None = None
    tracks: tuple[str, ...] = ()
    asked: str | None = None
    asked_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Erasure:
    """One erasure. `cast_id` and `names` are there until it is done; `passes` counts how often all of it was looked at."""

    erasure_id: str
    show: str
    kind: Kind
    asked_at: datetime
    asked_by: str
    cast_id: str | None = None
    names: tuple[str, ...] = ()
    passes: int = 0
    episodes: Mapping[str, EpisodeProgress] = field(default_factory=dict)
    removed: Mapping[str, int] = field(default_factory=dict)
    elsewhere: int = 0
    finished_at: datetime | None = None

    @property
    def texts(self) -> tuple[str, ...]:
        """What the person is called, to be taken out of what people wrote."""
        return self.names if self.cast_id is None else (*self.names, self.cast_id)


class ErasureStore:
    """Several replicas may work on erasures: each is claimed by one at a time."""

    def __init__(self, database: Database) -> None:
        self.collection: AsyncCollection[Document] = database["erasures"]

    async def add(
        self,
        *,
        show: str,
        kind: Kind,
        who: str,
        cast_id: str | None = None,
        names: Sequence[str] = (),
        episodes: Sequence[str] = (),
    ) -> Erasure:
        """A new erasure, to be begun at once."""
        now = datetime.now(UTC)
        document: Document = {
            "_id": str(ULID()),
            "show": show,
            "kind": kind,
            "asked_at": now,
            "asked_by": who,
            "cast_id": cast_id,
            "names": list(names),
            "passes": 0,
            "episodes": {ep_id: {"passes": 0} for ep_id in episodes},
            "removed": {},
            "due_at": now,
        }
        await self.collection.insert_one(document)
        return _read(document)

    async def find(self, show: str, erasure_id: str) -> Erasure:
        """Raises NotFound `unknown_erasure`."""
        found = await self.collection.find_one({"_id": erasure_id, "show": show})
        if found is None:
            raise NotFound("unknown_erasure", f"{show} has no erasure {erasure_id}: list them to see which there are.")
        return _read(found)

    async def of_show(self, show: str) -> list[Erasure]:
        """All of a show, the latest first."""
        found = [_read(document) async for document in self.collection.find({"show": show})]
        return sorted(found, key=lambda one: one.erasure_id, reverse=True)

    async def under_way(self, show: str, cast_id: str) -> Erasure | None:
        """The erasure of a person that is not done yet."""
        found = await self.collection.find_one({"show": show, "cast_id": cast_id})
        return _read(found) if found else None

    async def claim_due(self) -> Erasure | None:
        """An erasure with something to do, for the caller alone."""
        now = datetime.now(UTC)
        async for found in self.collection.find({"due_at": {"$lte": now}}, {"due_at": 1}):
            claimed = await self.collection.find_one_and_update(
                {"_id": found["_id"], "due_at": found["due_at"]}, {"$set": {"due_at": now + CLAIMED_FOR}}
            )
            if claimed is not None:
                return _read(claimed)
        return None

    async def note(self, erasure_id: str, fields: Mapping[str, Any], removed: Mapping[str, int] | None = None) -> None:
        """Note progress and what was removed, and keep the claim."""
        update: Document = {"$set": {**fields, "due_at": fields.get("due_at", datetime.now(UTC) + CLAIMED_FOR)}}
        counted = {f"removed.{what}": count for what, count in (removed or {}).items() if count}
        if counted:
            update["$inc"] = counted
        await self.collection.update_one({"_id": erasure_id}, update)

    async def note_episode(
        self, erasure_id: str, ep_id: str, progress: EpisodeProgress, removed: Mapping[str, int] | None = None
    ) -> None:
        """Note how far an episode is."""
        await self.note(erasure_id, {f"episodes.{ep_id}": asdict(progress)}, removed)

    async def finish(self, erasure: Erasure, event: PersonErased | None) -> None:
        """Forget whom the erasure was about, and say that it is done."""
        episodes = {
            ep_id: {"passes": progress.passes, "found": progress.found} for ep_id, progress in erasure.episodes.items()
        }
        update: Document = {
            "$set": {"finished_at": datetime.now(UTC), "episodes": episodes},
            "$unset": {"cast_id": "", "names": "", "due_at": ""},
        }
        await self.collection.update_one(
            {"_id": erasure.erasure_id}, enqueue([event], update) if event is not None else update
        )


def _read(found: Document) -> Erasure:
    episodes = found.get("episodes", {})
    return Erasure(
        erasure_id=str(found["_id"]),
        show=found["show"],
        kind=found["kind"],
        asked_at=found["asked_at"],
        asked_by=found["asked_by"],
        cast_id=found.get("cast_id"),
        names=tuple(found.get("names") or ()),
        passes=int(found.get("passes", 0)),
        episodes={ep_id: _progress(entry) for ep_id, entry in episodes.items()},
        removed=dict(found.get("removed", {})),
        elsewhere=int(found.get("elsewhere", 0)),
        finished_at=found.get("finished_at"),
    )


def _progress(entry: Document) -> EpisodeProgress:
    return EpisodeProgress(
        passes=int(entry["passes"]),
        found=int(entry.get("found", 0)),
        run_id=entry.get("run_id"),
        tracks=tuple(entry.get("tracks") or ()),
        asked=entry.get("asked"),
        asked_at=entry.get("asked_at"),
    )
