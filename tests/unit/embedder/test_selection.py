from __future__ import annotations

import pytest

from contracts.rows import FaceRow
from services.embedder.rules import SelectionRules
from services.embedder.selection import NEAR_BETTER_FACE, failed_gate, select_faces
from tests.unit.embedder.rows import face

RULES = SelectionRules(
    min_confidence=0.3, min_size=0.1, min_sharpness=0.1, min_contrast=0.1, min_frontality=0.1, enough_faces=2
)


def _taken(rows: list[FaceRow]) -> list[int]:
    return [row.frame_idx for row in rows if row.skip_reason is None]


@pytest.mark.parametrize(
    ("part", "reason"),
    [
        ("confidence", "low_confidence"),
        ("size", "too_small"),
        ("sharpness", "blurry"),
        ("contrast", "low_contrast"),
        ("frontality", "turned_away"),
    ],
)
def test_a_face_that_fails_a_gate_says_which(part: str, reason: str) -> None:
    assert failed_gate(face(0, **{part: 0.05}), RULES) == reason
    rows = select_faces([face(0, **{part: 0.05}), face(8)], RULES)
    assert [row.skip_reason for row in rows] == [reason, None]


def test_every_face_comes_back_in_order_of_time() -> None:
    rows = select_faces([face(24), face(0), face(9, sharpness=0.0)], RULES)
    assert [row.frame_idx for row in rows] == [0, 9, 24]


def test_every_stretch_keeps_its_best_face_up_to_the_limit() -> None:
    faces = [face(frame * 8, score=0.3 + frame / 50) for frame in range(20)]
    rows = select_faces(faces, RULES)
    taken = _taken(rows)
    assert 5 <= len(taken) <= RULES.faces_per_track
    assert taken[-1] == 19 * 8
    assert taken[0] < 4 * 8
    assert {row.skip_reason for row in rows} == {None, "enough_better_faces"}


def test_of_faces_at_nearly_the_same_time_the_better_one_is_taken() -> None:
    rules = RULES.model_copy(update={"spacing_s": 0.5})
    rows = select_faces([face(0, score=0.5), face(1, score=0.9), face(8), face(16)], rules)
    assert _taken(rows) == [1, 8, 16]
    assert rows[0].skip_reason == NEAR_BETTER_FACE


def test_a_short_track_takes_faces_near_in_time_rather_than_too_few() -> None:
    rules = RULES.model_copy(update={"spacing_s": 5.0, "enough_faces": 3})
    rows = select_faces([face(0, score=0.9), face(1, score=0.5), face(2, score=0.7), face(3, score=0.6)], rules)
    assert _taken(rows) == [0, 2, 3]


def test_a_track_whose_every_face_fails_keeps_its_best_one_as_low_quality() -> None:
    rows = select_faces([face(0, score=0.1, sharpness=0.0), face(8, score=0.2, size=0.0)], RULES)
    assert [(row.skip_reason, row.low_quality) for row in rows] == [("blurry", False), (None, True)]


def test_tracks_do_not_take_each_others_places() -> None:
    rules = RULES.model_copy(update={"faces_per_track": 1})
    other = "track-00003-002"
    rows = select_faces([face(0), face(8), face(0, track=other), face(8, track=other)], rules)
    assert [row.skip_reason is None for row in rows] == [True, False, True, False]


def test_the_order_of_the_input_does_not_matter() -> None:
    faces = [face(frame, score=0.5 + (frame * 7 % 5) / 10) for frame in range(30)]
    assert select_faces(faces, RULES) == select_faces(faces[::-1], RULES)
