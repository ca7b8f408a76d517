"""Rows and documents of the manifests. Times are presentation seconds from the first video frame; boxes are fractions.

A box is `(x1, y1, x2, y2)` divided by the width and height of the picture as shown (after rotation), so it may reach
slightly outside 0..1 where a face is cut off by the frame. Landmarks are ten numbers `x, y` for the eye on the left of
the picture, the eye on the right, the nose, the mouth corner on the left and the one on the right, as fractions too.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from contracts.blobs import Contract
from contracts.cast import CastDetails
from contracts.external_ids import ProgrammeIds
from contracts.ids import EpId, FaceId, IdentityId, RunId, ShotId, Slug, TrackId
from contracts.sign_off import SignOff
from contracts.warnings import Warning

SCHEMA_VERSION = 1

LOOK_PERIOD_S = 0.25
LOOK_DIGITS = 32
"""Hexadecimal, of a look: what a picture looks like in 128 bits."""

Box = tuple[float, float, float, float]
Landmarks = tuple[float, float, float, float, float, float, float, float, float, float]
Interval = tuple[float, float]
Provenance = Literal["machine", "operator", "rescued"]
LinkedBy = Literal["auto", "operator", "suggestion"]
Boundary = Literal["start", "cut", "segment", "end"]


class DetectionRow(Contract):
    """One face found in one analysed frame (`detections.jsonl`)."""

    ep_id: EpId
    segment: int = Field(ge=0)
    frame_idx: int = Field(ge=0, description="Index of the analysed frame within the segment, in presentation order.")
    ts_s: float = Field(ge=0)
    bbox: Box
    landmarks: Landmarks
    conf: float = Field(ge=0, le=1)
    track_id: TrackId | None = None
    model_id: str
    schema_version: int = SCHEMA_VERSION


class ShotRow(Contract):
    """One shot, or the part of it that lies in one segment (`shots.jsonl`)."""

    shot_id: ShotId
    segment: int = Field(ge=0)
    start_s: float = Field(ge=0)
    end_s: float = Field(ge=0)
    starts_with: Boundary
    ends_with: Boundary
    looks: str | None = Field(
        default=None,
        pattern=r"^(?:[0-9a-f]{32})*$",
        description="What the picture looks like at every quarter second of the episode that lies in the shot: 32 "
        "hexadecimal digits each, zeros where there is nothing to tell it by; null: made before this was noted.",
    )


class FaceQuality(Contract):
    """Quality of one face crop and its parts, each in 0..1 (1 is best)."""

    score: float = Field(ge=0, le=1)
    confidence: float = Field(ge=0, le=1)
    size: float = Field(ge=0, le=1)
    sharpness: float = Field(ge=0, le=1)
    contrast: float = Field(ge=0, le=1)
    frontality: float = Field(ge=0, le=1)


class FaceRow(Contract):
    """A face sampled from a track for embedding (`faces.jsonl`); vectors are rows of `faces.npy`."""

    ep_id: EpId
    segment: int = Field(ge=0)
    face_id: FaceId
    track_id: TrackId
    frame_idx: int = Field(ge=0)
    ts_s: float = Field(ge=0)
    bbox: Box
    landmarks: Landmarks
    conf: float = Field(ge=0, le=1)
    quality: FaceQuality
    crop: str = Field(description="`{object uri}#{member}`: the aligned picture inside the segment's crop archive.")
    crop_points: Landmarks | None = Field(
        default=None,
        description="Where the landmarks lie in that picture, in its pixels; none in rows of 150x150 pictures.",
    )
    thumbnail: str | None = Field(default=None, description="The square picture with margin, same form as `crop`.")
    embedding_row: int | None = Field(default=None, ge=0)
    model_id: str | None = None
    low_quality: bool = False
    skip_reason: str | None = None
    schema_version: int = SCHEMA_VERSION


class PictureChange(Contract):
    """How much a track's pictures change from one to the next, beyond shift, turn, zoom and shear: 0 for a photograph."""

    typical: float = Field(ge=0, le=1, description="Median of 1 - correlation.")
    large: float = Field(ge=0, le=1, description="Three of four are no larger.")
    pictures: int = Field(ge=2)


