"""`/changes`: what happens to an episode as it happens, and who else has it open."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, Header, Query, Request, Response
from pydantic import BaseModel, Field
from sse_starlette import EventSourceResponse

from chassis.http.auth import Role, Viewer
from chassis.http.parts import Provide
from chassis.http.results import ApiModel, ApiResult, ok
from chassis.http.routing import Router
from chassis.http.streams import while_allowed
from contracts.ids import EpId
from services.identity.changes.people import PersonPresent
from services.identity.changes.positions import Position
from services.identity.queries.changes import ChangeFeed
from services.identity.store.presence import LASTS_S, PresenceStore

router = Router(tags=["changes"])
Feed = Annotated[ChangeFeed, Depends(Provide(ChangeFeed))]
Presences = Annotated[PresenceStore, Depends(Provide(PresenceStore))]
PageName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]

STREAM: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {"text/event-stream": {"schema": {"type": "string"}}},
        "description": "`state` (where all is, at first), `step` (a decision), `grouping`, `revision`, `presence`, `end`.",
    },
}


class Beat(ApiModel):
    """A page that is open on an episode."""

    page: PageName = Field(description="A name that the page made up for itself, and keeps while it is open.")
    screen: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,39}$")] = Field(description="review, people, watch …")
    subject: Annotated[str, Field(pattern=r"^[A-Za-z0-9:._-]{1,100}$")] | None = Field(
        default=None, description="Id of whom or what it shows."
    )


class Heard(BaseModel):
    """A beat was heard."""

    you: PersonPresent
    again_within_s: float = Field(description="A page that is not heard of for so long is gone.")


@router.get("/changes/{ep_id}", response_class=EventSourceResponse, response_model=None, responses=STREAM)
async def stream_changes(
    request: Request,
    ep_id: EpId,
    _principal: Viewer,
    feed: Feed,
    last_event_id: Annotated[str | None, Header(max_length=200)] = None,
    follow: Annotated[bool, Query(description="Stay for what comes; else the stream ends with what there is.")] = True,
) -> Response:
    """Stream an episode's changes as server-sent events: decisions, groupings, revisions, who is there.

    From `Last-Event-ID` on. The stream ends as well when the key, token or session does that it was opened with.
    """
    await feed.check(ep_id)
    events = while_allowed(request, Role.viewer, feed.events(ep_id, Position.parse(last_event_id), follow=follow))
    return EventSourceResponse(events, ping=feed.heartbeat_s)


@router.put("/changes/{ep_id}/presence")
async def be_present(ep_id: EpId, body: Beat, feed: Feed, presences: Presences, principal: Viewer) -> ApiResult[Heard]:
    """Tell that a page is open on the episode, and what it shows; again every ten seconds or so."""
    await feed.check_exists(ep_id)
    you = await presences.beat(
        ep_id, caller=principal.id, name=principal.name, page=body.page, screen=body.screen, subject=body.subject
    )
    return ok(Heard(you=you, again_within_s=LASTS_S))


@router.delete("/changes/{ep_id}/presence")
async def leave_episode(
    ep_id: EpId,
    presences: Presences,
    principal: Viewer,
    page: Annotated[str, Query(pattern=r"^[A-Za-z0-9_-]{1,64}$")],
) -> ApiResult[bool]:
    """Tell that a page was closed; `true` where it was there."""
    return ok(await presences.leave(ep_id, caller=principal.id, page=page))
