"""The GPU's benchmark measures what can run, names what cannot, and ends in time."""

from __future__ import annotations

import json
import time
from pathlib import Path

import onnx
import pytest
from onnx import TensorProto, helper

from benchmarks import gpu


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """A repository whose models take what the real ones take, and do next to nothing with it."""
    for look in gpu.LOOKS:
        graph = helper.make_graph(
            [
                helper.make_node("Cast", [look.input], ["numbers"], to=TensorProto.FLOAT),
                helper.make_node("ReduceMax", ["numbers"], ["most"], keepdims=0),
            ],
            "model",
            [helper.make_tensor_value_info(look.input, TensorProto.UINT8, ["n", "h", "w", 3])],
            [helper.make_tensor_value_info("most", TensorProto.FLOAT, [])],
        )
        path = tmp_path / look.model / "1" / "model.onnx"
        path.parent.mkdir(parents=True, exist_ok=True)
        onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), str(path))
    return tmp_path


def test_every_look_is_measured_and_what_is_missing_is_named(models: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--models", str(models), "--providers", "cpu", "tensorrt", "--batches", "1", "2", "--seconds", "0"]
    assert gpu.main(arguments) == 0
    printed = capsys.readouterr().out.splitlines()
    points = json.loads(printed[-1])["points"]
    on_cpu = [point for point in points if point["provider"] == "cpu"]
    assert [(point["look"], point["batch"]) for point in on_cpu] == [
        (look.name, n) for look in gpu.LOOKS for n in (1, 2)
    ]
    assert all(point["per_s"] > 0 for point in on_cpu)
    assert any(line.startswith("cpu: ") and line.endswith("hours of video an hour") for line in printed)
    if not any(point["per_s"] for point in points if point["provider"] == "tensorrt"):
        assert "tensorrt: not all looks could be run" in printed


def test_when_time_is_up_nothing_more_is_begun(models: Path) -> None:
    left = list(gpu.points(models, ["cpu"], gpu.BATCHES, seconds=5.0, until=time.perf_counter()))
    assert [point.error for point in left] == ["left out: no time"] * len(gpu.LOOKS)


def test_hours_of_video_are_what_all_looks_together_leave() -> None:
    alone = [gpu.Point(look.name, "cuda", 8, per_s=look.per_s * 100 * len(gpu.LOOKS)) for look in gpu.LOOKS]
    slower = [gpu.Point(look.name, "cuda", 1, per_s=0.1) for look in gpu.LOOKS]
    assert gpu.video_hours(alone + slower, "cuda") == pytest.approx(100.0)
    assert gpu.video_hours(alone[1:], "cuda") is None
