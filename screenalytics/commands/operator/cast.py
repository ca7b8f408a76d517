"""`screenalytics cast`: the cast of a show and its reference pictures."""

from __future__ import annotations

import mimetypes
from collections.abc import Iterator, Sequence
from pathlib import Path

from chassis.errors import BadInput
from screenalytics.commands.operator.connection import connect, every
from screenalytics.commands.operator.descriptions import given
from screenalytics.commands.operator.output import Columns, note, several, show, tell
from screenalytics.http_client import models
from screenalytics.http_client.client import Client
from screenalytics.http_client.transport import Answer
from screenalytics.terminal.cast_notes import tell_passed_over, tell_without_pictures

PICTURES_A_REQUEST = 20
BYTES_A_REQUEST = 64 * 2**20
"""Larger sets of pictures go in several requests."""
MEMBERS_A_REQUEST = 500
CREATED = 201

SHOWS: Columns = {
    "show": lambda one: one.show,
    "name": lambda one: one.name,
    "members": lambda one: one.members,
    "episodes": lambda one: one.episodes,
}
CAST: Columns = {
    "cast id": lambda one: one.cast_id,
    "name": lambda one: one.name,
    "role": lambda one: one.details.role if one.details else None,
    "characters": lambda one: ", ".join(one.details.characters or []) if one.details else None,
    "pictures": lambda one: one.pictures,
}
PICTURES: Columns = {
    "picture": lambda one: one.picture,
    "file": lambda one: one.filename,
    "quality": lambda one: one.quality,
    "used": lambda one: one.used,
    "same as": lambda one: one.duplicate_of,
    "looks like": lambda one: one.looks_like,
}
VERDICTS: Columns = {
    "cast id": lambda one: one.cast_id,
    "file": lambda one: one.filename,
    "verdict": lambda one: one.code,
    "": lambda one: one.message,
}
ROWS: Columns = {
    "cast id": lambda one: one.cast_id,
    "name": lambda one: one.name,
    "verdict": lambda one: one.verdict,
    "": lambda one: one.message,
}


def list_shows(*, as_json: bool) -> None:
    """Shows that have a cast or a reported episode."""
    with connect() as api:
        found = list(every(lambda cursor: api.list_shows(cursor=cursor).data))
    show(found, as_json=as_json, columns=SHOWS, nothing="no shows")


def create_show(slug: str, name: str | None, *, as_json: bool) -> None:
    """A show whose cast can be filled before its first episode."""
    with connect() as api:
        answer = api.create_show(models.NewShow(name=name or slug, show=slug))
    said = "created" if answer.status == CREATED else "was there already"
    tell(f"{answer.data.show} {said}", answer.data, as_json=as_json)


def list_cast(slug: str, *, as_json: bool) -> None:
    """The cast of a show."""
    with connect() as api:
        found = list(every(lambda cursor: api.list_cast(slug, cursor=cursor).data))
    show(found, as_json=as_json, columns=CAST, nothing=f"{slug} has no cast")


def add(slug: str, name: str, pictures: Path | None, *, cast_id: str | None, as_json: bool) -> None:
    """Add somebody to the cast, with the pictures in a folder."""
    files = _pictures_in(pictures) if pictures is not None else ()
    with connect() as api:
        answer = api.add_cast_member(slug, models.NewMember(name=name, cast_id=cast_id))
        verdicts = list(_upload(api, slug, answer.data.cast_id, files))
    said = "added" if answer.status == CREATED else "is in the cast already"
    tell(f"{answer.data.name} {said} as {answer.data.cast_id}", answer.data, as_json=as_json)
    if verdicts:
        _show_verdicts(verdicts, as_json=as_json)


