"""How well a clustering agrees with the truth. Every item has a true and a predicted label, and may have a weight."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Agreement:
    """`precision`: what is together belongs together. `recall`: what belongs together is together. All 0..1."""

    precision: float
    recall: float

    @property
    def f_score(self) -> float:
        """Harmonic mean of precision and recall."""
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total > 0 else 0.0


def bcubed(
    truth: Sequence[Hashable], predicted: Sequence[Hashable], weights: Sequence[float] | None = None
) -> Agreement:
    """BCubed precision and recall (Bagga and Baldwin, 1998): the mean over items of their cluster's purity.

    `weights` (for example seconds on screen) count an item as that much. No items agree perfectly. Raises ValueError
    for sequences of different lengths or weights that are negative or all zero.
    """
    table = contingency(truth, predicted, weights)
    if table.size == 0:
        return Agreement(1.0, 1.0)
    squares, total = table**2, table.sum()
    by_cluster, by_class = table.sum(axis=0), table.sum(axis=1)
    return Agreement(
        precision=float((squares.sum(axis=0) / by_cluster).sum() / total),
        recall=float((squares.sum(axis=1) / by_class).sum() / total),
    )


def pairwise(truth: Sequence[Hashable], predicted: Sequence[Hashable]) -> Agreement:
    """Precision and recall over pairs of items. Without a pair to be wrong about, the score is 1."""
    table = contingency(truth, predicted, None)
    together = _pairs(table).sum()
    predicted_pairs, true_pairs = _pairs(table.sum(axis=0)).sum(), _pairs(table.sum(axis=1)).sum()
    return Agreement(
        precision=float(together / predicted_pairs) if predicted_pairs else 1.0,
        recall=float(together / true_pairs) if true_pairs else 1.0,
    )


def normalised_mutual_information(
    truth: Sequence[Hashable], predicted: Sequence[Hashable], weights: Sequence[float] | None = None
) -> float:
    """Mutual information over the mean of both entropies, 0..1; 1 when both have a single cluster or no items."""
    table = contingency(truth, predicted, weights)
    if table.size == 0:
        return 1.0
    joint = table / table.sum()
    true_part, predicted_part = joint.sum(axis=1), joint.sum(axis=0)
    entropies = _entropy(true_part) + _entropy(predicted_part)
    if entropies <= 0:
        return 1.0
    information = _entropy(true_part) + _entropy(predicted_part) - _entropy(joint)
    return float(np.clip(2 * information / entropies, 0, 1))


def contingency(truth: Sequence[Hashable], predicted: Sequence[Hashable], weights: Sequence[float] | None) -> Matrix:
    """Weight of the items with each true label (rows) and predicted label (columns), in order of appearance."""
    if len(truth) != len(predicted) or (weights is not None and len(weights) != len(truth)):
        raise ValueError("truth, predicted and weights must have the same length")
    amounts = np.ones(len(truth)) if weights is None else np.asarray(weights, dtype=np.float64)
    if (amounts < 0).any() or (len(amounts) and amounts.sum() <= 0):
        raise ValueError("weights must not be negative, and not all zero")
    # Items without weight say nothing; leaving them out keeps rows and columns from being empty.
    counted = [index for index in range(len(truth)) if amounts[index] > 0]
    rows = {label: row for row, label in enumerate(dict.fromkeys(truth[index] for index in counted))}
    columns = {label: column for column, label in enumerate(dict.fromkeys(predicted[index] for index in counted))}
    table = np.zeros((len(rows), len(columns)))
    for index in counted:
        table[rows[truth[index]], columns[predicted[index]]] += amounts[index]
    return table


def _pairs(counts: Matrix) -> Matrix:
    return counts * (counts - 1) / 2


def _entropy(parts: Matrix) -> float:
    positive = parts[parts > 0]
    return float(-(positive * np.log(positive)).sum())
