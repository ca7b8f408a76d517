"""The judge of recognition: what it says of results that are known."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from benchmarks.recognition_figures import Probe, Trial, calibration_error, cross_validated, fit, rates, reliability
from chassis.domain.calibration import PersonCalibration
from tests.unit.identity.builders import evidence_of, person_vector

PEOPLE = [f"person-{number}" for number in range(12)]
CASTS = {"set": {person: np.array([person_vector(at, off=0.02 * at)]) for at, person in enumerate(PEOPLE)}}
PROBES = [
    Probe(
        dataset="set",
        person=person,
        seconds=1.0,
        evidence=evidence_of(at, person_vector(at, off=0.3 + 0.05 * (at % 3))),
    )
    for at, person in enumerate(PEOPLE)
]


def trial(person: str, named: str | None, probability: float, *, linked: bool, is_open: bool = False) -> Trial:
    return Trial(
        dataset="set",
        person=person,
        seconds=2.0,
        is_open=is_open,
        named=named,
        probability=probability,
        log_ratio=probability,
        linked=linked,
    )


def test_a_calibration_is_fitted_to_both_kinds_of_distances() -> None:
    fitted = fit(PROBES, CASTS)
    assert fitted.same_mean == pytest.approx(0.25, abs=0.05)
    assert fitted.stranger_mean == pytest.approx(np.sqrt(2), abs=0.1)


def test_nobody_is_tried_with_a_calibration_that_has_seen_them() -> None:
    seen: list[str] = []

    def note(held: Sequence[Probe], people: PersonCalibration) -> list[Trial]:
        left_out = frozenset(probe.person for probe in held)
        assert people == fit(PROBES, CASTS, without=left_out)
        seen.extend(sorted(left_out))
        return []

    cross_validated(PROBES, CASTS, note)
    assert sorted(seen) == sorted(PEOPLE)


def test_rates_count_seconds_and_strangers() -> None:
    found = rates(
        [
            trial("ann", "ann", 0.99, linked=True),
            trial("bob", "ann", 0.99, linked=True),
            trial("cy", "cy", 0.5, linked=False),
            trial("ann", "bob", 0.1, linked=False, is_open=True),
            trial("bob", "ann", 0.99, linked=True, is_open=True),
        ]
    )
    assert found.named[0] == pytest.approx(1 / 3)
    assert found.wrong[0] == pytest.approx(1 / 3)
    assert found.accepted_strangers[0] == pytest.approx(1 / 2)
    assert found.named[1] <= found.named[0] <= found.named[2]


def test_probabilities_that_mean_what_they_say_have_no_error() -> None:
    right = [trial(str(number), str(number), 0.75, linked=False) for number in range(3)]
    wrong = trial("ann", "bob", 0.75, linked=False)
    assert calibration_error([*right, wrong]) == pytest.approx(0.0)
    assert calibration_error([wrong]) == pytest.approx(0.75)
    assert reliability(right) == [(pytest.approx(0.75), 1.0, 3)]
