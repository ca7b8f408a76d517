from __future__ import annotations

import pytest

from benchmarks.clustering_metrics import bcubed, normalised_mutual_information, pairwise


def test_the_same_partition_under_other_names_is_perfect() -> None:
    truth, predicted = ["a", "a", "b", "c"], [7, 7, 1, 2]
    assert bcubed(truth, predicted).f_score == 1
    assert pairwise(truth, predicted).f_score == 1
    assert normalised_mutual_information(truth, predicted) == pytest.approx(1)


def test_bcubed_of_a_worked_example() -> None:
    agreement = bcubed(["a", "a", "a", "b"], [1, 1, 2, 2])
    assert agreement.precision == pytest.approx((1 + 1 + 0.5 + 0.5) / 4)
    assert agreement.recall == pytest.approx((2 / 3 + 2 / 3 + 1 / 3 + 1) / 4)


def test_everybody_alone_is_pure_but_incomplete() -> None:
    truth = ["a", "a", "a", "b"]
    assert bcubed(truth, [1, 2, 3, 4]).precision == 1
    assert bcubed(truth, [1, 2, 3, 4]).recall == pytest.approx((3 * (1 / 3) + 1) / 4)
    assert pairwise(truth, [1, 2, 3, 4]).recall == 0


def test_everybody_together_says_nothing() -> None:
    truth = ["a", "b", "a", "b"]
    assert normalised_mutual_information(truth, [1, 1, 1, 1]) == pytest.approx(0)
    assert bcubed(truth, [1, 1, 1, 1]).precision == pytest.approx(0.5)
    assert pairwise(truth, [1, 1, 1, 1]).precision == pytest.approx(2 / 6)


def test_an_item_with_weight_two_counts_as_two_items() -> None:
    weighted = bcubed(["a", "a", "b"], [1, 2, 1], weights=[2, 1, 1])
    repeated = bcubed(["a", "a", "a", "b"], [1, 1, 2, 1])
    assert (weighted.precision, weighted.recall) == pytest.approx((repeated.precision, repeated.recall))
    assert normalised_mutual_information(["a", "a", "b"], [1, 2, 1], [2, 1, 1]) == pytest.approx(
        normalised_mutual_information(["a", "a", "a", "b"], [1, 1, 2, 1])
    )


def test_an_item_without_weight_does_not_count() -> None:
    assert bcubed(["a", "b"], [1, 1], weights=[1, 0]).f_score == 1


def test_nothing_agrees_with_nothing() -> None:
    assert bcubed([], []).f_score == 1
    assert normalised_mutual_information([], []) == 1


@pytest.mark.parametrize("weights", [[1.0], [-1.0, 2.0], [0.0, 0.0]])
def test_weights_that_make_no_sense_are_refused(weights: list[float]) -> None:
    with pytest.raises(ValueError, match="weights"):
        bcubed(["a", "b"], [1, 1], weights=weights)
