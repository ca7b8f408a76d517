"""Who an episode's identities are, as people say; every change can be taken back."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Query, Response

from chassis.http.auth import Viewer
from chassis.http.parts import Provide
from chassis.http.results import ApiResult, ok
from chassis.http.routing import Router
from chassis.http.versions import tag
from contracts.ids import EpId, IdentityId
from services.identity.commands.links import LinkCommands
from services.identity.routers.requests import Commanded, LinkRequest, Step, Why
from services.identity.routers.responses import LinksOutcome, LinksView, links_view

router = Router(tags=["links"])
Links = Annotated[LinkCommands, Depends(Provide(LinkCommands))]


@router.get("/links/{ep_id}")
async def read_links(
    ep_id: EpId,
    response: Response,
    links: Links,
    _principal: Viewer,
    history: Annotated[int, Query(ge=0, le=500, description="Commands shown, latest first.")] = 50,
) -> ApiResult[LinksView]:
    """All links and dismissed suggestions of an episode, with their history."""
    found = await links.load(ep_id)
    tag(response, found.version)
    return ok(links_view(found, history=history, resting=await links.resting(found)))


@router.put("/links/{ep_id}/{identity_id}")
async def link_identity(
    identity_id: IdentityId,
    body: LinkRequest,
    links: Links,
    given: Commanded,
) -> ApiResult[LinksOutcome]:
    """Say that an identity is a cast member."""
    return given.answer(await links.link(given.ep_id, identity_id, body.cast_id, given.order(body.why)))


@router.delete("/links/{ep_id}/{identity_id}")
async def unlink_identity(
    identity_id: IdentityId,
    links: Links,
    given: Commanded,
    why: Annotated[Why | None, Query()] = None,
) -> ApiResult[LinksOutcome]:
    """Take a link away; the pair is not suggested again."""
    return given.answer(await links.unlink(given.ep_id, [identity_id], given.order(why)))


@router.post("/links/{ep_id}/undo")
async def undo_link_change(body: Step, links: Links, given: Commanded) -> ApiResult[LinksOutcome]:
    """Take back the latest change of links, or the one named."""
    return given.answer(await links.undo(given.ep_id, body.version, given.order(body.why)))


@router.post("/links/{ep_id}/redo")
async def redo_link_change(body: Step, links: Links, given: Commanded) -> ApiResult[LinksOutcome]:
    """Make the latest change that was taken back again, or the one named."""
    return given.answer(await links.redo(given.ep_id, body.version, given.order(body.why)))
