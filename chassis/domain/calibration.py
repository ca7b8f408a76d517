"""From the distance of two faces to the probability that they are one person's."""

import math
from dataclasses import dataclass

_LARGEST_EXPONENT = 700.0


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


@dataclass(frozen=True)
class DistanceScale:
    """What distances mean for one embedder: even odds at `midpoint`, and how fast the odds fall from there.

    **Every distance among the rules is a reference distance, those of `REFERENCE`**; a run's embedder has its own, and
    rules are brought to it before anything is compared. So a threshold means the same for every model.
    """

    midpoint: float
    slope: float

    def near(self, reference: float) -> float:
        """The distance of the same odds: for thresholds between the same person and strangers."""
        return max(0.0, self.midpoint + (reference - REFERENCE.midpoint) * REFERENCE.slope / self.slope)

    def length(self, reference: float) -> float:
        """The distance of the same share of the midpoint: for how much one person's faces vary."""
        return reference * self.midpoint / REFERENCE.midpoint


REFERENCE = DistanceScale(midpoint=0.309, slope=19.5)
"""dlib's face ResNet with mirror images, with which the distances among the rules were measured."""

ASSUMED = DistanceScale(midpoint=1.076, slope=13.8)
"""For a model that nobody has calibrated, which is one of ArcFace's kind: SFace's."""


@dataclass(frozen=True)
class EmbedderCalibration:
    """A logistic curve for one embedder: `midpoint` is the distance of probability one half, `scale` its softness.

    Raises ValueError for a scale that is not positive.
    """

    model_id: str
    midpoint: float
    scale: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.midpoint) and math.isfinite(self.scale) and self.scale > 0):
            raise ValueError(f"a calibration needs a finite midpoint and a positive scale, got {self}")

    def log_odds(self, distance: float) -> float:
        """Natural logarithm of the odds that two faces at that distance show the same person."""
        return (self.midpoint - distance) / self.scale

    def probability(self, distance: float) -> float:
        """Probability (0..1) that two faces at that distance show the same person."""
        return logistic(self.log_odds(distance))

    def distance(self, probability: float) -> float:
        """The distance that has a probability (between 0 and 1, exclusive), at least 0."""
        return max(0.0, self.midpoint - self.scale * math.log(probability / (1.0 - probability)))


def scale_of(calibration: EmbedderCalibration | None) -> DistanceScale:
    """The scale of a model's vectors, assumed for one that nobody has calibrated."""
    return ASSUMED if calibration is None else DistanceScale(calibration.midpoint, 1.0 / calibration.scale)


def logistic(log_odds: float) -> float:
    """Probability (0..1) of logarithmic odds."""
    return 1.0 / (1.0 + math.exp(min(-log_odds, _LARGEST_EXPONENT)))
