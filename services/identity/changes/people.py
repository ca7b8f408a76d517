"""Who has an episode open, and what they look at. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

MOST_SHOWN = 100
MOST_OF_ONE = 8
"""Open pages of one caller; the latest ones count."""


class PersonPresent(BaseModel):
    """One open page: whose it is and what it shows."""

    model_config = ConfigDict(frozen=True)

    id: str = Field(description="Of the page; the answer to its own beat names it.")
    name: str
    screen: str
    subject: str | None = Field(
        default=None, description="Whom or what they look at: an identity, a question, a track."
    )
    since: datetime


def shown(pages: Iterable[tuple[str, PersonPresent]]) -> tuple[PersonPresent, ...]:
    """The pages that others are told of, whoever was there first in front; `pages` are `(caller, page)`."""
    of_one: dict[str, int] = {}
    kept: list[PersonPresent] = []
    for caller, page in sorted(pages, key=lambda pair: (pair[1].since, pair[1].id), reverse=True):
        of_one[caller] = of_one.get(caller, 0) + 1
        if of_one[caller] <= MOST_OF_ONE:
            kept.append(page)
    return tuple(reversed(kept))[:MOST_SHOWN]
