"""Episodes in MongoDB: one document each, its facts guarded by a version, its events in its outbox.

A deleted episode keeps a document, its tombstone: `last_run_id` closes every run up to it for ever, and `version` goes on
counting, so that no event id of an episode that is created again is one that subscribers have seen.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import ValidationError
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.errors import DuplicateKeyError

from chassis import telemetry
from chassis.commands import fingerprint, refuse_another
from chassis.errors import Conflict, NotFound, StaleVersion
from chassis.mongo.database import Database, Document
from chassis.mongo.outbox import enqueue
from contracts.blobs import BlobRef
from contracts.events import EpisodeChanged, EpisodeDeleted, EpisodeUploaded, Event, RunStarted
from contracts.ids import show_of

TRIES = 50
"""How often a write that somebody else's overtook is made again."""

COMMANDS_REMEMBERED = 50
OF_THE_VIDEO = ("duration_s", "width", "height")
GONE_WITH_IT = ("title", "air_date", "data", "video", "current_run_id", "starts", "asked", "commands", *OF_THE_VIDEO)


class EpisodeStore:
    """What is known of episodes."""

    def __init__(self, database: Database) -> None:
        self.collection: AsyncCollection[Document] = database["episodes"]

    async def find(self, ep_id: str) -> Document | None:
        """The document, a tombstone too."""
        return await self.collection.find_one({"_id": ep_id})

    async def read(self, ep_id: str) -> Document:
        """An episode that was not deleted.

        Raises:
            NotFound: `unknown_episode`.
        """
        document = await self.find(ep_id)
        if document is None or document.get("deleted"):
            raise unknown_episode(ep_id)
        return document

    async def list(self, shows: Collection[str] | None) -> list[Document]:
        """The episodes of some shows, or of all; in no order."""
        wanted: Document = {"deleted": {"$ne": True}}
        if shows is not None:
            wanted["show"] = {"$in": sorted(shows)}
        without = {"outbox": 0, "starts": 0, "asked": 0, "commands": 0}
        return [document async for document in self.collection.find(wanted, without)]

    async def create(self, ep_id: str, facts: Mapping[str, Any]) -> tuple[Document, bool]:
        """The episode, and whether it is new. One that is there already is left as it is.

        Raises:
            Conflict: `episode_exists`, when it is there with other facts than those given.
        """
        for _ in range(TRIES):
            was = await self.find(ep_id)
            if was is not None and not was.get("deleted"):
                if any(was.get(name) != value for name, value in facts.items()):
                    raise Conflict("episode_exists", f"{ep_id} exists with other facts: change it with PATCH.")
                return was, False
            if await self._write(ep_id, was, created(ep_id, was, facts)):
                return await self.read(ep_id), True
        raise _contended(ep_id)

    async def change(
        self, ep_id: str, facts: Mapping[str, Any], *, expected: int | None, command: str
    ) -> tuple[Document, bool]:
        """Change facts (None clears one); returns the episode and whether anything changed.

        Raises:
            NotFound: `unknown_episode`.
            StaleVersion: when the version is not the expected one.
            Conflict: `command_id_used`, where the command's id was another change's.
        """
        asked = fingerprint("change_episode", facts=dict(facts))
        for _ in range(TRIES):
            was = await self.read(ep_id)
            known = _remembered(was, command)
            if known is not None:
                refuse_another(known.fingerprint, asked)
                return was, False
            if expected is not None and version_of(was) != expected:
                raise StaleVersion(f"The episode {ep_id}", expected=expected, actual=version_of(was))
            if all(was.get(name) == value for name, value in facts.items()):
                return was, False
            if await self._write(ep_id, was, updated(ep_id, was, facts, command=f"{command} {asked}")):
                return await self.read(ep_id), True
        raise _contended(ep_id)

    async def point_at(self, started: RunStarted, upload: EpisodeUploaded, video: BlobRef) -> None:
        """Make a run the episode's current one, unless a later run has that place or the episode was deleted since."""
        named = {"title": upload.title, "air_date": upload.air_date}
        facts = {name: value for name, value in named.items() if value is not None}
        measured = {"duration_s": started.duration_s, "width": started.width, "height": started.height}
        filed = video.model_dump(mode="json", by_alias=True) | {"filename": upload.video.filename}
        for _ in range(TRIES):
            was = await self.find(started.ep_id)
            if was is not None and started.run_id <= max(
                str(was.get("last_run_id") or ""), str(was.get("current_run_id") or "")
            ):
                return
            if was is None or was.get("deleted"):
                update = created(started.ep_id, was, facts)
            elif any(was.get(name) != value for name, value in facts.items()):
                update = updated(started.ep_id, was, facts)
            else:
                update = {"$set": {"updated_at": datetime.now(UTC)}}
            update["$set"] |= measured | {"current_run_id": started.run_id, "video": filed}
            if was is not None and started.run_id >= was.get("asked", {}).get("run_id", "~"):
                update.setdefault("$unset", {})["asked"] = ""
            if await self._write(started.ep_id, was, update):
                return
        raise _contended(started.ep_id)

    async def start(self, was: Document, event: EpisodeUploaded, entry: Document, *, at: datetime) -> bool:
        """Ask for a run by an event in the outbox; False when the episode changed since `was` was read.

        The event is also kept until the run is planned: a broker may lose what it took.
        """
        asked = {name: entry[name] for name in ("run_id", "event_id", "at")} | {
            "since": at,
            "event": event.model_dump(mode="json", by_alias=True),
        }
        video = event.video.model_dump(mode="json", by_alias=True)
        update = enqueue(
            [event],
            {
                "$push": {"starts": {"$each": [entry], "$slice": -COMMANDS_REMEMBERED}},
                "$set": {"video": video, "updated_at": at, "asked": asked},
            },
            at=at,
        )
        return await self._write(str(was["_id"]), was, update, guard={"starts.command": {"$ne": entry["command"]}})

    async def start_failed(self, ep_id: str, upload_event_id: str, failure: Document) -> None:
        """Note that a run that was asked for could not even be planned."""
        await self.collection.update_one(
            {"_id": ep_id, "starts.event_id": upload_event_id}, {"$set": {"starts.$.failure": failure}}
        )
        await self.collection.update_one({"_id": ep_id, "asked.event_id": upload_event_id}, {"$unset": {"asked": ""}})

    async def claim_unanswered(self, after_s: float) -> Sequence[tuple[EpisodeUploaded, datetime]]:
        """Upload events that asked for a run long ago without any answer, and their times; each for one reconciler."""
        now = datetime.now(UTC)
        unanswered: list[tuple[EpisodeUploaded, datetime]] = []
        async for episode in self.collection.find({"asked.since": {"$lt": now - timedelta(seconds=after_s)}}):
            asked = episode["asked"]
            same = {"_id": episode["_id"], "asked.run_id": asked["run_id"], "asked.since": asked["since"]}
            claimed = await self.collection.update_one(same, {"$set": {"asked.since": now}})
            if not claimed.modified_count:
                continue
            try:
                unanswered.append((EpisodeUploaded.model_validate(asked["event"]), asked["at"]))
            except ValidationError as error:  # of another version: the others do not wait for it
                telemetry.logger().error("upload event cannot be read", ep_id=episode["_id"], error=str(error)[:300])
        return unanswered

    async def set_video(self, was: Document, video: Document) -> bool:
        """Name the video that the next run is of; False when the episode changed since `was` was read."""
        same = {"video.sha256": (was.get("video") or {}).get("sha256")}
        update = {"$set": {"video": video, "updated_at": datetime.now(UTC)}}
        return await self._write(str(was["_id"]), was, update, guard=same)

    async def write_tombstone(self, was: Document, *, last_run_id: str, cancelled: Iterable[Event], who: str) -> bool:
        """Delete: leave a tombstone and say so; False when the episode changed since `was` was read."""
        ep_id, version, now = str(was["_id"]), version_of(was) + 1, datetime.now(UTC)
        deleted = EpisodeDeleted(ep_id=ep_id, last_run_id=last_run_id, version=version, who=who)
        videos = [was["video"]["uri"]] if was.get("video") else []
        deletion = {"last_run_id": last_run_id, "deleted_at": now, "passes": 0, "due_at": now, "videos": videos}
        stone = {"deleted": True, "deleted_at": now, "last_run_id": last_run_id, "version": version}
        update = {
            "$set": stone | {"deletion": deletion, "updated_at": now},
            "$unset": dict.fromkeys(GONE_WITH_IT, ""),
        }
        return await self._write(ep_id, was, enqueue([*cancelled, deleted], update))

    async def _write(
        self, ep_id: str, was: Document | None, update: Document, *, guard: Document | None = None
    ) -> bool:
        """Apply an update to the document as it was read; without one, make it. False when it changed since."""
        same: Document = {"version": {"$exists": False}}
        if was is not None and "version" in was:
            same = {"version": was["version"]}
        if was is not None and was.get("current_run_id"):
            same["current_run_id"] = was["current_run_id"]
        try:
            done = await self.collection.update_one({"_id": ep_id} | same | (guard or {}), update, upsert=was is None)
        except DuplicateKeyError:
            return False
        return bool(done.matched_count or done.upserted_id is not None)


