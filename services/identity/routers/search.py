"""`/screen-time/shows/{show}`: questions over many episodes."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Query
from pydantic import Field

from chassis.http.auth import Viewer
from chassis.http.parts import Provide
from chassis.http.results import ApiResult, Page, ok
from chassis.http.routing import Router
from contracts.ids import Slug
from services.identity.queries.search import EpisodeSearch
from services.identity.routers.requests import Cursor, PageSize, Participants
from services.identity.screentime.search import FoundEpisode, FoundPerson, Match, Wanted

router = Router(tags=["screen time"])

Search = Annotated[EpisodeSearch, Depends(Provide(EpisodeSearch))]
Season = Annotated[int, Field(ge=0, le=99)]
Seconds = Annotated[float, Query(ge=0, le=1e6, allow_inf_nan=False, description="At least so many seconds in all.")]


@router.get("/screen-time/shows/{show}/episodes")
async def find_episodes(
    show: Slug,
    search: Search,
    _principal: Viewer,
    cast_id: Annotated[
        tuple[Slug, ...], Query(max_length=20, description="Who is to be seen; nobody named: anybody.")
    ] = (),
    match: Annotated[Match, Query(description="All of them at the same time, or any of them.")] = "together",
    season: Annotated[Season | None, Query(description="Only this season's episodes.")] = None,
    min_s: Seconds = 0.0,
    min_stretch_s: Annotated[
        float, Query(ge=0, le=1e6, allow_inf_nan=False, description="At least once so many seconds without a break.")
    ] = 0.0,
    participants: Participants = False,
    limit: PageSize = 100,
    cursor: Cursor = None,
) -> ApiResult[Page[FoundEpisode]]:
    """Find the episodes of a show in which people are visible, together or any of them, for how long and when."""
    wanted = Wanted(
        cast_ids=cast_id,
        match=match,
        season=season,
        min_s=min_s,
        min_stretch_s=min_stretch_s,
        participants=participants,
    )
    return ok(await search.episodes(show, wanted, cursor=cursor, limit=limit))


@router.get("/screen-time/shows/{show}/cast")
async def find_cast_members(
    show: Slug,
    search: Search,
    _principal: Viewer,
    season: Annotated[
        tuple[Season, ...], Query(max_length=100, description="In these seasons; none named: in all.")
    ] = (),
    only: Annotated[bool, Query(description="And in no other season.")] = False,
    min_s: Seconds = 0.0,
    limit: PageSize = 100,
    cursor: Cursor = None,
) -> ApiResult[Page[FoundPerson]]:
    """Find the cast members that are visible in some seasons of a show, or in those only, most visible first."""
    return ok(await search.cast(show, seasons=frozenset(season), only=only, min_s=min_s, cursor=cursor, limit=limit))
