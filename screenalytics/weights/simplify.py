"""Rewrites of published networks that change how they are computed, not what.

Weights stored as small integers become numbers again, batch normalisation disappears into the layer before it, and
activations take the form that onnxruntime computes fastest on a CPU.
"""

import numpy as np
import numpy.typing as npt
import onnx
from onnx import helper, numpy_helper

from screenalytics.weights.graph import IR_VERSION, OPSET

Array = npt.NDArray[np.generic]
Weights = dict[str, Array]


def read_weights(graph: onnx.GraphProto) -> Weights:
    """The constants of a graph by name."""
    return {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}


def dequantised(model: onnx.ModelProto) -> onnx.ModelProto:
    """A copy whose block-quantised weights are float32 constants, at our opset.

    For networks of which only the weights are quantised: `DequantizeLinear` of a constant, and `Reshape` of its result,
    are computed here. What is a constant is no longer listed as an input.
    """
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    graph = copy.graph
    weights = read_weights(graph)
    made: Weights = {}
    kept = []
    for node in graph.node:
        if node.op_type == "DequantizeLinear" and node.input[0] in weights:
            made[node.output[0]] = _dequantise(node, weights)
        elif node.op_type == "Reshape" and node.input[0] in made and node.input[1] in weights:
            shape = weights[node.input[1]].astype(int)
            made[node.output[0]] = made[node.input[0]].reshape(tuple(shape))
        else:
            kept.append(node)
    replace_graph(graph, kept, {**weights, **made})
    del copy.opset_import[:]
    copy.opset_import.extend([helper.make_opsetid("", OPSET)])
    copy.ir_version = IR_VERSION
    return copy


def _dequantise(node: onnx.NodeProto, weights: Weights) -> Array:
    """(x - zero) * scale, with a scale for the tensor, for each index along an axis, or for each block along it."""
    values, scale = weights[node.input[0]], weights[node.input[1]]
    zero = weights[node.input[2]] if len(node.input) > 2 and node.input[2] else np.zeros_like(scale, dtype=values.dtype)
    attributes = {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}
    axis, block = attributes.get("axis", 1), attributes.get("block_size", 0)
    if block:
        wanted = [slice(None)] * values.ndim
        wanted[axis] = slice(0, values.shape[axis])
        scale, zero = (np.repeat(part, block, axis=axis)[tuple(wanted)] for part in (scale, zero))
    elif scale.ndim == 1 and scale.size > 1:
        shape = [1] * values.ndim
        shape[axis] = -1
        scale, zero = scale.reshape(shape), zero.reshape(shape)
    return np.asarray(
        (values.astype(np.float32) - zero.astype(np.float32)) * scale.astype(np.float32), dtype=np.float32
    )


def without_dropout(graph: onnx.GraphProto) -> None:
    """Takes out Dropout, which does nothing outside training."""
    source_of = {node.output[0]: node.input[0] for node in graph.node if node.op_type == "Dropout"}
    kept = [node for node in graph.node if node.op_type != "Dropout"]
    for node in kept:
        node.input[:] = [source_of.get(name, name) for name in node.input]
    read = {name for node in kept for name in node.input}
    kept = [node for node in kept if node.op_type != "Constant" or node.output[0] in read]
    replace_graph(graph, kept, read_weights(graph))


