"""Appearances of an episode, written for other programs."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from chassis.errors import BadInput, NotFound
from contracts.rows import ScreenTimeDocument, TrackMetricsDocument
from services.identity.exports.clips import clips_of, frames_of
from services.identity.exports.edl import to_edl
from services.identity.exports.fcpxml import to_fcpxml
from services.identity.exports.player_clock import on_the_players_clock
from services.identity.exports.timecode import RATES, RateName, Timecode, guess_rate
from services.identity.exports.webvtt import Cues, to_webvtt
from services.identity.queries.revisions import ScreenTimeReports
from services.identity.screentime.moments import OnScreen, people_in, person_in
from services.identity.screentime.participants import only_participants
from services.identity.store.revisions import Report

Exchange = Literal["edl", "fcpxml", "webvtt"]
FALLBACK_RATE: RateName = "25"


@dataclass(frozen=True, kw_only=True)
class ExportForm:
    """What is wanted. `fps` None: as measured. Timecode does not matter to WebVTT, `cues` to it alone.

    `start_tc` and `drop_frame` None: those of the file's timecode track. Without any, times are those of a player.
    """

    person: str | None = None
    unidentified: bool = False
    participants: bool = False
    fps: RateName | None = None
    start_tc: str | None = None
    drop_frame: bool | None = None
    cues: Cues = "names"


class AppearanceExports:
    """Opens a revision and writes it in another program's language."""

    def __init__(self, reports: ScreenTimeReports) -> None:
        self._reports = reports

    async def write(
        self, ep_id: str, exchange: Exchange, form: ExportForm, *, revision: int | None, run_id: str | None
    ) -> tuple[int, str]:
        """The revision's number and the text.

        Raises:
            NotFound: `no_screen_time`, `unknown_revision`, `unknown_person`, `manifest_missing`.
            BadInput: `no_drop_frame`, `bad_timecode`.
        """
        report = await self._reports.find(ep_id, revision=revision, run_id=run_id)
        document = await self._reports.document(report)
        rate_name = form.fps or await self._measured_rate(report)
        text = await asyncio.to_thread(write_appearances, document, exchange, form, rate_name=rate_name)
        return report.event.revision, text

    async def _measured_rate(self, report: Report) -> RateName:
        """The rate at which the episode's frames were decoded, where it is a known one."""
        try:
            metrics = await self._reports.opened(report, "track_metrics.json", TrackMetricsDocument)
        except NotFound:
            return FALLBACK_RATE
        return guess_rate(metrics.decoded_frames, metrics.duration_s) or FALLBACK_RATE


def write_appearances(
    document: ScreenTimeDocument, exchange: Exchange, form: ExportForm, *, rate_name: RateName
) -> str:
    """The appearances of everybody wanted; raises as `AppearanceExports.write`."""
    if exchange == "webvtt":
        people = _wanted(on_the_players_clock(document), form)
        end_s = document.duration_s + document.starts_at_s
        return to_webvtt(document.episode_id, people, duration_s=end_s, cues=form.cues)
    timecode, start_frame = first_picture(document, form, rate_name=rate_name)
    begins_s = document.starts_at_s if start_frame is None else 0.0
    people = _wanted(on_the_players_clock(document) if start_frame is None else document, form)
    clips = clips_of(people, duration_s=begins_s + document.duration_s, rate=timecode.rate)
    if exchange == "edl":
        return to_edl(document.episode_id, clips, timecode=timecode, start_frame=start_frame or 0)
    return to_fcpxml(
        document.episode_id,
        clips,
        rate_name=rate_name,
        timecode=timecode,
        length=frames_of(begins_s + document.duration_s, timecode.rate),
        start_frame=start_frame or 0,
    )


def first_picture(
    document: ScreenTimeDocument, form: ExportForm, *, rate_name: RateName
) -> tuple[Timecode, int | None]:
    """How frames are named, and the frame of the first picture: as asked for, else by the file's timecode track.

    None where neither says: then second 0 of a player is 00:00:00:00. A timecode that does not exist at this rate, as
    that of a file whose rate is not known, is none.
    """
    rate = RATES[rate_name]
    if form.start_tc is not None or document.timecode is None:
        timecode = Timecode(rate, drop=bool(form.drop_frame))
        return timecode, timecode.frame(form.start_tc) if form.start_tc is not None else None
    by_file = ";" in document.timecode and rate.dropped > 0
    timecode = Timecode(rate, drop=by_file if form.drop_frame is None else form.drop_frame)
    try:
        return timecode, timecode.frame(document.timecode)
    except BadInput:
        return timecode, None


def _wanted(document: ScreenTimeDocument, form: ExportForm) -> Sequence[OnScreen]:
    document = only_participants(document) if form.participants else document
    if form.person is not None:
        return (person_in(document, form.person),)
    return people_in(document, unidentified=form.unidentified)
