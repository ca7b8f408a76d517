"""Where an episode is, and what its logs say since: of identity's own document, and of what the grouper shares."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence

from chassis.cache import Latest
from chassis.mongo.database import Database, Document
from chassis.mongo.grouper_read_model import GrouperReadModel, LoggedEdit
from chassis.mongo.run_fence import RunFence
from services.identity.changes.positions import NO_RUN, ChangeStep, EpisodeNow, Position, Versions, in_order
from services.identity.history.steps import Action
from services.identity.store.presence import PresenceStore
from services.identity.store.revisions import order_of
from services.identity.store.sign_offs import SIGN_OFFS
from services.identity.store.sign_offs import VERSION as SIGN_OFFS_VERSION

REMEMBERED = 256
_NOW = dict.fromkeys(
    ("version", "run_id", "revision", "reported_links_version", "reported_sign_offs_version", SIGN_OFFS_VERSION), 1
)
_OF_A_COMMAND = ("version", "action", "who", "at", "target")
_LOGS = (
    dict.fromkeys((f"changes.{field}" for field in (*_OF_A_COMMAND, "changes.identity_id")), 1)
    | dict.fromkeys((f"{SIGN_OFFS}.{field}" for field in _OF_A_COMMAND), 1)
)  # fmt: skip
_ACTIONS: dict[str, Action] = {"undo": "undo", "redo": "redo"}


class ChangeStore:
    """Reads what changed."""

    def __init__(self, database: Database, grouper: GrouperReadModel, presence: PresenceStore, fence: RunFence) -> None:
        self._identities = database["identities"]
        self._screen_time = database["screen_time"]
        self._grouper = grouper
        self._presence = presence
        self._fence = fence
        self._edits_of: Latest[str, int] = Latest(REMEMBERED)

    async def exists(self, ep_id: str) -> bool:
        """Whether there is such an episode, reported or not."""
        known = await self._identities.find_one({"_id": ep_id}, {"_id": 1})
        return known is not None or await self._fence.exists(ep_id)

    async def now(self, ep_id: str) -> EpisodeNow:
        """Where an episode is."""
        found, edits, grouping, present = await asyncio.gather(
            self._identities.find_one({"_id": ep_id}, _NOW),
            self._grouper.edits_version(ep_id),
            self._grouper.latest(ep_id),
            self._presence.of(ep_id),
        )
        if found is None and not await self._fence.exists(ep_id):
            return EpisodeNow(exists=False)
        own = found or {}
        run_id, revision = str(own.get("run_id") or NO_RUN), int(own.get("revision") or 0)
        at = Position(
            run_id=run_id,
            revision=revision,
            grouped_run_id=grouping.run_id if grouping else NO_RUN,
            grouping=grouping.revision if grouping else 0,
            edits=edits,
            links=int(own.get("version") or 0),
            sign_offs=int(own.get(SIGN_OFFS_VERSION) or 0),
        )
        includes = Versions(
            clusters=await self._edits_in(run_id, revision) if revision else 0,
            links=int(own.get("reported_links_version") or 0),
            sign_off=int(own.get("reported_sign_offs_version") or 0),
        )
        edits_grouped = grouping.edits_version if grouping else 0
        return EpisodeNow(exists=True, at=at, includes=includes, edits_grouped=edits_grouped, present=present)

    async def steps_after(self, ep_id: str, seen: Position) -> list[ChangeStep]:
        """What was decided since, by time."""
        found, edits = await asyncio.gather(
            self._identities.find_one({"_id": ep_id}, _LOGS), self._grouper.edits_after(ep_id, seen.edits)
        )
        own = found or {}
        return in_order(
            map(_of_edit, edits),
            _of_links(own.get("changes", ()), seen.links),
            _of_sign_offs(own.get(SIGN_OFFS, ()), seen.sign_offs),
        )

    async def _edits_in(self, run_id: str, revision: int) -> int:
        """Version of the edits that a revision includes; revisions never change."""
        order = order_of(run_id, revision)
        known = self._edits_of.get(order)
        if known is None:
            found = await self._screen_time.find_one({"_id": order}, {"grouped.edits_version": 1})
            known = int(((found or {}).get("grouped") or {}).get("edits_version") or 0)
            self._edits_of.put(order, known)
        return known


def _of_edit(edit: LoggedEdit) -> ChangeStep:
    return ChangeStep(
        step=f"clusters:{edit.edit_id}",
        source="clusters",
        version=edit.version,
        action=_ACTIONS.get(edit.action, "do"),
        kind=edit.kind,
        who=edit.who,
        at=edit.at,
    )


def _of_links(log: Sequence[Document], after: int) -> Iterable[ChangeStep]:
    made = {int(entry["version"]): str(entry["action"]) for entry in log}
    for entry in log:
        version = int(entry["version"])
        if version > after:
            target = entry.get("target") or version
            yield ChangeStep(
                step=f"links:{target}",
                source="links",
                version=version,
                action=_ACTIONS.get(entry["action"], "do"),
                kind=made.get(target, "link"),
                who=entry["who"],
                at=entry["at"],
                identity_ids=tuple(dict.fromkeys(change["identity_id"] for change in entry.get("changes", ()))),
            )


def _of_sign_offs(log: Sequence[Document], after: int) -> Iterable[ChangeStep]:
    for entry in log:
        version = int(entry["version"])
        if version > after:
            yield ChangeStep(
                step=f"sign_off:{entry.get('target') or version}",
                source="sign_off",
                version=version,
                action=_ACTIONS.get(entry["action"], "do"),
                kind="sign",
                who=entry["who"],
                at=entry["at"],
            )
