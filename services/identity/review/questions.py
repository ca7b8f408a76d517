"""What a person is asked about an episode: kinds, ids that last, and what every answer sends. Pure."""

from __future__ import annotations

import hashlib
from typing import Any, Literal

from pydantic import BaseModel, Field

from contracts.ids import FaceId, IdentityId, Slug, TrackId
from contracts.rows import Box

Kind = Literal["is_this", "who", "same", "two", "belongs", "two_places", "leftover", "extras"]
Answering = Literal["yes", "no", "name", "extra", "nobody", "first", "second", "both"]


class Choice(BaseModel):
    """Somebody of the cast whom it may be."""

    cast_id: Slug
    name: str
    probability: float
    distance: float | None = Field(default=None, description="None where place and time alone suggest them.")


class Evidence(BaseModel):
    """A face that shows what is asked about."""

    face_id: FaceId
    track_id: TrackId
    t_s: float
    bbox: Box
    picture: str | None = Field(description="For `/media/{ep_id}/pictures/{picture}`.")


class ReferencePicture(BaseModel):
    """A reference picture of a cast member: `/shows/{show}/cast/{cast_id}/pictures/{picture}/image`."""

    cast_id: Slug
    picture: str


class Overlap(BaseModel):
    """A stretch in which both are in the picture."""

    start_s: float
    end_s: float


class AnswerRequest(BaseModel):
    """One answer: the request that gives it. `body` lacks only what a person chooses (`cast_id`, `name`)."""

    answer: Answering
    effect_s: float = Field(description="Seconds of screen time that it changes.")
    method: Literal["PUT", "POST", "DELETE"]
    path: str
    body: dict[str, Any] | None = None


class Question(BaseModel):
    """One question. `doubt` is how likely what is there now is wrong, `worth_s` that share of what is at stake.

    Seconds that are at stake in several questions are worth something in the first of them only.
    """

    id: str = Field(description="Stays the same while the question does, over revisions and runs of the grouping.")
    kind: Kind
    sentence: str
    worth_s: float
    at_stake_s: float
    doubt: float
    keys: float = Field(default=1.0, description="Keys that an answer is expected to take.")
    later: bool = False
    identity_id: IdentityId
    identity_ids: tuple[IdentityId, ...] = Field(default=(), description="All whom it is about, where they are many.")
    other_id: IdentityId | None = None
    cast_id: Slug | None = None
    cast_name: str | None = None
    track_ids: tuple[TrackId, ...] = Field(
        default=(), description="What it is about, where that is not all of a person."
    )
    choices: tuple[Choice, ...] = Field(default=(), description="Whom it may be, the likeliest first.")
    conflict: Overlap | None = None
    answers: tuple[AnswerRequest, ...] = ()
    evidence: tuple[Evidence, ...] = Field(default=(), description="The most different faces of what is asked about.")
    against: tuple[Evidence, ...] = Field(
        default=(), description="Those of the other side: the other person, the rest."
    )
    references: tuple[ReferencePicture, ...] = ()


def question_id(kind: Kind, *subject: str) -> str:
    """The id of a question about these things."""
    return f"q-{hashlib.sha256('|'.join((kind, *subject)).encode()).hexdigest()[:16]}"


def looked_at(identity_id: str) -> str:
    """Id of the answer that somebody was looked at among others and not all of them are extras."""
    return question_id("extras", identity_id)
