"""A first convolution over rows of interleaved pixels computes what it did over planes of colours."""

from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from screenalytics.weights.errors import ModelUnreadable
from screenalytics.weights.first_layer import read_rows, without_focus
from tests.unit.models.builders import focus

FRAMES = np.random.default_rng(3).integers(0, 256, (2, 14, 18, 3)).astype(np.float32)


def network(nodes: list[onnx.NodeProto], constants: list[onnx.TensorProto], *kernel: int) -> onnx.ModelProto:
    """From `data` [N,3,H,W] to `result`; `kernel` is the shape of the constant of that name."""
    values = np.random.default_rng(1).normal(size=kernel).astype(np.float32)
    graph = helper.make_graph(
        nodes,
        "network",
        [helper.make_tensor_value_info("data", TensorProto.FLOAT, ["N", 3, "H", "W"])],
        [helper.make_tensor_value_info("result", TensorProto.FLOAT, None)],
        initializer=[*constants, numpy_helper.from_array(values, "kernel")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def convolution(source: str = "data", **settings: Any) -> onnx.NodeProto:
    return helper.make_node("Conv", [source, "kernel"], ["result"], **settings)


def computed(model: onnx.ModelProto, data: np.ndarray) -> np.ndarray:
    session = onnxruntime.InferenceSession(model.SerializeToString())
    return np.asarray(session.run(None, {"data": np.ascontiguousarray(data)})[0])


def planes(*, bgr: bool = False) -> np.ndarray:
    return (FRAMES[..., ::-1] if bgr else FRAMES).transpose(0, 3, 1, 2)


def rows() -> np.ndarray:
    return FRAMES.reshape(2, 1, 14, 3 * 18)


@pytest.mark.parametrize("bgr", [False, True])
@pytest.mark.parametrize(
    "settings", [{}, {"strides": [2, 2], "pads": [1, 1, 1, 1]}, {"strides": [1, 3], "pads": [0, 1, 2, 3]}]
)
def test_rows_of_pixels_give_what_planes_gave(settings: dict[str, list[int]], bgr: bool) -> None:
    model = network([convolution(**settings)], [], 8, 3, 3, 5)
    wanted = computed(model, planes(bgr=bgr))
    read_rows(model.graph, source="data", bgr=bgr)
    np.testing.assert_allclose(computed(model, rows()), wanted, rtol=1e-5, atol=1e-2)


def test_pixels_may_be_scaled_first() -> None:
    constants = [numpy_helper.from_array(np.array([value], dtype=np.float32), f"by_{value}") for value in (127.5, 2)]
    nodes = [
        helper.make_node("Sub", ["data", "by_127.5"], ["centred"]),
        helper.make_node("Div", ["centred", "by_2"], ["scaled"]),
        convolution("scaled", pads=[1, 1, 1, 1]),
    ]
    model = network(nodes, constants, 4, 3, 3, 3)
    wanted = computed(model, planes())
    read_rows(model.graph, source="data")
    np.testing.assert_allclose(computed(model, rows()), wanted, rtol=1e-5, atol=1e-2)


def test_a_picture_without_focus_gives_what_the_focus_gave() -> None:
    nodes, constants = focus("data", "focused")
    model = network([*nodes, convolution("focused", pads=[1, 1, 1, 1])], constants, 8, 12, 3, 3)
    wanted = computed(model, planes())
    without_focus(model.graph, source="data")
    assert [node.op_type for node in model.graph.node] == ["Conv"]
    np.testing.assert_allclose(computed(model, planes()), wanted, rtol=1e-5, atol=1e-2)


@pytest.mark.parametrize(
    ("node", "kernel"),
    [
        (helper.make_node("Relu", ["data"], ["result"]), (4, 3, 3, 3)),
        (helper.make_node("Mul", ["data", "kernel"], ["result"]), (3, 1, 1)),
        (convolution(dilations=[2, 2]), (4, 3, 3, 3)),
        (convolution(group=3), (3, 1, 3, 3)),
        (convolution(auto_pad="SAME_UPPER"), (4, 3, 3, 3)),
    ],
    ids=["no convolution", "a number for each colour", "gaps", "groups", "implied padding"],
)
def test_another_first_layer_is_refused(node: onnx.NodeProto, kernel: tuple[int, ...]) -> None:
    with pytest.raises(ModelUnreadable, match="network"):
        read_rows(network([node], [], *kernel).graph, source="data")


def test_a_network_that_does_not_begin_with_a_focus_is_refused() -> None:
    with pytest.raises(ModelUnreadable, match="does not begin"):
        without_focus(network([convolution()], [], 4, 3, 3, 3).graph, source="data")
