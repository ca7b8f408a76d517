from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.domain.calibration import EmbedderCalibration
from chassis.domain.vectors import distances, few_best_mean
from contracts.rows import Box
from services.identity.facebank.gallery import (
    FoundFace,
    Reference,
    assess_picture,
    build_gallery,
    find_outliers,
    make_gallery,
)
from services.identity.rules import GalleryRules, IdentityThresholds, PictureRules
from tests.unit.identity.builders import DIMENSION, MODEL, between, gallery_of, person_vector

RULES = IdentityThresholds()

CALIBRATION = EmbedderCalibration(MODEL, midpoint=0.31, scale=0.05)
LARGE: Box = (0.3, 0.2, 0.6, 0.6)
SMALL: Box = (0.05, 0.05, 0.12, 0.15)


def face(bbox: Box = LARGE, *, conf: float = 0.9, sharpness: float = 0.5) -> FoundFace:
    return FoundFace(bbox, conf, sharpness)


@pytest.mark.parametrize(
    ("faces", "code"),
    [
        ([face()], "ok"),
        ([], "picture_without_face"),
        ([face(conf=0.3)], "picture_without_face"),
        ([face(), face((0.65, 0.2, 0.9, 0.5))], "several_faces"),
        ([face((0.5, 0.5, 0.52, 0.53))], "face_too_small"),
        ([face(sharpness=0.1)], "face_too_blurry"),
    ],
)
def test_a_picture_gets_a_code_and_a_sentence(faces: list[FoundFace], code: str) -> None:
    assessment = assess_picture(faces, image_size=(640, 480), rules=RULES.picture)
    assert assessment.code == code
    assert assessment.accepted == (code == "ok")
    assert (assessment.face is None) == (code != "ok")
    assert assessment.message.endswith(".")


def test_a_face_in_the_background_does_not_spoil_a_picture() -> None:
    assessment = assess_picture([face(SMALL), face()], image_size=(640, 480), rules=RULES.picture)
    assert (assessment.code, assessment.face) == ("ok", 1)


def test_a_face_that_is_hardly_one_does_not_count_as_a_second() -> None:
    assessment = assess_picture(
        [face(), face((0.65, 0.2, 0.9, 0.5), conf=0.2)], image_size=(640, 480), rules=RULES.picture
    )
    assert assessment.code == "ok"


def test_the_size_of_a_face_is_measured_in_pixels_of_its_picture() -> None:
    rules = PictureRules(min_face_px=40)
    assert assess_picture([face()], image_size=(640, 110), rules=rules).code == "ok"
    assert assess_picture([face()], image_size=(640, 90), rules=rules).code == "face_too_small"


def test_the_best_of_near_duplicates_stays() -> None:
    vectors = np.array([person_vector(0), person_vector(0, off=0.02), person_vector(0, off=0.3)])
    selection = build_gallery(vectors, [0.5, 0.9, 0.4], rules=RULES.gallery)
    assert selection.kept == (1, 2)
    assert selection.duplicates == {0: 1}


def test_above_the_cap_the_most_diverse_stay() -> None:
    vectors = np.array([person_vector(0, off=off) for off in (0.0, 0.1, 0.2, 0.5, 0.9)])
    selection = build_gallery(vectors, [0.9, 0.8, 0.7, 0.6, 0.5], cap=3, rules=RULES.gallery)
    assert selection.kept == (0, 4, 3)
    assert selection.surplus == (1, 2)


@given(st.integers(0, 12), st.integers(1, 6), st.integers(0, 1000))
def test_a_gallery_never_loses_track_of_a_picture(count: int, cap: int, seed: int) -> None:
    generator = np.random.default_rng(seed)
    vectors = generator.normal(size=(count, DIMENSION))
    vectors = (vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)).astype(np.float32)
    selection = build_gallery(
        vectors, list(generator.random(count)), cap=cap, rules=GalleryRules(duplicate_distance=1.2)
    )
    assert len(selection.kept) <= cap
    assert sorted([*selection.kept, *selection.duplicates, *selection.surplus]) == list(range(count))


def test_a_gallery_needs_one_quality_per_vector() -> None:
    with pytest.raises(ValueError, match="qualities"):
        build_gallery(np.array([person_vector(0)]), [], rules=RULES.gallery)
    with pytest.raises(ValueError, match="cap"):
        build_gallery(np.array([person_vector(0)]), [0.5], cap=0, rules=RULES.gallery)


