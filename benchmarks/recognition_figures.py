"""From probes with known answers to calibrations, and from calibrations to error rates. Pure.

A probe is an identity of a labelled episode whose person is known. It is tried twice: with its person in the cast, and
with that person taken out, when nobody is the right answer.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from chassis.domain.arrays import Floats
from chassis.domain.calibration import EmbedderCalibration, PersonCalibration
from services.identity.facebank.gallery import Gallery
from services.identity.rules import LinkRules
from services.identity.suggestions.evidence import IdentityEvidence
from services.identity.suggestions.identities import CastSuggestions, get_cast_suggestions
from services.identity.suggestions.second_look import identity_distance

FOLDS = 10
REPEATS = 500
BINS = 10
SEED = 12

Casts = Mapping[str, Mapping[str, Floats]]
"""By set: person -> vectors [N, D] of the reference pictures."""


@dataclass(frozen=True, kw_only=True)
class Probe:
    """An identity of a set and whose it is (a person of any set's cast, or a stranger's label)."""

    dataset: str
    person: str
    seconds: float
    evidence: IdentityEvidence


@dataclass(frozen=True, kw_only=True)
class Trial:
    """What was said of a probe: the most probable member, with what probability, and whether that would be a link.

    `is_open`: its person was not in the cast. `log_ratio` is the best member's.
    """

    dataset: str
    person: str
    seconds: float
    is_open: bool
    named: str | None
    probability: float
    log_ratio: float
    linked: bool

    @property
    def right(self) -> bool:
        """Whether the most probable member is the person."""
        return not self.is_open and self.named == self.person

    @property
    def wrong_link(self) -> bool:
        """Whether a link would be made to somebody else."""
        return self.linked and not self.right


@dataclass(frozen=True, kw_only=True)
class Rates:
    """Shares with their 95 % intervals over people, and the equal error rate of the log-likelihood ratios."""

    named: tuple[float, float, float]
    wrong: tuple[float, float, float]
    accepted_strangers: tuple[float, float, float]
    equal_error: float
    missed_at_one_percent: float
    calibration_error: float


def fit(probes: Iterable[Probe], casts: Casts, *, without: frozenset[str] = frozenset()) -> PersonCalibration:
    """Means and deviations of distances to one's own pictures and to everybody else's in the set's cast.

    Every person counts alike. Nothing of those in `without` is used, neither faces nor pictures.
    """
    rules = LinkRules()
    same: dict[str, list[float]] = defaultdict(list)
    other: dict[str, list[float]] = defaultdict(list)
    for probe in probes:
        if probe.person in without:
            continue
        for person, vectors in casts[probe.dataset].items():
            if person not in without:
                distance = identity_distance(probe.evidence, vectors, count=rules.references)
                (same if person == probe.person else other)[probe.person].append(distance)
    same_mean, same_deviation = _moments(same)
    stranger_mean, stranger_deviation = _moments(other)
    return PersonCalibration(same_mean, same_deviation, stranger_mean, stranger_deviation)


def _moments(values: Mapping[str, Sequence[float]]) -> tuple[float, float]:
    """Mean and deviation when every key counts alike."""
    numbers = np.concatenate([np.asarray(group) for group in values.values()])
    weights = np.concatenate([np.full(len(group), 1.0 / len(group)) for group in values.values()])
    mean = float(np.average(numbers, weights=weights))
    return mean, float(np.sqrt(np.average((numbers - mean) ** 2, weights=weights)))


def folds(people: Iterable[str]) -> list[frozenset[str]]:
    """Everybody in one of ten parts, always the same."""
    order = np.random.default_rng(SEED).permutation(sorted(set(people)))
    return [frozenset(str(person) for person in order[start::FOLDS]) for start in range(FOLDS)]


def cross_validated(
    probes: Sequence[Probe], casts: Casts, try_with: Callable[[Sequence[Probe], PersonCalibration], list[Trial]]
) -> list[Trial]:
    """Trials of everybody with a calibration that has seen neither their faces nor their pictures."""
    trials: list[Trial] = []
    for part in folds(probe.person for probe in probes):
        held = [probe for probe in probes if probe.person in part]
        if held:
            trials += try_with(held, fit(probes, casts, without=part))
    return trials


def try_probes(
    probes: Sequence[Probe], casts: Casts, model_id: str, people: PersonCalibration, rules: LinkRules
) -> list[Trial]:
    """Every probe with its person in the cast, if the set has pictures of them, and without."""
    calibration = EmbedderCalibration(
        model_id, midpoint=(people.same_mean + people.stranger_mean) / 2, scale=0.05, measured=people
    )
    trials = []
    for probe in probes:
        cast = casts[probe.dataset]
        for is_open in (False, True) if probe.person in cast else (True,):
            galleries = [
                _gallery(person, vectors, model_id)
                for person, vectors in cast.items()
                if not (is_open and person == probe.person)
            ]
            (found,) = get_cast_suggestions([probe.evidence], galleries, calibration=calibration, rules=rules)
            trials.append(_trial(probe, found, is_open, rules))
    return trials


def _trial(probe: Probe, found: CastSuggestions, is_open: bool, rules: LinkRules) -> Trial:
    best = found.best
    return Trial(
        dataset=probe.dataset,
        person=probe.person,
        seconds=probe.seconds,
        is_open=is_open,
        named=best.cast_id if best else None,
        probability=best.probability if best else 0.0,
        log_ratio=best.log_ratio if best else -math.inf,
        linked=best is not None and best.probability >= rules.auto_probability and found.margin >= rules.auto_margin,
    )


def _gallery(cast_id: str, vectors: Floats, model_id: str) -> Gallery:
    names = tuple(str(number) for number in range(len(vectors)))
    return Gallery(cast_id, model_id, vectors, names, {}, (), ())


def rates(trials: Sequence[Trial]) -> Rates:
    """Error rates in seconds, those of strangers in tries."""
    closed, opened = [t for t in trials if not t.is_open], [t for t in trials if t.is_open]
    own = np.array([t.log_ratio if t.right else -math.inf for t in closed])
    stranger = np.array([t.log_ratio for t in opened])
    equal_error, missed = _operating_points(own, stranger)
    return Rates(
        named=_share(closed, lambda t: t.seconds * (t.linked and t.right), lambda t: t.seconds),
        wrong=_share(closed, lambda t: t.seconds * t.wrong_link, lambda t: t.seconds),
        accepted_strangers=_share(opened, lambda t: float(t.linked), lambda _: 1.0),
        equal_error=equal_error,
        missed_at_one_percent=missed,
        calibration_error=calibration_error(trials),
    )


def _share(
    trials: Sequence[Trial], part: Callable[[Trial], float], whole: Callable[[Trial], float]
) -> tuple[float, float, float]:
    """A share and the interval that 95 % of casts of as many people, drawn from these, give (bootstrap over people)."""
    of_person: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
    for trial in trials:
        of_person[trial.person][0] += part(trial)
        of_person[trial.person][1] += whole(trial)
    sums = np.array(list(of_person.values())).reshape(-1, 2)
    if not len(sums):
        return (math.nan, math.nan, math.nan)
    drawn = np.random.default_rng(SEED).integers(0, len(sums), size=(REPEATS, len(sums)))
    totals = sums[drawn].sum(axis=1)
    low, high = np.percentile(totals[:, 0] / totals[:, 1], [2.5, 97.5])
    whole_sums = sums.sum(axis=0)
    return float(whole_sums[0] / whole_sums[1]), float(low), float(high)


def _operating_points(own: Floats, stranger: Floats) -> tuple[float, float]:
    """Equal error rate, and misses where one stranger in a hundred is accepted."""
    if not len(own) or not len(stranger):
        return math.nan, math.nan
    limits = np.sort(np.concatenate([own, stranger]))
    missed = np.searchsorted(np.sort(own), limits) / len(own)
    accepted = 1.0 - np.searchsorted(np.sort(stranger), limits) / len(stranger)
    at = int(np.argmin(np.abs(missed - accepted)))
    return float((missed[at] + accepted[at]) / 2), float(missed[accepted <= 0.01].min(initial=1.0))


def reliability(trials: Sequence[Trial]) -> list[tuple[float, float, int]]:
    """Per tenth of probability: its mean, how often it was right, and of how many. People count alike within a tenth."""
    rows = []
    for number in range(BINS):
        members = [t for t in trials if min(int(t.probability * BINS), BINS - 1) == number]
        if members:
            said = float(np.mean([t.probability for t in members]))
            rows.append((said, float(np.mean([t.right for t in members])), len(members)))
    return rows


def calibration_error(trials: Sequence[Trial]) -> float:
    """Expected calibration error (Naeini et al., 2015) of the most probable member's probability, in ten parts."""
    count = sum(number for _, _, number in reliability(trials))
    return sum(number * abs(said - right) for said, right, number in reliability(trials)) / count if count else math.nan
