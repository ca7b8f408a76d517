"""Operators' edits carried out on the machine's clusters: what they say happens, and nothing else.

Clustering anew under the edits would let one correction move people whom nobody touched: a merged cluster is wider than
its parts and draws its neighbours in. So a cluster stays together as far as the edits allow, no two are joined but by an
edit, and only leftovers are looked at again.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from services.grouper.clustering.constraints import Constraints
from services.grouper.clustering.grouping import Clusters
from services.grouper.tracks.points import TrackPoints

MOST_COMPARED = 400
"""A cluster of more parts that an edit divides is divided in order of time, not of likeness."""


@dataclass(frozen=True)
class EditedGroups:
    """Clusters after the edits, as positions. `rescued`: leftovers that joined theirs before and stay."""

    clusters: Clusters
    rescued: tuple[int, ...]


def carry_out(
    clusters: Sequence[Sequence[int]], rescued: Collection[int], constraints: Constraints, points: TrackPoints
) -> EditedGroups:
    """The machine's `clusters` (positions in `points`), of which `rescued` joined as leftovers, under the constraints.

    A cluster that the constraints divide falls into as few parts as they allow, alike with alike; its rescued tracks
    are leftovers again, for what they resembled is no longer what it was.
    """
    together = constraints.copy()
    staying: set[int] = set()
    for cluster in clusters:
        if together.compatible(cluster):
            together.must_link_all(cluster)
            staying.update(item for item in cluster if item in rescued)
        else:
            _divide([item for item in cluster if item not in rescued], together, points)
    found = [group for group in together.groups() if points.good[group].any()]
    return EditedGroups(clusters=found, rescued=tuple(sorted(staying)))


def _divide(items: Sequence[int], constraints: Constraints, points: TrackPoints) -> None:
    """Puts items together as far as is allowed, the most alike first."""
    groups = sorted({constraints.group_of(item) for item in items})
    if len(groups) > MOST_COMPARED:
        constraints.must_link_all(items)
        return
    members = {group: [item for item in items if constraints.group_of(item) == group] for group in groups}
    means = np.stack([_mean(members[group], points) for group in groups])
    apart = np.linalg.norm(means[:, None, :] - means[None, :, :], axis=2)
    for index in np.argsort(apart, axis=None, kind="stable"):
        first, second = divmod(int(index), len(groups))
        if first < second:
            constraints.must_link(groups[first], groups[second])


def _mean(items: Sequence[int], points: TrackPoints) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Weighted mean [D] of the items' vectors."""
    vectors = points.vectors[list(items)].astype(np.float64)
    return np.average(vectors, axis=0, weights=points.weights[list(items)])
