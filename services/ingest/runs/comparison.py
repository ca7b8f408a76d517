"""What differs between two runs of an episode: plan, models, durations, metrics, screen time. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import BaseModel, Field

from contracts.rows import ScreenTimeDocument, TrackMetricsDocument
from services.ingest.runs.records import Run

METRICS = (
    "tracks",
    "tracks_per_minute",
    "short_track_fraction",
    "shots",
    "faces_per_track",
    "detections",
    "analysed_frames",
    "decoded_frames",
)


class RunSide(BaseModel):
    """One of the two runs."""

    run_id: str
    state: str
    profile: str
    video_sha256: str
    segments: int
    duration_s: float
    wall_s: float | None = Field(default=None, description="From plan to result.")
    report_revision: int | None = None
    models: dict[str, str] = Field(default_factory=dict)
    metrics: dict[str, float] = Field(default_factory=dict)
    stage_seconds: dict[str, float] = Field(default_factory=dict, description="Busy seconds of each stage.")


class PersonInRuns(BaseModel):
    """Visible seconds of one person in both; `difference_s` is b minus a."""

    cast_id: str
    name: str
    a_s: float
    b_s: float
    difference_s: float


class RunComparison(BaseModel):
    """Two runs side by side. `differs` names the fields of the sides that are not the same."""

    a: RunSide
    b: RunSide
    differs: tuple[str, ...]
    metric_differences: dict[str, float] = Field(description="b minus a, of metrics that both have and that differ.")
    people: tuple[PersonInRuns, ...] = Field(description="The largest difference first.")
    unidentified_a: int | None = None
    unidentified_b: int | None = None


@dataclass(frozen=True, kw_only=True)
class RunRecord:
    """A run and what its report names, where there is one."""

    run: Run
    metrics: TrackMetricsDocument | None = None
    screen_time: ScreenTimeDocument | None = None


def compare_runs(a: RunRecord, b: RunRecord) -> RunComparison:
    """Two runs side by side."""
    sides = _side(a), _side(b)
    names = ("state", "profile", "video_sha256", "segments", "duration_s", "models", "metrics")
    both = sides[0].metrics.keys() & sides[1].metrics.keys()
    differences = {name: round(sides[1].metrics[name] - sides[0].metrics[name], 6) for name in sorted(both)}
    return RunComparison(
        a=sides[0],
        b=sides[1],
        differs=tuple(name for name in names if getattr(sides[0], name) != getattr(sides[1], name)),
        metric_differences={name: value for name, value in differences.items() if value},
        people=_people(a.run, b.run),
        unidentified_a=a.run.report.unidentified if a.run.report else None,
        unidentified_b=b.run.report.unidentified if b.run.report else None,
    )


def _side(record: RunRecord) -> RunSide:
    run, metrics, finished = record.run, record.metrics, record.run.finished_at
    return RunSide(
        run_id=run.run_id,
        state=run.state,
        profile=run.profile,
        video_sha256=run.video_sha256,
        segments=run.started.segments,
        duration_s=run.started.duration_s,
        wall_s=round((finished - run.created_at).total_seconds(), 3) if finished else None,
        report_revision=run.report_revision,
        models=record.screen_time.models if record.screen_time else {},
        metrics={name: float(getattr(metrics, name)) for name in METRICS} if metrics else {},
        stage_seconds=metrics.stage_seconds if metrics else {},
    )


def _people(a: Run, b: Run) -> tuple[PersonInRuns, ...]:
    casts = [run.report.cast if run.report else () for run in (a, b)]
    seconds = [{person.cast_id: person.visible_s for person in cast} for cast in casts]
    names = {person.cast_id: person.name for cast in casts for person in cast}
    people = [
        PersonInRuns(
            cast_id=cast_id,
            name=name,
            a_s=seconds[0].get(cast_id, 0.0),
            b_s=seconds[1].get(cast_id, 0.0),
            difference_s=round(seconds[1].get(cast_id, 0.0) - seconds[0].get(cast_id, 0.0), 3),
        )
        for cast_id, name in names.items()
    ]
    return tuple(sorted(people, key=lambda person: (-abs(person.difference_s), person.cast_id)))
