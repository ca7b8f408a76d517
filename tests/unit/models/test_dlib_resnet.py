"""dlib's file format is read exactly, and the graph computes what the network's definition says."""

from typing import Any

import numpy as np
import onnxruntime
import pytest

from screenalytics.weights.dlib_resnet import (
    BLOCKS,
    PIXEL_MEAN,
    PIXEL_SCALE,
    Convolution,
    ResnetWeights,
    convert_resnet,
    read_resnet,
)
from screenalytics.weights.errors import ModelUnreadable


def kernel_shapes() -> list[tuple[int, int, int, int]]:
    shapes, channels = [(32, 3, 7, 7)], 32
    for block in BLOCKS:
        shapes += [(block.channels, channels, 3, 3), (block.channels, block.channels, 3, 3)]
        channels = block.channels
    return shapes


def integer(value: int) -> bytes:
    """dlib's way to write an integer."""
    content = abs(value).to_bytes((abs(value).bit_length() + 7) // 8, "little")
    return bytes([len(content) | (0x80 if value < 0 else 0)]) + content


def tensor(values: np.ndarray, *, version: int = 2) -> bytes:
    shape = (*values.shape, 1, 1, 1)[:4]
    return integer(version) + b"".join(integer(size) for size in shape) + values.astype("<f4").tobytes()


def name(text: bytes) -> bytes:
    return integer(len(text)) + text


def random_layers() -> tuple[list[tuple[np.ndarray, np.ndarray, np.ndarray]], np.ndarray]:
    """(convolution parameters, scale, shift) for every layer, and the projection [256,128]."""
    random = np.random.default_rng(5)
    layers = []
    for shape in kernel_shapes():
        fan_in = shape[1] * shape[2] * shape[3]
        parameters = random.normal(0, fan_in**-0.5, int(np.prod(shape)) + shape[0]).astype(np.float32)
        scale = random.uniform(0.5, 1.5, shape[0]).astype(np.float32)
        shift = random.normal(0, 0.1, shape[0]).astype(np.float32)
        layers.append((parameters, scale, shift))
    return layers, random.normal(0, 0.1, (256, 128)).astype(np.float32)


@pytest.fixture(scope="module")
def file_content() -> bytes:
    layers, projection = random_layers()
    parts = [b"\x01\x01"]
    for parameters, scale, shift in layers:
        parts += [name(b"con_4"), tensor(parameters), integer(32), integer(-3)]
        parts += [name(b"affine_"), tensor(np.concatenate([scale, shift])[None])]
    parts += [name(b"fc_2"), integer(128), integer(256), tensor(projection)]
    return b"".join(parts)


def test_reads_every_layer_and_folds_its_affine_layer(file_content: bytes) -> None:
    layers, projection = random_layers()
    weights = read_resnet(file_content)
    np.testing.assert_array_equal(weights.projection, projection)
    assert len(weights.convolutions) == 29
    for convolution, (parameters, scale, shift), shape in zip(
        weights.convolutions, layers, kernel_shapes(), strict=True
    ):
        kernel, bias = parameters[: -shape[0]].reshape(shape), parameters[-shape[0] :]
        np.testing.assert_allclose(convolution.kernel, kernel * scale[:, None, None, None], rtol=1e-6)
        np.testing.assert_allclose(convolution.bias, bias * scale + shift, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda data: data[: len(data) // 2], "ends in the middle|do not match"),
        (lambda data: data.replace(b"con_4", b"con_9", 1), "do not match"),
        (lambda data: b"", "do not match"),
        (lambda data: data.replace(b"\x05con_4\x01\x02", b"\x05con_4\x01\x03", 1), "version 3"),
    ],
)
def test_other_files_are_refused(file_content: bytes, change, message: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ModelUnreadable, match=message):
        read_resnet(change(file_content))


def convolve(picture: np.ndarray, layer: Convolution, *, stride: int) -> Any:
    """Cross-correlation of [C,H,W], padded only when the stride is 1."""
    size = layer.kernel.shape[-1]
    margin = size // 2 if stride == 1 else 0
    padded = np.pad(picture, ((0, 0), (margin, margin), (margin, margin)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (size, size), axis=(1, 2))[:, ::stride, ::stride]
    return np.einsum("chwij,ocij->ohw", windows, layer.kernel, optimize=True) + layer.bias[:, None, None]


def dlib_sum(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """dlib's addition: the larger size in every dimension, missing values are zero."""
    total = np.zeros(np.maximum(first.shape, second.shape))
    for part in (first, second):
        total[tuple(slice(size) for size in part.shape)] += part
    return total


def embed_slowly(chip: np.ndarray, weights: ResnetWeights) -> Any:
    """The network as dlib's example defines it, in numpy."""
    layers = iter(weights.convolutions)
    picture = (chip.transpose(2, 0, 1) - np.reshape(PIXEL_MEAN, (3, 1, 1))) / PIXEL_SCALE
    picture = np.maximum(convolve(picture, next(layers), stride=2), 0)
    picture = np.lib.stride_tricks.sliding_window_view(picture, (3, 3), axis=(1, 2))[:, ::2, ::2].max((-1, -2))
    for block in BLOCKS:
        inner = np.maximum(convolve(picture, next(layers), stride=2 if block.down else 1), 0)
        branch = convolve(inner, next(layers), stride=1)
        if block.down:
            halves = np.lib.stride_tricks.sliding_window_view(picture, (2, 2), axis=(1, 2))[:, ::2, ::2]
            picture = halves.mean((-1, -2))
        picture = np.maximum(dlib_sum(branch, picture), 0)
    return picture.mean((1, 2)) @ weights.projection


@pytest.fixture(scope="module")
def chips() -> np.ndarray:
    return np.random.default_rng(9).integers(0, 256, (2, 150, 150, 3), dtype=np.uint8)


@pytest.mark.parametrize("mirrored", [False, True])
def test_graph_computes_the_network(file_content: bytes, chips: np.ndarray, mirrored: bool) -> None:
    weights = read_resnet(file_content)
    session = onnxruntime.InferenceSession(convert_resnet(weights, mirrored=mirrored).SerializeToString())
    wanted = embed_slowly(chips[0], weights)
    if mirrored:
        wanted = wanted + embed_slowly(chips[0, :, ::-1], weights)
    (embedding,) = session.run(None, {"chips": chips})
    assert embedding.shape == (2, 128)
    np.testing.assert_allclose(embedding[0], wanted / np.linalg.norm(wanted), atol=2e-5)
    np.testing.assert_allclose(np.linalg.norm(embedding, axis=1), 1.0, atol=1e-5)
    (alone,) = session.run(None, {"chips": chips[1:]})
    np.testing.assert_allclose(embedding[1:], alone, atol=1e-6)


def test_a_mirrored_chip_has_the_same_embedding(file_content: bytes, chips: np.ndarray) -> None:
    graph = convert_resnet(read_resnet(file_content), mirrored=True)
    session = onnxruntime.InferenceSession(graph.SerializeToString())
    (plain,) = session.run(None, {"chips": chips})
    (mirrored,) = session.run(None, {"chips": np.ascontiguousarray(chips[:, :, ::-1])})
    np.testing.assert_allclose(plain, mirrored, atol=1e-6)
