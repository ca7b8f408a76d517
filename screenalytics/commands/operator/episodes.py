"""`screenalytics episodes`: what there is, how far it is, and what to do with it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

from chassis.errors import BadInput
from screenalytics.commands.operator.choices import Profile, RunState
from screenalytics.commands.operator.connection import connect, every
from screenalytics.commands.operator.output import Columns, note, percent, show, show_one, table, tell
from screenalytics.http_client import models
from screenalytics.http_client.client import Client
from screenalytics.http_client.transport import ApiFailure

CREATED = 201
COME_BACK_AFTER_S = 1.0
COME_BACK_TIMES = 10
"""A stream of progress that breaks off is taken up again so often, as long as nothing new comes."""

COLUMNS: Columns = {
    "episode": lambda one: one.ep_id,
    "title": lambda one: one.title,
    "length s": lambda one: one.duration_s,
    "state": lambda one: one.current_run.state if one.current_run else None,
    "changed": lambda one: one.updated_at,
}


def list_episodes(*, show_slug: str | None, state: RunState | None, as_json: bool) -> None:
    """Every episode one may see."""
    with connect() as api:
        found = list(every(lambda cursor: api.list_episodes(show=show_slug, state=state, cursor=cursor).data))
    show(found, as_json=as_json, columns=COLUMNS, nothing="no episodes")


def show_episode(ep_id: str, *, as_json: bool) -> None:
    """One episode."""
    with connect() as api:
        show_one(api.get_episode(ep_id).data, as_json=as_json)


def create(show_slug: str, season: int, episode: int, *, title: str | None, as_json: bool) -> None:
    """An episode that has no video yet; one that is there stays as it is."""
    wanted = models.NewEpisode(show=show_slug, season=season, episode=episode, title=title)
    with connect() as api:
        answer = api.create_episode(wanted)
    said = "created" if answer.status == CREATED else "was there already"
    tell(f"{answer.data.ep_id} {said}; version {answer.data.version}", answer.data, as_json=as_json)


def run_again(ep_id: str, *, profile: Profile, video_stream: int | None = None, as_json: bool) -> None:
    """Another run of an episode's video."""
    with connect() as api:
        started = api.start_run(ep_id, models.NewRun(profile=profile, force=True, video_stream=video_stream)).data
    tell(f"{started.ep_id}: run {started.run_id} is asked for", started, as_json=as_json)


def delete(ep_id: str, *, yes: bool, as_json: bool) -> None:
    """Everything there is of an episode goes. Raises BadInput `not_confirmed`."""
    if not yes:
        raise BadInput(
            "not_confirmed", f"Everything of {ep_id} would go and cannot be brought back: say --yes if you mean it."
        )
    with connect() as api:
        gone = api.delete_episode(ep_id).data
    tell(f"{gone.ep_id} is deleted", gone, as_json=as_json)


def status(ep_id: str, *, as_json: bool) -> None:
    """How far the episode's run is."""
    with connect() as api:
        found = api.get_episode_status(ep_id).data
    if as_json:
        print(found.model_dump_json())
        return
    if found.run is None and found.requested is None:
        note(f"{found.ep_id} was not run yet")
    if found.run is not None:
        print(_about(found.run))
        rows = [[stage, f"{one.done}/{one.total}", f"{one.fraction:.0%}"] for stage, one in found.run.stages.items()]
        print(table(["stage", "done", ""], rows))
    if found.requested is not None:
        print(f"run {found.requested.run_id} is asked for and not planned yet")


def _about(run: models.RunStatus) -> str:
    said = f"run {run.run_id}: {run.state}, {percent(run.fraction)} of {run.duration_s:.1f} s"
    if run.seconds_left is not None:
        said += f", {run.seconds_left:.0f} s left"
    if run.report_revision is not None:
        said += f", revision {run.report_revision} is reported"
    return said + (f"; {run.failure.code}: {run.failure.message}" if run.failure else "")


def follow(ep_id: str, *, as_json: bool) -> int:
    """Print the progress of an episode until its run ends; the exit status says how."""
    state = "finished"
    with connect() as api:
        for event, data in _progress(api, ep_id):
            print(json.dumps({"event": event, **data}) if as_json else _line(event, data), flush=True)
            if event == "end":
                state = data["state"]
    return 0 if state == "finished" else 1


def _progress(api: Client, ep_id: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Events until the end; a stream that breaks off or is closed before goes on where it was."""
    last_id: str | None = None
    failures = 0
    while True:
        news = False
        try:
            for event_id, event, data in api.stream_episode_events(ep_id, last_event_id=last_id):
                last_id, failures, news = event_id or last_id, 0, True
                yield event, json.loads(data)
                if event == "end":
                    return
            if not news:  # the API has nothing more to tell
                return
        except ApiFailure as error:
            failures += 1
            if error.status or last_id is None or failures > COME_BACK_TIMES:
                raise
        time.sleep(COME_BACK_AFTER_S)


def _line(event: str, data: dict[str, Any]) -> str:
    if event == "report":
        return f"revision {data['revision']} is reported"
    if event == "end":
        failure = data.get("failure")
        return f"the run {data['state']}" + (f"; {failure['code']}: {failure['message']}" if failure else "")
    stages = ", ".join(f"{stage} {one['done']}/{one['total']}" for stage, one in data["stages"].items())
    return f"{data['fraction']:4.0%}  {stages}"
