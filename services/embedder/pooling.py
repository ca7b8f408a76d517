"""From the vectors of a track's faces to one prototype, and where a track changes from one person to another."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from services.embedder.rules import PoolingRules, SplitRules

Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

EDGE_SAMPLES = 2


@dataclass(frozen=True)
class Prototype:
    """`vector` [D] of unit length; `kept` [N] tells which samples entered; `spread` is their mean distance to it."""

    vector: Floats
    kept: Mask
    spread: float

    @property
    def samples(self) -> int:
        return int(self.kept.sum())


def pool_vectors(vectors: npt.ArrayLike, qualities: npt.ArrayLike, rules: PoolingRules) -> Prototype:
    """Quality-weighted mean of unit vectors [N, D], N >= 1, after dropping samples far from the rest.

    The rest is what the sample nearest to all others (the medoid) stands for, so that a few strangers cannot pull the
    centre towards them. Fewer than three samples are all kept. Raises ValueError without samples.
    """
    samples = np.asarray(vectors, dtype=np.float64)
    if samples.ndim != 2 or not len(samples):
        raise ValueError(f"vectors of shape {samples.shape} cannot be pooled")
    weights = np.maximum(np.asarray(qualities, dtype=np.float64), rules.min_weight)
    kept = _without_outliers(samples, weights, rules)
    vector = _unit_mean(samples[kept], weights[kept])
    spread = float(np.linalg.norm(samples[kept] - vector, axis=1).mean())
    return Prototype(vector=vector.astype(np.float32), kept=kept, spread=spread)


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


def _without_outliers(samples: npt.NDArray[np.float64], weights: npt.NDArray[np.float64], rules: PoolingRules) -> Mask:
    if len(samples) < 3:
        return np.ones(len(samples), dtype=np.bool_)
    between = np.linalg.norm(samples[:, None, :] - samples[None, :, :], axis=2)
    to_medoid = between[int(np.argmin(between @ weights))]
    limit = max(rules.outlier_distance, rules.outlier_ratio * float(np.median(to_medoid)))
    return np.asarray(to_medoid <= limit, dtype=np.bool_)


def _clearest_change(samples: npt.NDArray[np.float64], rules: SplitRules) -> int | None:
    """The change whose sides are farthest apart, among those that satisfy the rules."""
    best: int | None = None
    best_distance = 0.0
    for index in range(rules.min_samples, len(samples) - rules.min_samples + 1):
        before, after = samples[:index], samples[index:]
        centre_before, centre_after = _unit_mean(before), _unit_mean(after)
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


def _unit_mean(
    samples: npt.NDArray[np.float64], weights: npt.NDArray[np.float64] | None = None
) -> npt.NDArray[np.float64]:
    """Weighted mean brought to unit length; samples that cancel out fall back to the first one."""
    mean = np.average(samples, axis=0, weights=weights)
    length = float(np.linalg.norm(mean))
    return np.asarray(mean / length if length > 1e-9 else samples[0], dtype=np.float64)
