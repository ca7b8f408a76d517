"""Copies of a labelled video as they come in practice: other codecs, rates, sizes, containers and time lines.

Every copy shows frames of the original at known times, so its labels follow from the original's.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Final

import av
import cv2
import numpy as np
import numpy.typing as npt
from av.container import OutputContainer
from av.video.frame import PictureType, VideoFrame
from av.video.stream import VideoStream

from benchmarks.truth import LabelledEpisode, Timeline, Truth

CLOCK: Final = 90_000
"""Ticks per second of the copies; every frame's time is off by at most 6 microseconds."""

BLACK: Final = -1
SHORT_SEGMENT_S: Final = 4.0

Pictures = Iterator[VideoFrame]
Pixels = npt.NDArray[np.uint8]
Damage = Callable[[Pixels, int], Pixels]
"""What a poor camera or copy makes of a picture (rows, columns, BGR), the how-manieth it is."""


@dataclass(frozen=True, kw_only=True)
class Encoding:
    """How a copy is written. `segment_s` is the segment length it is to be processed with (None: the usual one)."""

    suffix: str = ".mp4"
    codec: str = "libx264"
    options: dict[str, str] = field(default_factory=lambda: {"preset": "veryfast", "crf": "20"})
    container_options: dict[str, str] = field(default_factory=dict)
    keyframe_every: int = 50
    keyframes_at_cuts_only: bool = False
    height: int | None = None
    quarter_turns: int = 0
    start_s: Fraction = Fraction(0)
    segment_s: float | None = None
    damage: Damage | None = None


@dataclass(frozen=True, kw_only=True)
class Variant:
    """One way to make a copy. `timeline` gets the labels and the original's number of frames."""

    name: str
    what: str
    timeline: Callable[[Truth, int], Timeline]
    encoding: Encoding


def _same_frames(truth: Truth, frames: int) -> Timeline:
    times = tuple(number / truth.fps for number in range(frames))
    return Timeline(source_frames=tuple(range(frames)), times_s=times, duration_s=frames / truth.fps)


def _irregular(truth: Truth, frames: int) -> Timeline:
    """Drops a third of the frames at random, with holes of up to three; the first and the last two stay."""
    chance = random.Random(1)
    kept = [0]
    for number in range(1, frames):
        must_stay = number >= frames - 2 or number - kept[-1] > 3
        if must_stay or chance.random() > 1 / 3:
            kept.append(number)
    return Timeline(
        source_frames=tuple(kept),
        times_s=tuple(number / truth.fps for number in kept),
        duration_s=frames / truth.fps,
    )


def _at_film_rate(truth: Truth, frames: int) -> Timeline:
    """24000/1001 frames per second, each showing what the original shows at that moment."""
    rate = 24_000 / 1001
    count = int(frames / truth.fps * rate)
    times = tuple(number / rate for number in range(count))
    source = tuple(min(frames - 1, int(time * truth.fps + 1e-6)) for time in times)
    return Timeline(source_frames=source, times_s=times, duration_s=count / rate)


def _trimmed(truth: Truth, frames: int) -> Timeline:
    """The first 0.8 s lie before the start, where an edit list hides them from the viewer."""
    hidden = round(0.8 * truth.fps)
    return Timeline(
        source_frames=tuple(range(frames)),
        times_s=tuple((number - hidden) / truth.fps for number in range(frames)),
        duration_s=(frames - hidden) / truth.fps,
    )


def _after_black(truth: Truth, frames: int) -> Timeline:
    black = round(10 * truth.fps)
    return Timeline(
        source_frames=(BLACK,) * black + tuple(range(frames)),
        times_s=tuple(number / truth.fps for number in range(black + frames)),
        duration_s=(black + frames) / truth.fps,
    )


