"""Rules' distances mean the same for every model."""

import pytest

from chassis.domain.calibration import ASSUMED, REFERENCE, DistanceScale, EmbedderCalibration, scale_of

OTHER = DistanceScale(midpoint=1.1, slope=14.0)


def odds(scale: DistanceScale, distance: float) -> float:
    return scale.slope * (scale.midpoint - distance)


@pytest.mark.parametrize("distance", [0.1, 0.26, 0.309, 0.36])
def test_distances_of_the_reference_stay_as_they_are(distance: float) -> None:
    assert REFERENCE.near(distance) == pytest.approx(distance)
    assert REFERENCE.length(distance) == pytest.approx(distance)


@pytest.mark.parametrize("distance", [0.26, 0.3, 0.309, 0.36])
def test_thresholds_between_people_have_equal_odds(distance: float) -> None:
    assert odds(OTHER, OTHER.near(distance)) == pytest.approx(odds(REFERENCE, distance))


def test_lengths_are_in_proportion_and_nothing_is_negative() -> None:
    assert OTHER.length(REFERENCE.midpoint) == pytest.approx(OTHER.midpoint)
    assert OTHER.length(0.1) == pytest.approx(OTHER.length(0.2) / 2)
    assert DistanceScale(midpoint=0.4, slope=1.0).near(0.0) == 0.0


def test_a_model_without_calibration_is_taken_for_one_of_the_usual_kind() -> None:
    assert scale_of(None) == ASSUMED
    assert scale_of(EmbedderCalibration("m", midpoint=1.1, scale=1 / 14)) == OTHER
