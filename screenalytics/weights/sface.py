"""SFace as a `face_embedder`: pixels in, 128 numbers of unit length out.

SFace (Zhong et al., 2021, arXiv:2205.12010; weights by opencv_zoo, Apache-2.0) is a MobileFaceNet on 112x112 RGB chips
in ArcFace's template. The published file stores its weights as integers with a scale for each block of 64; they are
turned back into numbers, and the normalisations are folded into the convolutions.
"""

import onnx

from screenalytics.weights.errors import ModelUnreadable
from screenalytics.weights.first_layer import read_rows
from screenalytics.weights.graph import GraphBuilder
from screenalytics.weights.simplify import dequantised, fold_normalisation, prelu_as_convolutions, without_dropout

CHIP_SIZE = 112
DIMENSION = 128

_NETWORK_INPUT, _NETWORK_OUTPUT = "data", "fc1"


def convert_sface(original: onnx.ModelProto) -> onnx.ModelProto:
    """Builds the graph: `chips` uint8 [N,112,112,3] (RGB, aligned) -> `embedding` float32 [N,128] of unit length.

    Raises ModelUnreadable when `original` is not the network this converter knows.
    """
    first = [entry.name for entry in original.graph.input][:1]
    if first != [_NETWORK_INPUT] or [entry.name for entry in original.graph.output] != [_NETWORK_OUTPUT]:
        raise ModelUnreadable("The file is an ONNX model, but not the SFace network this converter knows.")
    network = dequantised(original)
    without_dropout(network.graph)
    fold_normalisation(network.graph)
    prelu_as_convolutions(network.graph)
    read_rows(network.graph, source=_NETWORK_INPUT)
    builder = GraphBuilder()
    renamed = builder.embed(network.graph, source=_NETWORK_INPUT, pixels=builder.rgb_frames_to_rows("chips"))
    builder.unit_length(renamed(_NETWORK_OUTPUT), "embedding")
    return builder.build(
        name="face_embedder",
        inputs={"chips": ("uint8", ["N", CHIP_SIZE, CHIP_SIZE, 3])},
        outputs={"embedding": ("float32", ["N", DIMENSION])},
    )
