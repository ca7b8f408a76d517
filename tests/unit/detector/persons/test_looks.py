from __future__ import annotations

import asyncio

import numpy as np
import pytest

from chassis.domain.faces import PersonDetections
from contracts.ids import shot_id
from contracts.rows import ShotRow
from services.detector.persons.looks import GREY, SIDE, PersonWatch, find_persons, kept_frame, letterboxed
from services.detector.rules import DetectorProfiles, PersonRules


def shot_row(start_s: float, end_s: float) -> ShotRow:
    return ShotRow(shot_id=shot_id(0, 0), segment=0, start_s=start_s, end_s=end_s, starts_with="cut", ends_with="cut")


FRAME = np.zeros((360, 640, 3), dtype=np.uint8)


async def nobody(frames: np.ndarray) -> list[PersonDetections]:
    return [PersonDetections(boxes=np.zeros((0, 4), np.float32), scores=np.zeros(0, np.float32)) for _ in frames]


def looked_at(*, looks_per_s: float, seen: list[tuple[float, int, int]]) -> list[float]:
    """Times that are looked at of frames with `(time, shot, lost faces)`."""

    async def run() -> list[float]:
        watch = PersonWatch(PersonRules(looks_per_s=looks_per_s), nobody)
        for ts_s, shot, count in seen:
            watch.see(FRAME, lost_faces=count, ts_s=ts_s, shot=shot)
        return [look.ts_s for look in await watch.look([shot_row(0.0, 10.0)])]

    return asyncio.run(run())


def test_looks_are_two_a_second_and_at_every_shots_start() -> None:
    seen = [(step / 8, int(step >= 13), 0) for step in range(24)]
    assert looked_at(looks_per_s=2.0, seen=seen) == [0.0, 0.5, 1.0, 1.5, 1.625, 2.125, 2.625]


def test_where_a_face_is_lost_there_is_a_look_at_once() -> None:
    seen = [(step / 8, 0, int(step >= 2)) for step in range(4)]
    assert looked_at(looks_per_s=1.0, seen=seen) == [0.0, 0.25]


def test_without_a_rate_nobody_is_looked_for() -> None:
    assert looked_at(looks_per_s=0.0, seen=[(0.0, 0, 0), (5.0, 0, 1)]) == []
    assert DetectorProfiles().low_power.persons.looks_per_s == 0


@pytest.mark.parametrize("shape", [(360, 640), (640, 360), (1080, 1920), (97, 100), (8, 300)])
def test_the_frame_is_fitted_with_grey(shape: tuple[int, int]) -> None:
    fitted = letterboxed(np.full((*shape, 3), 200, dtype=np.uint8))
    assert max(fitted.shape[:2]) == SIDE
    assert not any(side % 32 for side in fitted.shape[:2])
    assert fitted[0, 0].tolist() == [200, 200, 200]
    assert set(np.unique(fitted)) <= {200, GREY}


def test_boxes_are_fractions_of_the_picture() -> None:
    async def one(frames: np.ndarray) -> list[PersonDetections]:
        boxes = np.array([[104, 0, 208, 234]], dtype=np.float32)
        return [PersonDetections(boxes=boxes, scores=np.ones(1, np.float32)) for _ in frames]

    (look,) = asyncio.run(find_persons([kept_frame(FRAME, ts_s=1.0, shot=0)], one))
    assert look.boxes == ((0.25, 0.0, 0.5, 1.0),)


def test_only_shots_that_are_asked_for_are_looked_at_in_few_requests() -> None:
    asked: list[int] = []

    async def counting(frames: np.ndarray) -> list[PersonDetections]:
        asked.append(len(frames))
        return await nobody(frames)

    watch = PersonWatch(PersonRules(looks_per_s=2.0), counting)
    for step in range(160):
        watch.see(FRAME, lost_faces=0, ts_s=step / 8, shot=int(step >= 80))
    assert asyncio.run(watch.look([])) == []
    assert asked == []
    looks = asyncio.run(watch.look([shot_row(10.0, 20.0)]))
    assert [look.ts_s for look in looks] == [10 + step / 2 for step in range(20)]
    assert asked == [8, 8, 4]


def test_frames_of_several_sizes_keep_their_order() -> None:
    async def sized(frames: np.ndarray) -> list[PersonDetections]:
        side = frames.shape[1]
        boxes = np.array([[0, 0, side, side]], dtype=np.float32)
        return [PersonDetections(boxes=boxes, scores=np.ones(1, np.float32)) for _ in frames]

    wide, tall = np.zeros((360, 640, 3), np.uint8), np.zeros((640, 360, 3), np.uint8)
    kept = [kept_frame(frame, ts_s=ts_s, shot=0) for ts_s, frame in enumerate([wide, tall, wide])]
    looks = asyncio.run(find_persons(kept, sized))
    assert [look.ts_s for look in looks] == [0, 1, 2]
    assert looks[0].boxes == looks[2].boxes != looks[1].boxes
