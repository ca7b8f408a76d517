"""Pictures and figures: faces that are no present person, told by what the film shows of them.

**They are counted apart and never dropped, and whoever is named, linked or locked by an operator is a person.** An
identity is a person, a drawn figure, an animal, or somebody's picture: what speaks for any of the others is weighed
against the first as likelihoods are, with fixed prior odds.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from chassis.domain.calibration import PersonCalibration
from contracts.rows import Identity, TrackRow
from services.identity.figures.stillness import is_beside_life, lone_still_ratio, picture_ratio
from services.identity.rules import FigureRules

PICTURE = "A picture of somebody: it does not change while somebody beside it does."
STILL = "A picture of somebody: it never changes, as all other faces of the episode do."
DRAWN = "A drawn or computed figure, by what its face is like."
ANIMAL = "An animal, by what is to be seen around its face."


@dataclass(frozen=True)
class Figure:
    """How likely (0..1) an identity is no present person, and what speaks for that most."""

    probability: float
    reason: str


def judge_figures(
    identities: Iterable[Identity],
    members: Mapping[str, Sequence[TrackRow]],
    tracks: Sequence[TrackRow],
    *,
    linked: Collection[str],
    rules: FigureRules,
) -> dict[str, Figure]:
    """What each identity is that nobody vouches for, by id; those of whom nothing was measured are left out.

    `members` holds each identity's tracks by identity id, `tracks` all of the episode. One track that is clearly a
    picture tells of all tracks of its identity, as long as none of them shows it alive: then it is a person whose
    picture is somewhere, and their seconds stay. Drawn figures move; the tracks are one face and are averaged.
    """
    open_to_doubt = [
        identity
        for identity in identities
        if not identity.locked and identity.label is None and identity.identity_id not in linked
    ]
    beside_life = {track.track_id for track in tracks if is_beside_life(track, tracks, rules)}
    beside = {
        one.identity_id: picture_ratio(members[one.identity_id], tracks, beside_life, rules) for one in open_to_doubt
    }
    pictures = {
        track.track_id
        for identity_id, ratio in beside.items()
        if ratio is not None and _probability({PICTURE: ratio}, rules) >= rules.apart_probability
        for track in members[identity_id]
    }
    judged = {}
    for identity in open_to_doubt:
        own = members[identity.identity_id]
        ratios = {
            DRAWN: _drawn_ratio(own),
            ANIMAL: _animal_ratio(own, rules),
            PICTURE: beside[identity.identity_id],
            STILL: lone_still_ratio(own, [track for track in tracks if track.track_id not in pictures], rules),
        }
        if all(track.change is None and track.drawn is None and track.animal is None for track in own):
            continue
        known = {reason: ratio for reason, ratio in ratios.items() if ratio is not None}
        reason = max(known, key=lambda key: known[key], default=DRAWN)
        judged[identity.identity_id] = Figure(round(_probability(known, rules), 4), reason)
    return judged


def _probability(ratios: Mapping[str, float], rules: FigureRules) -> float:
    """That one of these is the case, from its log-likelihood ratio against a person who is there."""
    against = rules.prior_odds * math.fsum(math.exp(min(ratio, rules.most)) for ratio in ratios.values())
    return against / (1.0 + against)


def find_figures(judged: Mapping[str, Figure], rules: FigureRules) -> dict[str, Figure]:
    """Of the identities as judged those that are counted apart."""
    return {identity: figure for identity, figure in judged.items() if figure.probability >= rules.apart_probability}


def _drawn_ratio(own: Sequence[TrackRow]) -> float | None:
    """Mean log-likelihood ratio of an identity's faces, None where the embedder says nothing of drawn ones."""
    known = [(track.drawn, max(1, track.samples)) for track in own if track.drawn is not None]
    return math.fsum(ratio * weight for ratio, weight in known) / sum(weight for _, weight in known) if known else None


def _animal_ratio(own: Sequence[TrackRow], rules: FigureRules) -> float | None:
    """Mean log-likelihood ratio of an identity's faces; one that nobody had to look at is a person's, as far as is known."""
    if all(track.animal is None for track in own):
        return None
    curves = PersonCalibration(-rules.animal_order, rules.animal_deviation, -rules.human_order, rules.human_deviation)
    scores = [max(track.animal or 0.0, rules.least_animal) for track in own]
    ratios = [curves.log_likelihood_ratio(-math.log10(score)) for score in scores]
    weights = [max(1, track.samples) for track in own]
    bounded = (max(-rules.most, min(rules.most, ratio)) * weight for ratio, weight in zip(ratios, weights, strict=True))
    return math.fsum(bounded) / sum(weights)
