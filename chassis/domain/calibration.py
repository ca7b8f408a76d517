"""From the distance of faces to how likely it is that they are one person's.

Three questions, three answers. Are these two faces one person's: a logistic curve (`EmbedderCalibration`). Is this
identity the person in these pictures, or a stranger: a log-likelihood ratio (`PersonCalibration`). Is this a face at all,
or a drawn one: the same against the direction in which an embedder puts drawn faces (`DrawnFaces`).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

_LARGEST_EXPONENT = 700.0


@dataclass(frozen=True)
class PersonCalibration:
    """How far an identity of an episode lies from reference pictures: of its own person, and of somebody else.

    Both distances (Euclidean, 0..2, to the nearest few pictures) are taken to be normally distributed. Raises
    ValueError unless strangers are farther away and both deviations positive.
    """

    same_mean: float
    same_deviation: float
    stranger_mean: float
    stranger_deviation: float

    def __post_init__(self) -> None:
        numbers = (self.same_mean, self.same_deviation, self.stranger_mean, self.stranger_deviation)
        if not (all(math.isfinite(number) for number in numbers) and min(numbers) > 0):
            raise ValueError(f"means and deviations of distances are positive, got {self}")
        if self.stranger_mean <= self.same_mean:
            raise ValueError(f"strangers are farther away than the person itself, got {self}")

    @property
    def separation(self) -> float:
        """Distance between the two means."""
        return self.stranger_mean - self.same_mean

    def log_likelihood_ratio(
        self, distance: float, *, stranger_mean: float | None = None, noise: float = 0.0, own_noise: float | None = None
    ) -> float:
        """Natural logarithm of how many times more likely the distance is for the person than for a stranger.

        Falls with the distance and never rises again: where the two curves would say otherwise their last sensible
        value is kept. `stranger_mean` replaces the calibration's; `noise` is a deviation that the distance has besides,
        and which makes it say less; `own_noise` is the person's, where it is not the strangers'.
        """
        mean = self.stranger_mean if stranger_mean is None else stranger_mean
        own = math.hypot(self.same_deviation, noise if own_noise is None else own_noise)
        other = math.hypot(self.stranger_deviation, noise)
        if own != other:
            turn = (mean / other**2 - self.same_mean / own**2) / (1.0 / other**2 - 1.0 / own**2)
            distance = min(distance, turn) if own > other else max(distance, turn)
        return (
            math.log(other / own) + ((distance - mean) / other) ** 2 / 2 - ((distance - self.same_mean) / own) ** 2 / 2
        )


@dataclass(frozen=True)
class DrawnFaces:
    """Where an embedder puts drawn faces: an embedder made for photographs puts what is none of them near one direction.

    `direction` is a unit vector [D], `distances` are those to it: of drawn faces (`same`) and of people (`stranger`).
    `data` says what they were measured on. Raises ValueError unless the direction is of unit length.
    """

    direction: tuple[float, ...]
    distances: PersonCalibration
    data: str

    def __post_init__(self) -> None:
        length = math.hypot(*self.direction)
        if not abs(length - 1.0) <= 0.01:
            raise ValueError(f"the direction of drawn faces is a unit vector, its length is {length}")

    def log_likelihood_ratio(self, vector: Sequence[float]) -> float:
        """Natural logarithm of how many times more likely a face's vector [D] of unit length is for a drawn face.

        Raises ValueError for a vector of another length.
        """
        return self.distances.log_likelihood_ratio(math.dist(self.direction, vector))


@dataclass(frozen=True)
class Calibration:
    """Turns the distance of two embeddings into the probability that they show the same person.

    probability = 1 / (1 + exp(slope * (distance - midpoint))); distance is Euclidean between unit vectors, 0..2.
    `data` says what it was fitted on. `people` is about whole people, where somebody has measured that.
    """

    slope: float
    midpoint: float
    data: str
    people: PersonCalibration | None = None

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
    measured: PersonCalibration | None = None

    def __post_init__(self) -> None:
        if not (math.isfinite(self.midpoint) and math.isfinite(self.scale) and self.scale > 0):
            raise ValueError(f"a calibration needs a finite midpoint and a positive scale, got {self}")

    @property
    def people(self) -> PersonCalibration:
        """As measured; else the two normal curves of one deviation whose log-likelihood ratio is this logistic curve.

        Their means then have a probability of 98 and 2 %.
        """
        if self.measured is not None:
            return self.measured
        half = self.scale * math.log(0.98 / 0.02)
        deviation = math.sqrt(2.0 * half * self.scale)
        return PersonCalibration(max(self.midpoint - half, 1e-6), deviation, self.midpoint + half, deviation)

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
