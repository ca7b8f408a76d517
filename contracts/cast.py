"""What people say of a cast member besides the name: ids, characters, role, attributes.

**All of it was stated by somebody; nothing of it is inferred from faces or pictures, and nothing is recognised by it.**
A cast member is the person, a character is whom they play: one person may play several, several may play one.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from contracts.blobs import Contract
from contracts.external_ids import PersonIds
from contracts.ids import EpId

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
        return self == type(self)()

    def in_episode(self, ep_id: str) -> CastDetails:  # noqa: ARG002 - what is known of one episode only is elsewhere
        """What holds in an episode."""
        return self


class EpisodeRole(Contract):
    """What a member is in one episode, in the place of what they are in the show."""

    role: Word | None = Field(default=None, description="null: as in the show.")
    characters: tuple[Line, ...] | None = Field(
        default=None, max_length=20, description="null: as in the show; empty: they play nobody."
    )


class MemberDetails(CastDetails):
    """What is known of a member of a show's cast, and where an episode differs from that."""

    in_episodes: dict[EpId, EpisodeRole] = Field(
        default_factory=dict, max_length=500, description="Episode id -> role and characters there."
    )

    def in_episode(self, ep_id: str) -> CastDetails:
        there = self.in_episodes.get(ep_id, EpisodeRole())
        return CastDetails(
            external_ids=self.external_ids,
            role=there.role or self.role,
            characters=self.characters if there.characters is None else there.characters,
            attributes=self.attributes,
        )

    def told_anew(self, details: CastDetails) -> MemberDetails:
        """What is said of them for the whole show changes, what is said of single episodes stays."""
        if isinstance(details, MemberDetails):
            return details
        return MemberDetails.model_validate({**details.model_dump(), "in_episodes": self.in_episodes})
