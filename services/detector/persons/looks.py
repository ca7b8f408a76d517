"""Looking for whole people: now and then, and where a face is lost inside a shot."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import cv2
import numpy as np
import numpy.typing as npt

from chassis.domain.faces import PersonDetections
from contracts.rows import Box
from services.detector.rules import PersonRules

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

DetectPersons = Callable[[Pixels], Awaitable[list[PersonDetections]]]
"""Frames uint8 [N,H,W,3] (RGB, sides divisible by 32, padded with grey) to the people of each, in pixels of that frame."""

SIDE = 416
"""Long side of the frame that the person detector was trained with."""
GREY = 114
STEP = 32
SAME_TIME_S = 1e-6


@dataclass(frozen=True, slots=True)
class PersonLook:
    """The people of one frame: boxes as fractions of the picture."""

    ts_s: float
    shot: int
    boxes: tuple[Box, ...]


@dataclass(slots=True)
class PersonWatch:
    """Decides which analysed frames are searched for people, and keeps what was found.

    `see` is given every analysed frame in order, with how many faces are missing there that were followed until now. A few
    looks may wait for the detector at a time.
    """

    rules: PersonRules
    detect: DetectPersons | None
    looks: list[PersonLook] = field(default_factory=list)
    _waiting: deque[asyncio.Task[PersonLook]] = field(default_factory=deque)
    _before: tuple[int, int] | None = None
    """Shot and number of lost faces of the frame before."""
    _looked_s: float | None = None

    @property
    def is_on(self) -> bool:
        """Whether people are looked for at all."""
        return self.detect is not None and self.rules.looks_per_s > 0

    async def see(self, frame: Pixels, *, lost_faces: int, ts_s: float, shot: int) -> None:
        """Looks at a frame [H,W,3] where it is time, or where a face was lost. Raises what the detector raises."""
        if self.detect is None or not self.is_on or not self._is_due(lost_faces, ts_s, shot):
            return
        self._looked_s = ts_s
        self._waiting.append(asyncio.create_task(find_persons(frame, self.detect, ts_s=ts_s, shot=shot)))
        if len(self._waiting) > self.rules.looks_in_flight:
            self.looks.append(await self._waiting.popleft())

    async def finish(self) -> list[PersonLook]:
        """All looks in order of time."""
        while self._waiting:
            self.looks.append(await self._waiting.popleft())
        return self.looks

    async def cancel(self) -> None:
        """Gives up what still waits."""
        for look in self._waiting:
            look.cancel()
        await asyncio.gather(*self._waiting, return_exceptions=True)

    def _is_due(self, lost_faces: int, ts_s: float, shot: int) -> bool:
        before, self._before = self._before, (shot, lost_faces)
        if before is None or before[0] != shot or self._looked_s is None:
            return True
        since_s = ts_s - self._looked_s + SAME_TIME_S
        if lost_faces > before[1] and since_s >= self.rules.least_apart_s:
            return True
        return since_s >= 1 / self.rules.looks_per_s


async def find_persons(frame: Pixels, detect: DetectPersons, *, ts_s: float, shot: int) -> PersonLook:
    """The people of one frame [H,W,3]."""
    height, width = frame.shape[:2]
    found = (await detect(letterboxed(frame)[None]))[0]
    scale = SIDE / max(height, width)
    sizes = np.array([width, height, width, height], dtype=np.float32) * scale
    edges = np.clip(found.boxes / sizes, 0.0, 1.0)
    boxes = tuple(tuple(round(float(edge), 5) for edge in box) for box in edges)
    return PersonLook(ts_s=ts_s, shot=shot, boxes=boxes)  # type: ignore[arg-type]  # four edges each


def letterboxed(frame: Pixels) -> Pixels:
    """The frame with its long side 416 pixels, at the left and top of a grey one whose sides are divisible by 32."""
    height, width = frame.shape[:2]
    scale = SIDE / max(height, width)
    across, down = max(1, round(width * scale)), max(1, round(height * scale))
    canvas = np.full((-(-down // STEP) * STEP, -(-across // STEP) * STEP, 3), GREY, dtype=np.uint8)
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    canvas[:down, :across] = cv2.resize(frame, (across, down), interpolation=how)
    return canvas
