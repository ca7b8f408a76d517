"""Choosing which decoded frames are analysed: a grid of presentation times, and both ends of every shot."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Generic

from services.detector.shots.cuts import ShotFrame
from services.detector.shots.frames import FrameT

GRID_TOLERANCE_S = 1e-6


@dataclass(frozen=True, slots=True)
class SampledFrame(Generic[FrameT]):
    """A frame to analyse. `shot` counts the shots of the segment from 0."""

    frame: FrameT
    shot: int


def sample_frames(
    frames: Iterable[ShotFrame[FrameT]], *, samples_per_s: float | None
) -> Iterator[SampledFrame[FrameT]]:
    """Yields the first frame at or after each time `k / samples_per_s`, and each shot's first and last frame.

    The grid is that of the episode, so wherever segments begin the same frames are chosen (but for those at borders).
    `samples_per_s` None takes every frame. A frame is held back until the next one tells whether it is its shot's last.
    """
    shot = 0
    held: FrameT | None = None
    last_cell: int | None = None
    for position, entry in enumerate(frames):
        frame = entry.frame
        begins_shot = position == 0 or entry.cut
        if begins_shot and held is not None:
            yield SampledFrame(frame=held, shot=shot)
        if entry.cut and position > 0:
            shot += 1
        cell = None if samples_per_s is None else math.floor((frame.ts_s + GRID_TOLERANCE_S) * samples_per_s)
        if begins_shot or cell is None or cell != last_cell:
            yield SampledFrame(frame=frame, shot=shot)
            held = None
        else:
            held = frame
        last_cell = cell
    if held is not None:
        yield SampledFrame(frame=held, shot=shot)
