from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass

import cv2
import numpy as np
import pytest

from chassis.domain.crop_archive import chip_member, decode_jpeg, encode_jpeg, pack_crops, read_chips
from chassis.domain.faces import (
    CHIP_POINTS,
    CROP_TEMPLATE,
    DEFAULT_CHIP,
    ChipTemplate,
    align_chip,
    inner_chip,
    map_points,
)
from contracts.rows import FaceQuality
from services.detector.pictures.alignment import appearance, cut_crop, likeness
from services.detector.pictures.best_crops import BestPictures
from services.detector.pictures.quality import face_quality, frontality
from services.detector.pictures.squares import cut_square
from services.detector.rules import QualityRules
from tests.unit.detector.clips import Pixels, scene

RULES = QualityRules()
POINTS = np.array(CHIP_POINTS, dtype=np.float32)
FRONTAL = POINTS.reshape(10)
ARCFACE = ChipTemplate(
    size=112,
    points=((38.2946, 51.6963), (73.5318, 51.5014), (56.0252, 71.7366), (41.5493, 92.3655), (70.7299, 92.2041)),
)


@dataclass(frozen=True)
class Shown:
    """A picture of a track, as far as choosing is concerned."""

    ts_s: float
    score: float


def judged(chip: Pixels, **changes: float) -> FaceQuality:
    values = {"score": 0.9, "face_px": 120.0} | changes
    return face_quality(chip=chip, landmarks=FRONTAL, rules=RULES, **values)


def textured() -> Pixels:
    return scene(7, width=150, height=150, cells=(50, 50))


