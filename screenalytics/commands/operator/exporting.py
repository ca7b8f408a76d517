"""`screenalytics export`: the screen time of an episode as a file."""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path

import httpx

from chassis.errors import BadInput
from screenalytics.commands.operator.choices import Form, Fps
from screenalytics.commands.operator.connection import connect
from screenalytics.commands.operator.output import note
from screenalytics.http_client import models
from screenalytics.http_client.client import Client
from screenalytics.http_client.transport import TIMEOUT_S, ApiFailure

FRAMES = frozenset({"edl", "fcpxml"})
EXCHANGE = FRAMES | {"webvtt"}


def export(
    ep_id: str, form: Form, *, cast_id: str | None, fps: Fps | None, revision: int | None, out: Path | None
) -> None:
    """Write the screen time, or the appearances for an editing tool, to a file or to stdout.

    Raises:
        BadInput: `not_for_this_form`, `needs_a_file` and `out_not_writable`.
    """
    if out is None and form == "parquet" and sys.stdout.isatty():
        raise BadInput("needs_a_file", "Parquet is nothing to read in a terminal: name a file with --out.")
    with connect() as api:
        content = _content(api, ep_id, form, cast_id=cast_id, fps=fps, revision=revision)
    if out is None:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
        return
    try:
        out.write_bytes(content)
    except OSError as error:
        raise BadInput("out_not_writable", f"{out} cannot be written: {error.strerror or error}.") from error
    note(f"{out}: {len(content)} bytes")


def _content(
    api: Client, ep_id: str, form: Form, *, cast_id: str | None, fps: Fps | None, revision: int | None
) -> bytes:
    if cast_id is not None and form not in EXCHANGE:
        raise BadInput("not_for_this_form", f"--cast is for edl, fcpxml and webvtt; {form} is of everybody.")
    if fps is not None and form not in FRAMES:
        raise BadInput("not_for_this_form", f"--fps is for edl and fcpxml; {form} counts no frames.")
    match form:
        case "edl" | "fcpxml" | "webvtt":
            return api.export_appearances(ep_id, form, cast_id=cast_id, fps=fps, revision=revision)
        case "json" | "csv":
            return api.read_screen_time_file(ep_id, form, inline=True, revision=revision)
        case "parquet" | "html":
            return _fetched(api.read_screen_time_file(ep_id, form, revision=revision))


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
