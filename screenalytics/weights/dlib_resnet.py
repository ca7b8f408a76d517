"""dlib's face ResNet as a `face_embedder`: reads the published .dat file and writes an ONNX graph.

The network is the one of dlib's example `dnn_face_recognition_ex` (King, 2017; weights CC0): a residual net of 29
convolutions, each followed by an affine layer, on 150x150 RGB chips, with 128 numbers out. The file is dlib's own
serialisation: integers are a length byte (bit 7: negative) and little-endian bytes; a tensor is version 2, four
dimensions and raw little-endian float32; layers come in order from the pixels to the output, each after its name.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import onnx

from screenalytics.weights.errors import ModelUnreadable
from screenalytics.weights.graph import GraphBuilder

CHIP_SIZE = 150
DIMENSION = 128
PIXEL_MEAN = (122.782, 117.001, 104.298)
PIXEL_SCALE = 256.0

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Block:
    """One residual block: two 3x3 convolutions; `down` halves the picture and widens the shortcut with zeros."""

    channels: int
    down: bool


# From the pixels upwards: dlib's alevel4 .. alevel0.
BLOCKS = (
    *(Block(32, False),) * 3,
    Block(64, True),
    *(Block(64, False),) * 3,
    Block(128, True),
    *(Block(128, False),) * 2,
    Block(256, True),
    *(Block(256, False),) * 2,
    Block(256, True),
)
STEM_CHANNELS = 32
STEM_KERNEL = 7


@dataclass(frozen=True)
class Convolution:
    """Weights [out,in,k,k] and bias [out], with the affine layer that follows multiplied in."""

    kernel: Floats
    bias: Floats


@dataclass(frozen=True)
class ResnetWeights:
    """`convolutions` in order from the pixels; `projection` [256,128]."""

    convolutions: tuple[Convolution, ...]
    projection: Floats


class _Reader:
    """Reads dlib's integers and tensors from `data`, starting at `position`."""

    def __init__(self, data: bytes, position: int) -> None:
        self._data = data
        self._position = position

    def integer(self) -> int:
        head = self._take(1)[0]
        magnitude = int.from_bytes(self._take(head & 0x0F), "little")
        return -magnitude if head & 0x80 else magnitude

    def tensor(self) -> Floats:
        version = self.integer()
        if version != 2:
            raise ModelUnreadable(f"The .dat file holds a tensor of version {version}; this converter reads version 2.")
        shape = tuple(self.integer() for _ in range(4))
        values = np.frombuffer(self._take(4 * int(np.prod(shape))), dtype="<f4")
        return values.reshape(shape).astype(np.float32)

    def _take(self, count: int) -> bytes:
        piece = self._data[self._position : self._position + count]
        if len(piece) != count:
            raise ModelUnreadable("The .dat file ends in the middle of a layer.")
        self._position += count
        return piece


def read_resnet(data: bytes) -> ResnetWeights:
    """Reads dlib_face_recognition_resnet_model_v1.dat. Raises ModelUnreadable for anything else."""
    convolutions = _layers(data, b"con_4")
    affines = _layers(data, b"affine_")
    projections = list(_positions(data, b"fc_2"))
    shapes = list(_kernel_shapes())
    if len(convolutions) != len(shapes) or len(affines) != len(shapes) or len(projections) != 1:
        raise ModelUnreadable("The .dat file is not dlib's face recognition ResNet: its layers do not match.")
    folded = tuple(
        _fold(parameters, affine, shape)
        for parameters, affine, shape in zip(convolutions, affines, shapes, strict=True)
    )
    reader = _Reader(data, projections[0])
    outputs, inputs = reader.integer(), reader.integer()
    projection = reader.tensor().reshape(-1)
    if (outputs, inputs) != (DIMENSION, BLOCKS[-1].channels) or projection.size != outputs * inputs:
        raise ModelUnreadable("The .dat file's last layer does not give 128 numbers from 256.")
    return ResnetWeights(convolutions=folded, projection=projection.reshape(inputs, outputs))


def _positions(data: bytes, name: bytes) -> Iterator[int]:
    """Where the content of each layer of that name starts (a serialised string carries its length in front)."""
    marker = re.escape(bytes([1, len(name)]) + name)
    return (match.end() for match in re.finditer(marker, data))


def _layers(data: bytes, name: bytes) -> list[Floats]:
    return [_Reader(data, position).tensor().reshape(-1) for position in _positions(data, name)]


def _kernel_shapes() -> Iterator[tuple[int, int, int, int]]:
    yield STEM_CHANNELS, 3, STEM_KERNEL, STEM_KERNEL
    channels = STEM_CHANNELS
    for block in BLOCKS:
        yield block.channels, channels, 3, 3
        yield block.channels, block.channels, 3, 3
        channels = block.channels


def _fold(parameters: Floats, affine: Floats, shape: tuple[int, int, int, int]) -> Convolution:
    """Splits a convolution's parameters into kernel and bias and multiplies its affine layer (scale, shift) in."""
    channels = shape[0]
    kernel_size = int(np.prod(shape))
    if parameters.size != kernel_size + channels or affine.size != 2 * channels:
        raise ModelUnreadable("A layer of the .dat file has another size than dlib's face recognition ResNet.")
    kernel = parameters[:kernel_size].reshape(shape).astype(np.float64)
    bias = parameters[kernel_size:].astype(np.float64)
    scale, shift = affine[:channels].astype(np.float64), affine[channels:].astype(np.float64)
    return Convolution(
        kernel=(kernel * scale[:, None, None, None]).astype(np.float32),
        bias=(bias * scale + shift).astype(np.float32),
    )


