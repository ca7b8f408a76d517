"""YuNet as a `face_finder`: a small detector that sees small faces, with the tensors of a `face_detector`.

YuNet (Wu et al., 2023, doi:10.1007/s11633-023-1423-y; weights by opencv_zoo, MIT) predicts, for each cell of grids of
8, 16 and 32 pixels, a class and an object score, a box and five landmarks in cells. The score is the root of the product of
both. Overlapping boxes are removed inside the graph: unlike CenterFace it fires on many cells of one face.
"""

import onnx

from screenalytics.weights.anchors import STRIDES, append_boxes, append_grid, append_selection, values_at
from screenalytics.weights.errors import ModelUnreadable
from screenalytics.weights.first_layer import read_rows
from screenalytics.weights.graph import GraphBuilder
from screenalytics.weights.simplify import dequantised, free_batch

TOP_K = 100
LANDMARKS = 5
MAX_OVERLAP = 0.45
MIN_SCORE = 0.1

_NETWORK_INPUT = "input"
_CHANNELS = {"cls": 1, "obj": 1, "bbox": 4, "kps": 2 * LANDMARKS}


def convert_yunet(original: onnx.ModelProto, *, top_k: int = TOP_K) -> onnx.ModelProto:
    """Wraps the published YuNet network.

    The result takes `frames` uint8 [N,H,W,3] (RGB; H and W divisible by 32) and gives, best first, `boxes` float32
    [N,top_k,4] (x1,y1,x2,y2 in pixels of the frame, not clipped to it), `scores` [N,top_k] in 0..1, 0 where there is
    no more face, and `landmarks` [N,top_k,10] (x,y pairs: left eye in the image, right eye, nose, left and right corner
    of the mouth).

    Raises ModelUnreadable when `original` is not the network this converter knows.
    """
    outputs = {f"{kind}_{stride}" for kind in _CHANNELS for stride in STRIDES}
    if _NETWORK_INPUT not in [entry.name for entry in original.graph.input] or outputs != {
        output.name for output in original.graph.output
    }:
        raise ModelUnreadable("The file is an ONNX model, but not the YuNet network this converter knows.")
    network = dequantised(original)
    free_batch(network.graph)
    read_rows(network.graph, source=_NETWORK_INPUT, bgr=True)
    builder = GraphBuilder()
    renamed = builder.embed(network.graph, source=_NETWORK_INPUT, pixels=builder.rgb_frames_to_rows("frames"))
    predicted = {
        kind: builder.node("Concat", [renamed(f"{kind}_{stride}") for stride in STRIDES], f"all_{kind}", axis=1)
        for kind in _CHANNELS
    }
    cells, sides = append_grid(builder, "frames")
    boxes = append_boxes(builder, predicted["bbox"], cells=cells, sides=sides)
    places = append_selection(
        builder,
        boxes=boxes,
        scores=_append_scores(builder, predicted["cls"], predicted["obj"]),
        top_k=top_k,
        max_overlap=MAX_OVERLAP,
        min_score=MIN_SCORE,
    )
    _append_landmarks(builder, predicted["kps"], places, cells=cells, sides=sides)
    return builder.build(
        name="face_finder",
        inputs={"frames": ("uint8", ["N", "H", "W", 3])},
        outputs={
            "boxes": ("float32", ["N", top_k, 4]),
            "scores": ("float32", ["N", top_k]),
            "landmarks": ("float32", ["N", top_k, 2 * LANDMARKS]),
        },
    )


def _append_scores(builder: GraphBuilder, classes: str, objects: str) -> str:
    """sqrt(class * object) [N,A]; both are in 0..1 already."""
    builder.node("Mul", [classes, objects], "score_product")
    builder.node("Sqrt", ["score_product"], "score_column")
    builder.integers("score_axis", 2)
    return builder.node("Squeeze", ["score_column", "score_axis"], "all_scores")


def _append_landmarks(builder: GraphBuilder, predicted: str, places: str, *, cells: str, sides: str) -> None:
    """`landmarks` [N,K,10] in pixels, of the cells at `places` [N,K]: shifts in cells from the cell's own corner."""
    values_at(builder, predicted, places, "shifts_of_kept")
    builder.integers("point_repeats", 1, 1, LANDMARKS)
    for name, values in (("cells", cells), ("sides", sides)):
        builder.node("Gather", [values, places], f"{name}_of_kept", axis=0)
        builder.node("Tile", [f"{name}_of_kept", "point_repeats"], f"{name}_per_point")
    builder.node("Add", ["shifts_of_kept", "cells_per_point"], "landmark_cells")
    builder.node("Mul", ["landmark_cells", "sides_per_point"], "landmarks")
