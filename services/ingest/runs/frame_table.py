"""When each frame of a video is shown, and whether browsers play the file. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, Field

PLAYED_PIXELS: Final = frozenset({"yuv420p", "yuvj420p"})
IN_MP4: Final = (frozenset({"h264", "vp9", "av1"}), frozenset({"aac", "mp3", "opus"}))
IN_WEBM: Final = (frozenset({"vp8", "vp9", "av1"}), frozenset({"opus", "vorbis"}))

Ticks = npt.NDArray[np.int64]


class FrameTable(BaseModel):
    """Times of frames in ticks of `tick_s` seconds from the first picture, as runs of equal spacings.

    Frame 0 is shown at `first`; `delta[i]` follows `count[i]` times. There are as many spacings as frames: the last one leads
    to the end of the last frame, so the middle of a frame is its time and half of its spacing.
    """

    frames: int
    tick_s: tuple[int, int] = Field(description="Numerator and denominator.")
    first: int
    delta: tuple[int, ...]
    count: tuple[int, ...]


class ScannedVideo(BaseModel):
    """The frames of the film, and why browsers would not play the file; None where they do."""

    table: FrameTable
    unplayable: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Playing:
    """What of a file decides whether browsers play it."""

    container: str
    video: str
    pixels: str
    audio: str | None
    is_first_stream: bool


def table_of(shown: Ticks, *, tick: Fraction, end: int) -> FrameTable:
    """The table of ascending times. The last frame ends at `end`; where that is no later, as long as before."""
    spacings = np.diff(shown)
    usual = int(spacings[-1]) if len(spacings) else 1
    if len(shown):
        spacings = np.append(spacings, end - shown[-1] if end > shown[-1] else usual)
    begins = np.flatnonzero(np.append(True, spacings[1:] != spacings[:-1])) if len(spacings) else np.zeros(0, np.int64)
    counts = np.diff(np.append(begins, len(spacings)))
    return FrameTable(
        frames=len(shown),
        tick_s=(tick.numerator, tick.denominator),
        first=int(shown[0]) if len(shown) else 0,
        delta=tuple(int(one) for one in spacings[begins]),
        count=tuple(int(one) for one in counts),
    )


def why_unplayable(playing: Playing) -> str | None:
    """Why browsers do not play a file, in a few words; None where Chromium, Firefox and Safari do."""
    allowed = {"mp4": IN_MP4, "webm": IN_WEBM}.get(playing.container)
    if allowed is None:
        return f"browsers play MP4 and WebM, not {playing.container}"
    video, audio = allowed
    if playing.video not in video:
        return f"browsers do not play {playing.video} in {playing.container}"
    if playing.pixels not in PLAYED_PIXELS:
        return f"browsers do not play {playing.video} of {playing.pixels}"
    if playing.audio is not None and playing.audio not in audio:
        return f"browsers do not play sound of {playing.audio} in {playing.container}"
    return (
        None
        if playing.is_first_stream
        else "browsers play the first video stream of a file, and the film is another one"
    )
