"""Episodes themselves: a video arrives, their facts change, they go."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from contracts.blobs import VideoRef
from contracts.events.base import Event, Profile, Reason
from contracts.external_ids import ProgrammeIds
from contracts.ids import EpId, RunId


class EpisodeUploaded(Event):
    """An outside emitter put a video into S3. Starts a run unless the same content has one already.

    Where the episode is of another video, it fails with `episode_taken` unless `force` says to replace that one.
    """

    TOPIC: ClassVar[str] = "episode.uploaded"
    TYPE: ClassVar[str] = "screenalytics.episode.uploaded.v1"

    ep_id: EpId
    video: VideoRef
    title: str | None = Field(default=None, max_length=200)
    air_date: str | None = Field(default=None, pattern=r"^\d{4}-\d{2}-\d{2}$")
    profile: Profile = "balanced"
    force: bool = Field(
        default=False, description="Run again although this content has a run already, or the episode another video."
    )
    video_stream: int | None = Field(
        default=None, ge=0, description="Number of the stream in the file that is analysed; null finds the film."
    )
    request_id: str | None = Field(default=None, max_length=100, description="Tells two forced requests apart.")
    tracks_of: RunId | None = Field(
        default=None, description="An earlier run whose tracks and pictures are used again: nothing is decoded."
    )
    reason: Reason = None
    external_ids: ProgrammeIds | None = Field(default=None, description="The episode's; null: what is known stays.")

    @property
    def subject(self) -> str:
        version = self.video.sha256 or self.video.uri
        stream = [] if self.video_stream is None else [f"stream-{self.video_stream}"]
        return "/".join([self.ep_id, version, self.profile, self.request_id or "", *stream])

    @property
    def key(self) -> str:
        return self.ep_id


class EpisodeChanged(Event):
    """An episode was created, or its title, air date or other facts were changed."""

    TOPIC: ClassVar[str] = "episode.changed"
    TYPE: ClassVar[str] = "screenalytics.episode.changed.v1"

    ep_id: EpId
    action: Literal["created", "updated"]
    version: int = Field(ge=1)
    title: str | None = None
    air_date: str | None = None
    external_ids: ProgrammeIds | None = None

    @property
    def subject(self) -> str:
        return self.ep_id

    @property
    def key(self) -> str:
        return self.ep_id

    def _revision(self) -> int:
        return self.version


class EpisodeDeleted(Event):
    """An episode is gone: every service removes what it keeps of the runs up to `last_run_id`."""

    TOPIC: ClassVar[str] = "episode.deleted"
    TYPE: ClassVar[str] = "screenalytics.episode.deleted.v1"

    ep_id: EpId
    last_run_id: RunId | None = Field(default=None, description="None where nothing ever ran.")
    version: int = Field(ge=1)
    who: str = Field(max_length=200)

    @property
    def subject(self) -> str:
        return self.ep_id

    @property
    def key(self) -> str:
        return self.ep_id

    def _run(self) -> str:
        return str(self.last_run_id or "")

    def _revision(self) -> int:
        return self.version
