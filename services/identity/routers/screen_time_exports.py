"""`/screen-time/{ep_id}/export`: appearances for editing programs and players."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, Query, Response

from chassis.http.auth import Viewer
from chassis.http.parts import Provide
from chassis.http.routing import Router
from contracts.ids import EpId, RunId, Slug
from services.identity.exports.timecode import TIMECODE_PATTERN, RateName
from services.identity.exports.webvtt import Cues
from services.identity.queries.appearances import AppearanceExports, Exchange, ExportForm
from services.identity.routers.downloads import file_answer
from services.identity.routers.requests import Participants

router = Router(tags=["screen time"])

MEDIA_TYPES: dict[Exchange, str] = {"edl": "text/plain", "fcpxml": "application/xml", "webvtt": "text/vtt"}
_SUFFIXES: dict[Exchange, str] = {"edl": "edl", "fcpxml": "fcpxml", "webvtt": "vtt"}
_TEXT: dict[int | str, dict[str, Any]] = {
    200: {"content": {media: {"schema": {"type": "string"}} for media in MEDIA_TYPES.values()}}
}


@router.get("/screen-time/{ep_id}/export/{exchange}", response_class=Response, responses=_TEXT)
async def export_appearances(
    ep_id: EpId,
    exchange: Exchange,
    exports: Annotated[AppearanceExports, Depends(Provide(AppearanceExports))],
    _principal: Viewer,
    cast_id: Annotated[
        Slug | None, Query(description="Only this cast member, or unidentified identity; everybody if left out.")
    ] = None,
    unidentified: Annotated[bool, Query(description="People without a name too.")] = False,
    participants: Participants = False,
    fps: Annotated[
        RateName | None, Query(description="Frame rate; if left out the one measured while decoding, else 25.")
    ] = None,
    start_tc: Annotated[
        str | None,
        Query(
            pattern=TIMECODE_PATTERN,
            max_length=11,
            description="Timecode of the first picture; if left out the one of the file.",
        ),
    ] = None,
    drop_frame: Annotated[
        bool | None, Query(description="Drop-frame timecode: 29.97 and 59.94 only; if left out as in the file.")
    ] = None,
    cues: Annotated[Cues, Query(description="WebVTT: names for people, or JSON for programs.")] = "names",
    revision: Annotated[int | None, Query(ge=1, le=1_000_000)] = None,
    run_id: Annotated[RunId | None, Query()] = None,
) -> Response:
    """Export when people are visible as CMX 3600 EDL, FCPXML 1.10 or WebVTT."""
    form = ExportForm(
        person=cast_id,
        unidentified=unidentified,
        participants=participants,
        fps=fps,
        start_tc=start_tc,
        drop_frame=drop_frame,
        cues=cues,
    )
    number, text = await exports.write(ep_id, exchange, form, revision=revision, run_id=run_id)
    who = f"-{cast_id}" if cast_id else ""
    name = f"{ep_id}-r{number}{who}.{_SUFFIXES[exchange]}"
    return file_answer(text, name=name, media_type=MEDIA_TYPES[exchange])
