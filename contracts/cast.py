"""What people say of a cast member besides the name: ids, characters, role, attributes.

**All of it was stated by somebody; nothing of it is inferred from faces or pictures, and nothing is recognised by it.**
A cast member is the person, a character is whom they play: one person may play several, several may play one.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from contracts.blobs import Contract
from contracts.external_ids import PersonIds

SUGGESTED_ROLES = ("actor", "presenter", "guest", "expert", "reporter", "contestant", "performer", "voice", "extra")
"""What the documentation proposes; any other word in this form is a role as well."""

Word = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(?:-[a-z0-9]+)*$", max_length=40)]
Line = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=120, pattern=r"^[^\x00-\x1f\x7f-\x9f]+$"),
]


class CastDetails(Contract):
    """What is known of a cast member; everything may be left out."""

    external_ids: PersonIds = Field(default_factory=PersonIds)
    role: Word | None = Field(
        default=None, description="What they are in the programme: actor, presenter, guest, expert …"
    )
    characters: tuple[Line, ...] = Field(default=(), max_length=20, description="Whom they play, as credited.")
    attributes: dict[Word, Line] = Field(
        default_factory=dict, max_length=20, description="What they say of themselves, by words of your own."
    )

    @property
    def is_empty(self) -> bool:
        return self == CastDetails()
