"""One grouping and one facebank in, everybody's name and screen time out. Pure: the handler does the reading and writing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from chassis.domain.calibration import EmbedderCalibration, scale_of
from chassis.domain.visibility import VisibilityRules
from contracts.rows import (
    CastLink,
    ClusterCentroidsDocument,
    FaceRow,
    IdentitiesDocument,
    Identity,
    ScreenTimeDocument,
    ShotRow,
    TrackRow,
)
from contracts.warnings import Warning, noted
from services.identity.facebank.gallery import Gallery, Reference, find_outliers, make_gallery
from services.identity.faces.track_reps import select_representative_frames
from services.identity.links.history import effective_links
from services.identity.links.transitions import LinkState
from services.identity.recognised_with import RecognisedWith
from services.identity.rules import IdentityThresholds
from services.identity.screentime.inputs import EpisodeRun, Named, Seen
from services.identity.screentime.reasons import Reasons, always_too_small
from services.identity.screentime.screentime import compute_screen_time
from services.identity.suggestions.autolink import LinkConflict, ProposedLink, decide_auto_links
from services.identity.suggestions.evidence import gather_evidence
from services.identity.suggestions.identities import get_cast_suggestions

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class Grouping:
    """What the grouper found, read."""

    duration_s: float
    tracks: Sequence[TrackRow]
    shots: Sequence[ShotRow]
    faces: Sequence[FaceRow]
    face_vectors: Floats
    track_vectors: Floats
    identities: IdentitiesDocument
    centroids: ClusterCentroidsDocument
    problems: Sequence[Warning]
    starts_at_s: float = 0.0
    timecode: str | None = None

    @property
    def seen(self) -> Seen:
        return Seen(tracks=self.tracks, shots=self.shots)


@dataclass(frozen=True, kw_only=True)
class Facebank:
    """A show's cast: names and accepted pictures by cast id."""

    names: Mapping[str, str]
    references: Mapping[str, Sequence[Reference]]


@dataclass(frozen=True, kw_only=True)
class Recognition:
    """Who is who: identities with names, the links, their representative faces, and the screen time.

    `automatic` are the machine's links of this run, those people overruled included; `links` are those that count.
    """

    identities: IdentitiesDocument
    links: tuple[CastLink, ...]
    automatic: tuple[CastLink, ...]
    representatives: Mapping[str, tuple[FaceRow, ...]]
    screen_time: ScreenTimeDocument
    conflicts: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class NewRevision:
    """The revision of a run's screen time that is to be made, and what stands before it.

    `decided` is what people decided; it stays, as far as the identities still exist. `automatic` are the machine's links
    that the run has already: None in its first revision, which decides them. Later ones make none, so that nobody gets a
    name behind the operators' backs. `previous` is what it is compared with.
    """

    number: int
    at: str
    """Time of the decision, ISO 8601."""
    decided: LinkState
    automatic: Sequence[CastLink] | None
    previous: ScreenTimeDocument | None
    reason: str | None
    """Why the run was started, where somebody said so."""
    link_event_ids: Mapping[str, str]
    """Identity id -> id of the event that will tell its link."""


@dataclass(frozen=True, kw_only=True)
class RecognitionRules:
    """What recognition goes by; `representatives` is how many faces are chosen to show each identity."""

    identity: IdentityThresholds
    visibility: VisibilityRules
    representatives: int


@dataclass(frozen=True, kw_only=True)
class _Match:
    """What the machine makes of the faces: its links, why somebody has none, and what is to be said."""

    automatic: Sequence[CastLink]
    reasons: Mapping[str, str]
    conflicts: tuple[str, ...]
    warnings: Sequence[Warning]


def recognise(
    grouping: Grouping, facebank: Facebank, new: NewRevision, *, models: RecognisedWith, rules: RecognitionRules
) -> Recognition:
    """Match the grouping's identities with the facebank and compute the screen time.

    Where the embedder of `models` is not calibrated, nobody is named by machine.
    """
    document = grouping.identities
    known = {identity.identity_id for identity in document.identities}
    match = _match(grouping, facebank, new, models, rules.identity)
    links = [link for link in effective_links(new.decided, match.automatic).links if link.identity_id in known]
    chosen = _representatives(grouping, rules)
    identities = _named(document, links, facebank.names, chosen, new.number)
    screen_time = compute_screen_time(
        EpisodeRun(
            ep_id=document.ep_id,
            run_id=document.run_id,
            revision=new.number,
            duration_s=grouping.duration_s,
            reason=new.reason,
        ),
        grouping.seen,
        Named(identities=identities.identities, links=links, cast_names=facebank.names, extras=new.decided.extras),
        warnings=[
            *(document.warning_details or noted(document.warnings)),
            *grouping.problems,
            *match.warnings,
            *(Warning.of("cast_conflict", conflict) for conflict in match.conflicts),
        ],
        models=models.models,
        previous=new.previous,
        reasons=Reasons(
            match.reasons,
            always_too_small(document.identities, grouping.faces, least_size=rules.identity.recognisable_size),
        ),
        rules=rules.identity.screen_time,
        visibility=rules.visibility,
    ).model_copy(update={"starts_at_s": grouping.starts_at_s, "timecode": grouping.timecode})
    return Recognition(
        identities=identities,
        links=tuple(links),
        automatic=tuple(match.automatic),
        representatives=chosen,
        screen_time=screen_time,
        conflicts=match.conflicts,
    )


