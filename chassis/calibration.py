"""From the distance of two faces to the probability that they are one person's."""

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Calibration:
    """Turns the distance of two embeddings into the probability that they show the same person.

    probability = 1 / (1 + exp(slope * (distance - midpoint))); distance is Euclidean between unit vectors, 0..2.
    `data` says what it was fitted on.
    """

    slope: float
    midpoint: float
    data: str

    def probability(self, distance: float) -> float:
        """Probability in 0..1 that two faces at this distance are one person's, when both are equally likely before."""
        exponent = min(max(self.slope * (distance - self.midpoint), -700.0), 700.0)
        return 1.0 / (1.0 + math.exp(exponent))

    def distance(self, probability: float) -> float:
        """The distance at which `probability` (between 0 and 1, exclusive) is reached."""
        return self.midpoint + math.log(1.0 / probability - 1.0) / self.slope