def test_every_part_of_quality_falls_with_its_cause() -> None:
    chip = textured()
    best = judged(chip)
    blurred = judged(cv2.GaussianBlur(chip, (0, 0), 6).astype(np.uint8))
    flat = judged((chip // 8 + 100).astype(np.uint8))
    darkened = judged((chip * 0.45).astype(np.uint8))
    assert abs(darkened.sharpness - best.sharpness) < 0.1
    assert blurred.sharpness < best.sharpness - 0.2
    assert flat.contrast < best.contrast - 0.2
    assert judged(chip, face_px=24.0).size < best.size - 0.3
    assert judged(chip, score=0.4).confidence < best.confidence - 0.3
    assert max(blurred.score, flat.score, judged(chip, face_px=24.0).score) < best.score


def test_turned_faces_are_less_frontal_and_tilted_ones_are_not() -> None:
    turned = POINTS.copy()
    turned[2, 0] += 16
    angle = np.deg2rad(30)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    assert frontality(FRONTAL, RULES) > 0.9
    assert frontality(turned.reshape(10), RULES) < 0.6
    tilted = (POINTS @ turn.T).astype(np.float32).reshape(10)
    assert frontality(tilted, RULES) == pytest.approx(frontality(FRONTAL, RULES), abs=1e-4)
    assert frontality(np.full(10, 50.0, dtype=np.float32), RULES) == 0.0


@pytest.mark.parametrize(
    ("scale", "x", "y"), [(0.4, 600.0, 200.0), (1.3, 100.0, 60.0), (4.0, 300.0, -80.0), (0.3, 0.0, 0.0)]
)
def test_chip_cut_from_the_surroundings_equals_the_one_from_the_whole_frame(scale: float, x: float, y: float) -> None:
    frame = scene(9, width=960, height=540, cells=(30, 50))
    landmarks = (POINTS * scale + (x, y)).astype(np.float32).reshape(10)
    crop, points = cut_crop(frame, landmarks)
    whole = align_chip(frame, landmarks)
    assert np.abs(inner_chip(crop).astype(int) - whole.astype(int)).mean() < 3
    assert np.abs(points.reshape(5, 2) - CROP_TEMPLATE.points).max() < 0.1


@pytest.mark.parametrize("turned", [0.0, 35.0])
def test_any_embedders_chip_can_be_cut_out_of_the_crop(turned: float) -> None:
    """As if it were cut out of the frame, blurred a little by being cut twice; also for a turned, uneven face."""
    frame = np.asarray(cv2.GaussianBlur(scene(9, width=960, height=540, cells=(30, 50)), (0, 0), 4), dtype=np.uint8)
    uneven = POINTS + np.array([[3, 0], [-5, 2], [9, 1], [2, -2], [-4, 1]], dtype=np.float32)
    rotation = cv2.getRotationMatrix2D((75, 75), turned, 1.3)
    landmarks = (map_points(rotation, uneven) + np.array([400, 180], dtype=np.float32)).reshape(10)
    crop, points = cut_crop(frame, landmarks)
    for template in (ARCFACE, DEFAULT_CHIP):
        straight = align_chip(frame, landmarks, chip=template).astype(int)
        twice = align_chip(crop, points, chip=template).astype(int)
        assert np.abs(straight - twice).mean() < 2.5


def test_landmarks_at_one_place_are_refused() -> None:
    with pytest.raises(ValueError, match="same place"):
        cut_crop(scene(1), np.full(10, 20.0, dtype=np.float32))


def test_appearance_tells_another_face_from_the_same_in_another_light() -> None:
    chip, other = scene(1, width=150, height=150), scene(2, width=150, height=150)
    assert likeness(appearance(chip), appearance((chip * 0.7).astype(np.uint8))) > 0.95
    assert likeness(appearance(chip), appearance(other)) < 0.5


def test_best_pictures_are_bounded_spread_and_best_first() -> None:
    best = BestPictures[Shown](limit=4, spacing_s=0.1)
    rng = np.random.default_rng(3)
    for number in range(200):
        best.add(Shown(number * 0.1, float(rng.random())))
        assert len(best.kept) <= 4
    scores = [picture.score for picture in best.kept]
    times = sorted(picture.ts_s for picture in best.kept)
    assert scores == sorted(scores, reverse=True)
    assert len(times) >= 3
    assert min(np.diff(times)) >= best.spacing_s - 1e-6
    assert times[-1] - times[0] > 8


def test_few_pictures_are_all_kept() -> None:
    best = BestPictures[Shown](limit=16, spacing_s=0.1)
    for number in range(10):
        best.add(Shown(number * 0.125, 0.5))
    assert len(best.kept) == 10


@pytest.mark.parametrize("box", [(10, 10, 60, 80), (-20, -10, 100, 130), (300, 150, 330, 190), (0, 0, 320, 500)])
def test_surroundings_are_square_and_inside_the_frame_and_know_where_they_are(box: tuple[float, ...]) -> None:
    frame = scene(1)
    square = cut_square(frame, box, margin=0.4, largest=64)
    assert square.picture.shape[0] == square.picture.shape[1] <= 64
    assert 0 <= square.left <= frame.shape[1] - square.side
    assert 0 <= square.top <= frame.shape[0] - square.side
    assert square.to_frame(square.from_frame(box)) == pytest.approx(np.array(box), abs=0.01)


def test_archive_is_the_same_for_the_same_pictures_and_gives_them_back_in_order() -> None:
    chips = [scene(number, width=150, height=150) for number in range(3)]
    names = [chip_member("track-00000-001", number) for number in range(3)]
    files = [(name, encode_jpeg(chip, quality=95)) for name, chip in zip(names, chips, strict=True)]
    archive = pack_crops(files)
    assert archive == pack_crops(reversed(files))
    read = read_chips(archive, [(names[2], None), (names[0], None)], chip=DEFAULT_CHIP)
    assert read.shape == (2, 150, 150, 3)
    assert np.abs(read[0].astype(int) - chips[2].astype(int)).mean() < 3
    assert np.abs(read[1].astype(int) - chips[0].astype(int)).mean() < 3
    with zipfile.ZipFile(io.BytesIO(archive)) as file:
        assert all(entry.compress_type == zipfile.ZIP_STORED for entry in file.infolist())


def test_archive_refuses_what_is_missing_doubled_or_no_chip() -> None:
    archive = pack_crops([("a", encode_jpeg(scene(1), quality=90)), ("b", b"no picture")])
    with pytest.raises(KeyError):
        read_chips(archive, [("c", None)], chip=DEFAULT_CHIP)
    with pytest.raises(ValueError, match="320x180"):
        read_chips(archive, [("a", None)], chip=DEFAULT_CHIP)
    with pytest.raises(ValueError, match="readable"):
        read_chips(archive, [("b", None)], chip=DEFAULT_CHIP)
    with pytest.raises(ValueError, match="same name"):
        pack_crops([("a", b""), ("a", b"")])
    with pytest.raises(ValueError, match="readable"):
        decode_jpeg(b"")
