from __future__ import annotations

import numpy as np
import pytest

from chassis.domain.calibration import DrawnFaces, PersonCalibration
from chassis.domain.pooling import PoolingRules
from contracts.rows import FaceRow
from contracts.warnings import sentences
from screenalytics.weights import load_registry
from services.embedder.drawn import DRAWN_FACES
from services.embedder.embedding import EmbeddedSegment, EmbeddingMismatchError, build_embedded_segment, faces_to_embed
from services.embedder.rules import EmbedderThresholds, SelectionRules
from services.embedder.selection import select_faces
from tests.unit.embedder.rows import TRACK, detection, face, track, vectors_of

THRESHOLDS = EmbedderThresholds(model_id="model-a", selection=SelectionRules(faces_per_track=16))
OTHER = "track-00003-004"


def _embed(faces: list[FaceRow], vectors: np.ndarray, **changes: object) -> EmbeddedSegment:
    arguments: dict[str, object] = {
        "tracks": [track(0, 15)],
        "faces": select_faces(faces, THRESHOLDS.selection),
        "detections": [detection(frame) for frame in range(16)],
        "vectors": vectors,
        "model_id": "model-a",
        "thresholds": THRESHOLDS,
        "pooling": PoolingRules(),
    }
    return build_embedded_segment(**(arguments | changes))  # type: ignore[arg-type]


def test_a_track_says_how_drawn_it_looks_where_the_model_has_been_measured() -> None:
    faces, vectors = [face(frame) for frame in range(0, 16, 2)], vectors_of(1, 8)
    direction = tuple(float(number) for number in np.mean(vectors, axis=0) / np.linalg.norm(np.mean(vectors, axis=0)))
    drawn = DrawnFaces(direction, PersonCalibration(1.03, 0.08, 1.44, 0.055), "made up")
    (unmeasured,), (measured,) = _embed(faces, vectors).tracks, _embed(faces, vectors, drawn=drawn).tracks
    assert unmeasured.drawn is None
    assert measured.drawn is not None and measured.drawn > 10


def test_the_direction_of_drawn_faces_is_that_of_a_model_that_is_served() -> None:
    known = {spec.model_id: spec.contract.outputs[0].shape[0] for spec in load_registry().models.values()}
    assert {model: len(faces.direction) for model, faces in DRAWN_FACES.items()}.items() <= known.items()


def test_rows_and_matrices_belong_together() -> None:
    faces = [face(frame) for frame in range(0, 16, 2)] + [face(3, track=OTHER), face(4, track=OTHER)]
    vectors = np.concatenate([vectors_of(1, 8), vectors_of(2, 2)])
    result = _embed(faces, vectors, tracks=[track(0, 15), track(3, 4, identifier=OTHER)])
    assert [row.embedding_row for row in result.faces] == list(range(10))
    assert {row.model_id for row in (*result.faces, *result.tracks)} == {"model-a"}
    np.testing.assert_allclose(result.faces_npy, vectors, atol=1e-6)
    for row in result.tracks:
        own = result.faces_npy[[one.embedding_row for one in result.faces if one.track_id == row.track_id]]
        prototype = result.tracks_npy[row.embedding_row]
        assert np.linalg.norm(own - prototype, axis=1).max() < 0.3
    assert result.tracks_npy.dtype == np.float32
    assert result.tracks[0].samples == 8
    assert result.counts["tracks_embedded"] == 2


def test_a_track_without_faces_stays_and_says_why() -> None:
    result = _embed([], np.zeros((0, 128)))
    assert [(row.rejection, row.embedding_row) for row in result.tracks] == [("no_face_sampled", None)]
    assert result.tracks_npy.shape == (0, 128)


def test_a_track_of_poor_faces_is_embedded_and_marked() -> None:
    faces = [face(0, frontality=0.0), face(8, frontality=0.0)]
    result = _embed(faces, vectors_of(1, 1))
    assert result.tracks[0].low_quality
    assert result.tracks[0].rejection == "low_quality"
    assert result.tracks[0].embedding_row == 0


