"""Faces that stand still: beside somebody who moves, or alone in an episode in which everybody else does.

A photograph does not change and a living face does, but in a television still, or a frozen frame, real people do not
move either. So stillness says nothing without somebody to compare with.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence

from chassis.domain.calibration import PersonCalibration
from contracts.rows import TrackRow
from services.identity.rules import FigureRules

_ORDERS = 5.0
"""Of magnitude below 1 in which changes are told apart, so that a photograph's and a living one's are distances from 0."""
_SURE = 50.0
"""Logarithm of odds beyond which nothing changes."""


def stillness(track: TrackRow, rules: FigureRules) -> float:
    """How many times more likely such a change is for a photograph than for a living face, as a natural logarithm."""
    change = track.change.typical if track.change is not None else 1.0
    curves = PersonCalibration(
        _ORDERS + rules.still_order, rules.still_deviation, _ORDERS + rules.living_order, rules.living_deviation
    )
    return curves.log_likelihood_ratio(_ORDERS + math.log10(max(change, 10.0**-_ORDERS)))


def is_beside_life(track: TrackRow, tracks: Iterable[TrackRow], rules: FigureRules) -> bool:
    """Whether a track stands still while a face beside it in the same shot moves."""
    if track.change is None or not _stands_still(track, rules):
        return False
    alive_from = max(rules.alive, rules.alive_ratio * track.change.typical)
    beside_s = math.fsum(
        max(0.0, min(track.end_s, other.end_s) - max(track.start_s, other.start_s))
        for other in tracks
        if other.shot_id == track.shot_id and other.change is not None and other.change.typical >= alive_from
    )
    return beside_s >= rules.together * (track.end_s - track.start_s)


def picture_ratio(
    own: Sequence[TrackRow], tracks: Iterable[TrackRow], beside_life: Collection[str], rules: FigureRules
) -> float | None:
    """Log-likelihood ratio of the track that is most clearly a picture, None where there is none or one lives.

    `beside_life` are the ids of all tracks that stand still beside somebody who moves. Against it stands that the
    production shows real people so, by photographs in a split screen: it is one that shows them frozen elsewhere too.
    """
    pictures = [track for track in own if track.track_id in beside_life]
    if not pictures or any(lives(track, rules) for track in own):
        return None
    ratio = max(stillness(track, rules) for track in pictures) + rules.beside_life
    frozen, shots = _frozen_shots(own, [track for track in tracks if track.track_id not in beside_life], rules)
    log_odds = (
        math.log(rules.mixed_productions)
        + frozen * math.log(rules.frozen_in_mixed / rules.frozen_elsewhere)
        + (shots - frozen) * math.log((1 - rules.frozen_in_mixed) / (1 - rules.frozen_elsewhere))
    )
    odds = math.exp(max(-_SURE, min(_SURE, log_odds)))
    return _against_frozen_people(odds / (1.0 + odds), ratio)


def lone_still_ratio(own: Sequence[TrackRow], tracks: Iterable[TrackRow], rules: FigureRules) -> float | None:
    """Log-likelihood ratio that an identity which stands still is a picture, None where it moves or is too short.

    Against it stands that real people are frozen in this production. How often they are, the shots of all others say
    (`tracks`, pictures among them left out): a production shows stills throughout or hardly ever.
    """
    if any(lives(track, rules) for track in own):
        return None
    still = [stillness(track, rules) for track in own if _stands_still(track, rules)]
    if not still:
        return None
    frozen, shots = _frozen_shots(own, tracks, rules)
    share = (rules.frozen_shots + frozen) / (rules.frozen_shots + rules.moving_shots + shots)
    return _against_frozen_people(share, max(still))


def lives(track: TrackRow, rules: FigureRules) -> bool:
    """Whether a face changes as no picture does: in the middle of its steps, or much in a quarter of them."""
    change = track.change
    return change is not None and (change.typical >= rules.lives or change.large >= rules.lives_large)


def _frozen_shots(own: Sequence[TrackRow], tracks: Iterable[TrackRow], rules: FigureRules) -> tuple[int, int]:
    """In how many shots all others stand still, and in how many there are others."""
    mine = {track.track_id for track in own}
    shots: dict[str, list[TrackRow]] = defaultdict(list)
    for track in tracks:
        if track.track_id not in mine and track.change is not None:
            shots[track.shot_id].append(track)
    return sum(all(stillness(track, rules) > 0 for track in shown) for shown in shots.values()), len(shots)


def _against_frozen_people(share: float, ratio: float) -> float:
    """A ratio against a living face, made one against a person who is frozen with a probability of `share`."""
    return -math.log(share + (1.0 - share) * math.exp(-ratio))


def _stands_still(track: TrackRow, rules: FigureRules) -> bool:
    long_enough = track.end_s - track.start_s >= rules.least_s
    return track.change is not None and long_enough and track.change.large <= rules.still_large