def _match(
    grouping: Grouping, facebank: Facebank, new: NewRevision, models: RecognisedWith, rules: IdentityThresholds
) -> _Match:
    """Compare everybody's faces with the facebank."""
    identities, calibration = grouping.identities.identities, models.calibration
    evidence, problems = gather_evidence(
        identities,
        tracks=grouping.tracks,
        track_vectors=grouping.track_vectors,
        centroids=grouping.centroids.centroids,
        model_id=calibration.model_id if calibration else "",
        dimension=models.dimension,
    )
    warnings = [Warning.of("vectors_not_compared", problem) for problem in problems]
    found = tuple(new.automatic or ())
    if calibration is None:
        sentence = "The embedder is not calibrated, so nobody was named automatically."
        warnings.append(Warning.of("not_calibrated", sentence))
        return _Match(automatic=found, reasons={}, conflicts=(), warnings=warnings)
    galleries, doubts = _galleries(facebank, calibration, models.dimension, rules)
    known = {identity.identity_id for identity in identities}
    by_people = [link for link in new.decided.links if link.identity_id in known]
    suggestions = get_cast_suggestions(
        evidence,
        galleries,
        calibration=calibration,
        dismissed=new.decided.dismissed_pairs,
        confirmed={link.identity_id: link.cast_id for link in by_people},
        rules=rules.link,
    )
    decision = decide_auto_links(
        suggestions,
        evidence,
        existing=by_people,
        dismissed=new.decided.dismissed_pairs,
        midpoint=calibration.midpoint,
        rules=rules.link,
    )
    first = new.automatic is None
    if first:
        found = tuple(_automatic(link, new.at, new.link_event_ids[link.identity_id]) for link in decision.links)
    return _Match(
        automatic=found,
        reasons={item.identity_id: item.reason for item in suggestions if item.reason},
        conflicts=_open_conflicts(decision.conflicts, effective_links(new.decided, found), first=first),
        warnings=[*warnings, *doubts],
    )


def _galleries(
    facebank: Facebank, calibration: EmbedderCalibration, dimension: int, rules: IdentityThresholds
) -> tuple[list[Gallery], list[Warning]]:
    """Everybody's gallery, and what is wrong with the pictures."""
    picture_rules = rules.gallery.on(scale_of(calibration))
    galleries = [
        make_gallery(cast_id, references, model_id=calibration.model_id, dimension=dimension, rules=picture_rules)
        for cast_id, references in sorted(facebank.references.items())
    ]
    outliers = find_outliers(galleries, calibration=calibration, references=rules.link.references, rules=picture_rules)
    return galleries, [
        *(
            Warning.of("picture_not_compared", problem, subject=gallery.cast_id)
            for gallery in galleries
            for problem in gallery.problems
        ),
        *(Warning.of("picture_of_somebody_else", outlier.message, subject=outlier.cast_id) for outlier in outliers),
    ]


def _open_conflicts(conflicts: Sequence[LinkConflict], state: LinkState, *, first: bool) -> tuple[str, ...]:
    """What operators are to decide; after the first revision only where neither of the two has a name by now."""
    return tuple(
        conflict.message
        for conflict in conflicts
        if first
        or not (conflict.kept or conflict.twice or any(state.link_of(identity) for identity in conflict.identity_ids))
    )


def _automatic(link: ProposedLink, at: str, event_id: str) -> CastLink:
    return CastLink(
        identity_id=link.identity_id,
        cast_id=link.cast_id,
        by="auto",
        probability=round(link.probability, 6),
        margin=round(link.margin, 6),
        seen_as=link.seen_as,
        at=at,
        event_id=event_id,
    )


def _representatives(grouping: Grouping, rules: RecognitionRules) -> dict[str, tuple[FaceRow, ...]]:
    """Identity id -> its best faces; identities none of whose faces was kept are left out."""
    faces_of_track: dict[str, list[FaceRow]] = {}
    for face in grouping.faces:
        if face.thumbnail is not None:
            faces_of_track.setdefault(face.track_id, []).append(face)
    centroid_of = {centroid.identity_id: centroid.centroid for centroid in grouping.centroids.centroids}
    chosen = {}
    for identity in grouping.identities.identities:
        faces = [face for track_id in identity.track_ids for face in faces_of_track.get(track_id, [])]
        best = select_representative_frames(
            faces,
            vectors=grouping.face_vectors,
            centroid=centroid_of.get(identity.identity_id),
            count=rules.representatives,
            rules=rules.identity.representative,
        )
        if best:
            chosen[identity.identity_id] = best
    return chosen


def _named(
    document: IdentitiesDocument,
    links: Sequence[CastLink],
    names: Mapping[str, str],
    chosen: Mapping[str, tuple[FaceRow, ...]],
    revision: int,
) -> IdentitiesDocument:
    cast_of = {link.identity_id: link.cast_id for link in links}

    def named(identity: Identity) -> Identity:
        cast_id = cast_of.get(identity.identity_id)
        best = chosen.get(identity.identity_id)
        return identity.model_copy(
            update={
                "cast_id": cast_id,
                "label": names.get(cast_id, cast_id) if cast_id else identity.label,
                "representative": best[0].thumbnail if best else None,
            }
        )

    identities = tuple(named(identity) for identity in document.identities)
    return document.model_copy(update={"identities": identities, "revision": revision})
