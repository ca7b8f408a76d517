"""The shipped models on real faces. Runs where they have been pulled and the labelled pictures are there."""

from itertools import combinations
from pathlib import Path

import cv2
import numpy as np
import onnxruntime
import pytest

from chassis.domain.faces import ChipTemplate, align_chip, box_overlaps, fit_frame, half_size, non_maximum_suppression
from screenalytics.weights import default_cache_dir, list_models, load_registry, repository_path

FACEBANK = Path(__file__).resolve().parents[4] / "shared" / "media" / "facebank"


def _pulled(name: str) -> bool:
    return any(
        entry.name == name and entry.state == "ready" for entry in list_models(load_registry(), default_cache_dir())
    )


pytestmark = [
    pytest.mark.skipif(not FACEBANK.is_dir(), reason="the labelled pictures are not here"),
    pytest.mark.skipif(
        not all(map(_pulled, ("face_detector", "face_finder", "person_detector", "sface"))),
        reason="the models have not been pulled",
    ),
]


def session(model: str) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(repository_path(default_cache_dir()) / model / "1" / "model.onnx", options)


@pytest.fixture(scope="module")
def detector() -> onnxruntime.InferenceSession:
    return session("face_detector")


@pytest.fixture(scope="module")
def pictures() -> list[tuple[str, np.ndarray]]:
    """(person, RGB picture) of the facebank."""
    return [(path.parent.name, rgb(path)) for path in sorted(FACEBANK.glob("*/*.jpg"))]


def rgb(path: Path) -> np.ndarray:
    picture = cv2.imread(str(path))
    assert picture is not None
    return cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)


def detect(detector: onnxruntime.InferenceSession, frame: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    boxes, scores, landmarks = (part[0] for part in detector.run(None, {"frames": frame[None]}))
    good = scores > 0.3
    kept = non_maximum_suppression(boxes[good], scores[good], max_overlap=0.4)
    return boxes[good][kept], landmarks[good][kept]


def analysed(picture: np.ndarray) -> np.ndarray:
    return fit_frame(picture.shape[1], picture.shape[0], long_side=640).apply(picture)


@pytest.mark.parametrize("model", ["face_detector", "face_finder"])
def test_every_portrait_has_one_face_with_landmarks_where_they_belong(
    model: str, pictures: list[tuple[str, np.ndarray]]
) -> None:
    detector = session(model)
    for _, picture in pictures:
        (box,), (points,) = detect(detector, analysed(picture))
        left_eye, right_eye, nose, left_mouth, right_mouth = points.reshape(5, 2)
        assert left_eye[0] < right_eye[0]
        assert left_mouth[0] < right_mouth[0]
        assert max(left_eye[1], right_eye[1]) < nose[1] < min(left_mouth[1], right_mouth[1])
        assert (points.reshape(5, 2) >= box[:2]).all()
        assert (points.reshape(5, 2) <= box[2:]).all()


def test_whoever_has_a_face_is_a_person(
    detector: onnxruntime.InferenceSession, pictures: list[tuple[str, np.ndarray]]
) -> None:
    persons = session("person_detector")
    for _, picture in pictures:
        frame = fit_frame(picture.shape[1], picture.shape[0], long_side=416).apply(picture)
        (face, *_), _ = detect(detector, frame)
        boxes, scores = (part[0] for part in persons.run(["boxes", "scores"], {"frames": frame[None]}))
        person = boxes[0]
        assert scores[0] > 0.5
        assert (np.maximum(face[:2], 0) >= person[:2] - 16).all()
        assert (np.minimum(face[2:], frame.shape[1::-1]) <= person[2:] + 16).all()


@pytest.mark.parametrize(("height", "recall"), [(17, 0.8), (20, 1.0), (64, 1.0), (300, 1.0)])
def test_small_and_large_faces_are_found(
    detector: onnxruntime.InferenceSession, pictures: list[tuple[str, np.ndarray]], height: int, recall: float
) -> None:
    found = [_is_found(detector, picture, height, half=False) for _, picture in pictures]
    assert np.mean(found) >= recall


def test_faces_taller_than_the_frame_are_found_at_half_size(
    detector: onnxruntime.InferenceSession, pictures: list[tuple[str, np.ndarray]]
) -> None:
    assert np.mean([_is_found(detector, picture, 500, half=True) for _, picture in pictures]) >= 0.9


def _is_found(detector: onnxruntime.InferenceSession, picture: np.ndarray, height: int, *, half: bool) -> bool:
    """Scales the face to `height` pixels in the middle of a 640x384 frame and looks for it."""
    (box, *_), _ = detect(detector, analysed(picture))
    scale = height / (box[3] - box[1])
    flags = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    scaled = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=flags)
    middle = scale * (box[:2] + box[2:]) / 2
    shift = np.array([[1, 0, 320 - middle[0]], [0, 1, 192 - middle[1]]], dtype=np.float32)
    warped = cv2.warpAffine(scaled, shift, (640, 384), borderMode=cv2.BORDER_REPLICATE)
    frame = np.asarray(warped, dtype=np.uint8)
    wanted = scale * box + [320 - middle[0], 192 - middle[1]] * 2
    boxes, _ = detect(detector, half_size(frame)) if half else detect(detector, frame)
    return len(boxes) > 0 and float(box_overlaps(wanted, boxes * (2 if half else 1)).max()) > 0.4


@pytest.mark.parametrize("model", ["dlib_resnet", "sface"])
def test_people_are_nearer_to_themselves_than_to_others(
    model: str, detector: onnxruntime.InferenceSession, pictures: list[tuple[str, np.ndarray]]
) -> None:
    if not _pulled(model):
        pytest.skip(f"{model} has not been pulled")
    spec = load_registry().models[model]
    template = ChipTemplate(size=spec.contract.inputs[0].shape[0], points=spec.contract.chip_points)
    cut = []
    for _, picture in pictures:
        fit = fit_frame(picture.shape[1], picture.shape[0], long_side=640)
        _, landmarks = detect(detector, fit.apply(picture))
        cut.append(align_chip(picture, fit.to_frame(landmarks[0]), chip=template))
    (embeddings,) = session(model).run(None, {"chips": np.stack(cut)})
    same: list[float] = []
    strangers: list[float] = []
    for first, second in combinations(range(len(pictures)), 2):
        distance = float(np.linalg.norm(embeddings[first] - embeddings[second]))
        (same if pictures[first][0] == pictures[second][0] else strangers).append(distance)
    in_order = np.array(same)[:, None] < np.array(strangers)[None]
    assert in_order.mean() >= 0.97
    if spec.calibration is not None:
        assert np.mean(np.array(strangers) > spec.calibration.midpoint) > 0.95
