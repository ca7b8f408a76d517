"""Episodes in MongoDB: one document each, its facts guarded by a version, its events in its outbox.

A deleted episode keeps a document, its tombstone: `last_run_id` closes every run up to it for ever, and `version` goes on
counting, so that no event id of an episode that is created again is one that subscribers have seen.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from pydantic import ValidationError
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.errors import DuplicateKeyError

from chassis import telemetry
from chassis.commands import fingerprint, refuse_another
from chassis.errors import Conflict, NotFound, StaleVersion
from chassis.mongo.database import Database, Document
from chassis.mongo.outbox import enqueue
from chassis.retrying import until_stored
from contracts.blobs import BlobRef, VideoRef
from contracts.events import EpisodeChanged, EpisodeDeleted, EpisodeUploaded, Event, RunStarted
from contracts.external_ids import ProgrammeIds
from contracts.ids import show_of
from services.ingest.runs.records import Episode, Failure, Leftovers, RequestedRun, Tombstone

COMMANDS_REMEMBERED = 50
OF_THE_VIDEO = ("duration_s", "width", "height")
GONE_WITH_IT = (
    "title",
    "air_date",
    "data",
    "external_ids",
    "video",
    "current_run_id",
    "starts",
    "asked",
    "commands",
    *OF_THE_VIDEO,
)


class EpisodeStore:
    """What is known of episodes."""

    def __init__(self, database: Database) -> None:
        self.collection: AsyncCollection[Document] = database["episodes"]

    async def find(self, ep_id: str) -> Episode | Tombstone | None:
        """The episode, or what is left of one that was deleted."""
        document = await self.collection.find_one({"_id": ep_id})
        return record_of(document) if document is not None else None

    async def find_there(self, ep_id: str) -> Episode | None:
        """The episode, where it was not deleted."""
        found = await self.find(ep_id)
        return found if isinstance(found, Episode) else None

    async def read(self, ep_id: str) -> Episode:
        """An episode that was not deleted.

        Raises:
            NotFound: `unknown_episode`.
        """
        found = await self.find_there(ep_id)
        if found is None:
            raise unknown_episode(ep_id)
        return found

    async def current(self, ep_id: str) -> tuple[bool, str | None]:
        """Whether the episode is there, and the run that it names; no more is read."""
        found = await self.collection.find_one({"_id": ep_id}, {"current_run_id": 1, "deleted": 1})
        if found is None or found.get("deleted"):
            return False, None
        return True, found.get("current_run_id")

    async def list(self, shows: Collection[str] | None) -> list[Episode]:
        """The episodes of some shows, or of all; in no order."""
        wanted: Document = {"deleted": {"$ne": True}}
        if shows is not None:
            wanted["show"] = {"$in": sorted(shows)}
        without = {"outbox": 0, "starts": 0, "asked": 0, "commands": 0}
        return [Episode.model_validate(document) async for document in self.collection.find(wanted, without)]

    async def create(self, ep_id: str, facts: Mapping[str, Any]) -> tuple[Episode, bool]:
        """The episode, and whether it is new. One that is there already is left as it is.

        Raises:
            Conflict: `episode_exists`, when it is there with other facts than those given.
        """

        async def attempt() -> tuple[Episode, bool] | None:
            was = await self.find(ep_id)
            if isinstance(was, Episode):
                if not was.has(facts):
                    raise Conflict("episode_exists", f"{ep_id} exists with other facts: change it with PATCH.")
                return was, False
            stored = await self._write(ep_id, was, created(ep_id, was, facts))
            return (await self.read(ep_id), True) if stored else None

        return await until_stored(attempt, busy=contended(ep_id))

    async def change(
        self, ep_id: str, facts: Mapping[str, Any], *, expected: int | None, command: str
    ) -> tuple[Episode, bool]:
        """Change facts (None clears one); returns the episode and whether anything changed.

        Raises:
            NotFound: `unknown_episode`.
            StaleVersion: when the version is not the expected one.
            Conflict: `command_id_used`, where the command's id was another change's.
        """
        asked = fingerprint("change_episode", facts=dict(facts))

        async def attempt() -> tuple[Episode, bool] | None:
            was = await self.read(ep_id)
            if command in (known := dict(map(_command_and_fingerprint, was.commands))):
                refuse_another(known[command], asked)
                return was, False
            if expected is not None and was.version != expected:
                raise StaleVersion(f"The episode {ep_id}", expected=expected, actual=was.version)
            if was.has(facts):
                return was, False
            stored = await self._write(ep_id, was, updated(was, facts, command=f"{command} {asked}"))
            return (await self.read(ep_id), True) if stored else None

        return await until_stored(attempt, busy=contended(ep_id))

    async def point_at(self, started: RunStarted, upload: EpisodeUploaded, video: BlobRef) -> None:
        """Make a run the episode's current one, unless a later run has that place or the episode was deleted since."""
        ids = upload.external_ids.given() if upload.external_ids else None
        named = {"title": upload.title, "air_date": upload.air_date, "external_ids": ids}
        facts = {name: value for name, value in named.items() if value is not None}
        measured = {"duration_s": started.duration_s, "width": started.width, "height": started.height}
        filed = video.model_dump(mode="json", by_alias=True) | {"filename": upload.video.filename}

        async def attempt() -> bool | None:
            was = await self.find(started.ep_id)
            there = was if isinstance(was, Episode) else None
            if was is not None and started.run_id <= max(was.last_run_id or "", (there and there.current_run_id) or ""):
                return True
            if there is None:
                update = created(started.ep_id, was, facts)
            elif not there.has(facts):
                update = updated(there, facts)
            else:
                update = {"$set": {"updated_at": datetime.now(UTC)}}
            update["$set"] |= measured | {"current_run_id": started.run_id, "video": filed}
            if there is not None and there.asked_run_id is not None and started.run_id >= there.asked_run_id:
                update.setdefault("$unset", {})["asked"] = ""
            return await self._write(started.ep_id, was, update) or None

        await until_stored(attempt, busy=contended(started.ep_id))

    async def start(self, was: Episode, event: EpisodeUploaded, run: RequestedRun) -> bool:
        """Ask for a run by an event in the outbox; False when the episode changed since `was` was read.

        The event is also kept until the run is planned: a broker may lose what it took.
        """
        at, entry = run.at, run.model_dump(exclude={"failure"})
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
        return await self._write(was.ep_id, was, update, guard={"starts.command": {"$ne": run.command}})

    async def start_failed(self, ep_id: str, upload_event_id: str, failure: Failure) -> None:
        """Note that a run that was asked for could not even be planned."""
        await self.collection.update_one(
            {"_id": ep_id, "starts.event_id": upload_event_id}, {"$set": {"starts.$.failure": failure.model_dump()}}
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

    async def set_video(self, was: Episode, video: VideoRef) -> bool:
        """Name the video that the next run is of; False when the episode changed since `was` was read."""
        same = {"video.sha256": was.video.sha256 if was.video is not None else None}
        filed = video.model_dump(mode="json", by_alias=True)
        return await self._write(
            was.ep_id, was, {"$set": {"video": filed, "updated_at": datetime.now(UTC)}}, guard=same
        )

    async def write_tombstone(self, was: Episode, *, last_run_id: str, cancelled: Iterable[Event], who: str) -> bool:
        """Delete: leave a tombstone and say so; False when the episode changed since `was` was read."""
        ep_id, version, now = was.ep_id, was.version + 1, datetime.now(UTC)
        deleted = EpisodeDeleted(ep_id=ep_id, last_run_id=last_run_id, version=version, who=who)
        videos = (was.video.uri,) if was.video is not None else ()
        deletion = Leftovers(last_run_id=last_run_id, deleted_at=now, passes=0, due_at=now, videos=videos).model_dump()
        stone = {"deleted": True, "deleted_at": now, "last_run_id": last_run_id, "version": version}
        update = {
            "$set": stone | {"deletion": deletion, "updated_at": now},
            "$unset": dict.fromkeys(GONE_WITH_IT, ""),
        }
        return await self._write(ep_id, was, enqueue([*cancelled, deleted], update))

    async def claim_deletion(self, *, for_s: float) -> AsyncIterator[Episode | Tombstone]:
        """Episodes whose leftovers are due to be removed, each claimed for so long; yields them with their deletion."""
        now = datetime.now(UTC)
        async for found in self.collection.find({"deletion.due_at": {"$lte": now}}, {"deletion": 1}):
            claimed = await self.collection.find_one_and_update(
                {"_id": found["_id"], "deletion.due_at": found["deletion"]["due_at"]},
                {"$set": {"deletion.due_at": datetime.now(UTC) + timedelta(seconds=for_s)}},
            )
            if claimed is not None:
                yield record_of(claimed)

    async def put_deletion_off(self, ep_id: str, deleted_at: datetime, *, passes: int, due_at: datetime) -> None:
        """Note a pass that was done, and when the next one is due."""
        same = {"_id": ep_id, "deletion.deleted_at": deleted_at}
        await self.collection.update_one(same, {"$set": {"deletion.passes": passes, "deletion.due_at": due_at}})

    async def end_deletion(self, ep_id: str, deleted_at: datetime) -> None:
        """After the last pass: of a tombstone stays no more than what has to stay closed."""
        same = {"_id": ep_id, "deletion.deleted_at": deleted_at}
        facts = dict.fromkeys(("deletion", "show", "created_at", "updated_at"), "")
        await self.collection.update_one(same | {"deleted": True}, {"$unset": facts})
        await self.collection.update_one(same, {"$unset": {"deletion": ""}})

    async def is_of_another(self, ep_id: str, video_uri: str) -> bool:
        """Whether an episode other than this one is of the object."""
        others = {"video.uri": video_uri, "_id": {"$ne": ep_id}}
        return await self.collection.find_one(others, {"_id": 1}) is not None

    async def _write(
        self, ep_id: str, was: Episode | Tombstone | None, update: Document, *, guard: Document | None = None
    ) -> bool:
        """Apply an update to the document as it was read; without one, make it. False when it changed since."""
        same: Document = {"version": {"$exists": False}}
        if was is not None and was.version:
            same = {"version": was.version}
        if isinstance(was, Episode) and was.current_run_id:
            same["current_run_id"] = was.current_run_id
        try:
            done = await self.collection.update_one({"_id": ep_id} | same | (guard or {}), update, upsert=was is None)
        except DuplicateKeyError:
            return False
        return bool(done.matched_count or done.upserted_id is not None)


def record_of(document: Document) -> Episode | Tombstone:
    """What a document is of: an episode, or one that was deleted."""
    if document.get("deleted"):
        return Tombstone.model_validate(document)
    return Episode.model_validate(document | {"asked_run_id": (document.get("asked") or {}).get("run_id")})


def created(ep_id: str, tombstone: Episode | Tombstone | None, facts: Mapping[str, Any]) -> Document:
    """The update that makes an episode, also out of a tombstone."""
    version, now = (tombstone.version if tombstone is not None else 0) + 1, datetime.now(UTC)
    event = _told(ep_id, "created", version, facts)
    made = {"show": show_of(ep_id), "version": version, "created_at": now, "updated_at": now}
    return enqueue([event], {"$set": {**facts, **made}, "$unset": {"deleted": "", "deleted_at": ""}})


def updated(was: Episode, facts: Mapping[str, Any], *, command: str | None = None) -> Document:
    """The update that changes facts."""
    version, now = was.version + 1, datetime.now(UTC)
    after = {"title": was.title, "air_date": was.air_date, "external_ids": was.external_ids} | dict(facts)
    event = _told(was.ep_id, "updated", version, after)
    update: Document = {"$set": {**facts, "version": version, "updated_at": now}}
    if command is not None:
        update["$push"] = {"commands": {"$each": [command], "$slice": -COMMANDS_REMEMBERED}}
    return enqueue([event], update)


def _told(ep_id: str, action: Literal["created", "updated"], version: int, facts: Mapping[str, Any]) -> EpisodeChanged:
    """The event of an episode that has these facts now."""
    ids = facts.get("external_ids")
    return EpisodeChanged(
        ep_id=ep_id,
        action=action,
        version=version,
        title=facts.get("title"),
        air_date=facts.get("air_date"),
        external_ids=ProgrammeIds.model_validate(ids) if ids else None,
    )


def _command_and_fingerprint(entry: str) -> tuple[str, str | None]:
    """A command that changed the episode before: kept as `id fingerprint`, once as the id alone."""
    command, _, asked = entry.partition(" ")
    return command, asked or None


def unknown_episode(ep_id: str) -> NotFound:
    return NotFound("unknown_episode", f"There is no episode {ep_id}: GET /episodes lists those there are.")


def contended(ep_id: str) -> Conflict:
    return Conflict("contended", f"Too many changes of {ep_id} at the same time: try again.")
