"""Generated from openapi.json by `python -m screenalytics.openapi.export`; do not edit."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints


class AnswerRequest(BaseModel):
    """
    One answer: the request that gives it. `body` lacks only what a person chooses (`cast_id`, `name`).
    """

    answer: Literal["yes", "no", "name", "extra", "nobody", "first", "second", "both"]
    effect_s: Annotated[float, Field(description="Seconds of screen time that it changes.")]
    method: Literal["PUT", "POST", "DELETE"]
    path: str
    body: dict[str, Any] | None = None


class Appearance(BaseModel):
    """
    One interval in which a person is visible, and how much the picture is about them then.
    """

    start_s: float
    end_s: float
    prominence: Annotated[float, Field(description="1: large, sharp, central and in the foreground.")]
    face_size: Annotated[float, Field(description="Mean face height as a fraction of the picture's.")]
    area: Annotated[float, Field(description="Mean share of the picture the face takes.")]
    centrality: Annotated[float, Field(description="1 in the middle of the picture, 0 in a corner.")]
    sharpness: float
    foreground: Annotated[
        float,
        Field(description="Face height over that of the largest face in the picture at the time."),
    ]


class Application(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
    )
    identity_id: str
    cast_id: str
    why: str | None = None


class ApplyAll(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
    )
    min_probability: Annotated[float | None, Field(description="As automatic links need it where not given.")] = None
    min_margin: Annotated[float | None, Field(description="As automatic links need it where not given.")] = None
    why: str | None = None


class AuditEntry(BaseModel):
    """
    Who called which command, when, and how it was answered.
    """

    at: AwareDatetime
    who: str
    caller: Annotated[
        str | None,
        Field(description="Whose credential it was: names need not be unique."),
    ] = None
    role: str
    method: str
    path: str
    status: int
    ep_id: str | None = None
    show: str | None = None


class Beat(BaseModel):
    """
    A page that is open on an episode.
    """

    model_config = ConfigDict(
        extra="forbid",
    )
    page: Annotated[
        str,
        Field(description="A name that the page made up for itself, and keeps while it is open."),
    ]
    screen: Annotated[str, Field(description="review, people, watch …")]
    subject: Annotated[str | None, Field(description="Id of whom or what it shows.")] = None


class BodyAddPictures(BaseModel):
    pictures: list[str]


class Boxes(BaseModel):
    """
    Boxes of a stretch, in order of time. Between two boxes of one track a face moves evenly.
    """

    run_id: str
    revision: int
    from_s: float
    to_s: float
    track_ids: list[str]
    t_ms: list[int]
    track: Annotated[
        list[int],
        Field(description="Place in `track_ids`; -1: a face that is in no track."),
    ]
    box: Annotated[
        list[int],
        Field(description="Four for each of `t_ms`: x1, y1, x2, y2 in 1/10000 of width and height."),
    ]
    confidence: Annotated[list[int], Field(description="Per cent.")]


class CastLink(BaseModel):
    identity_id: str
    cast_id: str
    by: Literal["auto", "operator", "suggestion"]
    probability: float
    margin: Annotated[float, Field(description="Probability minus the runner-up's.")]
    at: Annotated[str, Field(description="ISO 8601, UTC.")]
    event_id: str
    seen_as: Annotated[
        list[str] | None,
        Field(
            description="Identities of the episode, known to be that person, whose faces bore it out: without them no link."
        ),
    ] = []


class CastTotal(BaseModel):
    """
    A cast member over all episodes; `share` is of the episodes' whole duration, 0..1.
    """

    cast_id: str
    name: str
    episodes: int
    seconds: float
    appearances: int
    share: float


class Choice(BaseModel):
    """
    Somebody of the cast whom it may be.
    """

    cast_id: str
    name: str
    probability: float
    distance: Annotated[float | None, Field(description="None where place and time alone suggest them.")] = None


class Clash(BaseModel):
    """
    Two tracks that count for one cast member while both are on screen, from `start_s` to `end_s`.
    """

    cast_id: str
    identity_ids: list[str]
    track_ids: list[str]
    start_s: float
    end_s: float
    seconds: float


class ClipView(BaseModel):
    """
    A stretch of the video as WebM (VP9, and Opus where the video has sound); `url` reads it for a short while.
    """

    ep_id: str
    start_s: float
    end_s: float
    url: str
    url_expires_in_s: int


class ClusterSummary(BaseModel):
    """
    One identity. `cohesion`, `isolation` and `ambiguity` are in merge distances, as `cluster_centroids` has them.
    """

    identity_id: str
    label: Annotated[
        str | None,
        Field(description="What operators call them; who of the cast they are, identities tell."),
    ]
    tracks: int
    faces: int
    seconds: Annotated[
        float,
        Field(description="Visible seconds, counted as the screen time report counts them."),
    ]
    first_s: float | None
    cohesion: float | None
    isolation: float | None
    ambiguity: float | None
    representative: Annotated[
        str | None,
        Field(description="Key of the best picture; /media gives a URL for it."),
    ]
    provenance: Literal["machine", "operator", "rescued"]
    rescued_tracks: int
    locked: bool
    reason: Annotated[str | None, Field(description="Why nobody can say who this is, if so.")]


class CoAppearance(BaseModel):
    a: str
    b: str
    seconds: float


class Consent(BaseModel):
    """
    The basis, since when it holds, and a note that says where the paper is.
    """

    basis: Literal[
        "consent",
        "contract",
        "legal_obligation",
        "vital_interest",
        "public_interest",
        "legitimate_interest",
    ]
    given_on: date
    note: str | None = None
    recorded_by: str
    recorded_at: AwareDatetime


class Coverage(BaseModel):
    any_face_s: float
    nobody_s: float
    figures_s: Annotated[
        float | None,
        Field(description="Seconds in which a picture or figure is to be seen."),
    ] = 0.0
    extras_s: Annotated[
        float | None,
        Field(description="Seconds in which a background performer is visible."),
    ] = 0.0


class CurrentRun(BaseModel):
    """
    The run that counts.
    """

    run_id: str
    state: Literal["requested", "running", "finished", "failed", "cancelled", "superseded"]
    profile: str
    created_at: AwareDatetime


class DeletedEpisode(BaseModel):
    """
    What was deleted: everything of the runs up to `last_run_id`.
    """

    ep_id: str
    last_run_id: str
    version: int


class DeletedShow(BaseModel):
    """
    A show that is gone; `episodes` are deleted after it.
    """

    show: str
    episodes: int
    facebank_revision: int


class Dismissal(BaseModel):
    """
    A suggestion that is not to come back; `cast_id` None: no suggestion at all for this identity.

    `extra`: because it is a background performer, whom nobody will name; only where `cast_id` is None. With `question`
    it is that question of the review queue which is not to come back, and no suggestion.
    """

    identity_id: str
    cast_id: str | None = None
    extra: bool | None = False
    question: str | None = None


class DropTracks(BaseModel):
    """
    The tracks are nobody.
    """

    model_config = ConfigDict(
        extra="forbid",
    )
    kind: Literal["drop"] = "drop"
    track_ids: list[str]
    why: Annotated[str | None, Field(description="Why, for whoever reads the log.")] = None


class DuplicatePair(BaseModel):
    """
    Two clusters that may be one person. `distance` in merge distances: below 1 they are nearly the same face.
    """

    first: ClusterSummary
    second: ClusterSummary
    distance: float


class EditAnswer(BaseModel):
    """
    What became of a command.
    """

    edit_id: str
    version: Annotated[
        int,
        Field(description="Version of the edits with this one; for the next If-Match."),
    ]
    action: Literal["apply", "undo", "redo"]
    grouping_revision: Annotated[int, Field(description="First grouping that can include it.")]
    is_grouped: Annotated[
        bool,
        Field(description="Whether that grouping exists and includes it, as far as was waited for."),
    ]
    revision: Annotated[
        int | None,
        Field(description="Screen time revision with its effect; null: not there yet, or not waited for."),
    ] = None


class EmbedAgain(BaseModel):
    """
    Which model is meant, so that nothing is done with another one by accident.
    """

    model_config = ConfigDict(
        extra="forbid",
    )
    model_id: str


class EpisodeErasure(BaseModel):
    """
    How far the erasure is in one episode.
    """

    ep_id: str
    done: bool | None = False
    tracks: Annotated[int | None, Field(description="Tracks of the person that were found.")] = 0


class EpisodeRole(BaseModel):
    """
    What a member is in one episode, in the place of what they are in the show.
    """

    role: Annotated[str | None, Field(description="null: as in the show.")] = None
    characters: Annotated[
        list[str] | None,
        Field(description="null: as in the show; empty: they play nobody."),
    ] = None


class ErrorBody(BaseModel):
    """
    `code` is stable and for programs, `message` is one sentence for people that says what to do.
    """

    code: str
    message: str
    details: dict[str, Any] | None = None


class Evidence(BaseModel):
    """
    A face that shows what is asked about.
    """

    face_id: str
    track_id: str
    t_s: float
    bbox: list[float]
    picture: Annotated[str | None, Field(description="For `/media/{ep_id}/pictures/{picture}`.")]


class ExtrasRequest(BaseModel):
    """
    People of an episode.
    """

    model_config = ConfigDict(
        extra="forbid",
    )
    identity_ids: list[str]
    why: str | None = None


class FaceOfEpisode(BaseModel):
    """
    The face of an episode that a reference picture is.
    """

    ep_id: str
    run_id: str
    track_id: str
    face_id: str
    t_s: float


class FacePicture(BaseModel):
    """
    A picture of a face.
    """

    face_id: str
    ts_s: float
    quality: float
    crop: str
    thumbnail: str | None


class FaceQuality(BaseModel):
    """
    Quality of one face crop and its parts, each in 0..1 (1 is best).
    """

    score: float
    confidence: float
    size: float
    sharpness: float
    contrast: float
    frontality: float


class Failure(BaseModel):
    """
    Why a run failed: `code` is stable, `message` says what to do.
    """

    stage: str
    code: str
    message: str


class FoundEpisode(BaseModel):
    """
    An episode, by the revision that people see, and how long it shows who was asked for.
    """

    ep_id: str
    season: int
    run_id: str
    revision: int
    duration_s: float
    seconds: Annotated[float, Field(description="In all; of anybody where nobody was named.")]
    longest_s: Annotated[float, Field(description="The longest stretch without a break.")]
    intervals_s: Annotated[list[list[float]], Field(description="When; empty where nobody was named.")]


class FramesView(BaseModel):
    """
    When each frame of the analysed video is shown.

    A player of the video itself is in the middle of a frame at `starts_at_s + (its time + half its spacing) * tick_s`; one
    of a proxy at the same without `starts_at_s`.
    """

    frames: int
    tick_s: list[int]
    first: int
    delta: list[int]
    count: list[int]
    ep_id: str
    sha256: str
    duration_s: float
    starts_at_s: Annotated[
        float,
        Field(description="When a player of the video itself shows the first picture, second 0."),
    ]


class GivenEpisodeRole(BaseModel):
    """
    As callers send it: a field that is not known is refused.
    """

    model_config = ConfigDict(
        extra="forbid",
    )
    role: Annotated[str | None, Field(description="null: as in the show.")] = None
    characters: Annotated[
        list[str] | None,
        Field(description="null: as in the show; empty: they play nobody."),
    ] = None


class GivenIds(BaseModel):
    """
    As callers send them: a registry that is not known is refused.
    """

    model_config = ConfigDict(
        extra="forbid",
    )
    eidr: str | None = None
    isan: str | None = None
    imdb: str | None = None
    wikidata: str | None = None


class GivenPersonIds(BaseModel):
    """
    As callers send them: a registry that is not known, or that has no people, is refused.
    """

    model_config = ConfigDict(
        extra="forbid",
    )
    imdb: str | None = None
    wikidata: str | None = None


class GivenProgrammeIds(BaseModel):
    """
    As callers send them: a registry that is not known is refused.
    """

    model_config = ConfigDict(
        extra="forbid",
    )
    eidr: str | None = None
    isan: str | None = None
    imdb: str | None = None
    wikidata: str | None = None


class GroupTotal(BaseModel):
    """
    A group. `people` are those seen at all; strangers of two episodes are two.
    """

    people: int | None = 0
    seconds: Annotated[
        float | None,
        Field(description="At least one of them is visible: two at once count once."),
    ] = 0.0
    person_seconds: Annotated[float | None, Field(description="Of each of them: two at once count twice.")] = 0.0
    share: Annotated[float | None, Field(description="`seconds` of the whole duration, 0..1.")] = 0.0


class Grouped(BaseModel):
    """
    Which grouping an answer is about. `pending_edits`: accepted ones that the next grouping will include.
    """

    run_id: str
    grouping_revision: int
    edits_version: Annotated[int, Field(description="Version of the edits now, as the ETag says it.")]
    pending_edits: int


class GroupingMetrics(BaseModel):
    """
    Health of one clustering.
    """

    tracks: int
    clusters: int
    unassigned_tracks: int
    rescued_tracks: int
    singleton_fraction: float
    largest_fraction: float


class HistoryStep(BaseModel):
    """
    One entry: something that was decided, taken back, or made again.
    """

    step: Annotated[
        str,
        Field(description="Names what was decided, for undo and redo; the same for what takes it back."),
    ]
    source: Literal["clusters", "links", "sign_off"]
    version: Annotated[int, Field(description="Of its source with this entry.")]
    action: Literal["do", "undo", "redo"]
    kind: Annotated[str, Field(description="merge, split, link, extra, sign …")]
    who: str
    at: str
    why: str | None = None
    sentence: Annotated[str, Field(description="What was decided, in a few words of English.")]
    active: Annotated[bool, Field(description="Whether what was decided is in force now.")]
    identity_ids: list[str] | None = []
    command_id: Annotated[str | None, Field(description="`Idempotency-Key` of the command.")] = None


class HistoryView(BaseModel):
    """
    A part of the history, the latest first.
    """

    version: Annotated[int, Field(description="Of the history: the sum of `versions`; also in `ETag`.")]
    versions: dict[Literal["clusters", "links", "sign_off"], int]
    items: list[HistoryStep]
    undo: Annotated[
        HistoryStep | None,
        Field(description="What undo takes back next; told with the first page."),
    ]
    redo: Annotated[
        HistoryStep | None,
        Field(description="What redo makes again next; told with the first page."),
    ]
    next_cursor: str | None = None


class IdentityColumns(BaseModel):
    """
    People, most visible first.
    """

    identity_id: list[str]
    name: list[str | None]
    cast_id: list[str | None]
    linked_by: list[Literal["auto", "operator", "suggestion"] | None]
    probability: list[float | None]
    locked: list[bool]
    extra: Annotated[list[bool], Field(description="A background performer, as operators said.")]
    visible_s: list[float]
    first_ms: list[int | None]
    faces: list[int]
    picture: Annotated[list[str | None], Field(description="For `/media/{ep_id}/pictures/{picture}`.")]
    reason: Annotated[list[str | None], Field(description="Why nobody can say who this is, if so.")]


class ImportedRow(BaseModel):
    row: int
    cast_id: str
    name: str
    verdict: str
    message: str


class KafkaHolding(BaseModel):
    """
    A topic whose messages cannot be taken back: they are gone by `until`, if its retention is as declared.
    """

    topic: str
    holds: str
    until: AwareDatetime


class KeepApart(BaseModel):
    """
    The two are never one person.
    """

    model_config = ConfigDict(
        extra="forbid",
    )
    kind: Literal["not_same"] = "not_same"
    first: Annotated[str, Field(examples=["identity-00001"])]
    second: Annotated[str, Field(examples=["identity-00001"])]
    why: Annotated[str | None, Field(description="Why, for whoever reads the log.")] = None


class LaterRequest(BaseModel):
    """
    A question for the end of the queue.
    """

    model_config = ConfigDict(
        extra="forbid",
    )
    id: str
    later: bool | None = True


class LinkChange(BaseModel):
    """
    The audit entry of one transition: who did what to one identity, and how it was before and after.
    """

    version: Annotated[int, Field(description="Version of the state this change made.")]
    action: Literal[
        "link",
        "unlink",
        "dismiss",
        "restore",
        "extra",
        "settle",
        "references",
        "undo",
        "redo",
    ]
    identity_id: str
    cast_id: str | None
    who: str
    at: Annotated[str, Field(description="ISO 8601, UTC.")]
    event_id: str
    before: CastLink | None
    after: CastLink | None
    dismissed_before: Annotated[list[Dismissal] | None, Field(validate_default=True)] = []
    dismissed_after: Annotated[list[Dismissal] | None, Field(validate_default=True)] = []
    undoes: Annotated[int | None, Field(description="Version of the change that was taken back.")] = None


class LinkRequest(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
    )
    cast_id: str
    why: str | None = None


class LinksOutcome(BaseModel):
    """
    What a command did.
    """

    version: Annotated[int, Field(description="Version of the links now; also in `ETag`.")]
    changed: bool
    changes: Annotated[list[LinkChange] | None, Field(validate_default=True)] = []
    revision: Annotated[
        int | None,
        Field(description="Screen time revision that includes it; null while it is being made."),
    ] = None


class LockCluster(BaseModel):
    """
    The identity is complete and right: nothing joins or leaves it.
    """

    model_config = ConfigDict(
        extra="forbid",
    )
    kind: Literal["lock"] = "lock"
    identity_id: Annotated[str, Field(examples=["identity-00001"])]
    why: Annotated[str | None, Field(description="Why, for whoever reads the log.")] = None


class Match(BaseModel):
    """
    A cast member somebody may be.
    """

    cast_id: str
    name: str | None
    probability: float
    distance: float
    seen_as: Annotated[
        list[str] | None,
        Field(description="Identities of the episode, known to be that person, whose faces bear it out."),
    ] = []


class MergeClusters(BaseModel):
    """
    All of them are one person, who keeps the target's id.
    """

    model_config = ConfigDict(
        extra="forbid",
    )
    kind: Literal["merge"] = "merge"
    target: Annotated[str, Field(examples=["identity-00001"])]
    sources: list[str]
    why: Annotated[str | None, Field(description="Why, for whoever reads the log.")] = None


class MoveTimeRange(BaseModel):
    """
    `[start_s, end_s)` of the track shows the target, or a new person (null).
    """

    model_config = ConfigDict(
        extra="forbid",
    )
    kind: Literal["move_range"] = "move_range"
    track_id: Annotated[str, Field(examples=["track-00000-001"])]
    start_s: float
    end_s: float
    target: str | None = None
    why: Annotated[str | None, Field(description="Why, for whoever reads the log.")] = None


class MoveTracks(BaseModel):
    """
    The tracks belong to the target, or to a new person (null), and not to the source; by default who has them.
    """

    model_config = ConfigDict(
        extra="forbid",
    )
    kind: Literal["move_tracks"] = "move_tracks"
    track_ids: list[str]
    source: str | None = None
    target: str | None = None
    why: Annotated[str | None, Field(description="Why, for whoever reads the log.")] = None


class NamedGroup(BaseModel):
    """
    Those who have one word.
    """

    people: int | None = 0
    seconds: Annotated[
        float | None,
        Field(description="At least one of them is visible: two at once count once."),
    ] = 0.0
    person_seconds: Annotated[float | None, Field(description="Of each of them: two at once count twice.")] = 0.0
    share: Annotated[float | None, Field(description="`seconds` of the whole duration, 0..1.")] = 0.0
    value: str


class NewConsent(BaseModel):
    """
    On which basis a member's pictures are kept and compared, since when, and where the paper is.
    """

    model_config = ConfigDict(
        extra="forbid",
    )
    basis: Literal[
        "consent",
        "contract",
        "legal_obligation",
        "vital_interest",
        "public_interest",
        "legitimate_interest",
    ]
    given_on: date
    note: str | None = None


class NewEpisode(BaseModel):
    """
    An episode that may have no video yet.
    """

    model_config = ConfigDict(
        extra="forbid",
    )
    show: str
    season: int
    episode: int
    title: str | None = None
    air_date: date | None = None
    data: dict[Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,40}$")], str] | None = None
    external_ids: Annotated[
        GivenIds | None,
        Field(description="In other registries: EIDR, ISAN, IMDb, Wikidata."),
    ] = None


class NewErasure(BaseModel):
    """
    Whom to erase. The id is sent here and not in the address, which the audit log keeps.
    """

    model_config = ConfigDict(
        extra="forbid",
    )
    cast_id: str
    names: Annotated[
        list[str] | None,
        Field(description="Other names to take out of what people wrote."),
    ] = []


class NewMember(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
    )
    name: str
    cast_id: Annotated[str | None, Field(description="Made from the name where not given.")] = None


class NewMemberFromIdentity(BaseModel):
    """
    Somebody new in the cast; `references` of the identity's best faces become their pictures.
    """

    model_config = ConfigDict(
        extra="forbid",
    )
    name: str
    cast_id: Annotated[str | None, Field(description="Made from the name where not given.")] = None
    references: int | None = 5
    why: str | None = None


class NewRun(BaseModel):
    """
    How to process the episode's video.
    """

    model_config = ConfigDict(
        extra="forbid",
    )
    profile: Literal["low_power", "balanced", "high_accuracy"] | None = "balanced"
    force: Annotated[
        bool | None,
        Field(description="Also where the same video was processed with the same profile."),
    ] = False
    video_stream: Annotated[
        int | None,
        Field(description="Number of the stream in the file to analyse; null finds the film."),
    ] = None
    reuse_tracks: Annotated[
        bool | None,
        Field(
            description="Take tracks and pictures from the current run and do only what follows them, with the models of now. Its profile and stream hold; `force` goes without saying."
        ),
    ] = False
    reason: Annotated[str | None, Field(description="Told to subscribers.")] = None


class NewShow(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
    )
    name: str
    show: Annotated[str | None, Field(description="Made from the name where not given.")] = None


class NewUpload(BaseModel):
    """
    A video that will come in parts.
    """

    model_config = ConfigDict(
        extra="forbid",
    )
    ep_id: str
    filename: str
    bytes: int
    sha256: str
    media_type: str | None = "video/mp4"
    profile: Literal["low_power", "balanced", "high_accuracy"] | None = "balanced"
    title: str | None = None
    start: Annotated[bool | None, Field(description="Begin a run when the upload is complete.")] = True
    force: Annotated[
        bool | None,
        Field(description="Also where the episode is of another video, which this one replaces."),
    ] = False


class NewWebhook(BaseModel):
    """
    An address to tell, and of what.
    """

    model_config = ConfigDict(
        extra="forbid",
    )
    url: str
    events: Annotated[
        list[
            Literal[
                "screentime.reported",
                "screentime.signed",
                "episode.failed",
                "run.started",
                "run.cancelled",
                "cast.linked",
                "links.changed",
                "clusters.edited",
                "cast.changed",
                "cast.described",
                "facebank.updated",
                "episode.changed",
                "episode.deleted",
                "show.deleted",
                "person.erased",
            ]
        ]
        | None,
        Field(description="Which events; all where none is named."),
    ] = []
    shows: Annotated[
        list[str] | None,
        Field(description="Of which shows; of all where none is named."),
    ] = []
    cast_ids: Annotated[
        list[str] | None,
        Field(description="Only reports in which one of these is visible long enough."),
    ] = []
    min_visible_s: Annotated[
        float | None,
        Field(description="Of `screentime.reported` only those in which somebody is visible for so long."),
    ] = None
    description: str | None = ""


class Overlap(BaseModel):
    """
    A stretch in which both are in the picture.
    """

    start_s: float
    end_s: float


class Overrides(BaseModel):
    """
    Thresholds that an episode is grouped with instead of those of the settings. Distances are of the embedder.
    """

    model_config = ConfigDict(
        extra="forbid",
    )
    merge_distance: Annotated[float | None, Field(description="Of two clusters of one person.")] = None
    farthest_ratio: Annotated[float | None, Field(description="Of any two tracks of one person.")] = None
    good_ratio: Annotated[float | None, Field(description="At which good lone tracks are rescued.")] = None
    poor_ratio: Annotated[float | None, Field(description="At which poor tracks are rescued.")] = None
    margin_ratio: Annotated[float | None, Field(description="How much farther the second nearest is.")] = None


class PageAuditEntry(BaseModel):
    items: list[AuditEntry]
    next_cursor: str | None = None
    total: Annotated[int | None, Field(description="Length of the whole list, where it is known.")] = None


class PageClash(BaseModel):
    items: list[Clash]
    next_cursor: str | None = None
    total: Annotated[int | None, Field(description="Length of the whole list, where it is known.")] = None


class PageDuplicatePair(BaseModel):
    items: list[DuplicatePair]
    next_cursor: str | None = None
    total: Annotated[int | None, Field(description="Length of the whole list, where it is known.")] = None


class PageFoundEpisode(BaseModel):
    items: list[FoundEpisode]
    next_cursor: str | None = None
    total: Annotated[int | None, Field(description="Length of the whole list, where it is known.")] = None


class Pair(BaseModel):
    """
    An identity and the cast member it is not; null: nobody is to be suggested for it.
    """

    model_config = ConfigDict(
        extra="forbid",
    )
    identity_id: str
    cast_id: str | None = None
    why: str | None = None


class PartUrl(BaseModel):
    """
    Where to PUT one part of `bytes` bytes. Parts count from 1.
    """

    part: int
    bytes: int
    url: str


class PersonDifference(BaseModel):
    """
    One person before and after. Seconds are None where there was no such person.
    """

    id: str
    kind: Literal["cast", "unidentified"]
    name_before: str | None
    name_after: str | None
    before_s: float | None
    after_s: float | None
    change_s: float
    gained_s: float
    lost_s: float
    gained: list[list[float]]
    lost: list[list[float]]


class PersonIds(BaseModel):
    """
    A person in the registries of others. EIDR and ISAN are of works and name no people.
    """

    imdb: str | None = None
    wikidata: str | None = None


class PersonInRuns(BaseModel):
    """
    Visible seconds of one person in both; `difference_s` is b minus a.
    """

    cast_id: str
    name: str
    a_s: float
    b_s: float
    difference_s: float


class PersonPresent(BaseModel):
    """
    One open page: whose it is and what it shows.
    """

    id: Annotated[str, Field(description="Of the page; the answer to its own beat names it.")]
    name: str
    screen: str
    subject: Annotated[
        str | None,
        Field(description="Whom or what they look at: an identity, a question, a track."),
    ] = None
    since: AwareDatetime


class PersonTogether(BaseModel):
    id: str
    name: str
    visible_s: float
    share: float


class PictureEntry(BaseModel):
    """
    A reference picture. `url` is good for some minutes.
    """

    picture: str
    filename: str | None = None
    quality: float
    used: Annotated[bool, Field(description="Whether identities are compared with it.")]
    duplicate_of: str | None = None
    looks_like: Annotated[str | None, Field(description="Another member it resembles more than its own.")] = None
    model_id: str
    added_at: str | None = None
    url: str | None = None
    source: Annotated[
        FaceOfEpisode | None,
        Field(description="The face of an episode that it is; null: uploaded."),
    ] = None
    resting: Annotated[
        bool | None,
        Field(
            description="Nobody is compared with it now: what made this face a picture of the member was taken back."
        ),
    ] = False


class PictureRequest(BaseModel):
    """
    Pictures by the names that faces have for them.
    """

    model_config = ConfigDict(
        extra="forbid",
    )
    pictures: list[str]


class PictureUrl(BaseModel):
    picture: str
    url: str


class PictureUrls(BaseModel):
    """
    Pictures to be fetched within `expires_s` seconds, in the order asked for.
    """

    expires_s: int
    pictures: list[PictureUrl]


class PictureVerdict(BaseModel):
    cast_id: str
    filename: str
    accepted: bool
    code: Annotated[str, Field(description="`ok` or why the picture is not used.")]
    message: str


class PictureVerdicts(BaseModel):
    """
    What became of each picture, in the order sent.
    """

    facebank_revision: int
    accepted: int
    verdicts: list[PictureVerdict]


class PicturesEmbedded(BaseModel):
    """
    A show's pictures after they were embedded again; `failed` are `cast_id/picture` whose face cannot be used.
    """

    model_id: str
    pictures: int
    changed: int
    failed: list[str]


class PlaybackView(BaseModel):
    """
    What a browser can play: the video itself, or a proxy (WebM: VP9 and Opus).

    `url` reads it for a while, by ranges too.
    """

    ep_id: str
    state: Literal["ready", "not_made", "queued", "making", "failed"]
    source: Literal["original", "proxy"]
    why: Annotated[str | None, Field(description="Why browsers do not play the video itself.")] = None
    starts_at_s: Annotated[
        float | None,
        Field(description="When a player shows second 0 of the episode; of a proxy 0."),
    ] = 0.0
    fraction: Annotated[float | None, Field(description="How much of a proxy is made.")] = None
    failure: Failure | None = None
    url: str | None = None
    url_expires_in_s: int | None = None


class PreviewedIdentity(BaseModel):
    """
    One identity that changes. Seconds are visible seconds, counted as the report counts them.
    """

    identity_id: str
    change: Literal["appears", "vanishes", "changes"]
    label: str | None = None
    gained_track_ids: list[str]
    lost_track_ids: list[str]
    seconds_before: float
    seconds_after: float


class ProgrammeIds(BaseModel):
    """
    A show or an episode in the registries of others.
    """

    eidr: str | None = None
    isan: str | None = None
    imdb: str | None = None
    wikidata: str | None = None


class PutOff(BaseModel):
    """
    How many questions are put off now.
    """

    later: int


class ReclusterEpisode(BaseModel):
    """
    Group with other thresholds from here on; an empty object goes back to those of the settings.
    """

    model_config = ConfigDict(
        extra="forbid",
    )
    kind: Literal["recluster"] = "recluster"
    overrides: Overrides
    why: Annotated[str | None, Field(description="Why, for whoever reads the log.")] = None


class ReferencePicture(BaseModel):
    """
    A reference picture of a cast member: `/shows/{show}/cast/{cast_id}/pictures/{picture}/image`.
    """

    cast_id: str
    picture: str


class Registration(BaseModel):
    """
    A video that is in the bucket already, below `raw/videos/{ep_id}/`.
    """

    model_config = ConfigDict(
        extra="forbid",
    )
    uri: str
    sha256: str | None = None
    media_type: str | None = "video/mp4"
    profile: Literal["low_power", "balanced", "high_accuracy"] | None = "balanced"
    title: str | None = None
    start: bool | None = True
    force: Annotated[
        bool | None,
        Field(description="Also where the episode is of another video, which this one replaces."),
    ] = False


class RemovedMember(BaseModel):
    cast_id: str
    links: Annotated[dict[str, int], Field(description="Links taken away, by episode.")]
    pictures: int


class RenameCluster(BaseModel):
    """
    What to call a person who is nobody of the cast; null takes the name away.
    """

    model_config = ConfigDict(
        extra="forbid",
    )
    kind: Literal["rename"] = "rename"
    identity_id: Annotated[str, Field(examples=["identity-00001"])]
    label: str | None
    why: Annotated[str | None, Field(description="Why, for whoever reads the log.")] = None


class Renaming(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
    )
    name: str


class ReplayRequest(BaseModel):
    """
    What to tell again: the messages named here, or all in a state.
    """

    model_config = ConfigDict(
        extra="forbid",
    )
    message_ids: list[str] | None = []
    state: Annotated[
        Literal["waiting", "delivered", "dead"] | None,
        Field(description="`dead` where nothing else is said."),
    ] = None


class Replayed(BaseModel):
    """
    How many messages are told again.
    """

    model_config = ConfigDict(
        extra="forbid",
    )
    messages: int


class RestRequest(BaseModel):
    """
    Everybody without a name, or only those who are visible for less than so many seconds.
    """

    model_config = ConfigDict(
        extra="forbid",
    )
    below_s: float | None = None
    why: str | None = None


class RestoreTracks(BaseModel):
    """
    Dropped tracks are somebody after all.
    """

    model_config = ConfigDict(
        extra="forbid",
    )
    kind: Literal["restore"] = "restore"
    track_ids: list[str]
    why: Annotated[str | None, Field(description="Why, for whoever reads the log.")] = None


class ResumedRun(BaseModel):
    """
    A run that goes on; `segments_asked` is how many segments it lacks.
    """

    ep_id: str
    run_id: str
    segments_asked: int


class RevisionFile(BaseModel):
    """
    A file of a revision.
    """

    name: str
    sha256: str
    bytes: int
    media_type: str


class RevisionFileList(BaseModel):
    """
    Every file of a revision, by name, and what the revision is made from.
    """

    run_id: str
    revision: int
    at: AwareDatetime
    grouping_revision: int | None
    edits_version: Annotated[
        int | None,
        Field(description="Version of the edits of clusters; null: made before it was noted."),
    ]
    links_version: int | None
    files: list[RevisionFile]


class RevisionName(BaseModel):
    """
    Which revision of which run.
    """

    run_id: str
    revision: int


class RunSide(BaseModel):
    """
    One of the two runs.
    """

    run_id: str
    state: str
    profile: str
    video_sha256: str
    segments: int
    duration_s: float
    wall_s: Annotated[float | None, Field(description="From plan to result.")] = None
    report_revision: int | None = None
    models: dict[str, str] | None = None
    metrics: dict[str, float] | None = None
    stage_seconds: Annotated[dict[str, float] | None, Field(description="Busy seconds of each stage.")] = None


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
    sha256: str
    bytes: int
    media_type: str


class SeasonSeconds(BaseModel):
    """
    Somebody in a season.
    """

    season: int
    episodes: int
    seconds: float


class SessionView(BaseModel):
    """
    Who is calling, and by what.
    """

    name: str
    role: Literal["viewer", "operator", "admin"]
    shows: Annotated[
        list[str] | None,
        Field(description="Slugs of the shows they may touch; null: all."),
    ]
    by: Annotated[
        Literal["session", "key", "token", "nothing"],
        Field(description="`nothing`: authentication is off, everybody is admin."),
    ]
    expires_at: Annotated[AwareDatetime | None, Field(description="Of the session.")] = None
    csrf_token: Annotated[
        str | None,
        Field(description="To be sent as `X-CSRF-Token` with whatever is no GET, where the cookie says who calls."),
    ] = None


class SettleRequest(BaseModel):
    """
    A question whose answer is: right as it is.
    """

    model_config = ConfigDict(
        extra="forbid",
    )
    id: str
    why: str | None = None


class SharedStretch(BaseModel):
    """
    What both have: a second of `first` is that of `second` plus `shift_s`.
    """

    first: list[float]
    second: list[float]
    shift_s: float


class ShotColumns(BaseModel):
    """
    Shots in order of time; one that a segment's border divides is two rows.
    """

    shot_id: list[str]
    start_ms: list[int]
    end_ms: list[int]


class ShowTotals(BaseModel):
    """
    The cast of a show, most visible first.
    """

    show: str
    season: int | None
    seasons: list[int]
    episodes: int
    duration_s: float
    cast: list[CastTotal]


class ShowView(BaseModel):
    show: str
    name: str | None
    members: int
    facebank_revision: int
    episodes: Annotated[int, Field(description="Episodes with a reported screen time.")]
    external_ids: Annotated[ProgrammeIds | None, Field(description="In the registries of others.")] = None


class Sighting(BaseModel):
    """
    One identity of one episode, as far as other episodes need it. `row` is its centroid's, None without one.
    """

    ep_id: str
    identity_id: str
    cast_id: str | None = None
    label: str | None = None
    visible_s: float
    row: int | None = None
    representative: str | None = None


class SignInOptions(BaseModel):
    """
    How one may sign in here.
    """

    authentication: Annotated[bool, Field(description="Whether callers have to say who they are.")]
    key: Annotated[bool, Field(description="`POST /session` takes a key.")]
    token: Annotated[bool, Field(description="`POST /session` takes an access token.")]
    oidc_start: Annotated[
        str | None,
        Field(description="Where a browser goes to sign in at the issuer, with `?return_to=/…`; null where it cannot."),
    ]


class SignOff(BaseModel):
    """
    Who signed off which revision and what was uncertain then; as later revisions carry it, with what changed since.
    """

    run_id: str
    revision: Annotated[int, Field(description="The revision that was signed off.")]
    who: str
    at: Annotated[str, Field(description="ISO 8601, UTC.")]
    note: str | None = None
    undecided_s: Annotated[
        float,
        Field(description="Visible seconds of people who had no name and were asked about."),
    ]
    total_s: Annotated[
        float,
        Field(description="Visible seconds of everybody, each counted for themselves."),
    ]
    open_questions: Annotated[int, Field(description="Questions that nobody had answered.")]
    at_stake_s: Annotated[
        float,
        Field(description="Seconds likely to be wrong: of each open question the seconds at stake times its doubt."),
    ]
    stale: Annotated[
        bool | None,
        Field(description="Somebody is visible at other times than in the revision that was signed off."),
    ] = False
    changes: Annotated[
        list[str] | None,
        Field(description="What is different since, in sentences; empty as well where that revision is gone."),
    ] = []


class SignOffEntry(BaseModel):
    """
    One entry of the log of sign-offs.
    """

    version: int
    action: Annotated[
        str,
        Field(description="`sign`, or `undo` or `redo` of the entry with version `target`."),
    ]
    who: str
    at: str
    note: str | None
    run_id: str | None
    revision: int | None
    target: int | None
    active: Annotated[bool, Field(description="Whether it was not taken back.")]


class SignOffRequest(BaseModel):
    """
    The revision that was looked at; it has to be the one that is shown.
    """

    model_config = ConfigDict(
        extra="forbid",
    )
    revision: int
    run_id: Annotated[str | None, Field(description="The current run where not given.")] = None
    note: str | None = None


class SignOffView(BaseModel):
    """
    The sign-off that counts, and the log of all.
    """

    version: Annotated[int, Field(description="Of the sign-offs; also in `ETag`.")]
    signed_off: SignOff | None
    revision: Annotated[
        int | None,
        Field(description="Screen time revision that carries it; null while it is being made."),
    ]
    history: Annotated[list[SignOffEntry], Field(description="Latest first.")]


class SkippedSuggestion(BaseModel):
    """
    An identity that keeps what it has.
    """

    identity_id: str
    code: str
    reason: str


class SplitCluster(BaseModel):
    """
    The tracks are one other person than the rest of the identity.
    """

    model_config = ConfigDict(
        extra="forbid",
    )
    kind: Literal["split"] = "split"
    identity_id: Annotated[str, Field(examples=["identity-00001"])]
    track_ids: list[str]
    why: Annotated[str | None, Field(description="Why, for whoever reads the log.")] = None


class SplitInTwo(BaseModel):
    """
    The cluster in which two people are to be found.
    """

    model_config = ConfigDict(
        extra="forbid",
    )
    identity_id: Annotated[str, Field(examples=["identity-00001"])]
    why: Annotated[str | None, Field(description="Why, for whoever reads the log.")] = None


class Sprite(BaseModel):
    """
    A sheet of square cells, row by row from the top left.
    """

    sprite: Annotated[
        str,
        Field(description="Name, made from the pictures in it: the same sheet always has the same one."),
    ]
    cell_px: int
    columns: int
    rows: int
    pictures: list[str]


class SpriteRequest(BaseModel):
    """
    Pictures by the tokens that timelines and faces have for them, in the order of the sheet.
    """

    model_config = ConfigDict(
        extra="forbid",
    )
    pictures: list[str]
    cell_px: int | None = 96


class StageProgress(BaseModel):
    """
    Pieces of work of one stage.
    """

    done: int
    total: int
    fraction: float


class StartedRun(BaseModel):
    """
    The run that does what was asked for; `created` is false for one that was there already.
    """

    ep_id: str
    run_id: str
    created: bool


class Step(BaseModel):
    """
    Which command to take back or make again.
    """

    model_config = ConfigDict(
        extra="forbid",
    )
    version: Annotated[int | None, Field(description="Of the command; the latest where not given.")] = None
    why: str | None = None


class Suggestions(BaseModel):
    """
    Whom an identity may be, most probable first; `reason` says why nobody, or what leaves doubt.
    """

    identity_id: str
    matches: list[Match]
    margin: Annotated[float, Field(description="Best probability minus the runner-up's.")]
    reason: str | None = None
    dismissed: Annotated[
        list[str | None] | None,
        Field(description="Cast ids not suggested; null: nobody is."),
    ] = []
    prominence: Annotated[
        float | None,
        Field(description="How much the episode is about this identity, 0..1."),
    ] = 0.0
    participant: Annotated[
        bool | None,
        Field(description="False: seen in passing, as audience and passers-by are."),
    ] = True


class TakeFaces(BaseModel):
    """
    Which faces: so many of the best, or those named.
    """

    model_config = ConfigDict(
        extra="forbid",
    )
    count: int | None = 5
    face_ids: list[str] | None = []
    why: str | None = None


class TakenFace(BaseModel):
    """
    A face of the episode that became a reference picture: what it is called there, and where it came from.
    """

    cast_id: str
    picture: Annotated[str, Field(description="Id of the reference picture.")]
    run_id: str
    track_id: str
    face_id: str
    t_s: Annotated[float, Field(description="Second of the episode.")]


class TemporalMatch(BaseModel):
    """
    A cast member who was at an identity's place just before or after.
    """

    identity_id: str
    cast_id: str
    name: str | None
    score: float
    track_id: str
    neighbour_track_id: str
    overlap: float
    gap_s: float
    same_shot: bool


class Together(BaseModel):
    """
    When two people are visible at the same time.
    """

    a: PersonTogether
    b: PersonTogether
    seconds: float
    intervals_s: list[list[float]]


class TrackColumns(BaseModel):
    """
    Tracks in order of time. `identity` and `shot` are places in the other tables, -1 where there is none.
    """

    track_id: list[str]
    identity: list[int]
    shot: list[int]
    start_ms: list[int]
    end_ms: list[int]
    quality: Annotated[list[float], Field(description="Mean quality of the sampled faces, 0..1.")]
    faces: list[int]
    low_quality: list[bool]
    distance: Annotated[
        list[float | None],
        Field(
            description="Of the track's vector to its identity's centre, Euclidean between unit vectors: the largest are the likeliest mistakes."
        ),
    ]
    picture: Annotated[list[str | None], Field(description="For `/media/{ep_id}/pictures/{picture}`.")]
    rejection: list[str | None]


class TrackQuality(BaseModel):
    """
    Quality of the faces sampled from a track, 0..1 each; `usable` of `faces` are good enough to recognise.
    """

    mean: float
    best: float
    faces: int
    usable: int


class TryView(BaseModel):
    """
    One try.
    """

    model_config = ConfigDict(
        extra="forbid",
    )
    at: AwareDatetime
    took_s: float
    status: Annotated[
        int | None,
        Field(description="HTTP status of the answer; null where there was none."),
    ]
    error: str | None


class TwoPeople(BaseModel):
    """
    A proposal to split a cluster in two, `second` being the part to split off.
    """

    identity_id: str
    is_two: bool
    verdict: str
    first: list[str]
    second: list[str]
    separation: Annotated[
        float,
        Field(description="Between the centres of the two parts, in merge distances."),
    ]
    spread: Annotated[
        float,
        Field(description="Mean distance of the tracks to the centre of their part, in merge distances."),
    ]
    simultaneous: Annotated[int, Field(description="Pairs of tracks, one of each part, seen in one frame.")]


class UnidentifiedScreenTime(BaseModel):
    identity_id: str
    visible_s: float
    intervals_s: list[list[float]]
    tracks: int
    reason: str
    reason_code: Annotated[
        Literal[
            "nobody_similar",
            "too_small_to_recognise",
            "poor_pictures",
            "no_cast",
            "extra",
            "picture_or_figure",
        ]
        | None,
        Field(description="The reason for programs; null: not said."),
    ] = None
    representative: str | None = None
    label: Annotated[
        str | None,
        Field(description="What operators call them, though nobody of the cast."),
    ] = None
    present_s: Annotated[
        float | None,
        Field(description="Seconds in the picture, face to be seen or not; null: not looked for."),
    ] = None
    present_intervals_s: list[list[float]] | None = []
    prominence: Annotated[
        float | None,
        Field(description="How much the episode is about them, 0..1: of their most prominent seconds."),
    ] = None
    participant: Annotated[
        bool | None,
        Field(description="False: seen in passing, as audience and passers-by are."),
    ] = True
    shown: Annotated[
        list[Appearance] | None,
        Field(
            description="The intervals, each with its prominence.",
            validate_default=True,
        ),
    ] = []
    extra: Annotated[
        bool | None,
        Field(description="A background performer, as operators say: nobody is to be named."),
    ] = False
    probably_not_a_person: Annotated[
        float | None,
        Field(
            description="How likely it is a picture or figure instead of a present person; null: nothing was measured, or somebody vouches for the person."
        ),
    ] = None


class UnlockCluster(BaseModel):
    """
    The identity may change again.
    """

    model_config = ConfigDict(
        extra="forbid",
    )
    kind: Literal["unlock"] = "unlock"
    identity_id: Annotated[str, Field(examples=["identity-00001"])]
    why: Annotated[str | None, Field(description="Why, for whoever reads the log.")] = None


class UploadView(BaseModel):
    """
    An upload: the parts that are there, and URLs for the first of those that are missing.
    """

    upload_id: str
    ep_id: str
    state: Annotated[str, Field(description="open, completed, rejected or aborted.")]
    bytes: int
    part_bytes: int
    parts: int
    uploaded: list[int] | None = []
    missing: int | None = 0
    urls: Annotated[list[PartUrl] | None, Field(validate_default=True)] = []
    urls_expire_in_s: int | None = None
    run_id: str | None = None


class Version(BaseModel):
    """
    One of the two. `only_here` are its stretches that the other one does not have.
    """

    ep_id: str
    run_id: str
    revision: int
    duration_s: float
    only_here_s: float
    only_here: list[list[float]]


class VersionPerson(BaseModel):
    """
    A cast member, or everybody without a name together, in both versions.

    `lost` are times of the first version that are not in the second, `won` times of the second that are not in the
    first. `otherwise_s` is what is left of the change: the same pictures, in which somebody was named, found or
    corrected in one version and not in the other.
    """

    id: str
    name: str
    first_s: float
    second_s: float
    change_s: float
    lost_s: float
    won_s: float
    otherwise_s: Annotated[float, Field(description="Change in what both versions show.")]
    lost: list[list[float]]
    won: list[list[float]]


class VideoView(BaseModel):
    """
    The episode's video. Facts are known once a run was planned; `url` reads it for a short while.
    """

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
    video_stream: Annotated[int | None, Field(description="Number of the analysed stream in the file.")] = None
    starts_at_s: Annotated[
        float | None,
        Field(description="When a player shows the first picture, second 0."),
    ] = None
    timecode: Annotated[str | None, Field(description="Timecode of the first picture.")] = None


class VisiblePerson(BaseModel):
    """
    Somebody who is visible at the moment asked for, and from when to when.
    """

    id: str
    name: str
    interval_s: list[float]


class VisibleSeconds(BaseModel):
    cast_id: str
    name: str
    visible_s: float
    external_ids: Annotated[PersonIds | None, Field(description="null: none are known.")] = None
    role: str | None = None
    characters: list[str] | None = []


class WarningPlace(BaseModel):
    """
    Where in the episode or its parts a warning applies. What is null does not narrow it down.
    """

    start_s: Annotated[
        float | None,
        Field(description="Second of the episode, as everywhere in the results."),
    ] = None
    end_s: float | None = None
    segment: int | None = None
    stream: Annotated[
        int | None,
        Field(description="Number of the stream in the file, counted from 0."),
    ] = None
    subject: Annotated[str | None, Field(description="Id of a track, identity or cast member.")] = None


class WebhookChange(BaseModel):
    """
    What is to be otherwise; what is not named stays.
    """

    model_config = ConfigDict(
        extra="forbid",
    )
    url: str | None = None
    events: (
        list[
            Literal[
                "screentime.reported",
                "screentime.signed",
                "episode.failed",
                "run.started",
                "run.cancelled",
                "cast.linked",
                "links.changed",
                "clusters.edited",
                "cast.changed",
                "cast.described",
                "facebank.updated",
                "episode.changed",
                "episode.deleted",
                "show.deleted",
                "person.erased",
            ]
        ]
        | None
    ) = None
    shows: list[str] | None = None
    cast_ids: list[str] | None = None
    min_visible_s: Annotated[float | None, Field(description="`null` takes the threshold away.")] = None
    description: str | None = None
    enabled: bool | None = None


class WebhookView(BaseModel):
    """
    A webhook. Its secret is shown when it is made, and never again.
    """

    model_config = ConfigDict(
        extra="forbid",
    )
    webhook_id: str
    url: str
    events: list[
        Literal[
            "screentime.reported",
            "screentime.signed",
            "episode.failed",
            "run.started",
            "run.cancelled",
            "cast.linked",
            "links.changed",
            "clusters.edited",
            "cast.changed",
            "cast.described",
            "facebank.updated",
            "episode.changed",
            "episode.deleted",
            "show.deleted",
            "person.erased",
        ]
    ]
    shows: list[str]
    cast_ids: list[str]
    min_visible_s: float | None
    description: str
    enabled: bool
    why_off: Annotated[
        str | None,
        Field(description="Why nothing is told, where that is not a person's decision."),
    ]
    created_at: AwareDatetime
    created_by: str


class WebhookWithSecret(BaseModel):
    """
    A webhook with its new secret, which is shown this once.
    """

    model_config = ConfigDict(
        extra="forbid",
    )
    webhook_id: str
    url: str
    events: list[
        Literal[
            "screentime.reported",
            "screentime.signed",
            "episode.failed",
            "run.started",
            "run.cancelled",
            "cast.linked",
            "links.changed",
            "clusters.edited",
            "cast.changed",
            "cast.described",
            "facebank.updated",
            "episode.changed",
            "episode.deleted",
            "show.deleted",
            "person.erased",
        ]
    ]
    shows: list[str]
    cast_ids: list[str]
    min_visible_s: float | None
    description: str
    enabled: bool
    why_off: Annotated[
        str | None,
        Field(description="Why nothing is told, where that is not a person's decision."),
    ]
    created_at: AwareDatetime
    created_by: str
    secret: Annotated[
        str,
        Field(description="`whsec_…`, as the libraries of Standard Webhooks take it."),
    ]


class WhichEdit(BaseModel):
    """
    The edit to undo or redo; null for the latest.
    """

    model_config = ConfigDict(
        extra="forbid",
    )
    edit_id: str | None = None
    why: Annotated[str | None, Field(description="Why, for whoever reads the log.")] = None


class WhichStep(BaseModel):
    """
    The step to take back or to make again; the last where not given.
    """

    model_config = ConfigDict(
        extra="forbid",
    )
    step: str | None = None
    why: str | None = None


class ApplyOutcome(BaseModel):
    """
    What applying many suggestions did.
    """

    version: Annotated[int, Field(description="Version of the links now; also in `ETag`.")]
    changed: bool
    changes: Annotated[list[LinkChange] | None, Field(validate_default=True)] = []
    revision: Annotated[
        int | None,
        Field(description="Screen time revision that includes it; null while it is being made."),
    ] = None
    applied: list[CastLink]
    skipped: list[SkippedSuggestion]


class CastDetails(BaseModel):
    """
    What is known of a cast member; everything may be left out.
    """

    external_ids: PersonIds | None = None
    role: Annotated[
        str | None,
        Field(description="What they are in the programme: actor, presenter, guest, expert …"),
    ] = None
    characters: Annotated[list[str] | None, Field(description="Whom they play, as credited.")] = []
    attributes: Annotated[
        dict[
            Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(?:-[a-z0-9]+)*$")],
            str,
        ]
        | None,
        Field(description="What they say of themselves, by words of your own."),
    ] = None


class CastImport(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
    )
    members: list[NewMember]


class CastScreenTime(BaseModel):
    cast_id: str
    name: str
    visible_s: float
    share: Annotated[float, Field(description="Part of the episode's duration.")]
    appearances: int
    first_s: float | None = None
    last_s: float | None = None
    longest_s: float
    mean_face_size: Annotated[
        float | None,
        Field(description="Mean face height as a fraction of the picture's."),
    ] = None
    intervals_s: list[list[float]]
    confidence: float
    identity_ids: list[str]
    representative: str | None = None
    present_s: Annotated[
        float | None,
        Field(description="Seconds in the picture, face to be seen or not; null: not looked for."),
    ] = None
    present_intervals_s: list[list[float]] | None = []
    prominence: Annotated[
        float | None,
        Field(description="How much the episode is about them, 0..1: of their most prominent seconds."),
    ] = None
    participant: Annotated[
        bool | None,
        Field(description="False: seen in passing, as audience and passers-by are."),
    ] = True
    shown: Annotated[
        list[Appearance] | None,
        Field(
            description="The intervals, each with its prominence.",
            validate_default=True,
        ),
    ] = []
    details: Annotated[
        CastDetails | None,
        Field(description="What people said of them: ids, role, characters, attributes."),
    ] = None


class ClusterHealth(BaseModel):
    """
    How healthy the clustering looks.
    """

    metrics: GroupingMetrics
    warnings: list[str]
    grouping: Grouped


class ClusterMember(BaseModel):
    """
    A track of an identity, with pictures from best to worst.
    """

    track_id: str
    identity_id: str | None
    start_s: float
    end_s: float
    quality: float
    samples: int
    low_quality: bool
    rescued: bool
    rejection: str | None
    pictures: list[FacePicture]


class ClusterPage(BaseModel):
    """
    A page of an episode's clusters.
    """

    items: list[ClusterSummary]
    next_cursor: str | None = None
    total: Annotated[int | None, Field(description="Length of the whole list, where it is known.")] = None
    grouping: Grouped


class DeliveryView(BaseModel):
    """
    Something that was or is to be told.
    """

    model_config = ConfigDict(
        extra="forbid",
    )
    message_id: Annotated[str, Field(description="As `webhook-id` says it; the id of the event.")]
    event: str
    ep_id: str | None
    show: str | None
    occurred_at: AwareDatetime
    state: Annotated[
        Literal["waiting", "delivered", "dead"],
        Field(description="`dead` after the last try: nothing more is done until it is asked for again."),
    ]
    tries: int
    due_at: AwareDatetime | None
    log: list[TryView]


class EditChange(BaseModel):
    """
    What the edit changed when it was made; undoing it takes that back. What its kind does not change is empty.
    """

    source_ids: Annotated[
        list[str] | None,
        Field(description="merge: who went into the target; split and moves: who lost the tracks, if it was one."),
    ] = []
    target_id: Annotated[
        str | None,
        Field(description="merge and moves: who has the tracks since; null for somebody new."),
    ] = None
    track_ids: Annotated[
        list[str] | None,
        Field(description="The tracks that were split off, moved, dropped or restored."),
    ] = []
    start_s: Annotated[
        float | None,
        Field(description="move_range: from this second of the episode on."),
    ] = None
    end_s: Annotated[float | None, Field(description="move_range: up to this second.")] = None
    label_before: Annotated[str | None, Field(description="rename: what they were called before.")] = None
    label: Annotated[str | None, Field(description="rename: what they are called since.")] = None
    overrides_before: Annotated[Overrides | None, Field(description="recluster: the thresholds before.")] = None
    overrides: Annotated[Overrides | None, Field(description="recluster: the thresholds since.")] = None


class EditEntry(BaseModel):
    """
    One entry of the log.
    """

    version: int
    edit_id: str
    action: Literal["apply", "undo", "redo"]
    kind: str
    who: str
    at: str
    why: str | None
    active: Annotated[bool, Field(description="Whether the edit is in force now.")]
    run_id: str | None
    identity_ids: Annotated[
        list[str],
        Field(description="The identities it spoke of, as they were called then."),
    ]
    tracks: Annotated[int, Field(description="How many tracks it names.")]
    change: EditChange
    sentence: Annotated[str | None, Field(description="What the edit is, in a few words of English.")] = ""
    command_id: Annotated[str | None, Field(description="`Idempotency-Key` of the command.")] = None


class EpisodePatch(BaseModel):
    """
    What is named is changed; null clears it.
    """

    model_config = ConfigDict(
        extra="forbid",
    )
    title: str | None = None
    air_date: date | None = None
    data: dict[Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,40}$")], str] | None = None
    external_ids: Annotated[GivenIds | None, Field(description="All of them: what is left out is cleared.")] = None


class EpisodeSuggestions(BaseModel):
    """
    Suggestions of every identity of an episode.
    """

    items: list[Suggestions]
    links_version: int
    facebank_revision: int


class EpisodeView(BaseModel):
    """
    An episode. `version` is that of its title, air date, data and ids; runs do not change it.
    """

    ep_id: str
    show: str
    season: int
    episode: int
    title: str | None = None
    air_date: str | None = None
    data: dict[str, str] | None = None
    external_ids: ProgrammeIds | None = None
    duration_s: float | None = None
    has_video: bool
    current_run: CurrentRun | None = None
    version: int
    created_at: AwareDatetime
    updated_at: AwareDatetime


class ErasureReceipt(BaseModel):
    """
    What was asked for, what is gone, what is still to do, and what Kafka holds until when. It names nobody.
    """

    erasure_id: str
    show: str
    kind: Literal["person", "strangers"]
    state: Literal["pending", "done"]
    asked_at: AwareDatetime
    asked_by: str
    finished_at: AwareDatetime | None = None
    episodes_done: int
    episodes_pending: int
    episodes: list[EpisodeErasure]
    removed: Annotated[dict[str, int], Field(description="What went, and how many of each.")]
    elsewhere: Annotated[
        int | None,
        Field(description="Pictures that an emitter named in a bucket that is not ours: remove them there."),
    ] = 0
    kafka: Annotated[list[KafkaHolding] | None, Field(validate_default=True)] = []


class ExtrasOutcome(BaseModel):
    """
    What a command on extras did, and whom it left alone.
    """

    version: Annotated[int, Field(description="Version of the links now; also in `ETag`.")]
    changed: bool
    changes: Annotated[list[LinkChange] | None, Field(validate_default=True)] = []
    revision: Annotated[
        int | None,
        Field(description="Screen time revision that includes it; null while it is being made."),
    ] = None
    skipped: Annotated[list[SkippedSuggestion] | None, Field(validate_default=True)] = []


class Face(BaseModel):
    """
    A sampled face. `crop` and `thumbnail` are names for `POST /media/{ep_id}/urls`, `picture` is what shows it at
    `/media/{ep_id}/pictures/{picture}`.
    """

    face_id: str
    track_id: str
    t_s: float
    bbox: list[float]
    confidence: float
    quality: FaceQuality
    usable: bool
    crop: str
    thumbnail: str | None
    picture: str | None = None


class FaceSprite(BaseModel):
    """
    A sheet of one person's faces; `faces` are those in its cells.
    """

    sprite: Annotated[
        str,
        Field(description="Name, made from the pictures in it: the same sheet always has the same one."),
    ]
    cell_px: int
    columns: int
    rows: int
    pictures: list[str]
    identity_id: str
    faces: list[Face]


class FiledVideo(BaseModel):
    """
    The episode's video from now on; `run` where one was to begin.
    """

    ep_id: str
    sha256: str
    bytes: int
    run: StartedRun | None = None


class FoundPerson(BaseModel):
    """
    A cast member over the seasons that were asked for; `seasons` are all in which they are visible.
    """

    cast_id: str
    name: str
    episodes: int
    seconds: float
    first: Annotated[str, Field(description="The first of these episodes.")]
    last: str
    seasons: list[SeasonSeconds]


class GivenDetails(BaseModel):
    """
    What is said of a cast member from now on; what is left out is known no more.
    """

    model_config = ConfigDict(
        extra="forbid",
    )
    external_ids: GivenPersonIds | None = None
    role: Annotated[
        str | None,
        Field(description="What they are in the programme: actor, presenter, guest, expert …"),
    ] = None
    characters: Annotated[list[str] | None, Field(description="Whom they play, as credited.")] = []
    attributes: Annotated[
        dict[
            Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(?:-[a-z0-9]+)*$")],
            str,
        ]
        | None,
        Field(description="What they say of themselves, by words of your own."),
    ] = None
    in_episodes: Annotated[
        dict[str, GivenEpisodeRole] | None,
        Field(
            description="Where an episode differs: episode id -> role and characters.",
            max_length=500,
        ),
    ] = None


class GroupTotals(BaseModel):
    """
    Everybody's time by group, the most visible group first.
    """

    by: str
    episodes: int
    duration_s: float
    groups: list[NamedGroup]
    not_said: Annotated[GroupTotal, Field(description="Cast members of whom it is not said.")]
    unidentified: Annotated[GroupTotal, Field(description="People without a name.")]


class Heard(BaseModel):
    """
    A beat was heard.
    """

    you: PersonPresent
    again_within_s: Annotated[float, Field(description="A page that is not heard of for so long is gone.")]


class HistoryOutcome(BaseModel):
    """
    What was taken back or made again.
    """

    step: HistoryStep
    version: Annotated[int, Field(description="Of the history now; also in `ETag`.")]
    versions: dict[Literal["clusters", "links", "sign_off"], int]
    revision: Annotated[
        int | None,
        Field(description="Screen time revision with it; null while it is being made."),
    ]


class IdentityDetail(BaseModel):
    """
    One person of an episode with what is known of them.
    """

    identity_id: str
    name: str | None = None
    cast_id: str | None = None
    linked_by: Literal["auto", "operator", "suggestion"] | None = None
    probability: Annotated[float | None, Field(description="Of the link.")] = None
    visible_s: float
    first_s: float | None = None
    tracks: int
    faces: int
    locked: bool
    representative: str | None = None
    reason: Annotated[str | None, Field(description="Why nobody can say who this is.")] = None
    best: Annotated[Match | None, Field(description="Best suggestion where nobody is linked.")] = None
    prominence: Annotated[
        float | None,
        Field(description="How much the episode is about this identity, 0..1."),
    ] = 0.0
    participant: Annotated[
        bool | None,
        Field(description="False: seen in passing, as audience and passers-by are."),
    ] = True
    track_ids: list[str]
    intervals_s: list[list[float]]
    cohesion: float | None = None
    isolation: float | None = None
    link: CastLink | None = None
    suggestions: Suggestions


class IdentitySummary(BaseModel):
    """
    One person of an episode.
    """

    identity_id: str
    name: str | None = None
    cast_id: str | None = None
    linked_by: Literal["auto", "operator", "suggestion"] | None = None
    probability: Annotated[float | None, Field(description="Of the link.")] = None
    visible_s: float
    first_s: float | None = None
    tracks: int
    faces: int
    locked: bool
    representative: str | None = None
    reason: Annotated[str | None, Field(description="Why nobody can say who this is.")] = None
    best: Annotated[Match | None, Field(description="Best suggestion where nobody is linked.")] = None
    prominence: Annotated[
        float | None,
        Field(description="How much the episode is about this identity, 0..1."),
    ] = 0.0
    participant: Annotated[
        bool | None,
        Field(description="False: seen in passing, as audience and passers-by are."),
    ] = True


class LeftoverTrack(BaseModel):
    """
    A track that is nobody known, and why.
    """

    member: ClusterMember
    reason: str


class Likeness(BaseModel):
    """
    Somebody of another episode who looks like the one asked about.
    """

    sighting: Sighting
    distance: float
    probability: float | None = None


class LinkCommand(BaseModel):
    """
    One command of a person: the version it made, and what it changed. Undo and redo take commands back whole.
    """

    version: int
    command_id: str
    action: Literal[
        "link",
        "unlink",
        "dismiss",
        "restore",
        "extra",
        "settle",
        "references",
        "undo",
        "redo",
    ]
    who: str
    at: Annotated[str, Field(description="ISO 8601, UTC.")]
    why: str | None = None
    changes: list[LinkChange]
    target: Annotated[
        int | None,
        Field(description="Version of the command that was taken back or made again."),
    ] = None
    references: Annotated[
        list[TakenFace] | None,
        Field(
            description="Faces that became reference pictures with it.",
            validate_default=True,
        ),
    ] = []
    new_member: Annotated[str | None, Field(description="Name of the cast member who was added with it.")] = None


class LinksView(BaseModel):
    """
    All links and dismissals of an episode.
    """

    ep_id: str
    version: int
    run_id: str
    revision: int
    links: list[CastLink]
    dismissed: list[Dismissal]
    resting: Annotated[
        list[str] | None,
        Field(
            description="Identities among these that are not there now, because an edit took them away: what is said of them names nobody, and counts again when they are back."
        ),
    ] = []
    history: Annotated[list[LinkCommand], Field(description="Latest first.")]
    undoable: Annotated[
        int | None,
        Field(description="Version of the command that undo takes back next."),
    ]
    redoable: Annotated[
        int | None,
        Field(description="Version of the command that redo makes again next."),
    ]


class MemberDetails(BaseModel):
    """
    What is known of a member of a show's cast, and where an episode differs from that.
    """

    external_ids: PersonIds | None = None
    role: Annotated[
        str | None,
        Field(description="What they are in the programme: actor, presenter, guest, expert …"),
    ] = None
    characters: Annotated[list[str] | None, Field(description="Whom they play, as credited.")] = []
    attributes: Annotated[
        dict[
            Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(?:-[a-z0-9]+)*$")],
            str,
        ]
        | None,
        Field(description="What they say of themselves, by words of your own."),
    ] = None
    in_episodes: Annotated[
        dict[
            Annotated[
                str,
                StringConstraints(pattern=r"^[a-z0-9]+(?:-[a-z0-9]+)*-s[0-9]{2}e[0-9]{2}$"),
            ],
            EpisodeRole,
        ]
        | None,
        Field(description="Episode id -> role and characters there."),
    ] = None


class MemberView(BaseModel):
    cast_id: str
    name: str
    pictures: int
    consent: Annotated[Consent | None, Field(description="The legal basis, where one is recorded.")] = None
    details: Annotated[MemberDetails | None, Field(description="What people said of them.")] = None


class Moment(BaseModel):
    """
    Who is visible at `t_s`.
    """

    t_s: float
    cast: list[VisiblePerson]
    unidentified: list[VisiblePerson]


class OutlyingTrack(BaseModel):
    """
    A track that may be in the wrong cluster. Distances to the centres in merge distances.
    """

    member: ClusterMember
    distance: float
    nearest_other: str | None
    distance_to_other: float | None


class PageClusterMember(BaseModel):
    items: list[ClusterMember]
    next_cursor: str | None = None
    total: Annotated[int | None, Field(description="Length of the whole list, where it is known.")] = None


class PageDeliveryView(BaseModel):
    items: list[DeliveryView]
    next_cursor: str | None = None
    total: Annotated[int | None, Field(description="Length of the whole list, where it is known.")] = None


class PageEditEntry(BaseModel):
    items: list[EditEntry]
    next_cursor: str | None = None
    total: Annotated[int | None, Field(description="Length of the whole list, where it is known.")] = None


class PageEpisodeView(BaseModel):
    items: list[EpisodeView]
    next_cursor: str | None = None
    total: Annotated[int | None, Field(description="Length of the whole list, where it is known.")] = None


class PageErasureReceipt(BaseModel):
    items: list[ErasureReceipt]
    next_cursor: str | None = None
    total: Annotated[int | None, Field(description="Length of the whole list, where it is known.")] = None


class PageFoundPerson(BaseModel):
    items: list[FoundPerson]
    next_cursor: str | None = None
    total: Annotated[int | None, Field(description="Length of the whole list, where it is known.")] = None


class PageLeftoverTrack(BaseModel):
    items: list[LeftoverTrack]
    next_cursor: str | None = None
    total: Annotated[int | None, Field(description="Length of the whole list, where it is known.")] = None


class PageMemberView(BaseModel):
    items: list[MemberView]
    next_cursor: str | None = None
    total: Annotated[int | None, Field(description="Length of the whole list, where it is known.")] = None


class PageOutlyingTrack(BaseModel):
    items: list[OutlyingTrack]
    next_cursor: str | None = None
    total: Annotated[int | None, Field(description="Length of the whole list, where it is known.")] = None


class PageShowView(BaseModel):
    items: list[ShowView]
    next_cursor: str | None = None
    total: Annotated[int | None, Field(description="Length of the whole list, where it is known.")] = None


class PageWebhookView(BaseModel):
    items: list[WebhookView]
    next_cursor: str | None = None
    total: Annotated[int | None, Field(description="Length of the whole list, where it is known.")] = None


class Person(BaseModel):
    """
    A cast member with all their sightings, or one unnamed identity.
    """

    cast_id: str | None
    name: str | None
    visible_s: float
    sightings: list[Sighting]


class Preview(BaseModel):
    """
    What would become different; everybody not named stays as they are.
    """

    clusters_before: int
    clusters_after: int
    unassigned_tracks_before: int
    unassigned_tracks_after: int
    changes: list[PreviewedIdentity]
    unchanged: int
    new_warnings: list[str] | None = []


class Question(BaseModel):
    """
    One question. `doubt` is how likely what is there now is wrong, `worth_s` that share of what is at stake.

    Seconds that are at stake in several questions are worth something in the first of them only.
    """

    id: Annotated[
        str,
        Field(description="Stays the same while the question does, over revisions and runs of the grouping."),
    ]
    kind: Literal["is_this", "who", "same", "two", "belongs", "two_places", "leftover", "extras"]
    sentence: str
    worth_s: float
    at_stake_s: float
    doubt: float
    keys: Annotated[float | None, Field(description="Keys that an answer is expected to take.")] = 1.0
    later: bool | None = False
    identity_id: str
    identity_ids: Annotated[
        list[str] | None,
        Field(description="All whom it is about, where they are many."),
    ] = []
    other_id: str | None = None
    cast_id: str | None = None
    cast_name: str | None = None
    track_ids: Annotated[
        list[str] | None,
        Field(description="What it is about, where that is not all of a person."),
    ] = []
    choices: Annotated[
        list[Choice] | None,
        Field(description="Whom it may be, the likeliest first.", validate_default=True),
    ] = []
    conflict: Overlap | None = None
    answers: Annotated[list[AnswerRequest] | None, Field(validate_default=True)] = []
    evidence: Annotated[
        list[Evidence] | None,
        Field(
            description="The most different faces of what is asked about.",
            validate_default=True,
        ),
    ] = []
    against: Annotated[
        list[Evidence] | None,
        Field(
            description="Those of the other side: the other person, the rest.",
            validate_default=True,
        ),
    ] = []
    references: Annotated[list[ReferencePicture] | None, Field(validate_default=True)] = []


class ReferencesOutcome(BaseModel):
    """
    What a command did, and the faces that are reference pictures since.
    """

    version: Annotated[int, Field(description="Version of the links now; also in `ETag`.")]
    changed: bool
    changes: Annotated[list[LinkChange] | None, Field(validate_default=True)] = []
    revision: Annotated[
        int | None,
        Field(description="Screen time revision that includes it; null while it is being made."),
    ] = None
    references: Annotated[list[TakenFace] | None, Field(validate_default=True)] = []


class Representatives(BaseModel):
    """
    The faces that show a person best, the best first.
    """

    identity_id: str
    revision: int
    cast_id: str | None
    label: str | None
    tracks: int
    faces: int
    representatives: list[Face]


class ReviewEntry(BaseModel):
    """
    An identity to decide on.
    """

    identity_id: str
    doubt: Annotated[float, Field(description="Uncertainty in bits.")]
    visible_s: float
    worth: Annotated[float, Field(description="Doubt times visible seconds.")]
    linked_to: str | None = None
    suggestions: Suggestions


class ReviewQueue(BaseModel):
    """
    Questions, the most valuable first, and how much is left to decide.
    """

    run_id: str
    revision: int
    grouping_revision: int
    links_version: Annotated[int, Field(description="Also in `ETag`; for links, extras, settled questions.")]
    edits_version: Annotated[int, Field(description="Of the edits that the grouping includes; for clusters.")]
    undecided_s: Annotated[
        float,
        Field(
            description="Visible seconds of everybody who has no name and is asked about, and what is doubtful of the others: never less than all questions together are worth."
        ),
    ]
    decided_s: float
    extras_s: float
    total_s: Annotated[
        float,
        Field(description="Visible seconds of everybody, each counted for themselves."),
    ]
    pays: Annotated[
        int,
        Field(description="How many of the questions change half a second or more: after them going on does not."),
    ]
    later: Annotated[int, Field(description="How many are put off.")]
    total: int
    questions: list[Question]


class RunComparison(BaseModel):
    """
    Two runs side by side. `differs` names the fields of the sides that are not the same.
    """

    a: RunSide
    b: RunSide
    differs: list[str]
    metric_differences: Annotated[
        dict[str, float],
        Field(description="b minus a, of metrics that both have and that differ."),
    ]
    people: Annotated[list[PersonInRuns], Field(description="The largest difference first.")]
    unidentified_a: int | None = None
    unidentified_b: int | None = None


class RunStatus(BaseModel):
    """
    How far a run is. `fraction` is the part of the video that every per-segment stage has done; 1 when finished.
    """

    ep_id: str
    run_id: str
    state: str
    profile: str
    segments: int
    duration_s: float
    stages: dict[str, StageProgress]
    fraction: float
    rate: Annotated[
        float | None,
        Field(description="Seconds of video done in a second; None where unknown."),
    ] = None
    seconds_left: Annotated[float | None, Field(description="Estimated from the rate; None where unknown.")] = None
    created_at: AwareDatetime
    progressed_at: AwareDatetime
    finished_at: AwareDatetime | None = None
    failure: Failure | None = None
    report_revision: int | None = None


class RunView(BaseModel):
    """
    A run. One that is `requested` has no plan yet.
    """

    ep_id: str
    run_id: str
    state: Literal["requested", "running", "finished", "failed", "cancelled", "superseded"]
    profile: str
    created_at: AwareDatetime
    finished_at: AwareDatetime | None = None
    segments: int | None = None
    duration_s: float | None = None
    fraction: float | None = 0.0
    video_sha256: str | None = None
    superseded_by: str | None = None
    failure: Failure | None = None
    report_revision: int | None = None
    signed_off: Annotated[SignOff | None, Field(description="The sign-off that its screen time carries.")] = None
    asked_by: str | None = None


class Timeline(BaseModel):
    """
    Everything that lanes show. Milliseconds count from the first picture; a player's clock is `starts_at_s` later.
    """

    run_id: str
    revision: int
    grouping_revision: int
    links_version: int
    edits_version: Annotated[int, Field(description="Version of the edits that the grouping includes.")]
    duration_s: float
    starts_at_s: float
    cuts_ms: Annotated[
        list[int],
        Field(description="Cuts between shots; borders of segments are none."),
    ]
    shots: ShotColumns
    identities: IdentityColumns
    tracks: TrackColumns


class TrackFaces(BaseModel):
    """
    A track, how good its faces are, and the faces in order of time.
    """

    track_id: str
    revision: int
    identity_id: str | None
    shot_id: str
    start_s: float
    end_s: float
    detections: int
    mean_size: float
    rejection: str | None
    quality: TrackQuality
    faces: list[Face]


class VersionComparison(BaseModel):
    """
    Two versions laid beside each other; the largest change first.
    """

    first: Version
    second: Version
    shared_s: float
    shared: list[SharedStretch]
    people: list[VersionPerson]


class Warning(BaseModel):
    """
    One warning. A program decides by `code`, a person reads `sentence`.
    """

    code: str
    sentence: str
    where: WarningPlace | None = None


class ClusterDetail(BaseModel):
    """
    A cluster and its tracks in order of time.
    """

    cluster: ClusterSummary
    members: PageClusterMember
    grouping: Grouped


class ContactSheet(BaseModel):
    """
    One JPEG with a person's best faces in order of time, row by row; fetch it within `expires_s` seconds.
    """

    url: str
    expires_s: int
    sha256: str
    bytes: int
    width_px: int
    height_px: int
    columns: int
    faces: list[Face]


class EpisodeStatus(BaseModel):
    """
    How far the episode is. `requested` is a later run that was asked for and is not planned yet.
    """

    ep_id: str
    run: RunStatus | None = None
    requested: RunView | None = None


class IdentityPage(BaseModel):
    """
    A part of an episode's identities, most visible first, as one revision has them.
    """

    items: list[IdentitySummary]
    next_cursor: str | None = None
    total: int | None = None
    run_id: str
    revision: int
    links_version: int


class MemberDetail(BaseModel):
    cast_id: str
    name: str
    pictures: int
    consent: Annotated[Consent | None, Field(description="The legal basis, where one is recorded.")] = None
    details: Annotated[MemberDetails | None, Field(description="What people said of them.")] = None
    linked: Annotated[dict[str, int], Field(description="Identities linked to them, by episode.")]


class PagePerson(BaseModel):
    items: list[Person]
    next_cursor: str | None = None
    total: Annotated[int | None, Field(description="Length of the whole list, where it is known.")] = None


class PageReviewEntry(BaseModel):
    items: list[ReviewEntry]
    next_cursor: str | None = None
    total: Annotated[int | None, Field(description="Length of the whole list, where it is known.")] = None


class PageRunView(BaseModel):
    items: list[RunView]
    next_cursor: str | None = None
    total: Annotated[int | None, Field(description="Length of the whole list, where it is known.")] = None


class RevisionSummary(BaseModel):
    """
    A revision in the list of them.
    """

    run_id: str
    revision: int
    at: AwareDatetime
    current: bool
    changes: list[str]
    duration_s: float
    cast: list[VisibleSeconds]
    unidentified: int
    warnings: list[str]
    warning_details: Annotated[list[Warning] | None, Field(validate_default=True)] = []
    signed_off: SignOff | None = None


class ScreenTimeDocument(BaseModel):
    """
    `screen_time.json`: seconds with millisecond precision, `cast` sorted by visible_s.
    """

    episode_id: str
    run_id: str
    revision: int
    duration_s: float
    cast: list[CastScreenTime]
    unidentified: list[UnidentifiedScreenTime]
    figures: Annotated[
        list[UnidentifiedScreenTime] | None,
        Field(
            description="Pictures and figures of people, counted apart; locked, named or linked they are people.",
            validate_default=True,
        ),
    ] = []
    co_appearance_s: list[CoAppearance]
    coverage: Coverage
    warnings: list[str] | None = []
    warning_details: Annotated[
        list[Warning] | None,
        Field(
            description="The warnings, each with its code and place, so that a program can decide by them.",
            validate_default=True,
        ),
    ] = []
    changes: Annotated[list[str] | None, Field(description="What this revision changed.")] = []
    models: dict[str, str] | None = None
    starts_at_s: Annotated[
        float | None,
        Field(
            description="When a player shows second 0 of the episode, the first picture: add it to times to find them there."
        ),
    ] = 0.0
    timecode: Annotated[
        str | None,
        Field(description="Timecode of the first picture, `HH:MM:SS:FF`; `;` before the frames is drop-frame."),
    ] = None
    signed_off: Annotated[
        SignOff | None,
        Field(description="The sign-off that counts; null: there is none."),
    ] = None
    external_ids: Annotated[ProgrammeIds | None, Field(description="Of the episode, in other registries.")] = None
    show_external_ids: Annotated[ProgrammeIds | None, Field(description="Of the show.")] = None
    schema_version: int | None = 1


class PageRevisionSummary(BaseModel):
    items: list[RevisionSummary]
    next_cursor: str | None = None
    total: Annotated[int | None, Field(description="Length of the whole list, where it is known.")] = None