def test_a_vector_that_is_no_direction_is_reported_and_used_nowhere() -> None:
    vectors = vectors_of(1, 4)
    vectors[1] = np.nan
    vectors[2] = 0
    result = _embed([face(frame) for frame in range(0, 16, 4)], vectors)
    assert [row.skip_reason for row in result.faces] == [None, "unusable_vector", "unusable_vector", None]
    assert sentences(result.warnings) == ("2 faces gave no usable vector",)
    assert result.tracks[0].samples == 2
    assert np.isfinite(result.faces_npy).all()


def test_a_track_with_only_unusable_vectors_stays_and_says_why() -> None:
    result = _embed([face(0)], np.zeros((1, 128)))
    assert result.tracks[0].rejection == "no_usable_vector"


@pytest.mark.parametrize(
    ("vectors", "model"),
    [(vectors_of(1, 1)[:, :64], "model-a"), (vectors_of(1, 2), "model-a"), (vectors_of(1, 1), "model-b")],
    ids=["dimension", "count", "model"],
)
def test_vectors_of_another_kind_are_refused(vectors: np.ndarray, model: str) -> None:
    with pytest.raises(EmbeddingMismatchError):
        _embed([face(0)], vectors, model_id=model)


def test_a_track_of_two_people_is_split_with_all_its_rows() -> None:
    faces = [face(frame) for frame in range(16)]
    vectors = np.concatenate([vectors_of(1, 7), vectors_of(2, 9)])
    result = _embed(faces, vectors, tracks=[track(0, 15), track(0, 2, identifier=OTHER)])
    first, second = result.tracks[1:] if result.tracks[0].track_id == OTHER else (result.tracks[0], result.tracks[-1])
    assert (first.track_id, second.track_id) == ("track-00003-005", "track-00003-006")
    change = 60 + 6.5 / 8
    assert (first.start_s, first.end_s) == (60, change)
    assert (second.start_s, second.end_s) == (change, 62)
    assert (first.last_frame, second.first_frame) == (6, 7)
    assert (first.detections, second.detections) == (7, 9)
    assert [row.track_id for row in result.detections] == [first.track_id] * 7 + [second.track_id] * 9
    assert [row.track_id for row in result.faces] == [first.track_id] * 7 + [second.track_id] * 9
    assert len(first.crops) == 7
    assert set(first.crops) & set(second.crops) == set()
    assert first.representative in {row.face_id for row in result.faces[:7]}
    assert (first.samples, second.samples) == (7, 9)
    assert result.splits[0].track == TRACK
    assert TRACK not in {row.track_id for row in result.tracks}


def test_skipped_faces_and_unsampled_detections_go_with_their_part() -> None:
    faces = [face(frame, frontality=0.0 if frame in (2, 12) else 0.9) for frame in range(16)]
    kept = faces_to_embed(select_faces(faces, THRESHOLDS.selection))
    change = sum(row.frame_idx < 8 for row in kept)
    vectors = np.concatenate([vectors_of(1, change), vectors_of(2, len(kept) - change)])
    result = _embed(faces, vectors, detections=[*(detection(frame) for frame in range(16)), detection(5, track=None)])
    first, second = result.tracks
    by_frame = {row.frame_idx: row.track_id for row in result.faces}
    assert (by_frame[2], by_frame[12]) == (first.track_id, second.track_id)
    assert result.detections[-1].track_id is None


def test_the_same_input_gives_the_same_bytes() -> None:
    faces = [face(frame) for frame in range(16)]
    vectors = np.concatenate([vectors_of(1, 8), vectors_of(2, 8)])
    one, other = _embed(faces, vectors), _embed(faces, vectors)
    assert one.tracks_npy.tobytes() == other.tracks_npy.tobytes()
    assert (one.tracks, one.faces, one.detections) == (other.tracks, other.faces, other.detections)
