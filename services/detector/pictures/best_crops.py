"""Keeping the best pictures of a track while it goes by, with bounded memory."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from contracts.rows import FaceQuality
from services.detector.pictures.squares import Square

Floats = npt.NDArray[np.float32]
Pixels = npt.NDArray[np.uint8]

SPACING_GROWTH = 1.25
SAME_TIME_S = 1e-6


class Scored(Protocol):
    """A picture of a track: when it was, and how good it is."""

    @property
    def ts_s(self) -> float: ...

    @property
    def score(self) -> float: ...


S = TypeVar("S", bound=Scored)


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """A face that may be kept: the picture of its surroundings, and a first guess at its quality.

    `native_scale` is pixels of the video for one of the frame.
    """

    frame_idx: int
    ts_s: float
    score: float
    square: Square
    native_scale: float


@dataclass(frozen=True, slots=True)
class KeptPicture:
    """An aligned crop (RGB) of one face: where it was in the track, its landmarks [10] in pixels of the frame, how good.

    `conf` is the detector's score for it, 0 where only the cheap model saw a face. `surroundings` is a picture of it for
    people. `points` are the landmarks [10] in the crop's pixels.
    """

    frame_idx: int
    ts_s: float
    quality: FaceQuality
    picture: Pixels
    landmarks: Floats
    conf: float
    surroundings: Pixels
    points: Floats

    @property
    def score(self) -> float:
        return self.quality.score


@dataclass(slots=True)
class BestPictures(Generic[S]):
    """At most `limit` pictures, spread over the track: none lies closer than `spacing_s` to a better one.

    Whenever there are too many, the spacing grows and the worse of close pictures go, so each stretch keeps its best.
    """

    limit: int
    spacing_s: float
    kept: list[S] = field(default_factory=list)

    def wants(self, ts_s: float, score: float) -> bool:
        """Whether a picture of this score would be kept for now."""
        return all(score > other.score for other in self.kept if abs(other.ts_s - ts_s) < self.spacing_s - SAME_TIME_S)

    def add(self, picture: S) -> None:
        """Keeps a picture if it is wanted, best first."""
        if not self.wants(picture.ts_s, picture.score):
            return
        self.kept = self._thinned([*self.kept, picture])
        while len(self.kept) > self.limit:
            self.spacing_s *= SPACING_GROWTH
            self.kept = self._thinned(self.kept)

    def _thinned(self, pictures: list[S]) -> list[S]:
        remaining: list[S] = []
        for picture in sorted(pictures, key=lambda other: (-other.score, other.ts_s)):
            if all(abs(other.ts_s - picture.ts_s) >= self.spacing_s - SAME_TIME_S for other in remaining):
                remaining.append(picture)
        return remaining


def best_of(pictures: Iterable[S], *, limit: int, spacing_s: float) -> tuple[S, ...]:
    """The best of all, spread over time, best first."""
    best = BestPictures[S](limit=limit, spacing_s=spacing_s)
    for picture in pictures:
        best.add(picture)
    return tuple(best.kept)
