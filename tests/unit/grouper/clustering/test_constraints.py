from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from contracts.rows import TrackRow
from services.grouper.clustering.constraints import Constraints, simultaneous_pairs
from tests.unit.grouper.rows import RIGHT, track

ITEMS = 8
PAIRS = st.tuples(st.integers(0, ITEMS - 1), st.integers(0, ITEMS - 1)).filter(lambda pair: pair[0] != pair[1])


@given(st.lists(st.tuples(st.booleans(), PAIRS), max_size=40))
def test_what_was_accepted_holds_to_the_end(steps: list[tuple[bool, tuple[int, int]]]) -> None:
    constraints = Constraints(ITEMS)
    together: list[tuple[int, int]] = []
    apart: list[tuple[int, int]] = []
    for must, (first, second) in steps:
        if must and constraints.must_link(first, second):
            together.append((first, second))
        elif not must and constraints.cannot_link(first, second):
            apart.append((first, second))
    assert all(constraints.group_of(first) == constraints.group_of(second) for first, second in together)
    assert all(constraints.forbidden(first, second) for first, second in apart)
    roots = {pair for first, second in apart for pair in [tuple(sorted(map(constraints.group_of, (first, second))))]}
    assert set(constraints.exclusions()) == roots


def test_who_speaks_first_wins() -> None:
    constraints = Constraints(3)
    assert constraints.must_link(0, 1)
    assert not constraints.cannot_link(1, 0)
    assert constraints.cannot_link(1, 2)
    assert not constraints.must_link(0, 2)


def test_as_many_as_allowed_come_together() -> None:
    constraints = Constraints(4)
    constraints.cannot_link(0, 1)
    constraints.cannot_link(1, 2)
    assert not constraints.must_link_all([0, 1, 2, 3])
    assert constraints.groups() == [[0, 2, 3], [1]]


def test_nothing_joins_a_closed_group() -> None:
    constraints = Constraints(3)
    constraints.must_link(0, 1)
    constraints.close(1)
    assert not constraints.must_link(0, 2)
    assert constraints.exclusions() == [(0, 2)]


def _simultaneous(tracks: list[TrackRow]) -> list[tuple[int, int]]:
    return simultaneous_pairs(tracks, min_overlap_s=0.125, one_place_overlap=0.35)


def test_tracks_on_screen_together_are_two_people_when_it_is_more_than_a_sample() -> None:
    tracks = [track(1, 0, 5), track(2, 4, 8, box=RIGHT), track(3, 4.9, 9), track(4, 9, 10, box=RIGHT)]
    assert _simultaneous(tracks) == [(0, 1), (1, 2)]


def test_a_short_track_within_a_long_one_is_found_behind_others() -> None:
    tracks = [track(1, 0, 100), *(track(number, number, number + 0.5, box=RIGHT) for number in range(2, 50))]
    assert _simultaneous(tracks) == [(0, index) for index in range(1, 49)]


def test_two_tracks_that_follow_one_face_in_turns_are_left_to_the_vectors() -> None:
    paused, between = track(1, 0, 5, box=(0.1, 0.2, 0.3, 0.6)), track(2, 2, 3, box=(0.12, 0.2, 0.32, 0.6))
    assert _simultaneous([paused, between]) == []
