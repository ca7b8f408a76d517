"""What people in a cast are owed: a legal basis, a copy of what is kept, erasure. And the end of a show."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from fastapi import Depends, Response
from fastapi.responses import StreamingResponse
from pydantic import Field, StringConstraints

from chassis.domain.zip_stream import zip_stream
from chassis.http.auth import Admin, Operator
from chassis.http.parts import Provide
from chassis.http.results import ApiModel, ApiResult, Page, ok, page_of
from chassis.http.routing import Router
from contracts.ids import Slug
from services.identity.commands.consent import ConsentCommands
from services.identity.commands.erasure import Erasures
from services.identity.commands.shows import ShowDeletion
from services.identity.privacy.consent import Basis, Consent
from services.identity.privacy.receipt import ErasureReceipt
from services.identity.queries.personal_data import PersonalData
from services.identity.routers.requests import Cursor, Name, PageSize
from services.identity.routers.responses import DeletedShow

router = Router(tags=["privacy"])

ErasureId = Annotated[str, StringConstraints(pattern=r"^[0-9A-Z]{26}$")]
Consents = Annotated[ConsentCommands, Depends(Provide(ConsentCommands))]
ErasureCommands = Annotated[Erasures, Depends(Provide(Erasures))]
_ARCHIVE: dict[int | str, dict[str, Any]] = {200: {"content": {"application/zip": {}}, "description": "The archive."}}


class NewConsent(ApiModel):
    """On which basis a member's pictures are kept and compared, since when, and where the paper is."""

    basis: Basis
    given_on: date
    note: Annotated[str, StringConstraints(strip_whitespace=True, max_length=500, pattern=r"^[^\x00]*$")] | None = None


class NewErasure(ApiModel):
    """Whom to erase. The id is sent here and not in the address, which the audit log keeps."""

    cast_id: Slug
    names: tuple[Name, ...] = Field(
        default=(), max_length=20, description="Other names to take out of what people wrote."
    )


@router.put("/shows/{show}/cast/{cast_id}/consent")
async def record_consent(
    show: Slug, cast_id: Slug, body: NewConsent, consents: Consents, principal: Operator
) -> ApiResult[Consent]:
    """Record the legal basis of a cast member, in the place of one that is there."""
    return ok(
        await consents.record(
            show, cast_id, basis=body.basis, given_on=body.given_on, note=body.note, who=principal.name
        )
    )


@router.delete("/shows/{show}/cast/{cast_id}/consent")
async def withdraw_consent(show: Slug, cast_id: Slug, consents: Consents, _principal: Operator) -> ApiResult[bool]:
    """Take back the legal basis of a cast member; the answer is whether there was one."""
    return ok(await consents.withdraw(show, cast_id))


@router.post("/shows/{show}/cast/{cast_id}/export", response_class=Response, responses=_ARCHIVE)
async def export_person(
    show: Slug, cast_id: Slug, data: Annotated[PersonalData, Depends(Provide(PersonalData))], _principal: Admin
) -> StreamingResponse:
    """Answer with everything that is kept about a cast member, as one ZIP file."""
    await data.check(show, cast_id)
    disposition = {"Content-Disposition": f'attachment; filename="{show}-{cast_id}.zip"'}
    return StreamingResponse(zip_stream(data.files(show, cast_id)), media_type="application/zip", headers=disposition)


@router.post("/shows/{show}/erasures", status_code=202)
async def erase_person(
    show: Slug, body: NewErasure, erasures: ErasureCommands, principal: Admin
) -> ApiResult[ErasureReceipt]:
    """Erase a person: out of the cast at once, out of everything else soon after; the receipt says how far it is."""
    return ok(await erasures.erase(show, body.cast_id, names=body.names, who=principal.name))


@router.get("/shows/{show}/erasures")
async def list_erasures(
    show: Slug, erasures: ErasureCommands, _principal: Admin, limit: PageSize = 100, cursor: Cursor = None
) -> ApiResult[Page[ErasureReceipt]]:
    """The erasures of a show."""
    found = await erasures.receipts(show)
    return ok(page_of(found, key=lambda one: (one.erasure_id,), kinds=(str,), cursor=cursor, limit=limit))


@router.get("/shows/{show}/erasures/{erasure_id}")
async def read_erasure(
    show: Slug, erasure_id: ErasureId, erasures: ErasureCommands, _principal: Admin
) -> ApiResult[ErasureReceipt]:
    """The receipt of an erasure: what is gone, what is still to do, and what Kafka holds until when."""
    return ok(await erasures.receipt(show, erasure_id))


@router.delete("/shows/{show}", status_code=202)
async def delete_show(
    show: Slug, shows: Annotated[ShowDeletion, Depends(Provide(ShowDeletion))], principal: Admin
) -> ApiResult[DeletedShow]:
    """Delete a show with its cast, pictures and all its episodes; they follow within a minute or two."""
    gone, episodes = await shows.delete(show, principal.name)
    return ok(DeletedShow(show=show, episodes=episodes, facebank_revision=gone.revision))
