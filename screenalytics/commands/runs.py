"""`screenalytics runs`: which runs there are, how far they are, and how to stop one or take it up again."""

from __future__ import annotations

import json

from chassis.errors import BadInput
from chassis.mongo import bitset
from chassis.settings import ChassisSettings
from screenalytics.events.run_control import open_run_control
from screenalytics.terminal.messages import printable
from services.ingest.runs.progress import PER_SEGMENT
from services.ingest.runs.records import Run
from services.ingest.runs.states import STATES


async def list_runs(*, episode: str | None, state: str | None) -> int:
    """One line a run, the latest first."""
    if state is not None and state not in STATES:
        raise BadInput("unknown_state", f"There is no state {state!r}; the states are {', '.join(STATES)}.")
    async with open_run_control(ChassisSettings()) as control:
        runs = await control.all_runs(ep_id=episode.lower() if episode else None, state=state)
    for run in runs:
        print(line_of(run))
    if not runs:
        print("no runs")
    return 0


async def show(run_id: str) -> int:
    """One run as JSON."""
    async with open_run_control(ChassisSettings()) as control:
        run = await control.find(run_id)
    print(json.dumps(details_of(run), ensure_ascii=False, indent=1))
    return 0


async def cancel(run_id: str) -> int:
    """Stop a run."""
    async with open_run_control(ChassisSettings()) as control:
        run = await control.cancel(run_id)
    print(f"{run.run_id}: cancelled")
    return 0


async def resume(run_id: str) -> int:
    """Take a failed or cancelled run up again."""
    async with open_run_control(ChassisSettings()) as control:
        asked = await control.resume(run_id)
    print(f"{run_id.strip().upper()}: running again, {asked} segments asked for")
    return 0


def line_of(run: Run) -> str:
    """Run, episode, state, when, how long the video is, and why it failed."""
    started = run.started
    fields = [
        run.run_id,
        run.created_at.isoformat(timespec="seconds"),
        run.state,
        run.ep_id,
        f"{started.duration_s:.1f} s in {started.segments} segments",
    ]
    if run.failure is not None:
        fields.append(f"{run.failure.code} in {run.failure.stage}: {run.failure.message}")
    return "  ".join(printable(field) for field in fields)


def details_of(run: Run) -> dict[str, object]:
    """State, plan, and how many segments each stage has done."""
    return {
        "run_id": run.run_id,
        "ep_id": run.ep_id,
        "state": run.state,
        "profile": run.profile,
        "created_at": run.created_at.isoformat(),
        "progressed_at": run.progressed_at.isoformat(),
        "rescues": run.rescues,
        "segments": run.started.segments,
        "segments_done": {stage: bitset.count(run.done_by(stage)) for stage in PER_SEGMENT},
        "stages_done": sorted(run.stages_done),
        "failure": run.failure.model_dump() if run.failure is not None else None,
        "superseded_by": run.superseded_by,
        "report_revision": run.report_revision,
    }
