"""Every event, one class each. `EVENTS` maps a CloudEvents type to its class.

An event's `key` decides the partition: segment work spreads (`ep_id/segment`), everything that must stay in order for
an episode uses `ep_id`. Its `event_id` is derived from what it says, so the same work always emits the same id.
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field

from contracts.blobs import BlobRef, Contract, PictureRef, VideoRef
from contracts.ids import EpId, IdentityId, RunId, Slug, TrackId, event_id
from contracts.warnings import Warning

Profile = Literal["low_power", "balanced", "high_accuracy"]
Stage = Literal["ingest", "detector", "embedder", "grouper", "identity"]
STAGES: tuple[Stage, ...] = ("ingest", "detector", "embedder", "grouper", "identity")


class Event(Contract):
    """Base of all events."""

    TOPIC: ClassVar[str]
    TYPE: ClassVar[str]

    @property
    def subject(self) -> str:
        """What the event is about; part of its id and its CloudEvents `subject`."""
        raise NotImplementedError

    @property
    def key(self) -> str:
        """Kafka message key."""
        raise NotImplementedError

    @property
    def event_id(self) -> str:
        return event_id(self._run(), self.TYPE, self.subject, self._revision())

    def _run(self) -> str:
        return str(getattr(self, "run_id", None) or "")

    def _revision(self) -> int:
        return 0


class EpisodeEvent(Event):
    """An event about one run of one episode, in order per episode."""

    ep_id: EpId
    run_id: RunId

    @property
    def subject(self) -> str:
        return self.ep_id

    @property
    def key(self) -> str:
        return self.ep_id


class SegmentEvent(EpisodeEvent):
    """An event about one segment; segments of one episode spread over partitions."""

    segment: int = Field(ge=0)
    segments: int = Field(ge=1, description="Number of segments of the run.")

    @property
    def subject(self) -> str:
        return f"{self.ep_id}/{self.segment:05d}"

    @property
    def key(self) -> str:
        return self.subject


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
    reason: str | None = Field(
        default=None, max_length=200, description="Why the run was asked for, where it was said."
    )

    @property
    def subject(self) -> str:
        version = self.video.sha256 or self.video.uri
        stream = [] if self.video_stream is None else [f"stream-{self.video_stream}"]
        return "/".join([self.ep_id, version, self.profile, self.request_id or "", *stream])

    @property
    def key(self) -> str:
        return self.ep_id


class CastPictures(Contract):
    cast_id: Slug
    name: str = Field(min_length=1, max_length=120)
    pictures: tuple[PictureRef, ...]


class CastUploaded(Event):
    """Reference pictures of a show's cast. `replace` makes this the whole cast; otherwise pictures are added."""

    TOPIC: ClassVar[str] = "cast.uploaded"
    TYPE: ClassVar[str] = "screenalytics.cast.uploaded.v1"

    show: Slug
    cast: tuple[CastPictures, ...]
    replace: bool = False
    request_id: str = Field(max_length=100)

    @property
    def subject(self) -> str:
        return f"{self.show}/{self.request_id}"

    @property
    def key(self) -> str:
        return self.show


class PictureVerdict(Contract):
    cast_id: Slug
    filename: str
    accepted: bool
    code: str = Field(description="`ok` or why the picture is not used.")
    message: str


class FacebankUpdated(Event):
    """What became of the pictures of a `cast.uploaded`."""

    TOPIC: ClassVar[str] = "facebank.updated"
    TYPE: ClassVar[str] = "screenalytics.facebank.updated.v1"

    show: Slug
    request_id: str
    revision: int = Field(ge=1)
    verdicts: tuple[PictureVerdict, ...]

    @property
    def subject(self) -> str:
        return f"{self.show}/{self.request_id}"

    @property
    def key(self) -> str:
        return self.show


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
    starts_at_s: float = Field(
        default=0.0,
        ge=0,
        description="When a player shows the first picture: its clock begins with the earliest sound.",
    )
    timecode: str | None = Field(
        default=None, max_length=11, description="Timecode of the first picture; `;` before the frames is drop-frame."
    )
    problems: tuple[str, ...] = Field(default=(), description="What is wrong with the file, for people.")
    warnings: tuple[Warning, ...] = Field(default=(), description="The same, each with its code and place.")
    tracks_of: RunId | None = Field(
        default=None, description="An earlier run whose tracks and pictures are used again."
    )
    reason: str | None = Field(
        default=None, max_length=200, description="Why the run was asked for, where it was said."
    )

    @property
    def subject(self) -> str:
        return f"{self.ep_id}/{self.upload_event_id}"


