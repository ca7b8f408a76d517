"""Shows and their casts."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Query, Response

from chassis.http.audit import Subject
from chassis.http.auth import Operator, Viewer
from chassis.http.errors import ApiError
from chassis.http.parts import Provide
from chassis.http.results import ApiResult, Page, ok, page_of
from chassis.http.routing import Router
from chassis.http.versions import CommandId
from contracts.external_ids import ProgrammeIds
from contracts.ids import Slug, slugify
from services.identity.commands.cast import CastCommands, Member
from services.identity.commands.descriptions import DescriptionCommands
from services.identity.commands.reference_images import ReferenceImageCommands
from services.identity.facebank.cast import Show
from services.identity.routers.requests import (
    CastImport,
    Cursor,
    GivenDetails,
    GivenProgrammeIds,
    NewMember,
    NewShow,
    PageSize,
    Renaming,
    ordered,
)
from services.identity.routers.responses import ImportedRow, MemberDetail, MemberView, RemovedMember, ShowView

router = Router(tags=["shows"])
Casts = Annotated[CastCommands, Depends(Provide(CastCommands))]
Descriptions = Annotated[DescriptionCommands, Depends(Provide(DescriptionCommands))]
Pictures = Annotated[ReferenceImageCommands, Depends(Provide(ReferenceImageCommands))]


def view_of(show: Show, episodes: int) -> ShowView:
    return ShowView(
        show=show.show,
        name=show.name,
        members=len(show.members),
        facebank_revision=show.revision,
        episodes=episodes,
        external_ids=show.external_ids,
    )


@router.get("/shows")
async def list_shows(
    casts: Casts, principal: Viewer, limit: PageSize = 100, cursor: Cursor = None
) -> ApiResult[Page[ShowView]]:
    """Shows that have a cast or a reported episode."""
    shows = [view_of(*entry) for slug, entry in (await casts.shows()).items() if principal.may_see(slug)]
    return ok(page_of(shows, key=lambda show: (show.show,), kinds=(str,), cursor=cursor, limit=limit))


@router.post("/shows", status_code=201, responses={200: {"model": ApiResult[ShowView]}})
async def create_show(
    body: NewShow, response: Response, casts: Casts, principal: Operator, subject: Subject
) -> ApiResult[ShowView]:
    """Create a show; the same show again changes nothing."""
    slug = body.show or slugify(body.name)
    subject.show(slug)
    if not principal.may_see(slug):
        raise ApiError(403, "forbidden", f"You may not touch the show {slug}.")
    show, created = await casts.create_show(body.name, slug)
    response.status_code = 201 if created else 200
    return ok(view_of(show, (await casts.show(slug))[1]))


@router.get("/shows/{show}")
async def read_show(show: Slug, casts: Casts, _principal: Viewer) -> ApiResult[ShowView]:
    """One show."""
    return ok(view_of(*await casts.show(show)))


@router.put("/shows/{show}/external-ids")
async def identify_show(
    show: Slug,
    body: GivenProgrammeIds,
    casts: Casts,
    descriptions: Descriptions,
    principal: Operator,
    command: CommandId,
) -> ApiResult[ShowView]:
    """Say which ids a show has in other registries, in the place of those said before."""
    await casts.show(show)
    await descriptions.identify(show, ProgrammeIds(**body.given()), ordered(principal, command))
    return ok(view_of(*await casts.show(show)))


@router.get("/shows/{show}/cast")
async def list_cast(
    show: Slug, casts: Casts, _principal: Viewer, limit: PageSize = 100, cursor: Cursor = None
) -> ApiResult[Page[MemberView]]:
    """The cast of a show."""
    members = [MemberView(**entry) for entry in await casts.cast(show)]
    return ok(page_of(members, key=lambda member: (member.cast_id,), kinds=(str,), cursor=cursor, limit=limit))


@router.post("/shows/{show}/cast", status_code=201, responses={200: {"model": ApiResult[MemberDetail]}})
async def add_cast_member(
    show: Slug, body: NewMember, response: Response, casts: Casts, principal: Operator, command: CommandId
) -> ApiResult[MemberDetail]:
    """Add somebody to the cast; the same person again changes nothing."""
    member = Member(name=body.name, cast_id=body.cast_id)
    response.status_code = 201 if await casts.add(show, member, ordered(principal, command)) else 200
    return ok(MemberDetail(**await casts.commanded(show, member.id, member.name)))


@router.post("/shows/{show}/cast/import")
async def import_cast(
    show: Slug, body: CastImport, casts: Casts, principal: Operator, command: CommandId
) -> ApiResult[tuple[ImportedRow, ...]]:
    """Add many to the cast at once, with a verdict on each row; the same list again changes nothing."""
    members = [Member(name=row.name, cast_id=row.cast_id) for row in body.members]
    rows = await casts.import_cast(show, members, ordered(principal, command))
    return ok(tuple(ImportedRow(**vars(row)) for row in rows))


@router.get("/shows/{show}/cast/{cast_id}")
async def read_cast_member(show: Slug, cast_id: Slug, casts: Casts, _principal: Viewer) -> ApiResult[MemberDetail]:
    """One cast member, and the episodes that name them."""
    return ok(MemberDetail(**await casts.detail(show, cast_id)))


@router.patch("/shows/{show}/cast/{cast_id}")
async def rename_cast_member(
    show: Slug, cast_id: Slug, body: Renaming, casts: Casts, principal: Operator, command: CommandId
) -> ApiResult[MemberDetail]:
    """Give a cast member another name; the reports that name them follow."""
    await casts.rename(show, cast_id, body.name, ordered(principal, command))
    return ok(MemberDetail(**await casts.commanded(show, cast_id, body.name)))


@router.put("/shows/{show}/cast/{cast_id}/details")
async def describe_cast_member(
    show: Slug,
    cast_id: Slug,
    body: GivenDetails,
    casts: Casts,
    descriptions: Descriptions,
    principal: Operator,
    command: CommandId,
) -> ApiResult[MemberDetail]:
    """Say ids, role, characters and attributes of a cast member, in the place of what was said before."""
    await descriptions.describe(show, cast_id, body.plain, ordered(principal, command))
    return ok(MemberDetail(**await casts.detail(show, cast_id)))


@router.delete("/shows/{show}/cast/{cast_id}")
async def remove_cast_member(
    show: Slug,
    cast_id: Slug,
    casts: Casts,
    pictures: Pictures,
    principal: Operator,
    command: CommandId,
    unlink: Annotated[bool, Query(description="Take their links away too.")] = False,
) -> ApiResult[RemovedMember]:
    """Remove a cast member with their pictures; refused while links name them, unless `unlink` says so."""
    removal = await casts.remove(show, cast_id, ordered(principal, command), unlink=unlink)
    await pictures.forget(show, removal.files)
    return ok(RemovedMember(cast_id=cast_id, links=dict(removal.links), pictures=removal.pictures))
