"""How far a run is: pieces done of each stage, rate, time left, and what changed since a reader last looked. Pure.

A run's record holds, for each stage, how many pieces are done and the number in the run's sequence at which that
became so. Whoever remembers the number they have seen gets what is newer, from any process, without a log of changes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, Field

from chassis.domain.time_left import Worked, seconds_left
from contracts.events import STAGES
from services.ingest.runs.records import Failure, Pieces, Run
from services.ingest.runs.states import FINISHED, OPEN

PER_SEGMENT = ("detector", "embedder")
_EVENT_ID = re.compile(r"^([0-9A-HJKMNP-TV-Z]{26})-([0-9]{1,12})$")


class StageProgress(BaseModel):
    """Pieces of work of one stage."""

    done: int
    total: int
    fraction: float = Field(ge=0, le=1)


class RunStatus(BaseModel):
    """How far a run is. `fraction` is the part of the video that every per-segment stage has done; 1 when finished."""

    ep_id: str
    run_id: str
    state: str
    profile: str
    segments: int
    duration_s: float
    stages: dict[str, StageProgress]
    fraction: float = Field(ge=0, le=1)
    rate: float | None = Field(default=None, description="Seconds of video done in a second; None where unknown.")
    seconds_left: float | None = Field(default=None, description="Estimated from the rate; None where unknown.")
    created_at: datetime
    progressed_at: datetime
    finished_at: datetime | None = None
    failure: Failure | None = None
    report_revision: int | None = None


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What a reader has seen: everything up to a number of a run's sequence."""

    run_id: str
    seq: int

    def __str__(self) -> str:
        return f"{self.run_id}-{self.seq}"

    @classmethod
    def parse(cls, text: str | None) -> Seen | None:
        """From an event id; None for what is none."""
        found = _EVENT_ID.match(text or "")
        return cls(run_id=found[1], seq=int(found[2])) if found else None


@dataclass(frozen=True, kw_only=True)
class Change:
    """One thing to tell a reader."""

    kind: Literal["run", "progress", "report", "end"]
    data: dict[str, Any]


def nothing_done(segments: int) -> dict[str, Pieces]:
    """The progress of a run that was just planned."""
    return {stage: Pieces(done=0, total=segments if stage in PER_SEGMENT else 1, seq=0) for stage in STAGES}


def all_done(run: Run, seq: int) -> dict[str, Pieces]:
    """The progress of a finished run; stages that were complete before keep their number."""
    return {
        stage: pieces if pieces.done >= pieces.total else Pieces(done=pieces.total, total=pieces.total, seq=seq)
        for stage, pieces in _progress(run).items()
    }


def fraction_of(run: Run) -> float:
    """The part of the video that every per-segment stage has done."""
    if run.state == FINISHED:
        return 1.0
    stages = _stages(run)
    return min(stages[stage].fraction for stage in PER_SEGMENT)


def status_of(run: Run, *, now: datetime) -> RunStatus:
    """How far a run is."""
    fraction, duration_s = fraction_of(run), run.started.duration_s
    rate = _rate(run, fraction * duration_s, now)
    left = _seconds_left(run, now) if run.state == OPEN else None
    return RunStatus(
        ep_id=run.ep_id,
        run_id=run.run_id,
        state=run.state,
        profile=run.profile,
        segments=run.started.segments,
        duration_s=duration_s,
        stages=_stages(run),
        fraction=fraction,
        rate=round(rate, 3) if rate is not None else None,
        seconds_left=0.0 if run.state == FINISHED else round(left, 1) if left is not None else None,
        created_at=run.created_at,
        progressed_at=run.progressed_at,
        finished_at=run.finished_at,
        failure=run.failure,
        report_revision=run.report_revision,
    )


def changes_since(run: Run, seen: Seen | None) -> tuple[list[Change], Seen]:
    """What is new to a reader, in order, and what they have seen then. Another run than theirs is told of whole."""
    seq, stages = run.seq, _stages(run)
    now_seen = Seen(run_id=run.run_id, seq=seq)
    if seen is None or seen.run_id != now_seen.run_id or seen.seq > seq:
        told = [_about(run, stages)]
        return told + ([_end(run)] if run.state != OPEN else []), now_seen
    changes: list[Change] = []
    newer = {stage: stages[stage].model_dump() for stage, pieces in _progress(run).items() if pieces.seq > seen.seq}
    if newer:
        changes.append(
            Change(kind="progress", data={"run_id": now_seen.run_id, "fraction": fraction_of(run), "stages": newer})
        )
    if run.report_seq > seen.seq:
        data = {"run_id": now_seen.run_id, "revision": run.report_revision}
        changes.append(Change(kind="report", data=data))
    if run.state_seq > seen.seq:
        changes.append(_about(run, stages) if run.state == OPEN else _end(run))
    return changes, now_seen


def _about(run: Run, stages: Mapping[str, StageProgress]) -> Change:
    data = {
        "run_id": run.run_id,
        "state": run.state,
        "profile": run.profile,
        "duration_s": run.started.duration_s,
        "fraction": fraction_of(run),
        "stages": {stage: progress.model_dump() for stage, progress in stages.items()},
    }
    return Change(kind="run", data=data)


def _end(run: Run) -> Change:
    failure = run.failure.model_dump() if run.failure is not None else None
    data = {"run_id": run.run_id, "state": run.state, "failure": failure}
    return Change(kind="end", data=data)


def _progress(run: Run) -> dict[str, Pieces]:
    return nothing_done(run.started.segments) | dict(run.progress)


def _stages(run: Run) -> dict[str, StageProgress]:
    return {
        stage: StageProgress(
            done=pieces.done,
            total=pieces.total,
            fraction=min(1.0, pieces.done / pieces.total),
        )
        for stage, pieces in _progress(run).items()
    }


def _seconds_left(run: Run, now: datetime) -> float | None:
    """Until every segment is through the stages that work on segments; counted since the run was planned or taken up."""
    progress, total = _progress(run), run.started.segments
    begun, before = run.created_at, 0.0
    if run.measured_from is not None:
        begun, before = run.measured_from.at, run.measured_from.fraction * total
    stages = [
        Worked(
            done=pieces.done - before,
            latest_s=max(0.0, ((pieces.at or run.progressed_at) - begun).total_seconds()),
        )
        for pieces in (progress[stage] for stage in PER_SEGMENT)
    ]
    return seconds_left(stages, total=total - before, piece=1.0, now_s=(now - begun).total_seconds())


def _rate(run: Run, done_s: float, now: datetime) -> float | None:
    """Seconds of video in a second, since the run was planned or taken up again."""
    since, before_s = run.created_at, 0.0
    if measured := run.measured_from:
        since, before_s = measured.at, measured.fraction * run.started.duration_s
    until = run.finished_at or (now if run.state == OPEN else run.progressed_at)
    elapsed_s = (until - since).total_seconds()
    return (done_s - before_s) / elapsed_s if elapsed_s > 0 and done_s > before_s else None
