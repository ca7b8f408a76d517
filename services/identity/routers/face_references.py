"""Faces of an episode as reference pictures, and somebody new in the cast from a person of the episode."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends
from pydantic import Field

from chassis.http.parts import Provide
from chassis.http.results import ApiModel, ApiResult, ok
from chassis.http.routing import Router
from contracts.ids import FaceId, IdentityId, Slug
from services.identity.commands.cast import Member
from services.identity.commands.face_references import FaceReferenceCommands, Wanted
from services.identity.commands.links import Outcome
from services.identity.links.history import TakenFace
from services.identity.routers.requests import Commanded, Name, Ordering, Why
from services.identity.routers.responses import LinksOutcome, outcome_of

router = Router(tags=["links"])
References = Annotated[FaceReferenceCommands, Depends(Provide(FaceReferenceCommands))]
MOST_FACES = 12


class TakeFaces(ApiModel):
    """Which faces: so many of the best, or those named."""

    count: int = Field(default=5, ge=1, le=MOST_FACES)
    face_ids: tuple[FaceId, ...] = Field(default=(), max_length=MOST_FACES)
    why: Why | None = None


class NewMemberFromIdentity(ApiModel):
    """Somebody new in the cast; `references` of the identity's best faces become their pictures."""

    name: Name
    cast_id: Slug | None = Field(default=None, description="Made from the name where not given.")
    references: int = Field(default=5, ge=0, le=MOST_FACES)
    why: Why | None = None


class ReferencesOutcome(LinksOutcome):
    """What a command did, and the faces that are reference pictures since."""

    references: tuple[TakenFace, ...] = ()


@router.post("/links/{ep_id}/{identity_id}/references")
async def take_references(
    identity_id: IdentityId, body: TakeFaces, references: References, given: Commanded
) -> ApiResult[ReferencesOutcome]:
    """Make faces of somebody reference pictures of the cast member whom they are linked to."""
    wanted = Wanted(count=body.count, face_ids=body.face_ids)
    return _answer(await references.take(given.ep_id, identity_id, wanted, given.order(body.why)), given)


@router.post("/links/{ep_id}/{identity_id}/new-member")
async def link_new_member(
    identity_id: IdentityId, body: NewMemberFromIdentity, references: References, given: Commanded
) -> ApiResult[ReferencesOutcome]:
    """Say that this is somebody new: added to the cast, linked, and their best faces taken, as one change."""
    member, wanted = Member(name=body.name, cast_id=body.cast_id), Wanted(count=body.references)
    return _answer(await references.new_member(given.ep_id, identity_id, member, wanted, given.order(body.why)), given)


def _answer(outcome: Outcome, given: Ordering) -> ApiResult[ReferencesOutcome]:
    given.tag(outcome)
    taken = outcome.command.references if outcome.command is not None else ()
    return ok(ReferencesOutcome(**vars(outcome_of(outcome)), references=taken))