def fold_normalisation(graph: onnx.GraphProto) -> None:
    """Multiplies each BatchNormalization into the Conv or Gemm (transB) before it; others stay.

    Exact up to rounding: the new weights are computed in double precision.
    """
    weights = read_weights(graph)
    maker_of = {node.output[0]: node for node in graph.node}
    readers: dict[str, int] = {}
    for node in graph.node:
        for name in node.input:
            readers[name] = readers.get(name, 0) + 1
    folded: set[str] = set()
    for node in graph.node:
        before = maker_of.get(node.input[0]) if node.op_type == "BatchNormalization" else None
        if before is None or before.op_type not in ("Conv", "Gemm") or readers[node.input[0]] != 1:
            continue
        scale, shift, mean, variance = (weights[name].astype(np.float64) for name in node.input[1:5])
        epsilon = next((entry.f for entry in node.attribute if entry.name == "epsilon"), 1e-5)
        factor = scale / np.sqrt(variance + epsilon)
        kernel = weights[before.input[1]].astype(np.float64)
        bias = weights[before.input[2]].astype(np.float64) if len(before.input) > 2 else np.zeros_like(factor)
        name = before.output[0]
        weights[f"{name}_kernel"] = (kernel * factor.reshape(-1, *[1] * (kernel.ndim - 1))).astype(np.float32)
        weights[f"{name}_bias"] = ((bias - mean) * factor + shift).astype(np.float32)
        before.input[:] = [before.input[0], f"{name}_kernel", f"{name}_bias"]
        before.output[0] = node.output[0]
        folded.add(node.output[0])
    kept = [node for node in graph.node if not (node.op_type == "BatchNormalization" and node.output[0] in folded)]
    replace_graph(graph, kept, weights)


def prelu_as_convolutions(graph: onnx.GraphProto) -> None:
    """Writes PRelu with a slope for each channel as Relu, one depthwise 1x1 convolution and Add; others stay.

    onnxruntime's convolutions keep a blocked memory layout that its PRelu leaves: SFace takes half the time this way
    (18 instead of 36 CPU-ms a face, one AVX2 core).

    **Between a convolution and its PRelu, and from there to what reads it, values have the opposite sign**: with w = -x,
    -PRelu(x) = w + (slope - 1) * relu(w) for any slope, so that the convolution takes (slope - 1) and onnxruntime adds w
    inside of it. With its sign kept a PRelu takes a convolution for each of two summands (3 % of SFace's time), or a
    convolution of which nothing can be added inside (no gain). Signs cost nothing: weights take them, without rounding.
    """
    weights = read_weights(graph)
    opposite = _opposite_signs(graph, weights)
    rewritten = []
    for node in graph.node:
        source, name = node.input[0], node.output[0]
        if node.op_type == "PRelu" and name in opposite:
            slope = weights[node.input[1]].reshape(-1, 1, 1, 1)
            weights[f"{name}_kernel"] = (slope - 1).astype(np.float32)
            rewritten += [
                helper.make_node("Relu", [source], [f"{name}_positive"]),
                helper.make_node("Conv", [f"{name}_positive", f"{name}_kernel"], [f"{name}_bent"], group=len(slope)),
                helper.make_node("Add", [source, f"{name}_bent"], [name]),
            ]
            continue
        if node.op_type == "Conv":
            _negate(node, weights, [1] if (source in opposite) != (name in opposite) else [])
            _negate(node, weights, [2] if name in opposite else [])
        elif node.op_type == "BatchNormalization" and source in opposite:
            _negate(node, weights, [_SCALE, _MEAN])
        rewritten.append(node)
    replace_graph(graph, rewritten, weights)


_SCALE, _MEAN = 1, 3
"""Inputs of BatchNormalization: scale * (x - mean) is the same of both signs turned."""


def _opposite_signs(graph: onnx.GraphProto, weights: Weights) -> set[str]:
    """What goes into and comes out of each PRelu between a convolution of its own and what can take a sign back.

    Only where the PRelu has a slope for each channel that the convolution makes.
    """
    maker_of = {node.output[0]: node for node in graph.node}
    readers: dict[str, list[str]] = {}
    for node in graph.node:
        for name in node.input:
            readers.setdefault(name, []).append(node.op_type)
    answers = {entry.name for entry in graph.output}
    found: set[str] = set()
    for node in graph.node:
        source, name = node.input[0], node.output[0]
        if node.op_type != "PRelu" or name in answers or source in answers:
            continue
        maker = maker_of.get(source)
        if maker is None or maker.op_type != "Conv" or weights[node.input[1]].size != len(weights[maker.input[1]]):
            continue
        if readers[source] == ["PRelu"] and set(readers[name]) <= {"Conv", "BatchNormalization"}:
            found |= {source, name}
    return found


