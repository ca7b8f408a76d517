"""The labels of the sample episode: who is on screen when, known from its script."""

from collections.abc import Sequence
from typing import TypedDict

from screenalytics.sample.script import FRAMES_PER_S, Shot


class Truth(TypedDict):
    """`intervals_s`: start and end of every uninterrupted presence, in seconds; `screen_time_s`: their sum."""

    name: str
    fps: int
    duration_s: float
    intervals_s: dict[str, list[list[float]]]
    screen_time_s: dict[str, float]


def truth_of(name: str, shots: Sequence[Shot]) -> Truth:
    """Labels by person, in alphabetical order; shots that follow each other directly make one interval."""
    spans: dict[str, list[list[int]]] = {}
    start = 0
    for shot in shots:
        end = start + shot.frames
        for person in sorted(set(shot.people)):
            own = spans.setdefault(person, [])
            if own and own[-1][1] == start:
                own[-1][1] = end
            else:
                own.append([start, end])
        start = end
    people = sorted(spans)
    return {
        "name": name,
        "fps": FRAMES_PER_S,
        "duration_s": start / FRAMES_PER_S,
        "intervals_s": {
            person: [[first / FRAMES_PER_S, last / FRAMES_PER_S] for first, last in spans[person]] for person in people
        },
        "screen_time_s": {
            person: sum(last - first for first, last in spans[person]) / FRAMES_PER_S for person in people
        },
    }
