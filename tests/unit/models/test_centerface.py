"""The detector's graph decodes CenterFace's maps as the paper says, for batches as for single frames."""

import math

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from screenalytics.weights.centerface import convert_centerface
from screenalytics.weights.errors import ModelUnreadable

MAPS = {"537": 1, "538": 2, "539": 2, "540": 10}


def small_network() -> onnx.ModelProto:
    """A stand-in with CenterFace's inputs and outputs: one 4x4 convolution of stride 4 for each map."""
    random = np.random.default_rng(7)
    nodes, weights = [], []
    for name, channels in MAPS.items():
        kernel = random.normal(0, 0.002, (channels, 3, 4, 4)).astype(np.float32)
        weights.append(numpy_helper.from_array(kernel, f"kernel_{name}"))
        raw = f"raw_{name}" if name == "537" else name
        nodes.append(
            helper.make_node("Conv", ["input.1", f"kernel_{name}"], [raw], kernel_shape=[4, 4], strides=[4, 4])
        )
    nodes.append(helper.make_node("Sigmoid", ["raw_537"], ["537"]))
    graph = helper.make_graph(
        nodes,
        "stand-in",
        [helper.make_tensor_value_info("input.1", TensorProto.FLOAT, ["N", 3, "H", "W"])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", size, "h", "w"]) for name, size in MAPS.items()],
        initializer=weights,
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def expected_faces(maps: list[np.ndarray]) -> list[tuple[float, list[float], list[float]]]:
    """Peaks of the heat map, decoded one by one: (score, box, landmarks), best first."""
    heat, size, offset, landmarks = (entry[0] for entry in maps)
    rows, columns = heat.shape[1:]
    faces = []
    for row in range(rows):
        for column in range(columns):
            around = heat[0, max(0, row - 1) : row + 2, max(0, column - 1) : column + 2]
            if heat[0, row, column] < around.max():
                continue
            height, width = (4 * math.exp(size[axis, row, column]) for axis in (0, 1))
            top = 4 * (row + offset[0, row, column] + 0.5) - height / 2
            left = 4 * (column + offset[1, row, column] + 0.5) - width / 2
            points = [
                value
                for point in range(5)
                for value in (
                    left + width * landmarks[2 * point + 1, row, column],
                    top + height * landmarks[2 * point, row, column],
                )
            ]
            faces.append((float(heat[0, row, column]), [left, top, left + width, top + height], points))
    return sorted(faces, key=lambda face: -face[0])


@pytest.fixture(scope="module")
def frames() -> np.ndarray:
    return np.random.default_rng(3).integers(0, 256, (3, 64, 96, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def detector() -> onnxruntime.InferenceSession:
    return onnxruntime.InferenceSession(convert_centerface(small_network(), top_k=20).SerializeToString())


def test_decodes_peaks_boxes_and_landmarks(detector: onnxruntime.InferenceSession, frames: np.ndarray) -> None:
    network = onnxruntime.InferenceSession(small_network().SerializeToString())
    planes = frames[:1].transpose(0, 3, 1, 2).astype(np.float32)
    wanted = expected_faces(network.run(list(MAPS), {"input.1": planes}))[:20]
    boxes, scores, landmarks = detector.run(None, {"frames": frames[:1]})
    np.testing.assert_allclose(scores[0, : len(wanted)], [face[0] for face in wanted], rtol=1e-5)
    np.testing.assert_allclose(boxes[0, : len(wanted)], [face[1] for face in wanted], rtol=1e-3, atol=1e-2)
    np.testing.assert_allclose(landmarks[0, : len(wanted)], [face[2] for face in wanted], rtol=1e-3, atol=1e-2)


def test_a_batch_gives_what_its_frames_give_alone(detector: onnxruntime.InferenceSession, frames: np.ndarray) -> None:
    together = detector.run(None, {"frames": frames})
    alone = [detector.run(None, {"frames": frame[None]}) for frame in frames]
    for number, whole in enumerate(together):
        np.testing.assert_array_equal(whole, np.concatenate([answer[number] for answer in alone]))


def test_conversion_is_the_same_every_time() -> None:
    first, second = (convert_centerface(small_network()) for _ in range(2))
    assert first.SerializeToString(deterministic=True) == second.SerializeToString(deterministic=True)


def test_normalisation_after_upsampling_is_folded_exactly() -> None:
    random = np.random.default_rng(11)
    model = small_network()
    kernel = random.normal(0, 0.3, (3, 1, 1, 1)).astype(np.float32)
    statistics = [random.uniform(0.5, 1.5, 3).astype(np.float32) for _ in range(4)]
    names = ["bn_scale", "bn_shift", "bn_mean", "bn_variance"]
    model.graph.initializer.extend(
        [
            numpy_helper.from_array(kernel, "up_kernel"),
            numpy_helper.from_array(np.eye(3, dtype=np.float32).reshape(3, 3, 1, 1), "colours"),
        ]
        + [numpy_helper.from_array(values, name) for values, name in zip(statistics, names, strict=True)]
    )
    for node in model.graph.node:
        node.input[:] = ["normalised" if name == "input.1" else name for name in node.input]
    model.graph.node.insert(0, helper.make_node("BatchNormalization", ["upsampled", *names], ["normalised"]))
    model.graph.node.insert(
        0, helper.make_node("ConvTranspose", ["convolved", "up_kernel"], ["upsampled"], kernel_shape=[1, 1], group=3)
    )
    model.graph.node.insert(0, helper.make_node("Conv", ["input.1", "colours"], ["convolved"]))
    frame = random.integers(0, 256, (1, 64, 64, 3), dtype=np.uint8)
    original = onnxruntime.InferenceSession(model.SerializeToString())
    wanted = expected_faces(original.run(list(MAPS), {"input.1": frame.transpose(0, 3, 1, 2).astype(np.float32)}))[:10]
    converted = convert_centerface(model, top_k=10)
    assert "BatchNormalization" not in {node.op_type for node in converted.graph.node}
    boxes, scores, _ = onnxruntime.InferenceSession(converted.SerializeToString()).run(None, {"frames": frame})
    np.testing.assert_allclose(scores[0], [face[0] for face in wanted], rtol=1e-4)
    np.testing.assert_allclose(boxes[0], [face[1] for face in wanted], rtol=1e-3, atol=1e-2)


def test_another_network_is_refused() -> None:
    model = small_network()
    model.graph.output[0].name = "something"
    with pytest.raises(ModelUnreadable, match="not the CenterFace network"):
        convert_centerface(model)
