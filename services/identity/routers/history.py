"""`/history`: everything that people decided about an episode in one list, and one undo."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Query, Request, Response
from pydantic import BaseModel, Field

from chassis.commands import Order
from chassis.http.auth import Operator, Viewer
from chassis.http.parts import Provide
from chassis.http.peers import Grouper
from chassis.http.results import ApiModel, ApiResult, decode_cursor, encode_cursor, ok
from chassis.http.routing import Router
from chassis.http.versions import CommandId, ExpectedVersion, tag
from contracts.ids import EpId
from services.identity.commands.history import Edited, EditsPage, HistoryCommands, Place, Walk, Walked
from services.identity.history.steps import HistoryStep, Source
from services.identity.routers.requests import Cursor, WaitSeconds, Why

router = Router(tags=["history"])
History = Annotated[HistoryCommands, Depends(Provide(HistoryCommands))]
NOWHERE = -1
"""In a cursor: nothing of that log was shown yet."""
_ACTIONS = {"apply": "do", "undo": "undo", "redo": "redo"}


class _Edit(BaseModel):
    """What of an entry of the grouper's log is wanted here."""

    version: int
    edit_id: str
    action: str
    kind: str
    who: str
    at: str
    why: str | None
    active: bool
    identity_ids: tuple[str, ...]
    sentence: str
    command_id: str | None = None

    def step(self) -> HistoryStep:
        return HistoryStep.model_validate(
            self.model_dump(exclude={"edit_id"})
            | {"step": f"clusters:{self.edit_id}", "source": "clusters", "action": _ACTIONS[self.action]}
        )


class _Edits(BaseModel):
    items: tuple[_Edit, ...]
    next_cursor: str | None


class GroupersLog:
    """The grouper's log of edits over its API, in the caller's name."""

    def __init__(self, request: Request) -> None:
        self._grouper = Grouper(request)

    async def page(self, ep_id: str, *, below: int | None, limit: int) -> EditsPage:
        params = {"limit": limit} | ({} if below is None else {"cursor": encode_cursor(-below)})
        found = await self._grouper.call("GET", f"/edits/{ep_id}", _Edits, params=params)
        steps = tuple(entry.step() for entry in found.data.items)
        return EditsPage(version=found.version, steps=steps, is_last=found.data.next_cursor is None)

    async def walk(self, ep_id: str, action: Walk, edit_id: str, order: Order) -> Edited:
        expected = "*" if order.expected is None else f'"{order.expected}"'
        headers = {"If-Match": expected, "Idempotency-Key": order.command_id}
        body = {"edit_id": edit_id, "why": order.why}
        path, params = f"/edits/{ep_id}/{action}", {"wait_s": order.wait_s}
        done = await self._grouper.call("POST", path, _Edited, params=params, body=body, headers=headers)
        return Edited(version=done.data.version, revision=done.data.revision)


class _Edited(BaseModel):
    version: int
    revision: int | None


class HistoryView(BaseModel):
    """A part of the history, the latest first."""

    version: int = Field(description="Of the history: the sum of `versions`; also in `ETag`.")
    versions: dict[Source, int]
    items: tuple[HistoryStep, ...]
    undo: HistoryStep | None = Field(description="What undo takes back next; told with the first page.")
    redo: HistoryStep | None = Field(description="What redo makes again next; told with the first page.")
    next_cursor: str | None = None


class WhichStep(ApiModel):
    """The step to take back or to make again; the last where not given."""

    step: str | None = Field(default=None, pattern=r"^(clusters|links|sign_off):[A-Za-z0-9_-]{1,100}$")
    why: Why | None = None


class HistoryOutcome(BaseModel):
    """What was taken back or made again."""

    step: HistoryStep
    version: int = Field(description="Of the history now; also in `ETag`.")
    versions: dict[Source, int]
    revision: int | None = Field(description="Screen time revision with it; null while it is being made.")


@router.get("/history/{ep_id}")
async def read_history(
    ep_id: EpId,
    request: Request,
    response: Response,
    history: History,
    _principal: Viewer,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
    cursor: Cursor = None,
) -> ApiResult[HistoryView]:
    """Read who decided what about an episode, in order: clusters, links, extras, questions, sign-offs."""
    page = await history.read(ep_id, GroupersLog(request), after=_place(cursor), limit=limit)
    tag(response, page.version)
    return ok(
        HistoryView(
            version=page.version,
            versions=page.versions,
            items=page.steps,
            undo=page.undo,
            redo=page.redo,
            next_cursor=_cursor(page.following),
        )
    )


@router.post("/history/{ep_id}/undo")
async def undo_step(
    ep_id: EpId,
    body: WhichStep,
    request: Request,
    response: Response,
    history: History,
    principal: Operator,
    expected: ExpectedVersion,
    command: CommandId,
    wait_s: WaitSeconds = 0,
) -> ApiResult[HistoryOutcome]:
    """Take back the last thing that was decided about the episode, whatever it was, or the one named."""
    order = Order(who=principal.name, command_id=command, expected=expected, why=body.why, wait_s=wait_s)
    return _answer(await history.walk(ep_id, GroupersLog(request), "undo", body.step, order), response)


@router.post("/history/{ep_id}/redo")
async def redo_step(
    ep_id: EpId,
    body: WhichStep,
    request: Request,
    response: Response,
    history: History,
    principal: Operator,
    expected: ExpectedVersion,
    command: CommandId,
    wait_s: WaitSeconds = 0,
) -> ApiResult[HistoryOutcome]:
    """Make again what was taken back last, or what is named."""
    order = Order(who=principal.name, command_id=command, expected=expected, why=body.why, wait_s=wait_s)
    return _answer(await history.walk(ep_id, GroupersLog(request), "redo", body.step, order), response)


def _answer(walked: Walked, response: Response) -> ApiResult[HistoryOutcome]:
    tag(response, walked.version)
    return ok(HistoryOutcome(**vars(walked)))


def _place(cursor: str | None) -> Place:
    """Raises BadInput `bad_cursor`."""
    if cursor is None:
        return Place()
    places = [None if one == NOWHERE else one for one in decode_cursor(cursor, kinds=(int, int, int))]
    return Place(edits=places[0], links=places[1], sign_offs=places[2])


def _cursor(place: Place | None) -> str | None:
    if place is None:
        return None
    return encode_cursor(*(NOWHERE if one is None else one for one in (place.edits, place.links, place.sign_offs)))
