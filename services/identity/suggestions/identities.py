"""Who an episode's identities are: suggestions from the facebank, and the ways to ask for the rest.

A cast member is likely when two things hold: the distance is small for the embedder (its calibration), and small next
to the distance of the other cast members (the cohort). The second is needed because people filmed by one camera in one
light are much closer to each other than strangers in photographs: strangers of one production were measured at
0.30-0.45 with an embedder whose strangers across photographs keep 0.6 apart.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from chassis.domain.calibration import REFERENCE, EmbedderCalibration, logistic
from chassis.domain.vectors import distances, few_best_mean
from contracts.rows import Identity
from services.identity.facebank.gallery import Gallery
from services.identity.links.transitions import link_identity_to_cast
from services.identity.rules import LinkRules
from services.identity.suggestions.evidence import IdentityEvidence
from services.identity.suggestions.temporal import get_temporal_suggestions

__all__ = [
    "CastMatch",
    "CastSuggestions",
    "RescuedCluster",
    "get_cast_suggestions",
    "get_rescued_clusters",
    "get_temporal_suggestions",
    "identity_distance",
    "link_identity_to_cast",
    "match_probabilities",
]

# Expected minimum of n independent standard normal values, in deviations below the mean, for n = 1..6 (Harter, 1961).
_EXPECTED_LEAST = (0.0, 0.564, 0.846, 1.029, 1.163, 1.267)
_LEAST_DISTANCE = 1e-9

Dismissals = Collection[tuple[str, str | None]]
"""`(identity id, cast id)` pairs nobody wants to see again; a None cast id stands for all of the cast."""


@dataclass(frozen=True)
class CastMatch:
    """A cast member an identity may be, with the probability (0..1) and the distance behind it."""

    cast_id: str
    probability: float
    distance: float


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
    rules: LinkRules,
) -> tuple[CastSuggestions, ...]:
    """Top matches of every identity, in the order of `evidence`. Nobody is a good answer.

    A dismissed pair is not shown, but still counts as runner-up: what nobody wants to see is no less similar.
    Raises ValueError when a gallery is of another model than the calibration.
    """
    for gallery in galleries:
        if gallery.model_id != calibration.model_id:
            raise ValueError(f"gallery of {gallery.cast_id} is of {gallery.model_id}, not {calibration.model_id}")
    filled = [gallery for gallery in galleries if len(gallery.vectors)]
    return tuple(_suggest(person, filled, calibration, dismissed, rules) for person in evidence)


def _suggest(
    person: IdentityEvidence,
    galleries: Sequence[Gallery],
    calibration: EmbedderCalibration,
    dismissed: Dismissals,
    rules: LinkRules,
) -> CastSuggestions:
    if person.centroid is None:
        return CastSuggestions(person.identity_id, (), 0.0, "None of its faces is good enough to recognise.")
    if not galleries:
        return CastSuggestions(person.identity_id, (), 0.0, "The facebank of the show is empty.")
    away = {gallery.cast_id: identity_distance(person, gallery, references=rules.references) for gallery in galleries}
    probability = match_probabilities(away, calibration=calibration, rules=rules)
    order = sorted(away, key=lambda cast_id: (-probability[cast_id], away[cast_id], cast_id))
    shown = [
        CastMatch(cast_id, probability[cast_id], away[cast_id])
        for cast_id in order
        if probability[cast_id] >= rules.min_suggested
        and (person.identity_id, cast_id) not in dismissed
        and (person.identity_id, None) not in dismissed
    ][: rules.suggestions]
    if not shown:
        return CastSuggestions(person.identity_id, (), 0.0, _why_nobody(away, calibration))
    runner_up = max((probability[cast_id] for cast_id in order if cast_id != shown[0].cast_id), default=0.0)
    return CastSuggestions(person.identity_id, tuple(shown), shown[0].probability - runner_up)


def _why_nobody(away: Mapping[str, float], calibration: EmbedderCalibration) -> str:
    nearest = sorted(away, key=lambda cast_id: (away[cast_id], cast_id))
    if len(nearest) > 1 and calibration.probability(away[nearest[0]]) >= 0.5:
        return f"Not clearly closer to {nearest[0]} than to {nearest[1]}, as a stranger would be."
    return "Nobody in the facebank is similar enough."


def identity_distance(person: IdentityEvidence, gallery: Gallery, *, references: int) -> float:
    """Distance of an identity to a cast member: centroid and typical track, each to the best few references.

    The typical track is the weighted median, so that one wrong track in a cluster neither wins nor loses a name. Raises
    ValueError when the identity or the gallery has no vectors.
    """
    if person.centroid is None:
        raise ValueError(f"{person.identity_id} has no usable vectors")
    whole = few_best_mean(person.centroid, gallery.vectors, count=references)
    if not len(person.prototypes):
        return whole
    nearest = np.sort(distances(person.prototypes, gallery.vectors), axis=1)[:, :references].mean(
        axis=1, dtype=np.float64
    )
    order = np.argsort(nearest, kind="stable")
    reached = np.cumsum(np.asarray(person.weights, dtype=np.float64)[order])
    typical = float(nearest[order][int(np.searchsorted(reached, reached[-1] / 2.0))])
    return (whole + typical) / 2.0


def match_probabilities(
    away: Mapping[str, float],
    *,
    calibration: EmbedderCalibration,
    rules: LinkRules,
) -> dict[str, float]:
    """Probability of each cast member from the distances to all of them.

    How much nearer than a stranger somebody is decides; beyond the calibration's midpoint its doubts are added (as
    logarithms of odds). Being within the midpoint is no evidence by itself: in one room everybody may be.
    """
    probability = {}
    for cast_id, distance in away.items():
        stranger = _stranger_distance([other for key, other in away.items() if key != cast_id], calibration, rules)
        ratio = max(distance, _LEAST_DISTANCE) / max(stranger, _LEAST_DISTANCE)
        relative = -math.log(ratio / rules.ratio_midpoint) / rules.ratio_scale
        probability[cast_id] = logistic(relative + min(0.0, calibration.log_odds(distance)))
    return probability


def _stranger_distance(others: Sequence[float], calibration: EmbedderCalibration, rules: LinkRules) -> float:
    """How near the nearest of six strangers would be, judged by the distances to the other cast members.

    The nearest of few is farther away by chance than the nearest of many, and is brought nearer accordingly. A cast of
    one is judged by an assumed stranger, who also counts as one voice when the others are farther away than that: they
    may come from another production.
    """
    spread = _stranger_spread(calibration, rules)
    nearest_of_six = 1.0 - spread * _EXPECTED_LEAST[-1]
    assumed = calibration.distance(rules.assumed_stranger) * nearest_of_six
    if not others:
        return assumed
    expected = _EXPECTED_LEAST[min(len(others), len(_EXPECTED_LEAST)) - 1]
    nearest = min(others) * nearest_of_six / (1.0 - spread * expected)
    return min(nearest, (len(others) * nearest + assumed) / (len(others) + 1))


def _stranger_spread(calibration: EmbedderCalibration, rules: LinkRules) -> float:
    """Deviation of strangers' distances over their mean: the rule's, in proportion to how soft the model's curve is."""
    softness = calibration.scale / calibration.midpoint
    return rules.stranger_spread * min(1.0, softness * REFERENCE.midpoint * REFERENCE.slope)


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
