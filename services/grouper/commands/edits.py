"""Where operators' commands become edits: checked, written once, published."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from chassis.commands import Order, accept, fingerprint, wait_for
from chassis.errors import Conflict, NotFound
from chassis.mongo.outbox import Outbox
from chassis.mongo.reported_revision import ReportedScreenTime
from contracts.events import ClustersEdited
from services.grouper.edits.kinds import Command, Edit, Split
from services.grouper.edits.kinds.base import group_in
from services.grouper.edits.log import EditLog, EditRecord, NothingToChangeError, apply_edit, edit_named, redo, undo
from services.grouper.edits.people import People
from services.grouper.queries.clusters import ClusterQueries
from services.grouper.store.edits import EditBook, EditStore
from services.grouper.store.runs import GroupedRun, GrouperStore


@dataclass(frozen=True, kw_only=True)
class Accepted:
    """What became of a command. `is_grouped` says whether the grouping with `grouping_revision` includes it already.

    `revision` is the screen time revision with its effect, None while that is not there.
    """

    record: EditRecord
    grouping_revision: int
    is_grouped: bool = False
    revision: int | None = None


Extend = Callable[[GroupedRun, EditBook, str], Awaitable[EditLog]]
"""From the log as it is and the time to the log with one entry more."""


class EditCommands:
    """Takes commands on an episode's clusters. Each is one atomic write, in order, and known again."""

    def __init__(
        self,
        *,
        store: GrouperStore,
        edits: EditStore,
        clusters: ClusterQueries,
        outbox: Outbox,
        reported: ReportedScreenTime,
    ) -> None:
        self._store = store
        self._reported = reported
        self._edits = edits
        self._clusters = clusters
        self._outbox = outbox

    async def apply(self, ep_id: str, command: Command, asked: Order, *, wait_s: float = 0.0) -> Accepted:
        """Accept a command; with `wait_s` the answer comes when its effect is in the screen time, or after that time.

        Raises:
            Conflict: `not_grouped_yet`, `identity_locked`, `not_locked`, `command_id_used`, `edit_log_full`.
            NotFound: `unknown_identity`, `unknown_track`.
            StaleVersion: when the edits moved on from the expected version.
            BadInput: for a command that contradicts itself.
        """
        given = fingerprint("apply", **command.model_dump(mode="json", exclude={"why"}))
        return await self._apply(ep_id, given, command.edit, asked, wait_s)

    async def split_in_two(self, ep_id: str, identity_id: str, asked: Order, *, wait_s: float = 0.0) -> Accepted:
        """Split an identity where it looks like two people; raises as `apply`, and Conflict `looks_like_one_person`."""
        run, book = await self._opened(ep_id)
        known = book.made_by(asked.command_id)
        found = None if known else await self._clusters.two_people(run, identity_id)

        def edit(people: People) -> Edit:
            if found is None or not found.is_two:
                verdict = "This looks like one person." if found is None else found.verdict
                raise Conflict("looks_like_one_person", verdict)
            kept = group_in(people, identity_id)
            people.refuse_locked(kept.track_ids)
            return Split(kept=kept, split_off=found.second, new_id=people.new_identity_id)

        given = fingerprint("split_in_two", identity_id=identity_id)
        return await self._apply(ep_id, given, edit, asked, wait_s)

    async def undo(self, ep_id: str, edit_id: str | None, asked: Order, *, wait_s: float = 0.0) -> Accepted:
        """Undo an edit, the latest in force unless named.

        Raises:
            Conflict: `nothing_to_undo`; otherwise as `apply`.
            NotFound: `unknown_edit`.
        """

        async def extend(_run: GroupedRun, book: EditBook, at: str) -> EditLog:
            _refuse_unknown(book, edit_id)
            try:
                return undo(book.log, by=asked.who, at=at, edit_id=edit_id)
            except NothingToChangeError as error:
                raise Conflict("nothing_to_undo", "There is no edit in force that could be undone.") from error

        return await self._accept(ep_id, fingerprint("undo", edit_id=edit_id), extend, asked, wait_s)

    async def redo(self, ep_id: str, edit_id: str | None, asked: Order, *, wait_s: float = 0.0) -> Accepted:
        """Redo an undone edit, the one undone last unless named; raises as `undo`, with `nothing_to_redo`."""

        async def extend(_run: GroupedRun, book: EditBook, at: str) -> EditLog:
            _refuse_unknown(book, edit_id)
            try:
                return redo(book.log, by=asked.who, at=at, edit_id=edit_id)
            except NothingToChangeError as error:
                raise Conflict("nothing_to_redo", "There is no undone edit that could be redone.") from error

        return await self._accept(ep_id, fingerprint("redo", edit_id=edit_id), extend, asked, wait_s)

    async def read(self, ep_id: str) -> EditBook:
        """The log of an episode, empty where nobody edited it."""
        return await self._edits.read(ep_id)

    async def _apply(
        self, ep_id: str, given: str, edit: Callable[[People], Edit], asked: Order, wait_s: float
    ) -> Accepted:
        async def extend(run: GroupedRun, book: EditBook, at: str) -> EditLog:
            people = await self._clusters.people_for(run, book.log)
            people = replace(people, locked=_locked_now(people.locked, run, book.log))
            return apply_edit(book.log, edit(people), edit_id=asked.command_id, by=asked.who, at=at)

        return await self._accept(ep_id, given, extend, asked, wait_s)

    async def _opened(self, ep_id: str) -> tuple[GroupedRun, EditBook]:
        return await asyncio.gather(self._clusters.open_run_of(ep_id), self._edits.read(ep_id))

    async def _accept(self, ep_id: str, given: str, extend: Extend, asked: Order, wait_s: float) -> Accepted:
        run, book = await self._opened(ep_id)
        opened: list[EditBook] = [book]

        async def load() -> EditBook:
            return opened.pop() if opened else await self._edits.read(ep_id)

        async def attempt(book: EditBook) -> EditRecord | None:
            record = await self._record(run, book, extend, asked, given)
            return record if await self._edits.append(ep_id, book, record, _event(run, book.log, record)) else None

        accepted = await accept(
            asked,
            given,
            what=f"The edits of {ep_id}",
            load=load,
            known=lambda book: book.made_by(asked.command_id),
            attempt=attempt,
            busy="too_busy",
        )
        if accepted.is_new:
            self._outbox.publish_later(self._edits.collection, ep_id)
        return await self._answered(run, accepted.answer, wait_s)

    async def _record(self, run: GroupedRun, book: EditBook, extend: Extend, asked: Order, given: str) -> EditRecord:
        entry = (await extend(run, book, datetime.now(UTC).isoformat(timespec="milliseconds")))[-1]
        return entry.model_copy(
            update={
                "version": book.version + 1,
                "run_id": run.event.run_id,
                "why": asked.why,
                "command_id": asked.command_id,
                "fingerprint": given,
                "grouping_revision": run.event.revision + 1,
            }
        )

    async def _answered(self, run: GroupedRun, record: EditRecord, wait_s: float) -> Accepted:
        """The answer to a command, after the screen time with it is out or the time is over."""
        accepted = Accepted(record=record, grouping_revision=record.grouping_revision or run.event.revision + 1)

        async def look() -> Accepted | None:
            nonlocal accepted
            accepted = await self._progress(run, accepted)
            return accepted if accepted.revision is not None else None

        if wait_s > 0:
            await wait_for(look, wait_s)
        return accepted

    async def _progress(self, run: GroupedRun, accepted: Accepted) -> Accepted:
        """How far a command has come by now."""
        if not accepted.is_grouped:
            revision, version = await self._store.progress(run.event.run_id)
            if version < accepted.record.version:
                return accepted
            accepted = replace(accepted, grouping_revision=revision, is_grouped=True)
        reported = await self._reported.of(run.event.ep_id)
        if reported is None or not reported.includes(run.event.run_id, accepted.grouping_revision):
            return accepted
        return replace(accepted, revision=reported.revision)


