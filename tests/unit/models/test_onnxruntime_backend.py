"""The backend groups requests by shape, answers each with its own rows, and lets a bad request fail alone."""

import importlib.util
import json
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

BACKEND = Path(__file__).resolve().parents[3] / "models" / "backends" / "onnxruntime"


class Capsule:
    """Lets numpy read a DLPack capsule, as the server would."""

    def __init__(self, capsule: Any) -> None:
        self._capsule = capsule

    def __dlpack__(self, **_: Any) -> Any:
        return self._capsule

    def __dlpack_device__(self) -> tuple[int, int]:
        return 1, 0


class Tensor:
    """A tensor of the server's Python interface, kept as an array."""

    def __init__(self, name: str, values: np.ndarray) -> None:
        self.name, self.values = name, values

    @classmethod
    def from_dlpack(cls, name: str, capsule: Any) -> "Tensor":
        return cls(name, np.from_dlpack(Capsule(capsule)).copy())

    def __dlpack__(self, **options: Any) -> Any:
        return self.values.__dlpack__(**options)

    def __dlpack_device__(self) -> tuple[int, int]:
        return self.values.__dlpack_device__()


class TritonError(Exception):
    CANCELLED, INVALID_ARG, INTERNAL = "cancelled", "invalid", "internal"

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.code = code


class Response:
    def __init__(self, output_tensors: list[Tensor] | None = None, error: TritonError | None = None) -> None:
        self.outputs = {tensor.name: tensor.values for tensor in output_tensors or ()}
        self.error = error


class Request:
    def __init__(self, values: np.ndarray, *, cancelled: bool = False) -> None:
        self.values, self.cancelled = values, cancelled

    def is_cancelled(self) -> bool:
        return self.cancelled


@pytest.fixture
def backend(monkeypatch: pytest.MonkeyPatch) -> Iterator[types.ModuleType]:
    interface = types.ModuleType("triton_python_backend_utils")
    interface.Tensor, interface.TritonError, interface.InferenceResponse = Tensor, TritonError, Response  # type: ignore[attr-defined]
    interface.Logger = types.SimpleNamespace(log_info=lambda _: None)  # type: ignore[attr-defined]
    interface.get_input_tensor_by_name = lambda request, name: Tensor(name, request.values)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "triton_python_backend_utils", interface)
    monkeypatch.syspath_prepend(str(BACKEND))
    specification = importlib.util.spec_from_file_location("onnxruntime_backend", BACKEND / "model.py")
    assert specification
    assert specification.loader
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    yield module
    sys.modules.pop("npbridge", None)


def model_in(folder: Path, module: types.ModuleType, *, kind: str = "CPU") -> Any:
    """A model that doubles its input [N,K]."""
    graph = helper.make_graph(
        [helper.make_node("Add", ["x", "x"], ["doubled"])],
        "double",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", "K"])],
        [helper.make_tensor_value_info("doubled", TensorProto.FLOAT, ["N", "K"])],
    )
    target = folder / "1" / "model.onnx"
    target.parent.mkdir()
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), target)
    config = {"input": [{"name": "x"}], "output": [{"name": "doubled"}], "max_batch_size": 8, "parameters": {}}
    model = module.TritonPythonModel()
    model.initialize(
        {
            "model_config": json.dumps(config),
            "model_repository": str(folder),
            "model_version": "1",
            "model_instance_name": "double_0",
            "model_instance_kind": kind,
        }
    )
    return model


@pytest.mark.parametrize("kind", ["CPU", "GPU"])
def test_requests_of_several_shapes_get_their_own_rows(backend: types.ModuleType, tmp_path: Path, kind: str) -> None:
    inputs = [np.random.default_rng(n).random((1 + n % 3, 4 + n % 2), dtype=np.float32) for n in range(7)]
    model = model_in(tmp_path, backend, kind=kind)
    responses = model.execute([Request(values) for values in inputs])
    for values, response in zip(inputs, responses, strict=True):
        assert response.error is None
        np.testing.assert_array_equal(response.outputs["doubled"], 2 * values)


@pytest.mark.parametrize(("kind", "runs"), [("CPU", [1, 1, 1, 1]), ("GPU", [4])])
def test_a_cpu_runs_row_by_row_and_a_gpu_what_it_can_at_once(
    backend: types.ModuleType, tmp_path: Path, kind: str, runs: list[int]
) -> None:
    model, rows = model_in(tmp_path, backend, kind=kind), []
    session = model._session

    def run(outputs: list[str], feeds: dict[str, np.ndarray]) -> Any:
        rows.append(len(feeds["x"]))
        return session.run(outputs, feeds)

    model._session = types.SimpleNamespace(run=run)
    model.execute([Request(np.ones((3, 2), dtype=np.float32)), Request(np.ones((1, 2), dtype=np.float32))])
    assert rows == runs


def test_a_bad_request_fails_alone(backend: types.ModuleType, tmp_path: Path) -> None:
    good = np.ones((1, 3), dtype=np.float32)
    bad = np.full((1, 3), np.nan, dtype=np.float32)
    wrong_rank = np.ones((1, 3, 1), dtype=np.float32)
    model = model_in(tmp_path, backend)
    requests = [Request(good), Request(bad), Request(wrong_rank), Request(good, cancelled=True), Request(2 * good)]
    first, second, third, fourth, fifth = model.execute(requests)
    assert [entry.error.code for entry in (second, third, fourth)] == ["invalid", "internal", "cancelled"]
    np.testing.assert_array_equal(first.outputs["doubled"], 2 * good)
    np.testing.assert_array_equal(fifth.outputs["doubled"], 4 * good)


@pytest.mark.parametrize("dtype", [np.float32, np.uint8, np.int64, np.bool_])
def test_arrays_go_through_the_bridge_unchanged(backend: types.ModuleType, dtype: type) -> None:
    exported = sys.modules["npbridge"].ExportedTensors()
    values: np.ndarray = np.arange(24).reshape(2, 3, 4)[:, ::2].astype(dtype)
    tensor = exported.tensor("x", values)
    assert tensor.values.dtype == values.dtype
    np.testing.assert_array_equal(tensor.values, values)


@pytest.mark.parametrize(("cores", "threads"), [(1, 1), (2, 1), (3, 1), (4, 2), (64, 2)])
def test_a_model_takes_half_the_cores_at_most(
    backend: types.ModuleType, cores: int, threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _process: set(range(cores)))
    assert backend._session_options({"intra_op_thread_count": "2"}).intra_op_num_threads == threads


def test_no_plan_of_the_memory_is_kept_for_every_shape(backend: types.ModuleType) -> None:
    options = backend._session_options({})
    assert not options.enable_mem_pattern
    assert options.enable_cpu_mem_arena  # without it each run takes its memory from the system, and holds more


def test_a_model_is_served_where_the_c_library_gives_nothing_back(
    backend: types.ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without = types.SimpleNamespace()  # a C library that has no malloc_trim
    monkeypatch.setattr(backend.ctypes, "CDLL", lambda _: without)
    model = model_in(tmp_path, backend)
    (answer,) = model.execute([Request(np.ones((1, 2), dtype=np.float32))])
    np.testing.assert_array_equal(answer.outputs["doubled"], [[2.0, 2.0]])
