"""Pictures and figures: faces that are no present person, told by what the film shows of them.

**They are counted apart and never dropped, and whoever is named, linked or locked by an operator is a person.** An
identity is a person, a drawn figure, or somebody's picture: what speaks for either of the last two is weighed against
the first as likelihoods are, with fixed prior odds.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from chassis.domain.calibration import PersonCalibration
from contracts.rows import Identity, TrackRow
from services.identity.rules import FigureRules

PICTURE = "A picture of somebody: it does not change while somebody beside it does."
DRAWN = "A drawn or computed figure, by what its face is like."
_ORDERS = 5.0
"""Of magnitude below 1 in which changes are told apart, so that a photograph's and a living one's are distances from 0."""


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
    judged = {}
    for identity in identities:
        if identity.locked or identity.label is not None or identity.identity_id in linked:
            continue
        own = members[identity.identity_id]
        drawn = _drawn_ratio(own)
        if drawn is None and all(track.change is None for track in own):
            continue
        ratios = {DRAWN: drawn, PICTURE: _picture_ratio(own, tracks, rules)}
        odds = {
            reason: rules.prior_odds * math.exp(min(ratio, rules.most))
            for reason, ratio in ratios.items()
            if ratio is not None
        }
        against = math.fsum(odds.values())
        reason = max(odds, key=lambda key: odds[key], default=DRAWN)
        judged[identity.identity_id] = Figure(round(against / (1.0 + against), 4), reason)
    return judged


def find_figures(judged: Mapping[str, Figure], rules: FigureRules) -> dict[str, Figure]:
    """Of the identities as judged those that are counted apart."""
    return {identity: figure for identity, figure in judged.items() if figure.probability >= rules.apart_probability}


def is_beside_life(track: TrackRow, tracks: Iterable[TrackRow], rules: FigureRules) -> bool:
    """Whether a track stands still while a face beside it in the same shot moves."""
    change, length = track.change, track.end_s - track.start_s
    if change is None or length < rules.least_s or change.large > rules.still_large:
        return False
    alive_from = max(rules.alive, rules.alive_ratio * change.typical)
    beside_s = math.fsum(
        max(0.0, min(track.end_s, other.end_s) - max(track.start_s, other.start_s))
        for other in tracks
        if other.shot_id == track.shot_id and other.change is not None and other.change.typical >= alive_from
    )
    return beside_s >= rules.together * length


def _drawn_ratio(own: Sequence[TrackRow]) -> float | None:
    """Mean log-likelihood ratio of an identity's faces, None where the embedder says nothing of drawn ones."""
    known = [(track.drawn, max(1, track.samples)) for track in own if track.drawn is not None]
    return math.fsum(ratio * weight for ratio, weight in known) / sum(weight for _, weight in known) if known else None


def _picture_ratio(own: Sequence[TrackRow], tracks: Sequence[TrackRow], rules: FigureRules) -> float | None:
    """The log-likelihood ratio of the track that is most clearly a picture, None where there is none or one lives."""
    if any(track.change is not None and track.change.typical >= rules.lives for track in own):
        return None
    pictures = [track for track in own if is_beside_life(track, tracks, rules)]
    return max((_stillness(track, rules) + rules.beside_life for track in pictures), default=None)


def _stillness(track: TrackRow, rules: FigureRules) -> float:
    """How many times more likely such a change is for a photograph than for a living face, as a natural logarithm."""
    change = track.change.typical if track.change is not None else 1.0
    curves = PersonCalibration(
        _ORDERS + rules.still_order, rules.still_deviation, _ORDERS + rules.living_order, rules.living_deviation
    )
    return curves.log_likelihood_ratio(_ORDERS + math.log10(max(change, 10.0**-_ORDERS)))
