"""Generated from openapi.json by `python -m screenalytics.api.export`; do not edit."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, RootModel


class IntervalsSItem(RootModel[tuple[float, float]]):
    root: Annotated[tuple[float, float], Field(max_length=2, min_length=2)]


class IdentityId(RootModel[str]):
    root: Annotated[str, Field(pattern="^identity-[0-9]{5,}$")]


class CastScreenTime(BaseModel):
    cast_id: Annotated[str, Field(pattern="^[a-z0-9]+(?:-[a-z0-9]+)*$")]
    name: str
    visible_s: Annotated[float, Field(ge=0.0)]
    share: Annotated[float, Field(description="Part of the episode's duration.", ge=0.0, le=1.0)]
    appearances: Annotated[int, Field(ge=0)]
    first_s: float | None = None
    last_s: float | None = None
    longest_s: Annotated[float, Field(ge=0.0)]
    mean_face_size: Annotated[
        float | None,
        Field(description="Mean face height as a fraction of the picture's."),
    ] = None
    intervals_s: list[IntervalsSItem]
    confidence: Annotated[float, Field(ge=0.0, le=1.0)]
    identity_ids: list[IdentityId]
    representative: str | None = None


class CastTotal(BaseModel):
    """
    A cast member over all episodes; `share` is of the episodes' whole duration, 0..1.
    """

    cast_id: Annotated[str, Field(pattern="^[a-z0-9]+(?:-[a-z0-9]+)*$")]
    name: str
    episodes: int
    seconds: float
    appearances: int
    share: float


class CoAppearance(BaseModel):
    a: str
    b: str
    seconds: Annotated[float, Field(ge=0.0)]


class Coverage(BaseModel):
    any_face_s: Annotated[float, Field(ge=0.0)]
    nobody_s: Annotated[float, Field(ge=0.0)]


class ErrorBody(BaseModel):
    """
    `code` is stable and for programs, `message` is one sentence for people that says what to do.
    """

    code: str
    message: str
    details: dict[str, Any] | None = None


class FaceQuality(BaseModel):
    """
    Quality of one face crop and its parts, each in 0..1 (1 is best).
    """

    score: Annotated[float, Field(ge=0.0, le=1.0)]
    confidence: Annotated[float, Field(ge=0.0, le=1.0)]
    size: Annotated[float, Field(ge=0.0, le=1.0)]
    sharpness: Annotated[float, Field(ge=0.0, le=1.0)]
    contrast: Annotated[float, Field(ge=0.0, le=1.0)]
    frontality: Annotated[float, Field(ge=0.0, le=1.0)]


class Kind(StrEnum):
    cast = "cast"
    unidentified = "unidentified"


class GainedItem(RootModel[tuple[float, float]]):
    root: Annotated[tuple[float, float], Field(max_length=2, min_length=2)]


class LostItem(RootModel[tuple[float, float]]):
    root: Annotated[tuple[float, float], Field(max_length=2, min_length=2)]


class PersonDifference(BaseModel):
    """
    One person before and after. Seconds are None where there was no such person.
    """

    id: str
    kind: Kind
    name_before: str | None
    name_after: str | None
    before_s: float | None
    after_s: float | None
    change_s: float
    gained_s: float
    lost_s: float
    gained: list[GainedItem]
    lost: list[LostItem]


class PersonTogether(BaseModel):
    id: str
    name: str
    visible_s: float
    share: float


class Picture(RootModel[str]):
    root: Annotated[str, Field(max_length=500, min_length=1)]


class PictureRequest(BaseModel):
    """
    Pictures by the names that faces have for them.
    """

    model_config = ConfigDict(
        extra="forbid",
    )
    pictures: Annotated[list[Picture], Field(max_length=100, min_length=1)]


class PictureUrl(BaseModel):
    picture: str
    url: str


class PictureUrls(BaseModel):
    """
    Pictures to be fetched within `expires_s` seconds, in the order asked for.
    """

    expires_s: int
    pictures: list[PictureUrl]


class CastId(RootModel[str]):
    root: Annotated[str, Field(pattern="^[a-z0-9]+(?:-[a-z0-9]+)*$")]


class RevisionName(BaseModel):
    """
    Which revision of which run.
    """

    run_id: Annotated[str, Field(max_length=26, min_length=26)]
    revision: int


class ScreenTimeDifference(BaseModel):
    """
    Two revisions compared. Only those who differ are in `people`, the largest change first.
    """

    before: RevisionName
    after: RevisionName
    people: list[PersonDifference]
    unchanged: int
    unidentified_compared: bool
    any_face_before_s: float
    any_face_after_s: float
    sentences: list[str]


class ScreenTimeFile(BaseModel):
    """
    A file of a revision, to be fetched from `url` within `expires_s` seconds.
    """

    name: str
    url: str
    expires_s: int
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    bytes: Annotated[int, Field(ge=0)]
    media_type: str


class ShowTotals(BaseModel):
    """
    The cast of a show, most visible first.
    """

    show: Annotated[str, Field(pattern="^[a-z0-9]+(?:-[a-z0-9]+)*$")]
    season: int | None
    seasons: list[int]
    episodes: int
    duration_s: float
    cast: list[CastTotal]


class Together(BaseModel):
    """
    When two people are visible at the same time.
    """

    a: PersonTogether
    b: PersonTogether
    seconds: float
    intervals_s: list[IntervalsSItem]


class TrackQuality(BaseModel):
    """
    Quality of the faces sampled from a track, 0..1 each; `usable` of `faces` are good enough to recognise.
    """

    mean: float
    best: float
    faces: int
    usable: int


class UnidentifiedScreenTime(BaseModel):
    identity_id: Annotated[str, Field(pattern="^identity-[0-9]{5,}$")]
    visible_s: Annotated[float, Field(ge=0.0)]
    intervals_s: list[IntervalsSItem]
    tracks: Annotated[int, Field(ge=0)]
    reason: str
    representative: str | None = None


class VisiblePerson(BaseModel):
    """
    Somebody who is visible at the moment asked for, and from when to when.
    """

    id: str
    name: str
    interval_s: tuple[float, float]


class VisibleSeconds(BaseModel):
    cast_id: Annotated[str, Field(pattern="^[a-z0-9]+(?:-[a-z0-9]+)*$")]
    name: str
    visible_s: Annotated[float, Field(ge=0.0)]


class Face(BaseModel):
    """
    A sampled face. `crop` and `thumbnail` are names for `POST /media/{ep_id}/urls`.
    """

    face_id: Annotated[str, Field(pattern="^face-[0-9]{5,}-[0-9]{3,}-[0-9]{7,}$")]
    track_id: Annotated[str, Field(pattern="^track-[0-9]{5,}-[0-9]{3,}$")]
    t_s: float
    bbox: tuple[float, float, float, float]
    confidence: float
    quality: FaceQuality
    usable: bool
    crop: str
    thumbnail: str | None


class Moment(BaseModel):
    """
    Who is visible at `t_s`.
    """

    t_s: float
    cast: list[VisiblePerson]
    unidentified: list[VisiblePerson]


class Representatives(BaseModel):
    """
    The faces that show a person best, the best first.
    """

    identity_id: Annotated[str, Field(pattern="^identity-[0-9]{5,}$")]
    revision: int
    cast_id: CastId | None
    label: str | None
    tracks: int
    faces: int
    representatives: list[Face]


class RevisionSummary(BaseModel):
    """
    A revision in the list of them.
    """

    run_id: Annotated[str, Field(max_length=26, min_length=26)]
    revision: int
    at: AwareDatetime
    current: bool
    changes: list[str]
    duration_s: float
    cast: list[VisibleSeconds]
    unidentified: int
    warnings: list[str]


class ScreenTimeDocument(BaseModel):
    """
    `screen_time.json`: seconds with millisecond precision, `cast` sorted by visible_s.
    """

    episode_id: Annotated[str, Field(pattern="^[a-z0-9]+(?:-[a-z0-9]+)*-s[0-9]{2}e[0-9]{2}$")]
    run_id: Annotated[str, Field(max_length=26, min_length=26)]
    revision: Annotated[int, Field(ge=1)]
    duration_s: Annotated[float, Field(ge=0.0)]
    cast: list[CastScreenTime]
    unidentified: list[UnidentifiedScreenTime]
    co_appearance_s: list[CoAppearance]
    coverage: Coverage
    warnings: list[str] | None = []
    changes: Annotated[list[str] | None, Field(description="What this revision changed.")] = []
    models: dict[str, str] | None = None
    schema_version: int | None = 1


class TrackFaces(BaseModel):
    """
    A track, how good its faces are, and the faces in order of time.
    """

    track_id: Annotated[str, Field(pattern="^track-[0-9]{5,}-[0-9]{3,}$")]
    revision: int
    identity_id: IdentityId | None
    shot_id: Annotated[str, Field(pattern="^shot-[0-9]{5,}-[0-9]{3,}$")]
    start_s: float
    end_s: float
    detections: int
    mean_size: float
    rejection: str | None
    quality: TrackQuality
    faces: list[Face]


class ContactSheet(BaseModel):
    """
    One JPEG with a person's best faces in order of time, row by row; fetch it within `expires_s` seconds.
    """

    url: str
    expires_s: int
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    bytes: int
    width_px: int
    height_px: int
    columns: int
    faces: list[Face]


class PageRevisionSummary(BaseModel):
    items: list[RevisionSummary]
    next_cursor: str | None = None
    total: Annotated[int | None, Field(description="Length of the whole list, where it is known.")] = None
