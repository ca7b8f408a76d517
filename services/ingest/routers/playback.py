"""What a browser plays of an episode, and when each frame of it is shown."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends

from chassis.http.auth import Viewer
from chassis.http.parts import Provide
from chassis.http.results import ApiResult, ok
from chassis.http.routing import Router
from services.ingest.models import FramesView, PlaybackView
from services.ingest.queries.playback import PlaybackQueries
from services.ingest.routers.parameters import EpisodePath

router = Router(tags=["video"])

Playback = Annotated[PlaybackQueries, Depends(Provide(PlaybackQueries))]


@router.get("/episodes/{ep_id}/frames")
async def read_frames(ep_id: EpisodePath, _principal: Viewer, playback: Playback) -> ApiResult[FramesView]:
    """Tell when each frame of the analysed video is shown, by the packets of the file; they are read once."""
    return ok(await playback.frames(ep_id))


@router.get("/episodes/{ep_id}/playback")
async def read_playback(ep_id: EpisodePath, _principal: Viewer, playback: Playback) -> ApiResult[PlaybackView]:
    """Tell where a browser finds something that it can play: the video itself, or how far a proxy of it is."""
    return ok(await playback.view(ep_id))


@router.post("/episodes/{ep_id}/playback")
async def make_playable(ep_id: EpisodePath, _principal: Viewer, playback: Playback) -> ApiResult[PlaybackView]:
    """Have a proxy made where browsers do not play the video itself; the same one is made only once."""
    return ok(await playback.make(ep_id))
