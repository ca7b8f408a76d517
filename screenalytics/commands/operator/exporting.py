"""`screenalytics export`: the screen time of an episode as a file."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import get_args

import httpx

from chassis.errors import BadInput
from screenalytics.commands.operator.choices import Exchange, Form, Fps
from screenalytics.commands.operator.connection import connect
from screenalytics.commands.operator.output import note
from screenalytics.http_client import models
from screenalytics.http_client.client import Client
from screenalytics.http_client.transport import TIMEOUT_S, ApiFailure

FRAMES = frozenset({"edl", "marker-edl", "fcpxml", "fcp7", "otio", "avid-markers"})
"""Forms that count frames."""

EXCHANGE = frozenset(get_args(Exchange))
"""Forms that are written of appearances, for other programs."""


BOXES = frozenset({"coco", "mot"})
"""Forms that are written of boxes in the picture."""

OF_FRAMES = frozenset({"fps", "start_tc", "record_tc", "drop_frame"})
"""What only forms that count frames take."""

OF_BOXES = frozenset({"cast", "fps"})
"""What forms of boxes take."""


@dataclass(frozen=True, kw_only=True)
class Appearances:
    """How appearances are written; None and nothing leave it to the API."""

    cast: tuple[str, ...] = ()
    fps: Fps | None = None
    start_tc: str | None = None
    record_tc: str | None = None
    drop_frame: bool | None = None
    gap_s: float | None = None
    min_s: float | None = None
    handles_s: float | None = None
    media: str | None = None

    def given(self) -> set[str]:
        """Names of what is not left to the API."""
        return {field.name for field in fields(self) if getattr(self, field.name) not in (None, ())}


def export(ep_id: str, form: Form, *, appearances: Appearances, revision: int | None, out: Path | None) -> None:
    """Write the screen time, or the appearances for an editing tool, to a file or to stdout.

    Raises:
        BadInput: `not_for_this_form`, `needs_a_file`, `wrong_ending` and `out_not_writable`.
    """
    if out is None and form in {"parquet", "mot"} and sys.stdout.isatty():
        raise BadInput("needs_a_file", f"{form} is nothing to read in a terminal: name a file with --out.")
    if form == "mot" and out is not None and out.suffix.lower() != ".zip":
        raise BadInput("wrong_ending", f"mot is a ZIP archive: name it {out.with_suffix('.zip').name}.")
    with connect() as api:
        content = _content(api, ep_id, form, appearances, revision=revision)
    if out is None:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
        return
    try:
        out.write_bytes(content)
    except OSError as error:
        raise BadInput("out_not_writable", f"{out} cannot be written: {error.strerror or error}.") from error
    note(f"{out}: {len(content)} bytes")


def _content(api: Client, ep_id: str, form: Form, wanted: Appearances, *, revision: int | None) -> bytes:
    given = wanted.given()
    if given and form not in EXCHANGE:
        forms = ", ".join(sorted(EXCHANGE))
        raise BadInput("not_for_this_form", f"{_options(given)} is for {forms}; {form} is the whole report.")
    if form in BOXES:
        if others := given - OF_BOXES:
            raise BadInput("not_for_this_form", f"{_options(others)} is for appearances; {form} is of boxes.")
    elif (in_frames := given & OF_FRAMES) and form not in FRAMES:
        forms = ", ".join(sorted(FRAMES))
        raise BadInput("not_for_this_form", f"{_options(in_frames)} is for {forms}; {form} counts no frames.")
    match form:
        case "json" | "csv":
            return api.read_screen_time_file(ep_id, form, inline=True, revision=revision)
        case "parquet" | "html":
            return _fetched(api.read_screen_time_file(ep_id, form, revision=revision))
        case _:
            return api.export_appearances(
                ep_id,
                form,
                cast_id=list(wanted.cast) or None,
                fps=wanted.fps,
                start_tc=wanted.start_tc,
                record_tc=wanted.record_tc,
                drop_frame=wanted.drop_frame,
                gap_s=wanted.gap_s,
                min_s=wanted.min_s,
                handles_s=wanted.handles_s,
                media=wanted.media,
                revision=revision,
            )


def _options(names: Iterable[str]) -> str:
    return " and ".join(f"--{name.removesuffix('_s').replace('_', '-')}" for name in sorted(names))


def _fetched(answer: bytes) -> bytes:
    """The file that an answer says where to fetch; checked, because it comes from somewhere else."""
    place = models.ScreenTimeFile.model_validate(json.loads(answer)["data"])
    try:
        response = httpx.get(place.url, timeout=TIMEOUT_S).raise_for_status()
    except httpx.HTTPError as error:
        raise ApiFailure(0, "file_unreachable", f"{place.name} cannot be fetched from S3: {error}.", {}) from error
    if hashlib.sha256(response.content).hexdigest() != place.sha256:
        raise ApiFailure(0, "file_damaged", f"{place.name} came with other bytes than were reported: try again.", {})
    return response.content
