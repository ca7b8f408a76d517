"""Where a track changes from one person to another."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from chassis.domain.vectors import unit_mean
from services.embedder.rules import SplitRules

EDGE_SAMPLES = 2


def find_changes(vectors: npt.ArrayLike, rules: SplitRules) -> list[int]:
    """Indices where another person begins, for vectors [N, D] in order of time; empty for one person.

    A change has two sides that are far apart for how much each varies, and happens between two samples: somebody who
    slowly turns drifts just as far, but without a step.
    """
    samples = np.asarray(vectors, dtype=np.float64)
    change = _clearest_change(samples, rules)
    if change is None:
        return []
    before = find_changes(samples[:change], rules)
    after = find_changes(samples[change:], rules)
    return [*before, change, *(change + index for index in after)]


def _clearest_change(samples: npt.NDArray[np.float64], rules: SplitRules) -> int | None:
    """The change whose sides are farthest apart, among those that satisfy the rules."""
    best: int | None = None
    best_distance = 0.0
    for index in range(rules.min_samples, len(samples) - rules.min_samples + 1):
        before, after = samples[:index], samples[index:]
        centre_before, centre_after = unit_mean(before), unit_mean(after)
        distance = float(np.linalg.norm(centre_before - centre_after))
        spread = (_total_distance(before, centre_before) + _total_distance(after, centre_after)) / len(samples)
        edge_gap = float(np.linalg.norm(before[-EDGE_SAMPLES:].mean(axis=0) - after[:EDGE_SAMPLES].mean(axis=0)))
        is_change = (
            distance >= rules.min_distance and distance >= rules.min_separation * spread and edge_gap >= rules.min_gap
        )
        if is_change and distance > best_distance:
            best, best_distance = index, distance
    return best


def _total_distance(samples: npt.NDArray[np.float64], centre: npt.NDArray[np.float64]) -> float:
    return float(np.linalg.norm(samples - centre, axis=1).sum())
