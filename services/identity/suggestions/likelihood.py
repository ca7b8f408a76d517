"""How likely an identity is each cast member, from distances: log-likelihood ratios against a stranger.

**A name does not depend on how many others are in the cast**: every member is weighed against a stranger with the same
fixed prior odds. The others only say how near strangers come in this production, and only as far as there are enough
of them to say so.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from statistics import median

from chassis.domain.calibration import PersonCalibration
from services.identity.rules import LinkRules

_MOST = 500.0
"""Of a log-likelihood ratio, so that its exponential stays finite."""


def log_likelihood_ratios(
    away: Mapping[str, float],
    *,
    calibration: PersonCalibration,
    strength: float,
    few_pictures: Collection[str] = (),
    rules: LinkRules,
) -> dict[str, float]:
    """Of every cast member in `away` (cast id -> distance): that it is the person, against a stranger.

    `strength` (0..1) of the identity's faces: weak ones may lie far from their own pictures, and are as far from those of
    strangers as good ones are. The pictures of cast members who have fewer than are averaged (`few_pictures`) leave
    doubt both ways.
    """
    ratios = {}
    for cast_id, distance in away.items():
        others = [other for key, other in away.items() if key != cast_id]
        stranger_mean = _stranger_mean(others, calibration, rules)
        pictures = rules.few_pictures_strength if cast_id in few_pictures else 1.0
        full = rules.weak_noise * calibration.separation
        ratios[cast_id] = calibration.log_likelihood_ratio(
            distance,
            stranger_mean=stranger_mean,
            noise=(1.0 - pictures) * full,
            own_noise=(1.0 - strength * pictures) * full,
        )
    return ratios


def bounded(log_ratio: float, *, lookalikes: float) -> float:
    """A log-likelihood ratio when that share of strangers looks exactly like the person: at most -ln(`lookalikes`)."""
    return -float(math.log(lookalikes + (1.0 - lookalikes) * math.exp(-max(log_ratio, -_MOST))))


def posterior(ratios: Mapping[str, float], *, rules: LinkRules) -> dict[str, float]:
    """Probability (0..1) of every cast member from the log-likelihood ratios; what is left to one is that of a stranger.

    The prior odds are of any one member against a stranger. Strangers who look exactly like a member bound what the
    ratios can say against a stranger, not what they say of one member against another.
    """
    odds = {cast_id: math.exp(min(ratio, _MOST)) for cast_id, ratio in ratios.items()}
    members = math.fsum(odds.values())
    stranger = 1.0 - rules.lookalikes + rules.lookalikes * members
    whole = rules.prior_odds * members + stranger
    return {cast_id: rules.prior_odds * value / whole for cast_id, value in odds.items()}


def _stranger_mean(others: list[float], calibration: PersonCalibration, rules: LinkRules) -> float:
    """How far strangers are away in this production: the calibration's, as far as the cohort is too small to say.

    Never farther than the calibration says, and never as near as the person: a cohort of look-alikes makes nobody sure.
    """
    if not others:
        return calibration.stranger_mean
    share = len(others) / (len(others) + rules.cohort_weight)
    shifted = calibration.stranger_mean + share * (median(others) - calibration.stranger_mean)
    nearest = calibration.same_mean + 0.5 * calibration.separation
    return max(nearest, min(calibration.stranger_mean, shifted))
