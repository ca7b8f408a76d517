"""A cast as people keep it on disk: a folder of pictures per member, or loose pictures that are named after one.

A file `cast.toml` beside them says what is known of the members.

**Whatever lies in the folder is somebody's picture or is passed over with a reason**: nothing goes unsaid.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from chassis.errors import BadInput
from contracts.cast import CastDetails
from contracts.ids import slugify
from screenalytics.events.cast_file import CAST_FILE, read_cast_file

MOST_ENTRIES = 20_000
DEEPEST = 12
MOST_PICTURES_OF_ONE = 100
"""More tell nothing new: of many, every n-th is taken."""

LONGEST_NAME, LONGEST_SHOWN = 120, 500

LEFT_BEHIND = "left behind by a system"
NO_PICTURE = "no picture"
ARCHIVE = "an archive: unpack it"
OF_NOBODY = "named after nobody: put it into a folder with the member's name"
CLOSED = "cannot be read: check its permissions"
TOO_DEEP = f"more than {DEEPEST} folders deep"
SURPLUS = f"more than {MOST_PICTURES_OF_ONE} pictures of one member"

_SYSTEM_FILES = frozenset({"thumbs.db", "ehthumbs.db", "desktop.ini", "__macosx", "@eadir", "$recycle.bin", "icon\r"})
_ARCHIVES = frozenset({".zip", ".rar", ".7z", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".zst"})
_NUMBER = re.compile(r"(?:[\s_.-]*[(\[]\d{1,4}[)\]]|[\s_.-]+\d{1,4}|(?<=[^\W\d_]{3})\d{1,4})$")
"""What tells several pictures of one person apart: ` (2)`, `-2`, `2`."""

_CAMERA = re.compile(
    r"(?:img|dsc[nf]?|pxl|mvi|dji|gopr|p|photo|image|picture|pic|foto|bild|scan|capture|unnamed|untitled|unbenannt|file"
    r"|download|screenshot.*|bildschirmfoto.*|whatsapp image.*)?[\W\d_]*",
    re.IGNORECASE,
)
"""Names that cameras, telephones and browsers give."""


@dataclass(frozen=True, kw_only=True)
class MemberPictures:
    """A cast member and the pictures found of them, which may be none."""

    cast_id: str
    name: str
    pictures: tuple[Path, ...]
    root: Path
    """The cast folder."""
    details: CastDetails | None = None
    """What the folder's cast file says of them; None where it says nothing."""

    def shown(self, picture: Path) -> str:
        """How a picture is called in what people read: its path below the cast folder."""
        return "/".join(as_text(part) for part in picture.relative_to(self.root).parts)[-LONGEST_SHOWN:]


@dataclass(frozen=True, kw_only=True)
class PassedOver:
    """A file or folder that is not taken; `path` as below the folder that was searched."""

    path: str
    why: str


@dataclass(frozen=True, kw_only=True)
class CastFolder:
    """What a cast folder holds; members by name."""

    members: tuple[MemberPictures, ...] = ()
    passed_over: tuple[PassedOver, ...] = ()

    @property
    def without_pictures(self) -> tuple[str, ...]:
        """Names of the members of whom there is no picture."""
        return tuple(member.name for member in self.members if not member.pictures)


def read_cast_folder(folder: Path) -> CastFolder:
    """The members of a cast: every folder, with the pictures at any depth below, and whom loose pictures are named after.

    Raises:
        BadInput: cast_folder_missing, cast_folder_empty, cast_folder_too_large, cast_names_collide or bad_cast_file.
    """
    _check_folder(folder, code="cast_folder_missing", what="The cast folder")
    search = _Search(folder)
    found: dict[str, tuple[str, list[Path]]] = {}
    loose: list[Path] = []
    said: dict[str, tuple[str, CastDetails]] = {}
    for entry in search.entries(folder):
        if entry.name == CAST_FILE and entry.is_file():
            said = read_cast_file(entry)
            continue
        if not entry.is_dir():
            loose += [entry] if search.is_picture(entry) else []
            continue
        name = _as_name(entry.name)
        cast_id = slugify(name)
        if cast_id in found:
            raise BadInput(
                "cast_names_collide",
                f"The cast folders {found[cast_id][0]!r} and {name!r} give the same id {cast_id!r}: rename one.",
            )
        found[cast_id] = (name, search.pictures(entry))
    for path in loose:
        whose = _named_after(path.stem, set(found))
        if whose is None:
            search.pass_over(path, OF_NOBODY)
        else:
            found.setdefault(slugify(whose), (whose, []))[1].append(path)
    for cast_id, (name, _) in said.items():
        found.setdefault(cast_id, (name, []))
    members = [
        MemberPictures(
            cast_id=cast_id,
            name=name,
            pictures=search.at_most(pictures),
            root=folder,
            details=said[cast_id][1] if cast_id in said else None,
        )
        for cast_id, (name, pictures) in found.items()
    ]
    cast = CastFolder(
        members=tuple(sorted(members, key=lambda member: member.name)), passed_over=tuple(search.passed_over)
    )
    if not any(member.pictures for member in members):
        hint = _hint(cast.passed_over)
        raise BadInput(
            "cast_folder_empty",
            f"The cast folder {folder} holds no pictures{hint}: make one folder of pictures per cast member.",
        )
    return cast


