"""Who an episode's identities are: suggestions from the facebank, and the ways to ask for the rest.

First everybody is compared with the cast's pictures (`likelihood.py`). Then those who are not sure are looked at again,
beside the faces of the episode itself that are (`second_look.py`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from chassis.domain.calibration import EmbedderCalibration
from contracts.rows import Identity
from services.identity.facebank.gallery import Gallery
from services.identity.links.transitions import link_identity_to_cast
from services.identity.rules import LinkRules
from services.identity.screentime.reasons import NO_CAST, NO_MATCH, NOTHING_USABLE
from services.identity.suggestions.evidence import IdentityEvidence
from services.identity.suggestions.likelihood import posterior
from services.identity.suggestions.second_look import Look, first_look, look_again, sure_faces
from services.identity.suggestions.temporal import get_temporal_suggestions

__all__ = [
    "CastMatch",
    "CastSuggestions",
    "RescuedCluster",
    "get_cast_suggestions",
    "get_rescued_clusters",
    "get_temporal_suggestions",
    "link_identity_to_cast",
]

Dismissals = Collection[tuple[str, str | None]]
"""`(identity id, cast id)` pairs nobody wants to see again; a None cast id stands for all of the cast."""


@dataclass(frozen=True)
class CastMatch:
    """A cast member an identity may be, with the probability (0..1) and the distance to the pictures behind it.

    `log_ratio`: of the likelihoods that it is the member and that it is a stranger.
    `seen_as`: identities of the episode, known to be that member, whose faces bear it out besides.
    """

    cast_id: str
    probability: float
    distance: float
    seen_as: tuple[str, ...] = ()
    log_ratio: float = 0.0


@dataclass(frozen=True)
class CastSuggestions:
    """The best matches of one identity, most probable first; empty when it is nobody of the cast.

    `margin` is the best probability minus the runner-up's. `reason` says why `matches` is empty or leaves doubt.
    """

    identity_id: str
    matches: tuple[CastMatch, ...]
    margin: float
    reason: str | None = None

    @property
    def best(self) -> CastMatch | None:
        return self.matches[0] if self.matches else None


def get_cast_suggestions(
    evidence: Sequence[IdentityEvidence],
    galleries: Sequence[Gallery],
    *,
    calibration: EmbedderCalibration,
    dismissed: Dismissals = (),
    confirmed: Mapping[str, str] | None = None,
    rules: LinkRules,
) -> tuple[CastSuggestions, ...]:
    """Top matches of every identity, in the order of `evidence`. Nobody is a good answer.

    A dismissed pair is not shown, but still counts as runner-up: what nobody wants to see is no less similar.
    `confirmed` are identities that people decided on, with their cast id: their faces bear out others, as do those that
    are sure by the cast's pictures alone. Raises ValueError when a gallery is of another model than the calibration.
    """
    for gallery in galleries:
        if gallery.model_id != calibration.model_id:
            raise ValueError(f"gallery of {gallery.cast_id} is of {gallery.model_id}, not {calibration.model_id}")
    looks = first_looks(evidence, galleries, calibration=calibration, rules=rules)
    return suggest_from(
        evidence,
        galleries,
        looks,
        calibration=calibration,
        dismissed=dismissed,
        confirmed=confirmed or {},
        rules=rules,
    )


def first_looks(
    evidence: Sequence[IdentityEvidence],
    galleries: Sequence[Gallery],
    *,
    calibration: EmbedderCalibration,
    rules: LinkRules,
) -> dict[str, Look]:
    """By identity id, what does not depend on anybody's decisions; those without vectors are left out."""
    filled = [gallery for gallery in galleries if len(gallery.vectors)]
    return {
        person.identity_id: first_look(person, filled, calibration.people, rules)
        for person in evidence
        if person.centroid is not None and filled
    }


def suggest_from(
    evidence: Sequence[IdentityEvidence],
    galleries: Sequence[Gallery],
    looks: Mapping[str, Look],
    *,
    calibration: EmbedderCalibration,
    dismissed: Dismissals,
    confirmed: Mapping[str, str],
    rules: LinkRules,
) -> tuple[CastSuggestions, ...]:
    """`get_cast_suggestions` from the first looks."""
    sure = sure_faces(evidence, galleries, looks, calibration.people, dismissed, confirmed, rules)
    return tuple(
        _suggest(
            person, look_again(person, looks[person.identity_id], sure, calibration.people, rules), dismissed, rules
        )
        if person.identity_id in looks
        else CastSuggestions(person.identity_id, (), 0.0, _why_unseen(person, galleries))
        for person in evidence
    )


def _suggest(person: IdentityEvidence, look: Look, dismissed: Dismissals, rules: LinkRules) -> CastSuggestions:
    probability = posterior(look.ratios, rules=rules)
    order = sorted(look.away, key=lambda cast_id: (-probability[cast_id], look.away[cast_id], cast_id))
    shown = [
        CastMatch(
            cast_id, probability[cast_id], look.away[cast_id], look.seen_as.get(cast_id, ()), look.ratios[cast_id]
        )
        for cast_id in order
        if probability[cast_id] >= rules.min_suggested
        and (person.identity_id, cast_id) not in dismissed
        and (person.identity_id, None) not in dismissed
    ][: rules.suggestions]
    if not shown:
        return CastSuggestions(person.identity_id, (), 0.0, NO_MATCH)
    runner_up = max((probability[cast_id] for cast_id in order if cast_id != shown[0].cast_id), default=0.0)
    return CastSuggestions(person.identity_id, tuple(shown), shown[0].probability - runner_up)


def _why_unseen(person: IdentityEvidence, galleries: Sequence[Gallery]) -> str:
    if person.centroid is None:
        return NOTHING_USABLE
    if any(gallery.problems for gallery in galleries):
        return (
            "The pictures of the show's cast were made with another model: `screenalytics models use` makes them new."
        )
    return NO_CAST


@dataclass(frozen=True)
class RescuedCluster:
    """An identity that holds tracks which the quality rescue brought in, for an operator to check."""

    identity_id: str
    cast_id: str | None
    rescued_track_ids: tuple[str, ...]
    tracks: int
    wholly_rescued: bool


def get_rescued_clusters(identities: Sequence[Identity]) -> tuple[RescuedCluster, ...]:
    """Identities with rescued tracks, those with the largest rescued part first."""
    clusters = (
        RescuedCluster(
            identity_id=person.identity_id,
            cast_id=person.cast_id,
            rescued_track_ids=tuple(sorted(person.rescued_track_ids or person.track_ids)),
            tracks=len(person.track_ids),
            wholly_rescued=person.provenance == "rescued" or set(person.rescued_track_ids) >= set(person.track_ids),
        )
        for person in identities
        if person.rescued_track_ids or person.provenance == "rescued"
    )
    return tuple(
        sorted(
            clusters,
            key=lambda cluster: (-len(cluster.rescued_track_ids) / max(1, cluster.tracks), cluster.identity_id),
        )
    )
