"""Videos as devices and programs write them: any geometry, colour, interlacing and clock, all showing the same pictures.

`write_recording` is given pictures as people shall see them, and stores them so that a right player shows just those.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import av
import cv2
import numpy as np
import numpy.typing as npt
from av.video.frame import VideoFrame
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc

from chassis.video.geometry import Orientation

Pixels = npt.NDArray[np.uint8]
Doubles = npt.NDArray[np.float64]

UPRIGHT: Final = Orientation()


@dataclass(frozen=True, kw_only=True)
class Colours:
    """How colours are stored; codes of H.273. `unnamed`: the file does not say which matrix it is."""

    matrix: Colorspace = Colorspace.ITU709
    primaries: ColorPrimaries = ColorPrimaries.BT709
    transfer: ColorTrc = ColorTrc.BT709
    full_range: bool = False
    unnamed: bool = False


BT709 = Colours()
BT601 = Colours(matrix=Colorspace.ITU601, primaries=ColorPrimaries.SMPTE170M, transfer=ColorTrc.SMPTE170M)
FULL_RANGE = Colours(full_range=True)
BT2020 = Colours(matrix=Colorspace.BT2020, primaries=ColorPrimaries.BT2020, transfer=ColorTrc.BT2020_10)
PQ = Colours(matrix=Colorspace.BT2020, primaries=ColorPrimaries.BT2020, transfer=ColorTrc.SMPTE2084)
HLG = Colours(matrix=Colorspace.BT2020, primaries=ColorPrimaries.BT2020, transfer=ColorTrc.ARIB_STD_B67)


@dataclass(frozen=True, kw_only=True)
class Recording:
    """One kind of file. `pixel_aspect` is stored pixels' width over height, `clock` the encoder's, `start_s` its first."""

    suffix: str = ".mp4"
    codec: str = "libx264"
    options: Mapping[str, str] = field(default_factory=dict)
    pixel_format: str = "yuv420p"
    rate: Fraction = Fraction(25)
    clock: Fraction | None = None
    start_s: float = 0.0
    orientation: Orientation = UPRIGHT
    pixel_aspect: Fraction = Fraction(1)
    colours: Colours = BT709
    interlaced: bool = False


QUICK: Final[dict[str, dict[str, str]]] = {
    "libx264": {"preset": "ultrafast", "crf": "10", "threads": "1"},
    "libx265": {"preset": "ultrafast", "crf": "10", "x265-params": "log-level=none:pools=none:frame-threads=1"},
    "libvpx": {"deadline": "realtime", "cpu-used": "8", "b": "4M", "threads": "1"},
    "libvpx-vp9": {"deadline": "realtime", "cpu-used": "8", "b": "4M", "threads": "1"},
    "libsvtav1": {"preset": "12", "crf": "12", "svtav1-params": "lp=1"},
    "mpeg2video": {"q": "2", "b": "12M", "maxrate": "15M", "bufsize": "4M"},
    "mpeg4": {"b": "8M"},
    "mjpeg": {"b": "20M", "strict": "unofficial"},
    "prores_ks": {"vendor": "apl0"},
}
"""Options for good pictures at little cost."""


def write_recording(path: Path, pictures: Sequence[Pixels], recording: Recording) -> Path:
    """Stores pictures [H,W,3] (RGB, BT.709) as they are to be seen; interlaced ones take two pictures a frame."""
    clock = recording.clock or 1 / recording.rate
    options = {**QUICK.get(recording.codec, {}), **recording.options}
    with av.open(str(path), "w") as container:
        stream: Any = None
        for number, stored in enumerate(_stored(pictures, recording)):
            if stream is None:
                stream = container.add_stream(recording.codec, rate=recording.rate, options=options)
                stream.height, stream.width = stored.height, stored.width
                stream.pix_fmt = recording.pixel_format
                stream.codec_context.time_base = clock
                stream.codec_context.sample_aspect_ratio = recording.pixel_aspect
                _name_colours(stream.codec_context, recording.colours)
                if recording.orientation != UPRIGHT:
                    stream.set_display_matrix(display_matrix(recording.orientation))
            stored.time_base = clock
            stored.pts = round((recording.start_s + float(number / recording.rate)) / clock)
            container.mux(stream.encode(stored))
        container.mux(stream.encode(None))
    return path


def join_recordings(path: Path, parts: Sequence[Path], *, every_s: float) -> Path:
    """One stream of the packets of several files, each `every_s` after the one before."""
    with av.open(str(path), "w") as joined:
        stream: Any = None
        for number, part in enumerate(parts):
            with av.open(str(part)) as source:
                template: Any = source.streams.video[0]
                if stream is None:
                    stream = joined.add_stream_from_template(template)
                shift = round(number * every_s / template.time_base)
                packet: Any
                for packet in source.demux(template):
                    if packet.dts is not None:
                        packet.dts += shift
                        packet.pts += shift
                        packet.stream = stream
                        joined.mux(packet)
    return path


def display_matrix(orientation: Orientation) -> list[int]:
    """The display matrix that makes a player show a stored picture in this orientation."""
    one = 65536
    cosine, sine = ((1, 0), (0, -1), (-1, 0), (0, 1))[orientation.quarter_turns % 4]
    mirror = -1 if orientation.mirrored else 1
    return [mirror * cosine * one, mirror * sine * one, 0, -sine * one, cosine * one, 0, 0, 0, 1 << 30]


def _stored(pictures: Sequence[Pixels], recording: Recording) -> Iterator[VideoFrame]:
    turned = [_laid_down(picture, recording.orientation) for picture in pictures]
    if recording.interlaced:
        turned = [_woven(first, second) for first, second in zip(turned[::2], turned[1::2], strict=True)]
    for picture in turned:
        height, width = picture.shape[:2]
        narrow = 2 * round(width / recording.pixel_aspect / 2)
        squeezed = cv2.resize(picture, (narrow, height), interpolation=cv2.INTER_AREA) if narrow != width else picture
        yield _coloured(np.asarray(squeezed, dtype=np.uint8), recording)


def _laid_down(upright: Pixels, orientation: Orientation) -> Pixels:
    """What `orientation` makes upright again."""
    turned = np.rot90(upright, -orientation.quarter_turns)
    return np.ascontiguousarray(turned[:, ::-1] if orientation.mirrored else turned)


def _woven(first: Pixels, second: Pixels) -> Pixels:
    """A frame whose even rows are of the first picture and whose odd rows are of the second."""
    frame = first.copy()
    frame[1::2] = second[1::2]
    return frame


def _coloured(picture: Pixels, recording: Recording) -> VideoFrame:
    colours = recording.colours
    signal = picture.astype(np.float64) / 255
    if colours.transfer in {ColorTrc.SMPTE2084, ColorTrc.ARIB_STD_B67} or colours.primaries == ColorPrimaries.BT2020:
        signal = _in_wide_gamut(signal, colours)
    deep = np.ascontiguousarray(np.round(signal * 65535), dtype=np.uint16)
    is_rgb = av.VideoFormat(recording.pixel_format).is_rgb
    frame = VideoFrame.from_ndarray(deep, format="rgb48le").reformat(
        format=recording.pixel_format,
        dst_colorspace=None if is_rgb else colours.matrix,
        dst_color_range=None if is_rgb else ColorRange.JPEG if colours.full_range else ColorRange.MPEG,
    )
    frame.color_primaries, frame.color_trc = colours.primaries, colours.transfer
    if colours.unnamed:
        frame.colorspace, frame.color_primaries, frame.color_trc = 2, 2, 2
    return frame


def _name_colours(encoder: Any, colours: Colours) -> None:
    if encoder.format.is_rgb:
        return
    encoder.color_range = ColorRange.JPEG if colours.full_range else ColorRange.MPEG
    if not colours.unnamed:
        names = {Colorspace.ITU709: 1, Colorspace.ITU601: 6, Colorspace.SMPTE240M: 7, Colorspace.BT2020: 9}
        encoder.colorspace = names[colours.matrix]
        encoder.color_primaries, encoder.color_trc = colours.primaries, colours.transfer


def _in_wide_gamut(signal: Doubles, colours: Colours) -> Doubles:
    """A standard picture put into BT.2020 with PQ or HLG as it is: its white is 100 nits."""
    light = signal**2.4
    if colours.primaries == ColorPrimaries.BT2020:
        to_2020 = ((0.6274, 0.3293, 0.0433), (0.0691, 0.9195, 0.0114), (0.0164, 0.088, 0.8956))
        light = light @ np.array(to_2020).T
    if colours.transfer == ColorTrc.SMPTE2084:
        m1, m2, c1, c2, c3 = 2610 / 16384, 2523 / 32, 3424 / 4096, 2413 / 128, 2392 / 128
        power = (light / 100) ** m1
        return np.asarray(((c1 + c2 * power) / (1 + c3 * power)) ** m2)
    if colours.transfer == ColorTrc.ARIB_STD_B67:
        a, b, c = 0.17883277, 0.28466892, 0.55991073
        nits = light / 10  # of the 1000 a screen for HLG has
        luminance = np.maximum(nits @ np.array((0.2627, 0.678, 0.0593)), 1e-9)
        scene = nits * (luminance ** (1 / 1.2 - 1))[..., None]
        return np.asarray(
            np.where(scene <= 1 / 12, np.sqrt(3 * scene), a * np.log(np.maximum(12 * scene - b, 1e-9)) + c)
        )
    return np.asarray(light ** (1 / 2.4))
