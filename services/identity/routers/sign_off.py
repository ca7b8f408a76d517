"""`/screen-time/{ep_id}/sign-off`: a person's word that the screen time is right."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Query, Response
from pydantic import BaseModel, Field

from chassis.commands import Order
from chassis.http.auth import Operator, Viewer
from chassis.http.parts import Provide
from chassis.http.results import ApiModel, ApiResult, ok
from chassis.http.routing import Router
from chassis.http.versions import CommandId, ExpectedVersion, tag
from contracts.ids import EpId, RunId
from contracts.sign_off import SignOff
from services.identity.commands.sign_off import Signed, SignOffCommands
from services.identity.routers.requests import WaitSeconds, Why
from services.identity.signoff.log import SignOffRecord

router = Router(tags=["screen time"])
SignOffs = Annotated[SignOffCommands, Depends(Provide(SignOffCommands))]


class SignOffRequest(ApiModel):
    """The revision that was looked at; it has to be the one that is shown."""

    revision: int = Field(ge=1, le=1_000_000)
    run_id: RunId | None = Field(default=None, description="The current run where not given.")
    note: Why | None = None


class SignOffEntry(BaseModel):
    """One entry of the log of sign-offs."""

    version: int
    action: str = Field(description="`sign`, or `undo` or `redo` of the entry with version `target`.")
    who: str
    at: str
    note: str | None
    run_id: RunId | None
    revision: int | None
    target: int | None
    active: bool = Field(description="Whether it was not taken back.")


class SignOffView(BaseModel):
    """The sign-off that counts, and the log of all."""

    version: int = Field(description="Of the sign-offs; also in `ETag`.")
    signed_off: SignOff | None
    revision: int | None = Field(description="Screen time revision that carries it; null while it is being made.")
    history: tuple[SignOffEntry, ...] = Field(description="Latest first.")


@router.get("/screen-time/{ep_id}/sign-off")
async def read_sign_off(
    ep_id: EpId, response: Response, sign_offs: SignOffs, _principal: Viewer
) -> ApiResult[SignOffView]:
    """Read who signed the screen time off, how uncertain it was then, and whether it has changed since."""
    return _answer(await sign_offs.read(ep_id), response)


@router.post("/screen-time/{ep_id}/sign-off")
async def sign_off(
    ep_id: EpId,
    body: SignOffRequest,
    response: Response,
    sign_offs: SignOffs,
    principal: Operator,
    expected: ExpectedVersion,
    command: CommandId,
    wait_s: WaitSeconds = 0,
) -> ApiResult[SignOffView]:
    """Say that the revision that is shown is right; reports and exports carry it from the next revision on."""
    order = Order(who=principal.name, command_id=command, expected=expected, why=body.note, wait_s=wait_s)
    return _answer(await sign_offs.sign(ep_id, body.revision, body.run_id, order), response)


@router.delete("/screen-time/{ep_id}/sign-off")
async def take_back_sign_off(
    ep_id: EpId,
    response: Response,
    sign_offs: SignOffs,
    principal: Operator,
    expected: ExpectedVersion,
    command: CommandId,
    why: Annotated[Why | None, Query()] = None,
    wait_s: WaitSeconds = 0,
) -> ApiResult[SignOffView]:
    """Take the sign-off that counts back; an earlier one counts again, if there is one."""
    order = Order(who=principal.name, command_id=command, expected=expected, why=why, wait_s=wait_s)
    return _answer(await sign_offs.walk(ep_id, "undo", None, order), response)


def _answer(signed: Signed, response: Response) -> ApiResult[SignOffView]:
    tag(response, signed.sign_offs.version)
    in_force = set(signed.sign_offs.history.in_force)
    return ok(
        SignOffView(
            version=signed.sign_offs.version,
            signed_off=signed.standing,
            revision=signed.revision,
            history=tuple(_entry(one, active=one.version in in_force) for one in reversed(signed.sign_offs.log)),
        )
    )


def _entry(record: SignOffRecord, *, active: bool) -> SignOffEntry:
    statement = record.statement
    return SignOffEntry(
        version=record.version,
        action=record.action,
        who=record.who,
        at=record.at,
        note=record.note,
        run_id=statement.run_id if statement else None,
        revision=statement.revision if statement else None,
        target=record.target,
        active=active,
    )
