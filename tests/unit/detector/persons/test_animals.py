from __future__ import annotations

import asyncio

import numpy as np
import pytest

from chassis.domain.faces import PersonDetections
from contracts.ids import shot_id, track_id
from contracts.rows import Box, DetectionRow, ShotRow, TrackRow
from services.detector.persons.animals import doubtful_faces, with_animals
from services.detector.persons.looks import PersonLook, PersonWatch
from services.detector.rules import PersonRules

RULES = PersonRules(looks_per_s=2.0)
FACE: Box = (0.45, 0.15, 0.55, 0.35)
AROUND: Box = (0.3, 0.1, 0.7, 1.0)
ELSEWHERE: Box = (0.6, 0.3, 0.9, 1.0)
SHOT = ShotRow(shot_id=shot_id(0, 0), segment=0, start_s=0.0, end_s=10.0, starts_with="cut", ends_with="cut")


def doubtful_track(start_s: float, end_s: float, *, mean_conf: float = 0.7) -> TrackRow:
    return TrackRow(
        ep_id="show-s01e01",
        segment=0,
        track_id=track_id(0, 0),
        shot_id=SHOT.shot_id,
        start_s=start_s,
        end_s=end_s,
        first_frame=0,
        last_frame=1,
        first_bbox=FACE,
        last_bbox=FACE,
        detections=2,
        mean_conf=mean_conf,
        mean_size=0.2,
        quality=0.5,
    )


def face_at(ts_s: float) -> DetectionRow:
    return DetectionRow(
        ep_id="show-s01e01",
        segment=0,
        frame_idx=0,
        ts_s=ts_s,
        bbox=FACE,
        landmarks=(0.5,) * 10,
        conf=0.7,
        track_id=track_id(0, 0),
        model_id="m",
    )


def look(ts_s: float, *, person: float = 0.0, animal: float = 0.0, around: Box = AROUND) -> PersonLook:
    return PersonLook(ts_s, 0, (AROUND,) if person else (), (person,) if person else (), (around,), (animal,))


def animal_score(*looks: PersonLook, mean_conf: float = 0.7) -> float | None:
    track = doubtful_track(1.0, 2.0, mean_conf=mean_conf)
    doubtful = doubtful_faces([track], [SHOT], RULES)
    (row,) = with_animals([track], [face_at(1.0), face_at(2.0)], doubtful, looks, RULES)
    return row.animal


def test_a_doubtful_face_inside_an_animal_is_an_animals() -> None:
    assert animal_score(look(1.0, animal=0.8)) == 0.8


def test_where_a_person_is_likelier_it_is_nobodys_animal() -> None:
    assert animal_score(look(1.0, animal=0.5, person=0.6)) == 0.0
    assert animal_score(look(1.0, animal=0.6, person=0.5)) == 0.6


def test_an_animal_beside_the_face_says_nothing() -> None:
    assert animal_score(look(1.0, animal=0.9, around=ELSEWHERE)) == 0.0


def test_most_looks_must_agree_and_the_surest_counts() -> None:
    assert animal_score(look(1.0, animal=0.9), look(1.5), look(2.0)) == 0.0
    assert animal_score(look(1.0, animal=0.4), look(1.5, animal=0.7), look(2.0)) == 0.7
    assert animal_score(look(1.0, animal=0.4), look(1.5, animal=0.7), look(2.0, animal=0.5, person=0.6)) == 0.0


def test_nobody_looks_at_sure_faces_and_other_moments_do_not_count() -> None:
    assert animal_score(look(1.0, animal=0.9), mean_conf=0.95) is None
    assert animal_score(look(0.0, animal=0.9), look(5.0, animal=0.9)) is None


@pytest.mark.parametrize(("start_s", "expected"), [(0.0, [0.0, 1.0, 2.0]), (2.9, [3.0]), (2.1, [2.0, 2.5])])
def test_of_a_doubtful_face_at_most_three_frames_are_looked_at(start_s: float, expected: list[float]) -> None:
    frame = np.zeros((360, 640, 3), dtype=np.uint8)

    async def a_dog(frames: np.ndarray) -> list[PersonDetections]:
        boxes, scores = np.zeros((0, 4), np.float32), np.zeros(0, np.float32)
        dog = np.array([[208, 0, 416, 234]], dtype=np.float32), np.array([0.75], dtype=np.float32)
        return [PersonDetections(boxes, scores, *dog) for _ in frames]

    watch = PersonWatch(RULES, a_dog)
    for step in range(40):
        watch.see(frame, lost_faces=0, ts_s=step / 8, shot=0)
    doubtful = doubtful_faces([doubtful_track(start_s, max(start_s + 0.1, 2.0))], [SHOT], RULES)
    looks = asyncio.run(watch.look([], list(doubtful.values())))
    assert [one.ts_s for one in looks] == expected
    assert looks[0].animals == ((0.5, 0.0, 1.0, 1.0),)
    assert looks[0].animal_scores == (0.75,)
