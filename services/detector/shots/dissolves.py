"""Finding gradual transitions (dissolves, fades) after the fact, on the signatures of the last half second.

In a dissolve every picture is a mixture of the one before and the one after it; what moves is not, because edges are
then in places where neither of the two has any. So pictures half a second apart are compared: if they differ, and all
pictures in between are mixtures of them, this is part of a transition. Its middle is the middle of all such moments.
In a pan or zoom over large shapes that is so as well, but there the middle is either end, moved. Where the camera moves
during a transition less is explained; then the ends must be quite unlike, for some time.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from services.detector.rules import ShotRules
from services.detector.shots.cuts import moved_difference, picture_difference
from services.detector.shots.frames import LitArea, Signature, SignedFrame
from services.detector.shots.motion import change_left

_PIXEL_NOISE = 4.0
_PLACES = (0.25, 0.5, 0.75)
_PART = 0.4
"""Of the difference of unlike ends, that the middle must have from both: a mixture has half of it."""
_FULL = 0.8
"""Of the window, that must be there to be compared where the camera moves."""


@dataclass(frozen=True, slots=True)
class _Moment:
    """A frame without its picture at full size."""

    ts_s: float
    signature: Signature


class DissolveDetector:
    """Takes all frames of a segment in presentation order and collects the middles of transitions."""

    def __init__(self, rules: ShotRules) -> None:
        self._rules = rules
        self._recent: deque[_Moment] = deque()
        self._moments_s: list[float] = []
        self._is_sure = False
        self._middles_s: list[float] = []
        self._lit = LitArea(black_luma=rules.bar_luma)

    def push(self, frame: SignedFrame, *, cut: bool) -> None:
        """Adds the next frame; a hard cut there starts afresh."""
        self._lit.see(frame.signature)
        if cut:
            self._recent.clear()
            self._close()
        self._recent.append(_Moment(frame.ts_s, frame.signature))
        while frame.ts_s - self._recent[0].ts_s > self._rules.dissolve_window_s:
            self._recent.popleft()
        kind = self._kind()
        if kind is not None:
            self._moments_s.append((self._recent[0].ts_s + frame.ts_s) / 2)
            self._is_sure |= kind == "still"
        elif self._moments_s and frame.ts_s - self._moments_s[-1] > self._rules.dissolve_window_s:
            self._close()

    def finish(self) -> list[float]:
        """The middles of the transitions, in presentation seconds, ascending."""
        self._close()
        return self._middles_s

    def _close(self) -> None:
        if self._moments_s:
            first, last = self._moments_s[0], self._moments_s[-1]
            if self._is_sure or last - first >= self._rules.unlike_least_s:
                self._middles_s.append((first + last) / 2)
        self._moments_s = []
        self._is_sure = False

    def _kind(self) -> Literal["still", "moving"] | None:
        """Whether this is part of a transition, and whether the camera moves in it."""
        rules = self._rules
        frames = self._recent
        if len(frames) < rules.dissolve_frames:
            return None
        first, last = self._lit.of(frames[0].signature), self._lit.of(frames[-1].signature)
        if picture_difference(first, last) < rules.dissolve_difference:
            return None
        between = [self._lit.of(frames[round(place * (len(frames) - 1))].signature) for place in _PLACES]
        middle = between[len(between) // 2]
        apart = min(picture_difference(first, middle), picture_difference(middle, last))
        if apart < rules.dissolve_difference / 4 or explained(last, first) >= rules.dissolve_same_picture:
            return None
        least = min(explained(picture, first, last) for picture in between)
        if least < rules.unlike_explained:
            return None
        moved = moved_difference(first, last, shift=rules.shift)
        is_still = least >= rules.dissolve_explained and moved >= rules.dissolve_difference
        is_unlike = moved >= rules.unlike_difference and apart >= _PART * rules.unlike_difference
        is_full = frames[-1].ts_s - frames[0].ts_s >= _FULL * rules.dissolve_window_s
        if not (is_still or (is_unlike and is_full)):
            return None
        left = min(change_left(first, middle), change_left(middle, last))
        return None if left < rules.least_left else "still" if is_still else "moving"


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
