"""Rewritten networks compute what the published ones do."""

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from screenalytics.weights.simplify import (
    chained_pools,
    dequantised,
    fold_normalisation,
    prelu_as_convolutions,
    without_dropout,
)

CHANNELS = 6


def constant(name: str, values: np.ndarray) -> onnx.TensorProto:
    return numpy_helper.from_array(values, name)


def model(
    nodes: list[onnx.NodeProto], constants: dict[str, np.ndarray], *, rank: int = 4, opset: int = 17
) -> onnx.ModelProto:
    """A network from `data` [N,3,8,8] to `result`."""
    graph = helper.make_graph(
        nodes,
        "network",
        [helper.make_tensor_value_info("data", TensorProto.FLOAT, ["N", 3, 8, 8])],
        [helper.make_tensor_value_info("result", TensorProto.FLOAT, ["N", *"chw"[: rank - 1]])],
        initializer=[constant(name, values) for name, values in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


def computed(network: onnx.ModelProto) -> np.ndarray:
    data = np.random.default_rng(3).normal(size=(2, 3, 8, 8)).astype(np.float32)
    session = onnxruntime.InferenceSession(network.SerializeToString())
    return np.asarray(session.run(None, {"data": data})[0])


def random(*shape: int, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def normalisation(source: str, output: str, size: int) -> tuple[onnx.NodeProto, dict[str, np.ndarray]]:
    names = [f"{output}_{part}" for part in ("scale", "shift", "mean", "variance")]
    values = {name: np.abs(random(size, seed=number)) + 0.3 for number, name in enumerate(names)}
    return helper.make_node("BatchNormalization", [source, *names], [output], epsilon=1e-3), values


def layered() -> onnx.ModelProto:
    """Convolution, normalisation, PRelu, normalisation (which nothing can take), dropout, Gemm, normalisation."""
    first, first_values = normalisation("convolved", "normalised", CHANNELS)
    alone, alone_values = normalisation("active", "alone", CHANNELS)
    last, last_values = normalisation("projected", "result", 4)
    nodes = [
        helper.make_node("Conv", ["data", "kernel"], ["convolved"], kernel_shape=[3, 3]),
        first,
        helper.make_node("PRelu", ["normalised", "slope"], ["active"]),
        alone,
        helper.make_node("Dropout", ["alone"], ["kept"]),
        helper.make_node("Flatten", ["kept"], ["flat"]),
        helper.make_node("Gemm", ["flat", "projection", "bias"], ["projected"], transB=1),
        last,
    ]
    own = {
        "kernel": random(CHANNELS, 3, 3, 3),
        "slope": np.abs(random(CHANNELS, 1, 1)),
        "projection": random(4, CHANNELS * 36),
        "bias": random(4),
    }
    return model(nodes, {**own, **first_values, **alone_values, **last_values}, rank=2)


def test_normalisation_dropout_and_prelu_are_rewritten_exactly() -> None:
    network = layered()
    wanted = computed(network)
    without_dropout(network.graph)
    fold_normalisation(network.graph)
    prelu_as_convolutions(network.graph)
    onnx.checker.check_model(network)
    kinds = [node.op_type for node in network.graph.node]
    assert kinds.count("BatchNormalization") == 1
    assert not {"Dropout", "PRelu"} & set(kinds)
    assert {entry.name for entry in network.graph.initializer} == {
        name for node in network.graph.node for name in node.input
    } & {entry.name for entry in network.graph.initializer}
    np.testing.assert_allclose(computed(network), wanted, rtol=1e-4, atol=1e-4)


def test_a_result_that_others_read_keeps_its_normalisation() -> None:
    node, values = normalisation("convolved", "normalised", CHANNELS)
    nodes = [
        helper.make_node("Conv", ["data", "kernel"], ["convolved"], kernel_shape=[1, 1]),
        node,
        helper.make_node("Add", ["normalised", "convolved"], ["result"]),
    ]
    network = model(nodes, {"kernel": random(CHANNELS, 3, 1, 1), **values})
    wanted = computed(network)
    fold_normalisation(network.graph)
    np.testing.assert_array_equal(computed(network), wanted)


def activated(slope: np.ndarray) -> onnx.ModelProto:
    """Two convolutions, each with its PRelu, a depthwise one that reads the second, and a normalisation of the first."""
    normalising, values = normalisation("first", "apart", CHANNELS)
    nodes = [
        helper.make_node("Conv", ["data", "kernel_1", "bias_1"], ["before_first"], pads=[1] * 4),
        helper.make_node("PRelu", ["before_first", "slope"], ["first"]),
        helper.make_node("Conv", ["first", "kernel_2", "bias_2"], ["before_second"], pads=[1] * 4),
        helper.make_node("PRelu", ["before_second", "slope"], ["second"]),
        helper.make_node("Conv", ["second", "kernel_3"], ["third"], pads=[1] * 4, group=CHANNELS),
        normalising,
        helper.make_node("Add", ["third", "apart"], ["result"]),
    ]
    own = {
        "kernel_1": random(CHANNELS, 3, 3, 3),
        "bias_1": random(CHANNELS),
        "kernel_2": random(CHANNELS, CHANNELS, 3, 3),
        "bias_2": random(CHANNELS, seed=2),
        "kernel_3": random(CHANNELS, 1, 3, 3),
        "slope": slope.astype(np.float32).reshape(-1, 1, 1),
    }
    return model(nodes, {**own, **values})


@pytest.mark.parametrize("slope", [-0.8, 0.0, 0.25, 1.0, 1.1])
def test_a_prelu_takes_one_convolution_whatever_its_slopes(slope: float) -> None:
    network = activated(np.linspace(slope, slope + 0.05, CHANNELS))
    wanted = computed(network)
    prelu_as_convolutions(network.graph)
    kinds = [node.op_type for node in network.graph.node]
    assert {kind: kinds.count(kind) for kind in ("PRelu", "Relu", "Conv")} == {"PRelu": 0, "Relu": 2, "Conv": 5}
    np.testing.assert_allclose(computed(network), wanted, rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize("reader", ["Sigmoid", "Conv"], ids=["what keeps no sign", "beside another reader"])
def test_a_prelu_whose_sign_others_would_see_stays(reader: str) -> None:
    nodes = [
        helper.make_node("Conv", ["data", "kernel"], ["convolved"]),
        helper.make_node("PRelu", ["convolved", "slope"], ["active"]),
        helper.make_node("Sigmoid", ["active"], ["seen"])
        if reader == "Sigmoid"
        else helper.make_node("Conv", ["active", "next"], ["seen"]),
        helper.make_node("Add", ["seen", "convolved"], ["result"]),
    ]
    constants = {"kernel": random(CHANNELS, 3, 1, 1), "slope": random(CHANNELS, 1, 1)}
    network = model(nodes, constants | ({"next": random(CHANNELS, CHANNELS, 1, 1)} if reader == "Conv" else {}))
    wanted = computed(network)
    prelu_as_convolutions(network.graph)
    assert "PRelu" in [node.op_type for node in network.graph.node]
    np.testing.assert_array_equal(computed(network), wanted)


def test_a_prelu_with_one_slope_for_all_channels_stays() -> None:
    network = activated(np.array([0.3]))
    wanted = computed(network)
    prelu_as_convolutions(network.graph)
    assert [node.op_type for node in network.graph.node].count("PRelu") == 2
    np.testing.assert_array_equal(computed(network), wanted)


def test_pools_of_growing_squares_are_made_of_each_other() -> None:
    """Also where a smaller one follows a larger one; a pool that steps stays as it is."""
    pools = [
        helper.make_node("MaxPool", ["data"], [f"of_{side}"], kernel_shape=[side] * 2, pads=[side // 2] * 4)
        for side in (3, 7, 5)
    ]
    halved = helper.make_node("MaxPool", ["data"], ["halved"], kernel_shape=[3, 3], pads=[1] * 4, strides=[2, 2])
    larger = helper.make_node("Resize", ["halved", "", "twice"], ["larger"])
    joined = helper.make_node("Concat", ["of_3", "of_7", "of_5", "larger"], ["result"], axis=1)
    network = model([*pools, halved, larger, joined], {"twice": np.array([1, 1, 2, 2], dtype=np.float32)})
    wanted = computed(network)
    chained_pools(network.graph)
    kernels = [
        helper.get_node_attr_value(node, "kernel_shape") for node in network.graph.node if node.op_type == "MaxPool"
    ]
    assert kernels == [[1, 3], [3, 1], [1, 5], [5, 1], [1, 5], [5, 1], [3, 3]]
    np.testing.assert_array_equal(computed(network), wanted)


@pytest.mark.parametrize("kind", ["blocks", "channels", "tensor"])
def test_quantised_weights_become_the_numbers_they_stand_for(kind: str) -> None:
    values = np.random.default_rng(5).integers(-128, 128, (CHANNELS, 27)).astype(np.int8)
    scale = {"blocks": np.abs(random(CHANNELS, 4)), "channels": np.abs(random(CHANNELS)), "tensor": np.float32(0.02)}
    attributes = {"blocks": {"axis": 1, "block_size": 8}, "channels": {"axis": 0}, "tensor": {}}[kind]
    zero = np.full(np.shape(scale[kind]), 3, dtype=np.int8)
    nodes = [
        helper.make_node("DequantizeLinear", ["whole", "scale", "zero"], ["numbers"], **attributes),
        helper.make_node("Reshape", ["numbers", "shape"], ["kernel"]),
        helper.make_node("Conv", ["data", "kernel"], ["result"], kernel_shape=[3, 3]),
    ]
    shape = np.array([CHANNELS, 3, 3, 3], dtype=np.int64)
    network = model(nodes, {"whole": values, "scale": np.asarray(scale[kind]), "zero": zero, "shape": shape}, opset=21)
    network.graph.input.extend([helper.make_tensor_value_info("whole", TensorProto.INT8, [CHANNELS, 27])])
    plain = dequantised(network)
    assert [entry.name for entry in plain.graph.input] == ["data"]
    assert [node.op_type for node in plain.graph.node] == ["Conv"]
    each = np.repeat(scale[kind], 8, axis=1)[:, :27] if kind == "blocks" else np.reshape(scale[kind], (-1, 1))
    wanted = ((values.astype(np.float32) - 3) * each).reshape(CHANNELS, 3, 3, 3)
    np.testing.assert_allclose(numpy_helper.to_array(plain.graph.initializer[0]), wanted, rtol=1e-6)
    assert computed(plain).shape == (2, CHANNELS, 6, 6)
