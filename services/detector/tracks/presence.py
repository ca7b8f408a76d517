"""When a followed face counts: while at least half of it can be seen.

**A face that goes behind somebody or out of the picture does not count from the moment it is half hidden, and nothing is
bridged over the time it was away.** A face that is missed although nothing hides it, as one that turns away or blurs, may
have stayed. How much can be seen is told by how much smaller and less sure the detection is than its neighbours: measured
on faces that were covered, or cut off by the picture's edge, by known parts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

import numpy as np
import numpy.typing as npt

from chassis.domain.faces import box_overlaps
from services.detector.rules import PresenceRules
from services.detector.tracks.tracking import Observation

Floats = npt.NDArray[np.float32]


class Frame(Protocol):
    """An analysed frame of the segment."""

    @property
    def shot(self) -> int: ...

    @property
    def width(self) -> int: ...

    @property
    def height(self) -> int: ...

    @property
    def observations(self) -> tuple[Observation, ...]: ...


@dataclass(frozen=True, slots=True)
class Stay:
    """Observations of one face from when it can be seen to when it cannot. `enters`: before, it was hidden or outside the
    picture; `leaves`: afterwards it is.
    """

    observations: Sequence[Observation]
    enters: bool
    leaves: bool


def stays(observations: Sequence[Observation], frames: Sequence[Frame], rules: PresenceRules) -> list[Stay]:
    """A track's observations, in order of time, without those at the ends in which the face is more than half hidden.

    Divided where the face was away and came back. There is at least one stay, and each has at least one observation.
    """
    parts = [_Part(run, frames, rules) for run in _runs(observations, rules)]
    counted = [part for part in parts if part.observations] or [_Part.whole(observations)]
    found = [counted[0].stay()]
    for part in counted[1:]:
        before, now = found[-1], part.stay()
        if before.leaves or now.enters:
            found.append(now)
        else:
            found[-1] = Stay((*before.observations, *now.observations), before.enters, now.leaves)
    return found


class _Part:
    """A run of observations without a gap."""

    def __init__(self, run: Sequence[Observation], frames: Sequence[Frame], rules: PresenceRules) -> None:
        forwards = range(len(run))
        front = _hidden_from(run, forwards, frames, rules) if _is_looked_for(run[0], frames, -1) else 0
        back = _hidden_from(run, forwards[::-1], frames, rules) if _is_looked_for(run[-1], frames, +1) else 0
        self.observations = run[front : max(front, len(run) - back)]
        self._enters = self._leaves = False
        if self.observations:
            first, last = self.observations[0], self.observations[-1]
            self._enters = front > 0 or _goes_there(first, frames, -1, rules)
            self._leaves = back > 0 or _goes_there(last, frames, +1, rules)

    @classmethod
    def whole(cls, observations: Sequence[Observation]) -> _Part:
        """All of it, whatever can be seen."""
        part = cls.__new__(cls)
        part.observations, part._enters, part._leaves = observations, False, False
        return part

    def stay(self) -> Stay:
        return Stay(self.observations, self._enters, self._leaves)


def _runs(observations: Sequence[Observation], rules: PresenceRules) -> Iterator[Sequence[Observation]]:
    """The observations, divided where some are missing."""
    spacings = [later.ts_s - earlier.ts_s for earlier, later in pairwise(observations)]
    longest_s = rules.usual_spacings * float(np.median(spacings)) if spacings else 0.0
    begin = 0
    for position, spacing in enumerate(spacings, start=1):
        if spacing > longest_s:
            yield observations[begin:position]
            begin = position
    yield observations[begin:]


def _hidden_from(
    run: Sequence[Observation], positions: Sequence[int], frames: Sequence[Frame], rules: PresenceRules
) -> int:
    """How many observations from one end on are hidden, 0 where they are too many."""
    for count, position in enumerate(positions):
        if count > rules.most_hidden:
            return 0
        if _half_visible(run, position, frames, rules):
            return count
    return len(positions)


def _half_visible(run: Sequence[Observation], position: int, frames: Sequence[Frame], rules: PresenceRules) -> bool:
    near = run[max(0, position - rules.neighbours) : position + rules.neighbours + 1]
    face = run[position]
    usual_area = float(np.quantile([_area(other) for other in near], rules.usual_quantile))
    usual_score = float(np.quantile([other.score for other in near], rules.usual_quantile))
    visible = _area(face) / usual_area * face.score / usual_score
    at_edge = _touches_edge(face, frames[face.frame_idx], rules)
    return visible >= (rules.half_at_edge if at_edge else rules.half_covered)


def _area(face: Observation) -> float:
    return max(1.0, float((face.box[2] - face.box[0]) * (face.box[3] - face.box[1])))


def _touches_edge(face: Observation, frame: Frame, rules: PresenceRules) -> bool:
    near = rules.edge * float(face.box[3] - face.box[1])
    left, top, right, bottom = (float(value) for value in face.box)
    return left <= near or top <= near or right >= frame.width - near or bottom >= frame.height - near


def _is_looked_for(face: Observation, frames: Sequence[Frame], step: int) -> bool:
    """Whether the shot has a frame before (-1) or after (+1) a face's own."""
    beside = face.frame_idx + step
    return 0 <= beside < len(frames) and frames[beside].shot == frames[face.frame_idx].shot


def _goes_there(face: Observation, frames: Sequence[Frame], step: int, rules: PresenceRules) -> bool:
    """Whether the face is about to be hidden: at the picture's edge, or somebody else is in its place one frame on."""
    if not _is_looked_for(face, frames, step):
        return False
    if _touches_edge(face, frames[face.frame_idx], rules):
        return True
    others = [
        other.box
        for other in frames[face.frame_idx + step].observations
        if float(box_overlaps(other.box, face.box)[0, 0]) > rules.covering_overlap
    ]
    return bool(others)
