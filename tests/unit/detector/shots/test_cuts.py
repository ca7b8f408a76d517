from __future__ import annotations

import cv2
import numpy as np
import pytest

from services.detector.rules import ShotRules
from services.detector.shots.cuts import ShotDetector, moved_difference
from services.detector.shots.dissolves import DissolveDetector
from tests.unit.detector.clips import RATE, Pixels, blend, frames_of, scene

A, B = scene(1), scene(2)
WHITE = np.full_like(A, 245)
BLACK = np.zeros_like(A)


def cuts(pictures: list[Pixels]) -> list[int]:
    detector = ShotDetector(ShotRules())
    decided = [entry for frame in frames_of(pictures) for entry in detector.push(frame)]
    decided += detector.finish()
    assert [entry.frame.ts_s for entry in decided] == [number / RATE for number in range(len(pictures))]
    return [number for number, entry in enumerate(decided) if entry.cut]


def dissolves(pictures: list[Pixels]) -> list[float]:
    shots, detector = ShotDetector(ShotRules()), DissolveDetector(ShotRules())
    entries = [entry for frame in frames_of(pictures) for entry in shots.push(frame)]
    for entry in [*entries, *shots.finish()]:
        detector.push(entry.frame, cut=entry.cut)
    return [middle * RATE for middle in detector.finish()]


