from __future__ import annotations

import numpy as np
import numpy.typing as npt

from services.detector.rules import TrackingRules
from services.detector.tracks.tracking import FaceTracker, Observation, divided, is_noise

RULES = TrackingRules()
PERIOD_S = 0.125


def look(seed: int) -> npt.NDArray[np.float32]:
    values = np.random.default_rng(seed).normal(size=64)
    return np.asarray(values / np.linalg.norm(values), dtype=np.float32)


def face(step: int, x: float, *, y: float = 100, size: float = 60, score: float = 0.9, person: int = 1) -> Observation:
    box = np.array([x, y, x + size, y + 1.3 * size], dtype=np.float32)
    points = np.array([0.3, 0.4, 0.7, 0.4, 0.5, 0.6, 0.35, 0.8, 0.65, 0.8]) * size
    landmarks = (points + np.tile([x, y], 5)).astype(np.float32)
    return Observation(step, step * PERIOD_S, box, landmarks, score, look(person))


def follow(frames: list[list[Observation]], shots: list[int] | None = None) -> FaceTracker:
    tracker = FaceTracker(RULES)
    for step, faces in enumerate(frames):
        tracker.step(faces, ts_s=step * PERIOD_S, shot=shots[step] if shots else 0)
    tracker.end_shot()
    return tracker


def steps(tracker: FaceTracker) -> list[list[int]]:
    return [[observation.frame_idx for observation in track.observations] for track in tracker.tracks]


def test_moving_face_is_one_track() -> None:
    assert steps(follow([[face(step, 100 + 20 * step)] for step in range(20)])) == [list(range(20))]


def test_two_faces_that_pass_each_other_keep_their_own_tracks() -> None:
    frames = [[face(step, 100 + 15 * step, person=1), face(step, 400 - 15 * step, person=2)] for step in range(20)]
    tracker = follow(frames)
    assert all(len({float(o.appearance[0]) for o in track.observations}) == 1 for track in tracker.tracks)
    assert sum(len(track.observations) for track in tracker.tracks) == 40


def test_cut_ends_every_track_even_where_the_face_stays() -> None:
    assert steps(follow([[face(step, 100)] for step in range(10)], shots=[0] * 5 + [1] * 5)) == [
        [0, 1, 2, 3, 4],
        [5, 6, 7, 8, 9],
    ]


def test_short_gap_is_bridged_and_a_long_one_is_not() -> None:
    short = [[face(step, 100)] if step not in range(5, 11) else [] for step in range(20)]
    long = [[face(step, 100)] if step not in range(5, 15) else [] for step in range(20)]
    assert len(follow(short).tracks) == 1
    assert len(follow(long).tracks) == 2


def test_unsure_detections_extend_a_track_at_both_ends_but_begin_none() -> None:
    scores = [0.42, 0.5, 0.9, 0.9, 0.42, 0.9, 0.45]
    tracker = follow([[face(step, 100, score=score)] for step, score in enumerate(scores)])
    assert steps(tracker) == [list(range(7))]
    assert follow([[face(step, 100, score=0.4)] for step in range(10)]).tracks == []


def test_face_that_changes_in_place_begins_a_new_track() -> None:
    tracker = follow([[face(step, 100, person=1 if step < 6 else 2)] for step in range(12)])
    assert steps(tracker) == [list(range(6)), list(range(6, 12))]


def test_face_refused_for_a_moment_never_has_two_tracks_at_once() -> None:
    tracker = follow([[face(step, 100, person=2 if step in (6, 7, 8) else 1)] for step in range(16)])
    ends = [(track.observations[0].frame_idx, track.last.frame_idx) for track in tracker.tracks]
    assert ends == [(0, 5), (6, 8), (9, 15)]


def test_jump_is_refused() -> None:
    assert len(follow([[face(step, 100 if step < 5 else 300)] for step in range(10)]).tracks) == 2


def test_face_of_another_size_is_refused() -> None:
    frames = [[face(step, 100) if step < 5 else face(step, 80, y=80, size=110)] for step in range(10)]
    assert len(follow(frames).tracks) == 2


def test_lone_or_doubtful_detections_are_noise_and_a_sure_one_is_not() -> None:
    assert is_noise([face(0, 100, score=0.7)], RULES)
    assert not is_noise([face(0, 100, score=0.92)], RULES)
    assert is_noise([face(0, 100, score=0.55), face(1, 100, score=0.3)], RULES)
    assert not is_noise([face(step, 100, score=0.7) for step in range(3)], RULES)


def test_track_is_divided_at_borders_found_later() -> None:
    observations = [face(step, 100) for step in range(8)]
    assert [len(part) for part in divided(observations, [0.3, 0.31])] == [3, 5]
    assert [len(part) for part in divided(observations, [5.0])] == [8]
