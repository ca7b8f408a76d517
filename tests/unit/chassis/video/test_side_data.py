"""Asking a picture for its side data keeps it no longer than whoever asks."""

from __future__ import annotations

import sys

import numpy as np
from av.sidedata.sidedata import Type
from av.video.frame import VideoFrame

from chassis.video.geometry import orientation_of
from chassis.video.side_data import side_data_of


def test_a_picture_that_was_asked_is_let_go_of_without_the_garbage_collector() -> None:
    picture = VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8))
    before = sys.getrefcount(picture)
    assert side_data_of(picture, Type.STEREO3D) is None
    assert orientation_of(picture) is None
    assert sys.getrefcount(picture) == before
