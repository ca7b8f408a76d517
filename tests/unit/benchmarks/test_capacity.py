"""The capacity model: its queues behave as queues do, and its plans hold what they promise."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import capacity
from benchmarks.fleet import INFERENCE, STAGES, Fleet, Load, Simulation, StageTimes

TIMES = StageTimes(
    cpu={"detector": 0.2, "embedder": 0.05, "grouper": 0.01, "identity": 0.01},
    inference={"detector": 0.1, "embedder": 0.02},
)
ONE_OF_EACH = Fleet(workers=dict.fromkeys(STAGES, 1), inference=1, partitions=12)
MANY_OF_EACH = Fleet(workers=dict.fromkeys(STAGES, 60), inference=60, partitions=60)
LOAD = Load(episodes_per_s=0.001, episodes=3, episode_s=600.0)
QUESTION = capacity.Question(episodes_a_day=1000, episode_s=2520.0)


def test_all_work_is_done_once() -> None:
    outcome = Simulation(TIMES, LOAD, ONE_OF_EACH).run()
    video_s = LOAD.episodes * LOAD.episode_s
    for stage in STAGES:
        assert outcome.busy_s[stage] == pytest.approx(TIMES.cpu[stage] * video_s)
    assert outcome.busy_s[INFERENCE] == pytest.approx(TIMES.inference_s * video_s)


def test_a_single_segment_takes_the_sum_of_its_stages() -> None:
    load = Load(episodes_per_s=1.0, episodes=1, episode_s=20.0)
    (turnaround,) = Simulation(TIMES, load, ONE_OF_EACH).run().turnaround_s
    assert turnaround == pytest.approx(20.0 * sum(TIMES.worker_s(stage) for stage in STAGES))


def test_one_worker_handles_segments_one_after_the_other() -> None:
    load = replace(LOAD, episodes=1)
    (turnaround,) = Simulation(TIMES, load, ONE_OF_EACH).run().turnaround_s
    detecting = 600.0 * TIMES.worker_s("detector")
    last_embedding = 20.0 * TIMES.worker_s("embedder")
    whole = 600.0 * (TIMES.cpu["grouper"] + TIMES.cpu["identity"])
    assert turnaround == pytest.approx(detecting + last_embedding + whole)


def test_no_fleet_is_faster_than_its_unluckiest_partition() -> None:
    load = replace(LOAD, episodes=1)
    (fast,) = Simulation(TIMES, load, MANY_OF_EACH).run().turnaround_s
    (slow,) = Simulation(TIMES, load, ONE_OF_EACH).run().turnaround_s
    one_segment = 20.0 * (TIMES.worker_s("detector") + TIMES.worker_s("embedder"))
    assert one_segment < fast < slow / 5


def test_workers_beyond_the_partitions_stay_idle() -> None:
    enough = replace(MANY_OF_EACH, partitions=12, workers=dict.fromkeys(STAGES, 12))
    assert Simulation(TIMES, LOAD, replace(MANY_OF_EACH, partitions=12)).run() == Simulation(TIMES, LOAD, enough).run()


def test_scarce_inference_makes_workers_wait_for_it() -> None:
    outcome = Simulation(TIMES, LOAD, replace(MANY_OF_EACH, inference=1)).run()
    assert outcome.waited_s[INFERENCE] == max(outcome.waited_s.values()) > 0


def test_a_load_beyond_the_fleet_makes_every_episode_wait_longer_than_the_one_before() -> None:
    turnaround = Simulation(TIMES, replace(LOAD, episodes_per_s=0.01, episodes=6), ONE_OF_EACH).run().turnaround_s
    assert list(turnaround) == sorted(turnaround)
    assert turnaround[-1] > 3 * turnaround[0]


def test_the_same_question_has_the_same_answer() -> None:
    assert capacity.plan(TIMES, QUESTION) == capacity.plan(TIMES, QUESTION)


@pytest.mark.parametrize("episodes_a_day", [10, 1000, 100_000])
def test_plans_keep_the_promised_turnaround_and_are_not_overloaded(episodes_a_day: int) -> None:
    answer = capacity.plan(TIMES, replace(QUESTION, episodes_a_day=episodes_a_day))
    assert answer.meets_turnaround
    assert answer.turnaround_p95_s <= QUESTION.turnaround_s
    assert max(answer.utilisation.values()) <= QUESTION.utilisation
    assert answer.partitions >= max(answer.workers["detector"], answer.workers["embedder"])


def test_a_tighter_promise_needs_more_workers() -> None:
    relaxed = capacity.plan(TIMES, QUESTION)
    tight = capacity.plan(TIMES, replace(QUESTION, turnaround_s=110.0))
    assert tight.meets_turnaround
    assert sum(tight.workers.values()) > sum(relaxed.workers.values())


def test_a_promise_nobody_can_keep_is_said_to_be_one() -> None:
    answer = capacity.plan(TIMES, replace(QUESTION, turnaround_s=1.0))
    assert not answer.meets_turnaround


@pytest.mark.parametrize("stage", ["detector", "embedder"])
def test_the_bottleneck_is_what_has_most_to_do(stage: str) -> None:
    times = replace(TIMES, cpu={**TIMES.cpu, stage: 3.0})
    assert capacity.plan(times, replace(QUESTION, episodes_a_day=20)).bottleneck == stage


def test_inference_can_be_the_bottleneck() -> None:
    times = replace(TIMES, cpu=dict.fromkeys(STAGES, 0.001), inference={"detector": 1.0, "embedder": 0.0})
    answer = capacity.plan(times, replace(QUESTION, episodes_a_day=20, peak=1.0))
    assert answer.utilisation[INFERENCE] == max(answer.utilisation.values())


def test_work_costs_the_same_at_any_load_and_an_idle_fleet_costs_more_an_hour_of_video() -> None:
    few, many = (capacity.plan(TIMES, replace(QUESTION, episodes_a_day=count)) for count in (10, 1000))
    assert few.cost_of_work == many.cost_of_work
    assert few.cost_always_on > many.cost_always_on > many.cost_of_work


def test_a_device_that_was_not_measured_is_refused_with_what_to_do() -> None:
    measured = json.loads(capacity.MEASURED.read_text())
    measured["inference"]["gpu"] = None
    with pytest.raises(capacity.NotMeasured, match="--gpu-frame-ms"):
        capacity.stage_times(measured, "gpu")


def test_gpu_times_can_be_given() -> None:
    measured = capacity.with_gpu(json.loads(capacity.MEASURED.read_text()), 2.0, 1.0)
    cpu, gpu = capacity.stage_times(measured, "cpu"), capacity.stage_times(measured, "gpu")
    assert gpu.inference_s < cpu.inference_s
    assert gpu.cpu == cpu.cpu


def test_the_command_prints_a_plan_for_every_load(capsys: pytest.CaptureFixture[str]) -> None:
    assert capacity.main(["--episodes-a-day", "10", "1000"]) == 0
    printed = capsys.readouterr().out
    assert printed.count("bottleneck") == 2
    assert capacity.main(["--episodes-a-day", "10", "--json"]) == 0
    (answer,) = json.loads(capsys.readouterr().out)
    assert answer["workers"]["detector"] >= 1


def test_one_machine_is_predicted_by_its_serial_work_and_the_cores_that_others_leave(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = {"duration_s": 600.0, "cores": 2, "cores_left_by_others": 2.0, "episode_s": 180.0}
    alone = capacity.check(TIMES, run)
    detecting = 600.0 * TIMES.worker_s("detector")
    assert detecting < alone.on_idle_cores_s < 1.3 * detecting
    assert alone.predicted_s == alone.on_idle_cores_s
    beside = capacity.check(TIMES, {**run, "cores_left_by_others": 1.0})
    assert beside.predicted_s == pytest.approx(2 * alone.predicted_s)
    assert beside.ratio == pytest.approx(2 * alone.ratio)
    written = tmp_path / "run.json"
    written.write_text(json.dumps(run))
    assert capacity.main(["--check", str(written)]) == 0
    assert "measured 180 s" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("episodes_a_day", "device"), [(10, "cpu"), (1000, "cpu"), (100_000, "cpu"), (1000, "gpu"), (100_000, "gpu")]
)
def test_the_handbook_shows_what_the_command_answers(episodes_a_day: int, device: str) -> None:
    handbook = (Path(capacity.__file__).parents[1] / "docs" / "operations.md").read_text(encoding="utf-8")
    (row,) = [line for line in handbook.splitlines() if line.startswith(f"| {episodes_a_day:,} | {device.upper()}")]
    measured = capacity.with_gpu(json.loads(capacity.MEASURED.read_text()), 1.0, 0.3)
    price = {"cpu": 0.08, "gpu": 1.5}[device]
    question = capacity.Question(episodes_a_day=episodes_a_day, episode_s=2520.0, inference_price=price)
    answer = capacity.plan(capacity.stage_times(measured, device), question)
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert cells[2] == ", ".join(str(answer.workers[stage]) for stage in STAGES)
    assert cells[3].split()[0] == str(answer.inference_servers)
    assert cells[4] == str(answer.partitions)
    always_on, work = (float(part) for part in cells[6].split("/"))
    assert (always_on, work) == (
        pytest.approx(answer.cost_always_on, abs=5e-3),
        pytest.approx(answer.cost_of_work, abs=5e-4),
    )