def with_bars(picture: Pixels, how: str) -> Pixels:
    """The picture with black around it."""
    height, width = picture.shape[:2]
    beside = {"letterbox": (height // 3, 0), "pillarbox": (0, width // 3), "upright": (height, 0)}[how]
    return np.pad(picture, ((beside[0],) * 2, (beside[1],) * 2, (0, 0)))


def view(x: int) -> Pixels:
    wide = scene(5, width=1280, height=180, cells=(10, 70))
    return wide[:, x : x + 320]


def test_cut_is_found_at_the_first_frame_of_the_new_shot() -> None:
    assert cuts([A] * 15 + [B] * 15) == [15]


def test_cuts_in_quick_succession_are_all_found() -> None:
    assert cuts([A] * 6 + [B] * 6 + [scene(3)] * 6 + [scene(4)] * 6) == [6, 12, 18]


def test_cut_between_dark_pictures_is_found() -> None:
    dark = [np.asarray(picture // 8, dtype=np.uint8) for picture in (A, B)]
    assert cuts([dark[0]] * 15 + [dark[1]] * 15) == [15]


@pytest.mark.parametrize("how", ["letterbox", "pillarbox", "upright"])
def test_bars_around_the_picture_change_no_cut(how: str) -> None:
    like = np.asarray(0.75 * A + 0.25 * B, dtype=np.uint8)
    pictures = [A] * 15 + [like] * 15 + [B] * 15
    whole = cuts(pictures)
    assert whole == [15, 30]
    assert cuts([with_bars(picture, how) for picture in pictures]) == whole


def test_bars_hide_no_dissolve() -> None:
    pictures = [A] * 20 + [blend(A, B, number / 13) for number in range(1, 13)] + [B] * 20
    (middle,) = dissolves([with_bars(picture, "upright") for picture in pictures])
    assert middle == pytest.approx(26, abs=2)


def test_cut_over_one_mixed_frame_is_one_cut() -> None:
    found = cuts([A] * 15 + [blend(A, B, 0.5)] + [B] * 15)
    assert len(found) == 1
    assert found[0] in (15, 16)


@pytest.mark.parametrize("length", [1, 2, 3])
def test_flash_is_no_cut(length: int) -> None:
    assert cuts([A] * 15 + [blend(A, WHITE, 0.8)] * length + [A] * 15) == []


def test_black_drop_out_is_no_cut() -> None:
    assert cuts([A] * 15 + [BLACK] * 2 + [A] * 15) == []


@pytest.mark.parametrize("speed", [2, 8, 24])
def test_pan_is_no_cut(speed: int) -> None:
    assert cuts([view(x) for x in range(0, 960, speed)]) == []


def test_noise_of_changing_quality_is_no_cut() -> None:
    rng = np.random.default_rng(0)
    pumping = [
        np.clip(A.astype(int) + rng.normal(0, 3 if number % 12 else 12, A.shape), 0, 255).astype(np.uint8)
        for number in range(60)
    ]
    assert cuts(pumping) == []


@pytest.mark.parametrize("length", [8, 12, 25])
def test_dissolve_is_one_transition_near_its_middle(length: int) -> None:
    mixed = [blend(A, B, (step + 1) / (length + 1)) for step in range(length)]
    pictures = [A] * 20 + mixed + [B] * 25
    assert cuts(pictures) == []
    (middle,) = dissolves(pictures)
    assert middle == pytest.approx(20 + (length - 1) / 2, abs=1.5)


WIDE = [scene(seed, width=2560, height=180, cells=(4, 26)) for seed in (50, 70)]


def pan(wide: Pixels, speed: int, *, frames: int, since: int = 0) -> list[Pixels]:
    return [wide[:, since + speed * step : since + speed * step + 320] for step in range(frames)]


def test_a_dissolve_between_two_pans_is_one_transition_near_its_middle() -> None:
    parts = np.clip((np.arange(80) - 29) / 21, 0.0, 1.0)
    both = zip(pan(WIDE[0], 1, frames=80), pan(WIDE[1], 1, frames=80, since=900), parts, strict=True)
    pictures = [blend(one, other, float(part)) for one, other, part in both]
    assert cuts(pictures) == []
    (middle,) = dissolves(pictures)
    assert middle == pytest.approx(39.5, abs=2.5)


@pytest.mark.parametrize("speed", [3, 5, 8])
def test_a_pan_that_starts_and_ends_is_no_transition(speed: int) -> None:
    moving = pan(WIDE[0], speed, frames=50)
    assert dissolves([moving[0]] * 30 + moving + [moving[-1]] * 30) == []


@pytest.mark.parametrize("factor", [1.005, 1.01, 1.02])
def test_a_zoom_over_large_shapes_is_no_transition(factor: float) -> None:
    large = scene(90, width=1280, height=720, cells=(16, 14))
    pictures = []
    for step in range(45):
        across, down = (int(side / factor**step) for side in (640, 360))
        part = large[360 - down : 360 + down, 640 - across : 640 + across]
        pictures.append(np.asarray(cv2.resize(part, (320, 180), interpolation=cv2.INTER_AREA), dtype=np.uint8))
    assert dissolves([pictures[0]] * 20 + pictures + [pictures[-1]] * 20) == []


def test_fade_through_black_is_one_transition() -> None:
    down = [blend(A, BLACK, (step + 1) / 8) for step in range(8)]
    up = [blend(BLACK, B, (step + 1) / 8) for step in range(8)]
    found = [*cuts([A] * 20 + down + up + [B] * 20), *dissolves([A] * 20 + down + up + [B] * 20)]
    assert len(found) == 1
    assert found[0] == pytest.approx(28, abs=2)


def test_pan_and_zoom_and_dimming_are_no_transitions() -> None:
    detailed = scene(6, cells=(20, 36))

    def zoomed(factor: float) -> Pixels:
        width, height = int(320 / factor), int(180 / factor)
        left, top = (320 - width) // 2, (180 - height) // 2
        return np.asarray(cv2.resize(detailed[top : top + height, left : left + width], (320, 180)), dtype=np.uint8)

    assert dissolves([view(x) for x in range(0, 960, 8)]) == []
    assert dissolves([zoomed(1.01**step) for step in range(60)]) == []
    assert dissolves([np.asarray(A * (1 - 0.015 * step), dtype=np.uint8) for step in range(50)]) == []


@pytest.mark.parametrize("noise", [0.0, 5.0, 30.0])
def test_bound_of_a_moved_difference_changes_no_answer(noise: float) -> None:
    random = np.random.default_rng(5)
    rough = random.integers(0, 255, (3, 9, 16)).astype(np.uint8)
    before = np.stack([cv2.resize(plane, (64, 36), interpolation=cv2.INTER_CUBIC) for plane in rough])
    moved = np.roll(before, (2, -3), axis=(1, 2)) + random.normal(0, noise, before.shape)
    after = np.clip(moved, 0, 255).astype(np.uint8)
    exact = moved_difference(before, after, shift=4)
    for bound in (exact / 2, exact, exact * 1.001, exact * 3, 0.1, 1.0):
        assert (moved_difference(before, after, shift=4, below=bound) < bound) == (exact < bound)
