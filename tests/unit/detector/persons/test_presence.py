from __future__ import annotations

import pytest

from contracts.ids import shot_id, track_id
from contracts.rows import Box, DetectionRow, Interval, ShotRow, TrackRow
from services.detector.persons.looks import PersonLook
from services.detector.persons.presence import shots_to_search, with_presence
from services.detector.rules import PersonRules

RULES = PersonRules(looks_per_s=2.0)
BODY: Box = (0.3, 0.1, 0.7, 1.0)
FACE: Box = (0.45, 0.15, 0.55, 0.35)
ELSEWHERE: Box = (0.75, 0.1, 0.98, 1.0)
SHOT = ShotRow(shot_id=shot_id(0, 0), segment=0, start_s=0.0, end_s=10.0, starts_with="cut", ends_with="cut")


def track(number: int, start_s: float, end_s: float, *, face: Box = FACE) -> tuple[TrackRow, list[DetectionRow]]:
    name = track_id(0, number)
    row = TrackRow(
        ep_id="show-s01e01",
        segment=0,
        track_id=name,
        shot_id=SHOT.shot_id,
        start_s=start_s,
        end_s=end_s,
        first_frame=0,
        last_frame=1,
        first_bbox=face,
        last_bbox=face,
        detections=2,
        mean_conf=0.9,
        mean_size=0.2,
        quality=0.5,
    )
    steps = int((end_s - start_s) * 8)
    seen = [
        DetectionRow(
            ep_id="show-s01e01",
            segment=0,
            frame_idx=step,
            ts_s=start_s + step / 8,
            bbox=face,
            landmarks=(0.5,) * 10,
            conf=0.9,
            track_id=name,
            model_id="m",
        )
        for step in range(steps + 1)
    ]
    return row, seen


def looks(*bodies: tuple[float, float, Box], shot: ShotRow = SHOT) -> list[PersonLook]:
    """Two looks a second of the whole shot; each body is seen from its first to before its second time."""
    times = [shot.start_s + step / 2 for step in range(int((shot.end_s - shot.start_s) * 2))]
    return [PersonLook(time, 0, tuple(box for start, end, box in bodies if start <= time < end)) for time in times]


def present(
    tracks: list[tuple[TrackRow, list[DetectionRow]]], seen: list[PersonLook], shots: tuple[ShotRow, ...] = (SHOT,)
) -> list[tuple[Interval, ...]]:
    rows = with_presence(
        [row for row, _ in tracks], [face for _, faces in tracks for face in faces], shots, seen, RULES
    )
    return [row.present or () for row in rows]


def test_who_turns_away_is_present_until_the_shot_ends() -> None:
    assert present([track(1, 0, 3)], looks((0, 10, BODY))) == [((0.0, 10.0),)]


def test_who_leaves_is_present_no_longer() -> None:
    ((span,),) = present([track(1, 0, 3)], looks((0, 6, BODY)))
    assert span == (0.0, pytest.approx(5.75, abs=0.26))


def test_a_face_without_a_body_is_present_while_it_is_seen() -> None:
    assert present([track(1, 2, 5)], looks((0, 10, ELSEWHERE))) == [((2.0, 5.0),)]


def test_a_body_missed_once_is_still_the_same() -> None:
    seen = [look if look.ts_s != 5.0 else PersonLook(5.0, 0, ()) for look in looks((0, 10, BODY))]
    assert present([track(1, 0, 3)], seen) == [((0.0, 10.0),)]


def test_what_a_body_shows_between_two_faces_is_shared_by_them() -> None:
    first, second = present([track(1, 0, 2), track(2, 6, 10)], looks((0, 10, BODY)))
    assert first == ((0.0, 4.0),)
    assert second == ((4.0, 10.0),)


def test_two_faces_at_once_are_not_one_body() -> None:
    beside: Box = (0.56, 0.15, 0.64, 0.35)
    first, second = present([track(1, 0, 10), track(2, 0, 3, face=beside)], looks((0, 10, BODY)))
    assert first == ((0.0, 10.0),)
    assert second == ((0.0, 3.0),)


def test_nobody_is_present_behind_a_cut() -> None:
    next_shot = ShotRow(shot_id=shot_id(0, 1), segment=0, start_s=10.0, end_s=14.0, starts_with="cut", ends_with="cut")
    seen = looks((0, 10, BODY)) + looks((10, 14, BODY), shot=next_shot)
    assert present([track(1, 0, 3)], seen, (SHOT, next_shot)) == [((0.0, 10.0),)]


def test_a_face_below_the_waist_is_nobodys() -> None:
    low: Box = (0.45, 0.8, 0.55, 0.95)
    assert present([track(1, 2, 5, face=low)], looks((0, 10, BODY))) == [((2.0, 5.0),)]


def test_a_body_is_never_counted_for_less_than_its_face() -> None:
    assert present([track(1, 0, 10)], []) == [((0.0, 10.0),)]


def test_only_shots_in_which_a_face_is_missing_at_times_are_searched() -> None:
    whole, part = track(0, 0.0, 10.0)[0], track(1, 2.0, 10.0)[0]
    assert shots_to_search([], [SHOT]) == []
    assert shots_to_search([whole], [SHOT]) == []
    assert shots_to_search([whole, part], [SHOT]) == [SHOT]


def test_bodies_add_nothing_where_every_face_is_there_throughout() -> None:
    (one, seen), (other, also_seen) = track(0, 0.0, 10.0), track(1, 0.0, 10.0, face=(0.8, 0.15, 0.9, 0.35))
    people = looks((0, 10, BODY), (0, 4, ELSEWHERE))
    rows, detections = [one, other], [*seen, *also_seen]
    assert with_presence(rows, detections, [SHOT], people, RULES) == with_presence(rows, detections, [SHOT], [], RULES)
