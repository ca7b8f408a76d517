"""How wide the pixels of each picture are: broadcasts change it from one programme to the next without a word."""

from __future__ import annotations

from fractions import Fraction
from typing import Final

import av.error
from av.filter import Graph
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

DECODER_DELAY: Final = 64
"""More pictures than any decoder holds back. So long after a change of the decoder's own value it may be early."""

DECLARING_CONTAINERS: Final = frozenset({"mov", "matroska"})
"""Containers (first part of FFmpeg's name) with a field of their own for it; in others the pictures say it."""

_UNIT: Final = 4096


class PixelAspects:
    """Width over height of the pixels of one stream's pictures, in the order in which they are decoded.

    What the container declares holds (players follow it) until the pictures themselves say something new. Only then,
    and while the decoder starts, each picture is asked, which costs 20 µs.
    """

    def __init__(self, stream: VideoStream) -> None:
        self._decoder = stream.codec_context
        self._declared = float(stream.sample_aspect_ratio or 1)
        self._decoders = self._decoder.sample_aspect_ratio
        declares = stream.container.format.name.split(",")[0] in DECLARING_CONTAINERS
        self._first = float(self._decoders) if self._decoders and not declares else None
        self._asked = 0
        self._current = self._declared
        self._question: _Question | None = None

    def of(self, picture: VideoFrame) -> float:
        """The pixel aspect of the next picture; 1.0: square."""
        now = self._decoder.sample_aspect_ratio
        if now != self._decoders:
            self._decoders, self._asked = now, 0
        if self._asked < DECODER_DELAY:
            self._asked += 1
            self._current = self._ask(picture)
        return self._current

    def _ask(self, picture: VideoFrame) -> float:
        kind = (picture.width, picture.height, picture.format.name)
        if self._question is None or self._question.kind != kind:
            self._question = _Question(picture, kind)
        own = self._question.answer(picture)
        silent = own == 1.0 and self._decoders not in {None, 1} and self._first not in {None, 1.0}
        if own is None or silent:
            return self._declared
        if self._first is None:
            self._first = own
        return self._declared if abs(own - self._first) < 2 / _UNIT else own


class _Question:
    """Asks a picture for its pixel aspect by way of a filter: PyAV does not show that field of a frame."""

    def __init__(self, picture: VideoFrame, kind: tuple[int, int, str]) -> None:
        self.kind = kind
        self._graph: Graph | None = Graph()
        self._graph.threads = 1
        corner = f"{min(16, picture.width)}:{min(16, picture.height)}:0:0"
        try:
            nodes = (
                self._graph.add_buffer(
                    width=picture.width, height=picture.height, format=picture.format, time_base=Fraction(1, 1000)
                ),
                self._graph.add("crop", corner),
                self._graph.add(
                    "scale", w=f"max(2,min(8*{_UNIT},floor({_UNIT}*sar+0.5)))", h="2", flags="neighbor", eval="frame"
                ),
                self._graph.add("buffersink"),
            )
            self._graph.link_nodes(*nodes)
            self._graph.configure()
        except (av.error.FFmpegError, ValueError):
            self._graph = None

    def answer(self, picture: VideoFrame) -> float | None:
        """The pixel aspect, 1.0 also where the picture says nothing; None when it cannot be asked."""
        if self._graph is None:
            return None
        try:
            self._graph.vpush(picture)
            return self._graph.vpull().width / _UNIT
        except av.error.FFmpegError:
            self._graph = None
            return None
