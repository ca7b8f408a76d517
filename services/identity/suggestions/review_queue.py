"""What an operator should look at first: what teaches most for the seconds it decides."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.identity.links.transitions import LinkState
from services.identity.suggestions.identities import CastSuggestions

UNKNOWN_BITS = 0.25
"""Doubt about somebody who looks like nobody of the cast: a name for them would still teach something."""


@dataclass(frozen=True)
class ReviewItem:
    """One identity to decide on. `doubt` in bits, `worth` is doubt times visible seconds."""

    identity_id: str
    doubt: float
    visible_s: float
    worth: float
    suggestion: CastSuggestions


def review_queue(
    suggestions: Sequence[CastSuggestions],
    *,
    visible_s: Mapping[str, float],
    state: LinkState,
    locked: frozenset[str] = frozenset(),
) -> tuple[ReviewItem, ...]:
    """Identities nobody has decided on, those whose answer teaches most first.

    An answer teaches as much as it was uncertain (uncertainty sampling, Lewis & Gale 1994; here the entropy of the
    suggestion) and matters for as long as the identity is on screen. Left out are locked identities, those people
    linked, and those of whom all suggestions were dismissed. `visible_s` is seconds by identity id.
    """
    dismissed = {identity for identity, cast_id in state.dismissed_pairs if cast_id is None}
    decided = {link.identity_id for link in state.links if link.by != "auto"}
    items = []
    for suggestion in suggestions:
        identity = suggestion.identity_id
        if identity in locked or identity in decided or identity in dismissed:
            continue
        doubt, seconds = doubt_bits(suggestion), visible_s.get(identity, 0.0)
        items.append(ReviewItem(identity, round(doubt, 6), seconds, round(doubt * seconds, 6), suggestion))
    return tuple(sorted(items, key=lambda item: (-item.worth, item.identity_id)))


def doubt_bits(suggestion: CastSuggestions) -> float:
    """Entropy in bits by the chain rule: is it the best match at all, and if so, it or the runner-up."""
    if suggestion.best is None:
        return UNKNOWN_BITS
    best = suggestion.best.probability
    runner_up = max(0.0, best - suggestion.margin)
    which = _entropy(best / (best + runner_up)) if best + runner_up > 0 else 0.0
    return max(UNKNOWN_BITS * (1.0 - best), _entropy(best) + best * which)


def _entropy(probability: float) -> float:
    """Of one yes-or-no question, 0..1 bit."""
    if not 0.0 < probability < 1.0:
        return 0.0
    rest = 1.0 - probability
    return -probability * math.log2(probability) - rest * math.log2(rest)
