"""`screenalytics models`: the weights."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from chassis.errors import BadInput
from screenalytics.commands.operator.connection import URL_VARIABLE, connect, every
from screenalytics.http_client import models
from screenalytics.local.machine import EMBEDDER_MODEL, prepare_models, served_models
from screenalytics.weights import (
    converting,
    default_cache_dir,
    list_models,
    load_registry,
    pull,
    verify,
    write_choice,
)


def _say(text: str) -> None:
    print(text, file=sys.stderr)


def list_command() -> None:
    chosen = served_models()
    rows = [("MODEL", "ID", "LICENCE", "CALIBRATED", "STATE", "USED")]
    for entry in list_models(load_registry(), default_cache_dir()):
        calibrated = "-" if entry.role != "face_embedder" else "yes" if entry.calibrated else "no"
        rows.append(
            (entry.name, entry.model_id, entry.licence, calibrated, entry.state, "yes" if entry.name in chosen else "")
        )
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        print("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())


def pull_command() -> None:
    prepare_models(_say)
    print(f"models are ready in {default_cache_dir()}")


def verify_command() -> None:
    problems = verify(load_registry(), default_cache_dir(), needed=served_models())
    for problem in problems:
        print(f"{problem.code}: {problem.message}", file=sys.stderr)
    if problems:
        sys.exit(2)
    print("all models are what the registry names")


def use_command(name: str) -> None:
    """Choose the embedder of this machine; then what was embedded with another is embedded again, as far as the model
    is served already.

    Raises:
        BadInput: `unknown_model`, `no_embedder`.
        WeightsError: when it cannot be made ready.
    """
    registry = load_registry()
    spec = registry.models.get(name)
    if spec is None or spec.role != "face_embedder":
        known = ", ".join(sorted(each for each, model in registry.models.items() if model.role == "face_embedder"))
        raise BadInput("unknown_model", f"{name} is no embedder of the registry: there are {known}.")
    pull(registry, default_cache_dir(), _say, models=[name])
    write_choice("face_embedder", name)
    given = os.environ.get(EMBEDDER_MODEL)
    if given and given != name:
        raise BadInput("model_fixed", f"{EMBEDDER_MODEL} is {given}: set it to {name}, and say this again.")
    print(f"{name} ({spec.licence}) is used from the next start of the services on.")
    if not os.environ.get(URL_VARIABLE):
        print(f"Start them, set {URL_VARIABLE}, and say this again: pictures and episodes are embedded again then.")
        return
    embed_everything_again(spec.model_id)


def embed_everything_again(model_id: str) -> None:
    """Facebanks first, then every finished episode that was recognised with another model: a new run from its tracks.

    Said again, it goes on where it was; what is done already stays.
    """
    with connect() as api:
        for one in every(lambda cursor: api.list_shows(cursor=cursor).data):
            done = api.embed_pictures(one.show, models.EmbedAgain(model_id=model_id)).data
            print(f"{one.show}: {done.changed} of {done.pictures} pictures embedded")
            for picture in done.failed:
                print(f"{one.show}: {picture} has no face that can be used", file=sys.stderr)
        for episode in every(lambda cursor: api.list_episodes(state="finished", cursor=cursor).data):
            run = episode.current_run
            used = (api.read_screen_time(episode.ep_id).data.models or {}).get("face_embedder")
            if run is None or used == model_id:
                continue
            reason = f"Embedded again with {model_id}, before with {used or 'another model'}."
            wanted = models.NewRun(reuse_tracks=True, reason=reason[:200])
            started = api.start_run(episode.ep_id, wanted, idempotency_key=f"embed-{run.run_id}-{model_id}"[:100])
            print(f"{episode.ep_id}: run {started.data.run_id} goes on from the tracks of {run.run_id}")


ARCFACE_CHIP = ((38.29, 51.70), (73.53, 51.50), (56.03, 71.74), (41.55, 92.37), (70.73, 92.20))
"""Where ArcFace-style embedders expect eyes, nose and mouth corners in their 112x112 chips (InsightFace's template)."""


def add_command(name: str, onnx: Path, *, licence: str, mean: float, scale: float, bgr: bool) -> None:
    with converting():
        from screenalytics.weights.own_models import add_model

    spec = add_model(
        onnx,
        name=name,
        role="face_embedder",
        licence=licence,
        mean=(mean, mean, mean),
        scale=scale,
        channel_order="bgr" if bgr else "rgb",
        chip_points=ARCFACE_CHIP,
    )
    print(f"{name} is registered ({spec.licence}), not yet calibrated: nobody is named automatically with it.")
    print(f"`screenalytics models use {name}` makes it ready and chooses it.")