def convert_resnet(weights: ResnetWeights, *, mirrored: bool) -> onnx.ModelProto:
    """Builds the graph: `chips` uint8 [N,150,150,3] (RGB, aligned) -> `embedding` float32 [N,128] of unit length.

    With `mirrored` the vector of the chip and of its mirror image are added before scaling to unit length.
    """
    builder = GraphBuilder()
    planes = builder.rgb_frames_to_planes("chips")
    if mirrored:
        planes = _append_mirror_images(builder, planes)
    features = _append_network(builder, weights, planes)
    if mirrored:
        features = _append_pair_sum(builder, features)
    builder.unit_length(features, "embedding")
    return builder.build(
        name="face_embedder",
        inputs={"chips": ("uint8", ["N", CHIP_SIZE, CHIP_SIZE, 3])},
        outputs={"embedding": ("float32", ["N", DIMENSION])},
    )


def _append_mirror_images(builder: GraphBuilder, planes: str) -> str:
    """[N,3,150,150] -> [2N,3,150,150]: the chips, then their mirror images."""
    builder.integers("mirror_start", -1)
    builder.integers("mirror_end", -CHIP_SIZE - 1)
    builder.integers("mirror_axis", 3)
    builder.integers("mirror_step", -1)
    builder.node("Slice", [planes, "mirror_start", "mirror_end", "mirror_axis", "mirror_step"], "mirror_images")
    return builder.node("Concat", [planes, "mirror_images"], "chips_and_mirror_images", axis=0)


def _append_pair_sum(builder: GraphBuilder, features: str) -> str:
    """[2N,128] -> [N,128]: each chip's vector plus its mirror image's."""
    builder.integers("pair_shape", 2, -1, DIMENSION)
    builder.node("Reshape", [features, "pair_shape"], "feature_pairs")
    builder.integers("pair_axis", 0)
    return builder.node("ReduceSum", ["feature_pairs", "pair_axis"], "features_of_both", keepdims=0)


def _append_network(builder: GraphBuilder, weights: ResnetWeights, planes: str) -> str:
    layers = iter(enumerate(weights.convolutions))

    def convolve(source: str, *, stride: int) -> str:
        number, layer = next(layers)
        size = layer.kernel.shape[-1]
        # dlib pads a convolution only when its stride is 1.
        margin = size // 2 if stride == 1 else 0
        return builder.node(
            "Conv",
            [
                source,
                builder.constant(f"kernel_{number}", layer.kernel),
                builder.constant(f"bias_{number}", layer.bias),
            ],
            f"convolution_{number}",
            kernel_shape=[size, size],
            strides=[stride, stride],
            pads=[margin] * 4,
        )

    builder.constant("pixel_mean", np.reshape(PIXEL_MEAN, (1, 3, 1, 1)))
    builder.constant("pixel_scale", PIXEL_SCALE)
    builder.node("Sub", [planes, "pixel_mean"], "centred_pixels")
    builder.node("Div", ["centred_pixels", "pixel_scale"], "normalised_pixels")
    stem = builder.node("Relu", [convolve("normalised_pixels", stride=2)], "stem")
    builder.node("MaxPool", [stem], "stem_pooled", kernel_shape=[3, 3], strides=[2, 2])

    current, channels, side = "stem_pooled", STEM_CHANNELS, _stem_side()
    for number, block in enumerate(BLOCKS):
        inner = builder.node("Relu", [convolve(current, stride=2 if block.down else 1)], f"block_{number}_inner")
        branch = convolve(inner, stride=1)
        shortcut = current
        if block.down:
            branch, shortcut, side = _append_halving(builder, branch, current, number, side, block.channels - channels)
            channels = block.channels
        builder.node("Add", [branch, shortcut], f"block_{number}_sum")
        current = builder.node("Relu", [f"block_{number}_sum"], f"block_{number}")
    builder.node("GlobalAveragePool", [current], "pooled")
    builder.node("Flatten", ["pooled"], "pooled_flat", axis=1)
    builder.constant("projection", weights.projection)
    return builder.node("MatMul", ["pooled_flat", "projection"], "features")


def _stem_side() -> int:
    after_convolution = (CHIP_SIZE - STEM_KERNEL) // 2 + 1
    return (after_convolution - 3) // 2 + 1


def _append_halving(
    builder: GraphBuilder, branch: str, source: str, number: int, side: int, added_channels: int
) -> tuple[str, str, int]:
    """Makes the shortcut of a `down` block: average-pooled 2x2, and zeros where one of the two summands is smaller.

    dlib's addition takes the larger size in every dimension and treats missing values as zero.
    """
    branch_side = (side - 3) // 2 + 1
    shortcut_side = side // 2
    shortcut = builder.node("AveragePool", [source], f"block_{number}_shortcut", kernel_shape=[2, 2], strides=[2, 2])
    missing = shortcut_side - branch_side
    if missing:
        builder.integers(f"block_{number}_border", 0, 0, 0, 0, 0, 0, missing, missing)
        branch = builder.node("Pad", [branch, f"block_{number}_border"], f"block_{number}_branch_padded")
    if added_channels:
        builder.integers(f"block_{number}_channels", 0, 0, 0, 0, 0, added_channels, 0, 0)
        shortcut = builder.node("Pad", [shortcut, f"block_{number}_channels"], f"block_{number}_shortcut_padded")
    return branch, shortcut, shortcut_side
