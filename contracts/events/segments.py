"""Segments, from stage to stage."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from contracts.blobs import BlobRef, Contract
from contracts.events.base import ProblemDetails, Profile, Reason, SegmentEvent, StartsAt, Timecode
from contracts.ids import RunId


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
    pixel_stretch: float = Field(
        default=1.0,
        gt=0,
        description="How much wider pixels are shown than the file says: 2 where both eyes of a 3D film lie side by side,"
        " squeezed to half their width, 0.5 where one lies above the other.",
    )
    ends_recording: bool = Field(
        default=False, description="Another recording follows; nothing goes on behind the end."
    )
    starts_at_s: StartsAt = 0.0
    timecode: Timecode = None
    problems: tuple[str, ...] = Field(
        default=(), description="What is wrong with the video, for people; said with its first segment."
    )
    warnings: ProblemDetails = ()
    tracks_of: RunId | None = Field(
        default=None, description="An earlier run whose tracks and pictures of this stretch are used again."
    )
    reason: Reason = None


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
    warnings: ProblemDetails = ()
    counts: dict[str, float] = Field(default_factory=dict, description="Faces, tracks … for people.")
    reason: Reason = None
    starts_at_s: StartsAt = 0.0
    timecode: Timecode = None


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
