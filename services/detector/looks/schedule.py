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
    _last_s: dict[str, float] = field(default_factory=dict)

    def looks(self, picture: Picture) -> Looks:
        profile = self.profile
        if picture.shot != self._shot:
            self._last_s.clear()
        self._shot = picture.shot
        return Looks(
            wide=self._is_due("wide", profile.wide_every_s, picture.ts_s),
            parts=self._is_due("parts", profile.parts_every_s, picture.ts_s),
            rotated=self._is_due("rotated", profile.rotated.every_s, picture.ts_s),
        )

    def _is_due(self, look: str, every_s: float, ts_s: float) -> bool:
        """Whether a look is to be taken now, which then counts as taken; never at 0."""
        last_s = self._last_s.get(look)
        if every_s <= 0 or (last_s is not None and ts_s - last_s < every_s - SAME_TIME_S):
            return False
        self._last_s[look] = ts_s
        return True


def goes_with(group: Iterable[P], picture: P, profile: DetectorProfile) -> bool:
    """Whether a frame belongs to a group begun before: of the same shot and shape, a few cells of full looks long."""
    leader = next(iter(group), None)
    if leader is None or profile.full_looks_per_s <= 0:
        return False
    if (leader.shot, leader.frame.shape) != (picture.shot, picture.frame.shape):
        return False
    first, now = (cell_of(one.ts_s, profile.full_looks_per_s) for one in (leader, picture))
    return now - first < profile.calm.cells
