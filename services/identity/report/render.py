"""The report as one HTML file that needs nothing else: it opens from a disk, without a network."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from contracts.rows import ScreenTimeDocument, ShotRow, TrackMetricsDocument
from services.identity.report import formatting
from services.identity.report.view import build_view
from services.identity.signoff.statement import in_words

ASSETS = Path(__file__).parent / "assets"


def render_report(
    *,
    document: ScreenTimeDocument,
    title: str,
    shots: Sequence[ShotRow],
    thumbnails: Mapping[str, bytes],
    metrics: TrackMetricsDocument | None,
    conflicts: Sequence[str] = (),
) -> str:
    """Write the screen time of an episode as a self-contained HTML page.

    Args:
        document: the result, with its warnings and changes; `cast` is shown in the order given.
        title: the episode's title; blank shows the episode id instead.
        shots: the episode's shots or parts of shots, in any order; empty where they are not known.
        thumbnails: representative key -> JPEG bytes. Missing or unusable pictures are replaced by initials.
        metrics: figures about the analysis itself, None where they are not known.
        conflicts: sentences about contradictions that a person has to settle.

    The same input gives the same text, byte for byte. Its size is bounded by the limits in `view`, `timeline` and
    `pictures`: at most about 24 MB with the largest thumbnails, well under 1 MB for a usual episode.
    """
    view = build_view(
        document=document, title=title, shots=shots, thumbnails=thumbnails, metrics=metrics, conflicts=conflicts
    )
    script = asset("report.js")
    return (
        environment()
        .get_template("report.html.j2")
        .render(
            view=view,
            document=document,
            metrics=metrics,
            style=asset("report.css"),
            script=script,
            script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii"),
        )
    )


@cache
def asset(name: str) -> str:
    """A file beside the templates."""
    return (ASSETS / name).read_text(encoding="utf-8")


@cache
def environment() -> Environment:
    """Templates, with the filters that all pages share."""
    environment = Environment(
        loader=FileSystemLoader(ASSETS),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        timecode=formatting.timecode,
        spoken=formatting.spoken_duration,
        seconds=formatting.exact_seconds,
        percent=formatting.percent,
        percent_whole=formatting.percent_whole,
        sentence=formatting.sentence,
        initials=formatting.initials,
        season_and_episode=formatting.season_and_episode,
        signed=in_words,
    )
    return environment
