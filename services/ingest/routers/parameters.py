"""Parameters that several routers take."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Query

from chassis.http.auth import Principal
from chassis.http.errors import ApiError
from chassis.http.results import LARGEST_PAGE
from contracts.ids import EpId, RunId, show_of

EpisodePath = Annotated[EpId, Path(description="`{show}-sNNeNN`.", examples=["my-show-s01e02"])]
RunPath = Annotated[RunId, Path(description="A ULID.")]
Cursor = Annotated[str | None, Query(max_length=400, description="`next_cursor` of the page before.")]
Limit = Annotated[int, Query(ge=1, le=LARGEST_PAGE, description="Items on the page.")]


def check_show(principal: Principal, ep_id: str) -> None:
    """For episodes that are named elsewhere than in the path.

    Raises:
        ApiError: 403 `forbidden`.
    """
    if not principal.may_see(show_of(ep_id)):
        raise ApiError(403, "forbidden", f"You may not touch the show {show_of(ep_id)}.")
