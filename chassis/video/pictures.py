"""From decoded pictures to pixels in one kind of colour: RGB or small YUV of BT.709, whatever the video is made in."""

from __future__ import annotations

import tempfile
from fractions import Fraction
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt
from av.filter import Graph
from av.video.format import VideoFormat
from av.video.frame import VideoFrame
from av.video.plane import VideoPlane
from av.video.reformatter import ColorRange, Colorspace, Interpolation, VideoReformatter

from chassis.video.colour import matrix_of, needs_conversion, table_text

Pixels = npt.NDArray[np.uint8]

_DEEP: Final = "gbrp16le"
"""Planar, because the table is five times faster on it than on packed pixels, and 16 bit, because PQ needs them."""


_PLAIN: Final = frozenset({"yuv420p", "yuv422p", "yuv444p"})
"""Formats of 8 bits with planes of their own."""

_LAST_STEP: Final = 8
"""What is not so many times too wide any more is brought to its size in one step."""

_LARGE: Final = 24
"""A picture so many times too wide, as 1080p is of a signature, is halved once more: three quarters of the time went into
the last step, which is then of a quarter of the pixels."""


class PictureReader:
    """Gives pixels of pictures; best kept for pictures that are alike. Not thread-safe."""

    def __init__(self) -> None:
        self._reformatter = VideoReformatter()
        self._last_step = VideoReformatter()
        self._tables: dict[tuple[int, int, int, int], _Table] = {}

    def rgb(self, picture: VideoFrame, *, width: int, height: int) -> Pixels:
        """The picture as stored (not turned), scaled: RGB uint8 [height,width,3].

        High dynamic range and wide gamut come as BT.709. Transparency is left out: what is below shows.
        """
        if needs_conversion(picture):
            return self._by_table(picture, width, height).to_ndarray().astype(np.uint8, copy=False)
        matrix = matrix_of(picture)  # of the whole picture: where nothing is said, its size tells
        shown = self._scaled(_halved(picture, width, height), width, height, "rgb24", matrix)
        return shown.to_ndarray().astype(np.uint8, copy=False)

    def yuv(self, picture: VideoFrame, *, width: int, height: int) -> Pixels:
        """The picture as stored, scaled: Y, U and V in studio range as uint8 [3,height,width]."""
        if _is_plain(picture) and picture.width >= 2 * width and picture.height >= 2 * height:
            step = _LAST_STEP if picture.width < _LARGE * width else _LAST_STEP // 2
            small = np.empty((3, height, width), np.uint8)
            for plane, target in zip(picture.planes, small, strict=True):
                _average(_plane_pixels(plane), target, step)
            return small
        if needs_conversion(picture):
            rgb = self._by_table(picture, width, height)
            scaled = self._last_step.reformat(rgb, format="yuv444p", dst_colorspace=Colorspace.ITU709, threads=1)
        else:
            scaled = self._scaled(picture, width, height, "yuv444p", matrix_of(picture))
        return np.stack([_plane_pixels(plane) for plane in scaled.planes])

    def _scaled(
        self, picture: VideoFrame, width: int, height: int, pixel_format: str, matrix: Colorspace | None
    ) -> VideoFrame:
        full_range = pixel_format == "yuv444p" and picture.color_range == ColorRange.JPEG
        return self._reformatter.reformat(
            picture,
            width=width,
            height=height,
            format=pixel_format,
            src_colorspace=matrix,
            dst_colorspace=matrix,
            dst_color_range=ColorRange.MPEG if full_range else None,
            interpolation=Interpolation.AREA if height < picture.height else Interpolation.BILINEAR,
            threads=1,
        )

    def _by_table(self, picture: VideoFrame, width: int, height: int) -> VideoFrame:
        """RGB of 8 bits; scaled first, so that the table has less to do."""
        deep = self._scaled(picture, width, height, _DEEP, matrix_of(picture))
        key = (picture.color_trc, picture.color_primaries, width, height)
        table = self._tables.get(key)
        if table is None:
            self._tables.clear()  # pictures change their kind rarely
            table = self._tables[key] = _Table(*key)
        return table.convert(deep)


class _Table:
    """A look-up table of colours for pictures of one size."""

    def __init__(self, transfer: int, primaries: int, width: int, height: int) -> None:
        self._graph = Graph()
        self._graph.threads = 1
        source = self._graph.add_buffer(
            width=width, height=height, format=VideoFormat(_DEEP), time_base=Fraction(1, 1000)
        )
        with tempfile.NamedTemporaryFile("w", suffix=".cube") as file:
            file.write(table_text(transfer, primaries))
            file.flush()
            table = self._graph.add("lut3d", file=file.name, interp="tetrahedral")
        nodes = (source, table, self._graph.add("format", pix_fmts="rgb24"), self._graph.add("buffersink"))
        self._graph.link_nodes(*nodes)
        self._graph.configure()

    def convert(self, picture: VideoFrame) -> VideoFrame:
        self._graph.vpush(picture)
        return self._graph.vpull()


def _is_plain(picture: VideoFrame) -> bool:
    """Whether the planes are what is asked for already, but for their size."""
    return picture.format.name in _PLAIN and picture.color_range != ColorRange.JPEG and not needs_conversion(picture)


def _halved(picture: VideoFrame, width: int, height: int) -> VideoFrame:
    """The picture halved as often as it may be for a size: 2160 lines are 1080 in 2.5 ms, with the colours, instead of 9."""
    halvings = 0
    while min(picture.width // width, picture.height // height) >= 2 << halvings:
        halvings += 1
    if not halvings or picture.format.name not in _PLAIN:
        return picture
    small = VideoFrame(picture.width >> halvings, picture.height >> halvings, picture.format.name)
    small.colorspace, small.color_range = picture.colorspace, picture.color_range
    for plane, target in zip(picture.planes, small.planes, strict=True):
        pixels = _plane_pixels(plane)
        for _ in range(halvings - 1):
            halves = (pixels.shape[1] // 2, pixels.shape[0] // 2)
            pixels = np.asarray(cv2.resize(pixels, halves, interpolation=cv2.INTER_AREA), dtype=np.uint8)
        stored = np.frombuffer(memoryview(target), np.uint8).reshape(target.height, target.line_size)
        stored[:, : target.width] = cv2.resize(pixels, (target.width, target.height), interpolation=cv2.INTER_AREA)
    return small


def _average(plane: Pixels, target: Pixels, last_step: int) -> None:
    """Fills a small picture with the mean of every pixel's area: by halves at first, which takes a third of the time.

    It differs by 2 at most where the last step is 8, with 4 by up to 15 on sharp edges and 0.3 on average: cuts and
    dissolves of all labelled sets, brought to 1080p, are the same.
    """
    height, width = target.shape
    while plane.shape[1] >= last_step * width and plane.shape[0] >= last_step // 2 * height:
        halves = (plane.shape[1] // 2, plane.shape[0] // 2)
        plane = np.asarray(cv2.resize(plane, halves, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    cv2.resize(plane, (width, height), dst=target, interpolation=cv2.INTER_AREA)


def _plane_pixels(plane: VideoPlane) -> Pixels:
    """The plane [H,W] without the padding at the end of its rows."""
    stored = np.frombuffer(memoryview(plane), np.uint8)
    return stored.reshape(plane.height, plane.line_size)[:, : plane.width]
