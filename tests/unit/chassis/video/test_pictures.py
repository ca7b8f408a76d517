"""Pictures in small are the same by whichever way they are made."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from av.video.frame import VideoFrame

from chassis.video.pictures import PictureReader

UNSPECIFIED = 2


@pytest.mark.parametrize(("width", "height"), [(1280, 720), (960, 540), (720, 576), (333, 251), (130, 74)])
@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuv422p", "yuv444p"])
def test_small_planes_are_the_means_of_what_they_show(width: int, height: int, pixel_format: str) -> None:
    noise = np.random.default_rng(3).integers(0, 256, (height, width, 3), dtype=np.uint8)
    rgb = np.ascontiguousarray(cv2.GaussianBlur(noise, (0, 0), 6.0))
    stored = VideoFrame.from_ndarray(rgb, format="rgb24").reformat(format=pixel_format)
    small = PictureReader().yuv(stored, width=64, height=36)
    assert small.shape == (3, 36, 64)
    for plane, shown in zip(stored.planes, small, strict=True):
        pixels = np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, plane.line_size)[:, : plane.width]
        expected = cv2.resize(pixels.astype(np.float32), (64, 36), interpolation=cv2.INTER_AREA)
        assert np.abs(shown - expected).max() <= 2.5


@pytest.mark.parametrize(("width", "height"), [(1920, 1080), (1920, 800), (3840, 2160)])
def test_those_of_large_pictures_are_on_average(width: int, height: int) -> None:
    noise = np.random.default_rng(3).integers(0, 256, (height, width), dtype=np.uint8)
    grey = cv2.normalize(cv2.GaussianBlur(noise, (0, 0), height / 120), None, 0, 255, cv2.NORM_MINMAX)
    stored = VideoFrame.from_ndarray(grey, format="gray").reformat(format="yuv420p")
    shown = PictureReader().yuv(stored, width=64, height=36)[0].astype(float)
    plane = stored.planes[0]
    pixels = np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, plane.line_size)[:, : plane.width]
    difference = np.abs(shown - cv2.resize(pixels.astype(np.float32), (64, 36), interpolation=cv2.INTER_AREA))
    assert difference.mean() <= 1.0
    assert difference.max() <= 6.0


def test_a_picture_in_full_range_comes_in_studio_range() -> None:
    white = VideoFrame.from_ndarray(np.full((144, 256, 3), 255, np.uint8)).reformat(format="yuvj420p")
    assert int(PictureReader().yuv(white, width=64, height=36)[0].max()) <= 236


@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuv422p", "yuv444p", "yuvj420p"])
@pytest.mark.parametrize(
    ("width", "height", "times"), [(1280, 720, 2), (2560, 1440, 4), (1606, 906, 2), (1281, 723, 2)]
)
def test_colours_of_a_picture_that_is_halved_are_those_it_has_in_full(
    width: int, height: int, times: int, pixel_format: str
) -> None:
    """Halved, it is of standard definition by its size; it says nothing of its colours, which are those of the whole one."""
    noise = np.random.default_rng(3).integers(0, 256, (height, width, 3), dtype=np.uint8)
    blurred = cv2.GaussianBlur(noise, (0, 0), 40.0).astype(np.float32)
    strong = (np.array([170, 90, 70]) + 4.0 * (blurred - blurred.mean())).clip(40, 210).astype(np.uint8)
    stored = VideoFrame.from_ndarray(np.ascontiguousarray(strong), format="rgb24").reformat(format=pixel_format)
    stored.colorspace = UNSPECIFIED
    size = (width // times, height // times)
    whole = PictureReader().rgb(stored, width=width, height=height)
    small = PictureReader().rgb(stored, width=size[0], height=size[1])
    difference = np.abs(small.astype(int) - cv2.resize(whole, size, interpolation=cv2.INTER_AREA))
    assert difference.mean() <= 2.5
    assert difference.max() <= 12
