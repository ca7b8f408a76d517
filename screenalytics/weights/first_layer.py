"""Networks read pixels as they lie in memory: their first convolution takes rows of interleaved colours for its input.

A picture [H,W,3] is, without a byte being moved, one plane [1,H,3W]. A kernel [O,3,h,w] that steps by (y,x) over planes of
colours computes the same as a kernel [O,1,h,3w] that steps by (y,3x) over that plane. Turning pixels into planes, and planes
from RGB into BGR, cost YuNet a tenth of its time (640x384 and 1280x736, one AVX2 core: 12.8 to 11.7 ms, 57 to 49 ms).
"""

from typing import Any

import numpy as np
import onnx
from onnx import helper

from screenalytics.weights.errors import ModelUnreadable
from screenalytics.weights.simplify import Weights, read_weights, replace_graph

COLOURS = 3
_SCALING = ("Add", "Sub", "Mul", "Div")


def read_rows(graph: onnx.GraphProto, *, source: str, bgr: bool = False) -> None:
    """Rewrites the convolutions that read planes `source` [N,3,H,W]: they read rows of RGB pixels [N,1,H,3W].

    `bgr` says that the planes were blue, green and red. Up to the order of summation the results are the same. Raises
    ModelUnreadable where anything but a convolution, or a sum or product with one number, reads the planes.
    """
    weights = read_weights(graph)
    planes = {source}
    for node in graph.node:
        if planes.isdisjoint(node.input):
            continue
        others = [weights.get(name) for name in node.input if name not in planes]
        if node.op_type in _SCALING and all(one is not None and one.size == 1 for one in others):
            planes.add(node.output[0])
        elif node.op_type == "Conv":
            _step_over_colours(node, weights, bgr=bgr)
        else:
            raise ModelUnreadable(f"The network reads its pixels with {node.op_type}, which no converter here expects.")
    for entry in graph.input:
        if entry.name == source:
            entry.CopyFrom(helper.make_tensor_value_info(source, onnx.TensorProto.FLOAT, ["N", 1, "H", "3W"]))
    replace_graph(graph, list(graph.node), weights)


def _step_over_colours(node: onnx.NodeProto, weights: Weights, *, bgr: bool) -> None:
    settings = _settings(node)
    kernel = weights[node.input[1]][:, ::-1] if bgr else weights[node.input[1]]
    outputs, colours, height, width = kernel.shape
    if colours != COLOURS:
        raise ModelUnreadable(f"The network's first convolution reads {colours} colours instead of {COLOURS}.")
    name = f"{node.output[0]}_kernel_over_rows"
    weights[name] = kernel.transpose(0, 2, 3, 1).reshape(outputs, 1, height, COLOURS * width)
    node.input[1] = name
    # Up and down nothing changes; what goes to the left or right goes three times as far.
    far = (1, COLOURS)
    _set(
        node,
        kernel_shape=[height, COLOURS * width],
        strides=[step * times for step, times in zip(settings["strides"], far, strict=True)],
        pads=[pad * times for pad, times in zip(settings["pads"], far * 2, strict=True)],
    )


def without_focus(graph: onnx.GraphProto, *, source: str) -> None:
    """Takes out YOLOX's "focus" [N,12,H/2,W/2]: the four pixels of each 2x2 of `source` one behind the other.

    The convolution that reads it gets the picture itself, a stride of 2 and a kernel twice as large, in which each weight
    stands at its pixel: nothing is computed more often than before.

    Raises ModelUnreadable when the network does not begin so.
    """
    weights = read_weights(graph)
    pixel_of = {source: (0, 0)}
    focus, kept = "", []
    for node in graph.node:
        if node.op_type == "Slice" and node.input[0] in pixel_of:
            pixel_of[node.output[0]] = _every_second(node, weights, pixel_of[node.input[0]])
        elif node.op_type == "Concat" and not pixel_of.keys().isdisjoint(node.input):
            focus, pixels = node.output[0], [pixel_of[name] for name in node.input]
        else:
            if focus in node.input:
                _read_without_focus(node, weights, source, pixels)
            kept.append(node)
    replace_graph(graph, kept, weights)
    if not focus or source not in {name for node in kept for name in node.input}:
        raise ModelUnreadable("The YOLOX network does not begin as this converter expects.")


def _every_second(node: onnx.NodeProto, weights: Weights, pixel: tuple[int, int]) -> tuple[int, int]:
    """Which (row, column) of 2x2 a slice of every second row or column takes."""
    start, _, axis, step = (int(weights[name].item()) for name in node.input[1:])
    if step != 2 or axis not in (2, 3):
        raise ModelUnreadable("The YOLOX network does not begin with every second row and column.")
    return (start, pixel[1]) if axis == 2 else (pixel[0], start)


def _read_without_focus(node: onnx.NodeProto, weights: Weights, source: str, pixels: list[tuple[int, int]]) -> None:
    settings = _settings(node)
    kernel = weights[node.input[1]]
    outputs, channels, height, width = kernel.shape
    if node.op_type != "Conv" or channels != COLOURS * len(pixels) or settings["strides"] != [1, 1]:
        raise ModelUnreadable("The YOLOX network's first convolution is not the one this converter expects.")
    larger = np.zeros((outputs, COLOURS, 2 * height, 2 * width), dtype=kernel.dtype)
    for number, (row, column) in enumerate(pixels):
        larger[:, :, row::2, column::2] = kernel[:, COLOURS * number : COLOURS * (number + 1)]
    name = f"{node.output[0]}_kernel_without_focus"
    weights[name] = larger
    node.input[:2] = [source, name]
    pads = [2 * pad for pad in settings["pads"]]
    _set(node, kernel_shape=list(larger.shape[2:]), strides=[2, 2], pads=pads)


def _settings(node: onnx.NodeProto) -> dict[str, Any]:
    """A convolution's attributes. Raises ModelUnreadable for one with gaps, groups or implied padding."""
    usual = {"dilations": [1, 1], "group": 1, "auto_pad": b"NOTSET"}
    settings = {"strides": [1, 1], "pads": [0] * 4} | {
        entry.name: helper.get_attribute_value(entry) for entry in node.attribute
    }
    if any(settings.get(name, value) != value for name, value in usual.items()):
        raise ModelUnreadable("The network's first convolution is not of the kind that the converters expect.")
    return settings


def _set(node: onnx.NodeProto, **attributes: list[int]) -> None:
    kept = [entry for entry in node.attribute if entry.name not in attributes]
    del node.attribute[:]
    node.attribute.extend([*kept, *(helper.make_attribute(name, value) for name, value in attributes.items())])
