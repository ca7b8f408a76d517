"""From distances between face vectors to probabilities that two faces are one person."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

_LARGEST_EXPONENT = 700.0


@dataclass(frozen=True)
class Calibration:
    """A logistic curve for one embedder: `midpoint` is the distance of probability one half, `scale` its softness.

    Raises ValueError for a scale that is not positive.
    """

    model_id: str
    midpoint: float
    scale: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.midpoint) and math.isfinite(self.scale) and self.scale > 0):
            raise ValueError(f"a calibration needs a finite midpoint and a positive scale, got {self}")

    def log_odds(self, distance: float) -> float:
        """Natural logarithm of the odds that two faces at that distance show the same person."""
        return (self.midpoint - distance) / self.scale

    def probability(self, distance: float) -> float:
        """Probability (0..1) that two faces at that distance show the same person."""
        return logistic(self.log_odds(distance))

    def distance(self, probability: float) -> float:
        """The distance that has a probability (between 0 and 1, exclusive), at least 0."""
        return max(0.0, self.midpoint - self.scale * math.log(probability / (1.0 - probability)))


def logistic(log_odds: float) -> float:
    """Probability (0..1) of logarithmic odds."""
    return 1.0 / (1.0 + math.exp(min(-log_odds, _LARGEST_EXPONENT)))


def distances(first: npt.ArrayLike, second: npt.ArrayLike) -> Floats:
    """Euclidean distances between the rows of [A, D] and [B, D]: float32 [A, B]. Raises ValueError when D differs."""
    left = np.asarray(first, dtype=np.float64)
    right = np.asarray(second, dtype=np.float64)
    if left.ndim != 2 or right.ndim != 2 or left.shape[1] != right.shape[1]:
        raise ValueError(f"vectors of shapes {left.shape} and {right.shape} cannot be compared")
    squared = (left**2).sum(axis=1)[:, None] + (right**2).sum(axis=1)[None, :] - 2.0 * left @ right.T
    return np.asarray(np.sqrt(np.clip(squared, 0.0, None)), dtype=np.float32)


def few_best_mean(vector: npt.ArrayLike, references: npt.ArrayLike, *, count: int) -> float:
    """Mean distance of a vector [D] to its `count` nearest rows of `references` [N, D].

    The single nearest would let one bad reference attract everybody. Raises ValueError without references.
    """
    nearest = np.sort(distances(np.asarray(vector)[None, :], references)[0])[:count]
    if not len(nearest):
        raise ValueError("there is nothing to compare with")
    return float(nearest.mean(dtype=np.float64))
