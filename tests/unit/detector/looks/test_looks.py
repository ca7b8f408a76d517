from __future__ import annotations

import cv2
import numpy as np
import pytest

from chassis.domain.faces import CHIP_POINTS, FaceDetections, box_overlaps
from services.detector.looks.closer import look_closer
from services.detector.looks.faces import Detectors, Pixels, no_faces
from services.detector.looks.groups import Looks, Seen, look_at_group
from services.detector.looks.rotated import look_rotated
from services.detector.looks.schedule import Schedule, goes_with
from services.detector.pictures.squares import cut_square
from services.detector.reading.segment_frames import Sample
from services.detector.rules import CloserRules, DetectorProfiles

BALANCED = DetectorProfiles().balanced
TIMES_S = [3 + step / 8 for step in range(8)]
POINTS = np.array(CHIP_POINTS, dtype=np.float32)


def faces_of(*boxes: tuple[float, float, float, float], score: float = 0.9) -> FaceDetections:
    """Faces with landmarks as of a level head in each box."""
    places = np.array(boxes, dtype=np.float32).reshape(-1, 4)
    sides = np.tile(places[:, 2:] - places[:, :2], 5)
    landmarks = POINTS.reshape(1, 10) / 150 * sides + np.tile(places[:, :2], 5)
    return FaceDetections(places, np.full(len(places), score, np.float32), landmarks.astype(np.float32))


class Model:
    """Sees every green spot of at least `least` pixels as a face; remembers the sizes it was shown."""

    def __init__(self, least: int = 8, *, score: float = 0.9) -> None:
        self.least, self.score = least, score
        self.shown: list[tuple[int, int, int]] = []

    async def __call__(self, frames: Pixels) -> list[FaceDetections]:
        self.shown += [(len(frames), frames.shape[2], frames.shape[1])]
        return [self._faces(frame) for frame in frames]

    def _faces(self, frame: Pixels) -> FaceDetections:
        green = ((frame[..., 1] > 150) & (frame[..., 0] < 100)).astype(np.uint8)
        count, _, stats, _ = cv2.connectedComponentsWithStats(green)
        spots = [tuple(float(value) for value in stats[number][:4]) for number in range(1, count)]
        boxes = [(x, y, x + w, y + h) for x, y, w, h in spots if min(w, h) >= self.least]
        return faces_of(*boxes, score=self.score) if boxes else no_faces()


def frame_with(*spots: tuple[int, int, int], width: int = 1280, height: int = 720) -> Pixels:
    """A grey frame with green squares at x, y of a side."""
    frame = np.full((height, width, 3), 60, dtype=np.uint8)
    for x, y, side in spots:
        frame[y : y + side, x : x + side] = (20, 220, 20)
    return frame


async def test_frames_after_a_full_look_at_large_faces_are_looked_at_small_and_together() -> None:
    model = Model()
    frames = [frame_with((100 + 70 * step, 200, 160)) for step in range(4)]
    seen = await look_at_group(frames, TIMES_S[:4], Looks(), Detectors(model, Model()), BALANCED)
    assert model.shown == [(1, 640, 384), (1, 320, 192), (2, 320, 192)]
    for step, one in enumerate(seen):
        assert one.faces.boxes[0] == pytest.approx((100 + 70 * step, 200, 260 + 70 * step, 360), abs=5)


async def test_frame_that_seems_to_lose_a_face_is_looked_at_in_full_again() -> None:
    model = Model(least=20)
    frames = [frame_with((100, 200, 90)), frame_with((100, 200, 90)), frame_with((100, 200, 56))]
    seen = await look_at_group(frames, TIMES_S[:3], Looks(), Detectors(model, Model()), BALANCED)
    assert model.shown == [(1, 640, 384), (1, 320, 192), (1, 320, 192), (1, 640, 384)]
    assert [len(one.faces.scores) for one in seen] == [1, 1, 1]


async def test_small_faces_are_found_by_a_wide_look_and_said_to_be_unseen_without_one() -> None:
    frames = [frame_with((500, 300, 14))]
    wide = await look_at_group(frames, TIMES_S[:1], Looks(wide=True), Detectors(Model(10), Model()), BALANCED)
    assert (len(wide[0].faces.scores), wide[0].smallest_px) == (1, 10)
    plain = await look_at_group(frames, TIMES_S[:1], Looks(), Detectors(Model(10), Model()), BALANCED)
    assert (len(plain[0].faces.scores), plain[0].smallest_px) == (0, 20)


async def test_a_small_face_is_followed_in_pictures_of_itself() -> None:
    model = Model(10)
    frames = [frame_with((500 + 2 * step, 300, 14)) for step in range(4)]
    seen = await look_at_group(frames, TIMES_S[:4], Looks(wide=True), Detectors(model, Model()), BALANCED)
    for step, one in enumerate(seen):
        assert one.faces.boxes == pytest.approx(np.array([[500 + 2 * step, 300, 514 + 2 * step, 314]]), abs=1)
    assert (4, 128, 128) in model.shown
    assert sum(count for count, width, _ in model.shown if width == 1280) == 1


