"""`/extras`: background performers, marked in bulk and taken back like any change of the links."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends
from pydantic import Field

from chassis.http.parts import Provide
from chassis.http.results import ApiModel, ApiResult, ok
from chassis.http.routing import Router
from contracts.ids import IdentityId
from services.identity.commands.extras import ExtrasCommands
from services.identity.commands.links import Outcome
from services.identity.routers.requests import Commanded, Ordering, Why
from services.identity.routers.responses import LinksOutcome, SkippedSuggestion, outcome_of

router = Router(tags=["extras"])
Extras = Annotated[ExtrasCommands, Depends(Provide(ExtrasCommands))]


class ExtrasRequest(ApiModel):
    """People of an episode."""

    identity_ids: tuple[IdentityId, ...] = Field(min_length=1, max_length=5000)
    why: Why | None = None


class RestRequest(ApiModel):
    """Everybody without a name, or only those who are visible for less than so many seconds."""

    below_s: float | None = Field(default=None, gt=0, le=1e6, allow_inf_nan=False)
    why: Why | None = None


class ExtrasOutcome(LinksOutcome):
    """What a command on extras did, and whom it left alone."""

    skipped: tuple[SkippedSuggestion, ...] = ()


@router.post("/extras/{ep_id}")
async def mark_extras(body: ExtrasRequest, extras: Extras, given: Commanded) -> ApiResult[ExtrasOutcome]:
    """Say that people are background performers: nobody asks for their names, their seconds count apart."""
    return _answer(await extras.mark(given.ep_id, body.identity_ids, given.order(body.why)), given)


@router.post("/extras/{ep_id}/restore")
async def restore_extras(body: ExtrasRequest, extras: Extras, given: Commanded) -> ApiResult[ExtrasOutcome]:
    """Say that people are no background performers."""
    return _answer(await extras.restore(given.ep_id, body.identity_ids, given.order(body.why)), given)


@router.post("/extras/{ep_id}/rest")
async def mark_rest_as_extras(body: RestRequest, extras: Extras, given: Commanded) -> ApiResult[ExtrasOutcome]:
    """Say that everybody without a name is a background performer, as one change."""
    return _answer(await extras.mark_rest(given.ep_id, body.below_s, given.order(body.why)), given)


def _answer(outcome: Outcome, given: Ordering) -> ApiResult[ExtrasOutcome]:
    given.tag(outcome)
    skipped = tuple(SkippedSuggestion(**vars(entry)) for entry in outcome.skipped)
    return ok(ExtrasOutcome(**vars(outcome_of(outcome)), skipped=skipped))
