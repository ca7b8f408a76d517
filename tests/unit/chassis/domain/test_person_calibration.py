"""The log-likelihood ratio of a person against a stranger."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from chassis.domain.calibration import DrawnFaces, EmbedderCalibration, PersonCalibration

MEASURED = PersonCalibration(same_mean=0.7, same_deviation=0.17, stranger_mean=1.34, stranger_deviation=0.07)
WIDER_STRANGERS = PersonCalibration(same_mean=0.25, same_deviation=0.06, stranger_mean=0.54, stranger_deviation=0.08)


@pytest.mark.parametrize("calibration", [MEASURED, WIDER_STRANGERS])
@pytest.mark.parametrize("noise", [0.0, 0.1])
def test_it_never_rises_with_the_distance(calibration: PersonCalibration, noise: float) -> None:
    ratios = [calibration.log_likelihood_ratio(distance, noise=noise) for distance in np.linspace(0.0, 2.0, 81)]
    assert all(nearer >= farther - 1e-9 for nearer, farther in pairwise(ratios))
    assert ratios[0] > 0 > ratios[-1]


def test_it_is_the_ratio_of_the_two_curves() -> None:
    between = MEASURED.log_likelihood_ratio(1.0)
    own = np.exp(-(((1.0 - 0.7) / 0.17) ** 2) / 2) / 0.17
    stranger = np.exp(-(((1.0 - 1.34) / 0.07) ** 2) / 2) / 0.07
    assert between == pytest.approx(float(np.log(own / stranger)))


def test_noise_brings_it_nearer_to_nothing() -> None:
    for distance in (0.8, 1.3):
        assert abs(MEASURED.log_likelihood_ratio(distance, noise=0.2)) < abs(MEASURED.log_likelihood_ratio(distance))


def test_noise_of_the_person_alone_leaves_the_strangers_where_they_are() -> None:
    both, own = (MEASURED.log_likelihood_ratio(1.0, noise=0.2), MEASURED.log_likelihood_ratio(1.0, own_noise=0.2))
    assert own > both
    assert MEASURED.log_likelihood_ratio(1.34, own_noise=0.2) < 0


def test_a_drawn_face_is_told_by_its_direction() -> None:
    drawn = DrawnFaces((0.6, 0.8, 0.0), PersonCalibration(1.03, 0.08, 1.44, 0.055), "made up")
    assert drawn.log_likelihood_ratio((0.8, 0.6, 0.0)) > 5
    assert drawn.log_likelihood_ratio((0.0, 0.0, 1.0)) < -5
    with pytest.raises(ValueError, match="unit vector"):
        DrawnFaces((0.6, 0.6), PersonCalibration(1.03, 0.08, 1.44, 0.055), "made up")


def test_a_model_that_nobody_measured_on_people_keeps_its_logistic_curve() -> None:
    calibration = EmbedderCalibration("model", midpoint=0.31, scale=0.05)
    for distance in (0.1, 0.3, 0.5):
        assert calibration.people.log_likelihood_ratio(distance) == pytest.approx(calibration.log_odds(distance))


@pytest.mark.parametrize("numbers", [(0.7, 0.0, 1.3, 0.1), (1.3, 0.1, 0.7, 0.1), (0.7, 0.1, float("nan"), 0.1)])
def test_curves_that_make_no_sense_are_refused(numbers: tuple[float, float, float, float]) -> None:
    with pytest.raises(ValueError, match="got PersonCalibration"):
        PersonCalibration(*numbers)
