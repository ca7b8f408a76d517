"""Clustering under cannot-links: density cores by HDBSCAN, then merging of the closest pair for as long as it is close.

HDBSCAN sees a cannot-link as a large finite distance, which keeps the two points from being neighbours but not from
being chained through a third. So its clusters are only where merging begins; every merge is checked here, and no step
ever unites two points that exclude each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import hdbscan
import numpy as np
import numpy.typing as npt
from sklearn.neighbors import NearestNeighbors

from services.grouper.clustering.constraints import Constraints

Matrix = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

CANNOT_LINK_RATIO = 100.0
"""Stands for a cannot-link in HDBSCAN's matrix. Real ratios stay below 2 / (smallest limit), an order less."""

LEAST_RATIO = 1e-3
"""Identical vectors get this distance: HDBSCAN divides by distances."""


def ratio_matrix(vectors: npt.ArrayLike, limits: npt.ArrayLike) -> Matrix:
    """Distances between unit vectors [N, D] over the mean limit [N] of the two: [N, N], 1 is as far as allowed."""
    points = np.asarray(vectors, dtype=np.float64)
    own = np.asarray(limits, dtype=np.float64)
    lengths = (points**2).sum(axis=1)
    squared = lengths[:, None] + lengths[None, :] - 2.0 * points @ points.T
    ratios = np.sqrt(np.clip(squared, 0.0, None)) / ((own[:, None] + own[None, :]) / 2)
    ratios = np.maximum((ratios + ratios.T) / 2, LEAST_RATIO)
    np.fill_diagonal(ratios, 0.0)
    return np.asarray(ratios, dtype=np.float64)


def density_cores(ratios: Matrix, forbidden: Mask) -> list[list[int]]:
    """HDBSCAN's clusters of at least two points and every other point alone, in order of their first point."""
    count = len(ratios)
    if count < 3:
        return [[index] for index in range(count)]
    distances = np.where(forbidden, CANNOT_LINK_RATIO, ratios)
    clusterer = hdbscan.HDBSCAN(
        metric="precomputed", min_cluster_size=2, min_samples=1, allow_single_cluster=True, core_dist_n_jobs=1
    )
    labels = clusterer.fit(distances).labels_
    members: dict[int, list[int]] = {}
    for index, label in enumerate(labels):
        members.setdefault(int(label) if label >= 0 else count + index, []).append(index)
    return sorted(members.values())


def merge_close(
    ratios: Matrix,
    forbidden: Mask,
    weights: npt.ArrayLike,
    groups: Sequence[Sequence[int]],
    *,
    limit: float,
    farthest_limit: float,
) -> list[list[int]]:
    """Merges the two closest groups (average linkage, points weighted) until none are within `limit`.

    Two groups with a forbidden pair, or with a pair farther apart than `farthest_limit`, are never merged. The groups
    given must hold no forbidden pair. Returns groups in order of their first point.
    """
    members = [sorted(group) for group in groups]
    if len(members) < 2:
        return members
    table = _MergeTable(
        *_between_groups(ratios, forbidden, np.asarray(weights, dtype=np.float64), members), farthest_limit
    )
    while (pair := table.closest(limit)) is not None:
        kept, gone = pair
        table.merge(kept, gone)
        members[kept] = sorted(members[kept] + members[gone])
        members[gone] = []
    return sorted(group for group in members if group)


