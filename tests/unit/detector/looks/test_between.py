"""Faces between two looks: followed without a look of their own where nothing happens, and nowhere else."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from chassis.domain.faces import FaceDetections
from services.detector.looks.between import faces_between, is_calm
from services.detector.looks.faces import Detectors, Pixels, no_faces
from services.detector.looks.groups import Looks, look_at_group
from services.detector.rules import CalmRules, DetectorProfiles
from tests.unit.detector.looks.test_looks import Model, faces_of

BALANCED = DetectorProfiles().balanced
RULES = CalmRules()
TIMES_S = [3 + step / 8 for step in range(8)]
SIDE = 200


def face(seed: int) -> Pixels:
    """Green enough for the model, with a pattern that no other seed has."""
    pattern = np.random.default_rng(seed).integers(0, 70, (8, 8, 3), dtype=np.uint8)
    large = cv2.resize(pattern, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
    return np.asarray(np.clip(large + np.array((0, 170, 0)), 0, 255), dtype=np.uint8)


def frame(*faces: tuple[int, int], ground: int = 60) -> Pixels:
    """A grey frame with faces of a seed whose left edge is at x."""
    picture = np.full((720, 1280, 3), ground, dtype=np.uint8)
    for seed, x in faces:
        picture[200 : 200 + SIDE, x : x + SIDE] = face(seed)
    return picture


def at(*lefts: int) -> FaceDetections:
    return faces_of(*((x, 200.0, x + SIDE, 200.0 + SIDE) for x in lefts))


async def looks_at(frames: list[Pixels]) -> tuple[list[tuple[int, int, int]], list[list[int]]]:
    """What the model was shown, and where the faces of each frame are, from left to right."""
    model = Model(least=20)
    seen = await look_at_group(frames, TIMES_S[: len(frames)], Looks(), Detectors(model, Model()), BALANCED)
    return model.shown, [sorted(round(float(box[0])) for box in one.faces.boxes) for one in seen]


async def test_second_in_which_nothing_happens_gets_one_full_look_and_two_small_ones() -> None:
    shown, faces = await looks_at([frame((1, 300 + 4 * step), (2, 900)) for step in range(8)])
    assert shown == [(1, 640, 384), (2, 320, 192)]
    for step, lefts in enumerate(faces):
        assert lefts == pytest.approx([300 + 4 * step, 900], abs=5)


async def test_nothing_is_looked_for_between_where_nobody_is_and_nothing_moves() -> None:
    shown, faces = await looks_at([frame()] * 8)
    assert shown == [(1, 640, 384), (1, 320, 192), (2, 320, 192)]
    assert faces == [[]] * 8


async def test_whoever_passes_through_an_empty_picture_is_seen() -> None:
    _, faces = await looks_at([frame((1, 300)) if step in (1, 2) else frame() for step in range(8)])
    assert [len(lefts) for lefts in faces] == [0, 1, 1, 0, 0, 0, 0, 0]


async def test_whoever_goes_in_between_is_seen_to_the_frame() -> None:
    frames = [frame((1, 300), (2, 900)) if step < 6 else frame((1, 300)) for step in range(8)]
    _, faces = await looks_at(frames)
    assert [len(lefts) for lefts in faces] == [2] * 6 + [1] * 2


async def test_face_that_is_covered_for_a_moment_between_two_looks_is_not_there_then() -> None:
    shown, faces = await looks_at([frame((1, 300)) if step not in (1, 2) else frame() for step in range(8)])
    assert (3, 320, 192) in shown
    assert [len(lefts) for lefts in faces] == [1, 0, 0, 1, 1, 1, 1, 1]


async def test_something_that_moves_beside_the_faces_brings_the_second_full_look() -> None:
    frames = [frame((1, 300)) for _ in range(8)]
    frames[2][500:700, 900:1200] = 200
    shown, _ = await looks_at(frames)
    assert shown == [(1, 640, 384), (2, 320, 192), (1, 640, 384)]


def test_between_gives_boxes_and_landmarks_on_the_way_and_the_lower_score() -> None:
    frames = [frame((1, x)) for x in (300, 310, 320)]
    last = faces_of((320.0, 200.0, 320.0 + SIDE, 200.0 + SIDE), score=0.7)
    between = faces_between(frames, [0.0, 0.1, 0.2], at(300), last, RULES)
    assert between is not None
    (middle,) = between
    assert middle.boxes[0] == pytest.approx((310, 200, 310 + SIDE, 200 + SIDE))
    assert middle.landmarks == pytest.approx((at(300).landmarks + last.landmarks) / 2)
    assert middle.scores == pytest.approx([0.7])


def test_faces_are_paired_by_place_whatever_order_the_looks_have_them_in() -> None:
    frames = [frame((1, 300), (2, 900))] * 3
    between = faces_between(frames, [0.0, 0.1, 0.2], at(300, 900), at(900, 300), RULES)
    assert between is not None
    assert between[0].boxes[:, 0] == pytest.approx([300, 900])


@pytest.mark.parametrize(
    ("first", "last"), [(at(300), at(300, 900)), (at(300, 900), at(300)), (at(300), at(800)), (no_faces(), at(300))]
)
def test_looks_at_other_faces_say_nothing_of_what_lies_between(first: FaceDetections, last: FaceDetections) -> None:
    assert faces_between([frame((1, 300))] * 3, [0.0, 0.1, 0.2], first, last, RULES) is None


@pytest.mark.parametrize("score", [0.5, 0.9])
def test_only_sure_faces_are_followed(score: float) -> None:
    unsure = faces_of((300.0, 200.0, 300.0 + SIDE, 200.0 + SIDE), score=score)
    between = faces_between([frame((1, 300))] * 3, [0.0, 0.1, 0.2], at(300), unsure, RULES)
    assert (between is not None) == (score >= RULES.least_score)


def test_face_that_is_covered_in_between_is_not_taken_for_seen() -> None:
    frames = [frame((1, 300)), frame(), frame((1, 300))]
    assert faces_between(frames, [0.0, 0.1, 0.2], at(300), at(300), RULES) is None


def test_box_that_leaves_the_picture_is_not_followed() -> None:
    outside = faces_of((-400.0, 200.0, -200.0, 400.0))
    assert faces_between([frame()] * 3, [0.0, 0.1, 0.2], outside, outside, RULES) is None


def test_what_moves_within_a_head_leaves_a_stretch_calm_and_what_moves_elsewhere_does_not() -> None:
    quiet, head, elsewhere = (frame((1, 300)) for _ in range(3))
    head[250:300, 350:450] = 255
    elsewhere[500:700, 900:1200] = 255
    assert is_calm([quiet, head, quiet], at(300), RULES)
    assert not is_calm([quiet, elsewhere, quiet], at(300), RULES)
    assert is_calm([quiet, elsewhere, elsewhere], at(300), RULES)


def test_a_body_below_its_head_may_move_and_what_comes_beside_the_head_may_not() -> None:
    quiet, body, beside = (frame((1, 300)) for _ in range(3))
    body[480:720, 100:700] = 255
    beside[200:720, 700:880] = 255  # somebody, head and all
    assert is_calm([quiet, body, quiet], at(300), RULES)
    assert not is_calm([quiet, beside, quiet], at(300), RULES)
    assert not is_calm([quiet, body, quiet], at(300), RULES.model_copy(update={"body": 0.0}))
    assert not is_calm([quiet, body, quiet], at(), RULES), "with nobody known, nobody's body"
