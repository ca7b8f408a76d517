"""Looking for whole people, and animals: now and then, and where a face is lost inside a shot.

Which pictures are kept for that is decided as the frames go by, and which of them are looked at when the tracks are known:
**a body adds nothing where every face of a shot is followed from its first moment to its last**, nor where there is none.
Whether a face may be an animal's is asked of faces that the face detector is not sure of.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from chassis.domain.faces import PersonDetections, resized
from contracts.rows import Box, ShotRow
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
AT_ONCE: Final = 8
"""Frames in one request."""


@dataclass(frozen=True, slots=True)
class PersonLook:
    """The people and the animals of one frame: boxes as fractions of the picture, scores in 0..1."""

    ts_s: float
    shot: int
    boxes: tuple[Box, ...]
    scores: tuple[float, ...] = ()
    animals: tuple[Box, ...] = ()
    animal_scores: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Moments:
    """When a face can be looked at: its own time and a little around it, within its shot."""

    shot: ShotRow
    start_s: float
    end_s: float

    def holds(self, ts_s: float) -> bool:
        """Whether a frame of this time shows the face or what was just around it."""
        return is_within(self.shot, ts_s) and self.start_s <= ts_s <= self.end_s


@dataclass(frozen=True, slots=True)
class KeptFrame:
    """A frame that may be looked at: fitted for the detector [h,w,3], and the sides of what it is of in those pixels."""

    ts_s: float
    shot: int
    fitted: Pixels
    width: float
    height: float


@dataclass(slots=True)
class PersonWatch:
    """Decides which analysed frames are kept to be searched for people, and searches those that are asked for.

    `see` is given every analysed frame in order, with how many faces are missing there that were followed until now.
    """

    rules: PersonRules
    detect: DetectPersons | None
    kept: list[KeptFrame] = field(default_factory=list)
    _before: tuple[int, int] | None = None
    """Shot and number of lost faces of the frame before."""
    _kept_s: float | None = None

    @property
    def is_on(self) -> bool:
        """Whether people are looked for at all."""
        return self.detect is not None and self.rules.looks_per_s > 0

    def see(self, frame: Pixels, *, lost_faces: int, ts_s: float, shot: int) -> None:
        """Keeps a small copy of a frame [H,W,3] where it is time, or where a face was lost."""
        if not self.is_on or not self._is_due(lost_faces, ts_s, shot):
            return
        self._kept_s = ts_s
        self.kept.append(kept_frame(frame, ts_s=ts_s, shot=shot))

    async def look(self, shots: Sequence[ShotRow], doubtful: Sequence[Moments] = ()) -> list[PersonLook]:
        """The people of the frames that were kept of some shots, and of a few of each doubtful face, in order of time.

        Raises what the detector raises.
        """
        if self.detect is None:
            return []
        wanted = {frame.ts_s for face in doubtful for frame in self._frames_of(face)}
        frames = [
            frame for frame in self.kept if frame.ts_s in wanted or any(is_within(shot, frame.ts_s) for shot in shots)
        ]
        looks: list[PersonLook] = []
        for start in range(0, len(frames), AT_ONCE):
            looks += await find_persons(frames[start : start + AT_ONCE], self.detect)
        return looks

    def _frames_of(self, face: Moments) -> list[KeptFrame]:
        """The first, middle and last of the kept frames in which the face is to be seen, or nearly."""
        kept = [frame for frame in self.kept if face.holds(frame.ts_s)]
        return [kept[place] for place in sorted({0, len(kept) // 2, len(kept) - 1})] if kept else []

    def _is_due(self, lost_faces: int, ts_s: float, shot: int) -> bool:
        before, self._before = self._before, (shot, lost_faces)
        if before is None or before[0] != shot or self._kept_s is None:
            return True
        since_s = ts_s - self._kept_s + SAME_TIME_S
        if lost_faces > before[1] and since_s >= self.rules.least_apart_s:
            return True
        return since_s >= 1 / self.rules.looks_per_s


def is_within(shot: ShotRow, ts_s: float) -> bool:
    """Whether a frame of this time belongs to the shot."""
    return shot.start_s - SAME_TIME_S <= ts_s < shot.end_s - SAME_TIME_S


def kept_frame(frame: Pixels, *, ts_s: float, shot: int) -> KeptFrame:
    """A frame [H,W,3], fitted."""
    height, width = frame.shape[:2]
    scale = SIDE / max(height, width)
    return KeptFrame(ts_s, shot, letterboxed(frame), width * scale, height * scale)


async def find_persons(frames: Sequence[KeptFrame], detect: DetectPersons) -> list[PersonLook]:
    """The people of a few frames; those of one size are looked at together."""
    found: dict[int, PersonDetections] = {}
    for shape in dict.fromkeys(frame.fitted.shape for frame in frames):
        alike = [number for number, frame in enumerate(frames) if frame.fitted.shape == shape]
        answers = await detect(np.stack([frames[number].fitted for number in alike]))
        found.update(zip(alike, answers, strict=True))
    return [_look(frame, found[number]) for number, frame in enumerate(frames)]


def _look(frame: KeptFrame, found: PersonDetections) -> PersonLook:
    return PersonLook(
        ts_s=frame.ts_s,
        shot=frame.shot,
        boxes=_fractions(found.boxes, frame),
        scores=tuple(found.scores.tolist()),
        animals=_fractions(found.animal_boxes, frame),
        animal_scores=tuple(found.animal_scores.tolist()),
    )


def _fractions(boxes: Floats, frame: KeptFrame) -> tuple[Box, ...]:
    """Boxes [P,4] in pixels of the fitted frame, cut off at the picture's edges."""
    sides = np.array([frame.width, frame.height, frame.width, frame.height], dtype=np.float32)
    edges = np.clip(boxes / sides, 0.0, 1.0)
    return tuple(tuple(round(float(edge), 5) for edge in box) for box in edges)  # type: ignore[misc]  # four edges each


def letterboxed(frame: Pixels) -> Pixels:
    """The frame with its long side 416 pixels, at the left and top of a grey one whose sides are divisible by 32."""
    height, width = frame.shape[:2]
    scale = SIDE / max(height, width)
    across, down = max(1, round(width * scale)), max(1, round(height * scale))
    canvas = np.full((-(-down // STEP) * STEP, -(-across // STEP) * STEP, 3), GREY, dtype=np.uint8)
    canvas[:down, :across] = resized(frame, width=across, height=down)
    return canvas
