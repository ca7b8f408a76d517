"""`cast.toml` in a cast folder: what is said of the members besides their pictures. docs/external-ids.md describes it."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ConfigDict, ValidationError

from chassis.errors import BadInput
from contracts.cast import CastDetails
from contracts.ids import slugify

CAST_FILE = "cast.toml"
LARGEST_BYTES = 2**20


class _Entry(CastDetails):
    """A table of the file: the fields of `CastDetails` with the ids beside them."""

    model_config = ConfigDict(extra="forbid")


def read_cast_file(path: Path) -> dict[str, tuple[str, CastDetails]]:
    """Cast id -> name and details, of every table of the file; its heading is a member's name.

    Raises:
        BadInput: bad_cast_file, with the member and the field where one is wrong.
    """
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise BadInput("bad_cast_file", f"{path} has more than {LARGEST_BYTES // 2**20} MiB: this is no cast file.")
        tables = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise BadInput("bad_cast_file", f"{path} cannot be read: {error.strerror or error}.") from error
    except (ValueError, RecursionError) as error:
        raise BadInput("bad_cast_file", f"{path} is no TOML: {error}.") from error
    found: dict[str, tuple[str, CastDetails]] = {}
    for name, table in tables.items():
        if not isinstance(table, dict):
            raise BadInput("bad_cast_file", f'{path}: {name} stands outside of a table: begin with ["A Name"].')
        cast_id = slugify(name)
        if cast_id in found:
            raise BadInput("bad_cast_file", f"{path}: {found[cast_id][0]!r} and {name!r} give the same id {cast_id!r}.")
        found[cast_id] = (name, _details(path, name, table))
    return found


def _details(path: Path, name: str, table: Mapping[str, Any]) -> CastDetails:
    ids = {registry: table[registry] for registry in ("imdb", "wikidata") if registry in table}
    others = {key: value for key, value in table.items() if key not in ids}
    try:
        entry = _Entry.model_validate(others | {"external_ids": ids})
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"] if part != "external_ids")
        said = str(first["msg"]).removeprefix("Value error, ")
        raise BadInput("bad_cast_file", f"{path}: {name}: {where}: {said}.") from error
    return CastDetails.model_validate(entry.model_dump())
