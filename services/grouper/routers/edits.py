"""The log of an episode's edits, undo and redo."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import Response
from pydantic import BaseModel, Field

from chassis.commands import Order
from chassis.http.auth import Operator, Viewer
from chassis.http.results import ApiModel, ApiResult, Page, ok, page_of
from chassis.http.routing import Router
from chassis.http.versions import CommandId, ExpectedVersion, tag
from contracts.ids import IdentityId, RunId
from services.grouper.commands.edits import Accepted
from services.grouper.edits.history import change_of
from services.grouper.edits.kinds import EditChange
from services.grouper.edits.kinds.base import Why
from services.grouper.edits.log import EditLog, EditRecord, active_by_id
from services.grouper.routers.parameters import Cursor, Edits, Episode, Limit, WaitS

router = Router(tags=["edits"])


class EditAnswer(BaseModel):
    """What became of a command."""

    edit_id: str
    version: int = Field(description="Version of the edits with this one; for the next If-Match.")
    action: Literal["apply", "undo", "redo"]
    grouping_revision: int = Field(description="First grouping that can include it.")
    is_grouped: bool = Field(description="Whether that grouping exists and includes it, as far as was waited for.")
    revision: int | None = Field(
        default=None, description="Screen time revision with its effect; null: not there yet, or not waited for."
    )


class EditEntry(BaseModel):
    """One entry of the log."""

    version: int
    edit_id: str
    action: Literal["apply", "undo", "redo"]
    kind: str
    who: str
    at: str
    why: str | None
    active: bool = Field(description="Whether the edit is in force now.")
    run_id: RunId | None
    identity_ids: tuple[IdentityId, ...] = Field(description="The identities it spoke of, as they were called then.")
    tracks: int = Field(description="How many tracks it names.")
    change: EditChange
    sentence: str = Field(default="", description="What the edit is, in a few words of English.")
    command_id: str | None = Field(default=None, description="`Idempotency-Key` of the command.")


class WhichEdit(ApiModel):
    """The edit to undo or redo; null for the latest."""

    edit_id: Annotated[str | None, Field(pattern=r"^[A-Za-z0-9_-]{1,100}$")] = None
    why: Why = None


def answer_of(accepted: Accepted, response: Response) -> ApiResult[EditAnswer]:
    """The answer to an accepted command, with the new version as ETag."""
    record = accepted.record
    tag(response, record.version)
    return ok(
        EditAnswer(
            edit_id=record.edit_id,
            version=record.version,
            action=record.action,
            grouping_revision=accepted.grouping_revision,
            is_grouped=accepted.is_grouped,
            revision=accepted.revision,
        )
    )


def _entry(log: EditLog, record: EditRecord, made: EditRecord | None, *, active: bool) -> EditEntry:
    """One entry of the log; `made` is the one that applied its edit."""
    edit = made.edit if made is not None else None
    change = EditChange() if made is None else change_of(log, made)
    ids = [group.identity_id for group in edit.groups()] if edit is not None else []
    return EditEntry(
        version=record.version,
        edit_id=record.edit_id,
        action=record.action,
        kind="unknown" if edit is None else edit.kind,
        who=record.by,
        at=record.at,
        why=record.why,
        active=active,
        run_id=record.run_id,
        identity_ids=tuple(one for one in ids if one is not None),
        tracks=0 if edit is None else len(edit.named_tracks()),
        change=change,
        sentence="" if edit is None else edit.sentence(change),
        command_id=record.command_id,
    )


@router.get("/edits/{ep_id}")
async def list_edits(
    ep_id: Episode, response: Response, _principal: Viewer, edits: Edits, limit: Limit = 100, cursor: Cursor = None
) -> ApiResult[Page[EditEntry]]:
    """Who edited the clusters of an episode, when, why, and from what to what, the latest first."""
    book = await edits.read(ep_id)
    tag(response, book.version)
    active = active_by_id(book.log)
    made = {record.edit_id: record for record in book.log if record.edit is not None}
    page = page_of(book.log, key=lambda record: (-record.version,), kinds=(int,), cursor=cursor, limit=limit)
    items = tuple(
        _entry(book.log, record, made.get(record.edit_id), active=active[record.edit_id]) for record in page.items
    )
    return ok(Page(items=items, next_cursor=page.next_cursor, total=page.total))


@router.post("/edits/{ep_id}/undo")
async def undo_edit(
    ep_id: Episode,
    which: WhichEdit,
    response: Response,
    principal: Operator,
    expected: ExpectedVersion,
    command_id: CommandId,
    edits: Edits,
    wait_s: WaitS = 0.0,
) -> ApiResult[EditAnswer]:
    """Undo an edit, by default the latest one in force; any number of them, in any order."""
    asked = Order(who=principal.name, command_id=command_id, expected=expected, why=which.why)
    return answer_of(await edits.undo(ep_id, which.edit_id, asked, wait_s=wait_s), response)


@router.post("/edits/{ep_id}/redo")
async def redo_edit(
    ep_id: Episode,
    which: WhichEdit,
    response: Response,
    principal: Operator,
    expected: ExpectedVersion,
    command_id: CommandId,
    edits: Edits,
    wait_s: WaitS = 0.0,
) -> ApiResult[EditAnswer]:
    """Redo an undone edit, by default the one undone last."""
    asked = Order(who=principal.name, command_id=command_id, expected=expected, why=which.why)
    return answer_of(await edits.redo(ep_id, which.edit_id, asked, wait_s=wait_s), response)
