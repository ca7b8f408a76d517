"""Weights of the models: fetched by pinned version and hash, converted, laid out as a Triton model repository.

What is here needs nothing that a service's image lacks. Converters and `own_models` stand on the package onnx (the
extra `embedded`) and are imported where something is to be converted.
"""

from screenalytics.weights.errors import (
    ContractMismatch,
    ConversionUnavailable,
    LibPythonMissing,
    ModelUnreadable,
    NetworkUnavailable,
    PlatformUnsupported,
    RegistryInvalid,
    WeightsError,
    WeightsHashMismatch,
    converting,
)
from screenalytics.weights.registry import (
    Calibration,
    ModelSpec,
    Registry,
    default_cache_dir,
    default_overlay,
    load_registry,
    models_dir,
    read_choice,
    write_choice,
)
from screenalytics.weights.repository import (
    ModelListing,
    Problem,
    list_models,
    pull,
    repository_path,
    verify,
)
from screenalytics.weights.triton_runtime import TritonRuntime, stage_runtime, triton_command

__all__ = [
    "Calibration",
    "ContractMismatch",
    "ConversionUnavailable",
    "LibPythonMissing",
    "ModelListing",
    "ModelSpec",
    "ModelUnreadable",
    "NetworkUnavailable",
    "PlatformUnsupported",
    "Problem",
    "Registry",
    "RegistryInvalid",
    "TritonRuntime",
    "WeightsError",
    "WeightsHashMismatch",
    "converting",
    "default_cache_dir",
    "default_overlay",
    "list_models",
    "load_registry",
    "models_dir",
    "pull",
    "read_choice",
    "repository_path",
    "stage_runtime",
    "triton_command",
    "verify",
    "write_choice",
]
