"""From original weights to the graph that Triton serves. The one way to the converters, which need the package onnx."""

from pathlib import Path
from typing import Any

import onnx

from screenalytics.weights.centerface import convert_centerface
from screenalytics.weights.dlib_resnet import convert_resnet, read_resnet
from screenalytics.weights.graph import read_onnx, save_model
from screenalytics.weights.registry import ModelSpec
from screenalytics.weights.sface import convert_sface
from screenalytics.weights.wrap import check_graph, wrap_embedder
from screenalytics.weights.yolox import convert_yolox
from screenalytics.weights.yunet import convert_yunet

__all__ = ["convert", "save_model"]


def convert(spec: ModelSpec, weights: Path) -> onnx.ModelProto:
    """The graph of a model, made from its original weights and checked against its contract. Raises a WeightsError."""
    options: dict[str, Any] = dict(spec.options)
    if spec.converter == "dlib_resnet":
        model = convert_resnet(read_resnet(weights.read_bytes()), mirrored=bool(options["mirrored"]))
    elif spec.converter == "centerface":
        model = convert_centerface(read_onnx(weights), top_k=int(options["top_k"]))
    elif spec.converter == "yunet":
        model = convert_yunet(read_onnx(weights), top_k=int(options["top_k"]))
    elif spec.converter == "yolox":
        model = convert_yolox(read_onnx(weights), top_k=int(options["top_k"]))
    elif spec.converter == "sface":
        model = convert_sface(read_onnx(weights))
    elif spec.converter == "wrap_embedder":
        model = wrap_embedder(read_onnx(weights), **options)
    else:
        model = read_onnx(weights)
    check_graph(model, inputs=spec.contract.inputs, outputs=spec.contract.outputs)
    return model
