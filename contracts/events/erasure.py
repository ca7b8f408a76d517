"""People who are to be forgotten."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from contracts.events.base import EpisodeEvent, ShowEvent
from contracts.ids import Slug, TrackId


class PersonErased(ShowEvent):
    """A person is to be forgotten (`requested`), and everything that was kept of them is gone (`completed`).

    Subscribers forget the person with the first of the two. The second names nobody.
    """

    TOPIC: ClassVar[str] = "person.erased"
    TYPE: ClassVar[str] = "screenalytics.person.erased.v1"

    erasure_id: str = Field(max_length=40)
    action: Literal["requested", "completed"]
    cast_id: Slug | None = Field(default=None, description="Whom to forget; not in `completed`.")
    who: str = Field(max_length=200)
    at: str = Field(description="ISO 8601, UTC.")

    @property
    def subject(self) -> str:
        return f"{self.show}/{self.erasure_id}/{self.action}"


class TracksErased(EpisodeEvent):
    """Tracks of a run whose faces are to be forgotten; `episode.grouped` without them follows where there are any."""

    TOPIC: ClassVar[str] = "tracks.erased"
    TYPE: ClassVar[str] = "screenalytics.tracks.erased.v1"

    erasure_id: str = Field(max_length=40)
    track_ids: tuple[TrackId, ...]
    times_stay: bool = Field(
        default=False, description="Pictures, vectors and landmarks go, when and where somebody was visible stays."
    )
    texts: tuple[str, ...] = Field(default=(), description="Names to take out of what operators wrote.")

    @property
    def subject(self) -> str:
        return f"{self.ep_id}/{self.erasure_id}"
