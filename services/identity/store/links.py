"""Who people say an episode's identities are, in MongoDB: state, history and outbox in one document."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from chassis.mongo.database import Database, Document
from chassis.mongo.document_size import check_room, stored_bytes
from chassis.mongo.outbox import Outbox, enqueue
from chassis.mongo.remembered_logs import LogFields, LogMark, RememberedLogs
from contracts.events import LinksChanged
from contracts.rows import CastLink
from services.identity.links.episode_links import EpisodeLinks
from services.identity.links.history import LinkRecord, peoples_part
from services.identity.links.transitions import Dismissal, LinkState
from services.identity.privacy.forget_links import forget_in_history, forget_in_links, forget_in_state
from services.identity.signoff.log import forget_in_notes
from services.identity.store.sign_offs import SIGN_OFFS, read_sign_offs

_WITHOUT_HISTORY = {"changes": 0, "outbox": 0}

BYTES = "changes_bytes"
"""The field that counts what the history takes; missing where it was begun before it was counted."""
LAST = "changes_last"
"""The field with the id of the last command; missing where the history has to be read whole."""
_FIELDS = LogFields(bytes=BYTES, last=LAST)


class LinkStore:
    """Writes are guarded by the version: of two commands made on one version, one is stored."""

    def __init__(self, database: Database, outbox: Outbox) -> None:
        self._identities = database["identities"]
        self._outbox = outbox
        self._remembered: RememberedLogs[LinkRecord] = RememberedLogs()

    async def load(self, ep_id: str, *, history: bool = False) -> EpisodeLinks | None:
        """The episode's links, None where nothing was reported yet.

        The history only where asked for: it is long, and what of it is known already is not read again.
        """
        found = await self._identities.find_one({"_id": ep_id}, _WITHOUT_HISTORY)
        if not found or "run_id" not in found:
            return None
        if not history:
            return _read(found)
        known = self._remembered.of(ep_id, _FIELDS.mark(found))
        return replace(_read(found), commands=known) if known is not None else await self._load_whole(ep_id)

    async def _load_whole(self, ep_id: str) -> EpisodeLinks | None:
        found = await self._identities.find_one({"_id": ep_id}, {"outbox": 0})
        if not found or "run_id" not in found:
            return None
        episode = _read(found)
        self._remembered.remember(ep_id, _FIELDS.mark(found), episode.commands)
        return episode

    async def decided(self, ep_id: str) -> LinkState:
        """What people decided; nothing where the episode is new."""
        found = await self.load(ep_id)
        return found.decided if found else LinkState()

    async def of_show(self, show: str) -> list[EpisodeLinks]:
        """Every reported episode of a show, by id."""
        found = [_read(document) async for document in self._identities.find({"show": show}, _WITHOUT_HISTORY)]
        return sorted(found, key=lambda episode: episode.ep_id)

    async def naming(self, show: str, cast_id: str | None) -> list[tuple[str, str]]:
        """`(episode, run)` of every report of a show that names a cast member, by id; of all reports for None."""
        named = {"named": cast_id} if cast_id is not None else {}
        found = self._identities.find({"show": show} | named, {"run_id": 1})
        return sorted([(str(document["_id"]), str(document["run_id"])) async for document in found])

    async def episodes_of(self, show: str) -> list[str]:
        """The ids of a show's reported episodes, in order."""
        return sorted([str(found["_id"]) async for found in self._identities.find({"show": show}, {"_id": 1})])

    async def shows(self) -> dict[str, int]:
        """Show -> number of its reported episodes."""
        counted: dict[str, int] = {}
        async for document in self._identities.find({}, {"show": 1}):
            counted[document["show"]] = counted.get(document["show"], 0) + 1
        return counted

    async def store(self, episode: EpisodeLinks, state: LinkState, command: LinkRecord, event: LinksChanged) -> bool:
        """Store a command on the version that `episode` has, with its event; False when there is another version now.

        `episode` was loaded with its history.

        Raises:
            Conflict: `link_history_full`.
        """
        decided = peoples_part(state)
        entry = command.model_dump(mode="json")
        used = episode.history_bytes + stored_bytes([entry])
        takes_back = command.action in {"undo", "redo"}
        check_room(used, code="link_history_full", what="The history of links", takes_back=takes_back)
        update = {
            "$set": {
                "version": decided.version,
                "links": [link.model_dump(mode="json") for link in decided.links],
                "dismissed": [dismissal.model_dump(mode="json") for dismissal in decided.dismissed],
                BYTES: used,
                LAST: command.command_id,
            },
            "$push": {"changes": entry},
        }
        result = await self._identities.update_one(
            {"_id": episode.ep_id, "version": episode.version}, enqueue([event], update)
        )
        if not result.matched_count:
            return False
        mark = LogMark(version=decided.version, bytes=used, last=command.command_id)
        history = (*episode.commands, LinkRecord.model_validate(entry))
        self._remembered.remember(episode.ep_id, mark, history)
        self._outbox.publish_later(self._identities, episode.ep_id)
        return True

    async def forget(self, episode: EpisodeLinks, cast_id: str, texts: Collection[str]) -> bool:
        """Take a person out of an episode's links and their history; False when there is another version now.

        `episode` was loaded with its history. The version goes on, so that what is reported is made again.
        """
        decided = forget_in_state(episode.decided, cast_id)
        history = [command.model_dump(mode="json") for command in forget_in_history(episode.commands, cast_id, texts)]
        update = {
            "version": episode.version + 1,
            "links": [link.model_dump(mode="json") for link in decided.links],
            "dismissed": [dismissal.model_dump(mode="json") for dismissal in decided.dismissed],
            "automatic": [link.model_dump(mode="json") for link in forget_in_links(episode.automatic, cast_id)],
            "named": sorted(episode.named - {cast_id}),
            "changes": history,
            BYTES: stored_bytes(history),
            SIGN_OFFS: [one.model_dump(mode="json") for one in forget_in_notes(episode.sign_offs.log, texts)],
        }
        done = await self._identities.update_one(
            {"_id": episode.ep_id, "version": episode.version, "revision": episode.revision},
            {"$set": update, "$unset": {LAST: ""}},
        )
        self._remembered.forget(episode.ep_id)
        return bool(done.matched_count)


def _read(found: Document) -> EpisodeLinks:
    return EpisodeLinks(
        ep_id=found["_id"],
        show=found["show"],
        run_id=found["run_id"],
        revision=int(found["revision"]),
        decided=LinkState(
            version=int(found["version"]),
            links=tuple(CastLink.model_validate(link) for link in found["links"]),
            dismissed=tuple(Dismissal.model_validate(entry) for entry in found["dismissed"]),
        ),
        automatic=tuple(CastLink.model_validate(link) for link in found.get("automatic", ())),
        named=frozenset(found.get("named", ())),
        reported_version=int(found.get("reported_links_version", 0)),
        commands=tuple(LinkRecord.model_validate(entry) for entry in found.get("changes", ())),
        history_bytes=int(found[BYTES] if BYTES in found else stored_bytes(found.get("changes", ()))),
        sign_offs=read_sign_offs(found),
        reported_sign_offs=int(found.get("reported_sign_offs_version", 0)),
    )