VARIANTS: Final = (
    Variant(name="vfr", what="a third of the frames dropped irregularly", timeline=_irregular, encoding=Encoding()),
    Variant(
        name="1080p",
        what="scaled up to 1080 lines",
        timeline=_same_frames,
        encoding=Encoding(height=1080, options={"preset": "ultrafast", "crf": "22"}),
    ),
    Variant(name="23.976", what="re-timed to 23.976 frames a second", timeline=_at_film_rate, encoding=Encoding()),
    Variant(
        name="hevc",
        what="HEVC in Matroska",
        timeline=_same_frames,
        encoding=Encoding(
            suffix=".mkv",
            codec="libx265",
            options={"preset": "ultrafast", "crf": "24", "x265-params": "log-level=error:pools=1:frame-threads=1"},
        ),
    ),
    Variant(
        name="vp9",
        what="VP9 in Matroska",
        timeline=_same_frames,
        encoding=Encoding(
            suffix=".mkv",
            codec="libvpx-vp9",
            options={"deadline": "realtime", "cpu-used": "8", "b": "2M", "row-mt": "0"},
        ),
    ),
    Variant(
        name="rotated",
        what="stored lying on its side, with the flag that turns it upright",
        timeline=_same_frames,
        encoding=Encoding(quarter_turns=1),
    ),
    Variant(name="black", what="ten seconds of black in front", timeline=_after_black, encoding=Encoding()),
    Variant(
        name="late-start",
        what="starts at 7.2 s of its container's clock (edit list)",
        timeline=_same_frames,
        encoding=Encoding(start_s=Fraction(36, 5)),
    ),
    Variant(
        name="trimmed",
        what="an edit list hides the first 0.8 s",
        timeline=_trimmed,
        encoding=Encoding(container_options={"avoid_negative_ts": "disabled"}),
    ),
    Variant(
        name="ts",
        what="MPEG transport stream: no index, does not start at zero",
        timeline=_same_frames,
        encoding=Encoding(suffix=".ts", start_s=Fraction(7, 5)),
    ),
    Variant(
        name="borders-in-shots",
        what="segments of 4 s, borders in the middle of shots",
        timeline=_same_frames,
        encoding=Encoding(
            keyframe_every=13,
            options={"preset": "veryfast", "crf": "20", "sc_threshold": "0"},
            segment_s=SHORT_SEGMENT_S,
        ),
    ),
    Variant(
        name="borders-on-cuts",
        what="segments of 4 s, borders exactly on cuts",
        timeline=_same_frames,
        encoding=Encoding(keyframes_at_cuts_only=True, keyframe_every=100_000, segment_s=SHORT_SEGMENT_S),
    ),
)


def _dark_and_noisy(picture: Pixels, number: int) -> Pixels:
    noise = np.random.default_rng(number).normal(0.0, 4.0, picture.shape)
    return np.clip(picture * 0.5 + noise, 0, 255).astype(np.uint8)


def _blurred(picture: Pixels, _number: int) -> Pixels:
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), picture.shape[0] / 400), dtype=np.uint8)


def _grey(picture: Pixels, _number: int) -> Pixels:
    grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
    return np.asarray(cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR), dtype=np.uint8)


