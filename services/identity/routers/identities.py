"""The people of an episode, named or not."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import Depends, Query, Response

from chassis.http.auth import Viewer
from chassis.http.parts import Provide
from chassis.http.results import ApiResult, ok, page_of
from chassis.http.routing import Router
from chassis.http.versions import tag
from contracts.ids import EpId, IdentityId
from services.identity.queries.episodes import EpisodeReader
from services.identity.routers.requests import Cursor, PageSize, Participants
from services.identity.routers.responses import IdentityDetail, IdentityPage, detail_of, summary_of

router = Router(tags=["identities"])
Reader = Annotated[EpisodeReader, Depends(Provide(EpisodeReader))]


@router.get("/identities/{ep_id}")
async def list_identities(
    ep_id: EpId,
    response: Response,
    reader: Reader,
    _principal: Viewer,
    state: Annotated[Literal["all", "linked", "unidentified"], Query(description="Whom to show.")] = "all",
    participants: Participants = False,
    limit: PageSize = 100,
    cursor: Cursor = None,
) -> ApiResult[IdentityPage]:
    """The people of an episode, most visible first, with names, seconds and best suggestions."""
    episode = await reader.episode(ep_id)
    found = await reader.suggestions(episode)
    links = {link.identity_id: link for link in episode.links.effective.links}
    wanted = [key for key in episode.content.identities if state == "all" or (key in links) == (state == "linked")]
    if participants:
        wanted = [key for key in wanted if key in episode.content.participants]
    page = page_of(
        [summary_of(episode, key, links, found[key]) for key in wanted],
        key=lambda item: (-item.visible_s, item.identity_id),
        kinds=(float, str),
        cursor=cursor,
        limit=limit,
    )
    tag(response, episode.links.version)
    return ok(
        IdentityPage(
            items=page.items,
            next_cursor=page.next_cursor,
            total=page.total,
            run_id=episode.links.run_id,
            revision=episode.links.revision,
            links_version=episode.links.version,
        )
    )


@router.get("/identities/{ep_id}/{identity_id}")
async def read_identity(
    ep_id: EpId, identity_id: IdentityId, response: Response, reader: Reader, _principal: Viewer
) -> ApiResult[IdentityDetail]:
    """One person of an episode: tracks, intervals, link and suggestions."""
    episode = await reader.episode(ep_id)
    episode.content.identity(identity_id)
    found = await reader.suggestions(episode)
    links = {link.identity_id: link for link in episode.links.effective.links}
    tag(response, episode.links.version)
    return ok(detail_of(episode, identity_id, links, found[identity_id]))
