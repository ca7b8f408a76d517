"""The log of an episode's edits: applied, undone and redone to any depth. Nothing is ever taken out of it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from chassis.commands import history_of
from contracts.blobs import Contract
from contracts.ids import RunId
from services.grouper.clustering.machine import number_of
from services.grouper.edits.kinds import Edit


class EditRecord(Contract):
    """One entry of the log: an edit that was applied, or the undoing or redoing of one (`edit` None)."""

    edit_id: str
    action: Literal["apply", "undo", "redo"]
    by: str
    at: str = Field(description="ISO 8601, UTC.")
    edit: Edit | None = None
    why: str | None = None
    run_id: RunId | None = Field(default=None, description="The run whose tracks the edit names.")
    version: int = Field(default=0, ge=0, description="Version of the edits with this entry.")
    command_id: str | None = Field(default=None, description="The command that made it, to know it again.")
    fingerprint: str | None = Field(default=None, description="What that command asked for.")
    grouping_revision: int | None = Field(default=None, description="First grouping that can include it.")


EditLog = tuple[EditRecord, ...]


class NothingToChangeError(ValueError):
    """There is no such edit, or it is already undone (redone)."""


def apply_edit(log: EditLog, edit: Edit, *, edit_id: str, by: str, at: str) -> EditLog:
    """The log with one more edit. The same `edit_id` again changes nothing."""
    if any(record.edit_id == edit_id and record.action == "apply" for record in log):
        return log
    return (*log, EditRecord(edit_id=edit_id, action="apply", by=by, at=at, edit=edit))


def undo(log: EditLog, *, by: str, at: str, edit_id: str | None = None) -> EditLog:
    """Undoes an edit, the latest active one unless named. Raises NothingToChangeError."""
    state = active_by_id(log)
    active = [one for one, is_active in state.items() if is_active]
    chosen = edit_id if edit_id is not None else next(reversed(active), None)
    if chosen is None or not state.get(chosen, False):
        raise NothingToChangeError("there is no edit to undo")
    return (*log, EditRecord(edit_id=chosen, action="undo", by=by, at=at))


def redo(log: EditLog, *, by: str, at: str, edit_id: str | None = None) -> EditLog:
    """Redoes an undone edit, by default the one undone last since one was applied. Raises NothingToChangeError."""
    state = active_by_id(log)
    chosen = edit_id if edit_id is not None else _last_undone(log)
    if chosen is None or state.get(chosen, True):
        raise NothingToChangeError("there is no edit to redo")
    return (*log, EditRecord(edit_id=chosen, action="redo", by=by, at=at))


def active_records(log: EditLog) -> list[EditRecord]:
    """The entries of the edits in force, in the order in which they were made."""
    state = active_by_id(log)
    return [record for record in log if record.edit is not None and state[record.edit_id]]


def active_edits(log: EditLog) -> list[Edit]:
    """The edits in force, in the order in which they were made."""
    return [record.edit for record in active_records(log) if record.edit is not None]


def active_by_id(log: EditLog) -> dict[str, bool]:
    """For each edit, in the order in which they were made, whether it is in force."""
    state: dict[str, bool] = {}
    for record in log:
        state[record.edit_id] = record.action != "undo"
    return state


def edit_named(log: EditLog, edit_id: str) -> Edit | None:
    """The edit that an id names, in force or not."""
    return next((record.edit for record in log if record.edit_id == edit_id and record.edit is not None), None)


def highest_number_made(log: EditLog) -> int:
    """The greatest number of a person whom an edit made, in force or not; 0 where none made any."""
    made = (record.edit.new_identity() for record in log if record.edit is not None)
    return max((number_of(one) for one in made if one is not None), default=0)


def _last_undone(log: EditLog) -> str | None:
    steps = (("do" if record.action == "apply" else record.action, record.edit_id) for record in log)
    return next(reversed(history_of(steps).taken_back), None)
