from __future__ import annotations

import numpy as np
import pytest

from services.embedder.changes import find_changes
from services.embedder.rules import SplitRules
from tests.unit.embedder.rows import vectors_of

SPLIT = SplitRules()


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
