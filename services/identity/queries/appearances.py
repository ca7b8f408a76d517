"""Appearances and boxes of an episode, written for other programs."""

from __future__ import annotations

import asyncio

from chassis.errors import Conflict, NotFound
from chassis.mongo.episode_facts import EpisodeReadModel
from contracts.rows import DetectionRow, IdentitiesDocument, ScreenTimeDocument, TrackMetricsDocument, TrackRow
from services.identity.exports.appearances import BOXES, Exchange, ExportForm, write_appearances, write_boxes
from services.identity.exports.clips import frames_of
from services.identity.exports.face_boxes import BoxedEpisode, boxed_episode
from services.identity.exports.timecode import RATES, RateName, guess_rate
from services.identity.queries.revisions import ScreenTimeReports
from services.identity.screentime.moments import person_in
from services.identity.store.revisions import Report

FALLBACK_RATE: RateName = "25"


class AppearanceExports:
    """Opens a revision and writes it in another program's language."""

    def __init__(self, reports: ScreenTimeReports, facts: EpisodeReadModel) -> None:
        self._reports = reports
        self._facts = facts

    async def write(
        self, ep_id: str, exchange: Exchange, form: ExportForm, *, revision: int | None, run_id: str | None
    ) -> tuple[int, str | bytes]:
        """The revision's number and the file.

        Raises:
            NotFound: `no_screen_time`, `unknown_revision`, `unknown_person`, `manifest_missing`.
            BadInput: `no_drop_frame`, `bad_timecode`.
            Conflict: `size_unknown`, where boxes are wanted and nobody knows how large the picture is.
        """
        report = await self._reports.find(ep_id, revision=revision, run_id=run_id)
        document = await self._reports.document(report)
        rate_name = form.fps or await self._measured_rate(report)
        if exchange in BOXES:
            episode = await self._boxed(report, document, form, rate_name)
            return report.event.revision, await asyncio.to_thread(write_boxes, episode, exchange)
        text = await asyncio.to_thread(write_appearances, document, exchange, form, rate_name=rate_name)
        return report.event.revision, text

    async def _boxed(
        self, report: Report, document: ScreenTimeDocument, form: ExportForm, rate_name: RateName
    ) -> BoxedEpisode:
        wanted = frozenset(person_in(document, key).key for key in form.people)
        size = (await self._facts.facts(document.episode_id)).size
        if size is None:
            raise Conflict(
                "size_unknown",
                f"How large the picture of {document.episode_id} is, is not known: run the episode again.",
            )
        rate = RATES[rate_name]
        detections = await self._reports.rows(report, "detections.jsonl", DetectionRow)
        tracks = await self._reports.rows(report, "tracks.jsonl", TrackRow)
        identities = await self._reports.opened(report, "identities.json", IdentitiesDocument)

        def make() -> BoxedEpisode:
            return boxed_episode(
                document,
                detections,
                tracks,
                identities,
                rate=rate,
                length=frames_of(document.duration_s, rate),
                size=size,
                wanted=wanted,
            )

        return await asyncio.to_thread(make)

    async def _measured_rate(self, report: Report) -> RateName:
        """The rate at which the episode's frames were decoded, where it is a known one."""
        try:
            metrics = await self._reports.opened(report, "track_metrics.json", TrackMetricsDocument)
        except NotFound:
            return FALLBACK_RATE
        return guess_rate(metrics.decoded_frames, metrics.duration_s) or FALLBACK_RATE
