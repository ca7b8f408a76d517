"""Tracks as points for clustering."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from contracts.rows import TrackRow
from services.grouper.rules import ClusteringRules

Floats = npt.NDArray[np.float32]
Matrix = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

_LEAST_WEIGHT = 0.05


@dataclass(frozen=True)
class TrackPoints:
    """What clustering needs of N tracks, in order of time. Rows of `vectors` [N, D] without `embedded` are zero.

    `good` marks embedded tracks that are not low quality. `qualities` are 0..1, `spreads` distances, `samples` counts.
    """

    vectors: Floats
    embedded: Mask
    good: Mask
    qualities: Matrix
    spreads: Matrix
    samples: Matrix

    def __len__(self) -> int:
        return len(self.vectors)

    @cached_property
    def weights(self) -> Matrix:
        """How much a track says about its person: better faces and more of them say more, with diminishing returns."""
        return np.maximum(self.qualities, _LEAST_WEIGHT) * np.sqrt(np.maximum(self.samples, 1.0))


def track_points(tracks: Sequence[TrackRow], matrix: Floats) -> TrackPoints:
    """The points of tracks whose `embedding_row` is a row of `matrix` [M, D]."""
    vectors = np.zeros((len(tracks), matrix.shape[1]), dtype=np.float32)
    embedded = np.array([track.embedding_row is not None for track in tracks], dtype=np.bool_)
    vectors[embedded] = matrix[[track.embedding_row for track in tracks if track.embedding_row is not None]]
    poor = np.array([track.low_quality for track in tracks], dtype=np.bool_)
    return TrackPoints(
        vectors=vectors,
        embedded=embedded,
        good=embedded & ~poor,
        qualities=np.array([track.quality for track in tracks], dtype=np.float64),
        spreads=np.array([np.nan if track.spread is None else track.spread for track in tracks], dtype=np.float64),
        samples=np.array([track.samples for track in tracks], dtype=np.float64),
    )


def track_limits(points: TrackPoints, rules: ClusteringRules) -> Matrix:
    """Distance [N] up to which each track may lie from others of its person, from what is known of the track itself.

    A track that varies more (`spread`) has a centre that lies farther from other views of the same face; one that varies
    less than usual shows a single view, and how far other views lie is not known. One with few faces is less certain and
    must lie closer. Both change the common limit by no more than `max_adaptation`.
    """
    variation = np.maximum(0.0, np.nan_to_num(points.spreads / rules.usual_spread - 1.0, nan=0.0))
    factors = 1.0 + rules.spread_gain * variation
    factors = np.where(points.samples < rules.few_samples, np.minimum(factors, 1.0) * rules.few_samples_factor, factors)
    return rules.merge_limit * np.clip(factors, 1 - rules.max_adaptation, 1 + rules.max_adaptation)
