"""Every display matrix shows the picture upright, whatever else it does to it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.video.geometry import AS_STORED, Orientation, displayed, orientation_from
from tests.support.recordings import display_matrix

ALL = [Orientation(mirrored, turns) for mirrored in (False, True) for turns in range(4)]

IN_QUICKTIME = {
    "as it is": ((1, 0, 0, 1), Orientation()),
    "a quarter clockwise, as telephones write it": ((0, 1, -1, 0), Orientation(False, 3)),
    "half a turn": ((-1, 0, 0, -1), Orientation(False, 2)),
    "a quarter counter-clockwise": ((0, -1, 1, 0), Orientation(False, 1)),
    "left for right, as front cameras write it": ((-1, 0, 0, 1), Orientation(True, 0)),
    "upside down in a mirror": ((1, 0, 0, -1), Orientation(True, 2)),
    "transposed": ((0, 1, 1, 0), Orientation(True, 1)),
    "transposed over the other diagonal": ((0, -1, -1, 0), Orientation(True, 3)),
}


def matrix_of(a: float, b: float, c: float, d: float) -> np.ndarray:
    values = [a * 65536, b * 65536, 0, c * 65536, d * 65536, 0, 0, 0, 1 << 30]
    return np.array([round(value) for value in values], np.int32)


@pytest.mark.parametrize("name", IN_QUICKTIME)
def test_the_eight_ways_a_picture_can_lie(name: str) -> None:
    linear, expected = IN_QUICKTIME[name]
    assert orientation_from(matrix_of(*linear)) == expected


@given(
    orientation=st.sampled_from(ALL),
    scale=st.tuples(st.floats(0.1, 8), st.floats(0.1, 8)),
    width=st.integers(2, 7),
    height=st.integers(2, 7),
)
def test_every_pixel_goes_where_the_matrix_says(
    orientation: Orientation, scale: tuple[float, float], width: int, height: int
) -> None:
    matrix = np.array(display_matrix(orientation), np.int64).reshape(3, 3)[:2, :2] / 65536
    stored = np.arange(width * height, dtype=np.uint8).reshape(height, width)
    shown = orientation.apply(stored[..., None])[..., 0]
    places = np.array([(x, y) for y in range(height) for x in range(width)]) @ matrix
    places = np.round(places - places.min(axis=0)).astype(int)
    assert [shown[y, x] for x, y in places] == stored.ravel().tolist()
    scaled = (np.array(scale)[:, None] * matrix).ravel()
    assert orientation_from(matrix_of(*scaled)) == orientation


@given(matrix=st.lists(st.integers(-(2**31), 2**31 - 1), max_size=9))
def test_no_matrix_is_an_error(matrix: list[int]) -> None:
    assert orientation_from(np.array(matrix, np.int32)) in ALL


def test_a_matrix_that_leads_nowhere_leaves_the_picture() -> None:
    assert orientation_from(np.zeros(9, np.int32)) == AS_STORED


@pytest.mark.parametrize(
    ("stored", "aspect", "orientation", "shown"),
    [
        ((720, 576), 64 / 45, Orientation(), (1024, 576)),
        ((720, 576), 64 / 45, Orientation(False, 1), (576, 1024)),
        ((720, 576), 64 / 45, Orientation(True, 2), (1024, 576)),
        ((720, 480), 8 / 9, Orientation(), (640, 480)),
        ((640, 360), 0, Orientation(), (640, 360)),
        ((640, 360), 1000, Orientation(), (640, 360)),
    ],
)
def test_the_size_is_that_of_the_picture_as_shown(
    stored: tuple[int, int], aspect: float, orientation: Orientation, shown: tuple[int, int]
) -> None:
    assert displayed(*stored, aspect, orientation=orientation) == shown