def _event(run: GroupedRun, log: EditLog, record: EditRecord) -> ClustersEdited:
    edit = record.edit or edit_named(log, record.edit_id)
    return ClustersEdited(
        ep_id=run.event.ep_id,
        run_id=run.event.run_id,
        version=record.version,
        edit_id=record.edit_id,
        action=record.action,
        kind="unknown" if edit is None else edit.kind,
        who=record.by,
        at=record.at,
        why=record.why,
    )


def _refuse_unknown(book: EditBook, edit_id: str | None) -> None:
    if edit_id is not None and edit_named(book.log, edit_id) is None:
        raise NotFound("unknown_edit", f"There is no edit {edit_id}: the log lists those there are.")


def _locked_now(locked: frozenset[str], run: GroupedRun, log: EditLog) -> frozenset[str]:
    """The locked tracks of the grouping that is read, with what the edits after it lock and unlock."""
    now = set(locked)
    for record in log:
        if record.version <= run.event.edits_version:
            continue
        edit = record.edit or edit_named(log, record.edit_id)
        if edit is not None:
            begins, ends = edit.locks(), edit.unlocks()
            if record.action == "undo":
                begins, ends = ends, begins
            now.update(begins.track_ids if begins is not None else ())
            now.difference_update(ends.track_ids if ends is not None else ())
    return frozenset(now)
