"""Both eyes of a 3D film in one picture, squeezed so that it keeps its size: faces are half as wide, or half as high.

A file may say that it holds both eyes, many do not; none says whether they are squeezed. The halves of such a picture
show the same with small shifts, and an eye is too narrow or too flat for a film.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final, Literal

import av.error
import numpy as np
import numpy.typing as npt
from av.sidedata.sidedata import Type
from av.video.frame import VideoFrame

from chassis.video.container import pictures_of, raise_if_full, reraise_if_away
from chassis.video.pictures import PictureReader
from chassis.video.reading import Recording, packets_near
from chassis.video.references import ReferenceGate
from chassis.video.side_data import side_data_of
from contracts.warnings import Warning

Grey = npt.NDArray[np.float32]
Layout = Literal["side by side", "one above the other"]

MOMENTS: Final = (0.5, 0.25, 0.75, 0.1, 0.9)
"""Parts of the duration at which pictures are looked at, after the first one."""

PACKETS_TO_TRY: Final = 50
LOOK_SIZE: Final = (256, 144)
"""Width and height at which a picture is compared with itself."""

NEIGHBOURHOOD: Final = 9
"""Pixels over which brightness is taken out before comparing, so that a fade or a vignette is no likeness."""

BLOCKS: Final = 4
"""Blocks along each side of an eye; things at different depth are shifted differently."""

WIDEST_SHIFT: Final = 8
"""Pixels of a look; 3 % of the picture's width, more than an audience can bear."""

LEAST_DETAIL: Final = 3.0
"""Standard deviation of a block that can be compared."""

LEAST_BLOCKS: Final = 4
ALIKE: Final = 0.6
"""Median correlation of blocks: of 0.9 and more between eyes; halves of the labelled videos reach 0.30 in one picture
of hundreds."""

DECLARED_ALIKE: Final = 0.3
"""Enough where the file says that it holds both eyes."""

DARK: Final = 32
"""Brightness of bars, 16 being black."""

NARROWEST_EYE: Final = 1.25
"""Width over height. Films are from 1.33 (4:3) to 2.39 wide; squeezed, an eye is at most 1.2 wide."""

WIDEST_EYE: Final = 2.5
"""Above each other and squeezed, an eye is at least 2.67 wide."""

STRETCH: Final[dict[Layout, float]] = {"side by side": 2.0, "one above the other": 0.5}
_DECLARED: Final[dict[int, Layout]] = {1: "side by side", 2: "one above the other"}
"""FFmpeg's AVStereo3DType."""


@dataclass(frozen=True, slots=True)
class SqueezedEyes:
    """`stretch`: how much wider pixels have to be than the file says."""

    layout: Layout

    @property
    def stretch(self) -> float:
        return STRETCH[self.layout]

    @property
    def warning(self) -> Warning:
        sentence = (
            f"The picture holds both eyes of a 3D film {self.layout}, squeezed to half their size: they were brought to "
            f"their proportions, and everybody is there twice but counts once."
        )
        return Warning.of("eyes_squeezed", sentence)


def squeezed_eyes(
    recording: Recording, first: VideoFrame, *, duration_s: float, pixel_aspect: float
) -> SqueezedEyes | None:
    """Whether a recording holds both eyes squeezed; its first picture settles that for most files.

    Raises DependencyUnavailable when the object store does not answer.
    """
    declared = declared_layout(first)
    reader = PictureReader()
    looks: list[Grey] = []
    layout = declared
    for picture in chain([first], _pictures_at(recording, duration_s)):
        looks.append(reader.yuv(picture, width=LOOK_SIZE[0], height=LOOK_SIZE[1])[0].astype(np.float32))
        likenesses = {name: _known(likeness_of_eyes(look, name) for look in looks) for name in STRETCH}
        layout = layout_of(likenesses, declared)
        if layout is None and any(likenesses.values()):
            return None
    if layout is None:
        return None
    aspect = eye_aspect(looks, layout, width=first.width * pixel_aspect, height=first.height)
    squeezed = aspect < NARROWEST_EYE if layout == "side by side" else aspect > WIDEST_EYE
    return SqueezedEyes(layout) if squeezed else None


def declared_layout(picture: VideoFrame) -> Layout | None:
    """Where a picture has its eyes as its container or its codec says."""
    try:
        stereo = side_data_of(picture, Type.STEREO3D) or b""
    except ValueError:  # a kind of side data that is newer than PyAV
        return None
    return _DECLARED.get(int(np.frombuffer(stereo[:4], np.int32)[0])) if len(stereo) >= 4 else None


