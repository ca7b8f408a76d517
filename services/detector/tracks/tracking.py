"""Following faces through a shot: two-stage association with motion prediction and an appearance check.

Sure detections are matched with tracks first, unsure ones may then extend tracks that went without (the idea of
ByteTrack, Zhang et al., 2022, arXiv:2110.06864). Purity comes before completeness: what is not clearly the same face
starts a new track, because clustering joins broken tracks and nothing separates mixed ones. A cut ends every track.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

from chassis.domain.faces import box_overlaps
from services.detector.pictures.alignment import likeness
from services.detector.rules import TrackingRules

Floats = npt.NDArray[np.float32]

_REFUSED = 1e6
_PREDICT_AT_MOST_S = 0.5
_APPEARANCE_MEMORY = 0.3


@dataclass(frozen=True, slots=True, eq=False)
class Observation:
    """One detected face: box [4] and landmarks [10] in pixels of the frame, score in 0..1, and its appearance."""

    frame_idx: int
    ts_s: float
    box: Floats
    landmarks: Floats
    score: float
    appearance: Floats

    @property
    def height(self) -> float:
        """Height of the box in pixels of the frame."""
        return float(self.box[3] - self.box[1])


@dataclass(slots=True, eq=False)
class FaceTrack:
    """The observations of one face within one shot, in order of time."""

    number: int
    shot: int
    observations: list[Observation]
    velocity: Floats = field(default_factory=lambda: np.zeros(4, dtype=np.float32))
    mean_appearance: Floats = field(default_factory=lambda: np.zeros(0, dtype=np.float32))
    missing_since_s: float | None = None
    closer_looks: int = 0
    """How often it was looked for from close by since it was seen last."""

    @property
    def last(self) -> Observation:
        return self.observations[-1]

    def predicted_box(self, ts_s: float) -> Floats:
        """Where the box should be now, by constant velocity."""
        elapsed = min(ts_s - self.last.ts_s, _PREDICT_AT_MOST_S)
        return (self.last.box + self.velocity * elapsed).astype(np.float32)

    def extend(self, observation: Observation, *, velocity_memory: float) -> None:
        """Appends the next observation and updates motion and appearance."""
        elapsed = observation.ts_s - self.last.ts_s
        step = (observation.box - self.last.box) / elapsed
        self.velocity = (velocity_memory * step + (1 - velocity_memory) * self.velocity).astype(np.float32)
        self.mean_appearance = _blended(self.mean_appearance, observation.appearance)
        self.observations.append(observation)
        self.missing_since_s = None
        self.closer_looks = 0


class FaceTracker:
    """Takes the detections of one analysed frame after the other and tells which track each belongs to."""

    def __init__(self, rules: TrackingRules) -> None:
        self._rules = rules
        self._tracks: list[FaceTrack] = []
        self._open: list[FaceTrack] = []
        self._loose: list[Observation] = []
        self._shot = 0

    @property
    def tracks(self) -> list[FaceTrack]:
        """All tracks so far, in the order they began."""
        return self._tracks

    @property
    def open(self) -> list[FaceTrack]:
        """The tracks that may go on."""
        return self._open

    def step(
        self, observations: Sequence[Observation], *, ts_s: float, shot: int, smallest_px: float = 0.0
    ) -> list[FaceTrack | None]:
        """Adds the next analysed frame; returns the track of every observation, None for one without (yet).

        Faces lower than `smallest_px` were not looked for, so tracks of such are not missing for want of one.
        """
        if shot != self._shot:
            self.end_shot()
            self._shot = shot
        rules = self._rules
        strong = [index for index, face in enumerate(observations) if face.score >= rules.strong_score]
        weak = [index for index, face in enumerate(observations) if rules.weak_score <= face.score < rules.strong_score]
        owners: list[FaceTrack | None] = [None] * len(observations)
        waiting = list(self._open)
        for candidates, is_strong in ((strong, True), (weak, False)):
            for track, index in self._match(waiting, [(index, observations[index]) for index in candidates], is_strong):
                track.extend(observations[index], velocity_memory=rules.velocity_memory)
                owners[index] = track
            waiting = [track for track in waiting if track.last.ts_s < ts_s]
        for index in strong:
            if owners[index] is None:
                owners[index] = self._begin(observations[index], shot)
                waiting = self._give_up(waiting, observations[index])
        self._loose.extend(observations[index] for index in weak if owners[index] is None)
        self._age(waiting, ts_s, smallest_px)
        return owners

    def missing(self, ts_s: float) -> list[FaceTrack]:
        """The tracks that were looked for in the newest frame, at `ts_s`, and are not in it."""
        return [track for track in self._open if track.missing_since_s is not None and track.last.ts_s < ts_s]

    def recover(self, track: FaceTrack, observation: Observation) -> bool:
        """Gives a missing track a face of the newest frame that was seen later; False where it may not be its own."""
        if self._cost(track, observation, strong=False) >= _REFUSED:
            return False
        track.extend(observation, velocity_memory=self._rules.velocity_memory)
        return True

    def end_shot(self) -> None:
        """Ends every track; unsure detections just before a track's first sure one are added to its front."""
        for track in self._tracks:
            if track.shot == self._shot:
                self._extend_backwards(track)
        self._open = []
        self._loose = []

    def _begin(self, observation: Observation, shot: int) -> FaceTrack:
        track = FaceTrack(number=len(self._tracks), shot=shot, observations=[observation])
        track.mean_appearance = observation.appearance
        self._tracks.append(track)
        self._open.append(track)
        return track

    def _give_up(self, missing: list[FaceTrack], newcomer: Observation) -> list[FaceTrack]:
        """Ends missing tracks where a new face has appeared: were they found again later, one face might have two tracks."""
        replaced = [track for track in missing if self._overlap(track, newcomer) >= self._rules.minimum_overlap]
        for track in replaced:
            self._open.remove(track)
        return [track for track in missing if track not in replaced]

    def _age(self, missing: list[FaceTrack], ts_s: float, smallest_px: float) -> None:
        for track in missing:
            if track.last.height < smallest_px and ts_s - track.last.ts_s < self._rules.max_gap_s:
                continue
            if track.missing_since_s is None:
                track.missing_since_s = ts_s
            if ts_s - track.missing_since_s >= self._rules.max_gap_s:
                self._open.remove(track)

    def _match(
        self, tracks: list[FaceTrack], candidates: list[tuple[int, Observation]], strong: bool
    ) -> list[tuple[FaceTrack, int]]:
        """The assignment of least total cost among the allowed pairs."""
        if not tracks or not candidates:
            return []
        costs = np.array([[self._cost(track, face, strong) for _, face in candidates] for track in tracks])
        rows, columns = linear_sum_assignment(costs)
        return [
            (tracks[row], candidates[column][0])
            for row, column in zip(rows, columns, strict=True)
            if costs[row, column] < _REFUSED
        ]

    def _cost(self, track: FaceTrack, face: Observation, strong: bool) -> float:
        """Cost of giving a face to a track, small for a sure pair, `_REFUSED` for one that must not be."""
        rules = self._rules
        overlap = self._overlap(track, face)
        shift, size_ratio = _relative_motion(track.predicted_box(face.ts_s), face.box)
        alike = max(likeness(track.last.appearance, face.appearance), likeness(track.mean_appearance, face.appearance))
        lost = track.missing_since_s is not None and track.missing_since_s < face.ts_s
        trusted = overlap >= rules.trusted_overlap and not lost
        allowed = (
            size_ratio <= rules.largest_size_ratio
            and shift <= (rules.gap_largest_shift if lost else rules.largest_shift)
            and overlap >= (rules.minimum_overlap if strong else rules.weak_minimum_overlap)
            and alike >= (rules.contradiction if trusted else rules.minimum_likeness)
        )
        return (1 - overlap) + 0.5 * shift + 0.5 * (1 - alike) if allowed else _REFUSED

    def _overlap(self, track: FaceTrack, face: Observation) -> float:
        """Overlap with where the track should be or, if that is more, where it was: faces often stop suddenly."""
        places = np.stack([track.predicted_box(face.ts_s), track.last.box])
        return float(box_overlaps(places, face.box).max())

    def _extend_backwards(self, track: FaceTrack) -> None:
        for face in sorted(self._loose, key=lambda loose: (-loose.ts_s, -loose.score)):
            first = track.observations[0]
            if not 0 < first.ts_s - face.ts_s <= self._rules.max_gap_s:
                continue
            overlap = float(box_overlaps(first.box, face.box)[0, 0])
            alike = likeness(first.appearance, face.appearance)
            if overlap >= self._rules.weak_minimum_overlap and alike >= self._rules.minimum_likeness:
                track.observations.insert(0, face)
                self._loose = [other for other in self._loose if other is not face]


