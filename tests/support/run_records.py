"""Runs as ingest knows them, of a video of 80 s in four segments."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from contracts.events import RunStarted
from services.ingest.runs.progress import nothing_done
from services.ingest.runs.records import Run

EPISODE, RUN = "my-show-s01e02", "01JGFJJZ00ABCDEFGHJKMNPQR0"
BEGIN = datetime(2024, 1, 1, tzinfo=UTC)
SEGMENTS, DURATION_S = 4, 80.0


def a_run(run_id: str = RUN, **more: Any) -> Run:
    """A run that was planned at `BEGIN` and moved on ten seconds later."""
    facts: dict[str, Any] = {
        "run_id": run_id,
        "ep_id": EPISODE,
        "state": "running",
        "profile": "balanced",
        "started": RunStarted(
            ep_id=EPISODE,
            run_id=run_id,
            upload_event_id="u",
            segments=SEGMENTS,
            duration_s=DURATION_S,
            profile="balanced",
            width=640,
            height=360,
            codec="h264",
        ),
        "video_sha256": "a" * 64,
        "created_at": BEGIN,
        "progressed_at": BEGIN + timedelta(seconds=10),
        "progress": nothing_done(SEGMENTS),
    }
    return Run(**(facts | more))
