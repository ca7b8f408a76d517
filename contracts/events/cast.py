"""Shows and their casts: pictures arrive and are judged, members change."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from contracts.blobs import Contract, PictureRef
from contracts.cast import CastDetails, MemberDetails
from contracts.events.base import ShowEvent
from contracts.external_ids import ProgrammeIds
from contracts.ids import Slug


class CastPictures(Contract):
    cast_id: Slug
    name: str = Field(min_length=1, max_length=120)
    pictures: tuple[PictureRef, ...]
    details: CastDetails | None = Field(default=None, description="null: what is known of them stays.")


class CastUploaded(ShowEvent):
    """Reference pictures of a show's cast. `replace` makes this the whole cast; otherwise pictures are added."""

    TOPIC: ClassVar[str] = "cast.uploaded"
    TYPE: ClassVar[str] = "screenalytics.cast.uploaded.v1"

    cast: tuple[CastPictures, ...]
    replace: bool = False
    request_id: str = Field(max_length=100)

    @property
    def subject(self) -> str:
        return f"{self.show}/{self.request_id}"


class PictureVerdict(Contract):
    cast_id: Slug
    filename: str
    accepted: bool
    code: str = Field(description="`ok` or why the picture is not used.")
    message: str


class FacebankUpdated(ShowEvent):
    """What became of the pictures of a `cast.uploaded`."""

    TOPIC: ClassVar[str] = "facebank.updated"
    TYPE: ClassVar[str] = "screenalytics.facebank.updated.v1"

    request_id: str
    revision: int = Field(ge=1)
    verdicts: tuple[PictureVerdict, ...]

    @property
    def subject(self) -> str:
        return f"{self.show}/{self.request_id}"


class CastChanged(ShowEvent):
    """A show's cast member was added, renamed or removed, or pictures of theirs were taken out."""

    TOPIC: ClassVar[str] = "cast.changed"
    TYPE: ClassVar[str] = "screenalytics.cast.changed.v1"

    revision: int = Field(ge=1, description="Revision of the show's facebank with this change.")
    action: Literal["added", "renamed", "removed", "pictures_removed"]
    cast_id: Slug
    name: str | None = Field(default=None, max_length=120)
    who: str = Field(max_length=200)

    @property
    def subject(self) -> str:
        return f"{self.show}/{self.cast_id}"

    def _revision(self) -> int:
        return self.revision


class CastDescribed(ShowEvent):
    """What is said of a cast member, or the ids of the show itself (`cast_id` null), changed; all of it is in here."""

    TOPIC: ClassVar[str] = "cast.described"
    TYPE: ClassVar[str] = "screenalytics.cast.described.v1"

    revision: int = Field(ge=1, description="Revision of the show's facebank with this change.")
    cast_id: Slug | None
    details: MemberDetails | None = Field(default=None, description="The member's; null where it is about the show.")
    show_external_ids: ProgrammeIds | None = Field(default=None, description="null where it is about a member.")
    who: str = Field(max_length=200)

    @property
    def subject(self) -> str:
        return self.show if self.cast_id is None else f"{self.show}/{self.cast_id}"

    def _revision(self) -> int:
        return self.revision


class ShowDeleted(ShowEvent):
    """A show is gone with its cast and all its episodes; `episode.deleted` follows for each."""

    TOPIC: ClassVar[str] = "show.deleted"
    TYPE: ClassVar[str] = "screenalytics.show.deleted.v1"

    revision: int = Field(ge=1, description="Revision of the show's facebank with the deletion.")
    at: str = Field(description="ISO 8601, UTC. What happens to the show later is of another one with its name.")
    who: str = Field(max_length=200)

    @property
    def subject(self) -> str:
        return self.show

    def _revision(self) -> int:
        return self.revision