def read_pictures(folder: Path) -> tuple[tuple[Path, ...], tuple[PassedOver, ...]]:
    """The pictures of one person in a folder, at any depth, and what is passed over.

    Raises:
        BadInput: pictures_missing or cast_folder_too_large.
    """
    _check_folder(folder, code="pictures_missing", what="The folder")
    search = _Search(folder)
    found = search.at_most(search.pictures(folder))
    if not found:
        raise BadInput("pictures_missing", f"{folder} holds no pictures{_hint(search.passed_over)}: put some into it.")
    return found, tuple(search.passed_over)


class _Search:
    """Looks through a folder, and notes what it passes over."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._looked_at = 0
        self.passed_over: list[PassedOver] = []

    def pass_over(self, path: Path, why: str) -> None:
        parts = path.relative_to(self._root).parts
        self.passed_over.append(PassedOver(path="/".join(as_text(part) for part in parts), why=why))

    def entries(self, folder: Path) -> list[Path]:
        """What lies in a folder, without what systems leave behind; in order of the names."""
        try:
            entries = sorted(folder.iterdir())
        except OSError:
            self.pass_over(folder, CLOSED)
            return []
        self._looked_at += len(entries)
        if self._looked_at > MOST_ENTRIES:
            raise BadInput(
                "cast_folder_too_large",
                f"{self._root} holds more than {MOST_ENTRIES} files: name the folder that holds the cast only.",
            )
        wanted = []
        for entry in entries:
            if entry.name.startswith(".") or entry.name.lower() in _SYSTEM_FILES:
                self.pass_over(entry, LEFT_BEHIND)
            else:
                wanted.append(entry)
        return wanted

    def pictures(self, folder: Path, depth: int = 1) -> list[Path]:
        """All pictures below a folder. Folders that are links are not followed there."""
        found: list[Path] = []
        for entry in self.entries(folder):
            if not entry.is_dir():
                found += [entry] if self.is_picture(entry) else []
            elif entry.is_symlink():
                self.pass_over(entry, "a link to a folder")
            elif depth == DEEPEST:
                self.pass_over(entry, TOO_DEEP)
            else:
                found += self.pictures(entry, depth + 1)
        return found

    def is_picture(self, path: Path) -> bool:
        """By its name or, failing that, by how it begins; one that only calls itself a picture is refused later."""
        from chassis.domain.pictures import SUFFIXES, is_picture

        if path.is_file() and (path.suffix.lower() in SUFFIXES or is_picture(path)):
            return True
        self.pass_over(path, ARCHIVE if path.suffix.lower() in _ARCHIVES else NO_PICTURE)
        return False

    def at_most(self, pictures: Sequence[Path]) -> tuple[Path, ...]:
        """As many as are taken of one person, spread over all."""
        taken = tuple(pictures[:: -(-len(pictures) // MOST_PICTURES_OF_ONE) or 1])
        for path in set(pictures) - set(taken):
            self.pass_over(path, SURPLUS)
        return taken


def _check_folder(folder: Path, *, code: str, what: str) -> None:
    if folder.is_file() and folder.suffix.lower() in _ARCHIVES:
        raise BadInput(code, f"{folder} is an archive: unpack it, and name the folder.")
    if not folder.is_dir():
        raise BadInput(code, f"{what} {folder} does not exist or is not a folder.")


def as_text(name: str) -> str:
    """A file's name without what no text can hold: control characters, bytes that are no letters."""
    text = unicodedata.normalize("NFC", name.encode("utf-8", "replace").decode())
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split()) or "?"


def _as_name(text: str) -> str:
    """A person's name as it is written in the name of a folder or file."""
    return as_text(text)[:LONGEST_NAME].strip()


def _named_after(stem: str, known: set[str]) -> str | None:
    """The name of the person that a loose picture is named after; None for a name that a camera gave.

    A number at the end is part of the name only where somebody of that name is `known`, by cast id.
    """
    whole = _as_name(stem)
    bare = _as_name(_NUMBER.sub("", whole))
    for name in (whole, bare):
        if slugify(name) in known:
            return name
    return None if _CAMERA.fullmatch(whole) else bare


def _hint(passed_over: Sequence[PassedOver]) -> str:
    """What was found instead of pictures."""
    if not passed_over:
        return ""
    first = passed_over[0]
    more = f" and {len(passed_over) - 1} more" if len(passed_over) > 1 else ""
    return f" ({first.path}{more} passed over: {first.why})"
