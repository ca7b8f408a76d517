"""Brings an ArcFace- or AdaFace-style ONNX model to the embedder's contract: pixels in, unit vectors out."""

from collections.abc import Sequence

import numpy as np
import onnx
from onnx import version_converter

from screenalytics.weights.errors import ContractMismatch
from screenalytics.weights.graph import ELEMENT_TYPES, IR_VERSION, OPSET, GraphBuilder
from screenalytics.weights.registry import Tensor


def embedder_shape(model: onnx.ModelProto) -> tuple[int, int]:
    """(chip side, dimension) of a model with one float input [N,3,S,S] and one output [N,D].

    Raises ContractMismatch, saying what was found, for any other model.
    """
    weights = {tensor.name for tensor in model.graph.initializer}
    inputs = [entry for entry in model.graph.input if entry.name not in weights]
    if len(inputs) != 1 or len(model.graph.output) != 1:
        raise ContractMismatch(
            f"The model has {len(inputs)} inputs and {len(model.graph.output)} outputs; an embedder has one of each."
        )
    shape, result = _dims(inputs[0]), _dims(model.graph.output[0])
    if len(shape) != 4 or shape[1] != 3 or shape[2] != shape[3] or shape[2] < 1:
        raise ContractMismatch(f"The model's input has shape {shape}; an embedder takes [N,3,S,S].")
    if len(result) != 2 or result[1] < 1:
        raise ContractMismatch(f"The model's output has shape {result}; an embedder gives [N,D] with a fixed D.")
    return shape[2], result[1]


def wrap_embedder(
    model: onnx.ModelProto, *, mean: Sequence[float], scale: float, channel_order: str = "rgb"
) -> onnx.ModelProto:
    """Puts `(pixel - mean) / scale` (`mean` per channel of RGB) before the model and unit length after it.

    The result takes `chips` uint8 [N,S,S,3] in RGB and gives `embedding` float32 [N,D]. `channel_order` is what the
    model inside wants: `rgb` or `bgr`. Raises ContractMismatch for a model of another kind.
    """
    if channel_order not in ("rgb", "bgr") or len(mean) != 3 or scale <= 0:
        raise ContractMismatch("An embedder needs three means, a scale above 0 and the channel order rgb or bgr.")
    side, dimension = embedder_shape(model)
    inner = _at_our_opset(model)
    weights = {tensor.name for tensor in inner.graph.initializer}
    source = next(entry.name for entry in inner.graph.input if entry.name not in weights)
    builder = GraphBuilder()
    planes = builder.rgb_frames_to_planes("chips")
    builder.constant("pixel_mean", np.reshape(mean, (1, 3, 1, 1)))
    builder.constant("pixel_scale", scale)
    builder.node("Sub", [planes, "pixel_mean"], "centred_pixels")
    pixels = builder.node("Div", ["centred_pixels", "pixel_scale"], "normalised_pixels")
    if channel_order == "bgr":
        pixels = builder.bgr_planes("normalised_pixels")
    renamed = builder.embed(inner.graph, source=source, pixels=pixels)
    builder.unit_length(renamed(inner.graph.output[0].name), "embedding")
    return builder.build(
        name="face_embedder",
        inputs={"chips": ("uint8", ["N", side, side, 3])},
        outputs={"embedding": ("float32", ["N", dimension])},
    )


def check_graph(model: onnx.ModelProto, *, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> None:
    """Raises ContractMismatch unless the graph has exactly these tensors (batch first; -1 matches any size)."""
    weights = {tensor.name for tensor in model.graph.initializer}
    found_inputs = [entry for entry in model.graph.input if entry.name not in weights]
    for side, found, wanted in (("input", found_inputs, inputs), ("output", list(model.graph.output), outputs)):
        names = {entry.name: entry for entry in found}
        if set(names) != {tensor.name for tensor in wanted}:
            raise ContractMismatch(
                f"The model's {side}s are {sorted(names)}; its role asks for {sorted(t.name for t in wanted)}."
            )
        for tensor in wanted:
            _check_tensor(names[tensor.name], tensor, side)


def _check_tensor(entry: onnx.ValueInfoProto, wanted: Tensor, side: str) -> None:
    shape = _dims(entry)[1:]
    fits = len(shape) == len(wanted.shape) and all(
        size == expected or expected == -1 for size, expected in zip(shape, wanted.shape, strict=True)
    )
    if not fits or entry.type.tensor_type.elem_type != ELEMENT_TYPES[wanted.dtype]:
        raise ContractMismatch(
            f"The model's {side} {wanted.name} must be {wanted.dtype} [N,{','.join(map(str, wanted.shape))}]."
        )


def _dims(entry: onnx.ValueInfoProto) -> list[int]:
    return [size.dim_value if size.HasField("dim_value") else -1 for size in entry.type.tensor_type.shape.dim]


def _at_our_opset(model: onnx.ModelProto) -> onnx.ModelProto:
    version = next((entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx")), 0)
    if any(entry.domain not in ("", "ai.onnx") for entry in model.opset_import):
        raise ContractMismatch("The model uses operators outside the ONNX standard.")
    if version == OPSET:
        return model
    upgraded = onnx.ModelProto()
    upgraded.CopyFrom(model)
    upgraded.ir_version = max(model.ir_version, IR_VERSION)
    return version_converter.convert_version(upgraded, OPSET)
