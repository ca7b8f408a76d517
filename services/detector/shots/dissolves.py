"""Finding gradual transitions (dissolves, fades) after the fact, on the signatures of the last half second.

In a dissolve every picture is a mixture of the one before and the one after it; what moves is not, because edges are
then in places where neither of the two has any. So pictures half a second apart are compared: if they differ, and all
pictures in between are mixtures of them, this is part of a transition. Its middle is the middle of all such moments.
"""

from __future__ import annotations

from collections import deque

import numpy as np
import numpy.typing as npt

from services.detector.rules import ShotRules
from services.detector.shots.cuts import moved_difference, picture_difference
from services.detector.shots.frames import Signature, SignedFrame

_PIXEL_NOISE = 4.0
_PLACES = (0.25, 0.5, 0.75)


class DissolveDetector:
    """Takes all frames of a segment in presentation order and collects the middles of transitions."""

    def __init__(self, rules: ShotRules) -> None:
        self._rules = rules
        self._recent: deque[SignedFrame] = deque()
        self._moments_s: list[float] = []
        self._middles_s: list[float] = []

    def push(self, frame: SignedFrame, *, cut: bool) -> None:
        """Adds the next frame; a hard cut there starts afresh."""
        if cut:
            self._recent.clear()
            self._close()
        self._recent.append(frame)
        while frame.ts_s - self._recent[0].ts_s > self._rules.dissolve_window_s:
            self._recent.popleft()
        if self._is_transition():
            self._moments_s.append((self._recent[0].ts_s + frame.ts_s) / 2)
        elif self._moments_s and frame.ts_s - self._moments_s[-1] > self._rules.dissolve_window_s:
            self._close()

    def finish(self) -> list[float]:
        """The middles of the transitions, in presentation seconds, ascending."""
        self._close()
        return self._middles_s

    def _close(self) -> None:
        if self._moments_s:
            self._middles_s.append((self._moments_s[0] + self._moments_s[-1]) / 2)
        self._moments_s = []

    def _is_transition(self) -> bool:
        rules = self._rules
        frames = self._recent
        if len(frames) < rules.dissolve_frames:
            return False
        first, last = frames[0].signature, frames[-1].signature
        if picture_difference(first, last) < rules.dissolve_difference:
            return False
        between = [frames[round(place * (len(frames) - 1))].signature for place in _PLACES]
        middle = between[len(between) // 2]
        apart = min(picture_difference(first, middle), picture_difference(middle, last))
        return (
            apart >= rules.dissolve_difference / 4
            and explained(last, first) < rules.dissolve_same_picture
            and all(explained(picture, first, last) >= rules.dissolve_explained for picture in between)
            and moved_difference(first, last, shift=rules.shift) >= rules.dissolve_difference
        )


def explained(picture: Signature, *parts: Signature) -> float:
    """How much of a picture's luma pattern the best mixture of other pictures explains, 0..1 (brightness set aside)."""
    target = _pattern(picture)
    mixed = np.stack([_pattern(part) for part in parts])
    # By the normal equations: two unknowns for 2304 pixels, so the pixels are gone over once.
    aim = mixed @ target
    weights, *_ = np.linalg.lstsq(mixed @ mixed.T, aim, rcond=None)
    energy = float(target @ target)
    return 1 - (energy - float(aim @ weights)) / (energy + _PIXEL_NOISE * target.size)


def _pattern(signature: Signature) -> npt.NDArray[np.float64]:
    luma = signature[0].astype(np.float64).ravel()
    return np.asarray(luma - luma.mean(), dtype=np.float64)