@pytest.mark.parametrize(
    ("reference", "why"),
    [
        (Reference("b.jpg", person_vector(0), "another-model", 0.9), "another-model"),
        (Reference("b.jpg", np.ones(8, dtype=np.float32) / np.float32(np.sqrt(8)), MODEL, 0.9), "shape"),
        (Reference("b.jpg", 2 * person_vector(0), MODEL, 0.9), "unit length"),
        (Reference("b.jpg", np.full(DIMENSION, np.nan, dtype=np.float32), MODEL, 0.9), "unit length"),
    ],
)
def test_a_vector_that_cannot_be_compared_is_reported_and_left_out(reference: Reference, why: str) -> None:
    good = Reference("a.jpg", person_vector(0), MODEL, 0.5)
    gallery = make_gallery("ada", [reference, good], model_id=MODEL, dimension=DIMENSION, rules=RULES.gallery)
    assert gallery.pictures == ("a.jpg",)
    assert gallery.vectors.shape == (1, DIMENSION)
    assert len(gallery.problems) == 1
    assert why in gallery.problems[0]
    assert "b.jpg of ada" in gallery.problems[0]


def test_a_picture_of_somebody_else_is_flagged_and_nobody_else_is() -> None:
    ada = gallery_of("ada", person_vector(0), person_vector(0, off=0.3), person_vector(1, off=0.2, towards=14))
    boris = gallery_of("boris", person_vector(1), person_vector(1, off=0.3))
    flagged = find_outliers([ada, boris], calibration=CALIBRATION, rules=RULES.gallery)
    assert [(outlier.cast_id, outlier.picture, outlier.resembles) for outlier in flagged] == [("ada", "2.jpg", "boris")]
    assert "looks like boris" in flagged[0].message


def test_an_only_picture_that_shows_another_member_is_flagged() -> None:
    ada = gallery_of("ada", person_vector(1, off=0.1, towards=14))
    boris = gallery_of("boris", person_vector(1), person_vector(1, off=0.1))
    flagged = find_outliers([ada, boris], calibration=CALIBRATION, rules=RULES.gallery)
    assert [(outlier.cast_id, outlier.own_distance) for outlier in flagged] == [("ada", None)]


def test_an_only_picture_of_somebody_who_looks_alike_is_not_flagged() -> None:
    ada = gallery_of("ada", person_vector(1, off=0.26, towards=14))
    boris = gallery_of("boris", person_vector(1), person_vector(1, off=0.1))
    assert find_outliers([ada, boris], calibration=CALIBRATION, rules=RULES.gallery) == ()


def test_an_only_picture_is_not_blamed_for_wrong_ones_in_another_gallery() -> None:
    wrong = [person_vector(0, off=0.15, towards=14), person_vector(0, off=0.15, towards=13)]
    ada = gallery_of("ada", person_vector(0))
    boris = gallery_of("boris", person_vector(1), person_vector(1, off=0.3), *wrong)
    flagged = find_outliers([ada, boris], calibration=CALIBRATION, rules=RULES.gallery)
    assert [(outlier.cast_id, outlier.picture) for outlier in flagged] == [("boris", "2.jpg"), ("boris", "3.jpg")]


def test_a_gallery_without_pictures_flags_nobody() -> None:
    assert (
        find_outliers(
            [gallery_of("ada"), gallery_of("boris", person_vector(1))], calibration=CALIBRATION, rules=RULES.gallery
        )
        == ()
    )


def test_probability_is_a_falling_logistic_curve() -> None:
    assert CALIBRATION.probability(0.31) == pytest.approx(0.5)
    assert CALIBRATION.probability(0.36) == pytest.approx(1 / (1 + np.e))
    assert CALIBRATION.probability(0.05) > 0.99 > 0.01 > CALIBRATION.probability(0.9)
    assert CALIBRATION.probability(CALIBRATION.distance(0.05)) == pytest.approx(0.05)
    assert CALIBRATION.distance(0.999999) == 0.0
    assert CALIBRATION.probability(1e6) == pytest.approx(0.0)
    with pytest.raises(ValueError, match="positive"):
        EmbedderCalibration(MODEL, 0.5, 0.0)


def test_one_near_reference_among_far_ones_does_not_decide() -> None:
    vector = person_vector(0)
    far, half_way = person_vector(1), between(person_vector(0), person_vector(1), 0.5)
    assert few_best_mean(vector, [vector, far], count=2) == pytest.approx(np.sqrt(2) / 2, abs=1e-3)
    assert few_best_mean(vector, [half_way, half_way], count=2) == pytest.approx(0.765, abs=1e-3)
    assert few_best_mean(vector, [vector, far], count=1) == pytest.approx(0.0, abs=1e-3)


def test_vectors_of_different_dimensions_are_never_compared() -> None:
    with pytest.raises(ValueError, match="cannot be compared"):
        distances(np.zeros((2, 128)), np.zeros((2, 512)))
    with pytest.raises(ValueError, match="nothing to compare"):
        few_best_mean(person_vector(0), np.zeros((0, DIMENSION)), count=2)