def divided(observations: Sequence[Observation], borders_s: Sequence[float]) -> list[list[Observation]]:
    """A track's observations divided at times found only later (the middles of dissolves); no part is empty."""
    parts: dict[int, list[Observation]] = {}
    for observation in observations:
        parts.setdefault(bisect_right(borders_s, observation.ts_s), []).append(observation)
    return list(parts.values())


def is_noise(observations: Sequence[Observation], rules: TrackingRules) -> bool:
    """Whether a track of these observations is more likely a mistake of the detector than a face."""
    mean = mean_score(observations)
    return mean < (
        rules.single_detection_score if len(observations) < rules.minimum_detections else rules.minimum_mean_score
    )


def mean_score(observations: Sequence[Observation]) -> float:
    """Mean of the detector's scores."""
    return sum(observation.score for observation in observations) / len(observations)


def _relative_motion(before: Floats, after: Floats) -> tuple[float, float]:
    """Distance of the centres over the face's size, and the larger size over the smaller."""
    sizes = [float(np.sqrt(max(1.0, (box[2] - box[0]) * (box[3] - box[1])))) for box in (before, after)]
    centres = [(box[:2] + box[2:]) / 2 for box in (before, after)]
    distance = float(np.hypot(*(centres[1] - centres[0])))
    return distance / min(sizes), max(sizes) / min(sizes)


def _blended(mean: Floats, newest: Floats) -> Floats:
    blended = (1 - _APPEARANCE_MEMORY) * mean + _APPEARANCE_MEMORY * newest
    length = float(np.linalg.norm(blended))
    return (blended / length if length > 1e-6 else newest).astype(np.float32)
