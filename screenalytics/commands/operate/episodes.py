"""`screenalytics episodes`: what there is and how far it is."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from screenalytics.api import models
from screenalytics.commands.operate.connection import connect, every, show, show_one


def list_episodes(*, show_slug: str | None, state: Any, as_json: bool) -> None:
    with connect() as api:
        found = list(every(lambda cursor: api.list_episodes(show=show_slug, state=state, cursor=cursor)))
    show(
        found,
        as_json=as_json,
        columns={
            "episode": lambda one: one.ep_id,
            "title": lambda one: one.title,
            "length s": lambda one: one.duration_s,
            "state": lambda one: one.current_run.state if one.current_run else None,
            "changed": lambda one: f"{one.updated_at:%Y-%m-%d %H:%M}",
        },
    )


def show_episode(ep_id: str) -> None:
    with connect() as api:
        show_one(api.get_episode(ep_id).data)


def create(show_slug: str, season: int, episode: int, *, title: str | None) -> None:
    with connect() as api:
        wanted = models.NewEpisode(show=show_slug, season=season, episode=episode, title=title)
        print(api.create_episode(wanted).data.ep_id)


def run_again(ep_id: str, *, profile: Any) -> None:
    with connect() as api:
        print(api.start_run(ep_id, models.NewRun(profile=profile, force=True)).data.run_id)


def delete(ep_id: str) -> None:
    with connect() as api:
        api.delete_episode(ep_id)
    print(f"{ep_id} is deleted", file=sys.stderr)


def follow(ep_id: str) -> None:
    """Print the progress of an episode's runs, one JSON object a line, until its run ends."""
    with connect() as api:
        for _, event, data in api.stream_episode_events(ep_id):
            print(json.dumps({"event": event, **json.loads(data)}), flush=True)


def export(ep_id: str, form: Any, *, cast_id: str | None, fps: Any, out: Path | None) -> None:
    """Write the screen time or the appearances of an episode to a file, or to stdout."""
    with connect() as api:
        if form in {"json", "csv"}:
            content = api.read_screen_time(ep_id).data.model_dump_json(indent=2).encode() if form == "json" else b""
            content = content or api.content("GET", f"/screen-time/{ep_id}/files/csv", query={"inline": True})
        else:
            content = api.export_appearances(ep_id, form, cast_id=cast_id, fps=fps)
    if out is None:
        sys.stdout.buffer.write(content)
    else:
        out.write_bytes(content)
