"""Decoded pictures as they are shown: upright, in their proportions, without the combs of interlaced video."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from chassis.video.colour import is_high_range
from chassis.video.deinterlacing import Deinterlacer
from chassis.video.geometry import AS_STORED, Orientation, Pixels, displayed, orientation_of
from chassis.video.pictures import PictureReader
from chassis.video.pixel_aspect import PixelAspects
from chassis.video.references import ReferenceGate


@dataclass(frozen=True, slots=True)
class Geometry:
    """Which shape a picture has: stored width and height, the width of a pixel over its height, which way up."""

    width: int
    height: int
    pixel_aspect: float
    orientation: Orientation

    @property
    def size(self) -> tuple[int, int]:
        """Width and height as shown."""
        return displayed(self.width, self.height, self.pixel_aspect, orientation=self.orientation)


@dataclass(frozen=True, slots=True)
class ShownPicture:
    """One picture. `decoded` has its times and flags, `picture` its pixels, deinterlaced where they were interlaced."""

    decoded: VideoFrame
    picture: VideoFrame
    geometry: Geometry

    @property
    def is_high_range(self) -> bool:
        """Whether its colours are brought to standard range."""
        return is_high_range(self.picture)

    @property
    def is_deinterlaced(self) -> bool:
        """Whether its rows are of two moments."""
        return self.picture is not self.decoded and self.decoded.interlaced_frame

    def rgb(self, reader: PictureReader, *, width: int, height: int) -> Pixels:
        """The picture upright, scaled to a size as shown: RGB uint8 [height,width,3]."""
        orientation = self.geometry.orientation
        stored = (height, width) if orientation.swaps_sides else (width, height)
        return orientation.apply(reader.rgb(self.picture, width=stored[0], height=stored[1]))


class ShownPictures:
    """Takes the decoder's pictures of one stream in order, from one seek on, and gives them as they are shown.

    Pictures that lack what they are built on are left out; `left_out` is called with each. `pixel_stretch` is that of
    `Recording`.
    """

    def __init__(
        self,
        stream: VideoStream,
        *,
        pixel_stretch: float = 1.0,
        left_out: Callable[[VideoFrame], None] = lambda _picture: None,
    ) -> None:
        self._left_out = left_out
        self._pixel_stretch = pixel_stretch
        self._latest_orientation = AS_STORED
        self._gate = ReferenceGate(stream.codec_context.name)
        self._aspects = PixelAspects(stream)
        self._deinterlacer: Deinterlacer[tuple[VideoFrame, Geometry]] = Deinterlacer()

    def push(self, decoded: VideoFrame) -> Iterator[ShownPicture]:
        """Adds the next picture; yields those that are ready by now."""
        if not self._gate.admits(decoded):
            self._left_out(decoded)
            return
        aspect = self._aspects.of(decoded) * self._pixel_stretch
        geometry = Geometry(decoded.width, decoded.height, aspect, self._orientation(decoded))
        for picture, (original, shape) in self._deinterlacer.push(decoded, (decoded, geometry)):
            yield ShownPicture(original, picture, shape)

    def _orientation(self, decoded: VideoFrame) -> Orientation:
        """A container turns all pictures alike; a codec says it at a keyframe, for those up to the next (H.264 D.2.27)."""
        named = orientation_of(decoded)
        if named is not None or decoded.key_frame:
            self._latest_orientation = named or AS_STORED
        return self._latest_orientation

    def finish(self) -> Iterator[ShownPicture]:
        """Yields what is left when no more come."""
        for picture, (original, shape) in self._deinterlacer.finish():
            yield ShownPicture(original, picture, shape)


def as_shown(
    stream: VideoStream, decoded: Iterable[VideoFrame], *, pixel_stretch: float = 1.0
) -> Iterator[ShownPicture]:
    """The decoder's pictures of one stream, from one seek on, as they are shown."""
    shown = ShownPictures(stream, pixel_stretch=pixel_stretch)
    for picture in decoded:
        yield from shown.push(picture)
    yield from shown.finish()
