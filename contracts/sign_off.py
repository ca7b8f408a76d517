"""A person's word that an episode's screen time is right."""

from __future__ import annotations

from pydantic import Field

from contracts.blobs import Contract
from contracts.ids import RunId


class SignOff(Contract):
    """Who signed off which revision and what was uncertain then; as later revisions carry it, with what changed since."""

    run_id: RunId
    revision: int = Field(ge=1, description="The revision that was signed off.")
    who: str = Field(max_length=200)
    at: str = Field(description="ISO 8601, UTC.")
    note: str | None = Field(default=None, max_length=500)
    undecided_s: float = Field(ge=0, description="Visible seconds of people who had no name and were asked about.")
    total_s: float = Field(ge=0, description="Visible seconds of everybody, each counted for themselves.")
    open_questions: int = Field(ge=0, description="Questions that nobody had answered.")
    at_stake_s: float = Field(
        ge=0, description="Seconds likely to be wrong: of each open question the seconds at stake times its doubt."
    )
    stale: bool = Field(
        default=False, description="Somebody is visible at other times than in the revision that was signed off."
    )
    changes: tuple[str, ...] = Field(
        default=(), description="What is different since, in sentences; empty as well where that revision is gone."
    )
