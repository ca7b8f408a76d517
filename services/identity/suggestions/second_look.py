"""Two looks at an identity: beside the cast's pictures, and beside faces of the episode that are known.

A production's own frames resemble each other more than they do press photographs, so whoever is known in one shot is
known again in the next by a face that the pictures alone leave in doubt.

**Never evidence from evidence**: only faces that people confirmed, and faces that are sure by the cast's own pictures,
bear out others. What the second look names bears out nobody, and the pictures' doubt still counts against it.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from chassis.domain.arrays import Floats
from chassis.domain.calibration import PersonCalibration
from chassis.domain.intervals import Intervals, intersection, total
from chassis.domain.vectors import distances, few_best_mean
from services.identity.facebank.gallery import Gallery
from services.identity.rules import LinkRules
from services.identity.suggestions.evidence import IdentityEvidence, strength
from services.identity.suggestions.likelihood import bounded, log_likelihood_ratios, posterior


@dataclass(frozen=True)
class Look:
    """What an identity looks like: per cast member the distance to the pictures and the log-likelihood ratio.

    `seen_as`: cast id -> identities of the episode that bore it out.
    """

    away: Mapping[str, float]
    ratios: Mapping[str, float]
    seen_as: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class SureFaces:
    """Tracks of one identity that is known, and when it is on screen: prototypes [T, D] of unit length."""

    identity_id: str
    prototypes: Floats
    presence: Intervals


def first_look(
    person: IdentityEvidence, galleries: Sequence[Gallery], calibration: PersonCalibration, rules: LinkRules
) -> Look:
    """Beside the cast's pictures; galleries have at least one each. Raises ValueError without usable vectors."""
    away = {
        gallery.cast_id: identity_distance(person, gallery.vectors, count=rules.references) for gallery in galleries
    }
    ratios = log_likelihood_ratios(
        away,
        calibration=calibration,
        strength=strength(person, rules),
        few_pictures={gallery.cast_id for gallery in galleries if len(gallery.vectors) < rules.references},
        rules=rules,
    )
    return Look(away, ratios)


def sure_faces(
    evidence: Sequence[IdentityEvidence],
    galleries: Sequence[Gallery],
    looks: Mapping[str, Look],
    calibration: PersonCalibration,
    dismissed: Collection[tuple[str, str | None]],
    confirmed: Mapping[str, str],
    rules: LinkRules,
) -> dict[str, list[SureFaces]]:
    """Cast id -> faces of the episode that may bear out others.

    Of identities on screen together that are sure of one cast member none is taken, unless people confirmed it.
    """
    claims: dict[str, list[IdentityEvidence]] = defaultdict(list)
    for person in evidence:
        cast_id = _known_as(person, looks.get(person.identity_id), dismissed, confirmed, rules)
        if cast_id is not None:
            claims[cast_id].append(person)
    pictures = {gallery.cast_id: gallery.vectors for gallery in galleries}
    known: dict[str, list[SureFaces]] = defaultdict(list)
    for cast_id, people in claims.items():
        for person in people:
            is_confirmed = confirmed.get(person.identity_id) == cast_id
            rivals = [
                other for other in people if other is not person and _at_once(person.presence, other.presence, rules)
            ]
            if rivals and not is_confirmed:
                continue
            own = None if is_confirmed else pictures[cast_id]
            prototypes = _trusted_tracks(person, own, calibration, rules)
            if len(prototypes):
                known[cast_id].append(SureFaces(person.identity_id, prototypes, person.presence))
    return dict(known)


def look_again(
    person: IdentityEvidence,
    first: Look,
    sure: Mapping[str, Sequence[SureFaces]],
    calibration: PersonCalibration,
    rules: LinkRules,
) -> Look:
    """The first look with what the episode's own sure faces say besides.

    Pictures and episode are two measurements, so that their log-likelihood ratios add up: who resembles somebody in the
    episode and not in the pictures is a look-alike. The pictures say which cast member it may be, the episode only
    whether it is: of most members it has no faces to compare with. Who is on screen beside a sure face is not looked at
    again.
    """
    hopeless = 2.0 * math.log(rules.lookalikes)
    best = max(first.ratios, key=lambda cast_id: (first.ratios[cast_id], cast_id))
    second = max((ratio for cast_id, ratio in first.ratios.items() if cast_id != best), default=-math.inf)
    if first.ratios[best] < max(hopeless, second + rules.second_look_lead) or best not in sure:
        return first
    if any(_at_once(person.presence, faces.presence, rules) for faces in sure[best]):
        return first  # it is one of them, or on screen beside one of them
    vectors = np.concatenate([faces.prototypes for faces in sure[best]])
    away = {best: identity_distance(person, vectors, count=rules.references)}
    found = log_likelihood_ratios(away, calibration=calibration, strength=strength(person, rules), rules=rules)[best]
    ratios = {**first.ratios, best: first.ratios[best] + bounded(found, lookalikes=rules.episode_lookalikes)}
    helped = tuple(sorted(faces.identity_id for faces in sure[best]))
    return Look(first.away, ratios, {best: helped} if found > 0 else {})


def identity_distance(person: IdentityEvidence, references: Floats, *, count: int) -> float:
    """Distance of an identity to `references` [N, D]: centroid and typical track, each to the best `count` of them.

    The typical track is the weighted median, so that one wrong track in a cluster neither wins nor loses a name. Raises
    ValueError when either has no vectors.
    """
    if person.centroid is None:
        raise ValueError(f"{person.identity_id} has no usable vectors")
    whole = few_best_mean(person.centroid, references, count=count)
    if not len(person.prototypes):
        return whole
    nearest = np.sort(distances(person.prototypes, references), axis=1)[:, :count].mean(axis=1, dtype=np.float64)
    order = np.argsort(nearest, kind="stable")
    reached = np.cumsum(np.asarray(person.weights, dtype=np.float64)[order])
    typical = float(nearest[order][int(np.searchsorted(reached, reached[-1] / 2.0))])
    return (whole + typical) / 2.0


def _known_as(
    person: IdentityEvidence,
    look: Look | None,
    dismissed: Collection[tuple[str, str | None]],
    confirmed: Mapping[str, str],
    rules: LinkRules,
) -> str | None:
    """The cast member an identity is known to be: by what people say, else by the pictures alone."""
    if person.identity_id in confirmed:
        return confirmed[person.identity_id]
    if look is None or (person.identity_id, None) in dismissed:
        return None
    if strength(person, rules) < 1.0:
        return None
    probability = posterior(look.ratios, rules=rules)
    best = min(probability, key=lambda cast_id: (-probability[cast_id], cast_id))
    if (person.identity_id, best) in dismissed or probability[best] < rules.sure_probability:
        return None
    return best


def _trusted_tracks(
    person: IdentityEvidence, pictures: Floats | None, calibration: PersonCalibration, rules: LinkRules
) -> Floats:
    """Prototypes of tracks with enough faces; where there are pictures to compare with, those that resemble them."""
    chosen = [
        vector
        for vector, samples in zip(person.prototypes, person.weights, strict=True)
        if samples >= rules.sure_samples
        and (
            pictures is None
            or calibration.log_likelihood_ratio(few_best_mean(vector, pictures, count=rules.references)) > 0
        )
    ]
    return np.array(chosen, dtype=np.float32).reshape(-1, person.prototypes.shape[1])


def _at_once(first: Intervals, second: Intervals, rules: LinkRules) -> bool:
    return total(intersection(first, second)) > rules.simultaneous_s
