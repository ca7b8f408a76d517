"""How rows name a picture of a face: `{uri of a crop archive}#{member}`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple


class CropRef(NamedTuple):
    """One picture in a segment's crop archive. A row that is not stored yet has no archive: `#{member}`."""

    archive: str
    member: str

    def __str__(self) -> str:
        return f"{self.archive}#{self.member}"

    @classmethod
    def parse(cls, text: str) -> CropRef:
        """The picture that a row names; a text without `#` is a member of no archive."""
        archive, _, member = text.rpartition("#")
        return cls(archive, member)


def in_archive(text: str, archive: str) -> str:
    """The name of the picture that `text` names, where its archive is now."""
    return str(CropRef.parse(text)._replace(archive=archive))


def renamed(text: str, archives: Mapping[str, str]) -> str:
    """The name of a picture whose archive may have moved; `archives` is old URI -> new URI."""
    archive = CropRef.parse(text).archive
    return in_archive(text, archives.get(archive, archive)) if archive else text


def by_archive(names: Iterable[str | None]) -> dict[str, list[str]]:
    """Archive URI -> its members among the names, each once, in the order of the names."""
    found: dict[str, dict[str, None]] = {}
    for name in names:
        crop = CropRef.parse(name or "")
        if crop.archive:
            found.setdefault(crop.archive, {})[crop.member] = None
    return {archive: list(members) for archive, members in found.items()}
