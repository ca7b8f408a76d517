"""YuNet's and YOLOX's graphs decode their grids as the papers say, keep the best of boxes that overlap, and batch."""

from collections.abc import Callable

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from chassis.domain.faces import non_maximum_suppression
from screenalytics.weights.errors import ModelUnreadable
from screenalytics.weights.sface import convert_sface
from screenalytics.weights.yolox import convert_yolox
from screenalytics.weights.yunet import convert_yunet
from tests.unit.models.builders import focus

STRIDES = (8, 16, 32)
PARTS = {"cls": 1, "obj": 1, "bbox": 4, "kps": 10}
FLOAT = TensorProto.FLOAT


def _maps(
    channels: int, name: str, *, seed: int, stride: int, source: str
) -> tuple[list[onnx.NodeProto], onnx.TensorProto]:
    """One convolution of that stride: [N,channels,h,w]."""
    kernel = np.random.default_rng(seed).normal(0, 0.003, (channels, 3, stride, stride)).astype(np.float32) / (
        stride / 8
    )
    node = helper.make_node(
        "Conv", [source, f"kernel_{name}"], [name], kernel_shape=[stride, stride], strides=[stride, stride]
    )
    return [node], numpy_helper.from_array(kernel, f"kernel_{name}")


def yunet_stand_in() -> onnx.ModelProto:
    """A network with YuNet's tensors, written for one picture, as the published one is."""
    nodes: list[onnx.NodeProto] = []
    constants = []
    outputs = []
    for kind, channels in PARTS.items():
        constants.append(numpy_helper.from_array(np.array([1, -1, channels], dtype=np.int64), f"shape_{kind}"))
        for number, stride in enumerate(STRIDES):
            name = f"{kind}_{stride}"
            made, kernel = _maps(channels, f"map_{name}", seed=10 * len(nodes) + number, stride=stride, source="input")
            flat = f"flat_{name}" if channels == 1 else name
            nodes += [
                *made,
                helper.make_node("Transpose", [f"map_{name}"], [f"turned_{name}"], perm=[0, 2, 3, 1]),
                helper.make_node("Reshape", [f"turned_{name}", f"shape_{kind}"], [flat]),
            ]
            if channels == 1:
                nodes.append(helper.make_node("Sigmoid", [flat], [name]))
            constants.append(kernel)
            outputs.append(helper.make_tensor_value_info(name, FLOAT, None))
    return _network(nodes, "input", outputs, constants)


def yolox_stand_in() -> onnx.ModelProto:
    """A network with YOLOX's tensors and beginning."""
    nodes, constants = focus("images", "focused")
    nodes.append(helper.make_node("Conv", ["focused", "stem_kernel"], ["stem"], kernel_shape=[3, 3], pads=[1] * 4))
    stem = np.random.default_rng(9).normal(0, 0.2, (3, 12, 3, 3)).astype(np.float32)
    constants += [
        numpy_helper.from_array(stem, "stem_kernel"),
        numpy_helper.from_array(np.array([1, 85, -1], dtype=np.int64), "shape"),
    ]
    for number, stride in enumerate(STRIDES):
        for part, channels in (("box", 4), ("scores", 81)):
            made, kernel = _maps(
                channels, f"{part}_{stride}", seed=number + channels, stride=stride // 2, source="stem"
            )
            nodes += made
            constants.append(kernel)
        nodes += [
            helper.make_node("Sigmoid", [f"scores_{stride}"], [f"sure_{stride}"]),
            helper.make_node("Concat", [f"box_{stride}", f"sure_{stride}"], [f"level_{stride}"], axis=1),
            helper.make_node("Reshape", [f"level_{stride}", "shape"], [f"flat_{stride}"]),
        ]
    nodes += [
        helper.make_node("Concat", [f"flat_{stride}" for stride in STRIDES], ["levels"], axis=2),
        helper.make_node("Transpose", ["levels"], ["output"], perm=[0, 2, 1]),
    ]
    output = helper.make_tensor_value_info("output", FLOAT, [1, "A", 85])
    return _network(nodes, "images", [output], constants)


