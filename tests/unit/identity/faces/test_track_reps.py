from __future__ import annotations

import numpy as np
import pytest

from services.identity.faces.track_reps import compute_track_quality, select_representative_frames
from services.identity.rules import IdentityThresholds
from tests.unit.identity.builders import make_face, person_vector

RULES = IdentityThresholds()

CENTROID = person_vector(0)
VECTORS = np.array([person_vector(0), person_vector(0, off=0.1), person_vector(1)])


@pytest.mark.parametrize("better", [{"sharpness": 0.9}, {"frontality": 0.9}, {"size": 0.9}])
def test_the_sharper_more_frontal_or_larger_face_is_chosen(better: dict[str, float]) -> None:
    faces = [make_face(1, 0.0), make_face(2, 1.0, **better), make_face(3, 2.0)]  # type: ignore[arg-type]
    (best,) = select_representative_frames(
        faces, vectors=VECTORS, centroid=CENTROID, count=1, rules=RULES.representative
    )
    assert best.frame_idx == 2


def test_a_typical_face_is_better_than_a_prettier_one_of_somebody_else() -> None:
    faces = [make_face(1, 0.0, row=0), make_face(2, 1.0, row=2, sharpness=0.9, frontality=0.9)]
    (best,) = select_representative_frames(
        faces, vectors=VECTORS, centroid=CENTROID, count=1, rules=RULES.representative
    )
    assert best.frame_idx == 1


def test_equally_good_faces_are_spread_over_time() -> None:
    faces = [make_face(frame, frame / 10) for frame in range(11)]
    chosen = select_representative_frames(
        faces, vectors=VECTORS, centroid=CENTROID, count=3, rules=RULES.representative
    )
    assert sorted(face.frame_idx for face in chosen) == [0, 5, 10]


def test_low_quality_faces_are_shown_only_when_there_is_nothing_else() -> None:
    poor = [
        make_face(1, 0.0, sharpness=1.0, low_quality=True),
        make_face(2, 1.0, sharpness=0.9, row=None, skip_reason="too_blurry"),
    ]
    chosen = select_representative_frames(
        [*poor, make_face(3, 2.0)], vectors=VECTORS, centroid=CENTROID, count=5, rules=RULES.representative
    )
    assert [face.frame_idx for face in chosen] == [3]
    chosen = select_representative_frames(poor, vectors=VECTORS, centroid=CENTROID, count=1, rules=RULES.representative)
    assert [face.frame_idx for face in chosen] == [1]


def test_faces_can_be_chosen_without_any_vector() -> None:
    faces = [make_face(1, 0.0), make_face(2, 1.0, sharpness=0.9)]
    (best,) = select_representative_frames(faces, vectors=None, centroid=None, count=1, rules=RULES.representative)
    assert best.frame_idx == 2
    assert select_representative_frames([], vectors=None, centroid=None, count=1, rules=RULES.representative) == ()


def test_the_order_of_the_faces_does_not_matter() -> None:
    faces = [make_face(frame, frame / 10) for frame in range(8)]
    forwards = select_representative_frames(
        faces, vectors=VECTORS, centroid=CENTROID, count=4, rules=RULES.representative
    )
    assert forwards == select_representative_frames(
        faces[::-1], vectors=VECTORS, centroid=CENTROID, count=4, rules=RULES.representative
    )


def test_a_centroid_of_another_dimension_is_an_error() -> None:
    with pytest.raises(ValueError, match="do not fit"):
        select_representative_frames(
            [make_face(1, 0.0)], vectors=VECTORS, centroid=np.ones(4), count=1, rules=RULES.representative
        )
    with pytest.raises(ValueError, match="at least 1"):
        select_representative_frames(
            [make_face(1, 0.0)], vectors=VECTORS, centroid=CENTROID, count=0, rules=RULES.representative
        )


def test_track_quality_is_that_of_its_usable_faces() -> None:
    faces = [make_face(1, 0.0, score=0.8), make_face(2, 1.0, score=0.6), make_face(3, 2.0, score=0.1, low_quality=True)]
    quality = compute_track_quality(faces)
    assert quality.mean == pytest.approx(0.7)
    assert (quality.best, quality.faces, quality.usable) == (0.8, 3, 2)
    assert compute_track_quality(faces[2:]).mean == pytest.approx(0.1)
    assert compute_track_quality([]).mean == 0.0