def _negate(node: onnx.NodeProto, weights: Weights, places: list[int]) -> None:
    """Turns the sign of a node's constants, those at these places among its inputs, under names of the node's own."""
    for place in places:
        if place < len(node.input):
            name = f"{node.output[0]}_negated_{place}"
            weights[name] = np.negative(weights[node.input[place]])
            node.input[place] = name


def chained_pools(graph: onnx.GraphProto) -> None:
    """Takes the largest of each square in steps: of its rows, then of their columns, from the next smaller square on.

    For MaxPool of step 1, as YOLOX has over 5x5, 9x9 and 13x13 of the same values: 30 comparisons instead of 275, and the
    same results (3 % of YOLOX-Nano's time). Others stay.
    """
    made: dict[str, tuple[str, int]] = {}
    rewritten = []
    for node in graph.node:
        side = _centred_square(node) if node.op_type == "MaxPool" else 0
        if not side:
            rewritten.append(node)
            continue
        name = node.output[0]
        smaller, smaller_side = made.get(node.input[0], (node.input[0], 1))
        if smaller_side > side:
            smaller, smaller_side = node.input[0], 1
        made[node.input[0]] = (name, side)
        step, far = side - smaller_side + 1, (side - smaller_side) // 2
        rows = f"{name}_rows"
        rewritten += [
            helper.make_node("MaxPool", [smaller], [rows], kernel_shape=[1, step], pads=[0, far, 0, far]),
            helper.make_node("MaxPool", [rows], [name], kernel_shape=[step, 1], pads=[far, 0, far, 0]),
        ]
    replace_graph(graph, rewritten, read_weights(graph))


def _centred_square(node: onnx.NodeProto) -> int:
    """The side of a pool over a square, odd, around each value; 0 for any other."""
    settings = {entry.name: helper.get_attribute_value(entry) for entry in node.attribute}
    side = settings["kernel_shape"][0]
    usual = {"strides": [1, 1], "dilations": [1, 1], "auto_pad": b"NOTSET"}
    square = settings["kernel_shape"] == [side, side] and settings.get("pads") == [side // 2] * 4
    plain = all(settings.get(name, value) == value for name, value in usual.items())
    return side if side % 2 and square and plain and len(node.output) == 1 else 0


def free_batch(graph: onnx.GraphProto, *, axis: int = 0) -> None:
    """Lets Reshape nodes written for one picture at a time keep the batch's size."""
    weights = read_weights(graph)
    for name in sorted({node.input[1] for node in graph.node if node.op_type == "Reshape"} & weights.keys()):
        shape = weights[name].copy()
        shape[axis] = 0
        weights[name] = shape
    replace_graph(graph, list(graph.node), weights)


def replace_graph(graph: onnx.GraphProto, nodes: list[onnx.NodeProto], weights: Weights) -> None:
    """Gives a graph these nodes and, of these constants, those that are used; value hints are dropped."""
    copies = []
    for node in nodes:
        copied = onnx.NodeProto()
        copied.CopyFrom(node)
        copies.append(copied)
    used = {name for node in copies for name in node.input}
    inputs = []
    for entry in graph.input:
        if entry.name in used and entry.name not in weights:
            copied_entry = onnx.ValueInfoProto()
            copied_entry.CopyFrom(entry)
            inputs.append(copied_entry)
    for field in (graph.node, graph.initializer, graph.input, graph.value_info):
        del field[:]
    graph.node.extend(copies)
    graph.input.extend(inputs)
    graph.initializer.extend(numpy_helper.from_array(weights[name], name) for name in sorted(used & weights.keys()))