class _MergeTable:
    """Average linkage between groups, with each group's nearest neighbour kept at hand: a merge costs one row."""

    def __init__(self, average: Matrix, farthest: Matrix, apart: Mask, mass: Matrix, farthest_limit: float) -> None:
        self._average, self._farthest, self._apart, self._mass = average, farthest, apart, mass
        self._farthest_limit = farthest_limit
        self._gone = np.zeros(len(mass), dtype=np.bool_)
        self._cost = np.where(apart | (farthest > farthest_limit), np.inf, average)
        np.fill_diagonal(self._cost, np.inf)
        self._nearest = self._cost.argmin(axis=1)
        self._nearest_cost = self._cost[np.arange(len(mass)), self._nearest]

    def closest(self, limit: float) -> tuple[int, int] | None:
        """The closest mergeable pair, smaller index first; None when all are farther than `limit`."""
        first = int(self._nearest_cost.argmin())
        if self._nearest_cost[first] > limit:
            return None
        second = int(self._nearest[first])
        return min(first, second), max(first, second)

    def merge(self, kept: int, gone: int) -> None:
        mass = self._mass[kept] + self._mass[gone]
        weighted = self._mass[kept] * self._average[kept] + self._mass[gone] * self._average[gone]
        self._set(self._average, kept, weighted / mass)
        self._set(self._farthest, kept, np.maximum(self._farthest[kept], self._farthest[gone]))
        self._set(self._apart, kept, self._apart[kept] | self._apart[gone])
        self._mass[kept] = mass
        self._gone[gone] = True
        barred = self._apart[kept] | (self._farthest[kept] > self._farthest_limit) | self._gone
        barred[kept] = True
        self._set(self._cost, kept, np.where(barred, np.inf, self._average[kept]))
        self._set(self._cost, gone, np.full(len(barred), np.inf))
        self._refresh_nearest(kept, gone)

    @staticmethod
    def _set(table: npt.NDArray[Any], index: int, values: npt.NDArray[Any]) -> None:
        table[index] = values
        table[:, index] = values

    def _refresh_nearest(self, kept: int, gone: int) -> None:
        stale = np.union1d(np.flatnonzero((self._nearest == kept) | (self._nearest == gone)), [kept, gone])
        self._nearest[stale] = self._cost[stale].argmin(axis=1)
        self._nearest_cost[stale] = self._cost[stale, self._nearest[stale]]
        closer = np.flatnonzero(self._cost[:, kept] < self._nearest_cost)
        self._nearest[closer] = kept
        self._nearest_cost[closer] = self._cost[closer, kept]


def _between_groups(
    ratios: Matrix, forbidden: Mask, weights: Matrix, members: Sequence[Sequence[int]]
) -> tuple[Matrix, Matrix, Mask, Matrix]:
    """Average and greatest ratio and exclusion between all groups, and the mass of each."""
    order = np.concatenate([np.asarray(group, dtype=np.intp) for group in members])
    starts = np.cumsum([0, *(len(group) for group in members[:-1])])
    ordered = np.ix_(order, order)
    mass = np.add.reduceat(weights[order], starts)
    near = ratios[ordered]
    weighted = near * weights[order][:, None] * weights[order][None, :]
    average = np.add.reduceat(np.add.reduceat(weighted, starts, axis=0), starts, axis=1) / np.outer(mass, mass)
    farthest = np.maximum.reduceat(np.maximum.reduceat(near, starts, axis=0), starts, axis=1)
    apart = np.logical_or.reduceat(np.logical_or.reduceat(forbidden[ordered], starts, axis=0), starts, axis=1)
    return average, farthest, apart, mass


def merge_neighbours(
    vectors: npt.ArrayLike,
    limits: npt.ArrayLike,
    weights: npt.ArrayLike,
    excluded: Sequence[tuple[int, int]],
    *,
    neighbours: int,
) -> list[list[int]]:
    """Merges points [N, D] along the edges of their nearest neighbours, closest first; needs no N x N memory.

    A merge is made when the groups' weighted centres are within the limit and no excluded pair would come together:
    centres, unlike single links, do not chain one person to the next. Returns groups in order of their first point.
    """
    points = np.asarray(vectors, dtype=np.float64)
    own = np.asarray(limits, dtype=np.float64)
    sums = points * np.asarray(weights, dtype=np.float64)[:, None]
    constraints = Constraints(len(points))
    for first, second in excluded:
        constraints.cannot_link(first, second)
    for ratio, first, second in _neighbour_pairs(points, own, neighbours=neighbours):
        one, other = constraints.group_of(first), constraints.group_of(second)
        if ratio > 1.0 or one == other:
            continue
        apart = float(np.linalg.norm(_direction(sums[one]) - _direction(sums[other])))
        if apart <= (own[first] + own[second]) / 2 and constraints.must_link(one, other):
            kept, gone = min(one, other), max(one, other)
            sums[kept] += sums[gone]
    return constraints.groups()


def _direction(vector: Matrix) -> Matrix:
    return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-12), dtype=np.float64)


def _neighbour_pairs(points: Matrix, limits: Matrix, *, neighbours: int) -> list[tuple[float, int, int]]:
    """Each point's nearest neighbours as (ratio, first, second), closest pair first, every pair once."""
    found = NearestNeighbors(n_neighbors=min(neighbours + 1, len(points)), algorithm="brute").fit(points)
    distances, indices = found.kneighbors(points)
    pairs = {
        (min(index, int(other)), max(index, int(other))): float(distance)
        for index in range(len(points))
        for distance, other in zip(distances[index], indices[index], strict=True)
        if index != int(other)
    }
    return sorted(
        (2 * distance / float(limits[first] + limits[second]), first, second)
        for (first, second), distance in pairs.items()
    )
