"""What is found in a whole episode: groups, names, screen time."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from contracts.blobs import BlobRef, Contract
from contracts.cast import Line, Word
from contracts.events.base import EpisodeEvent, ProblemDetails, Profile, Reason, StartsAt, Timecode
from contracts.events.segments import EmbedderScale
from contracts.external_ids import PersonIds, ProgrammeIds
from contracts.ids import IdentityId, Slug
from contracts.sign_off import SignOff
from contracts.warnings import Warning


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
    starts_at_s: StartsAt = 0.0
    timecode: Timecode = None
    problems: tuple[str, ...] = ()
    warnings: ProblemDetails = ()
    erasures: tuple[str, ...] = Field(
        default=(), description="Erasures whose tracks are not in these artifacts any more."
    )
    reason: Reason = None
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
    external_ids: PersonIds | None = Field(default=None, description="The cast member's, where any are known.")

    @property
    def subject(self) -> str:
        return f"{self.ep_id}/{self.identity_id}"

    def _revision(self) -> int:
        return self.revision


class VisibleSeconds(Contract):
    cast_id: Slug
    name: str
    visible_s: float = Field(ge=0)
    external_ids: PersonIds | None = Field(default=None, description="null: none are known.")
    role: Word | None = None
    characters: tuple[Line, ...] = ()


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
    external_ids: ProgrammeIds | None = Field(default=None, description="The episode's; null: none are known.")
    show_external_ids: ProgrammeIds | None = Field(default=None, description="The show's; null: none are known.")
    reason: Reason = None
    signed_off: SignOff | None = Field(default=None, description="The sign-off that counts; null: there is none.")

    def _revision(self) -> int:
        return self.revision


class ScreenTimeSigned(EpisodeEvent):
    """An operator signed off a revision, or took that back; `screentime.reported` that carries it follows."""

    TOPIC: ClassVar[str] = "screentime.signed"
    TYPE: ClassVar[str] = "screenalytics.screentime.signed.v1"

    version: int = Field(ge=1, description="Version of the episode's sign-offs with this one.")
    action: Literal["sign", "undo", "redo"]
    who: str = Field(max_length=200)
    at: str = Field(description="ISO 8601, UTC.")
    signed_off: SignOff | None = Field(description="The sign-off that counts from now on; null: there is none.")

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
