"""CenterFace as a `face_detector`: the published network with pixels in and decoded faces out, in one ONNX graph.

CenterFace (Xu et al., 2019, arXiv:1911.03599) predicts, on a grid of one cell per 4x4 pixels, a heat map of face
centres, the logarithm of the box's height and width, the centre's offset inside its cell, and five landmarks relative
to the box.
This module keeps the network's weights and appends the decoding: local peaks of the heat map, the best `top_k` of them,
boxes and landmarks in pixels of the frame. Overlapping boxes are left to the client (`non_maximum_suppression`).
"""

import numpy as np
import numpy.typing as npt
import onnx
from onnx import numpy_helper

from screenalytics.weights.errors import ModelUnreadable
from screenalytics.weights.first_layer import read_rows
from screenalytics.weights.graph import GraphBuilder

TOP_K = 100
STRIDE = 4
PEAK_WINDOW = 3
LANDMARKS = 5

_NETWORK_INPUT = "input.1"
_HEAT_MAP, _SIZE, _OFFSET, _LANDMARKS = "537", "538", "539", "540"


def convert_centerface(original: onnx.ModelProto, *, top_k: int = TOP_K) -> onnx.ModelProto:
    """Wraps the published CenterFace network.

    The result takes `frames` uint8 [N,H,W,3] (RGB; H and W divisible by 32, each at least 64) and gives, best first,
    `boxes` float32 [N,top_k,4] (x1,y1,x2,y2 in pixels of the frame, not clipped to it), `scores` [N,top_k] in 0..1 and
    `landmarks` [N,top_k,10] (x,y pairs: left eye in the image, right eye, nose, left and right corner of the mouth).

    Raises ModelUnreadable when `original` is not the network this converter knows.
    """
    outputs = [output.name for output in original.graph.output]
    if [entry.name for entry in original.graph.input][:1] != [_NETWORK_INPUT] or outputs != [
        _HEAT_MAP,
        _SIZE,
        _OFFSET,
        _LANDMARKS,
    ]:
        raise ModelUnreadable("The file is an ONNX model, but not the CenterFace network this converter knows.")
    network = onnx.ModelProto()
    network.CopyFrom(original)
    read_rows(network.graph, source=_NETWORK_INPUT)
    builder = GraphBuilder()
    _copy_network(network.graph, builder, pixels=builder.rgb_frames_to_rows("frames"))
    _append_decoder(builder, top_k)
    return builder.build(
        name="face_detector",
        inputs={"frames": ("uint8", ["N", "H", "W", 3])},
        outputs={
            "boxes": ("float32", ["N", top_k, 4]),
            "scores": ("float32", ["N", top_k]),
            "landmarks": ("float32", ["N", top_k, 2 * LANDMARKS]),
        },
    )


def _copy_network(graph: onnx.GraphProto, builder: GraphBuilder, *, pixels: str) -> None:
    """Copies nodes and weights; batch normalisation after an upsampling step is folded into that step's weights."""
    weights = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    normalisation_of = {node.input[0]: node for node in graph.node if node.op_type == "BatchNormalization"}
    for source in graph.node:
        if source.op_type == "BatchNormalization":
            continue
        node = onnx.NodeProto()
        node.CopyFrom(source)
        node.name = source.output[0]
        node.input[:] = [pixels if name == _NETWORK_INPUT else name for name in source.input]
        normalisation = normalisation_of.get(source.output[0])
        if normalisation is not None:
            if source.op_type != "ConvTranspose" or len(source.input) != 2:
                raise ModelUnreadable("The CenterFace network has a batch normalisation where none was expected.")
            _fold_normalisation(node, normalisation, weights)
        builder.nodes.append(node)
    used = {name for node in builder.nodes for name in node.input}
    for name in sorted(used & weights.keys()):
        builder.constant(name, weights[name])