def import_folder(slug: str, folder: Path, *, as_json: bool) -> None:
    """Add everybody who has a folder of pictures."""
    from screenalytics.events.cast_folder import read_cast_folder

    found = read_cast_folder(folder)
    _tell(tell_passed_over(found.passed_over))
    members = [models.NewMember(name=one.name, cast_id=one.cast_id) for one in found.members]
    with connect() as api:
        rows = [
            row
            for start in range(0, len(members), MEMBERS_A_REQUEST)
            for row in api.import_cast(slug, models.CastImport(members=members[start : start + MEMBERS_A_REQUEST])).data
        ]
        show(rows, as_json=as_json, columns=ROWS, nothing="nobody")
        welcome = {row.cast_id for row in rows if row.verdict != "refused"}
        for one in found.members:
            if one.details is not None and one.cast_id in welcome:
                api.describe_cast_member(slug, one.cast_id, given(one.details))
        verdicts = [
            verdict
            for one in found.members
            if one.cast_id in welcome
            for verdict in _upload(api, slug, one.cast_id, one.pictures)
        ]
    _show_verdicts(verdicts, as_json=as_json)
    _tell(tell_without_pictures(found, verdicts))


def add_pictures(slug: str, cast_id: str, files: Sequence[Path], *, as_json: bool) -> None:
    """Add reference pictures of a cast member. Raises BadInput `no_picture_accepted`."""
    with connect() as api:
        verdicts = list(_upload(api, slug, cast_id, files))
    _show_verdicts(verdicts, as_json=as_json)


def list_pictures(slug: str, cast_id: str, *, as_json: bool) -> None:
    """The reference pictures of a cast member."""
    with connect() as api:
        found = api.list_pictures(slug, cast_id).data
    show(found, as_json=as_json, columns=PICTURES, nothing=f"{cast_id} has no pictures")


def remove_picture(slug: str, cast_id: str, picture: str) -> None:
    """Remove one reference picture."""
    with connect() as api:
        gone = api.delete_picture(slug, cast_id, picture).data
    print(f"{several(gone, 'picture')} of {cast_id} removed")


def rename(slug: str, cast_id: str, name: str, *, as_json: bool) -> None:
    """Give a cast member another name."""
    with connect() as api:
        found = api.rename_cast_member(slug, cast_id, models.Renaming(name=name)).data
    tell(f"{found.cast_id} is called {found.name}", found, as_json=as_json)


def remove(slug: str, cast_id: str, *, unlink: bool, as_json: bool) -> None:
    """Remove a cast member with their pictures."""
    with connect() as api:
        gone = api.remove_cast_member(slug, cast_id, unlink=unlink).data
    said = f"{gone.cast_id} removed with {several(gone.pictures, 'picture')}"
    if gone.links:
        said += f" and {several(sum(gone.links.values()), 'link')} in {', '.join(sorted(gone.links))}"
    tell(said, gone, as_json=as_json)


def _show_verdicts(verdicts: Sequence[models.PictureVerdict], *, as_json: bool) -> None:
    show(verdicts, as_json=as_json, columns=VERDICTS, nothing="no pictures")
    accepted = sum(one.accepted for one in verdicts)
    if verdicts and not accepted:
        raise BadInput("no_picture_accepted", "None of the pictures can be used: the verdicts say why.")
    note(f"{accepted} of {several(len(verdicts), 'picture')} accepted")


def _pictures_in(folder: Path) -> tuple[Path, ...]:
    from screenalytics.events.cast_folder import read_pictures

    found, passed_over = read_pictures(folder)
    _tell(tell_passed_over(passed_over))
    return found


def _tell(lines: Sequence[str]) -> None:
    for line in lines:
        note(line)


def _upload(api: Client, slug: str, cast_id: str, files: Sequence[Path]) -> Iterator[models.PictureVerdict]:
    for sent in _requests(files):
        answer: Answer[models.PictureVerdicts] = api.add_pictures(slug, cast_id, sent)
        yield from answer.data.verdicts


def _requests(files: Sequence[Path]) -> Iterator[list[tuple[str, tuple[str, bytes, str]]]]:
    """The files in parts that one request takes each."""
    part: list[tuple[str, tuple[str, bytes, str]]] = []
    held = 0
    for path in files:
        content = _read(path)
        if part and (len(part) == PICTURES_A_REQUEST or held + len(content) > BYTES_A_REQUEST):
            yield part
            part, held = [], 0
        kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        part.append(("pictures", (path.name, content, kind)))
        held += len(content)
    if part:
        yield part


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise BadInput("picture_unreadable", f"{path} cannot be read: {error.strerror or error}.") from error
