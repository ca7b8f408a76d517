"""Holding a statement against the video and the files it speaks of. Reads files, asks nobody."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from chassis.errors import BadInput
from screenalytics.proof.envelope import LARGEST_BYTES, Opened, open_envelope, read_public_key
from screenalytics.proof.form import StatementForm
from screenalytics.proof.statement import PREDICATE, STATEMENT, VIDEO

Verdict = Literal["ok", "wrong", "missing", "unchecked"]
CHUNK_BYTES = 2**20


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What became of one thing that the statement speaks of."""

    what: str
    verdict: Verdict
    said: str


def verify(
    statement: Path, *, key: Path | None, video: Path | None, files: Path | None
) -> tuple[Opened, list[Finding]]:
    """The statement, and whether everything that was given is what it speaks of. What was not given is unchecked.

    Raises:
        BadInput: `not_a_proof`, `signature_wrong`, `bad_key`, `file_missing`.
    """
    for path in (statement, video, files):
        if path is not None and not path.exists():
            raise BadInput("file_missing", f"{path} is not there.")
    if statement.stat().st_size > LARGEST_BYTES:
        raise BadInput("not_a_proof", f"{statement} is too large to be a statement.")
    opened = open_envelope(statement.read_text("utf-8", "replace"), read_public_key(key) if key else None)
    return opened, list(_findings(opened.payload, video=video, files=files))


def _findings(payload: Mapping[str, Any], *, video: Path | None, files: Path | None) -> Iterator[Finding]:
    subjects = _subjects(payload)
    for name, digest in subjects.items():
        if name == VIDEO:
            found = video
        else:
            found = _beside(files, name) if files is not None else None
        if found is None:
            given = video if name == VIDEO else files
            if given is None:
                yield Finding(what=name, verdict="unchecked", said="not given")
            else:
                yield Finding(what=name, verdict="missing", said=f"is not in {files}")
            continue
        actual = _sha256(found)
        if actual == digest:
            yield Finding(what=name, verdict="ok", said=f"{found} is what was stated")
        else:
            yield Finding(what=name, verdict="wrong", said=f"{found} is another: {actual[:16]}… and not {digest[:16]}…")
    if files is not None and (document := _beside(files, "screen_time.json")) is not None:
        yield from _seconds(payload["predicate"], document)


def _subjects(payload: Mapping[str, Any]) -> dict[str, str]:
    if payload.get("_type") != STATEMENT or payload.get("predicateType") != PREDICATE:
        raise BadInput("not_a_proof", "This is signed, but no statement about a revision of a screen time.")
    try:
        form = StatementForm.model_validate(payload, strict=True)
    except ValidationError as error:
        place = ".".join(str(part) for part in error.errors()[0]["loc"])
        raise BadInput(
            "not_a_proof", f"This is signed, but no whole statement: {place} is missing or wrong."
        ) from error
    return {one.name: one.digest.sha256 for one in form.subject}


def _seconds(predicate: Mapping[str, Any], document: Path) -> Iterator[Finding]:
    """The figures in the statement are those of the file, so that nobody has to look into both."""
    try:
        cast = json.loads(document.read_text("utf-8"))["cast"]
        found = {row["cast_id"]: row["visible_s"] for row in cast}
    except (ValueError, KeyError, TypeError, RecursionError):
        yield Finding(what="screen time", verdict="wrong", said=f"{document} is no screen time")
        return
    stated = {row["cast_id"]: row["visible_s"] for row in predicate["cast"]}
    for cast_id in sorted(stated.keys() | found.keys()):
        if stated.get(cast_id) != found.get(cast_id):
            said = f"stated {_told(stated.get(cast_id))}, the file says {_told(found.get(cast_id))}"
            yield Finding(what=f"seconds of {cast_id}", verdict="wrong", said=said)


def _told(seconds: float | None) -> str:
    return "nothing" if seconds is None else f"{seconds:.3f} s"


def _beside(folder: Path | None, name: str) -> Path | None:
    """A file of the result, where `run` and the API put it; a name never leads out of the folder."""
    if folder is None or Path(name).name != name:
        return None
    return next((path for path in (folder / name, folder / "manifests" / name) if path.is_file()), None)


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()