def _fold_normalisation(
    node: onnx.NodeProto, normalisation: onnx.NodeProto, weights: dict[str, npt.NDArray[np.float32]]
) -> None:
    """Multiplies a transposed convolution's weights [in,out/groups,kh,kw] by the normalisation that follows it."""
    scale, shift, mean, variance = (weights[name].astype(np.float64) for name in normalisation.input[1:5])
    attributes = {attribute.name: attribute for attribute in normalisation.attribute}
    epsilon = attributes["epsilon"].f if "epsilon" in attributes else 1e-5
    groups = next((attribute.i for attribute in node.attribute if attribute.name == "group"), 1)
    factor = scale / np.sqrt(variance + epsilon)
    kernel = weights[node.input[1]].astype(np.float64)
    per_group = factor.reshape(groups, 1, -1, 1, 1)
    folded = kernel.reshape(groups, kernel.shape[0] // groups, *kernel.shape[1:]) * per_group
    name = node.input[1] + "_folded"
    weights[name] = folded.reshape(kernel.shape).astype(np.float32)
    weights[name + "_bias"] = (shift - mean * factor).astype(np.float32)
    node.input[:] = [node.input[0], name, name + "_bias"]
    node.output[:] = [normalisation.output[0]]
    node.name = normalisation.output[0]


def _append_decoder(builder: GraphBuilder, top_k: int) -> None:
    """Peaks of the heat map -> boxes, scores, landmarks."""
    margin = PEAK_WINDOW // 2
    builder.node(
        "MaxPool",
        [_HEAT_MAP],
        "heat_neighbourhood",
        kernel_shape=[PEAK_WINDOW, PEAK_WINDOW],
        strides=[1, 1],
        pads=[margin] * 4,
    )
    builder.node("GreaterOrEqual", [_HEAT_MAP, "heat_neighbourhood"], "is_peak")
    builder.constant("no_heat", 0.0)
    builder.node("Where", ["is_peak", _HEAT_MAP, "no_heat"], "peaks")
    builder.integers("flat_heat_shape", 0, -1)
    builder.node("Reshape", ["peaks", "flat_heat_shape"], "peaks_flat")
    builder.integers("top_k", top_k)
    builder.nodes_with("TopK", ["peaks_flat", "top_k"], ["scores", "cells"], axis=1, largest=1, sorted=1)

    builder.integers("axis_1", 1)
    builder.node("Unsqueeze", ["cells", "axis_1"], "cells_row")
    size = _at_peaks(builder, _SIZE, channels=2)
    offset = _at_peaks(builder, _OFFSET, channels=2)
    landmarks = _at_peaks(builder, _LANDMARKS, channels=2 * LANDMARKS)

    builder.node("Shape", [_HEAT_MAP], "heat_shape")
    builder.integers("width_axis", 3)
    builder.node("Gather", ["heat_shape", "width_axis"], "grid_width", axis=0)
    builder.node("Div", ["cells_row", "grid_width"], "cell_row_index")
    builder.node("Mod", ["cells_row", "grid_width"], "cell_column_index")
    # Channel order of the network is vertical first, then horizontal; everything below keeps [N,(y,x),K].
    builder.node("Concat", ["cell_row_index", "cell_column_index"], "cell_yx_index", axis=1)
    builder.node("Cast", ["cell_yx_index"], "cell_yx", to=onnx.TensorProto.FLOAT)
    builder.constant("half", 0.5)
    builder.constant("stride", float(STRIDE))
    builder.node("Add", ["cell_yx", offset], "cell_yx_exact")
    builder.node("Add", ["cell_yx_exact", "half"], "centre_cells")
    builder.node("Mul", ["centre_cells", "stride"], "centre_yx")
    builder.node("Exp", [size], "size_cells")
    builder.node("Mul", ["size_cells", "stride"], "size_yx")
    builder.node("Mul", ["size_yx", "half"], "half_size_yx")
    builder.node("Sub", ["centre_yx", "half_size_yx"], "start_yx")
    builder.node("Add", ["centre_yx", "half_size_yx"], "end_yx")

    builder.node("Concat", ["start_yx", "end_yx"], "corners_yx", axis=1)
    builder.integers("corners_as_xy", 1, 0, 3, 2)
    builder.node("Gather", ["corners_yx", "corners_as_xy"], "corners_xy", axis=1)
    builder.node("Transpose", ["corners_xy"], "boxes", perm=[0, 2, 1])

    # Landmarks are fractions of the box, measured from its upper left corner.
    builder.integers("point_repeats", 1, LANDMARKS, 1)
    builder.node("Tile", ["size_yx", "point_repeats"], "size_per_point")
    builder.node("Tile", ["start_yx", "point_repeats"], "start_per_point")
    builder.node("Mul", [landmarks, "size_per_point"], "landmark_offsets")
    builder.node("Add", ["landmark_offsets", "start_per_point"], "landmarks_yx")
    builder.integers("points_as_xy", *[2 * point + axis for point in range(LANDMARKS) for axis in (1, 0)])
    builder.node("Gather", ["landmarks_yx", "points_as_xy"], "landmarks_xy", axis=1)
    builder.node("Transpose", ["landmarks_xy"], "landmarks", perm=[0, 2, 1])


def _at_peaks(builder: GraphBuilder, maps: str, *, channels: int) -> str:
    """Reads the values of `maps` [N,C,h,w] at the chosen cells: [N,C,K]."""
    builder.integers(f"{maps}_flat_shape", 0, channels, -1)
    builder.node("Reshape", [maps, f"{maps}_flat_shape"], f"{maps}_flat")
    builder.integers(f"{maps}_repeats", 1, channels, 1)
    builder.node("Tile", ["cells_row", f"{maps}_repeats"], f"{maps}_cells")
    return builder.node("GatherElements", [f"{maps}_flat", f"{maps}_cells"], f"{maps}_at_peaks", axis=2)
