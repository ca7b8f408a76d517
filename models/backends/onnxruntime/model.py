"""A Triton backend for ONNX models on the CPU, written in Python.

It stands in for Triton's native `onnxruntime` backend where only the Python backend is there, reads the same
`config.pbtxt` (`intra_op_thread_count`, `inter_op_thread_count`, `default_model_filename`) and serves the same
`model.onnx`.
"""

import ctypes
import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import npbridge
import numpy as np
import onnxruntime
import triton_python_backend_utils as pb_utils

DEFAULT_FILE = "model.onnx"
MAX_MESSAGE = 300


class TritonPythonModel:
    """One instance of a model; Triton calls initialize once, execute for every batch, finalize at the end."""

    def initialize(self, args: dict[str, str]) -> None:
        config = json.loads(args["model_config"])
        parameters = {key: value["string_value"] for key, value in config.get("parameters", {}).items()}
        file_name = config.get("default_model_filename") or DEFAULT_FILE
        if file_name.endswith(".py"):
            file_name = DEFAULT_FILE
        path = Path(args["model_repository"]) / args["model_version"] / file_name
        self._session = onnxruntime.InferenceSession(path, _session_options(parameters), providers=_providers(args))
        _give_back_freed_memory()
        self._inputs = [entry["name"] for entry in config["input"]]
        self._outputs = [entry["name"] for entry in config["output"]]
        self._batched = config.get("max_batch_size", 0) > 0
        self._row_by_row = self._batched and args["model_instance_kind"] != "GPU"
        self._exported = npbridge.ExportedTensors()
        pb_utils.Logger.log_info(
            f"{args['model_instance_name']}: onnxruntime {onnxruntime.__version__}, numpy {np.__version__}"
        )

    def execute(self, requests: list[Any]) -> list[Any]:
        """Runs the requests, on a GPU those of equal shapes in one go; a bad request fails alone."""
        self._exported.clear()
        responses: list[Any] = [None] * len(requests)
        groups: dict[Any, list[tuple[int, list[np.ndarray]]]] = {}
        for position, request in enumerate(requests):
            if request.is_cancelled():
                responses[position] = _failure("cancelled", pb_utils.TritonError.CANCELLED)
                continue
            arrays = [npbridge.to_numpy(pb_utils.get_input_tensor_by_name(request, name)) for name in self._inputs]
            if any(array.dtype.kind == "f" and not np.isfinite(array).all() for array in arrays):
                responses[position] = _failure("an input is not finite", pb_utils.TritonError.INVALID_ARG)
                continue
            together = self._batched and not self._row_by_row
            key = tuple(array.shape[1:] for array in arrays) if together else position
            groups.setdefault(key, []).append((position, arrays))
        for group in groups.values():
            self._run_group(group, responses)
        return responses

    def finalize(self) -> None:
        del self._session

    def _run_group(self, group: list[tuple[int, list[np.ndarray]]], responses: list[Any]) -> None:
        feeds = {
            name: group[0][1][number] if len(group) == 1 else np.concatenate([arrays[number] for _, arrays in group])
            for number, name in enumerate(self._inputs)
        }
        try:
            results = self._run(feeds)
        except Exception as error:
            for position, _ in group:
                responses[position] = _failure(f"the model could not be run: {error}", pb_utils.TritonError.INTERNAL)
            return
        start = 0
        for position, arrays in group:
            end = start + arrays[0].shape[0]
            tensors = [
                self._exported.tensor(name, result[start:end] if self._batched else result)
                for name, result in zip(self._outputs, results, strict=True)
            ]
            responses[position] = pb_utils.InferenceResponse(output_tensors=tensors)
            start = end

    def _run(self, feeds: dict[str, np.ndarray]) -> list[np.ndarray]:
        """The outputs for a batch.

        On a CPU row by row: what a batch works on leaves the caches, so that a row of sixteen costs a third more than one
        alone (faces to embed, 26 and 17 ms; people 15 and 9), and takes sixteen times the memory. A row's values then
        do not depend on its company either.
        """
        rows = min(array.shape[0] for array in feeds.values()) if self._row_by_row else 0
        if rows < 2:
            return self._session.run(self._outputs, feeds)
        parts = [
            self._session.run(self._outputs, {name: array[row : row + 1] for name, array in feeds.items()})
            for row in range(rows)
        ]
        return [np.concatenate(part) for part in zip(*parts, strict=True)]


def _session_options(parameters: dict[str, str]) -> onnxruntime.SessionOptions:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = min(int(parameters.get("intra_op_thread_count", "1")), _most_threads())
    options.inter_op_num_threads = int(parameters.get("inter_op_thread_count", "1"))
    # Waiting threads must not spin: the decoder and the services share these cores.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # A plan of the memory is kept for every shape of an input and holds more than it saves: a fifth of a process here,
    # for no time gained.
    options.enable_mem_pattern = False
    options.log_severity_level = 3
    return options


def _give_back_freed_memory() -> None:
    """What reading the model has left over: 15 to 30 MiB, which would never be used again. Only where the C library can."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


def _most_threads() -> int:
    """Half the cores: where everything runs on two, threads that wait for each other cost a sixth more and gain nothing."""
    return max(1, len(os.sched_getaffinity(0)) // 2)


def _providers(args: dict[str, str]) -> list[str]:
    wanted = ["CUDAExecutionProvider"] if args["model_instance_kind"] == "GPU" else []
    return [name for name in [*wanted, "CPUExecutionProvider"] if name in onnxruntime.get_available_providers()]


def _failure(message: str, code: Any) -> Any:
    return pb_utils.InferenceResponse(error=pb_utils.TritonError(message[:MAX_MESSAGE], code))
