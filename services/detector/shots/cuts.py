"""Finding shot cuts on the signatures of decoded frames, a few frames behind the decoder.

A cut is a frame that differs from the one before much more than its neighbours do, after the camera's movement has been
compensated, and whose picture stays: one that returns within a few frames was a flash. A gradual change never differs
much from frame to frame and so is no cut. Black between two pictures (a fade) is a cut where the black begins.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Generic

import cv2
import numpy as np

from services.detector.rules import ShotRules
from services.detector.shots.frames import FrameT, LitArea, Signature

CONTRAST_FLOOR = 10.0


@dataclass(frozen=True, slots=True)
class ShotFrame(Generic[FrameT]):
    """A decoded frame whose place in the shots is known. `cut`: it is the first frame of a new shot."""

    frame: FrameT
    cut: bool


@dataclass(frozen=True, slots=True)
class _Entry:
    """What is remembered of a frame. Its picture at full size is not kept: memory it was in is soon used for the next."""

    signature: Signature
    difference: float
    black: bool


class ShotDetector(Generic[FrameT]):
    """Takes frames in presentation order and gives them back, a few later, knowing where shots begin."""

    def __init__(self, rules: ShotRules) -> None:
        self._rules = rules
        self._undecided: deque[FrameT] = deque()
        self._coming: deque[_Entry] = deque()
        self._past: deque[_Entry] = deque(maxlen=rules.history_frames)
        self._newest: Signature | None = None
        self._lit = LitArea(black_luma=rules.bar_luma)

    def push(self, frame: FrameT) -> Iterator[ShotFrame[FrameT]]:
        """Adds the next frame; yields those that are decided by now."""
        self._lit.see(frame.signature)
        before, self._newest = self._newest, frame.signature
        difference = 0.0 if before is None else picture_difference(self._lit.of(before), self._lit.of(frame.signature))
        self._coming.append(_Entry(frame.signature, difference, black=self._is_black(frame.signature)))
        self._undecided.append(frame)
        if len(self._coming) > self._rules.delay_frames:
            yield self._decide()

    def finish(self) -> Iterator[ShotFrame[FrameT]]:
        """Yields the frames that are left when no more come."""
        while self._coming:
            yield self._decide()

    def _decide(self) -> ShotFrame[FrameT]:
        entry = self._coming[0]
        cut = bool(self._past) and (self._is_cut(entry) or self._begins_black(entry))
        self._coming.popleft()
        self._past.append(entry)
        return ShotFrame(frame=self._undecided.popleft(), cut=cut)

    def _is_cut(self, entry: _Entry) -> bool:
        rules = self._rules
        if entry.difference < rules.minimum_difference:
            return False
        before, after = list(self._past), list(self._coming)[1:]
        usual = float(np.median([other.difference for other in before[1:] + after] or [0.0]))
        if entry.difference < rules.times_usual_difference * usual:
            return False
        earlier, later = before[-rules.rival_frames :], after[: rules.rival_frames]
        if any(other.difference >= entry.difference for other in earlier) or any(
            other.difference > entry.difference for other in later
        ):
            return False
        remaining = moved_difference(self._picture(before[-1]), self._picture(entry), shift=rules.shift)
        if remaining < rules.minimum_difference:
            return False
        return not self._is_flash(entry, before, after, remaining)

    def _is_flash(self, entry: _Entry, before: list[_Entry], after: list[_Entry], difference: float) -> bool:
        """Whether the picture will soon be as it was (a flash begins), or is again as it was before (a flash ends)."""
        rules = self._rules
        allowed = rules.flash_similarity * difference
        pairs = [(before[-1], other) for other in after[: rules.flash_frames]]
        pairs += [(other, entry) for other in before[-1 - rules.flash_frames : -1]]
        pictures = [(self._picture(first), self._picture(second)) for first, second in pairs]
        return any(
            moved_difference(first, second, shift=rules.shift, below=allowed) < allowed for first, second in pictures
        )

    def _picture(self, entry: _Entry) -> Signature:
        return self._lit.of(entry.signature)

    def _is_black(self, signature: Signature) -> bool:
        mean, contrast = _brightness(signature)
        return mean < self._rules.black_luma and contrast < self._rules.black_contrast

    def _begins_black(self, entry: _Entry) -> bool:
        """Whether black begins here and lasts; a few black frames (a drop-out) are like a flash."""
        if not entry.black or self._past[-1].black:
            return False
        return all(other.black for other in list(self._coming)[: self._rules.flash_frames])


def picture_difference(before: Signature, after: Signature) -> float:
    """Mean change of luma and colour over the pictures' contrast: 0 for equal pictures, about 1 for unlike ones."""
    return _change(before, after) / _contrast(before, after)


def moved_difference(before: Signature, after: Signature, *, shift: int, below: float = math.inf) -> float:
    """As `picture_difference`, with the second picture moved by up to `shift` pixels to fit the first best.

    Where it is not less than `below`, any value that is not may be returned, which takes less.
    """
    height, width = before.shape[1:]
    inner = after[:, shift : height - shift, shift : width - shift]
    rows, columns = inner.shape[1:]
    places = [(down, right) for down in range(2 * shift + 1) for right in range(2 * shift + 1)]
    contrast, pixels = _contrast(before, after), rows * columns
    # Colour only adds to the change of luma, so a window whose luma alone is worse than the best is no better.
    lumas = [
        float(cv2.norm(before[0, down : down + rows, right : right + columns], inner[0], cv2.NORM_L1))
        for down, right in places
    ]
    least = math.inf
    for luma, (down, right) in sorted(zip(lumas, places, strict=True)):
        if luma / pixels >= min(least, below * contrast):
            break
        least = min(least, _change(before[:, down : down + rows, right : right + columns], inner))
    return least / contrast


def _change(before: Signature, after: Signature) -> float:
    """Mean absolute change of luma plus those of both colours."""
    return float(cv2.norm(before, after, cv2.NORM_L1) / before[0].size)


def _contrast(before: Signature, after: Signature) -> float:
    """Contrast of the plainer of two pictures, so that changes in dark shots weigh as much as in bright ones."""
    return CONTRAST_FLOOR + min(_brightness(before)[1], _brightness(after)[1])


def _brightness(signature: Signature) -> tuple[float, float]:
    """Mean and standard deviation of the luma."""
    mean, deviation = cv2.meanStdDev(signature[0])
    return float(mean[0, 0]), float(deviation[0, 0])
