"""Runs of an episode: list, start, read, cancel, resume, compare."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Query, Response

from chassis.http.auth import Operator, Viewer
from chassis.http.parts import Provide
from chassis.http.results import ApiResult, Page, ok
from chassis.http.routing import Router
from chassis.http.versions import CommandId
from contracts.ids import RunId
from services.ingest.commands.control_run import RunSteering
from services.ingest.commands.start_run import RunStarter
from services.ingest.models import NewRun, ResumedRun, RunView, StartedRun
from services.ingest.queries.runs import RunQueries, view_of
from services.ingest.routers.parameters import Cursor, EpisodePath, Limit, RunPath
from services.ingest.runs.comparison import RunComparison

router = Router(tags=["runs"])

Runs = Annotated[RunQueries, Depends(Provide(RunQueries))]
Starter = Annotated[RunStarter, Depends(Provide(RunStarter))]
Steering = Annotated[RunSteering, Depends(Provide(RunSteering))]


@router.get("/episodes/{ep_id}/runs")
async def list_runs(
    ep_id: EpisodePath, _principal: Viewer, runs: Runs, cursor: Cursor = None, limit: Limit = 50
) -> ApiResult[Page[RunView]]:
    """List the runs of an episode, the latest first."""
    return ok(await runs.list(ep_id, cursor=cursor, limit=limit))


@router.post("/episodes/{ep_id}/runs", status_code=202, responses={200: {"model": ApiResult[StartedRun]}})
async def start_run(
    ep_id: EpisodePath, wanted: NewRun, principal: Operator, starter: Starter, command: CommandId, response: Response
) -> ApiResult[StartedRun]:
    """Process the episode's video again; 200 and the run there is where that was done already."""
    started = await starter.start(
        ep_id,
        profile=wanted.profile,
        force=wanted.force,
        video_stream=wanted.video_stream,
        reuse_tracks=wanted.reuse_tracks,
        reason=wanted.reason,
        command=command,
        who=principal.name,
    )
    response.status_code = 202 if started.created else 200
    return ok(started)


@router.get("/episodes/{ep_id}/runs/compare")
async def compare_runs(
    ep_id: EpisodePath, _principal: Viewer, runs: Runs, a: Annotated[RunId, Query()], b: Annotated[RunId, Query()]
) -> ApiResult[RunComparison]:
    """Compare two runs: plan, models, durations, metrics, and screen time of each person."""
    return ok(await runs.compare(ep_id, a, b))


@router.get("/episodes/{ep_id}/runs/{run_id}")
async def get_run(ep_id: EpisodePath, run_id: RunPath, _principal: Viewer, runs: Runs) -> ApiResult[RunView]:
    """Read a run; one that was only just asked for is `requested`."""
    return ok(await runs.read(ep_id, run_id))


@router.post("/episodes/{ep_id}/runs/{run_id}/cancel")
async def cancel_run(
    ep_id: EpisodePath, run_id: RunPath, _principal: Operator, runs: Runs, steering: Steering
) -> ApiResult[RunView]:
    """Close a run that is not finished; a cancelled one stays so."""
    return ok(view_of(await steering.cancel(await runs.planned(ep_id, run_id))))


@router.post("/episodes/{ep_id}/runs/{run_id}/resume", status_code=202)
async def resume_run(
    ep_id: EpisodePath, run_id: RunPath, _principal: Operator, runs: Runs, steering: Steering
) -> ApiResult[ResumedRun]:
    """Take a failed or cancelled run up again: what it lacks is asked for within a few seconds."""
    asked = await steering.resume(await runs.planned(ep_id, run_id))
    return ok(ResumedRun(ep_id=ep_id, run_id=run_id, segments_asked=asked))
