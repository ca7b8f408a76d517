"""What the identity routers take: bounded texts, ids and numbers, and what a command carries."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from fastapi import Depends, Query, Response
from pydantic import ConfigDict, Field, StringConstraints

from chassis.commands import Order
from chassis.http.auth import Operator, Principal
from chassis.http.results import ApiModel, ApiResult, ok
from chassis.http.versions import CommandId, ExpectedVersion, tag
from contracts.cast import EpisodeRole, MemberDetails
from contracts.external_ids import PersonIds, ProgrammeIds
from contracts.ids import EpId, IdentityId, Slug
from services.identity.commands.links import Outcome
from services.identity.routers.responses import LinksOutcome, outcome_of

Name = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=120, pattern=r"^[^\x00-\x1f\x7f-\x9f]+$"),
]
Why = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500, pattern=r"^[^\x00]*$")]
Version = Annotated[int, Field(ge=1, le=10**12)]
Participants = Annotated[
    bool, Query(description="Only those the episode is about: no audience, nobody in passing. Nothing is deleted.")
]
PageSize = Annotated[int, Query(ge=1, le=500, description="Length of the page.")]
Cursor = Annotated[str | None, Query(max_length=400, description="As `next_cursor` of the page before.")]
WaitSeconds = Annotated[
    float, Query(ge=0, le=10, description="Wait so long for the screen time revision with this change.")
]
Share = Annotated[float, Field(ge=0, le=1)]
PictureId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{16}$")]


class NewShow(ApiModel):
    name: Name
    show: Slug | None = Field(default=None, description="Made from the name where not given.")


class NewMember(ApiModel):
    name: Name
    cast_id: Slug | None = Field(default=None, description="Made from the name where not given.")


class GivenProgrammeIds(ProgrammeIds):
    """As callers send them: a registry that is not known is refused."""

    model_config = ConfigDict(extra="forbid")


class GivenPersonIds(PersonIds):
    """As callers send them: a registry that is not known, or that has no people, is refused."""

    model_config = ConfigDict(extra="forbid")


class GivenEpisodeRole(EpisodeRole):
    """As callers send it: a field that is not known is refused."""

    model_config = ConfigDict(extra="forbid")


class GivenDetails(MemberDetails):
    """What is said of a cast member from now on; what is left out is known no more."""

    model_config = ConfigDict(extra="forbid")

    external_ids: GivenPersonIds = Field(default_factory=GivenPersonIds)
    in_episodes: dict[EpId, GivenEpisodeRole] = Field(  # type: ignore[assignment]
        default_factory=dict, max_length=500, description="Where an episode differs: episode id -> role and characters."
    )

    @property
    def plain(self) -> MemberDetails:
        return MemberDetails.model_validate(self.model_dump())


class CastImport(ApiModel):
    members: tuple[NewMember, ...] = Field(min_length=1, max_length=500)


class EmbedAgain(ApiModel):
    """Which model is meant, so that nothing is done with another one by accident."""

    model_id: str = Field(max_length=200)


class Renaming(ApiModel):
    name: Name


class LinkRequest(ApiModel):
    cast_id: Slug
    why: Why | None = None


class Reason(ApiModel):
    why: Why | None = None


class Step(ApiModel):
    """Which command to take back or make again."""

    version: Version | None = Field(default=None, description="Of the command; the latest where not given.")
    why: Why | None = None


class Pair(ApiModel):
    """An identity and the cast member it is not; null: nobody is to be suggested for it."""

    identity_id: IdentityId
    cast_id: Slug | None = None
    why: Why | None = None


class Application(ApiModel):
    identity_id: IdentityId
    cast_id: Slug
    why: Why | None = None


class ApplyAll(ApiModel):
    min_probability: Share | None = Field(default=None, description="As automatic links need it where not given.")
    min_margin: Share | None = Field(default=None, description="As automatic links need it where not given.")
    why: Why | None = None


def ordered(principal: Principal, command: str) -> Order:
    """The order of a command on a show's cast, whichever revision that has."""
    return Order(who=principal.name, command_id=command)


class Ordering:
    """What all commands on an episode's links have in common: who, for which version, known by which id."""

    def __init__(
        self,
        ep_id: EpId,
        response: Response,
        principal: Operator,
        expected: ExpectedVersion,
        command: CommandId,
        wait_s: WaitSeconds = 0,
    ) -> None:
        self.ep_id, self._response = ep_id, response
        self._order = Order(who=principal.name, command_id=command, expected=expected, wait_s=wait_s)

    def order(self, why: str | None) -> Order:
        """The order that the command carries."""
        return replace(self._order, why=why)

    def answer(self, outcome: Outcome) -> ApiResult[LinksOutcome]:
        """The command's answer, with the new version as ETag."""
        self.tag(outcome)
        return ok(outcome_of(outcome))

    def tag(self, outcome: Outcome) -> None:
        """Say the new version as ETag."""
        tag(self._response, outcome.version)


Commanded = Annotated[Ordering, Depends()]
