"""Weights of the models: fetched by pinned version and hash, converted, laid out as a Triton model repository."""

from screenalytics.weights.errors import (
    ContractMismatch,
    LibPythonMissing,
    ModelUnreadable,
    NetworkUnavailable,
    PlatformUnsupported,
    RegistryInvalid,
    WeightsError,
    WeightsHashMismatch,
)
from screenalytics.weights.own_models import add_model
from screenalytics.weights.registry import (
    Calibration,
    ModelSpec,
    Registry,
    default_cache_dir,
    default_overlay,
    load_registry,
    models_dir,
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
    "add_model",
    "default_cache_dir",
    "default_overlay",
    "list_models",
    "load_registry",
    "models_dir",
    "pull",
    "repository_path",
    "stage_runtime",
    "triton_command",
    "verify",
]
