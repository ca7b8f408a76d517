"""What services need the models to be, and what they read about them from the server."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chassis.domain.calibration import ASSUMED, Calibration, DistanceScale, PersonCalibration
from chassis.domain.faces import CHIP_POINTS, ChipTemplate
from chassis.triton.errors import ContractViolated

LANDMARK_NUMBERS = 10
BOX_NUMBERS = 4
UNCALIBRATED = "uncalibrated"


@dataclass(frozen=True)
class DetectorInfo:
    """The detector being served. `top_k` boxes a frame at most."""

    model_id: str
    max_batch: int
    top_k: int


@dataclass(frozen=True)
class PersonDetectorInfo:
    """The person detector being served. `top_k` boxes a frame at most."""

    model_id: str
    max_batch: int
    top_k: int


@dataclass(frozen=True)
class EmbedderInfo:
    """The embedder being served. `calibration` is None for a model nobody has calibrated."""

    model_id: str
    max_batch: int
    dimension: int
    chip: ChipTemplate
    calibration: Calibration | None

    @property
    def scale(self) -> DistanceScale:
        """What distances between its vectors mean; assumed where nobody has calibrated it."""
        known = self.calibration
        return ASSUMED if known is None else DistanceScale(midpoint=known.midpoint, slope=known.slope)


@dataclass(frozen=True)
class ServedModels:
    """The two models that no service can do without, checked."""

    detector: DetectorInfo
    embedder: EmbedderInfo


def read_detector(model: str, metadata: Mapping[str, Any], config: Mapping[str, Any]) -> DetectorInfo:
    """Checks the detector's tensors. `metadata` and `config` are the server's answers as JSON objects.

    Raises ContractViolated.
    """
    _require(model, _tensors(metadata, "inputs"), {"frames": ("UINT8", (None, None, None, 3))})
    outputs = _tensors(metadata, "outputs")
    top_k = _size(outputs, "scores", 1)
    _require(
        model,
        outputs,
        {
            "boxes": ("FP32", (None, top_k, BOX_NUMBERS)),
            "scores": ("FP32", (None, top_k)),
            "landmarks": ("FP32", (None, top_k, LANDMARK_NUMBERS)),
        },
    )
    return DetectorInfo(model_id=_parameter(model, config, "model_id"), max_batch=_max_batch(config), top_k=top_k)


def read_person_detector(model: str, metadata: Mapping[str, Any], config: Mapping[str, Any]) -> PersonDetectorInfo:
    """Checks the person detector's tensors. Raises ContractViolated."""
    _require(model, _tensors(metadata, "inputs"), {"frames": ("UINT8", (None, None, None, 3))})
    outputs = _tensors(metadata, "outputs")
    top_k = _size(outputs, "scores", 1)
    animals = _size(outputs, "animal_scores", 1)
    wanted = {
        f"{prefix}{name}": ("FP32", shape)
        for prefix, count in (("", top_k), ("animal_", animals))
        for name, shape in (("boxes", (None, count, BOX_NUMBERS)), ("scores", (None, count)))
    }
    _require(model, outputs, wanted)
    return PersonDetectorInfo(model_id=_parameter(model, config, "model_id"), max_batch=_max_batch(config), top_k=top_k)


def read_embedder(model: str, metadata: Mapping[str, Any], config: Mapping[str, Any]) -> EmbedderInfo:
    """Checks the embedder's tensors and reads its chip and calibration. Raises ContractViolated."""
    inputs, outputs = _tensors(metadata, "inputs"), _tensors(metadata, "outputs")
    side = _size(inputs, "chips", 1)
    dimension = _size(outputs, "embedding", 1)
    _require(model, inputs, {"chips": ("UINT8", (None, side, side, 3))})
    _require(model, outputs, {"embedding": ("FP32", (None, dimension))})
    try:
        chip_text = json.loads(_parameter(model, config, "chip"))
        points = tuple((float(x), float(y)) for x, y in chip_text["points"])
        calibration = _calibration(_parameter(model, config, "calibration"))
    except (ValueError, KeyError, TypeError) as error:
        raise ContractViolated(model, "its parameters 'chip' and 'calibration' cannot be read") from error
    if chip_text["size"] != side or len(points) != len(CHIP_POINTS):
        raise ContractViolated(model, "its chips do not have the size and the five points that its parameters name")
    return EmbedderInfo(
        model_id=_parameter(model, config, "model_id"),
        max_batch=_max_batch(config),
        dimension=dimension,
        chip=ChipTemplate(size=side, points=points),
        calibration=calibration,
    )


def _calibration(text: str) -> Calibration | None:
    if text == UNCALIBRATED:
        return None
    values = json.loads(text)
    people = values.get("people")
    return Calibration(
        slope=float(values["slope"]),
        midpoint=float(values["midpoint"]),
        data=str(values["data"]),
        people=None if people is None else _people(people),
    )


def _people(values: Mapping[str, Any]) -> PersonCalibration:
    return PersonCalibration(
        same_mean=float(values["same_mean"]),
        same_deviation=float(values["same_deviation"]),
        stranger_mean=float(values["stranger_mean"]),
        stranger_deviation=float(values["stranger_deviation"]),
    )


def _tensors(metadata: Mapping[str, Any], side: str) -> dict[str, tuple[str, tuple[int, ...]]]:
    # 64-bit integers are text in protobuf's JSON.
    return {
        tensor["name"]: (tensor["datatype"], tuple(int(size) for size in tensor["shape"]))
        for tensor in metadata.get(side, ())
    }


def _size(tensors: Mapping[str, tuple[str, tuple[int, ...]]], name: str, axis: int) -> int:
    _, shape = tensors.get(name, ("", ()))
    return shape[axis] if len(shape) > axis else -1


def _require(
    model: str,
    found: Mapping[str, tuple[str, tuple[int, ...]]],
    wanted: Mapping[str, tuple[str, tuple[int | None, ...]]],
) -> None:
    """Names and types must be equal; a size of None stands for any size, and a found size must otherwise be fixed."""
    if set(found) != set(wanted):
        raise ContractViolated(model, f"it has the tensors {sorted(found)} instead of {sorted(wanted)}")
    for name, (datatype, shape) in wanted.items():
        found_type, found_shape = found[name]
        fits = len(found_shape) == len(shape) and all(
            size is None or (size == actual and actual > 0) for size, actual in zip(shape, found_shape, strict=True)
        )
        if found_type != datatype or not fits:
            raise ContractViolated(model, f"its tensor {name} is {found_type} {list(found_shape)}")


def _max_batch(config: Mapping[str, Any]) -> int:
    return max(1, int(config.get("max_batch_size", 0)))


def _parameter(model: str, config: Mapping[str, Any], name: str) -> str:
    try:
        return str(config["parameters"][name]["string_value"])
    except KeyError as error:
        raise ContractViolated(model, f"its configuration has no parameter '{name}'") from error
