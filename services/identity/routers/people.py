"""People across the episodes of a show."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import Depends, Query

from chassis.http.auth import Viewer
from chassis.http.parts import Provide
from chassis.http.results import ApiResult, Page, ok, page_of
from chassis.http.routing import Router
from contracts.ids import EpId, IdentityId, Slug
from services.identity.people.sightings import Likeness, Person, person_key
from services.identity.queries.people import PeopleQueries
from services.identity.routers.requests import Cursor, PageSize

router = Router(tags=["people"])
People = Annotated[PeopleQueries, Depends(Provide(PeopleQueries))]


@router.get("/people/{show}")
async def list_people(
    show: Slug,
    people: People,
    _principal: Viewer,
    state: Annotated[Literal["all", "linked", "unidentified"], Query(description="Whom to show.")] = "all",
    limit: PageSize = 100,
    cursor: Cursor = None,
) -> ApiResult[Page[Person]]:
    """The people of a show over all its episodes, most visible first."""
    shown = [
        person
        for person in await people.people(show)
        if state == "all" or (person.cast_id is not None) == (state == "linked")
    ]
    return ok(
        page_of(
            shown,
            key=lambda person: (-person.visible_s, person_key(person)),
            kinds=(float, str),
            cursor=cursor,
            limit=limit,
        )
    )


@router.get("/people/{show}/similar")
async def find_similar_people(
    show: Slug,
    ep_id: Annotated[EpId, Query()],
    identity_id: Annotated[IdentityId, Query()],
    people: People,
    _principal: Viewer,
    limit: Annotated[int, Query(ge=1, le=100, description="Entries shown.")] = 10,
) -> ApiResult[tuple[Likeness, ...]]:
    """Who looks like one person in the show's other episodes, nearest first."""
    return ok(await people.similar(show, ep_id, identity_id, limit))
