from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from services.detector.rules import PresenceRules
from services.detector.tracks.presence import Stay, stays
from services.detector.tracks.tracking import Observation

RULES = PresenceRules()
PERIOD_S = 0.125


@dataclass(frozen=True)
class Frame:
    shot: int
    observations: tuple[Observation, ...] = ()
    width: int = 1280
    height: int = 720


def face(step: int, x: float, *, part: float = 1.0, score: float = 0.93) -> Observation:
    """A face 100 wide of which a part is seen, from its left side on."""
    box = np.array([x, 300, x + 100 * part, 430], dtype=np.float32)
    return Observation(step, step * PERIOD_S, box, np.zeros(10, np.float32), score, np.zeros(4, np.float32))


def frames_of(count: int, others: Sequence[Observation] = (), *, shots: Sequence[int] | None = None) -> list[Frame]:
    return [
        Frame(shots[step] if shots else 0, tuple(other for other in others if other.frame_idx == step))
        for step in range(count)
    ]


def steps(found: list[Stay]) -> list[list[int]]:
    return [[observation.frame_idx for observation in stay.observations] for stay in found]


def test_face_that_goes_behind_somebody_counts_while_half_of_it_is_seen() -> None:
    track = [face(step, 400) for step in range(8)]
    track += [
        face(8, 400, part=0.84, score=0.9),
        face(9, 400, part=0.67, score=0.63),
        face(10, 400, part=0.5, score=0.4),
    ]
    (stay,) = stays(track, frames_of(20), RULES)
    assert stay.observations[-1].frame_idx == 8
    assert (stay.enters, stay.leaves) == (False, True)


def test_face_at_the_edge_of_the_picture_counts_by_what_is_inside() -> None:
    inside = [face(step, 900) for step in range(8)]
    going = [
        face(8, 1205, part=0.75, score=0.92),
        face(9, 1222, part=0.58, score=0.87),
        face(10, 1242, part=0.38, score=0.5),
    ]
    (stay,) = stays(inside + going, frames_of(20), RULES)
    assert stay.observations[-1].frame_idx == 9
    assert stay.leaves


def test_nothing_is_bridged_while_somebody_was_away() -> None:
    before = [face(step, 400) for step in range(8)] + [face(8, 400, part=0.6, score=0.6)]
    after = [face(12, 400, part=0.6, score=0.6), *(face(step, 400) for step in range(13, 20))]
    found = stays(before + after, frames_of(30), RULES)
    assert steps(found) == [list(range(8)), list(range(13, 20))]
    assert [(stay.enters, stay.leaves) for stay in found] == [(False, True), (True, False)]


def test_face_that_is_missed_where_nothing_hides_it_may_have_stayed() -> None:
    track = [face(step, 400) for step in range(20) if step not in (8, 9, 10)]
    assert steps(stays(track, frames_of(30), RULES)) == [[face.frame_idx for face in track]]


def test_somebody_else_in_the_place_hides_a_face() -> None:
    track = [face(step, 400) for step in range(20) if step not in (8, 9, 10)]
    passing = [face(step, 420) for step in (8, 9, 10)]
    found = stays(track, frames_of(30, passing), RULES)
    assert steps(found) == [list(range(8)), list(range(11, 20))]


def test_ends_at_cuts_are_left_alone() -> None:
    track = [face(0, 400, part=0.5, score=0.5), *(face(step, 400) for step in range(1, 8))]
    track.append(face(8, 400, part=0.5, score=0.5))
    shots = [0] * 9 + [1] * 5
    (stay,) = stays(track, frames_of(14, shots=shots), RULES)
    assert len(stay.observations) == 9
    assert (stay.enters, stay.leaves) == (False, False)


def test_face_that_is_half_hidden_all_the_time_stays() -> None:
    track = [face(step, 1230, part=0.5, score=0.6 if step % 2 else 0.5) for step in range(10)]
    assert steps(stays(track, frames_of(20), RULES)) == [list(range(10))]