def halves(look: Grey, layout: Layout) -> tuple[Grey, Grey]:
    """The eyes of a picture [H,W]."""
    height, width = look.shape
    if layout == "side by side":
        return look[:, : width // 2], look[:, width - width // 2 :]
    return look[: height // 2], look[height - height // 2 :]


def likeness_of_eyes(look: Grey, layout: Layout) -> float | None:
    """How alike the eyes of a picture [H,W] would be (-1..1); None where it shows nothing.

    Bars, curtains and test cards look the same all along: their halves are alike, and so are the halves of those.
    """
    one, other = halves(look, layout)
    within = likeness(*halves(one, layout))
    return None if within is not None and within >= ALIKE else likeness(one, other)


def layout_of(likenesses: Mapping[Layout, Sequence[float]], declared: Layout | None) -> Layout | None:
    """Where the eyes are: where the halves of pictures are alike. A picture that repeats in both ways has none."""
    found = [
        layout
        for layout, known in likenesses.items()
        if (known and float(np.median(known)) >= (DECLARED_ALIKE if layout == declared else ALIKE))
        or (not known and layout == declared)
    ]
    return found[0] if len(found) == 1 else None


def _known(values: Iterable[float | None]) -> list[float]:
    return [value for value in values if value is not None]


def likeness(one: Grey, other: Grey) -> float | None:
    """Median correlation (-1..1) of the blocks of two eyes [H,W], each at its best shift; None without detail."""
    left, right = _detail(one), _detail(other)
    height, width = left.shape[0] // BLOCKS, left.shape[1] // BLOCKS
    best = []
    for top in range(0, height * BLOCKS, height):
        for start in range(0, width * BLOCKS, width):
            block = left[top : top + height, start : start + width]
            if block.std() >= LEAST_DETAIL:
                shifts = range(max(0, start - WIDEST_SHIFT), min(left.shape[1] - width, start + WIDEST_SHIFT) + 1)
                best.append(max(_correlation(block, right[top : top + height, at : at + width]) for at in shifts))
    return float(np.median(best)) if len(best) >= LEAST_BLOCKS else None


def eye_aspect(looks: Sequence[Grey], layout: Layout, *, width: float, height: float) -> float:
    """Width over height of what an eye sees, without the bars around it; `width` and `height` are of both eyes."""
    eye = np.max([half for look in looks for half in halves(look, layout)], axis=0)
    columns, rows = (np.flatnonzero((eye > DARK).any(axis=axis)) for axis in (0, 1))
    if not columns.size or not rows.size:
        columns, rows = np.arange(eye.shape[1]), np.arange(eye.shape[0])
    look_height, look_width = looks[0].shape
    return float(
        (columns[-1] - columns[0] + 1) / look_width * width / ((rows[-1] - rows[0] + 1) / look_height * height)
    )


def _correlation(one: Grey, other: Grey) -> float:
    one, other = one - one.mean(), other - other.mean()
    size = float(np.linalg.norm(one) * np.linalg.norm(other))
    return float((one * other).sum()) / size if size > 0 else 0.0


def _detail(eye: Grey) -> Grey:
    """The eye without its mean over a neighbourhood, [H,W]."""
    half = NEIGHBOURHOOD // 2
    padded = np.pad(eye, ((half + 1, half), (half + 1, half)), mode="edge").cumsum(0).cumsum(1)
    n = NEIGHBOURHOOD
    sums = padded[n:, n:] - padded[:-n, n:] - padded[n:, :-n] + padded[:-n, :-n]
    return np.asarray(eye - sums / n**2, dtype=np.float32)


def _pictures_at(recording: Recording, duration_s: float) -> Iterator[VideoFrame]:
    """A picture near each of the moments that can be decoded."""
    for moment in MOMENTS:
        picture = _picture_near(recording, moment * duration_s)
        if picture is not None:
            yield picture


def _picture_near(recording: Recording, time_s: float) -> VideoFrame | None:
    try:
        with recording.open() as container:
            stream = recording.stream_of(container)
            stream.codec_context.thread_count = 1
            gate = ReferenceGate(stream.codec_context.name)
            packets = packets_near(recording, container, stream, time_s, passed_over=lambda: None)
            for packet, _ in zip(packets, range(PACKETS_TO_TRY), strict=False):
                try:
                    pictures = pictures_of(packet)
                except av.error.InvalidDataError:
                    raise_if_full(stream.codec_context)
                    continue
                for picture in pictures:
                    if not picture.is_corrupt and gate.admits(picture):
                        return picture
    except av.error.FFmpegError as error:
        if isinstance(error, MemoryError):
            raise
        reraise_if_away(error, recording.url)
    return None
