"""Distances between face vectors, and their mean."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from chassis.domain.arrays import Floats


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


def unit_mean(
    samples: npt.NDArray[np.float64], weights: npt.NDArray[np.float64] | None = None
) -> npt.NDArray[np.float64]:
    """Weighted mean [D] of samples [N, D], brought to unit length; samples that cancel out fall back to the first one."""
    mean = np.average(samples, axis=0, weights=weights)
    length = float(np.linalg.norm(mean))
    return np.asarray(mean / length if length > 1e-9 else samples[0], dtype=np.float64)
