"""Geometry between the frame, the analysed frame and the aligned chip."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.domain.faces import (
    CHIP_POINTS,
    ChipTemplate,
    align_chip,
    box_overlaps,
    fit_frame,
    half_size,
    non_maximum_suppression,
    similarity_transform,
)


@given(
    angle=st.floats(-math.pi, math.pi),
    scale=st.floats(0.05, 20),
    shift_x=st.floats(-2000, 2000),
    shift_y=st.floats(-2000, 2000),
)
def test_similarity_transform_recovers_what_moved_the_points(
    angle: float, scale: float, shift_x: float, shift_y: float
) -> None:
    linear = scale * np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    points = np.array(CHIP_POINTS)
    moved = points @ linear.T + [shift_x, shift_y]
    matrix = similarity_transform(points, moved)
    np.testing.assert_allclose(points @ matrix[:, :2].T + matrix[:, 2], moved, atol=1e-2 * max(1.0, scale))


def test_similarity_transform_never_mirrors() -> None:
    mirrored = np.array(CHIP_POINTS) * [-1, 1]
    matrix = similarity_transform(np.array(CHIP_POINTS), mirrored)
    assert np.linalg.det(matrix[:, :2]) > 0


@pytest.mark.parametrize("points", [np.zeros((5, 2)), np.full((5, 2), np.nan)])
def test_similarity_transform_refuses_points_without_shape(points: np.ndarray) -> None:
    with pytest.raises(ValueError, match="points must"):
        similarity_transform(points, CHIP_POINTS)


@pytest.mark.parametrize("zoom", [0.4, 1.0, 3.0, 7.0])
def test_align_chip_puts_landmarks_on_the_template(zoom: float) -> None:
    """A white disc painted on each landmark must appear at the template's point, also when the face is much larger."""
    side = int(200 * max(zoom, 1.0))
    landmarks = np.array(CHIP_POINTS) * zoom + 10
    rows, columns = np.mgrid[:side, :side]
    frame = np.zeros((side, side, 3), dtype=np.uint8)
    for x, y in landmarks:
        frame[(columns - x) ** 2 + (rows - y) ** 2 <= (5 * zoom) ** 2] = 255
    chip = align_chip(frame, landmarks.reshape(-1))
    assert chip.shape == (150, 150, 3)
    for x, y in CHIP_POINTS:
        around = chip[int(y) - 9 : int(y) + 10, int(x) - 9 : int(x) + 10, 0].astype(float)
        rows_around, columns_around = np.mgrid[int(y) - 9 : int(y) + 10, int(x) - 9 : int(x) + 10]
        assert (rows_around * around).sum() / around.sum() == pytest.approx(y, abs=0.6)
        assert (columns_around * around).sum() / around.sum() == pytest.approx(x, abs=0.6)


def test_align_chip_outside_the_frame_repeats_the_border() -> None:
    frame = np.full((40, 40, 3), 77, dtype=np.uint8)
    assert (align_chip(frame, np.array(CHIP_POINTS) - 100) == 77).all()


def test_align_chip_follows_another_template() -> None:
    chip = align_chip(np.zeros((50, 50, 3), np.uint8), CHIP_POINTS, chip=ChipTemplate(size=112, points=CHIP_POINTS))
    assert chip.shape == (112, 112, 3)


def test_box_overlaps_known_values() -> None:
    overlaps = box_overlaps([[0, 0, 10, 10], [5, 5, 5, 5]], [[0, 0, 10, 10], [5, 0, 15, 10], [20, 20, 30, 30]])
    assert overlaps.tolist() == [[1, pytest.approx(1 / 3), 0], [0, 0, 0]]


def test_suppression_keeps_the_best_of_doubles_and_all_others() -> None:
    boxes = [[0, 0, 10, 10], [1, 0, 11, 10], [30, 0, 40, 10]]
    assert non_maximum_suppression(boxes, [0.5, 0.9, 0.4], max_overlap=0.4).tolist() == [1, 2]
    assert non_maximum_suppression(boxes, [0.5, 0.9, 0.4], max_overlap=0.9).tolist() == [1, 0, 2]
    assert non_maximum_suppression(np.zeros((0, 4)), np.zeros(0), max_overlap=0.4).tolist() == []


@given(width=st.integers(1, 8000), height=st.integers(1, 8000), long_side=st.integers(64, 1280))
def test_fit_frame_is_analysable_and_goes_back(width: int, height: int, long_side: int) -> None:
    fit = fit_frame(width, height, long_side=long_side)
    assert all(side % 32 == 0 and side >= 64 for side in fit.analysed_size)
    assert max(fit.scaled_size) <= max(long_side, 1)
    corner = fit.to_frame([[0, 0, *fit.scaled_size]])[0]
    np.testing.assert_allclose(corner, [0, 0, width, height], rtol=1e-4)


def test_fit_frame_never_enlarges_and_pads_with_black() -> None:
    fit = fit_frame(100, 70, long_side=640)
    analysed = fit.apply(np.full((70, 100, 3), 200, dtype=np.uint8))
    assert analysed.shape == (96, 128, 3)
    assert (analysed[:70, :100] == 200).all()
    assert analysed[70:].max() == 0
    assert analysed[:, 100:].max() == 0


def test_fit_frame_refuses_a_frame_of_another_size() -> None:
    with pytest.raises(ValueError, match="expected"):
        fit_frame(100, 70, long_side=640).apply(np.zeros((71, 100, 3), dtype=np.uint8))


def test_half_size_fits_the_detector() -> None:
    halved = half_size(np.full((288, 480, 3), 9, dtype=np.uint8))
    assert halved.shape == (160, 256, 3)
    assert (halved[:144, :240] == 9).all()
    assert halved[144:].max() == 0
