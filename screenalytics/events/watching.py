"""Which films in a place are new, and which are there whole: what is looked at is remembered, so that each is taken once."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Literal

from chassis.errors import BadInput

FILMS = frozenset(
    f".{ending}"
    for ending in (
        *("3gp", "asf", "avi", "divx", "dv", "f4v", "flv", "m2p", "m2ts", "m2v", "m4v", "mkv", "mov", "mp4", "mpeg"),
        *("mpg", "mts", "mxf", "ogv", "ts", "vob", "webm", "wmv"),
    )
)
"""Endings of files that are looked into; what they hold is seen then."""

Outcome = Literal["published", "skipped"]


@dataclass(frozen=True, kw_only=True)
class Mark:
    """What tells a file from another one at its place: its size, and when it was written or what S3 calls its content."""

    bytes: int
    version: str


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What became of a film."""

    mark: Mark
    outcome: Outcome
    ep_id: str | None = None
    code: str | None = None


def is_film(name: str) -> bool:
    """Whether a file is looked into, by its path below the place: hidden ones and half ones (`x.mp4.part`) are not."""
    path = PurePosixPath(name)
    return path.suffix.lower() in FILMS and not any(part.startswith(".") for part in path.parts)


class Settling:
    """Finds the files that have not changed for a while. One that is still being copied grows from look to look."""

    def __init__(self, settle_s: float) -> None:
        self._settle_s = settle_s
        self._since: dict[str, tuple[Mark, float]] = {}

    def look(self, found: Mapping[str, Mark], now_s: float) -> tuple[list[str], bool]:
        """The names that stay as they are, sorted, and whether others are still on their way.

        Args:
            found: What is there now and was not dealt with.
            now_s: Of a clock that only goes forward.
        """
        self._since = {
            name: self._since[name] if name in self._since and self._since[name][0] == mark else (mark, now_s)
            for name, mark in found.items()
        }
        ready = sorted(name for name, (_, since_s) in self._since.items() if now_s - since_s >= self._settle_s)
        return ready, len(ready) < len(found)


class Memory:
    """What became of every film of one place, in a file that is replaced as a whole."""

    def __init__(self, path: Path, place: str) -> None:
        self._path = path
        self._place = place
        self._seen: dict[str, Seen] = {}

    @classmethod
    def opened(cls, path: Path, place: str) -> Memory:
        """What the file remembers; nothing where there is none.

        Raises:
            BadInput: `bad_state` where it is another place's, or none that was written here.
        """
        memory = cls(path, place)
        try:
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return memory
        except OSError as error:
            raise _bad_state(path, str(error.strerror or error)) from error
        try:
            document = json.loads(text)
            of_place = document["place"]
            memory._seen = dict(_read(document["films"]))
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise _bad_state(path, "it was not written by `watch`") from error
        if of_place != place:
            raise _bad_state(path, f"it is of {of_place}")
        return memory

    def new(self, found: Mapping[str, Mark]) -> dict[str, Mark]:
        """What was not dealt with yet, or is another file now."""
        return {name: mark for name, mark in found.items() if name not in self._seen or self._seen[name].mark != mark}

    def note(self, name: str, seen: Seen) -> None:
        """Remember a film; it is on the disk when this returns.

        Raises:
            BadInput: `bad_state` where it cannot be written.
        """
        self._seen[name] = seen
        document = {"place": self._place, "films": {name: asdict(seen) for name, seen in sorted(self._seen.items())}}
        half = self._path.with_name(f"{self._path.name}.part")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            half.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
            half.replace(self._path)
        except OSError as error:
            raise _bad_state(self._path, str(error.strerror or error)) from error


def _read(films: Mapping[str, Mapping[str, object]]) -> Iterator[tuple[str, Seen]]:
    for name, fields in films.items():
        yield name, Seen(**{**fields, "mark": Mark(**fields["mark"])})  # type: ignore[arg-type]


def _bad_state(path: Path, why: str) -> BadInput:
    return BadInput("bad_state", f"What was seen cannot be kept in {path}: {why}. Name another file with --state.")