class RunCancelled(EpisodeEvent):
    """A run will not be finished: an operator cancelled it, a later run took its place, or the episode was deleted."""

    TOPIC: ClassVar[str] = "run.cancelled"
    TYPE: ClassVar[str] = "screenalytics.run.cancelled.v1"

    reason: Literal["cancelled", "superseded", "deleted"]


class SegmentReady(SegmentEvent):
    """A stretch `[start_s, end_s)` of the video, starting at a keyframe, is to be analysed."""

    TOPIC: ClassVar[str] = "segment.ready"
    TYPE: ClassVar[str] = "screenalytics.segment.ready.v1"

    video: BlobRef
    stream_index: int = Field(ge=0)
    origin_s: float = Field(description="Container time of the first video frame, which is second 0 of the episode.")
    start_s: float = Field(ge=0)
    end_s: float = Field(gt=0)
    duration_s: float = Field(gt=0, description="Duration of the whole episode.")
    profile: Profile
    ranges: tuple[tuple[int, int], ...] = Field(
        default=(),
        description="First byte and the one after the last of what is read of the file as if it were all of it: one of"
        " several recordings that were joined. Empty: the whole file. `origin_s` is on the clock of what is read.",
    )
    frame_times: Literal["presentation", "decoding"] = Field(
        default="presentation",
        description="Which times of frames are right; some files have no others than decoding's.",
    )
    ends_recording: bool = Field(
        default=False, description="Another recording follows; nothing goes on behind the end."
    )
    starts_at_s: float = Field(
        default=0.0,
        ge=0,
        description="When a player shows the first picture: its clock begins with the earliest sound.",
    )
    timecode: str | None = Field(
        default=None, max_length=11, description="Timecode of the first picture; `;` before the frames is drop-frame."
    )
    problems: tuple[str, ...] = Field(
        default=(), description="What is wrong with the video, for people; said with its first segment."
    )
    warnings: tuple[Warning, ...] = Field(default=(), description="The problems, each with its code and place.")
    tracks_of: RunId | None = Field(
        default=None, description="An earlier run whose tracks and pictures of this stretch are used again."
    )
    reason: str | None = Field(
        default=None, max_length=200, description="Why the run was asked for, where it was said."
    )


class AnalysedSegment(SegmentEvent):
    """What the stages that work on a segment hand on; `artifacts` are references by name."""

    artifacts: dict[str, BlobRef]
    start_s: float
    end_s: float
    duration_s: float = Field(description="Duration of the whole episode.")
    profile: Profile
    sample_period_s: float = Field(gt=0, description="Seconds between two analysed frames.")
    cut_at_end: bool = Field(description="Whether the segment's end border is also a shot cut.")
    decoded_frames: int = Field(ge=0)
    analysed_frames: int = Field(ge=0)
    problems: tuple[str, ...] = Field(default=(), description="What could not be read, for people.")
    warnings: tuple[Warning, ...] = Field(default=(), description="The problems, each with its code and place.")
    counts: dict[str, float] = Field(default_factory=dict, description="Faces, tracks … for people.")
    reason: str | None = Field(
        default=None, max_length=200, description="Why the run was asked for, where it was said."
    )
    starts_at_s: float = Field(
        default=0.0,
        ge=0,
        description="When a player shows the first picture: its clock begins with the earliest sound.",
    )
    timecode: str | None = Field(
        default=None, max_length=11, description="Timecode of the first picture; `;` before the frames is drop-frame."
    )


class SegmentTracked(AnalysedSegment):
    """Faces of the segment were found and tracked. `artifacts`: detections, shots, tracks, faces, crops."""

    TOPIC: ClassVar[str] = "segment.tracked"
    TYPE: ClassVar[str] = "screenalytics.segment.tracked.v1"

    busy_s: float = Field(default=0, ge=0)
    cpu_s: float = Field(default=0, ge=0)


