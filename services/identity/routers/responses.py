"""What the identity routers give, made from domain values."""

from __future__ import annotations

from pydantic import BaseModel, Field

from chassis.domain.intervals import total
from contracts.cast import MemberDetails
from contracts.events import PictureVerdict
from contracts.external_ids import ProgrammeIds
from contracts.rows import CastLink, LinkedBy
from services.identity.commands.links import Outcome
from services.identity.links.episode_links import EpisodeLinks
from services.identity.links.history import LinkCommand, walked
from services.identity.links.transitions import Dismissal, LinkChange
from services.identity.privacy.consent import Consent
from services.identity.queries.episodes import Episode
from services.identity.suggestions.identities import CastSuggestions
from services.identity.suggestions.review_queue import ReviewItem
from services.identity.suggestions.temporal import TemporalSuggestion


class Match(BaseModel):
    """A cast member somebody may be."""

    cast_id: str
    name: str | None
    probability: float
    distance: float
    seen_as: tuple[str, ...] = Field(
        default=(), description="Identities of the episode, known to be that person, whose faces bear it out."
    )


class Suggestions(BaseModel):
    """Whom an identity may be, most probable first; `reason` says why nobody, or what leaves doubt."""

    identity_id: str
    matches: tuple[Match, ...]
    margin: float = Field(description="Best probability minus the runner-up's.")
    reason: str | None = None
    dismissed: tuple[str | None, ...] = Field(default=(), description="Cast ids not suggested; null: nobody is.")
    prominence: float = Field(default=0.0, description="How much the episode is about this identity, 0..1.")
    participant: bool = Field(default=True, description="False: seen in passing, as audience and passers-by are.")


class IdentitySummary(BaseModel):
    """One person of an episode."""

    identity_id: str
    name: str | None = None
    cast_id: str | None = None
    linked_by: LinkedBy | None = None
    probability: float | None = Field(default=None, description="Of the link.")
    visible_s: float
    first_s: float | None = None
    tracks: int
    faces: int
    locked: bool
    representative: str | None = None
    reason: str | None = Field(default=None, description="Why nobody can say who this is.")
    best: Match | None = Field(default=None, description="Best suggestion where nobody is linked.")
    prominence: float = Field(default=0.0, description="How much the episode is about this identity, 0..1.")
    participant: bool = Field(default=True, description="False: seen in passing, as audience and passers-by are.")


class IdentityDetail(IdentitySummary):
    """One person of an episode with what is known of them."""

    track_ids: tuple[str, ...]
    intervals_s: tuple[tuple[float, float], ...]
    cohesion: float | None = None
    isolation: float | None = None
    link: CastLink | None = None
    suggestions: Suggestions


class IdentityPage(BaseModel):
    """A part of an episode's identities, most visible first, as one revision has them."""

    items: tuple[IdentitySummary, ...]
    next_cursor: str | None = None
    total: int | None = None
    run_id: str
    revision: int
    links_version: int


class EpisodeSuggestions(BaseModel):
    """Suggestions of every identity of an episode."""

    items: tuple[Suggestions, ...]
    links_version: int
    facebank_revision: int


class TemporalMatch(BaseModel):
    """A cast member who was at an identity's place just before or after."""

    identity_id: str
    cast_id: str
    name: str | None
    score: float
    track_id: str
    neighbour_track_id: str
    overlap: float
    gap_s: float
    same_shot: bool


class ReviewEntry(BaseModel):
    """An identity to decide on."""

    identity_id: str
    doubt: float = Field(description="Uncertainty in bits.")
    visible_s: float
    worth: float = Field(description="Doubt times visible seconds.")
    linked_to: str | None = None
    suggestions: Suggestions


class LinksView(BaseModel):
    """All links and dismissals of an episode."""

    ep_id: str
    version: int
    run_id: str
    revision: int
    links: tuple[CastLink, ...]
    dismissed: tuple[Dismissal, ...]
    resting: tuple[str, ...] = Field(
        default=(),
        description="Identities among these that are not there now, because an edit took them away: what is said of them "
        "names nobody, and counts again when they are back.",
    )
    history: tuple[LinkCommand, ...] = Field(description="Latest first.")
    undoable: int | None = Field(description="Version of the command that undo takes back next.")
    redoable: int | None = Field(description="Version of the command that redo makes again next.")


class LinksOutcome(BaseModel):
    """What a command did."""

    version: int = Field(description="Version of the links now; also in `ETag`.")
    changed: bool
    changes: tuple[LinkChange, ...] = ()
    revision: int | None = Field(
        default=None, description="Screen time revision that includes it; null while it is being made."
    )


class SkippedSuggestion(BaseModel):
    """An identity that keeps what it has."""

    identity_id: str
    code: str
    reason: str


class ApplyOutcome(LinksOutcome):
    """What applying many suggestions did."""

    applied: tuple[CastLink, ...]
    skipped: tuple[SkippedSuggestion, ...]


class ShowView(BaseModel):
    show: str
    name: str | None
    members: int
    facebank_revision: int
    episodes: int = Field(description="Episodes with a reported screen time.")
    external_ids: ProgrammeIds = Field(default_factory=ProgrammeIds, description="In the registries of others.")


class MemberView(BaseModel):
    cast_id: str
    name: str
    pictures: int
    consent: Consent | None = Field(default=None, description="The legal basis, where one is recorded.")
    details: MemberDetails = Field(default_factory=MemberDetails, description="What people said of them.")


