"""Episodes: create, list, read, change, delete."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Query, Response

from chassis.http.audit import Subject
from chassis.http.auth import Admin, Operator, Viewer
from chassis.http.parts import Provide
from chassis.http.results import ApiResult, Page, ok
from chassis.http.routing import Router
from chassis.http.versions import CommandId, ExpectedVersion, tag
from contracts.ids import Slug
from services.ingest.commands.deletion import Deletion
from services.ingest.commands.episodes import EpisodeCommands, Order
from services.ingest.models import DeletedEpisode, EpisodePatch, EpisodeView, NewEpisode
from services.ingest.routers.parameters import Cursor, EpisodePath, Limit, check_show
from services.ingest.runs.states import State

router = Router(tags=["episodes"])

Episodes = Annotated[EpisodeCommands, Depends(Provide(EpisodeCommands))]
Remover = Annotated[Deletion, Depends(Provide(Deletion))]


@router.post("/episodes", status_code=201, responses={200: {"model": ApiResult[EpisodeView]}})
async def create_episode(
    wanted: NewEpisode, principal: Operator, episodes: Episodes, response: Response, subject: Subject
) -> ApiResult[EpisodeView]:
    """Create an episode; one that is there already is answered as it is, with 200."""
    subject.episode(wanted.ep_id)
    check_show(principal, wanted.ep_id)
    episode, new = await episodes.create(wanted)
    response.status_code = 201 if new else 200
    tag(response, episode.version)
    return ok(episode)


@router.get("/episodes")
async def list_episodes(
    principal: Viewer,
    episodes: Episodes,
    show: Annotated[Slug | None, Query()] = None,
    state: Annotated[State | None, Query(description="Of the current run.")] = None,
    q: Annotated[str | None, Query(min_length=1, max_length=100, description="Part of the title or id.")] = None,
    sort: Annotated[Order, Query(description="Times descend.")] = "updated",
    cursor: Cursor = None,
    limit: Limit = 50,
) -> ApiResult[Page[EpisodeView]]:
    """List the episodes of the shows you may see."""
    shows = principal.shows
    if show is not None:
        shows = frozenset({show}) if principal.may_see(show) else frozenset()
    return ok(await episodes.list(shows=shows, state=state, text=q, order=sort, cursor=cursor, limit=limit))


@router.get("/episodes/{ep_id}")
async def get_episode(
    ep_id: EpisodePath, _principal: Viewer, episodes: Episodes, response: Response
) -> ApiResult[EpisodeView]:
    """Read an episode; the `ETag` is the version that a change of it is meant for."""
    episode = await episodes.read(ep_id)
    tag(response, episode.version)
    return ok(episode)


@router.patch("/episodes/{ep_id}")
async def update_episode(
    ep_id: EpisodePath,
    patch: EpisodePatch,
    _principal: Operator,
    episodes: Episodes,
    expected: ExpectedVersion,
    command: CommandId,
    response: Response,
) -> ApiResult[EpisodeView]:
    """Change title, air date, data or ids: what is named is set, null clears it."""
    episode = await episodes.change(ep_id, patch, expected=expected, command=command)
    tag(response, episode.version)
    return ok(episode)


@router.delete("/episodes/{ep_id}", status_code=202)
async def delete_episode(ep_id: EpisodePath, principal: Admin, remover: Remover) -> ApiResult[DeletedEpisode]:
    """Delete an episode with everything that is kept of it: gone at once, removed everywhere soon after."""
    return ok(await remover.delete(ep_id, who=principal.name))
