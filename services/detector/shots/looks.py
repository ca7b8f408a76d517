"""What a picture looks like in 128 bits that survive another size, another codec and a little noise: a difference hash.

64 bits say whether a place is brighter than the one to its left, 64 whether it is brighter than the one above it
(Krawetz 2013, "Kind of like that", both directions). The whole picture as stored is looked at, so letterboxes and crops
give other bits. One look for every quarter second of the episode, so that any two versions of it can be laid beside
each other.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import cv2
import numpy as np

from contracts.rows import LOOK_DIGITS, LOOK_PERIOD_S
from services.detector.shots.frames import Signature, SignedFrame

SIDE = 8
FLAT = 3.0
"""Standard deviation of luma below which a picture has nothing to tell it by: black, white, fog. Its look is all zeros."""

_SAME_S = 1e-4
"""Times that are nearer to each other are one."""

NOTHING = "0" * LOOK_DIGITS


def look_of(signature: Signature) -> str:
    """32 hexadecimal digits."""
    luma = signature[0].astype(np.float32)
    across = cv2.resize(luma, (SIDE + 1, SIDE), interpolation=cv2.INTER_AREA)
    down = cv2.resize(luma, (SIDE, SIDE + 1), interpolation=cv2.INTER_AREA)
    if float(across.std()) < FLAT:
        return NOTHING
    bits = np.concatenate([(across[:, 1:] > across[:, :-1]).ravel(), (down[1:] > down[:-1]).ravel()])
    return np.packbits(bits).tobytes().hex()


@dataclass(slots=True)
class Looks:
    """The looks of a stretch that begins at `start_s`: of the first frame at or after each quarter second."""

    start_s: float
    found: list[str] = field(default_factory=list)

    @property
    def first(self) -> int:
        """Number of the first quarter second."""
        return first_look(self.start_s)

    def see(self, frame: SignedFrame) -> None:
        """Frames come in order of time."""
        look: str | None = None
        while (self.first + len(self.found)) * LOOK_PERIOD_S <= frame.ts_s + _SAME_S:
            look = look or look_of(frame.signature)
            self.found.append(look)

    def between(self, start_s: float, end_s: float) -> str:
        """The looks of `[start_s, end_s)`, one after the other; where no frame came any more, the last one's."""
        wanted = range(first_look(start_s), first_look(end_s))
        if not self.found:
            return NOTHING * len(wanted)
        last = len(self.found) - 1
        return "".join(self.found[min(max(0, number - self.first), last)] for number in wanted)


def first_look(time_s: float) -> int:
    """Number of the first quarter second at or after a time."""
    return math.ceil((time_s - _SAME_S) / LOOK_PERIOD_S)