def created(ep_id: str, tombstone: Document | None, facts: Mapping[str, Any]) -> Document:
    """The update that makes an episode, also out of a tombstone."""
    version, now = version_of(tombstone or {}) + 1, datetime.now(UTC)
    event = EpisodeChanged(
        ep_id=ep_id, action="created", version=version, title=facts.get("title"), air_date=facts.get("air_date")
    )
    made = {"show": show_of(ep_id), "version": version, "created_at": now, "updated_at": now}
    return enqueue([event], {"$set": {**facts, **made}, "$unset": {"deleted": "", "deleted_at": ""}})


def updated(ep_id: str, was: Document, facts: Mapping[str, Any], *, command: str | None = None) -> Document:
    """The update that changes facts."""
    version, now, after = version_of(was) + 1, datetime.now(UTC), {**was, **facts}
    event = EpisodeChanged(
        ep_id=ep_id, action="updated", version=version, title=after.get("title"), air_date=after.get("air_date")
    )
    update: Document = {"$set": {**facts, "version": version, "updated_at": now}}
    if command is not None:
        update["$push"] = {"commands": {"$each": [command], "$slice": -COMMANDS_REMEMBERED}}
    return enqueue([event], update)


@dataclass(frozen=True)
class _Remembered:
    fingerprint: str | None


def _remembered(was: Document, command: str) -> _Remembered | None:
    """A command that changed the episode before: kept as `id fingerprint`, once as the id alone."""
    for entry in was.get("commands", ()):
        known, _, asked = entry.partition(" ")
        if known == command:
            return _Remembered(asked or None)
    return None


def version_of(document: Mapping[str, Any]) -> int:
    """Version of an episode's facts; 0 for one that was never there."""
    return int(document.get("version", 0))


def unknown_episode(ep_id: str) -> NotFound:
    return NotFound("unknown_episode", f"There is no episode {ep_id}: GET /episodes lists those there are.")


def _contended(ep_id: str) -> Conflict:
    return Conflict("contended", f"Too many changes of {ep_id} at the same time: try again.")
