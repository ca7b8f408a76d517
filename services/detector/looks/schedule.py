"""Which frames are looked at together, and which of them get dearer looks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from services.detector.looks.groups import SAME_TIME_S, Looks, cell_of
from services.detector.rules import DetectorProfile


class Picture(Protocol):
    """A frame to look at."""

    @property
    def frame(self) -> npt.NDArray[np.uint8]: ...

    @property
    def ts_s(self) -> float: ...

    @property
    def shot(self) -> int: ...


P = TypeVar("P", bound=Picture)


@dataclass(slots=True)
class Schedule:
    """Is shown the first frame of every group in order and says how it is looked at.

    Every shot begins with the looks for small faces and for tilted heads; they are repeated now and then.
    """

    profile: DetectorProfile
    _shot: int | None = None
    _wide_s: float = 0.0
    _rotated_s: float = 0.0
    _parts: EverySoOften = field(init=False)

    def __post_init__(self) -> None:
        self._parts = EverySoOften(self.profile.small_face_looks_per_s)

    def looks(self, picture: Picture, *, small_faces: bool) -> Looks:
        """`small_faces`: some that only a wide look shows are known."""
        profile, begins = self.profile, picture.shot != self._shot
        self._shot = picture.shot
        wide_every_s = profile.wide_again_s if small_faces else profile.wide_every_s
        wide = begins or picture.ts_s - self._wide_s >= wide_every_s - SAME_TIME_S
        rotated = begins or picture.ts_s - self._rotated_s >= profile.rotated.every_s - SAME_TIME_S
        if wide:
            self._wide_s = picture.ts_s
        if rotated:
            self._rotated_s = picture.ts_s
        return Looks(wide=wide, parts=self._parts.due(picture.ts_s), rotated=rotated and profile.rotated.every_s > 0)


@dataclass(slots=True)
class EverySoOften:
    """Says yes for one frame in every cell of a time grid; never at a rate of 0."""

    per_s: float
    _cell: int | None = None

    def due(self, ts_s: float) -> bool:
        if self.per_s <= 0:
            return False
        cell = cell_of(ts_s, self.per_s)
        is_new, self._cell = cell != self._cell, cell
        return is_new


def goes_with(group: Iterable[P], picture: P, profile: DetectorProfile) -> bool:
    """Whether a frame belongs to a group begun before: of the same shot and shape, a few cells of full looks long."""
    leader = next(iter(group), None)
    if leader is None or profile.full_looks_per_s <= 0:
        return False
    if (leader.shot, leader.frame.shape) != (picture.shot, picture.frame.shape):
        return False
    first, now = (cell_of(one.ts_s, profile.full_looks_per_s) for one in (leader, picture))
    return now - first < profile.calm.cells
