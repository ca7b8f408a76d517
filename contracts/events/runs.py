"""Runs: one begins, goes on, is cancelled or fails."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from contracts.events.base import EpisodeEvent, Event, Profile, Reason, Stage, StartsAt, Timecode
from contracts.ids import EpId, RunId
from contracts.warnings import Warning


class RunStarted(EpisodeEvent):
    """A run was planned: its segments are on their way."""

    TOPIC: ClassVar[str] = "run.started"
    TYPE: ClassVar[str] = "screenalytics.run.started.v1"

    upload_event_id: str
    segments: int = Field(ge=1)
    duration_s: float = Field(gt=0)
    profile: Profile
    width: int
    height: int
    codec: str
    fps: float | None = None
    video_stream: int | None = Field(default=None, ge=0, description="Number of the analysed stream in the file.")
    starts_at_s: StartsAt = 0.0
    timecode: Timecode = None
    problems: tuple[str, ...] = Field(default=(), description="What is wrong with the file, for people.")
    warnings: tuple[Warning, ...] = Field(default=(), description="The same, each with its code and place.")
    tracks_of: RunId | None = Field(
        default=None, description="An earlier run whose tracks and pictures are used again."
    )
    reason: Reason = None

    @property
    def subject(self) -> str:
        return f"{self.ep_id}/{self.upload_event_id}"


class RunCancelled(EpisodeEvent):
    """A run will not be finished: an operator cancelled it, a later run took its place, or the episode was deleted."""

    TOPIC: ClassVar[str] = "run.cancelled"
    TYPE: ClassVar[str] = "screenalytics.run.cancelled.v1"

    reason: Literal["cancelled", "superseded", "deleted"]


class EpisodeProgress(EpisodeEvent):
    """A stage finished a piece of work. Repeats of the same piece have the same id."""

    TOPIC: ClassVar[str] = "episode.progress"
    TYPE: ClassVar[str] = "screenalytics.episode.progress.v1"

    stage: Stage
    segment: int | None = Field(default=None, ge=0)
    done: int = Field(ge=0, description="1-based number of pieces, for stages without segments; else 1.")
    total: int = Field(ge=1, description="Pieces of work of this stage in the run.")
    media_s: float = Field(default=0, ge=0, description="Seconds of video this piece covers.")
    busy_s: float = Field(default=0, ge=0)
    detail: dict[str, float] = Field(default_factory=dict, description="Counts for people: faces, tracks …")

    @property
    def subject(self) -> str:
        piece = "all" if self.segment is None else f"{self.segment:05d}"
        return f"{self.ep_id}/{self.stage}/{piece}/{self.done}"


class EpisodeFailed(Event):
    """The episode cannot be finished. `code` is stable, `message` is one sentence that says what to do."""

    TOPIC: ClassVar[str] = "episode.failed"
    TYPE: ClassVar[str] = "screenalytics.episode.failed.v1"

    ep_id: EpId
    run_id: RunId | None = None
    upload_event_id: str | None = None
    stage: Stage
    segment: int | None = None
    code: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    message: str = Field(max_length=1000)

    @property
    def subject(self) -> str:
        return "/".join([self.ep_id, self.stage, self.upload_event_id or "", self.code])

    @property
    def key(self) -> str:
        return self.ep_id
