from __future__ import annotations

import numpy as np
import pytest

from services.embedder.pooling import find_changes, pool_vectors
from services.embedder.rules import PoolingRules, SplitRules
from tests.unit.embedder.rows import vectors_of

POOLING = PoolingRules()
SPLIT = SplitRules()


def test_the_prototype_has_unit_length_and_lies_in_the_middle() -> None:
    vectors = vectors_of(1, 12)
    prototype = pool_vectors(vectors, np.full(12, 0.5), POOLING)
    assert np.linalg.norm(prototype.vector) == pytest.approx(1, abs=1e-6)
    assert prototype.samples == 12
    assert prototype.spread < np.linalg.norm(vectors - vectors[0], axis=1)[1:].mean()


def test_a_stranger_among_the_samples_is_dropped_even_with_the_best_quality() -> None:
    vectors = np.concatenate([vectors_of(1, 6), vectors_of(2, 1)])
    prototype = pool_vectors(vectors, [0.5] * 6 + [1.0], POOLING)
    assert prototype.kept.tolist() == [True] * 6 + [False]
    np.testing.assert_allclose(prototype.vector, pool_vectors(vectors[:6], [0.5] * 6, POOLING).vector, atol=1e-6)


def test_better_faces_weigh_more() -> None:
    first, second = vectors_of(1, 2, noise=0.2)
    vector = pool_vectors([first, second], [0.9, 0.1], POOLING).vector
    assert np.linalg.norm(vector - first) < 0.3 * np.linalg.norm(vector - second)


def test_faces_without_any_quality_still_give_a_prototype() -> None:
    assert pool_vectors(vectors_of(1, 2), [0.0, 0.0], POOLING).samples == 2


def test_nothing_cannot_be_pooled() -> None:
    with pytest.raises(ValueError, match="cannot be pooled"):
        pool_vectors(np.zeros((0, 128)), [], POOLING)


def test_one_person_has_no_change() -> None:
    assert find_changes(vectors_of(1, 16), SPLIT) == []


@pytest.mark.parametrize("change", [3, 8, 13])
def test_the_change_from_one_person_to_another_is_found_where_it_is(change: int) -> None:
    vectors = np.concatenate([vectors_of(1, change), vectors_of(2, 16 - change)])
    assert find_changes(vectors, SPLIT) == [change]


def test_three_people_in_a_row_are_two_changes() -> None:
    vectors = np.concatenate([vectors_of(1, 5), vectors_of(2, 5), vectors_of(3, 6)])
    assert find_changes(vectors, SPLIT) == [5, 10]


def test_a_single_odd_face_is_no_change() -> None:
    vectors = np.concatenate([vectors_of(1, 7), vectors_of(2, 1), vectors_of(1, 8, seed=1)])
    assert find_changes(vectors, SPLIT) == []


def test_somebody_who_turns_slowly_stays_one_person() -> None:
    start, end = vectors_of(1, 1)[0], vectors_of(2, 1)[0]
    path = np.array([(1 - part) * start + part * end for part in np.linspace(0, 1, 16)])
    assert find_changes(path / np.linalg.norm(path, axis=1, keepdims=True), SPLIT) == []
