"""Looks: the same picture in another size looks the same, another one does not, and each quarter second has one."""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np
import pytest

from contracts.rows import LOOK_DIGITS, LOOK_PERIOD_S
from services.detector.shots.looks import NOTHING, Looks, first_look, look_of
from tests.unit.detector.clips import frames_of, scene


def distance(one: str, other: str) -> int:
    return (int(one, 16) ^ int(other, 16)).bit_count()


def test_a_picture_is_known_at_another_size_and_others_are_not_taken_for_it() -> None:
    large = scene(1, width=960, height=540)
    small = np.asarray(cv2.resize(large, (240, 136), interpolation=cv2.INTER_AREA), dtype=np.uint8)
    noise = np.random.default_rng(1).integers(-6, 7, small.shape)
    rough = np.clip(small.astype(int) + noise, 0, 255).astype(np.uint8)
    first, second, other = (look_of(frame.signature) for frame in frames_of([large, rough, scene(2)]))
    assert len(first) == LOOK_DIGITS
    assert distance(first, second) <= 10 < 30 < distance(first, other)


def test_black_and_white_tell_nothing() -> None:
    plain = [np.full((90, 160, 3), value, dtype=np.uint8) for value in (0, 128, 255)]
    assert {look_of(frame.signature) for frame in frames_of(plain)} == {NOTHING}


@pytest.mark.parametrize("rate", [10.0, 23.976, 25.0, 50.0])
def test_every_quarter_second_has_the_look_of_its_frame(rate: float) -> None:
    frames = frames_of([scene(number) for number in range(round(2.2 * rate))], rate=rate)
    looks = Looks(frames[0].ts_s)
    for frame in frames:
        looks.see(frame)
    end_s = frames[-1].ts_s + 1 / rate
    found = looks.between(0.0, end_s)
    each = [found[at : at + LOOK_DIGITS] for at in range(0, len(found), LOOK_DIGITS)]
    assert len(each) == first_look(end_s)
    for number, look in enumerate(each[:-1]):
        frame = next(frame for frame in frames if frame.ts_s >= number * LOOK_PERIOD_S - 1e-4)
        assert look == look_of(frame.signature)


def test_stretches_of_a_segment_share_its_looks_without_a_gap() -> None:
    frames = [frame for frame in frames_of([scene(number) for number in range(100)]) if frame.ts_s >= 1.1]
    looks = Looks(1.1)
    for frame in frames:
        looks.see(frame)
    borders = (1.1, 1.52, 2.0, 2.75, 3.9)
    parts = [looks.between(start, end) for start, end in pairwise(borders)]
    assert "".join(parts) == looks.between(1.1, 3.9)
    assert [len(part) // LOOK_DIGITS for part in parts] == [2, 1, 3, 5]
    assert Looks(0.0).between(0.0, 1.0) == NOTHING * 4
