"""One history of everything that people decide about an episode, whoever keeps it. Pure.

Each owner has a log of its own with its own versions; here they are one list. **The version of the history is the sum of
theirs**: each only grows, so it changes with every one of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from pydantic import BaseModel, Field

from contracts.ids import IdentityId

Source = Literal["clusters", "links", "sign_off"]
Action = Literal["do", "undo", "redo"]


class HistoryStep(BaseModel):
    """One entry: something that was decided, taken back, or made again."""

    step: str = Field(description="Names what was decided, for undo and redo; the same for what takes it back.")
    source: Source
    version: int = Field(description="Of its source with this entry.")
    action: Action
    kind: str = Field(description="merge, split, link, extra, sign …")
    who: str
    at: str
    why: str | None = None
    sentence: str = Field(description="What was decided, in a few words of English.")
    active: bool = Field(description="Whether what was decided is in force now.")
    identity_ids: tuple[IdentityId, ...] = ()
    command_id: str | None = Field(default=None, description="`Idempotency-Key` of the command.")


def in_order(logs: Mapping[Source, Sequence[HistoryStep]]) -> Iterator[HistoryStep]:
    """The entries of all logs, the latest first. Each log comes latest first and keeps its order whatever clocks say."""
    heads = {source: list(reversed(log)) for source, log in logs.items() if log}
    while heads:
        source = max(heads, key=lambda one: (heads[one][-1].at, one))
        yield heads[source].pop()
        if not heads[source]:
            del heads[source]


def last_in_force(steps: Sequence[HistoryStep]) -> HistoryStep | None:
    """What the next undo takes back; `steps` as `in_order` gives them."""
    return next((one for one in steps if one.action != "undo" and one.active), None)


def last_taken_back(steps: Sequence[HistoryStep]) -> HistoryStep | None:
    """What the next redo makes again; something new that was decided since ends that."""
    for one in steps:
        if one.action == "do":
            return None
        if one.action == "undo" and not one.active:
            return one
    return None


def named(steps: Sequence[HistoryStep], step: str) -> HistoryStep | None:
    """The latest entry about what a step names."""
    return next((one for one in steps if one.step == step), None)
