"""From the vectors of a track's faces to one prototype: the one rule, for tracks as they are found and as they are cut."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field

from chassis.domain.arrays import Floats
from chassis.domain.calibration import DistanceScale
from chassis.domain.vectors import unit_mean

Mask = npt.NDArray[np.bool_]


class PoolingRules(BaseModel):
    """How the vectors of a track become one prototype. Distances are reference distances (`calibration`)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    min_weight: float = Field(default=0.05, gt=0, le=1, description="Least weight of a face, whatever its quality.")
    outlier_ratio: float = Field(default=2.0, gt=1, description="Samples this many median distances away are dropped.")
    outlier_distance: float = Field(default=0.3, gt=0, description="Samples nearer than this are never dropped.")

    def on(self, scale: DistanceScale) -> Self:
        """The same for vectors of another model."""
        return self.model_copy(update={"outlier_distance": scale.near(self.outlier_distance)})


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
    vector = unit_mean(samples[kept], weights[kept])
    spread = float(np.linalg.norm(samples[kept] - vector, axis=1).mean())
    return Prototype(vector=vector.astype(np.float32), kept=kept, spread=spread)


def _without_outliers(samples: npt.NDArray[np.float64], weights: npt.NDArray[np.float64], rules: PoolingRules) -> Mask:
    if len(samples) < 3:
        return np.ones(len(samples), dtype=np.bool_)
    between = np.linalg.norm(samples[:, None, :] - samples[None, :, :], axis=2)
    to_medoid = between[int(np.argmin(between @ weights))]
    limit = max(rules.outlier_distance, rules.outlier_ratio * float(np.median(to_medoid)))
    return np.asarray(to_medoid <= limit, dtype=np.bool_)
