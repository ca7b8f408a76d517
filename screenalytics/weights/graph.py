"""A small builder for ONNX graphs: named nodes, constants and inputs, saved byte for byte the same every time."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

from screenalytics.weights.errors import ContractMismatch, ModelUnreadable

OPSET = 17
IR_VERSION = 8

Shape = list[int | str]

ELEMENT_TYPES = {"uint8": TensorProto.UINT8, "float32": TensorProto.FLOAT}

_PREFIX = "inner_"


class GraphBuilder:
    """Collects nodes and initializers; every method returns the name of the tensor it made."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: list[onnx.TensorProto] = []

    def constant(self, name: str, values: npt.ArrayLike, dtype: npt.DTypeLike = np.float32) -> str:
        """Adds a constant tensor."""
        self.initializers.append(numpy_helper.from_array(np.ascontiguousarray(values, dtype=dtype), name))
        return name

    def integers(self, name: str, *values: int) -> str:
        """Adds a one-dimensional int64 constant (shapes, axes, indices)."""
        return self.constant(name, values, np.int64)

    def node(self, operator: str, inputs: list[str], output: str, **attributes: Any) -> str:
        """Adds a node with one output."""
        self.nodes.append(helper.make_node(operator, inputs, [output], name=output, **attributes))
        return output

    def nodes_with(self, operator: str, inputs: list[str], outputs: list[str], **attributes: Any) -> list[str]:
        """Adds a node with several outputs."""
        self.nodes.append(helper.make_node(operator, inputs, outputs, name=outputs[0], **attributes))
        return outputs

    def rgb_frames_to_planes(self, pixels: str) -> str:
        """Turns uint8 [N,H,W,3] into float32 [N,3,H,W], still 0..255."""
        self.node("Cast", [pixels], f"{pixels}_float", to=TensorProto.FLOAT)
        return self.node("Transpose", [f"{pixels}_float"], f"{pixels}_planes", perm=[0, 3, 1, 2])

    def rgb_frames_to_rows(self, pixels: str) -> str:
        """Turns uint8 [N,H,W,3] into float32 [N,1,H,3W], still 0..255; no value moves."""
        self.node("Cast", [pixels], f"{pixels}_float", to=TensorProto.FLOAT)
        self.integers(f"{pixels}_plane_axis", 1)
        self.node("Unsqueeze", [f"{pixels}_float", f"{pixels}_plane_axis"], f"{pixels}_plane")
        self.integers(f"{pixels}_row_shape", 0, 0, 0, -1)
        return self.node("Reshape", [f"{pixels}_plane", f"{pixels}_row_shape"], f"{pixels}_rows")

    def bgr_planes(self, planes: str) -> str:
        """Turns planes [N,3,H,W] in the order RGB into BGR."""
        self.integers("bgr", 2, 1, 0)
        return self.node("Gather", [planes, "bgr"], f"{planes}_bgr", axis=1)

    def unit_length(self, vectors: str, output: str) -> str:
        """Scales each row of [N,D] to Euclidean length 1; a zero row stays zero."""
        self.node("ReduceL2", [vectors], f"{output}_length", axes=[1], keepdims=1)
        self.constant(f"{output}_tiny", 1e-12)
        self.node("Max", [f"{output}_length", f"{output}_tiny"], f"{output}_divisor")
        return self.node("Div", [vectors, f"{output}_divisor"], output)

    def embed(self, graph: onnx.GraphProto, *, source: str, pixels: str) -> Callable[[str], str]:
        """Copies a graph into ours, every name prefixed, reading `pixels` where it read its input `source`.

        Returns what tells the new name of a tensor of `graph`. Raises ContractMismatch for a graph with control flow.
        """

        def renamed(name: str) -> str:
            if name == source:
                return pixels
            return _PREFIX + name if name else name

        for tensor in graph.initializer:
            copied_tensor = onnx.TensorProto()
            copied_tensor.CopyFrom(tensor)
            copied_tensor.name = renamed(tensor.name)
            self.initializers.append(copied_tensor)
        for number, node in enumerate(graph.node):
            if any(
                attribute.type in (onnx.AttributeProto.GRAPH, onnx.AttributeProto.GRAPHS)
                for attribute in node.attribute
            ):
                raise ContractMismatch(
                    "The model contains control flow (If or Loop); export it without, then add it again."
                )
            copied_node = helper.make_node(node.op_type, [], [])
            copied_node.CopyFrom(node)
            copied_node.name = f"{_PREFIX}{number}"
            copied_node.input[:] = [renamed(name) for name in node.input]
            copied_node.output[:] = [renamed(name) for name in node.output]
            self.nodes.append(copied_node)
        return renamed

    def build(
        self,
        *,
        name: str,
        inputs: dict[str, tuple[str, Shape]],
        outputs: dict[str, tuple[str, Shape]],
    ) -> onnx.ModelProto:
        """Closes the graph. `inputs` and `outputs` map a tensor name to (dtype, shape); names in shapes are dynamic."""
        graph = helper.make_graph(
            self.nodes,
            name,
            [helper.make_tensor_value_info(key, ELEMENT_TYPES[kind], shape) for key, (kind, shape) in inputs.items()],
            [helper.make_tensor_value_info(key, ELEMENT_TYPES[kind], shape) for key, (kind, shape) in outputs.items()],
            initializer=self.initializers,
        )
        model = helper.make_model(
            graph,
            opset_imports=[helper.make_opsetid("", OPSET)],
            ir_version=IR_VERSION,
            producer_name="screenalytics",
        )
        onnx.checker.check_model(model, full_check=True)
        return model


def model_bytes(model: onnx.ModelProto) -> bytes:
    """Serialises deterministically, so that equal models have equal hashes."""
    return bytes(model.SerializeToString(deterministic=True))


def save_model(model: onnx.ModelProto, path: Path) -> None:
    """Writes the model in one step: readers see all of it or nothing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + ".part")
    temporary.write_bytes(model_bytes(model))
    temporary.replace(path)


def read_onnx(path: Path) -> onnx.ModelProto:
    """Loads an ONNX model. Raises ModelUnreadable when there is none or it is not valid."""
    if not path.is_file():
        raise ModelUnreadable(f"There is no file {path}.")
    try:
        # Given a path, the checker also reports what cannot be parsed as a model at all.
        onnx.checker.check_model(str(path))
    except onnx.checker.ValidationError as error:
        raise ModelUnreadable(f"{path.name} is not a valid ONNX model.") from error
    return onnx.load(path)
