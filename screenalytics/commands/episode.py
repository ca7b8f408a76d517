"""One episode, checked before, from file to report: what `screenalytics run` does after its first look."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path

import typer

from chassis.errors import BadInput
from contracts.events import EpisodeProgress, Event, Profile, RunStarted, ScreenTimeReported
from contracts.rows import ScreenTimeDocument
from screenalytics.commands.ending import SIGNALS
from screenalytics.events.cast_folder import CastFolder
from screenalytics.events.episode_run import EpisodeResult, EpisodeRun, never
from screenalytics.local.machine import Machine, failure_log_folder, run_machine, serving_api
from screenalytics.local.servers import ChildEvent, ChildEventKind
from screenalytics.local.servers.forking import Nursery
from screenalytics.terminal.cast_notes import tell_passed_over
from screenalytics.terminal.progress import ProgressView
from screenalytics.terminal.result import render_result_table


async def process(
    video: Path,
    *,
    ep_id: str,
    is_named: bool,
    members: CastFolder,
    out: Path,
    profile: Profile,
    keep: Path | None,
    force: bool,
    video_stream: int | None,
    as_json: bool,
    stays: bool = False,
    nursery: Nursery | None = None,
) -> int:
    """Start what is not running, process the episode and show the result.

    `is_named`: the person chose its id. `stays`: the console is served then, until Ctrl-C. `nursery`: has begun to load
    the services.
    """
    begun = time.monotonic()
    view = ProgressView()
    if not is_named:
        view.message(f"episode {ep_id}, after the file's name (--episode names another)")
    for line in tell_passed_over(members.passed_over):
        view.message(line)
    logs = failure_log_folder()
    try:
        async with AsyncExitStack() as cleanup:
            cleanup.callback(view.close)
            machine = await cleanup.enter_async_context(
                run_machine(
                    keep=keep,
                    for_one_episode=True,
                    nursery=nursery,
                    logs_to=logs,
                    say=view.message,
                    on_event=_tell(view),
                )
            )
            cleanup.push(_keeping_what_is_done(machine, keep, ep_id))
            episode_run = EpisodeRun(
                machine.settings,
                on_event=_show(view),
                say=view.message,
                may_replace=never if as_json else ask_to_replace,
            )
            result = await episode_run.run(
                video, ep_id=ep_id, cast=members, out=out, profile=profile, force=force, video_stream=video_stream
            )
            if stays:
                view.close()
                show_result(out)
                await stay_with_console(machine, ep_id, kept=keep is not None, view=view)
    except Exception as error:
        if not isinstance(error, BadInput) and any(logs.iterdir()):
            view.message(f"the logs of the servers and services are in {logs}")
        raise
    finally:
        if logs.is_dir() and not any(logs.iterdir()):
            logs.rmdir()
    if as_json:
        document = _document(out)
        print(json.dumps(summary(document, result, members, out, wall_s=time.monotonic() - begun), indent=1))
    elif not stays:
        show_result(out)
    return 0


def show_result(out: Path) -> None:
    """The table of people, and where the report is."""
    print(render_result_table(_document(out)))
    print(f"\nreport: {(out / 'report.html').resolve().as_uri()}", flush=True)


def _document(out: Path) -> ScreenTimeDocument:
    return ScreenTimeDocument.model_validate_json((out / "screen_time.json").read_bytes())


async def stay_with_console(machine: Machine, ep_id: str, *, kept: bool, view: ProgressView) -> None:
    """Serve the console of an episode that is analysed, until a signal ends it."""
    stop = asyncio.Event()
    for number in SIGNALS:
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with serving_api(machine, stop=stop, on_event=_tell(view)) as address:
        if not stop.is_set():
            print(f"console: {address}/#/ep/{ep_id}/review", flush=True)
            view.message("correct it there; Ctrl-C ends everything" + ("" if kept else " and removes its data"))
        await stop.wait()


async def ask_to_replace(reason: str) -> bool:
    """Ask the person at the terminal, if there is one, whether an episode's video may be replaced."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return False
    return await asyncio.to_thread(typer.confirm, f"{reason}\nReplace it?", default=False, err=True)


def summary(
    document: ScreenTimeDocument, result: EpisodeResult, cast: CastFolder, out: Path, *, wall_s: float
) -> dict[str, object]:
    """What `--json` prints."""
    shown = {verdict.cast_id for verdict in result.pictures if verdict.accepted}
    return {
        "episode_id": document.episode_id,
        "run_id": document.run_id,
        "revision": document.revision,
        "duration_s": document.duration_s,
        "starts_at_s": document.starts_at_s,
        "timecode": document.timecode,
        "cast": [
            {"cast_id": person.cast_id, "name": person.name, "visible_s": person.visible_s} for person in document.cast
        ],
        "unidentified": len(document.unidentified),
        "coverage": document.coverage.model_dump(),
        "warnings": list(document.warnings),
        "warning_details": [warning.model_dump(mode="json") for warning in document.warning_details],
        "pictures_refused": [
            {"picture": one.filename, "code": one.code, "message": one.message}
            for one in result.pictures
            if not one.accepted
        ],
        "passed_over": [{"path": one.path, "why": one.why} for one in cast.passed_over],
        "without_pictures": [member.name for member in cast.members if member.cast_id not in shown],
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
