"""Appearances of an episode, written for other programs."""

from __future__ import annotations

import asyncio

from chassis.errors import NotFound
from contracts.rows import TrackMetricsDocument
from services.identity.exports.appearances import Exchange, ExportForm, write_appearances
from services.identity.exports.timecode import RateName, guess_rate
from services.identity.queries.revisions import ScreenTimeReports
from services.identity.store.revisions import Report

FALLBACK_RATE: RateName = "25"


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