async def test_a_small_face_of_the_group_before_is_followed_without_another_wide_look() -> None:
    async def before() -> list[Seen]:
        return [Seen(faces_of((500, 300, 514, 314)), 10.0)]

    model = Model(10)
    frames = [frame_with((504, 300, 14)), frame_with((700, 300, 14))]
    seen = await look_at_group(frames, TIMES_S[:2], Looks(), Detectors(model, Model()), BALANCED, before())
    assert seen[0].faces.boxes == pytest.approx(np.array([[504, 300, 518, 314]]), abs=1)
    assert not len(seen[1].faces.scores)
    assert (2, 128, 128) in model.shown


async def test_no_more_small_faces_are_followed_than_the_rules_allow() -> None:
    model, crowd = Model(10), [(20 + 60 * column, 40 + 80 * row, 14) for row in range(6) for column in range(8)]
    await look_at_group([frame_with(*crowd)], TIMES_S[:1], Looks(wide=True), Detectors(model, Model()), BALANCED)
    assert [count for count, width, _ in model.shown if width == 128] == [BALANCED.small.most]


@pytest.mark.parametrize(("spots", "parts"), [([(500, 300, 14)], 4), ([], 0), ([(500, 300, 14), (60, 200, 190)], 0)])
async def test_the_parts_of_a_frame_are_enlarged_where_small_faces_are_all_there_is(
    spots: list[tuple[int, int, int]], parts: int
) -> None:
    model = Model(10)
    looks = Looks(wide=True, parts=True)
    await look_at_group([frame_with(*spots)], TIMES_S[:1], looks, Detectors(model, Model()), BALANCED)
    enlarged = round(1280 * 0.55 * BALANCED.parts_zoom)
    assert sum(count for count, width, _ in model.shown if enlarged <= width < enlarged + 32) == parts


@pytest.mark.parametrize(("side", "wide"), [(160, True), (200, False)])
async def test_no_wide_look_is_taken_beside_a_face_that_fills_a_quarter_of_the_height(side: int, wide: bool) -> None:
    model = Model()
    await look_at_group(
        [frame_with((100, 200, side))], TIMES_S[:1], Looks(wide=True), Detectors(model, Model()), BALANCED
    )
    assert model.shown == [(1, 640, 384), *([(1, 1280, 736)] if wide else [])]


async def test_closer_look_gives_the_face_at_the_expected_place_in_pixels_of_the_frame() -> None:
    frame = frame_with((600, 300, 40), (660, 300, 40))
    box = (598.0, 296.0, 642.0, 344.0)
    square = cut_square(frame, box, margin=0.5, largest=256)
    found, nothing = await look_closer([square, square], [box, (900.0, 10.0, 940.0, 60.0)], Model(), CloserRules())
    assert nothing is None
    assert found is not None
    assert found.boxes == pytest.approx(np.array([[600, 300, 640, 340]]), abs=1)
    assert found.landmarks[0, :2] == pytest.approx(600 + 40 * POINTS[0] / 150 - (0, 300), abs=1)


@pytest.mark.parametrize(("confirming", "expected"), [(0.9, 1), (0.4, 0)])
async def test_tilted_head_is_found_where_it_is_if_the_dearer_model_agrees(confirming: float, expected: int) -> None:
    frame = frame_with((300, 250, 120))

    async def only_turned(frames: Pixels) -> list[FaceDetections]:
        return [FaceDetections(one.boxes, one.scores, one.landmarks) for one in await Model()(frames)]

    detectors = Detectors(only_turned, Model(score=confirming))
    found = await look_rotated(frame, no_faces(), detectors, BALANCED)
    assert len(found.scores) == expected
    if expected:
        assert float(box_overlaps(found.boxes, (300, 250, 420, 370))[0, 0]) > 0.9
    known = faces_of((300, 250, 420, 370))
    assert len((await look_rotated(frame, known, detectors, BALANCED)).scores) == 0


def sample(ts_s: float, shot: int = 0, *, height: int = 72) -> Sample:
    return Sample(frame=np.zeros((height, 128, 3), np.uint8), native_scale=1.0, ts_s=ts_s, shot=shot)


def test_frames_of_one_shot_shape_and_second_go_together() -> None:
    group = [sample(1.0)]
    assert goes_with(group, sample(1.875), BALANCED)
    assert not goes_with(group, sample(2.0), BALANCED)
    assert not goes_with(group, sample(1.125, 1), BALANCED)
    assert not goes_with(group, sample(1.125, height=96), BALANCED)


def test_dear_looks_are_taken_where_shots_begin_and_now_and_then() -> None:
    schedule = Schedule(BALANCED)
    half_seconds = [step / 2 for step in range(10)]
    looks = [schedule.looks(sample(ts_s)) for ts_s in half_seconds]
    assert [ts_s for ts_s, look in zip(half_seconds, looks, strict=True) if look.wide] == [0.0, 4.0]
    assert [ts_s for ts_s, look in zip(half_seconds, looks, strict=True) if look.rotated] == [0.0, 4.0]
    assert [ts_s for ts_s, look in zip(half_seconds, looks, strict=True) if look.parts] == [0.0, 4.0]
    begin = schedule.looks(sample(5.1, shot=1))
    assert begin.wide and begin.rotated and begin.parts
    assert not Schedule(DetectorProfiles().low_power).looks(sample(0.0)).parts