def _network(
    nodes: list[onnx.NodeProto], source: str, outputs: list[onnx.ValueInfoProto], constants: list[onnx.TensorProto]
) -> onnx.ModelProto:
    pixels = helper.make_tensor_value_info(source, FLOAT, ["N", 3, "H", "W"])
    graph = helper.make_graph(nodes, "stand-in", [pixels], outputs, initializer=constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


@pytest.fixture(scope="module")
def frames() -> np.ndarray:
    return np.random.default_rng(3).integers(0, 256, (3, 64, 96, 3), dtype=np.uint8)


def planes(frame: np.ndarray) -> np.ndarray:
    """What the networks take: blue, green, red, 0..255."""
    return frame[None, :, :, ::-1].transpose(0, 3, 1, 2).astype(np.float32)


def grid(height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    cells = [
        (column, row, stride)
        for stride in STRIDES
        for row in range(height // stride)
        for column in range(width // stride)
    ]
    return np.array([cell[:2] for cell in cells], dtype=np.float32), np.array([[cell[2]] for cell in cells])


def boxes_of(predicted: np.ndarray, cells: np.ndarray, sides: np.ndarray) -> np.ndarray:
    centre, size = (cells + predicted[:, :2]) * sides, np.exp(predicted[:, 2:]) * sides
    return np.concatenate([centre - size / 2, centre + size / 2], axis=1)


def test_yunet_boxes_scores_and_landmarks(frames: np.ndarray) -> None:
    published = onnxruntime.InferenceSession(yunet_stand_in().SerializeToString())
    names = [output.name for output in published.get_outputs()]
    raw = dict(zip(names, published.run(None, {"input": planes(frames[0])}), strict=True))
    whole = {kind: np.concatenate([raw[f"{kind}_{stride}"][0] for stride in STRIDES]) for kind in PARTS}
    cells, sides = grid(*frames.shape[1:3])
    boxes = boxes_of(whole["bbox"], cells, sides)
    scores = np.sqrt(whole["cls"] * whole["obj"])[:, 0]
    points = (whole["kps"] + np.tile(cells, 5)) * sides
    kept = non_maximum_suppression(boxes, scores, max_overlap=0.45)[:20]
    session = onnxruntime.InferenceSession(convert_yunet(yunet_stand_in(), top_k=20).SerializeToString())
    found_boxes, found_scores, found_points = (part[0] for part in session.run(None, {"frames": frames[:1]}))
    count = min(len(kept), 20)
    assert count > 5
    np.testing.assert_allclose(found_scores[:count], scores[kept], rtol=1e-4)
    np.testing.assert_allclose(found_boxes[:count], boxes[kept], rtol=1e-3, atol=1e-2)
    np.testing.assert_allclose(found_points[:count], points[kept], rtol=1e-3, atol=1e-2)
    assert (found_scores[count:] == 0).all()


def test_landmarks_are_decoded_of_chosen_cells_only_and_to_the_bit(frames: np.ndarray) -> None:
    model = convert_yunet(yunet_stand_in(), top_k=20)
    assert [node.op_type for node in model.graph.node if "all_kps" in node.input] == ["GatherND"]
    model.graph.output.extend(
        [
            helper.make_tensor_value_info("all_kps", FLOAT, None),
            helper.make_tensor_value_info("all_boxes", FLOAT, None),
            helper.make_tensor_value_info("places", TensorProto.INT64, None),
        ]
    )
    session = onnxruntime.InferenceSession(model.SerializeToString())
    boxes, _, landmarks, shifts, all_boxes, places = session.run(None, {"frames": frames})
    cells, sides = grid(*frames.shape[1:3])
    points = (shifts + np.tile(cells, 5)) * sides.astype(np.float32)
    assert landmarks.shape == (3, 20, 10)
    for frame, chosen in enumerate(places):
        np.testing.assert_array_equal(landmarks[frame], points[frame, chosen])
        np.testing.assert_array_equal(boxes[frame], all_boxes[frame, chosen])


def test_a_frame_of_fewer_cells_than_answers_is_filled_up_with_score_0() -> None:
    frame = np.random.default_rng(4).integers(0, 256, (1, 32, 32, 3), dtype=np.uint8)
    session = onnxruntime.InferenceSession(convert_yunet(yunet_stand_in(), top_k=100).SerializeToString())
    boxes, scores, landmarks = session.run(None, {"frames": frame})
    assert (boxes.shape, landmarks.shape) == ((1, 100, 4), (1, 100, 10))
    assert (scores[:, 21:] == 0).all()


def test_yolox_finds_people_and_apart_from_them_animals(frames: np.ndarray) -> None:
    published = onnxruntime.InferenceSession(yolox_stand_in().SerializeToString())
    (raw,) = published.run(None, {"images": planes(frames[0])})
    cells, sides = grid(*frames.shape[1:3])
    boxes, classes = boxes_of(raw[0, :, :4], cells, sides), raw[0, :, 5:]
    session = onnxruntime.InferenceSession(convert_yolox(yolox_stand_in(), top_k=20).SerializeToString())
    names = [output.name for output in session.get_outputs()]
    found = dict(zip(names, (part[0] for part in session.run(None, {"frames": frames[:1]})), strict=True))
    for prefix, best in (("", classes[:, 0]), ("animal_", classes[:, 14:24].max(axis=1))):
        scores = raw[0, :, 4] * best
        kept = non_maximum_suppression(boxes, scores, max_overlap=0.65)[:20]
        assert len(kept) > 5
        np.testing.assert_allclose(found[f"{prefix}scores"][: len(kept)], scores[kept], rtol=1e-4)
        np.testing.assert_allclose(found[f"{prefix}boxes"][: len(kept)], boxes[kept], rtol=1e-3, atol=1e-2)


@pytest.mark.parametrize(
    "converted", [lambda: convert_yunet(yunet_stand_in()), lambda: convert_yolox(yolox_stand_in())]
)
def test_a_batch_gives_what_its_frames_give_alone(converted: Callable[[], onnx.ModelProto], frames: np.ndarray) -> None:
    session = onnxruntime.InferenceSession(converted().SerializeToString())
    together = session.run(None, {"frames": frames})
    alone = [session.run(None, {"frames": frame[None]}) for frame in frames]
    for number, whole in enumerate(together):
        np.testing.assert_allclose(whole, np.concatenate([answer[number] for answer in alone]), rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize("convert", [convert_yunet, convert_yolox, convert_sface])
def test_another_network_is_refused(convert: Callable[[onnx.ModelProto], onnx.ModelProto]) -> None:
    network = yunet_stand_in()
    network.graph.output[0].name = "something"
    with pytest.raises(ModelUnreadable, match="but not the"):
        convert(network)
