from __future__ import annotations

import pytest

from benchmarks.small_faces import NOBODY, owners_of
from benchmarks.small_people import (
    BESIDE,
    CROWDS,
    HEIGHTS,
    HEIGHTS_BESIDE,
    LARGE_PX,
    SHOT_S,
    SIZE,
    script,
    script_beside,
)
from contracts.rows import Box, DetectionRow
from tests.unit.identity.builders import EP

LANDMARKS = (0.1,) * 10


def detection(box: Box, ts_s: float, track: str | None) -> DetectionRow:
    across, down = SIZE
    return DetectionRow(
        ep_id=EP,
        segment=0,
        frame_idx=0,
        ts_s=ts_s,
        bbox=(box[0] / across, box[1] / down, box[2] / across, box[3] / down),
        landmarks=LANDMARKS,
        conf=0.9,
        track_id=track,
        model_id="any",
    )


def test_the_episode_has_every_height_and_no_face_outside_the_picture_or_on_another() -> None:
    faces = script(rounds=2)
    small = [face for face in faces if face.height != LARGE_PX]
    assert len(small) == 2 * sum(CROWDS)
    assert {face.height for face in small} == set(HEIGHTS)
    for face in faces:
        left, top, right, bottom = face.box_at(face.start_s + SHOT_S / 4)
        assert 0 <= left < right <= SIZE[0]
        assert 0 <= top < bottom <= SIZE[1]
        for other in faces:
            if other is not face and other.shot == face.shot:
                apart = max(abs(face.middle[0] - other.middle[0]), abs(face.middle[1] - other.middle[1]))
                assert apart > (face.height + other.height) / 2


def test_faces_in_front_of_small_ones_hide_none_of_them_while_they_come_and_go() -> None:
    faces = script_beside()
    small = [face for face in faces if not face.is_large]
    assert len(small) == sum(company.crowd for company in BESIDE)
    assert {face.height for face in small} == set(HEIGHTS_BESIDE)
    assert {face.beside for face in small} == {"beside", "comes, goes"}
    for large in (face for face in faces if face.is_large):
        assert large.height >= 150
        for step in range(51):
            left, top, right, bottom = large.box_at(large.start_s + step / 50 * (large.end_s - large.start_s))
            for face in (one for one in small if one.shot == large.shot):
                x, y = face.middle
                assert not (left < x < right and top < y < bottom)


def test_whoever_comes_after_the_start_of_a_shot_comes_from_outside_the_picture() -> None:
    visitor = next(face for face in script_beside() if face.start_s > face.shot_s and face.end_s < face.shot_s + SHOT_S)
    for outside_s in (visitor.start_s, visitor.end_s):
        assert visitor.box_at(outside_s)[2] <= 0
    there = visitor.box_at((visitor.start_s + visitor.end_s) / 2)
    assert there[0] >= 0
    assert there[3] - there[1] == pytest.approx(visitor.height)


def test_a_track_is_of_the_face_that_most_of_its_detections_show() -> None:
    faces = script()
    first, second = faces[:2]
    times_s = [0.5, 1.0, 1.5]
    seen = [detection(first.box_at(time_s), time_s, "track-00000-000") for time_s in times_s]
    seen += [detection(second.box_at(time_s), time_s, "track-00000-001") for time_s in times_s]
    seen += [detection(first.box_at(2.0), 2.0, "track-00000-001"), detection(first.box_at(2.0), 2.0, None)]
    left, top, right, bottom = first.box_at(1.0)
    seen += [detection((left + 40, top, right + 40, bottom), 1.0, "track-00000-002")]
    seen += [detection((left - 30, top - 30, right + 30, bottom + 30), 1.0, "track-00000-003")]
    assert owners_of(faces, seen) == {
        "track-00000-000": 0,
        "track-00000-001": 1,
        "track-00000-002": NOBODY,
        "track-00000-003": NOBODY,
    }
