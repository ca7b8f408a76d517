"""`screenalytics models`: the weights."""

from __future__ import annotations

import sys
from pathlib import Path

from screenalytics.local.machine import prepare_models, served_models
from screenalytics.weights import converting, default_cache_dir, list_models, load_registry, verify


def _say(text: str) -> None:
    print(text, file=sys.stderr)


def list_command() -> None:
    rows = [("MODEL", "ID", "LICENCE", "CALIBRATED", "STATE")]
    for entry in list_models(load_registry(), default_cache_dir()):
        calibrated = "-" if entry.role != "face_embedder" else "yes" if entry.calibrated else "no"
        rows.append((entry.name, entry.model_id, entry.licence, calibrated, entry.state))
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
    print(f"`screenalytics models pull` makes it ready; SCREENALYTICS_TRITON__EMBEDDER_MODEL={name} chooses it.")
