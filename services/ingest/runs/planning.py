"""Cutting an episode's timeline into segments that can be decoded on their own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol, TypeVar

TARGET_SEGMENT_S = 20.0
SHORTEST_PART_OF_TARGET = 0.25


@dataclass(frozen=True, slots=True)
class SegmentSpan:
    """The stretch `[start_s, end_s)` of the episode, in presentation seconds; it starts at a keyframe."""

    segment: int
    start_s: float
    end_s: float


def plan_segments(
    keyframes: Sequence[float], duration_s: float, target_s: float = TARGET_SEGMENT_S
) -> list[SegmentSpan]:
    """Covers `[0, duration_s)` by segments of about `target_s` seconds, without gap or overlap.

    Inner borders lie on `keyframes` (presentation seconds, any order, repeats allowed) only: with sparse keyframes
    segments become longer, never cut between them. Each border is the keyframe nearest to `target_s` after the one
    before. A last segment shorter than a quarter of the target joins the one before it.

    Raises ValueError when the duration or the target is not positive.
    """
    if not duration_s > 0 or not target_s > 0:
        raise ValueError("duration and target must be positive")
    shortest = SHORTEST_PART_OF_TARGET * target_s
    borders = [0.0]
    candidates = sorted({time for time in keyframes if 0.0 < time < duration_s})
    for position, time in enumerate(candidates):
        following = candidates[position + 1] if position + 1 < len(candidates) else duration_s
        length = time - borders[-1]
        if length >= shortest and abs(length - target_s) <= abs(following - borders[-1] - target_s):
            borders.append(time)
    if len(borders) > 1 and duration_s - borders[-1] < shortest:
        borders.pop()
    return [
        SegmentSpan(segment=number, start_s=start, end_s=end)
        for number, (start, end) in enumerate(pairwise([*borders, duration_s]))
    ]


class Recording(Protocol):
    """What is planned: `[start_s, end_s)` of the episode with its keyframes, in seconds of the episode."""

    @property
    def start_s(self) -> float: ...
    @property
    def end_s(self) -> float: ...
    @property
    def keyframes_s(self) -> Sequence[float]: ...


R = TypeVar("R", bound=Recording)


def plan_recordings(recordings: Sequence[R], target_s: float = TARGET_SEGMENT_S) -> list[tuple[SegmentSpan, R]]:
    """The segments of recordings that follow each other, each with the recording it lies in; none lies in two."""
    planned: list[tuple[SegmentSpan, R]] = []
    for recording in recordings:
        start_s = recording.start_s
        inside = [time - start_s for time in recording.keyframes_s]
        for span in plan_segments(inside, recording.end_s - start_s, target_s):
            is_last = span.end_s == recording.end_s - start_s
            end_s = recording.end_s if is_last else start_s + span.end_s
            planned.append((SegmentSpan(len(planned), start_s + span.start_s, end_s), recording))
    return planned
