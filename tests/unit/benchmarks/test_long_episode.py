"""People of long episodes: kept apart, and one when they come back. The faces are made up, their distances are SFace's."""

from __future__ import annotations

import pytest

from benchmarks.long_episode import compare, group, make_episode


@pytest.mark.parametrize(("minutes", "people"), [(10, 48), (45, 120)])
def test_people_of_a_long_episode_are_together_and_apart(minutes: int, people: int) -> None:
    kept = group(make_episode(minutes=minutes, people=people))
    assert kept.agreement.precision >= 0.99
    assert kept.agreement.f_score >= 0.97
    assert kept.came_back >= 10
    assert kept.are_one >= 0.8 * kept.came_back


def test_who_comes_back_as_somebody_else_is_counted() -> None:
    episode = make_episode(minutes=10, people=20)
    right = compare(episode, episode.people)
    assert right.agreement.f_score == pytest.approx(1.0)
    assert right.are_one == right.came_back > 0
    strangers = compare(episode, range(len(episode.people)))
    assert strangers.are_one == 0
    assert strangers.agreement.precision == pytest.approx(1.0)
    assert strangers.agreement.recall < 0.5
