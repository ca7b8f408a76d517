from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.grouper.clustering.linkage import density_cores, merge_close, merge_neighbours, ratio_matrix

LOOSE = {"limit": 1.0, "farthest_limit": 1.8}


def _on_a_line(*places: float) -> np.ndarray:
    points = np.asarray(places, dtype=np.float64)
    return np.abs(points[:, None] - points[None, :])


def _forbidden(count: int, *pairs: tuple[int, int]) -> np.ndarray:
    matrix = np.zeros((count, count), dtype=np.bool_)
    for first, second in pairs:
        matrix[first, second] = matrix[second, first] = True
    return matrix


def _merge(ratios: np.ndarray, forbidden: np.ndarray, **limits: float) -> list[list[int]]:
    singles = [[index] for index in range(len(ratios))]
    return merge_close(ratios, forbidden, np.ones(len(ratios)), singles, **(LOOSE | limits))


def test_a_ratio_of_one_is_the_mean_limit_of_the_two() -> None:
    vectors = np.eye(3)
    ratios = ratio_matrix(vectors, [1.0, 2.0, np.sqrt(2)])
    assert ratios[0, 1] == pytest.approx(np.sqrt(2) / 1.5)
    assert ratios[2, 2] == 0
    assert (ratios == ratios.T).all()


def test_dense_groups_are_cores_and_stragglers_are_alone() -> None:
    cores = density_cores(_on_a_line(0, 0.1, 0.2, 5, 5.1, 5.2, 40), _forbidden(7))
    assert [0, 1, 2] in cores
    assert [3, 4, 5] in cores


def test_hdbscan_alone_would_chain_two_excluded_points_through_a_third() -> None:
    # The reason why every core is taken apart again: this is what happens without the check.
    cores = density_cores(_on_a_line(0, 0.1, 0.2), _forbidden(3, (0, 2)))
    assert any({0, 2} <= set(core) for core in cores)


def test_average_linkage_does_not_chain() -> None:
    clusters = _merge(_on_a_line(0, 0.6, 1.3, 2.1), _forbidden(4))
    assert len(clusters) == 2


def test_a_far_pair_keeps_two_groups_apart() -> None:
    ratios = _on_a_line(0, 0.5, 1.4)
    assert _merge(ratios, _forbidden(3), limit=1.2, farthest_limit=1.3) == [[0, 1], [2]]
    assert _merge(ratios, _forbidden(3), limit=1.2, farthest_limit=1.5) == [[0, 1, 2]]


@settings(deadline=None, max_examples=60)
@given(st.integers(2, 14), st.integers(0, 10_000))
def test_merging_equals_the_plain_definition(count: int, seed: int) -> None:
    generator = np.random.default_rng(seed)
    ratios = ratio_matrix(generator.normal(size=(count, 4)) / 3, np.ones(count))
    forbidden = _forbidden(count, *(tuple(generator.integers(0, count, 2)) for _ in range(count // 2)))
    np.fill_diagonal(forbidden, False)
    weights = generator.uniform(0.5, 2, count)
    fast = merge_close(ratios, forbidden, weights, [[index] for index in range(count)], **LOOSE)
    assert fast == _merge_plainly(ratios, forbidden, weights)


def _merge_plainly(ratios: np.ndarray, forbidden: np.ndarray, weights: np.ndarray) -> list[list[int]]:
    groups = [[index] for index in range(len(ratios))]
    while True:
        options = []
        for one, first in enumerate(groups):
            for other, second in enumerate(groups[:one]):
                block = np.ix_(first, second)
                if not forbidden[block].any() and ratios[block].max() <= 1.8:
                    average = np.average(ratios[block], weights=np.outer(weights[first], weights[second]))
                    options.append((average, other, one))
        if not options or min(options)[0] > 1:
            return sorted(sorted(group) for group in groups)
        _, kept, gone = min(options)
        groups[kept] = groups[kept] + groups.pop(gone)


def test_neighbours_merge_without_the_full_matrix_and_respect_exclusions() -> None:
    generator = np.random.default_rng(1)
    centres = np.eye(5, 16)
    vectors = np.repeat(centres, 10, axis=0) + generator.normal(size=(50, 16)) * 0.01
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    groups = merge_neighbours(vectors, np.full(50, 0.3), np.ones(50), [(0, 1)], neighbours=12)
    assert [set(group) for group in groups[2:]] == [set(range(10 * k, 10 * k + 10)) for k in range(1, 5)]
    assert sorted(groups[0] + groups[1]) == list(range(10))
    assert (0 in groups[0]) != (1 in groups[0])