class EmbedderScale(Contract):
    """What distances between vectors mean: probability of one person 1 / (1 + exp(slope * (distance - midpoint)))."""

    model_id: str
    midpoint: float = Field(gt=0, le=2, description="Euclidean distance of even odds.")
    slope: float = Field(gt=0)
    calibrated: bool = Field(default=True, description="Measured; else assumed for want of anything better.")


class SegmentEmbedded(AnalysedSegment):
    """Tracks of the segment have prototypes. `artifacts`: as before, plus faces_npy and tracks_npy."""

    TOPIC: ClassVar[str] = "segment.embedded"
    TYPE: ClassVar[str] = "screenalytics.segment.embedded.v1"

    stage_seconds: dict[str, float] = Field(default_factory=dict)
    stage_cpu_seconds: dict[str, float] = Field(default_factory=dict)
    embedder: EmbedderScale | None = Field(
        default=None, description="The model behind the vectors; none in events of earlier releases."
    )


class EpisodeGrouped(EpisodeEvent):
    """All segments are in, tracks are joined and clustered.

    `artifacts`: detections, shots, tracks, faces, faces_npy, tracks_npy, identities, cluster_centroids, track_metrics,
    doubts.
    """

    TOPIC: ClassVar[str] = "episode.grouped"
    TYPE: ClassVar[str] = "screenalytics.episode.grouped.v1"

    revision: int = Field(ge=1)
    duration_s: float = Field(gt=0)
    profile: Profile
    artifacts: dict[str, BlobRef]
    clusters: int = Field(ge=0)
    tracks: int = Field(ge=0)
    edits_version: int = Field(default=0, ge=0, description="Version of the operators' edits this grouping includes.")
    starts_at_s: float = Field(
        default=0.0,
        ge=0,
        description="When a player shows the first picture: its clock begins with the earliest sound.",
    )
    timecode: str | None = Field(
        default=None, max_length=11, description="Timecode of the first picture; `;` before the frames is drop-frame."
    )
    problems: tuple[str, ...] = ()
    warnings: tuple[Warning, ...] = Field(default=(), description="The problems, each with its code and place.")
    erasures: tuple[str, ...] = Field(
        default=(), description="Erasures whose tracks are not in these artifacts any more."
    )
    reason: str | None = Field(
        default=None, max_length=200, description="Why the run was asked for, where it was said."
    )
    embedder: EmbedderScale | None = Field(
        default=None, description="The model behind the vectors; none in events of earlier releases."
    )

    def _revision(self) -> int:
        return self.revision


class CastLinked(EpisodeEvent):
    """An identity is (or is no longer, `cast_id` null) a cast member."""

    TOPIC: ClassVar[str] = "cast.linked"
    TYPE: ClassVar[str] = "screenalytics.cast.linked.v1"

    identity_id: IdentityId
    cast_id: Slug | None
    by: Literal["auto", "operator", "suggestion"]
    probability: float = Field(ge=0, le=1)
    margin: float
    revision: int = Field(ge=1, description="Revision of the identities this link belongs to.")

    @property
    def subject(self) -> str:
        return f"{self.ep_id}/{self.identity_id}"

    def _revision(self) -> int:
        return self.revision


class VisibleSeconds(Contract):
    cast_id: Slug
    name: str
    visible_s: float = Field(ge=0)


class ScreenTimeReported(EpisodeEvent):
    """The result: a new revision of the screen time. `manifests` names every file of it."""

    TOPIC: ClassVar[str] = "screentime.reported"
    TYPE: ClassVar[str] = "screenalytics.screentime.reported.v1"

    revision: int = Field(ge=1)
    duration_s: float = Field(gt=0)
    report: BlobRef
    manifests: dict[str, BlobRef]
    cast: tuple[VisibleSeconds, ...]
    unidentified: int = Field(ge=0)
    warnings: tuple[str, ...] = ()
    warning_details: tuple[Warning, ...] = Field(
        default=(), description="The warnings, each with its code and place, so that a program can decide by them."
    )
    grouping_revision: int | None = Field(default=None, ge=1, description="The `episode.grouped` this is made from.")
    links_version: int | None = Field(default=None, ge=0, description="Version of the links this is made from.")
    changes: tuple[str, ...] = Field(default=(), description="What this revision changed, in sentences.")
    reason: str | None = Field(
        default=None, max_length=200, description="Why the run was asked for, where it was said."
    )

    def _revision(self) -> int:
        return self.revision


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


