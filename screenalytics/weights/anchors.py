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

    Returns the names of float32 [A,2] (column and row of each cell) and [A,2] (its width and height in pixels, which
    are the same: what is multiplied by it then has its shape, without which onnxruntime takes ten times as long).
    """
    builder.node("Shape", [frames], "frame_size", start=1, end=3)
    builder.constant("first_cell", 0.0)
    builder.constant("next_cell", 1.0)
    builder.integers("along_row", 0)
    builder.integers("along_column", 1)
    builder.integers("behind", 2)
    builder.integers("pairs", -1, 2)
    cells, sides = [], []
    for stride in strides:
        builder.integers(f"stride_{stride}", stride)
        size = builder.node("Div", ["frame_size", f"stride_{stride}"], f"size_{stride}")
        builder.node("Cast", [size], f"counts_{stride}", to=onnx.TensorProto.FLOAT)
        axes = []
        for number, (axis, across) in enumerate((("rows", "along_column"), ("columns", "along_row"))):
            builder.constant(f"{axis}_at_{stride}", number, "int64")
            builder.node("Gather", [f"counts_{stride}", f"{axis}_at_{stride}"], f"{axis}_{stride}", axis=0)
            builder.node("Range", ["first_cell", f"{axis}_{stride}", "next_cell"], f"{axis}_index_{stride}")
            builder.node("Unsqueeze", [f"{axis}_index_{stride}", across], f"{axis}_line_{stride}")
            builder.node("Expand", [f"{axis}_line_{stride}", size], f"{axis}_grid_{stride}")
            axes.append(builder.node("Unsqueeze", [f"{axis}_grid_{stride}", "behind"], f"{axis}_of_cells_{stride}"))
        grid = builder.node("Concat", axes[::-1], f"grid_{stride}", axis=2)
        cells.append(builder.node("Reshape", [grid, "pairs"], f"cells_{stride}"))
        builder.node("Shape", [cells[-1]], f"cells_shape_{stride}")
        builder.constant(f"side_{stride}", stride)
        sides.append(builder.node("Expand", [f"side_{stride}", f"cells_shape_{stride}"], f"sides_{stride}"))
    return builder.node("Concat", cells, "cells", axis=0), builder.node("Concat", sides, "cell_sides", axis=0)


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
    top_k: int,
    max_overlap: float,
    min_score: float,
    prefix: str = "",
) -> str:
    """Finds the best `top_k` boxes, best first; the rest of the `top_k` has score 0.

    `boxes` [N,A,4] and `scores` [N,A]; of boxes that overlap by more than `max_overlap` the best one stays, and those
    of a score up to `min_score` are left out. Writes the tensors `scores` and `boxes` [N,top_k,4] and returns the
    name of the places of those boxes among the A, int64 [N,top_k], for `values_at`. `prefix` comes before every name
    that is written, so that a graph may choose twice.
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
    # A small frame has fewer cells than answers are promised: the rest is filled up, with the first cell's values.
    builder.integers(own("fill_scores"), 0, 0, 0, top_k)
    builder.node("Pad", [own("scores_flat"), own("fill_scores")], own("scores_filled"))
    builder.integers(own("top_k"), top_k)
    best = [own("scores"), own("places_filled")]
    builder.nodes_with("TopK", [own("scores_filled"), own("top_k")], best, axis=1, largest=1, sorted=1)
    builder.node("Shape", [scores], own("cell_count"), start=1)
    places = builder.node("Mod", [own("places_filled"), own("cell_count")], own("places"))
    values_at(builder, boxes, places, own("boxes"))
    return places


def values_at(builder: GraphBuilder, values: str, places: str, output: str) -> str:
    """The values [N,K,C] of `values` [N,A,C] at `places` [N,K]."""
    builder.integers(f"{output}_place_axis", 2)
    builder.node("Unsqueeze", [places, f"{output}_place_axis"], f"{output}_places")
    return builder.node("GatherND", [values, f"{output}_places"], output, batch_dims=1)
