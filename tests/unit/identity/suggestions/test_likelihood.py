"""Log-likelihood ratios against a stranger, and the probabilities made of them."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.domain.calibration import PersonCalibration
from services.identity.rules import LinkRules
from services.identity.suggestions.likelihood import bounded, log_likelihood_ratios, posterior

RULES = LinkRules()
CALIBRATION = PersonCalibration(same_mean=0.7, same_deviation=0.17, stranger_mean=1.34, stranger_deviation=0.07)
DISTANCES = st.floats(0.2, 1.6)


def probabilities(away: dict[str, float], *, strength: float = 1.0) -> dict[str, float]:
    ratios = log_likelihood_ratios(away, calibration=CALIBRATION, strength=strength, rules=RULES)
    return posterior(ratios, rules=RULES)


def test_a_name_does_not_depend_on_how_many_others_are_in_the_cast() -> None:
    others = [1.3, 1.38, 1.33, 1.35]
    for distance in np.linspace(0.2, 1.6, 57):
        found = [
            probabilities({"ada": distance, **{f"other-{at}": other for at, other in enumerate(others[:number])}})[
                "ada"
            ]
            for number in (0, 1, 4)
        ]
        assert max(found) - min(found) < 0.05


@given(st.lists(DISTANCES, min_size=1, max_size=10))
def test_probabilities_of_a_cast_and_of_a_stranger_add_up_to_one(away: list[float]) -> None:
    found = probabilities({f"cast-{at}": distance for at, distance in enumerate(away)})
    assert all(0.0 <= value <= 1.0 for value in found.values())
    assert math.fsum(found.values()) <= 1.0
    assert sum(value > 0.5 for value in found.values()) <= 1


@pytest.mark.parametrize("strength", [0.0, 0.4, 1.0])
def test_whoever_is_nearer_is_never_less_likely(strength: float) -> None:
    found = [probabilities({"ada": distance}, strength=strength)["ada"] for distance in np.linspace(0.2, 1.8, 65)]
    assert all(nearer >= farther - 1e-9 for nearer, farther in pairwise(found))


def test_weak_faces_are_less_sure_near_and_less_surely_others_far() -> None:
    for distance in (0.5, 1.3):
        strong, weak = (probabilities({"ada": distance}, strength=strength)["ada"] for strength in (1.0, 0.0))
        assert abs(weak - 0.5) < abs(strong - 0.5)


def test_a_turned_face_far_from_its_pictures_is_still_no_stranger() -> None:
    far = CALIBRATION.stranger_mean - 4 * CALIBRATION.stranger_deviation
    assert probabilities({"ada": far}, strength=0.0)["ada"] > probabilities({"ada": far}, strength=1.0)["ada"]


def test_few_pictures_leave_doubt_about_strangers_too() -> None:
    ratios = [
        log_likelihood_ratios({"ada": 0.9}, calibration=CALIBRATION, strength=0.0, few_pictures=few, rules=RULES)["ada"]
        for few in ((), ("ada",))
    ]
    assert ratios[1] < ratios[0]


def test_a_large_cohort_that_is_near_makes_a_near_stranger_less_likely() -> None:
    def found(others: int) -> float:
        return probabilities({"ada": 1.1, **{f"other-{at}": 1.2 for at in range(others)}})["ada"]

    assert found(1) > found(8) > found(40)
    assert found(40) < 0.5 < found(1)


def test_a_cohort_that_is_far_away_makes_nobody_more_likely() -> None:
    alone = probabilities({"ada": 1.1})["ada"]
    assert probabilities({"ada": 1.1, **{f"other-{at}": 1.9 for at in range(40)}})["ada"] == pytest.approx(
        alone, abs=0.01
    )


def test_nobody_is_surer_than_look_alikes_allow() -> None:
    found = [bounded(ratio, lookalikes=0.001) for ratio in np.linspace(-50.0, 50.0, 101)]
    assert max(found) <= -math.log(0.001)
    assert all(first <= second for first, second in pairwise(found))
    assert bounded(2.0, lookalikes=0.001) == pytest.approx(2.0, abs=0.01)


def test_a_stranger_may_look_like_a_member_and_that_says_nothing_of_the_members() -> None:
    found = posterior({"ada": 60.0, "boris": 50.0}, rules=RULES)
    assert found["ada"] == pytest.approx(1.0 / (1.0 + RULES.lookalikes), abs=1e-4)
    assert found["boris"] < 1e-4


def test_prior_odds_are_of_one_member_against_a_stranger() -> None:
    assert posterior({"ada": 0.0}, rules=RULES)["ada"] == pytest.approx(0.5)
    assert posterior({"ada": 0.0}, rules=LinkRules(prior_odds=0.25))["ada"] == pytest.approx(0.2)
