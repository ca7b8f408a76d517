"""Who of those whom nobody knows is on the cast list: whoever is longer on screen, rather; how much, answers teach. Pure.

Somebody who is k times as long on screen as another has k ** steepness times the odds. Where the longest are the cast it is
steep, where a panel sits before people who are seen as long, flat: a steepness counts by what it says of the answers so far.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

STEEPNESS = (0.5, 1.0, 2.0, 3.0)
"""As likely as each other before anybody has answered."""
_SHORTEST_S = 0.04
_HALVINGS = 60
_LEAST, _FAR = 1e-6, 40.0
"""Nobody is sure to be on it or not; in log odds further away than that everybody nearly is."""

Floats = NDArray[np.float64]


def likely_on_the_list(
    open_s: Mapping[str, float], *, named_s: Sequence[float], extras_s: Sequence[float], expected: float
) -> dict[str, float]:
    """How likely each is somebody on the cast list.

    Args:
        open_s: Seconds on screen of those whom nobody decided on, by identity.
        named_s: Seconds of those whom a person gave a name of it.
        extras_s: Seconds of those whom a person called extras.
        expected: How many of `open_s` are on it, on average.

    Returns:
        Identity -> probability. Together they are `expected`.
    """
    if not open_s:
        return {}
    undecided, decided = _lengths(list(open_s.values())), _lengths([*named_s, *extras_s])
    is_named = np.arange(len(decided)) < len(named_s)
    found, said = [], []
    for steepness in STEEPNESS:
        of_all = _probabilities(steepness * np.concatenate([decided, undecided]), len(named_s) + expected)
        of_decided = of_all[: len(decided)]
        said.append(float(np.sum(np.log(np.where(is_named, of_decided, 1.0 - of_decided)))))
        found.append(_probabilities(steepness * undecided, expected))
    weights = np.exp(np.array(said) - max(said))
    likely = weights @ np.array(found) / weights.sum()
    return dict(zip(open_s, map(float, likely), strict=True))


def _lengths(seconds: Sequence[float]) -> Floats:
    """Their logarithms."""
    return np.asarray(np.log(np.maximum(np.array(seconds, dtype=np.float64), _SHORTEST_S)), dtype=np.float64)


def _probabilities(log_odds: Floats, together: float) -> Floats:
    """Probabilities with these relative odds whose sum is `together`."""
    together = float(np.clip(together, _LEAST, len(log_odds) - _LEAST))
    low, high = -float(log_odds.max()) - _FAR, -float(log_odds.min()) + _FAR
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if np.sum(_of_log_odds(log_odds + middle)) < together:
            low = middle
        else:
            high = middle
    return np.clip(_of_log_odds(log_odds + low), 1e-9, 1.0 - 1e-9)


def _of_log_odds(log_odds: Floats) -> Floats:
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * log_odds)), dtype=np.float64)
