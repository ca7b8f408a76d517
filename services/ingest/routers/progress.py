"""How far an episode is: once, and as a stream of events."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query, Response
from sse_starlette import EventSourceResponse

from chassis.http.auth import Viewer
from chassis.http.errors import ERROR_RESPONSES
from chassis.http.parts import Provide
from chassis.http.results import ApiResult, ok
from services.ingest.models import EpisodeStatus
from services.ingest.queries.progress_stream import ProgressFeed
from services.ingest.queries.runs import RunQueries
from services.ingest.routers.parameters import EpisodePath
from services.ingest.runs.progress import Seen

router = APIRouter(tags=["progress"], responses=ERROR_RESPONSES)

STREAM: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {"text/event-stream": {"schema": {"type": "string"}}},
        "description": "`run` (all of it), `progress` (stages that changed), `report` (a new revision), `end`.",
    },
    204: {"description": "The run has ended and you have seen it: do not come back."},
}


@router.get("/episodes/{ep_id}/status")
async def get_episode_status(
    ep_id: EpisodePath, _principal: Viewer, runs: Annotated[RunQueries, Depends(Provide(RunQueries))]
) -> ApiResult[EpisodeStatus]:
    """Tell how far the episode's current run is: pieces done of each stage, rate and time left."""
    return ok(await runs.status(ep_id))


@router.get("/episodes/{ep_id}/events", response_class=EventSourceResponse, response_model=None, responses=STREAM)
async def stream_episode_events(
    ep_id: EpisodePath,
    _principal: Viewer,
    feed: Annotated[ProgressFeed, Depends(Provide(ProgressFeed))],
    last_event_id: Annotated[str | None, Header(max_length=100)] = None,
    follow: Annotated[bool, Query(description="Stay for later runs and revisions.")] = False,
) -> Response:
    """Stream progress as server-sent events: changes only, from `Last-Event-ID` on, to the end of the run."""
    seen = Seen.parse(last_event_id)
    if not await feed.has_more(ep_id, seen, follow=follow):
        return Response(status_code=204)
    return EventSourceResponse(feed.events(ep_id, seen, follow=follow), ping=feed.heartbeat_s)