def _upright(picture: Pixels, _number: int) -> Pixels:
    """As wide as it was high, with bars above and below to 9:16."""
    height, width = picture.shape[:2]
    shown = cv2.resize(picture, (height, height * height // width), interpolation=cv2.INTER_AREA)
    canvas = np.zeros((height * 16 // 9, height, 3), dtype=np.uint8)
    above = (canvas.shape[0] - shown.shape[0]) // 2
    canvas[above : above + shown.shape[0]] = shown
    return canvas


def _damaged(name: str, what: str, damage: Damage, *, crf: int, height: int | None = None) -> Variant:
    encoding = Encoding(options={"preset": "veryfast", "crf": str(crf)}, damage=damage, height=height)
    return Variant(name=name, what=what, timeline=_same_frames, encoding=encoding)


DAMAGED: Final[Sequence[Variant]] = (
    _damaged("dark", "270 lines, dark, noisy, crf 33", _dark_and_noisy, crf=33, height=270),
    _damaged("blurred", "blurred by a 400th of the height, crf 28", _blurred, crf=28),
    _damaged("grey", "without colour, in blocks: crf 38", _grey, crf=38),
    _damaged("upright", "in an upright picture, crf 30", _upright, crf=30),
)
"""Copies that show people worse than the original does."""


def reencode(episode: LabelledEpisode, variant: Variant, folder: Path) -> LabelledEpisode:
    """Makes a copy in `folder` and returns it with its labels."""
    truth = episode.truth
    timeline = variant.timeline(truth, _count_frames(episode.video))
    copy = timeline.relabel(truth)
    target = folder / f"{truth.name}-{variant.name}{variant.encoding.suffix}"
    _write(target, _pictures(episode.video, timeline), timeline, copy, variant.encoding)
    return LabelledEpisode(video=target, truth=copy, cast=episode.cast)


def _count_frames(video: Path) -> int:
    with av.open(str(video)) as container:
        stream = container.streams.video[0]
        return stream.frames or sum(packet.pts is not None for packet in container.demux(stream))


def _pictures(video: Path, timeline: Timeline) -> Pictures:
    """The copy's pictures in order, each possibly none, one or several times what the original shows."""
    wanted = iter(timeline.source_frames)
    number = next(wanted, None)
    with av.open(str(video)) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        stream.codec_context.thread_count = 2
        for index, picture in enumerate(container.decode(stream)):
            while number == BLACK:
                yield _black_like(picture)
                number = next(wanted, None)
            while number == index:
                yield picture
                number = next(wanted, None)
            if number is None:
                return


def _black_like(picture: VideoFrame) -> VideoFrame:
    black = np.zeros((picture.height, picture.width, 3), dtype=np.uint8)
    return VideoFrame.from_ndarray(black, format="rgb24")


def _write(target: Path, pictures: Pictures, timeline: Timeline, labels: Truth, encoding: Encoding) -> None:
    borders = {round(border * CLOCK) for border in labels.borders} if encoding.keyframes_at_cuts_only else set()
    tick = Fraction(1, CLOCK)
    # The encoder takes the last frame's length from the nominal rate.
    rate = Fraction(1 / (timeline.duration_s - timeline.times_s[-1])).limit_denominator(1001)
    with av.open(str(target), "w", container_options=encoding.container_options) as container:
        stream: VideoStream | None = None
        for number, (picture, time_s) in enumerate(zip(pictures, timeline.times_s, strict=True)):
            shown = _prepared(picture, encoding, number)
            if stream is None:
                stream = _stream(container, rate, shown, encoding)
            ticks = round(time_s * CLOCK)
            shown.time_base = tick
            shown.pts = ticks + round(encoding.start_s * CLOCK)
            shown.pict_type = PictureType.I if ticks in borders else PictureType.NONE
            container.mux(stream.encode(shown))
        if stream is not None:
            container.mux(stream.encode(None))


def _stream(container: OutputContainer, rate: Fraction, picture: VideoFrame, encoding: Encoding) -> VideoStream:
    stream = container.add_stream(encoding.codec, rate=rate)
    if not isinstance(stream, VideoStream):
        raise ValueError(f"{encoding.codec} is no video codec")
    stream.width, stream.height, stream.pix_fmt = picture.width, picture.height, "yuv420p"
    context = stream.codec_context
    context.time_base = Fraction(1, CLOCK)
    context.gop_size = encoding.keyframe_every
    context.thread_count = 2
    context.options = dict(encoding.options)
    if encoding.quarter_turns:
        # The flag tells by how much the player turns the picture back, counter-clockwise.
        stream.set_display_rotation(-90 * encoding.quarter_turns)
    return stream


def _prepared(picture: VideoFrame, encoding: Encoding, number: int) -> VideoFrame:
    """The picture as it is stored: scaled, damaged, turned counter-clockwise by quarter turns."""
    width, height = picture.width, picture.height
    if encoding.height is not None:
        width, height = 2 * round(width * encoding.height / height / 2), encoding.height
    if encoding.damage is not None:
        pixels = np.asarray(picture.to_ndarray(format="bgr24", width=width, height=height), dtype=np.uint8)
        picture = VideoFrame.from_ndarray(encoding.damage(pixels, number), format="bgr24")
        width, height = picture.width // 2 * 2, picture.height // 2 * 2
    if encoding.quarter_turns:
        turned = np.rot90(picture.to_ndarray(format="rgb24", width=width, height=height), encoding.quarter_turns)
        picture = VideoFrame.from_ndarray(np.ascontiguousarray(turned, dtype=np.uint8), format="rgb24")
        width, height = picture.width, picture.height
    return picture.reformat(width=width, height=height, format="yuv420p", threads=1)