class ReportRequested(EpisodeEvent):
    """An episode's screen time is to be reported again: something that it shows was changed elsewhere."""

    TOPIC: ClassVar[str] = "report.requested"
    TYPE: ClassVar[str] = "screenalytics.report.requested.v1"

    cause: str = Field(max_length=100, description="Id of the event that asks for it; each asks once.")

    @property
    def subject(self) -> str:
        return f"{self.ep_id}/{self.cause}"


class EpisodeChanged(Event):
    """An episode was created, or its title, air date or other facts were changed."""

    TOPIC: ClassVar[str] = "episode.changed"
    TYPE: ClassVar[str] = "screenalytics.episode.changed.v1"

    ep_id: EpId
    action: Literal["created", "updated"]
    version: int = Field(ge=1)
    title: str | None = None
    air_date: str | None = None

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


class CastChanged(Event):
    """A show's cast member was added, renamed or removed, or pictures of theirs were taken out."""

    TOPIC: ClassVar[str] = "cast.changed"
    TYPE: ClassVar[str] = "screenalytics.cast.changed.v1"

    show: Slug
    revision: int = Field(ge=1, description="Revision of the show's facebank with this change.")
    action: Literal["added", "renamed", "removed", "pictures_removed"]
    cast_id: Slug
    name: str | None = Field(default=None, max_length=120)
    who: str = Field(max_length=200)

    @property
    def subject(self) -> str:
        return f"{self.show}/{self.cast_id}"

    @property
    def key(self) -> str:
        return self.show

    def _revision(self) -> int:
        return self.revision


class PersonErased(Event):
    """A person is to be forgotten (`requested`), and everything that was kept of them is gone (`completed`).

    Subscribers forget the person with the first of the two. The second names nobody.
    """

    TOPIC: ClassVar[str] = "person.erased"
    TYPE: ClassVar[str] = "screenalytics.person.erased.v1"

    show: Slug
    erasure_id: str = Field(max_length=40)
    action: Literal["requested", "completed"]
    cast_id: Slug | None = Field(default=None, description="Whom to forget; not in `completed`.")
    who: str = Field(max_length=200)
    at: str = Field(description="ISO 8601, UTC.")

    @property
    def subject(self) -> str:
        return f"{self.show}/{self.erasure_id}/{self.action}"

    @property
    def key(self) -> str:
        return self.show


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


class ShowDeleted(Event):
    """A show is gone with its cast and all its episodes; `episode.deleted` follows for each."""

    TOPIC: ClassVar[str] = "show.deleted"
    TYPE: ClassVar[str] = "screenalytics.show.deleted.v1"

    show: Slug
    revision: int = Field(ge=1, description="Revision of the show's facebank with the deletion.")
    at: str = Field(description="ISO 8601, UTC. What happens to the show later is of another one with its name.")
    who: str = Field(max_length=200)

    @property
    def subject(self) -> str:
        return self.show

    @property
    def key(self) -> str:
        return self.show

    def _revision(self) -> int:
        return self.revision


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


EVENTS: dict[str, type[Event]] = {
    event.TYPE: event
    for event in (
        EpisodeUploaded,
        CastUploaded,
        FacebankUpdated,
        RunStarted,
        RunCancelled,
        SegmentReady,
        SegmentTracked,
        SegmentEmbedded,
        EpisodeGrouped,
        CastLinked,
        ScreenTimeReported,
        ClustersEdited,
        LinksChanged,
        ReportRequested,
        EpisodeChanged,
        EpisodeDeleted,
        CastChanged,
        PersonErased,
        TracksErased,
        ShowDeleted,
        EpisodeProgress,
        EpisodeFailed,
    )
}


def event_class(event_type: str) -> type[Event] | None:
    """Class of a CloudEvents type, None when this version does not know it."""
    return EVENTS.get(event_type)


def to_payload(event: Event) -> dict[str, Any]:
    """JSON-ready payload with the names of the schema; re-validated strictly, so that nothing invalid leaves."""
    payload = event.model_dump(mode="json", by_alias=True)
    type(event).model_validate_json(event.model_dump_json(by_alias=True), strict=True)
    return payload
