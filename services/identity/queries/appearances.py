"""Appearances of an episode, written for other programs."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from chassis.errors import NotFound
from contracts.rows import ScreenTimeDocument, TrackMetricsDocument
from services.identity.exports.clips import clips_of, frames_of
from services.identity.exports.edl import to_edl
from services.identity.exports.fcpxml import to_fcpxml
from services.identity.exports.timecode import RATES, RateName, Timecode, guess_rate
from services.identity.exports.webvtt import Cues, to_webvtt
from services.identity.queries.revisions import ScreenTimeReports
from services.identity.screentime.moments import OnScreen, people_in, person_in
from services.identity.store.revisions import Report

Exchange = Literal["edl", "fcpxml", "webvtt"]
FALLBACK_RATE: RateName = "25"


@dataclass(frozen=True, kw_only=True)
class ExportForm:
    """What is wanted. `fps` None: as measured. Timecode does not matter to WebVTT, `cues` to it alone."""

    person: str | None = None
    unidentified: bool = False
    fps: RateName | None = None
    start_tc: str | None = None
    drop_frame: bool = False
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
    people = _wanted(document, form)
    if exchange == "webvtt":
        return to_webvtt(document.episode_id, people, duration_s=document.duration_s, cues=form.cues)
    timecode = Timecode(RATES[rate_name], drop=form.drop_frame)
    start_frame = timecode.frame(form.start_tc) if form.start_tc else 0
    clips = clips_of(people, duration_s=document.duration_s, rate=timecode.rate)
    if exchange == "edl":
        return to_edl(document.episode_id, clips, timecode=timecode, start_frame=start_frame)
    return to_fcpxml(
        document.episode_id,
        clips,
        rate_name=rate_name,
        timecode=timecode,
        length=frames_of(document.duration_s, timecode.rate),
        start_frame=start_frame,
    )


def _wanted(document: ScreenTimeDocument, form: ExportForm) -> Sequence[OnScreen]:
    if form.person is not None:
        return (person_in(document, form.person),)
    return people_in(document, unidentified=form.unidentified)
