"""What operators change about who is who."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from contracts.events.base import EpisodeEvent
from contracts.ids import IdentityId, Slug


class ClustersEdited(EpisodeEvent):
    """An operator's edit of who is who was accepted, undone or redone; `episode.grouped` with its effect follows."""

    TOPIC: ClassVar[str] = "clusters.edited"
    TYPE: ClassVar[str] = "screenalytics.clusters.edited.v1"

    version: int = Field(ge=1, description="Version of the edits with this one.")
    edit_id: str = Field(max_length=100)
    action: Literal["apply", "undo", "redo"]
    kind: str = Field(max_length=40, description="merge, split, move_track …")
    who: str = Field(max_length=200)
    at: str = Field(description="ISO 8601, UTC.")
    why: str | None = Field(default=None, max_length=500)

    def _revision(self) -> int:
        return self.version


class LinksChanged(EpisodeEvent):
    """An operator said who an identity is or is not; `cast.linked` and `screentime.reported` with the effect follow."""

    TOPIC: ClassVar[str] = "links.changed"
    TYPE: ClassVar[str] = "screenalytics.links.changed.v1"

    version: int = Field(ge=1, description="Version of the links with this change.")
    action: Literal["link", "unlink", "dismiss", "restore", "undo", "redo"]
    identity_id: IdentityId
    cast_id: Slug | None
    who: str = Field(max_length=200)
    at: str = Field(description="ISO 8601, UTC.")
    identities: tuple[IdentityId, ...] = Field(
        default=(), description="Everybody concerned, where one command changed several; `identity_id` is the first."
    )

    def _revision(self) -> int:
        return self.version
