"""Models of a user's own: checked, wrapped where needed, and written to the user's overlay of the registry."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import onnx

from screenalytics.weights.conversion import convert
from screenalytics.weights.errors import RegistryInvalid
from screenalytics.weights.fetch import sha256_of
from screenalytics.weights.graph import read_onnx
from screenalytics.weights.registry import (
    Contract,
    FileSource,
    ModelSpec,
    Registry,
    Role,
    Tensor,
    default_overlay,
    load_registry,
    read_overlay,
    write_overlay,
)
from screenalytics.weights.wrap import check_graph, embedder_shape


def add_model(
    onnx_path: Path,
    *,
    name: str,
    role: Role,
    licence: str,
    mean: Sequence[float] | None = None,
    scale: float | None = None,
    channel_order: Literal["rgb", "bgr"] = "rgb",
    chip_points: Sequence[tuple[float, float]] = (),
    overlay: Path | None = None,
) -> ModelSpec:
    """Registers an ONNX model of one's own under `name` in the user's overlay.

    With `mean` (three values) and `scale` an embedder [N,3,S,S] -> [N,D] is wrapped: `(pixel - mean) / scale` before,
    unit length after. Without them, and always for detectors, the graph itself must have the tensors of its role. An
    embedder needs `chip_points`: where the detector's five landmarks lie in its chips. Its calibration is unknown
    until measured.
    Raises ContractMismatch, ModelUnreadable or RegistryInvalid.
    """
    model = read_onnx(onnx_path)
    shipped = load_registry(overlay=Path("/nonexistent/overlay"))
    if name in shipped.models:
        raise RegistryInvalid(f"{name} is the name of a model that comes with screenalytics: choose another name.")
    wrapped = role == "face_embedder" and mean is not None and scale is not None
    if role == "face_embedder" and len(chip_points) != 5:
        raise RegistryInvalid("An embedder needs the positions of five landmarks in its chips.")
    contract = _contract_for(model, role, wrapped=wrapped, chip_points=tuple(chip_points), shipped=shipped)
    digest = sha256_of(onnx_path)
    options: dict[str, Any] = (
        {"mean": [float(value) for value in mean or ()], "scale": float(scale or 0.0), "channel_order": channel_order}
        if wrapped
        else {}
    )
    try:
        spec = ModelSpec(
            role=role,
            model_id=f"{onnx_path.stem}-{digest[:12]}",
            description=f"Added by the user from {onnx_path.name}.",
            licence=licence,
            converter="wrap_embedder" if wrapped else "as_is",
            options=options,
            source=FileSource(path=onnx_path.resolve(), sha256=digest),
            contract=contract,
            serving=next(entry.serving for entry in shipped.models.values() if entry.role == role),
        )
        Registry(schema_version=1, models={name: spec}, server=shipped.server)
    except ValueError as error:
        raise RegistryInvalid(
            f"{name!r} cannot be registered: use lower-case letters, digits and underscores."
        ) from error
    convert(spec, onnx_path)
    target = overlay or default_overlay()
    write_overlay(target, {**read_overlay(target), name: spec})
    return spec


def _contract_for(
    model: onnx.ModelProto,
    role: Role,
    *,
    wrapped: bool,
    chip_points: tuple[tuple[float, float], ...],
    shipped: Registry,
) -> Contract:
    if role == "face_detector":
        return shipped.models[role].contract
    if wrapped:
        side, dimension = embedder_shape(model)
    else:
        side, dimension = _own_embedder_shape(model)
    return Contract(
        inputs=(Tensor(name="chips", dtype="uint8", shape=(side, side, 3)),),
        outputs=(Tensor(name="embedding", dtype="float32", shape=(dimension,)),),
        chip_points=chip_points,
    )


def _own_embedder_shape(model: onnx.ModelProto) -> tuple[int, int]:
    any_embedder = {
        "inputs": [Tensor(name="chips", dtype="uint8", shape=(-1, -1, 3))],
        "outputs": [Tensor(name="embedding", dtype="float32", shape=(-1,))],
    }
    check_graph(model, **any_embedder)
    dims = {
        entry.name: [size.dim_value for size in entry.type.tensor_type.shape.dim]
        for entry in (*model.graph.input, *model.graph.output)
    }
    return dims["chips"][1], dims["embedding"][1]
