"""`/review`: one list of all questions about an episode."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Query, Response
from pydantic import BaseModel, Field, StringConstraints

from chassis.http.auth import Operator, Viewer
from chassis.http.parts import Provide
from chassis.http.results import ApiModel, ApiResult, ok
from chassis.http.routing import Router
from chassis.http.versions import tag
from contracts.ids import EpId, RunId
from services.identity.commands.review import ReviewCommands
from services.identity.queries.review import ReviewQueries
from services.identity.review.questions import Question
from services.identity.routers.requests import Commanded, Participants, Why
from services.identity.routers.responses import LinksOutcome

router = Router(tags=["review"])
Reviews = Annotated[ReviewQueries, Depends(Provide(ReviewQueries))]
Commands = Annotated[ReviewCommands, Depends(Provide(ReviewCommands))]
QuestionId = Annotated[str, StringConstraints(pattern=r"^q-[0-9a-f]{16}$")]


class ReviewQueue(BaseModel):
    """Questions, the most valuable first, and how much is left to decide."""

    run_id: RunId
    revision: int
    grouping_revision: int
    links_version: int = Field(description="Also in `ETag`; for links, extras, settled questions.")
    edits_version: int = Field(description="Of the edits that the grouping includes; for clusters.")
    undecided_s: float = Field(
        description="Visible seconds of everybody who has no name and is asked about, and what is doubtful of the others: "
        "never less than all questions together are worth."
    )
    decided_s: float
    extras_s: float
    total_s: float = Field(description="Visible seconds of everybody, each counted for themselves.")
    pays: int = Field(
        description="How many of the questions change half a second or more: after them going on does not."
    )
    later: int = Field(description="How many are put off.")
    total: int
    questions: tuple[Question, ...]


class SettleRequest(ApiModel):
    """A question whose answer is: right as it is."""

    id: QuestionId
    why: Why | None = None


class LaterRequest(ApiModel):
    """A question for the end of the queue."""

    id: QuestionId
    later: bool = True


class PutOff(BaseModel):
    """How many questions are put off now."""

    later: int


@router.get("/review/{ep_id}")
async def read_review(
    ep_id: EpId,
    response: Response,
    reviews: Reviews,
    _principal: Viewer,
    limit: Annotated[int, Query(ge=0, le=200, description="Questions shown.")] = 20,
    participants: Participants = False,
) -> ApiResult[ReviewQueue]:
    """Read what to ask a person about an episode, with evidence and the requests that answer it."""
    found = await reviews.review(ep_id, limit, participants=participants)
    episode, queue = found.episode, found.queue
    tag(response, episode.links.version)
    return ok(
        ReviewQueue(
            run_id=episode.revision.grouped.run_id,
            revision=episode.revision.number,
            grouping_revision=episode.revision.grouped.revision,
            links_version=episode.links.version,
            edits_version=episode.revision.grouped.edits_version,
            undecided_s=queue.undecided_s,
            decided_s=queue.decided_s,
            extras_s=queue.extras_s,
            total_s=queue.total_s,
            pays=queue.pays,
            later=sum(question.later for question in queue.questions),
            total=len(queue.questions),
            questions=found.shown,
        )
    )


@router.post("/review/{ep_id}/settle")
async def settle_question(body: SettleRequest, commands: Commands, given: Commanded) -> ApiResult[LinksOutcome]:
    """Say of a question that all is right as it is: it is not asked again; a change of the links, undone like others."""
    return given.answer(await commands.settle(given.ep_id, body.id, given.order(body.why)))


@router.post("/review/{ep_id}/later")
async def put_question_off(
    ep_id: EpId, body: LaterRequest, commands: Commands, _principal: Operator
) -> ApiResult[PutOff]:
    """Put a question at the end of the queue, or back into its place; that decides nothing."""
    return ok(PutOff(later=await commands.put_off(ep_id, body.id, later=body.later)))