class TrackRow(Contract):
    """One face followed through one shot within one segment (`tracks.jsonl`)."""

    ep_id: EpId
    segment: int = Field(ge=0)
    track_id: TrackId
    shot_id: ShotId
    start_s: float = Field(ge=0)
    end_s: float = Field(ge=0)
    first_frame: int = Field(ge=0)
    last_frame: int = Field(ge=0)
    first_bbox: Box
    last_bbox: Box
    detections: int = Field(ge=1)
    mean_conf: float = Field(ge=0, le=1)
    mean_size: float = Field(ge=0, description="Mean face height as a fraction of the picture's height.")
    quality: float = Field(ge=0, le=1, description="Mean quality of the sampled faces.")
    mean_area: float | None = Field(default=None, ge=0, le=1, description="Mean share of the picture the face takes.")
    centrality: float | None = Field(
        default=None, ge=0, le=1, description="Mean place of the face: 1 in the middle of the picture, 0 in a corner."
    )
    sharpness: float | None = Field(default=None, ge=0, le=1, description="Mean sharpness of the sampled faces.")
    enters: bool = Field(default=False, description="Within its shot, the face came from where it could not be seen.")
    leaves: bool = Field(default=False, description="Within its shot, the face went to where it cannot be seen.")
    change: PictureChange | None = Field(default=None, description="null: too few pictures.")
    drawn: float | None = Field(
        default=None,
        description="Natural logarithm of how many times more likely such a vector is for a drawn face than for a "
        "person's; null: nobody has measured that for the embedder.",
    )
    animal: float | None = Field(
        default=None,
        ge=0,
        le=1,
        description="How sure the person detector is that the face is an animal's, 0 where it sees a person; null: "
        "not looked at, because the face detector leaves no doubt or nobody looks for people.",
    )
    present: tuple[Interval, ...] | None = Field(
        default=None,
        description="When the person is in the picture, face to be seen or not, within the shot and segment; null: not "
        "looked for.",
    )
    crops: tuple[str, ...] = ()
    representative: FaceId | None = None
    continues: TrackId | None = Field(
        default=None, description="The track before the segment border that goes on here."
    )
    embedding_row: int | None = Field(default=None, ge=0, description="Row of the prototype in `tracks.npy`.")
    model_id: str | None = None
    samples: int = Field(default=0, ge=0, description="Embeddings that entered the prototype.")
    spread: float | None = Field(default=None, ge=0, description="Mean distance of the samples to the prototype.")
    low_quality: bool = False
    rejection: str | None = Field(default=None, description="Why the track has no usable embedding.")
    schema_version: int = SCHEMA_VERSION


class Identity(Contract):
    """A person of one episode: a cluster of tracks, named or not."""

    identity_id: IdentityId
    track_ids: tuple[TrackId, ...]
    label: str | None = None
    cast_id: Slug | None = None
    locked: bool = False
    cohesion: float | None = None
    isolation: float | None = None
    ambiguity: float | None = None
    representative: str | None = Field(default=None, description="Thumbnail of the best face.")
    tracks: int = Field(ge=0)
    faces: int = Field(ge=0)
    provenance: Provenance = "machine"
    rescued_track_ids: tuple[TrackId, ...] = ()
    reason: str | None = Field(default=None, description="Why nobody can say who this is, if so.")


class GroupingMetrics(Contract):
    """Health of one clustering."""

    tracks: int = Field(ge=0)
    clusters: int = Field(ge=0)
    unassigned_tracks: int = Field(ge=0)
    rescued_tracks: int = Field(ge=0)
    singleton_fraction: float = Field(ge=0, le=1)
    largest_fraction: float = Field(ge=0, le=1)


class IdentitiesDocument(Contract):
    """`identities.json`."""

    ep_id: EpId
    run_id: RunId
    revision: int = Field(ge=1)
    identities: tuple[Identity, ...]
    metrics: GroupingMetrics
    warnings: tuple[str, ...] = ()
    warning_details: tuple[Warning, ...] = Field(default=(), description="The warnings, each with code and place.")
    schema_version: int = SCHEMA_VERSION


class CastLink(Contract):
    identity_id: IdentityId
    cast_id: Slug
    by: LinkedBy
    probability: float = Field(ge=0, le=1)
    margin: float = Field(description="Probability minus the runner-up's.")
    at: str = Field(description="ISO 8601, UTC.")
    event_id: str
    seen_as: tuple[IdentityId, ...] = Field(
        default=(),
        description="Identities of the episode, known to be that person, whose faces bore it out: without them no link.",
    )


class CastLinksDocument(Contract):
    """`cast_links.json`."""

    ep_id: EpId
    run_id: RunId
    revision: int = Field(ge=1)
    links: tuple[CastLink, ...]
    schema_version: int = SCHEMA_VERSION


