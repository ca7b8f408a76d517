from __future__ import annotations

import pytest

from chassis.domain.intervals import Intervals
from contracts.rows import TrackRow
from services.identity.prominence.prominence import PersonProminence, person_prominence, track_prominences
from services.identity.rules import ProminenceRules
from tests.unit.identity.builders import make_track

RULES = ProminenceRules()


def prominence_of(track: TrackRow, *others: TrackRow, intervals: Intervals | None = None) -> PersonProminence:
    found = track_prominences([track, *others], RULES)
    return person_prominence([track], intervals or ((track.start_s, track.end_s),), found, RULES)


def crowd(count: int, *, size: float, start_s: float = 0.0, end_s: float = 4.0) -> list[TrackRow]:
    places = [(0.05 + 0.9 * n / count, 0.4, 0.05 + 0.9 * n / count + size / 2, 0.4 + size) for n in range(count)]
    return [make_track(100 + n, start_s, end_s, size=size, box=box) for n, box in enumerate(places)]


def test_a_close_up_takes_part() -> None:
    found = prominence_of(make_track(1, 0, 4, size=0.4))
    assert found.score > 0.8
    assert found.participant


def test_two_people_at_a_table_both_take_part() -> None:
    one, other = make_track(1, 0, 4, size=0.15), make_track(2, 0, 4, size=0.12, box=(0.7, 0.3, 0.78, 0.42))
    assert prominence_of(one, other).participant
    assert prominence_of(other, one).participant


def test_faces_behind_somebody_are_seen_in_passing() -> None:
    speaker = make_track(1, 0, 4, size=0.35)
    audience = crowd(12, size=0.05)
    assert prominence_of(speaker, *audience).participant
    assert not any(prominence_of(face, speaker, *audience).participant for face in audience)


def test_an_audience_alone_in_the_picture_is_seen_in_passing() -> None:
    audience = crowd(30, size=0.04)
    assert not any(prominence_of(face, *audience).participant for face in audience)


def test_a_glimpse_is_less_than_a_look() -> None:
    scores = [prominence_of(make_track(1, 0, seconds)).score for seconds in (0.25, 0.5, 1.0, 2.0, 20.0)]
    assert scores == sorted(scores)
    assert scores[-1] == scores[-2] > 3 * scores[0]


def test_wide_shots_take_nothing_from_a_close_up() -> None:
    close, wide = make_track(1, 0, 3, size=0.4), make_track(2, 10, 200, size=0.04)
    found = track_prominences([close, wide], RULES)
    both = person_prominence([wide, close], ((0, 3), (10, 200)), found, RULES)
    assert both.score == person_prominence([close], ((0, 3),), found, RULES).score
    assert both.shown[0].prominence > both.shown[1].prominence


def test_one_person_twice_in_the_picture_is_not_counted_twice() -> None:
    first, second = make_track(1, 0, 1), make_track(2, 0, 1)
    found = track_prominences([first, second], RULES)
    once = person_prominence([first], ((0, 1),), found, RULES)
    assert person_prominence([first, second], ((0, 1),), found, RULES).score == once.score


def test_who_is_in_front_only_matters_while_both_are_there() -> None:
    small, large = make_track(1, 0, 4, size=0.1), make_track(2, 3, 4, size=0.4)
    found = track_prominences([small, large], RULES)
    assert found[small.track_id].foreground == pytest.approx((3 * 1.0 + 1 * 0.25) / 4)
    assert found[large.track_id].foreground == 1.0


def test_every_interval_is_an_appearance_with_its_own_figures() -> None:
    near, far = make_track(1, 0, 2, size=0.4), make_track(2, 10, 12, size=0.1)
    found = track_prominences([near, far], RULES)
    shown = person_prominence([near, far], ((0, 2), (10, 12)), found, RULES).shown
    assert [(one.start_s, one.end_s, one.face_size) for one in shown] == [(0, 2, 0.4), (10, 12, 0.1)]


def test_rows_of_an_earlier_version_are_judged_by_their_boxes() -> None:
    row = make_track(1, 0, 4)
    told = row.model_copy(update={"mean_area": 0.06, "centrality": 0.65, "sharpness": 0.6})
    assert prominence_of(row).score == pytest.approx(prominence_of(told).score, abs=0.05)


def test_a_track_without_length_breaks_nothing() -> None:
    assert prominence_of(make_track(1, 2, 2), make_track(2, 0, 4, size=0.5)).score == 0.0
