"""The runs of an episode, as people see them."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TypeVar

from pydantic import BaseModel
from ulid import ULID

from chassis.errors import Conflict
from chassis.http.results import Page, page_of
from chassis.s3.artifact_reader import ArtifactReader
from contracts.blobs import BlobRef
from contracts.rows import ScreenTimeDocument, TrackMetricsDocument
from services.ingest.models import EpisodeStatus, RunView
from services.ingest.runs.comparison import RunComparison, RunRecord, compare_runs
from services.ingest.runs.progress import fraction_of, status_of
from services.ingest.runs.records import Episode, RequestedRun, Run
from services.ingest.runs.states import FAILED, REQUESTED
from services.ingest.store.runs import IngestStore

M = TypeVar("M", bound=BaseModel)


class RunQueries:
    """Runs, their states and what two of them have in common."""

    def __init__(self, store: IngestStore, reader: ArtifactReader) -> None:
        self._store = store
        self._reader = reader

    async def list(self, ep_id: str, *, cursor: str | None, limit: int) -> Page[RunView]:
        """The runs of an episode, the latest first.

        Raises:
            NotFound: `unknown_episode`.
        """
        episode = await self._store.episodes.read(ep_id)
        planned = [view_of(run) for run in await self._store.list_runs(ep_id=ep_id)]
        known = {run.run_id for run in planned}
        asked = [asked_for(episode, one) for one in episode.starts if one.run_id not in known]
        return page_of(
            [*planned, *asked],
            key=lambda run: (-int(ULID.from_str(run.run_id)),),
            kinds=(int,),
            cursor=cursor,
            limit=limit,
        )

    async def read(self, ep_id: str, run_id: str) -> RunView:
        """One run.

        Raises:
            NotFound: `unknown_episode` or `unknown_run`.
        """
        episode = await self._store.episodes.read(ep_id)
        asked = next((one for one in episode.starts if one.run_id == run_id), None)
        if asked is not None and await self._store.run(run_id) is None:
            return asked_for(episode, asked)
        return view_of(await self._store.find_run(run_id, ep_id=ep_id))

    async def status(self, ep_id: str) -> EpisodeStatus:
        """How far the current run is, and a later one that was asked for.

        Raises:
            NotFound: `unknown_episode`.
        """
        episode = await self._store.episodes.read(ep_id)
        run = await self._store.current_run(ep_id)
        current = run.run_id if run is not None else ""
        later = [one for one in episode.starts if one.run_id > current]
        return EpisodeStatus(
            ep_id=ep_id,
            run=status_of(run, now=datetime.now(UTC)) if run is not None else None,
            requested=asked_for(episode, later[-1]) if later else None,
        )

    async def compare(self, ep_id: str, a: str, b: str) -> RunComparison:
        """Two runs side by side.

        Raises:
            NotFound: `unknown_run`.
        """
        first, second = await asyncio.gather(*(self._record(ep_id, run_id) for run_id in (a, b)))
        return compare_runs(first, second)

    async def planned(self, ep_id: str, run_id: str) -> Run:
        """A run that can be steered.

        Raises:
            NotFound: `unknown_episode` or `unknown_run`.
            Conflict: `run_not_planned`, while it was only asked for.
        """
        run = await self.read(ep_id, run_id)
        if run.state == REQUESTED:
            raise Conflict("run_not_planned", f"The run {run_id} is not planned yet: try again in a moment.")
        return await self._store.find_run(run_id, ep_id=ep_id)

    async def _record(self, ep_id: str, run_id: str) -> RunRecord:
        run = await self._store.find_run(run_id, ep_id=ep_id)
        manifests = run.report.manifests if run.report is not None else {}
        return RunRecord(
            run=run,
            metrics=await self._manifest(manifests.get("track_metrics.json"), TrackMetricsDocument),
            screen_time=await self._manifest(manifests.get("screen_time.json"), ScreenTimeDocument),
        )

    async def _manifest(self, ref: BlobRef | None, model: type[M]) -> M | None:
        return await self._reader.document(ref, model) if ref is not None else None


def view_of(run: Run) -> RunView:
    """A planned run."""
    return RunView(
        ep_id=run.ep_id,
        run_id=run.run_id,
        state=run.state,
        profile=run.profile,
        created_at=run.created_at,
        finished_at=run.finished_at,
        segments=run.started.segments,
        duration_s=run.started.duration_s,
        fraction=fraction_of(run),
        video_sha256=run.video_sha256,
        superseded_by=run.superseded_by,
        failure=run.failure,
        report_revision=run.report_revision,
        signed_off=run.signed_off,
    )


def asked_for(episode: Episode, run: RequestedRun) -> RunView:
    """A run that is not planned yet, or could not be."""
    return RunView(
        ep_id=episode.ep_id,
        run_id=run.run_id,
        state=FAILED if run.failure else REQUESTED,
        profile=run.profile,
        created_at=run.at,
        failure=run.failure,
        asked_by=run.who,
    )
