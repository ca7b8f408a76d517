"""What the HTTP API of ingest takes and gives."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from chassis.http.results import ApiModel
from contracts.blobs import S3Uri, Sha256
from contracts.events import Profile
from contracts.external_ids import ProgrammeIds
from contracts.ids import EpId, Slug
from contracts.sign_off import SignOff
from services.ingest.runs.frame_table import FrameTable
from services.ingest.runs.progress import RunStatus
from services.ingest.runs.records import Failure
from services.ingest.runs.states import State

LARGEST_VIDEO_BYTES = 2**40

Line = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=r"^[^\x00-\x1f]*$")
]
"""One line of text."""

Value = Annotated[str, StringConstraints(max_length=500, pattern=r"^[^\x00]*$")]
DataName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,40}$")]
Data = Annotated[dict[DataName, Value], Field(max_length=50, description="Facts of your own.")]
Filename = Annotated[str, StringConstraints(min_length=1, max_length=255, pattern=r"^[^\x00-\x1f]*$")]
MediaType = Annotated[str, StringConstraints(max_length=100, pattern=r"^video/[A-Za-z0-9.+-]{1,80}$")]


class GivenIds(ProgrammeIds):
    """As callers send them: a registry that is not known is refused."""

    model_config = ConfigDict(extra="forbid")


class NewEpisode(ApiModel):
    """An episode that may have no video yet."""

    show: Slug
    season: int = Field(ge=0, le=99)
    episode: int = Field(ge=0, le=99)
    title: Line | None = None
    air_date: date | None = None
    data: Data | None = None
    external_ids: GivenIds | None = Field(default=None, description="In other registries: EIDR, ISAN, IMDb, Wikidata.")

    @property
    def ep_id(self) -> str:
        return f"{self.show}-s{self.season:02d}e{self.episode:02d}"


class EpisodePatch(ApiModel):
    """What is named is changed; null clears it."""

    title: Line | None = None
    air_date: date | None = None
    data: Data | None = None
    external_ids: GivenIds | None = Field(default=None, description="All of them: what is left out is cleared.")


class CurrentRun(BaseModel):
    """The run that counts."""

    run_id: str
    state: State
    profile: str
    created_at: datetime


class EpisodeView(BaseModel):
    """An episode. `version` is that of its title, air date, data and ids; runs do not change it."""

    ep_id: str
    show: str
    season: int
    episode: int
    title: str | None = None
    air_date: str | None = None
    data: dict[str, str] = Field(default_factory=dict)
    external_ids: ProgrammeIds = Field(default_factory=ProgrammeIds)
    duration_s: float | None = None
    has_video: bool
    current_run: CurrentRun | None = None
    version: int
    created_at: datetime
    updated_at: datetime


class DeletedEpisode(BaseModel):
    """What was deleted: everything of the runs up to `last_run_id`."""

    ep_id: str
    last_run_id: str
    version: int


class EpisodeStatus(BaseModel):
    """How far the episode is. `requested` is a later run that was asked for and is not planned yet."""

    ep_id: str
    run: RunStatus | None = None
    requested: RunView | None = None


class NewRun(ApiModel):
    """How to process the episode's video."""

    profile: Profile = "balanced"
    force: bool = Field(default=False, description="Also where the same video was processed with the same profile.")
    video_stream: int | None = Field(
        default=None, ge=0, le=10_000, description="Number of the stream in the file to analyse; null finds the film."
    )
    reuse_tracks: bool = Field(
        default=False,
        description="Take tracks and pictures from the current run and do only what follows them, with the models of now."
        " Its profile and stream hold; `force` goes without saying.",
    )
    reason: str | None = Field(default=None, max_length=200, description="Told to subscribers.")


class StartedRun(BaseModel):
    """The run that does what was asked for; `created` is false for one that was there already."""

    ep_id: str
    run_id: str
    created: bool


class RunView(BaseModel):
    """A run. One that is `requested` has no plan yet."""

    ep_id: str
    run_id: str
    state: State
    profile: str
    created_at: datetime
    finished_at: datetime | None = None
    segments: int | None = None
    duration_s: float | None = None
    fraction: float = Field(default=0.0, ge=0, le=1)
    video_sha256: str | None = None
    superseded_by: str | None = None
    failure: Failure | None = None
    report_revision: int | None = None
    signed_off: SignOff | None = Field(default=None, description="The sign-off that its screen time carries.")
    asked_by: str | None = None


