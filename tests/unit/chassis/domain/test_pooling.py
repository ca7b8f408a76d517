from __future__ import annotations

import numpy as np
import pytest

from chassis.domain.pooling import PoolingRules, pool_vectors
from tests.unit.embedder.rows import vectors_of

POOLING = PoolingRules()


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
