"""Parts of networks as their authors published them."""

import numpy as np
import onnx
from onnx import helper, numpy_helper


def focus(source: str, output: str) -> tuple[list[onnx.NodeProto], list[onnx.TensorProto]]:
    """YOLOX's beginning: the four pixels of each 2x2 of `source` [N,3,H,W] one behind the other, [N,12,H/2,W/2]."""
    constants = [
        numpy_helper.from_array(np.array([value], dtype=np.int64), name)
        for name, value in {"at_0": 0, "at_1": 1, "end": 2**63 - 1, "step": 2, "axis_2": 2, "axis_3": 3}.items()
    ]
    nodes, parts = [], []
    for column in (0, 1):
        for row in (0, 1):
            rows, pixels = f"{output}_rows_{row}_{column}", f"{output}_{row}_{column}"
            nodes += [
                helper.make_node("Slice", [source, f"at_{row}", "end", "axis_2", "step"], [rows]),
                helper.make_node("Slice", [rows, f"at_{column}", "end", "axis_3", "step"], [pixels]),
            ]
            parts.append(pixels)
    return [*nodes, helper.make_node("Concat", parts, [output], axis=1)], constants