class TrackMetricsDocument(Contract):
    """`track_metrics.json`."""

    ep_id: EpId
    run_id: RunId
    duration_s: float = Field(ge=0)
    tracks: int = Field(ge=0)
    tracks_per_minute: float = Field(ge=0)
    short_track_fraction: float = Field(ge=0, le=1)
    shots: int = Field(ge=0)
    faces_per_track: float = Field(ge=0)
    detections: int = Field(ge=0)
    analysed_frames: int = Field(ge=0)
    decoded_frames: int = Field(ge=0)
    rejections: dict[str, int] = Field(default_factory=dict)
    stage_seconds: dict[str, float] = Field(default_factory=dict, description="Busy wall seconds per stage.")
    stage_cpu_seconds: dict[str, float] = Field(default_factory=dict)
    schema_version: int = SCHEMA_VERSION


class ClusterCentroid(Contract):
    identity_id: IdentityId
    centroid: tuple[float, ...]
    cohesion: float | None = None
    members: int = Field(ge=1)
    model_id: str
    dimension: int = Field(ge=1)


class ClusterCentroidsDocument(Contract):
    """`cluster_centroids.json`."""

    ep_id: EpId
    run_id: RunId
    centroids: tuple[ClusterCentroid, ...]
    schema_version: int = SCHEMA_VERSION


class Appearance(Contract):
    """One interval in which a person is visible, and how much the picture is about them then."""

    start_s: float = Field(ge=0)
    end_s: float = Field(ge=0)
    prominence: float = Field(ge=0, le=1, description="1: large, sharp, central and in the foreground.")
    face_size: float = Field(ge=0, description="Mean face height as a fraction of the picture's.")
    area: float = Field(ge=0, le=1, description="Mean share of the picture the face takes.")
    centrality: float = Field(ge=0, le=1, description="1 in the middle of the picture, 0 in a corner.")
    sharpness: float = Field(ge=0, le=1)
    foreground: float = Field(
        ge=0, le=1, description="Face height over that of the largest face in the picture at the time."
    )


class LikelySame(Contract):
    """Two identities that may be one person; `distance` in merge distances, below 1 it is nearly the same face."""

    first: IdentityId
    second: IdentityId
    distance: float = Field(ge=0)


class LikelyStray(Contract):
    """A track that may be in the wrong identity: distances to the centres in merge distances."""

    track_id: TrackId
    identity_id: IdentityId
    distance: float = Field(ge=0)
    nearest_other: IdentityId | None = None
    distance_to_other: float | None = Field(default=None, ge=0)


class LikelyTwo(Contract):
    """An identity that may be two people, `second` being the tracks of the one with fewer of them."""

    identity_id: IdentityId
    second: tuple[TrackId, ...]
    separation: float = Field(ge=0, description="Between the centres of the two, in merge distances.")
    simultaneous: int = Field(ge=0, description="Pairs of tracks, one of each, seen in one frame.")


class GroupingDoubts(Contract):
    """What looks wrong in a grouping, the most doubtful first (artifact `doubts`, from grouper to identity)."""

    ep_id: EpId
    run_id: RunId
    revision: int = Field(ge=1)
    same: tuple[LikelySame, ...]
    strays: tuple[LikelyStray, ...]
    two: tuple[LikelyTwo, ...]
    schema_version: int = SCHEMA_VERSION


class CastScreenTime(Contract):
    cast_id: Slug
    name: str
    visible_s: float = Field(ge=0)
    share: float = Field(ge=0, le=1, description="Part of the episode's duration.")
    appearances: int = Field(ge=0)
    first_s: float | None = None
    last_s: float | None = None
    longest_s: float = Field(ge=0)
    mean_face_size: float | None = Field(default=None, description="Mean face height as a fraction of the picture's.")
    intervals_s: tuple[Interval, ...]
    confidence: float = Field(ge=0, le=1)
    identity_ids: tuple[IdentityId, ...]
    representative: str | None = None
    present_s: float | None = Field(
        default=None, ge=0, description="Seconds in the picture, face to be seen or not; null: not looked for."
    )
    present_intervals_s: tuple[Interval, ...] = ()
    prominence: float | None = Field(
        default=None,
        ge=0,
        le=1,
        description="How much the episode is about them, 0..1: of their most prominent seconds.",
    )
    participant: bool = Field(default=True, description="False: seen in passing, as audience and passers-by are.")
    shown: tuple[Appearance, ...] = Field(default=(), description="The intervals, each with its prominence.")
    details: CastDetails = Field(
        default_factory=CastDetails, description="What people said of them: ids, role, characters, attributes."
    )


