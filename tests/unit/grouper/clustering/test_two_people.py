from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from contracts.rows import TrackRow
from services.grouper.clustering.two_people import TwoPeople, find_two_people
from services.grouper.rules import ClusteringRules
from tests.unit.grouper.rows import RIGHT, track, vector_of

RULES = ClusteringRules()


def _tracks(people: Sequence[int]) -> list[TrackRow]:
    return [track(index + 1, 2.0 * index, 2.0 * index + 1.9, embedding_row=index) for index in range(len(people))]


def _split(tracks: Sequence[TrackRow], people: Sequence[int]) -> TwoPeople:
    vectors = np.stack([vector_of(person, index) for index, person in enumerate(people)])
    return find_two_people(tracks, vectors, sample_period_s=0.125, rules=RULES)


def _numbers(names: Sequence[str]) -> list[int]:
    return [int(name[-3:]) for name in names]


def test_two_people_are_told_apart() -> None:
    people = [1, 1, 2, 1, 2]
    found = _split(_tracks(people), people)
    assert (_numbers(found.first), _numbers(found.second)) == ([1, 2, 4], [3, 5])
    assert found.is_two and found.separation > 1.3 > 1 > found.spread
    assert "merge distances apart" in found.verdict


def test_one_person_is_said_to_be_one() -> None:
    people = [1] * 6
    found = _split(_tracks(people), people)
    assert not found.is_two and found.separation < 1
    assert "one person" in found.verdict
    assert sorted(_numbers(found.first + found.second)) == [1, 2, 3, 4, 5, 6]


def test_twins_in_one_frame_are_two_however_alike() -> None:
    tracks = [
        track(1, 0, 5, embedding_row=0),
        track(2, 1, 4, box=RIGHT, embedding_row=1),
        track(3, 6, 8, embedding_row=2),
    ]
    found = _split(tracks, [1, 1, 1])
    assert found.is_two and found.simultaneous == 1
    assert {1, 2} != set(_numbers(found.first)) and {1, 2} != set(_numbers(found.second))


def test_a_track_stays_with_the_one_that_continues_it() -> None:
    people = [1, 1, 2, 2]
    tracks = _tracks(people)
    tracks[2] = tracks[2].model_copy(update={"continues": tracks[1].track_id})
    found = _split(tracks, people)
    sides = [set(_numbers(found.first)), set(_numbers(found.second))]
    assert any({2, 3} <= side for side in sides)


def test_without_two_faces_to_compare_there_is_nothing_to_find() -> None:
    tracks = [track(1, 0, 1, embedding_row=0), track(2, 2, 3, embedded=False)]
    found = _split(tracks, [1])
    assert (found.is_two, _numbers(found.first), found.second) == (False, [1, 2], ())


def test_tracks_without_a_face_stay_with_the_larger_part() -> None:
    people = [1, 1, 2]
    found = _split([*_tracks(people), track(9, 20, 21, embedded=False)], people)
    assert (_numbers(found.first), _numbers(found.second)) == ([1, 2, 9], [3])
