"""`/screen-time/{ep_id}/export`: appearances for editing programs and players."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, Query, Response
from pydantic import Field

from chassis.http.auth import Viewer
from chassis.http.parts import Provide
from chassis.http.routing import Router
from contracts.ids import EpId, RunId, Slug
from services.identity.exports.appearances import FILES, Exchange, ExportForm
from services.identity.exports.clips import Cutting
from services.identity.exports.timecode import TIMECODE_PATTERN, RateName
from services.identity.exports.webvtt import Cues
from services.identity.queries.appearances import AppearanceExports
from services.identity.routers.downloads import file_answer
from services.identity.routers.requests import Participants

router = Router(tags=["screen time"])

Seconds = Annotated[float, Field(ge=0, le=3600, allow_inf_nan=False)]

_TEXT: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {
            kind.media_type: {"schema": {"type": "string"} | ({"format": "binary"} if kind.suffix == "mot.zip" else {})}
            for kind in FILES.values()
        }
    }
}


@router.get("/screen-time/{ep_id}/export/{exchange}", response_class=Response, responses=_TEXT)
async def export_appearances(
    ep_id: EpId,
    exchange: Exchange,
    exports: Annotated[AppearanceExports, Depends(Provide(AppearanceExports))],
    _principal: Viewer,
    cast_id: Annotated[
        tuple[Slug, ...],
        Query(
            max_length=200,
            description="Only this cast member, or unidentified identity; may be repeated; everybody if left out.",
        ),
    ] = (),
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
    record_tc: Annotated[
        str | None,
        Query(
            pattern=TIMECODE_PATTERN,
            max_length=11,
            description="Timecode at which the timeline begins; if left out that of the first picture.",
        ),
    ] = None,
    gap_s: Annotated[Seconds, Query(description="Gaps of at most so many seconds are closed.")] = 0.0,
    min_s: Annotated[Seconds, Query(description="Shorter appearances are left out.")] = 0.0,
    handles_s: Annotated[Seconds, Query(description="Seconds added at both ends of an appearance.")] = 0.0,
    media: Annotated[
        str | None,
        Query(
            min_length=1,
            max_length=2000,
            pattern=r"^[^\x00-\x1f\x7f-\x9f\ufffe\uffff]*$",
            description="OTIO, FCP7, ELAN and IPTC: path or URL of the video where the file is opened.",
        ),
    ] = None,
    cues: Annotated[Cues, Query(description="WebVTT: names for people, or JSON for programs.")] = "names",
    revision: Annotated[int | None, Query(ge=1, le=1_000_000)] = None,
    run_id: Annotated[RunId | None, Query()] = None,
) -> Response:
    """Export when people are visible: timelines, markers and cues for editing programs and players; or their boxes."""
    form = ExportForm(
        people=cast_id,
        unidentified=unidentified,
        participants=participants,
        fps=fps,
        start_tc=start_tc,
        record_tc=record_tc,
        drop_frame=drop_frame,
        cutting=Cutting(gap_s=gap_s, min_s=min_s, handles_s=handles_s),
        media=media,
        cues=cues,
    )
    number, content = await exports.write(ep_id, exchange, form, revision=revision, run_id=run_id)
    who = f"-{cast_id[0]}" if len(cast_id) == 1 else ""
    kind = FILES[exchange]
    return file_answer(content, name=f"{ep_id}-r{number}{who}.{kind.suffix}", media_type=kind.media_type)