class MemberDetail(MemberView):
    linked: dict[str, int] = Field(description="Identities linked to them, by episode.")


class RemovedMember(BaseModel):
    cast_id: str
    links: dict[str, int] = Field(description="Links taken away, by episode.")
    pictures: int


class DeletedShow(BaseModel):
    """A show that is gone; `episodes` are deleted after it."""

    show: str
    episodes: int
    facebank_revision: int


class ImportedRow(BaseModel):
    row: int
    cast_id: str
    name: str
    verdict: str
    message: str


class FaceOfEpisode(BaseModel):
    """The face of an episode that a reference picture is."""

    ep_id: str
    run_id: str
    track_id: str
    face_id: str
    t_s: float


class PictureEntry(BaseModel):
    """A reference picture. `url` is good for some minutes."""

    picture: str
    filename: str | None = None
    quality: float
    used: bool = Field(description="Whether identities are compared with it.")
    duplicate_of: str | None = None
    looks_like: str | None = Field(default=None, description="Another member it resembles more than its own.")
    model_id: str
    added_at: str | None = None
    url: str | None = None
    source: FaceOfEpisode | None = Field(default=None, description="The face of an episode that it is; null: uploaded.")
    resting: bool = Field(
        default=False,
        description="Nobody is compared with it now: what made this face a picture of the member was taken back.",
    )


class PictureVerdicts(BaseModel):
    """What became of each picture, in the order sent."""

    facebank_revision: int
    accepted: int
    verdicts: tuple[PictureVerdict, ...]


class PicturesEmbedded(BaseModel):
    """A show's pictures after they were embedded again; `failed` are `cast_id/picture` whose face cannot be used."""

    model_id: str
    pictures: int
    changed: int
    failed: tuple[str, ...]


def suggestions_of(episode: Episode, found: CastSuggestions) -> Suggestions:
    return Suggestions(
        identity_id=found.identity_id,
        matches=tuple(
            Match(
                cast_id=match.cast_id,
                name=episode.name_of(match.cast_id),
                probability=round(match.probability, 6),
                distance=round(match.distance, 6),
                seen_as=match.seen_as,
            )
            for match in found.matches
        ),
        margin=round(found.margin, 6),
        reason=found.reason,
        dismissed=tuple(
            entry.cast_id for entry in episode.links.decided.dismissals_of(found.identity_id) if entry.question is None
        ),
        prominence=episode.content.prominence[found.identity_id].score,
        participant=episode.content.prominence[found.identity_id].participant,
    )


def summary_of(
    episode: Episode, identity_id: str, links: dict[str, CastLink], found: CastSuggestions
) -> IdentitySummary:
    """One identity of an episode; `links` are those that count, by identity id."""
    identity, link = episode.content.identities[identity_id], links.get(identity_id)
    spans = episode.content.visible.get(identity_id, ())
    matches = suggestions_of(episode, found).matches if link is None else ()
    return IdentitySummary(
        identity_id=identity_id,
        name=episode.name_of(link.cast_id) if link else identity.label,
        cast_id=link.cast_id if link else None,
        linked_by=link.by if link else None,
        probability=link.probability if link else None,
        visible_s=total(spans),
        first_s=spans[0][0] if spans else None,
        tracks=identity.tracks,
        faces=identity.faces,
        locked=identity.locked,
        representative=identity.representative,
        reason=None if link else identity.reason or found.reason,
        best=matches[0] if matches else None,
        prominence=episode.content.prominence[identity_id].score,
        participant=episode.content.prominence[identity_id].participant,
    )


def detail_of(episode: Episode, identity_id: str, links: dict[str, CastLink], found: CastSuggestions) -> IdentityDetail:
    identity = episode.content.identities[identity_id]
    return IdentityDetail(
        **summary_of(episode, identity_id, links, found).model_dump(),
        track_ids=identity.track_ids,
        intervals_s=tuple(episode.content.visible.get(identity_id, ())),
        cohesion=identity.cohesion,
        isolation=identity.isolation,
        link=links.get(identity_id),
        suggestions=suggestions_of(episode, found),
    )


def temporal_of(episode: Episode, found: TemporalSuggestion) -> TemporalMatch:
    return TemporalMatch(name=episode.name_of(found.cast_id), **vars(found))


def review_of(episode: Episode, item: ReviewItem, links: dict[str, CastLink]) -> ReviewEntry:
    link = links.get(item.identity_id)
    return ReviewEntry(
        identity_id=item.identity_id,
        doubt=item.doubt,
        visible_s=item.visible_s,
        worth=item.worth,
        linked_to=link.cast_id if link else None,
        suggestions=suggestions_of(episode, item.suggestion),
    )


def links_view(links: EpisodeLinks, *, history: int, resting: tuple[str, ...]) -> LinksView:
    """The links with the latest `history` commands."""
    state = links.effective
    history_now = walked(links.commands)
    return LinksView(
        ep_id=links.ep_id,
        version=links.version,
        run_id=links.run_id,
        revision=links.revision,
        links=state.links,
        dismissed=state.dismissed,
        resting=resting,
        history=tuple(reversed(links.commands))[:history],
        undoable=next(reversed(history_now.in_force), None),
        redoable=next(reversed(history_now.taken_back), None),
    )


def outcome_of(outcome: Outcome) -> LinksOutcome:
    return LinksOutcome(
        version=outcome.version,
        changed=outcome.command is not None,
        changes=outcome.command.changes if outcome.command else (),
        revision=outcome.revision,
    )
