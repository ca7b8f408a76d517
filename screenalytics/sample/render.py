"""Turns shots into frames: plays clips, moves the camera of every panel, and puts the panels together."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import av
import cv2
import numpy as np

from screenalytics.sample.camera import Framing, Picture, Size, eased, lit, shrunk_for, view
from screenalytics.sample.errors import SampleMediaUnreadable
from screenalytics.sample.script import (
    FRAMES_PER_S,
    Area,
    Backdrop,
    CastPicture,
    Panel,
    Shot,
    Span,
)

CAST_PICTURE_SIZE = (400, 400)
STUDIO_TOP_BGR, STUDIO_BOTTOM_BGR = (74, 48, 26), (28, 18, 10)
BORDER_BGR = (196, 186, 176)
BLUR_WIDTH = 48
BLUR_GAIN = 0.65


def read_still(path: Path) -> Picture:
    """A photograph as BGR. Raises SampleMediaUnreadable."""
    picture = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if picture is None:
        raise SampleMediaUnreadable(path.name)
    return np.asarray(picture, dtype=np.uint8)


def read_clip(path: Path, span: Span) -> tuple[list[float], list[Picture]]:
    """Presentation times (s) and BGR frames of a clip within `span`, at least one. Raises SampleMediaUnreadable."""
    times: list[float] = []
    frames: list[Picture] = []
    try:
        with av.open(str(path)) as container:
            for frame in container.decode(video=0):
                if frame.time is None or frame.time < span.start_s:
                    continue
                if frame.time > span.end_s:
                    break
                times.append(frame.time)
                frames.append(np.asarray(frame.to_ndarray(format="bgr24"), dtype=np.uint8))
    except (av.error.FFmpegError, OSError) as error:
        raise SampleMediaUnreadable(path.name) from error
    if not frames:
        raise SampleMediaUnreadable(path.name)
    return times, frames


def there_and_back(span: Span, elapsed_s: float) -> float:
    """The clip's time after `elapsed_s`: forwards to the span's end, backwards to its start, and again."""
    length = span.end_s - span.start_s
    position = elapsed_s % (2 * length)
    return span.start_s + min(position, 2 * length - position)


class PanelCamera:
    """Gives a panel's picture for every moment of its shot. `size` is (width, height) in pixels."""

    def __init__(self, panel: Panel, source: Path, size: Size) -> None:
        self._panel = panel
        self._size = size
        framings = (panel.start, panel.end)
        if panel.span is None:
            self._times, pictures = [0.0], [read_still(source)]
        else:
            self._times, pictures = read_clip(source, panel.span)
        self._pictures = [lit(shrunk_for(picture, framings, size[0]), panel.gain) for picture in pictures]

    @property
    def first_picture(self) -> Picture:
        return self._pictures[0]

    def at(self, elapsed_s: float, duration_s: float) -> Picture:
        share = eased(elapsed_s / duration_s)
        framing = self._panel.start.towards(self._panel.end, share).swayed(elapsed_s)
        return view(self._picture_at(elapsed_s), framing, self._size)

    def _picture_at(self, elapsed_s: float) -> Picture:
        if self._panel.span is None:
            return self._pictures[0]
        wanted = there_and_back(self._panel.span, elapsed_s)
        nearest = min(range(len(self._times)), key=lambda index: abs(self._times[index] - wanted))
        return self._pictures[nearest]


def render_shot(shot: Shot, sources: Mapping[str, Path], size: Size) -> Iterator[Picture]:
    """The shot's frames, BGR [height, width, 3]. Raises SampleMediaUnreadable."""
    places = [_pixels(panel.area, size) for panel in shot.panels]
    cameras = [
        PanelCamera(panel, sources[panel.source], (right - left, bottom - top))
        for panel, (left, top, right, bottom) in zip(shot.panels, places, strict=True)
    ]
    backdrop = _backdrop(shot.backdrop, cameras[0].first_picture, size)
    for number in range(shot.frames):
        frame = backdrop.copy()
        for camera, (left, top, right, bottom) in zip(cameras, places, strict=True):
            frame[top:bottom, left:right] = camera.at(number / FRAMES_PER_S, shot.duration_s)
            if len(cameras) > 1:
                cv2.rectangle(frame, (left, top), (right - 1, bottom - 1), BORDER_BGR, 2)
        yield frame


def render_episode(shots: Sequence[Shot], sources: Mapping[str, Path], size: Size) -> Iterator[Picture]:
    """All frames of the episode in order."""
    for shot in shots:
        yield from render_shot(shot, sources, size)


def render_cast_picture(picture: CastPicture, source: Path) -> Picture:
    """A cast member's reference picture, BGR [400, 400, 3]."""
    if picture.at_s is None:
        still = read_still(source)
    else:
        still = read_clip(source, Span(picture.at_s, picture.at_s + 0.2))[1][0]
    still = shrunk_for(still, [picture.framing], CAST_PICTURE_SIZE[0])
    square = lit(view(still, picture.framing, CAST_PICTURE_SIZE), picture.gain)
    return np.ascontiguousarray(square[:, ::-1]) if picture.mirrored else square


def _pixels(area: Area, size: Size) -> tuple[int, int, int, int]:
    """left, top, right, bottom in whole pixels."""
    width, height = size
    left, top = round(area.x * width), round(area.y * height)
    return (
        left,
        top,
        round((area.x + area.width) * width),
        round((area.y + area.height) * height),
    )


def _backdrop(kind: Backdrop, picture: Picture, size: Size) -> Picture:
    width, height = size
    if kind is Backdrop.STUDIO:
        shares = np.linspace(0, 1, height)[:, None, None]
        rows = np.array(STUDIO_TOP_BGR) * (1 - shares) + np.array(STUDIO_BOTTOM_BGR) * shares
        return np.repeat(rows.round().astype(np.uint8), width, axis=1)
    picture_height, picture_width = picture.shape[:2]
    widest = min(1.0, picture_height * width / (height * picture_width))
    framing = Framing(0.5, 0.3, widest)
    small_size = (BLUR_WIDTH, round(BLUR_WIDTH * height / width))
    small = view(shrunk_for(picture, [framing], BLUR_WIDTH), framing, small_size)
    soft = cv2.resize(cv2.GaussianBlur(small, (0, 0), 2.5), size, interpolation=cv2.INTER_CUBIC)
    return lit(np.asarray(soft, dtype=np.uint8), BLUR_GAIN)
