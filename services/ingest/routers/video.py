"""The episode's video."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Query

from chassis.http.auth import Viewer
from chassis.http.parts import Provide
from chassis.http.results import ApiResult, ok
from chassis.http.routing import Router
from services.ingest.models import ClipView, VideoView
from services.ingest.queries.video import VideoQueries
from services.ingest.routers.parameters import EpisodePath

router = Router(tags=["video"])

Videos = Annotated[VideoQueries, Depends(Provide(VideoQueries))]
LONGEST_S = 10 * 24 * 3600.0


@router.get("/episodes/{ep_id}/video")
async def get_video(ep_id: EpisodePath, _principal: Viewer, videos: Videos) -> ApiResult[VideoView]:
    """Tell duration, size, codec and frame rate of the video, and where to read it for a short while."""
    return ok(await videos.describe(ep_id))


@router.get("/episodes/{ep_id}/clip")
async def get_clip(
    ep_id: EpisodePath,
    _principal: Viewer,
    videos: Videos,
    start_s: Annotated[float, Query(ge=0, le=LONGEST_S, allow_inf_nan=False)],
    end_s: Annotated[float, Query(gt=0, le=LONGEST_S, allow_inf_nan=False)],
) -> ApiResult[ClipView]:
    """Cut a clip of at most a minute, as WebM with the sound that can be decoded; the same one is cut only once."""
    return ok(await videos.clip(ep_id, start_s, end_s))
