"""`screenalytics run`: one episode from file to report."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path

from chassis.errors import BadInput
from contracts.events import EpisodeProgress, Event, Profile, RunStarted, ScreenTimeReported
from contracts.rows import ScreenTimeDocument
from screenalytics.events import emitter
from screenalytics.events.episode_run import EpisodeResult, EpisodeRun
from screenalytics.events.results import prepare_output
from screenalytics.events.videos import check_video, episode_id
from screenalytics.local.machine import Machine, failure_log_folder, run_machine
from screenalytics.local.servers import ChildEvent, ChildEventKind
from screenalytics.terminal import ProgressView, render_result_table


async def run(
    video: Path,
    *,
    cast: Path | None,
    out: Path,
    episode: str | None,
    profile: Profile,
    keep: Path | None,
    force: bool,
    as_json: bool,
) -> int:
    """Process one episode and show the result."""
    begun = time.monotonic()
    ep_id = episode_id(episode, video)
    check_video(video)
    members = emitter.read_cast_folder(cast) if cast is not None else []
    prepare_output(out)
    view = ProgressView()
    logs = failure_log_folder()
    try:
        async with AsyncExitStack() as cleanup:
            cleanup.callback(view.close)
            machine = await cleanup.enter_async_context(
                run_machine(keep=keep, logs_to=logs, say=view.message, on_event=_tell(view))
            )
            cleanup.push(_keeping_what_is_done(machine, keep, ep_id))
            episode_run = EpisodeRun(machine.settings, on_event=_show(view), say=view.message)
            result = await episode_run.run(video, ep_id=ep_id, cast=members, out=out, profile=profile, force=force)
    except Exception as error:
        if not isinstance(error, BadInput) and any(logs.iterdir()):
            view.message(f"the logs of the servers and services are in {logs}")
        raise
    finally:
        if logs.is_dir() and not any(logs.iterdir()):
            logs.rmdir()
    document = ScreenTimeDocument.model_validate_json((out / "screen_time.json").read_bytes())
    if as_json:
        print(json.dumps(summary(document, result, out, wall_s=time.monotonic() - begun), indent=1))
    else:
        print(render_result_table(document))
        print(f"\nreport: {(out / 'report.html').resolve().as_uri()}")
    return 0


def summary(document: ScreenTimeDocument, result: EpisodeResult, out: Path, *, wall_s: float) -> dict[str, object]:
    """What `--json` prints."""
    return {
        "episode_id": document.episode_id,
        "run_id": document.run_id,
        "revision": document.revision,
        "duration_s": document.duration_s,
        "cast": [
            {"cast_id": person.cast_id, "name": person.name, "visible_s": person.visible_s} for person in document.cast
        ],
        "unidentified": len(document.unidentified),
        "coverage": document.coverage.model_dump(),
        "warnings": list(document.warnings),
        "report": str((out / "report.html").resolve()),
        "files": [str(path) for path in result.files],
        "timings_s": {
            "upload_to_first_event": round(result.first_event_s, 3),
            "episode": round(result.total_s, 3),
            "total": round(wall_s, 3),
        },
    }


def _keeping_what_is_done(machine: Machine, keep: Path | None, ep_id: str) -> Callable[..., None]:
    """An exit callback: a run that is told to end leaves its data behind and says how it goes on."""

    def on_exit(_kind: object, error: BaseException | None, _traceback: object) -> None:
        if isinstance(error, asyncio.CancelledError):
            kept = keep or machine.stack.leave_data()
            raise asyncio.CancelledError(
                f"What is done of {ep_id} is kept: the same command"
                + ("" if keep else f" with --keep {kept}")
                + " goes on where this one stopped."
            ) from None

    return on_exit


def _show(view: ProgressView) -> Callable[[Event], None]:
    def show(event: Event) -> None:
        if isinstance(event, RunStarted):
            view.started(event)
        elif isinstance(event, EpisodeProgress):
            view.update(event)
        elif isinstance(event, ScreenTimeReported):
            view.reported(event)

    return show


def _tell(view: ProgressView) -> Callable[[ChildEvent], None]:
    def tell(event: ChildEvent) -> None:
        if event.kind is ChildEventKind.DIED:
            view.message(f"{event.name} ended unexpectedly (status {event.returncode}); starting it again")

    return tell
