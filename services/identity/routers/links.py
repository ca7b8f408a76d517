"""Who an episode's identities are, as people say; every change can be taken back."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from chassis.api.auth import Operator, Viewer
from chassis.api.errors import ERROR_RESPONSES
from chassis.api.parts import Provide
from chassis.api.results import ApiResult, ok
from chassis.api.versions import CommandId, ExpectedVersion, tag
from contracts.ids import EpId, IdentityId
from services.identity.answers import LinksOutcome, LinksView, links_view, outcome_of
from services.identity.link_desk import LinkDesk, Outcome
from services.identity.routers.requests import LinkRequest, Step, WaitSeconds, Why, order_of

router = APIRouter(tags=["links"], responses=ERROR_RESPONSES)
Desk = Annotated[LinkDesk, Depends(Provide(LinkDesk))]


def answer(response: Response, outcome: Outcome) -> ApiResult[LinksOutcome]:
    """A command's answer, with the new version as ETag."""
    tag(response, outcome.version)
    return ok(outcome_of(outcome))


@router.get("/links/{ep_id}")
async def read_links(
    ep_id: EpId,
    response: Response,
    desk: Desk,
    _principal: Viewer,
    history: Annotated[int, Query(ge=0, le=500, description="Commands shown, latest first.")] = 50,
) -> ApiResult[LinksView]:
    """All links and dismissed suggestions of an episode, with their history."""
    found = await desk.load(ep_id)
    tag(response, found.version)
    return ok(links_view(found, history=history))


@router.put("/links/{ep_id}/{identity_id}")
async def link_identity(
    ep_id: EpId,
    identity_id: IdentityId,
    body: LinkRequest,
    response: Response,
    desk: Desk,
    principal: Operator,
    expected: ExpectedVersion,
    command: CommandId,
    wait_s: WaitSeconds = 0,
) -> ApiResult[LinksOutcome]:
    """Say that an identity is a cast member."""
    order = order_of(principal, expected, command, body.why, wait_s)
    return answer(response, await desk.link(ep_id, identity_id, body.cast_id, order))


@router.delete("/links/{ep_id}/{identity_id}")
async def unlink_identity(
    ep_id: EpId,
    identity_id: IdentityId,
    response: Response,
    desk: Desk,
    principal: Operator,
    expected: ExpectedVersion,
    command: CommandId,
    why: Annotated[Why | None, Query()] = None,
    wait_s: WaitSeconds = 0,
) -> ApiResult[LinksOutcome]:
    """Take a link away; the pair is not suggested again."""
    order = order_of(principal, expected, command, why, wait_s)
    return answer(response, await desk.unlink(ep_id, [identity_id], order))


@router.post("/links/{ep_id}/undo")
async def undo_link_change(
    ep_id: EpId,
    body: Step,
    response: Response,
    desk: Desk,
    principal: Operator,
    expected: ExpectedVersion,
    command: CommandId,
    wait_s: WaitSeconds = 0,
) -> ApiResult[LinksOutcome]:
    """Take back the latest change of links, or the one named."""
    order = order_of(principal, expected, command, body.why, wait_s)
    return answer(response, await desk.undo(ep_id, body.version, order))


@router.post("/links/{ep_id}/redo")
async def redo_link_change(
    ep_id: EpId,
    body: Step,
    response: Response,
    desk: Desk,
    principal: Operator,
    expected: ExpectedVersion,
    command: CommandId,
    wait_s: WaitSeconds = 0,
) -> ApiResult[LinksOutcome]:
    """Make the latest change that was taken back again, or the one named."""
    order = order_of(principal, expected, command, body.why, wait_s)
    return answer(response, await desk.redo(ep_id, body.version, order))
