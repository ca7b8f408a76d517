"""The benchmark of the models: it asks as often as it says, chooses what it should, and its figures fit the plans."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from benchmarks import capacity, inference
from benchmarks.inference import DETECTOR, EMBEDDER, Point, Settings
from benchmarks.serving import DeviceMissing, Pixels
from screenalytics.weights import default_cache_dir, list_models, load_registry

pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")


class Counting:
    """Models that do nothing but keep count."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, tuple[int, ...]]] = []
        self.at_once = 0
        self.most_at_once = 0
        self.served: list[tuple[str, int | None, int | None]] = []

    async def infer(self, model: str, pixels: Pixels) -> None:
        self.asked.append((model, pixels.shape))
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await asyncio.sleep(0.001)
        self.at_once -= 1

    async def configure(self, model: str, *, instances: int, queue_delay_us: int | None) -> None:
        self.served.append((model, instances, queue_delay_us))

    async def restore(self, model: str) -> None:
        self.served.append((model, None, None))


def point(per_s: float, p95_ms: float, *, instances: int | None = None, in_flight: int = 1) -> Point:
    settings = Settings(model=DETECTOR, batch=1, in_flight=in_flight, instances=instances)
    return Point(settings=settings, per_s=per_s, p50_ms=p95_ms, p95_ms=p95_ms)


async def test_as_many_requests_are_in_flight_as_asked_and_each_counts_its_whole_batch() -> None:
    models = Counting()
    given = inference.parsed(["--seconds", "0", "--in-flight", "3", "--batches", "4", "--frame", "96x64"])
    (found,) = await inference.measure_model(models, DETECTOR, given, largest=8)
    assert models.most_at_once == 3
    assert set(models.asked) == {(DETECTOR, (4, 64, 96, 3))}
    assert found.settings == Settings(model=DETECTOR, batch=4, in_flight=3)
    assert found.per_s > 0


async def test_settings_of_the_server_are_tried_one_after_the_other_and_put_back() -> None:
    models = Counting()
    given = inference.parsed(
        ["--seconds", "0", "--in-flight", "1", "2", "--instances", "1", "2", "--batches", "1", "64"]
    )
    found = await inference.measure_model(models, EMBEDDER, given, largest=32)
    assert [(entry.settings.instances, entry.settings.in_flight) for entry in found] == [(1, 1), (1, 2), (2, 1), (2, 2)]
    assert models.served == [(EMBEDDER, 1, None), (EMBEDDER, 2, None), (EMBEDDER, None, None)]
    assert {shape for _, shape in models.asked} == {(1, 112, 112, 3)}


def test_nearly_the_best_throughput_with_the_shortest_wait_is_chosen() -> None:
    fastest, quicker, slow = point(100.0, 80.0, in_flight=8), point(96.0, 20.0, in_flight=2), point(50.0, 5.0)
    assert inference.best([fastest, quicker, slow]) is quicker


def test_fewer_instances_are_chosen_where_more_bring_nothing() -> None:
    one, two = point(98.0, 30.0, instances=1), point(100.0, 20.0, instances=2)
    assert inference.best([two, one]) is one


def test_hours_of_video_follow_from_what_a_second_of_video_needs() -> None:
    measured = {"per_second_of_video": {"analysed_frames": 10.0, "embedded_faces": 5.0}}
    hours = inference.video_hours({DETECTOR: 100.0, EMBEDDER: 100.0}, measured)
    assert hours == {DETECTOR: 10.0, EMBEDDER: 20.0, "both": pytest.approx(1 / 0.15)}


def test_plans_can_be_made_from_the_entry_it_prints() -> None:
    measured = json.loads(capacity.MEASURED.read_text())
    measured["inference"]["gpu"] = inference.entry({DETECTOR: 2000.0, EMBEDDER: 4000.0}, cores=0)
    times = capacity.stage_times(measured, "gpu")
    assert times.inference["detector"] == pytest.approx(measured["per_second_of_video"]["analysed_frames"] / 2000)


def test_a_device_that_is_not_there_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    import onnxruntime

    if "CUDAExecutionProvider" in onnxruntime.get_available_providers():
        pytest.skip("this machine has the device")
    if any(entry.state != "ready" for entry in list_models(load_registry(), default_cache_dir())):
        pytest.skip("the models are not in the cache: make setup fetches them")
    assert inference.main(["--in-process", "cuda"]) == 2
    assert "error [device_missing]: onnxruntime has no CUDAExecutionProvider" in capsys.readouterr().err


async def test_settings_of_a_server_cannot_be_tried_without_one() -> None:
    if any(entry.state != "ready" for entry in list_models(load_registry(), default_cache_dir())):
        pytest.skip("the models are not in the cache: make setup fetches them")
    with pytest.raises(DeviceMissing, match="--url"):
        await inference.run(inference.parsed(["--in-process", "cpu", "--instances", "2", "--seconds", "0"]))


def test_the_whole_command_runs_on_the_real_models(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    if any(entry.state != "ready" for entry in list_models(load_registry(), default_cache_dir())):
        pytest.skip("the models are not in the cache: make setup fetches them")
    report = tmp_path / "inference.json"
    arguments = ["--in-process", "cpu", "--seconds", "0", "--in-flight", "1", "--batches", "1", "--frame", "64x64"]
    assert inference.main([*arguments, "--cores", "2", "--json", str(report)]) == 0
    found = json.loads(report.read_text())
    assert len(found["points"]) == 2
    assert set(found["hours_of_video_per_device_hour"]) == {DETECTOR, EMBEDDER, "both"}
    assert json.loads(capsys.readouterr().out.splitlines()[-1]) == found["measured_json"]
