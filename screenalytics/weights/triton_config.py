"""Writes a model's `config.pbtxt` for Triton from its registry entry.

The same text serves the embedded server and the official container: backend `onnxruntime`, `KIND_AUTO` (GPU where there
is one). Only `max_queue_delay_microseconds` is set for batching: queue priorities and queue timeouts stall the batcher
for up to half a second at times (measured with Triton 2.51), so admission belongs to the clients.
"""

import json
from pathlib import Path

from screenalytics.weights.registry import ModelSpec, Tensor, load_registry

_TRITON_TYPES = {"uint8": "TYPE_UINT8", "float32": "TYPE_FP32"}


def model_parameters(spec: ModelSpec) -> dict[str, str]:
    """What clients read from the server about the model, as text values.

    `calibration` is JSON ({"slope", "midpoint", "data", "people"}) or `uncalibrated`; `chip` is JSON ({"size", "points"}).
    """
    parameters = {"model_id": spec.model_id, "role": spec.role, "licence": spec.licence}
    if spec.role == "face_embedder":
        parameters["calibration"] = (
            json.dumps(spec.calibration.model_dump(), sort_keys=True) if spec.calibration else "uncalibrated"
        )
        chip = {
            "size": spec.contract.inputs[0].shape[0],
            "points": [list(point) for point in spec.contract.chip_points],
        }
        parameters["chip"] = json.dumps(chip, sort_keys=True)
    return parameters


def render_config(name: str, spec: ModelSpec) -> str:
    """The `config.pbtxt` of a model, ending with a newline."""
    serving = spec.serving
    parameters = {
        "intra_op_thread_count": str(serving.threads),
        "inter_op_thread_count": "1",
        **model_parameters(spec),
    }
    lines = [
        f'name: "{name}"',
        'backend: "onnxruntime"',
        f"max_batch_size: {serving.max_batch_size}",
        *(_tensor("input", tensor) for tensor in spec.contract.inputs),
        *(_tensor("output", tensor) for tensor in spec.contract.outputs),
        f"dynamic_batching {{ max_queue_delay_microseconds: {serving.queue_delay_us} }}",
        "instance_group [ { count: 1 kind: KIND_AUTO } ]",
        "version_policy { latest { num_versions: 1 } }",
        *(_parameter(key, value) for key, value in parameters.items()),
    ]
    return "\n".join(lines) + "\n"


def _tensor(side: str, tensor: Tensor) -> str:
    dims = ", ".join(str(size) for size in tensor.shape)
    return f'{side} [ {{ name: "{tensor.name}" data_type: {_TRITON_TYPES[tensor.dtype]} dims: [ {dims} ] }} ]'


def _parameter(key: str, value: str) -> str:
    # A JSON string is also a valid protobuf text string for the ASCII text used here.
    return f"parameters {{ key: {json.dumps(key)} value: {{ string_value: {json.dumps(value)} }} }}"


def write_committed_configs(models_folder: Path) -> list[Path]:
    """Regenerates `repository/<model>/config.pbtxt` of the shipped models; returns the files."""
    registry = load_registry(models_folder / "registry.toml", overlay=models_folder / "no-overlay.json")
    written = []
    for name, spec in registry.models.items():
        target = models_folder / "repository" / name / "config.pbtxt"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(render_config(name, spec), encoding="utf-8")
        written.append(target)
    return written
