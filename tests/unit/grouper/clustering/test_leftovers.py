"""Poor tracks that joined nobody."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from services.grouper.clustering import leftovers
from services.grouper.clustering.constraints import Constraints
from services.grouper.clustering.grouping import Clusters
from services.grouper.rules import ClusteringRules, RescueRules
from services.grouper.tracks.points import TrackPoints

PEOPLE = 5
VIEWS = 3


def views_of_people() -> TrackPoints:
    """Five people who are seen three times each, all of it poor, one after the other."""
    own = np.eye(2 * PEOPLE, dtype=np.float32)[:PEOPLE]
    vectors = np.concatenate([own + 0.02 * view for view in range(VIEWS)]).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    count = len(vectors)
    numbers: npt.NDArray[np.float64] = np.ones(count)
    return TrackPoints(
        vectors=vectors,
        embedded=np.ones(count, dtype=np.bool_),
        good=np.zeros(count, dtype=np.bool_),
        qualities=0.3 * numbers,
        spreads=0.1 * numbers,
        samples=4 * numbers,
    )


def joined(points: TrackPoints, constraints: Constraints, rules: ClusteringRules) -> Clusters:
    return leftovers.join_unknown(constraints.groups(), points, constraints, clustering=rules, rules=RescueRules())


def test_so_many_that_a_matrix_of_them_would_fill_the_memory_are_joined_without_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    points = views_of_people()
    constraints = Constraints(len(points))
    constraints.cannot_link(0, PEOPLE)
    few = joined(points, constraints, ClusteringRules())
    assert len(few) == PEOPLE + 1
    assert not any({0, PEOPLE} <= set(group) for group in few)
    monkeypatch.setattr(leftovers, "ratio_matrix", None)
    many = joined(points, constraints, ClusteringRules(dense_limit=4))
    assert len(many) == PEOPLE + 1
    assert not any({0, PEOPLE} <= set(group) for group in many)