UnknownBecause = Literal[
    "nobody_similar", "too_small_to_recognise", "poor_pictures", "no_cast", "extra", "picture_or_figure"
]
"""Why somebody has no name, for programs: the cast was compared and nobody fits; the face never has the size that can be
recognised; none of its pictures is good enough; there is nobody to compare with; operators say so; it is no person."""


class UnidentifiedScreenTime(Contract):
    identity_id: IdentityId
    visible_s: float = Field(ge=0)
    intervals_s: tuple[Interval, ...]
    tracks: int = Field(ge=0)
    reason: str
    reason_code: UnknownBecause | None = Field(default=None, description="The reason for programs; null: not said.")
    representative: str | None = None
    label: str | None = Field(default=None, description="What operators call them, though nobody of the cast.")
    present_s: float | None = Field(
        default=None, ge=0, description="Seconds in the picture, face to be seen or not; null: not looked for."
    )
    present_intervals_s: tuple[Interval, ...] = ()
    prominence: float | None = Field(
        default=None,
        ge=0,
        le=1,
        description="How much the episode is about them, 0..1: of their most prominent seconds.",
    )
    participant: bool = Field(default=True, description="False: seen in passing, as audience and passers-by are.")
    shown: tuple[Appearance, ...] = Field(default=(), description="The intervals, each with its prominence.")

    extra: bool = Field(default=False, description="A background performer, as operators say: nobody is to be named.")
    probably_not_a_person: float | None = Field(
        default=None,
        ge=0,
        le=1,
        description="How likely it is a picture or figure instead of a present person; null: nothing was measured, or "
        "somebody vouches for the person.",
    )


class CoAppearance(Contract):
    a: str
    b: str
    seconds: float = Field(ge=0)


class Coverage(Contract):
    any_face_s: float = Field(ge=0)
    nobody_s: float = Field(ge=0)
    figures_s: float = Field(default=0.0, ge=0, description="Seconds in which a picture or figure is to be seen.")
    extras_s: float = Field(default=0.0, ge=0, description="Seconds in which a background performer is visible.")


class ScreenTimeDocument(Contract):
    """`screen_time.json`: seconds with millisecond precision, `cast` sorted by visible_s."""

    episode_id: EpId
    run_id: RunId
    revision: int = Field(ge=1)
    duration_s: float = Field(ge=0)
    cast: tuple[CastScreenTime, ...]
    unidentified: tuple[UnidentifiedScreenTime, ...]
    figures: tuple[UnidentifiedScreenTime, ...] = Field(
        default=(),
        description="Pictures and figures of people, counted apart; locked, named or linked they are people.",
    )
    co_appearance_s: tuple[CoAppearance, ...]
    coverage: Coverage
    warnings: tuple[str, ...] = ()
    warning_details: tuple[Warning, ...] = Field(
        default=(), description="The warnings, each with its code and place, so that a program can decide by them."
    )
    changes: tuple[str, ...] = Field(default=(), description="What this revision changed.")
    models: dict[str, str] = Field(default_factory=dict)
    starts_at_s: float = Field(
        default=0.0,
        ge=0,
        description="When a player shows second 0 of the episode, the first picture: add it to times to find them there.",
    )
    timecode: str | None = Field(
        default=None, description="Timecode of the first picture, `HH:MM:SS:FF`; `;` before the frames is drop-frame."
    )
    signed_off: SignOff | None = Field(default=None, description="The sign-off that counts; null: there is none.")
    external_ids: ProgrammeIds = Field(default_factory=ProgrammeIds, description="Of the episode, in other registries.")
    show_external_ids: ProgrammeIds = Field(default_factory=ProgrammeIds, description="Of the show.")
    schema_version: int = SCHEMA_VERSION


MANIFESTS: dict[str, type[Contract]] = {
    "detections.jsonl": DetectionRow,
    "shots.jsonl": ShotRow,
    "tracks.jsonl": TrackRow,
    "faces.jsonl": FaceRow,
    "identities.json": IdentitiesDocument,
    "cast_links.json": CastLinksDocument,
    "track_metrics.json": TrackMetricsDocument,
    "cluster_centroids.json": ClusterCentroidsDocument,
    "screen_time.json": ScreenTimeDocument,
}
"""Manifest file name -> model of its row (`.jsonl`) or of the whole document (`.json`)."""
