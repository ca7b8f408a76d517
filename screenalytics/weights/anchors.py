"""What detectors without anchor boxes share: one prediction for each cell of several grids, and the choice of the best.

Both detectors here follow YOLOX (Ge et al., 2021, arXiv:2107.08430): a cell predicts the shift of the box's centre in
cells and the logarithm of its width and height in cells.
"""

from collections.abc import Sequence

import onnx

from screenalytics.weights.graph import GraphBuilder

STRIDES = (8, 16, 32)


def append_grid(builder: GraphBuilder, frames: str, *, strides: Sequence[int] = STRIDES) -> tuple[str, str]:
    """The cells of all grids over `frames` [N,H,W,3], row by row, grid after grid.

    Returns the names of float32 [A,2] (column and row of each cell) and [A,1] (its side in pixels).
    """
    builder.node("Shape", [frames], "frame_shape")
    builder.constant("height_axis", 1, "int64")
    builder.constant("width_axis", 2, "int64")
    builder.node("Gather", ["frame_shape", "height_axis"], "frame_height", axis=0)
    builder.node("Gather", ["frame_shape", "width_axis"], "frame_width", axis=0)
    builder.constant("zero", 0, "int64")
    builder.constant("one", 1, "int64")
    builder.integers("as_column", -1, 1)
    cells, sides = [], []
    for stride in strides:
        builder.constant(f"stride_{stride}", stride, "int64")
        rows = builder.node("Div", ["frame_height", f"stride_{stride}"], f"rows_{stride}")
        columns = builder.node("Div", ["frame_width", f"stride_{stride}"], f"columns_{stride}")
        count = builder.node("Mul", [rows, columns], f"count_{stride}")
        index = builder.node("Range", ["zero", count, "one"], f"index_{stride}")
        builder.node("Mod", [index, columns], f"column_{stride}")
        builder.node("Div", [index, columns], f"row_{stride}")
        parts = [
            builder.node("Reshape", [f"{axis}_{stride}", "as_column"], f"{axis}_{stride}_column")
            for axis in ("column", "row")
        ]
        cells.append(builder.node("Concat", parts, f"cells_{stride}", axis=1))
        ones = builder.node("Sub", [parts[0], parts[0]], f"zeros_{stride}")
        sides.append(builder.node("Add", [ones, f"stride_{stride}"], f"sides_{stride}"))
    builder.node("Concat", cells, "cells_whole", axis=0)
    builder.node("Concat", sides, "sides_whole", axis=0)
    return (
        builder.node("Cast", ["cells_whole"], "cells", to=onnx.TensorProto.FLOAT),
        builder.node("Cast", ["sides_whole"], "cell_sides", to=onnx.TensorProto.FLOAT),
    )


def append_boxes(builder: GraphBuilder, predicted: str, *, cells: str, sides: str) -> str:
    """Boxes float32 [N,A,4] x1,y1,x2,y2 in pixels from `predicted` [N,A,4] (shift x,y; logarithm of width, height)."""
    builder.integers("shift_and_size", 2, 2)
    builder.nodes_with("Split", [predicted, "shift_and_size"], ["shift", "log_size"], axis=2)
    builder.node("Add", ["shift", cells], "centre_cells")
    builder.node("Mul", ["centre_cells", sides], "centre")
    builder.node("Exp", ["log_size"], "size_cells")
    builder.node("Mul", ["size_cells", sides], "size")
    builder.constant("half", 0.5)
    builder.node("Mul", ["size", "half"], "half_size")
    builder.node("Sub", ["centre", "half_size"], "upper_left")
    builder.node("Add", ["centre", "half_size"], "lower_right")
    return builder.node("Concat", ["upper_left", "lower_right"], "all_boxes", axis=2)


def append_selection(
    builder: GraphBuilder,
    *,
    boxes: str,
    scores: str,
    values: dict[str, tuple[str, int]],
    top_k: int,
    max_overlap: float,
    min_score: float,
    prefix: str = "",
) -> None:
    """Keeps the best `top_k` boxes, best first; the rest of the `top_k` has score 0.

    `boxes` [N,A,4] and `scores` [N,A]; of boxes that overlap by more than `max_overlap` the best one stays, and those
    of a score up to `min_score` are left out. Writes the tensor `scores` [N,top_k] and, for each entry of `values`
    (output name -> (tensor [N,A,C], C)), that tensor's values at the chosen places [N,top_k,C]. `prefix` comes before
    every name that is written, so that a graph may choose twice.
    """

    def own(name: str) -> str:
        return prefix + name

    builder.integers(own("class_axis"), 1)
    builder.node("Unsqueeze", [scores, own("class_axis")], own("class_scores"))
    builder.integers(own("most_boxes"), top_k)
    builder.constant(own("max_overlap"), [max_overlap])
    builder.constant(own("min_score"), [min_score])
    limits = [own(name) for name in ("most_boxes", "max_overlap", "min_score")]
    builder.node("NonMaxSuppression", [boxes, own("class_scores"), *limits], own("kept"))
    builder.node("GatherND", [own("class_scores"), own("kept")], own("kept_scores"))
    builder.node("Sub", [own("class_scores"), own("class_scores")], own("no_scores"))
    builder.node("ScatterND", [own("no_scores"), own("kept"), own("kept_scores")], own("scores_of_kept"))
    builder.integers(own("flat"), 0, -1)
    builder.node("Reshape", [own("scores_of_kept"), own("flat")], own("scores_flat"))
    # A small frame has fewer cells than answers are promised: the rest is filled up.
    builder.integers(own("fill_scores"), 0, 0, 0, top_k)
    builder.node("Pad", [own("scores_flat"), own("fill_scores")], own("scores_filled"))
    builder.integers(own("top_k"), top_k)
    best = [own("scores"), own("places")]
    builder.nodes_with("TopK", [own("scores_filled"), own("top_k")], best, axis=1, largest=1, sorted=1)
    builder.integers(own("place_axis"), 2)
    builder.node("Unsqueeze", [own("places"), own("place_axis")], own("place_column"))
    builder.integers(own("fill_rows"), 0, 0, 0, 0, top_k, 0)
    for output, (tensor, width) in values.items():
        name = own(output)
        builder.node("Pad", [tensor, own("fill_rows")], f"{name}_filled")
        builder.integers(f"{name}_repeats", 1, 1, width)
        builder.node("Tile", [own("place_column"), f"{name}_repeats"], f"{name}_places")
        builder.node("GatherElements", [f"{name}_filled", f"{name}_places"], name, axis=1)
