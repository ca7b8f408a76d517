"""`/timeline`: all lanes of an episode at once, and the boxes of a stretch."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Query, Response

from chassis.http.auth import Viewer
from chassis.http.parts import Provide
from chassis.http.results import ApiResult, ok
from chassis.http.routing import Router
from chassis.http.versions import tag
from contracts.ids import EpId
from services.identity.queries.timeline import TimelineQueries
from services.identity.timeline.boxes import Boxes
from services.identity.timeline.columns import Timeline

router = Router(tags=["timeline"])
Timelines = Annotated[TimelineQueries, Depends(Provide(TimelineQueries))]
LONGEST_S = 10 * 24 * 3600.0


@router.get("/timeline/{ep_id}")
async def read_timeline(
    ep_id: EpId, response: Response, timelines: Timelines, _principal: Viewer
) -> ApiResult[Timeline]:
    """Read tracks, people, shots and cuts of an episode as columns."""
    found = await timelines.timeline(ep_id)
    tag(response, found.links_version)
    return ok(found)


@router.get("/timeline/{ep_id}/boxes")
async def read_boxes(
    ep_id: EpId,
    timelines: Timelines,
    _principal: Viewer,
    from_s: Annotated[float, Query(ge=0, le=LONGEST_S, allow_inf_nan=False)],
    to_s: Annotated[float, Query(gt=0, le=LONGEST_S, allow_inf_nan=False, description="At most 120 s later.")],
) -> ApiResult[Boxes]:
    """Read where faces are in the picture during a stretch of the episode."""
    return ok(await timelines.boxes(ep_id, from_s, to_s))