class ResumedRun(BaseModel):
    """A run that goes on; `segments_asked` is how many segments it lacks."""

    ep_id: str
    run_id: str
    segments_asked: int


class NewUpload(ApiModel):
    """A video that will come in parts."""

    ep_id: EpId
    filename: Filename
    bytes: int = Field(ge=1, le=LARGEST_VIDEO_BYTES)
    sha256: Sha256
    media_type: MediaType = "video/mp4"
    profile: Profile = "balanced"
    title: Line | None = None
    start: bool = Field(default=True, description="Begin a run when the upload is complete.")
    force: bool = Field(
        default=False, description="Also where the episode is of another video, which this one replaces."
    )


class PartUrl(BaseModel):
    """Where to PUT one part of `bytes` bytes. Parts count from 1."""

    part: int
    bytes: int
    url: str


class UploadView(BaseModel):
    """An upload: the parts that are there, and URLs for the first of those that are missing."""

    upload_id: str
    ep_id: str
    state: str = Field(description="open, completed, rejected or aborted.")
    bytes: int
    part_bytes: int
    parts: int
    uploaded: tuple[int, ...] = ()
    missing: int = 0
    urls: tuple[PartUrl, ...] = ()
    urls_expire_in_s: int | None = None
    run_id: str | None = None


class Registration(ApiModel):
    """A video that is in the bucket already, below `raw/videos/{ep_id}/`."""

    uri: S3Uri
    sha256: Sha256 | None = None
    media_type: MediaType = "video/mp4"
    profile: Profile = "balanced"
    title: Line | None = None
    start: bool = True
    force: bool = Field(
        default=False, description="Also where the episode is of another video, which this one replaces."
    )


class FiledVideo(BaseModel):
    """The episode's video from now on; `run` where one was to begin."""

    ep_id: str
    sha256: str
    bytes: int
    run: StartedRun | None = None


class VideoView(BaseModel):
    """The episode's video. Facts are known once a run was planned; `url` reads it for a short while."""

    ep_id: str
    url: str
    url_expires_in_s: int
    sha256: str | None = None
    bytes: int | None = None
    media_type: str
    filename: str | None = None
    duration_s: float | None = None
    width: int | None = None
    height: int | None = None
    codec: str | None = None
    fps: float | None = None
    video_stream: int | None = Field(default=None, description="Number of the analysed stream in the file.")
    starts_at_s: float | None = Field(default=None, description="When a player shows the first picture, second 0.")
    timecode: str | None = Field(default=None, description="Timecode of the first picture.")


class ClipView(BaseModel):
    """A stretch of the video as WebM (VP9, and Opus where the video has sound); `url` reads it for a short while."""

    ep_id: str
    start_s: float
    end_s: float
    url: str
    url_expires_in_s: int


class FramesView(FrameTable):
    """When each frame of the analysed video is shown.

    A player of the video itself is in the middle of a frame at `starts_at_s + (its time + half its spacing) * tick_s`; one
    of a proxy at the same without `starts_at_s`.
    """

    ep_id: str
    sha256: str
    duration_s: float
    starts_at_s: float = Field(description="When a player of the video itself shows the first picture, second 0.")


class PlaybackView(BaseModel):
    """What a browser can play: the video itself, or a proxy (WebM: VP9 and Opus).

    `url` reads it for a while, by ranges too.
    """

    ep_id: str
    state: Literal["ready", "not_made", "queued", "making", "failed"]
    source: Literal["original", "proxy"]
    why: str | None = Field(default=None, description="Why browsers do not play the video itself.")
    starts_at_s: float = Field(default=0.0, description="When a player shows second 0 of the episode; of a proxy 0.")
    fraction: float | None = Field(default=None, description="How much of a proxy is made.")
    failure: Failure | None = None
    url: str | None = None
    url_expires_in_s: int | None = None


EpisodeStatus.model_rebuild()
