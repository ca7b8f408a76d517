"""YOLOX-Nano as a `person_detector`: whole people in a frame, whether their faces are seen or not, and animals.

YOLOX (Ge et al., 2021, arXiv:2107.08430; weights by Megvii, Apache-2.0, trained on COCO) predicts, for each cell of grids
of 8, 16 and 32 pixels, a box, an object score and a score for each of COCO's 80 classes; the first class is "person", the
fifteenth to the twenty-fourth are animals, from "bird" to "giraffe".
"""

import onnx

from screenalytics.weights.anchors import append_boxes, append_grid, append_selection
from screenalytics.weights.errors import ModelUnreadable
from screenalytics.weights.first_layer import read_rows, without_focus
from screenalytics.weights.graph import IR_VERSION, OPSET, GraphBuilder
from screenalytics.weights.simplify import chained_pools, free_batch

TOP_K = 100
MAX_OVERLAP = 0.65
MIN_SCORE = 0.1
ANIMALS = 20
"""Animals of a frame that are answered at most."""
ANIMALS_PREFIX = "animal_"

_NETWORK_INPUT, _NETWORK_OUTPUT = "images", "output"
_CHANNELS = 85
_PARTS = {"predicted_boxes": 4, "objects": 1, "people": 1, "things_before": 13, "animals": 10, "things_after": 56}
"""Channels of the network's answer, in order."""


def convert_yolox(original: onnx.ModelProto, *, top_k: int = TOP_K) -> onnx.ModelProto:
    """Wraps the published network (exported without its decoding).

    The result takes `frames` uint8 [N,H,W,3] (RGB; H and W divisible by 32, trained at 416x416, padded with grey 114)
    and gives, best first, `boxes` float32 [N,top_k,4] (x1,y1,x2,y2 in pixels of the frame, not clipped to it) and
    `scores` [N,top_k] in 0..1, 0 where there is nobody more; `animal_boxes` [N,20,4] and `animal_scores` [N,20] are the
    same of animals of any kind. Overlapping boxes are removed inside the graph.

    Raises ModelUnreadable when `original` is not the network this converter knows.
    """
    outputs = [
        (entry.name, [dim.dim_value for dim in entry.type.tensor_type.shape.dim][-1:])
        for entry in original.graph.output
    ]
    if [entry.name for entry in original.graph.input][:1] != [_NETWORK_INPUT] or outputs != [
        (_NETWORK_OUTPUT, [_CHANNELS])
    ]:
        raise ModelUnreadable("The file is an ONNX model, but not the YOLOX network this converter knows.")
    network = _at_our_opset(original)
    free_batch(network.graph)
    chained_pools(network.graph)
    without_focus(network.graph, source=_NETWORK_INPUT)
    read_rows(network.graph, source=_NETWORK_INPUT, bgr=True)
    builder = GraphBuilder()
    renamed = builder.embed(network.graph, source=_NETWORK_INPUT, pixels=builder.rgb_frames_to_rows("frames"))
    builder.integers("channels", *_PARTS.values())
    builder.nodes_with("Split", [renamed(_NETWORK_OUTPUT), "channels"], list(_PARTS), axis=2)
    builder.integers("score_axis", 2)
    builder.node("ReduceMax", ["animals"], "likeliest_animal", axes=[2], keepdims=1)
    for kind, scores in (("people", "all_scores"), ("likeliest_animal", "all_animal_scores")):
        builder.node("Mul", ["objects", kind], f"{scores}_column")
        builder.node("Squeeze", [f"{scores}_column", "score_axis"], scores)
    cells, sides = append_grid(builder, "frames")
    boxes = append_boxes(builder, "predicted_boxes", cells=cells, sides=sides)
    for prefix, scores, most in (("", "all_scores", top_k), (ANIMALS_PREFIX, "all_animal_scores", ANIMALS)):
        append_selection(
            builder,
            boxes=boxes,
            scores=scores,
            top_k=most,
            max_overlap=MAX_OVERLAP,
            min_score=MIN_SCORE,
            prefix=prefix,
        )
    return builder.build(
        name="person_detector",
        inputs={"frames": ("uint8", ["N", "H", "W", 3])},
        outputs={
            "boxes": ("float32", ["N", top_k, 4]),
            "scores": ("float32", ["N", top_k]),
            "animal_boxes": ("float32", ["N", ANIMALS, 4]),
            "animal_scores": ("float32", ["N", ANIMALS]),
        },
    )


def _at_our_opset(model: onnx.ModelProto) -> onnx.ModelProto:
    """The network's operators mean the same at opset 11 and at ours."""
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    copy.opset_import[0].version = OPSET
    copy.ir_version = IR_VERSION
    return copy
