"""How many workers, partitions and inference servers a load needs, what limits it, and what an hour of video costs.

    python -m benchmarks.capacity --episodes-a-day 1000 [--episode-minutes 42] [--device gpu --gpu-frame-ms 2 --gpu-face-ms 1]
    python -m benchmarks.end_to_end --minutes 3 > run.json && python -m benchmarks.capacity --check run.json

Stage times are those of benchmarks/measured.json. The fleet is sized from them and then played through by simulation
(`benchmarks.fleet`) until the promised turnaround holds. Prices are examples: give your own. `--check` predicts an episode
on one machine, one worker of a kind, and compares that with a real run.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks.fleet import INFERENCE, SEGMENTED, STAGES, WHOLE, Fleet, Load, Outcome, Simulation, StageTimes

MEASURED = Path(__file__).with_name("measured.json")
DAY_S = 86_400.0
LEAST_PARTITIONS = 12
SIMULATED_SEGMENTS = 20_000
MOST_STEPS = 40


class NotMeasured(ValueError):
    """A figure that the question needs is missing; the message says how to give it."""


@dataclass(frozen=True, kw_only=True)
class Question:
    """What is to be sized. `peak`: the busiest hour against the mean; `turnaround_s`: for 95 of 100 episodes."""

    episodes_a_day: float
    episode_s: float
    peak: float = 2.0
    turnaround_s: float = 1800.0
    utilisation: float = 0.75
    core_price: float = 0.04
    inference_price: float = 0.08


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The answer. Costs are per hour of video: for a fleet that always runs, and for the work alone (scaled to zero)."""

    workers: Mapping[str, int]
    inference_servers: int
    partitions: int
    bottleneck: str
    utilisation: Mapping[str, float]
    turnaround_p50_s: float
    turnaround_p95_s: float
    cost_always_on: float
    cost_of_work: float
    meets_turnaround: bool


def stage_times(measured: Mapping[str, Any], device: str) -> StageTimes:
    """Seconds per second of video from the measured figures.

    Raises:
        NotMeasured: when the device was not measured.
    """
    per_second, figures = measured["per_second_of_video"], measured["inference"].get(device)
    if figures is None:
        raise NotMeasured(f"Inference on {device} was not measured: give --{device}-frame-ms and --{device}-face-ms.")
    return StageTimes(
        cpu={stage: float(per_second[f"{stage}_cpu_s"]) for stage in STAGES},
        inference={
            "detector": per_second["analysed_frames"] * figures["frame_s"],
            "embedder": per_second["embedded_faces"] * figures["face_s"],
        },
    )


def first_guess(times: StageTimes, question: Question) -> Fleet:
    """The fleet that the mean work of the busiest hour asks for."""
    video_per_s = question.episodes_a_day * question.episode_s * question.peak / DAY_S
    workers = {stage: max(1, math.ceil(video_per_s * times.worker_s(stage) / question.utilisation)) for stage in STAGES}
    inference = max(1, math.ceil(video_per_s * times.inference_s / question.utilisation))
    return Fleet(workers=workers, inference=inference, partitions=partitions_for(workers))


def partitions_for(workers: Mapping[str, int]) -> int:
    """Enough for every worker, in multiples of 12, so that many worker counts share them evenly."""
    return max(LEAST_PARTITIONS, 12 * math.ceil(max(workers[stage] for stage in SEGMENTED) / 12))


def least_turnaround_s(times: StageTimes, question: Question) -> float:
    """Seconds that an episode takes with a worker for every segment: one segment's, then the whole episode's."""
    segment_s = question.episode_s / Load(episodes_per_s=1.0, episodes=1, episode_s=question.episode_s).segments
    segmented = sum(times.worker_s(stage) for stage in SEGMENTED) * segment_s
    return segmented + sum(times.worker_s(stage) for stage in WHOLE) * question.episode_s


def simulate(times: StageTimes, question: Question, fleet: Fleet) -> Outcome:
    """Play the busiest hour, or as much of it as the event budget allows.

    A fleet too large to play is played at a smaller scale, with the load reduced alike: the smaller one queues rather more.
    """
    rate = question.episodes_a_day * question.peak / DAY_S
    load = Load(episodes_per_s=rate, episodes=1, episode_s=question.episode_s)
    wanted_s = max(3600.0, 2 * question.turnaround_s)
    scale = min(1.0, SIMULATED_SEGMENTS / (rate * wanted_s * load.segments))
    small = Fleet(
        workers={stage: max(1, round(count * scale)) for stage, count in fleet.workers.items()},
        inference=max(1, round(fleet.inference * scale)),
        partitions=partitions_for({stage: round(count * scale) for stage, count in fleet.workers.items()}),
    )
    episodes = max(4, math.ceil(rate * scale * wanted_s))
    return Simulation(times, replace(load, episodes_per_s=rate * scale, episodes=episodes), small).run()


def demand(times: StageTimes, question: Question, fleet: Fleet) -> dict[str, float]:
    """Share of each kind of server that the busiest hour takes, by the measured times alone."""
    video_per_s = question.episodes_a_day * question.episode_s * question.peak / DAY_S
    shares = {stage: video_per_s * times.worker_s(stage) / fleet.workers[stage] for stage in STAGES}
    return shares | {INFERENCE: video_per_s * times.inference_s / fleet.inference}


def grown(fleet: Fleet, kind: str) -> Fleet:
    """A quarter more of one kind of server, one at least."""

    def more(count: int) -> int:
        return count + max(1, count // 4)

    if kind == INFERENCE:
        return replace(fleet, inference=more(fleet.inference))
    workers = {**fleet.workers, kind: more(fleet.workers[kind])}
    return Fleet(workers=workers, inference=fleet.inference, partitions=partitions_for(workers))


def plan(times: StageTimes, question: Question) -> Plan:
    """Grow the fleet where work waits longest until 95 of 100 episodes are done in time.

    `meets_turnaround` is false when even a worker for every segment is too slow.
    """
    fleet = first_guess(times, question)
    outcome = simulate(times, question, fleet)
    steps = MOST_STEPS if question.turnaround_s > least_turnaround_s(times, question) else 0
    for _ in range(steps):
        if outcome.percentile(0.95) <= question.turnaround_s:
            break
        fleet = grown(fleet, max(outcome.waited_s, key=lambda name: (outcome.waited_s[name], name)))
        outcome = simulate(times, question, fleet)
    shares = demand(times, question, fleet)
    return Plan(
        workers=dict(fleet.workers),
        inference_servers=fleet.inference,
        partitions=fleet.partitions,
        bottleneck=max(shares, key=lambda name: (shares[name], name)),
        utilisation={name: round(share, 3) for name, share in shares.items()},
        turnaround_p50_s=round(outcome.percentile(0.5), 1),
        turnaround_p95_s=round(outcome.percentile(0.95), 1),
        cost_always_on=round(always_on_cost(fleet, question), 4),
        cost_of_work=round(work_cost(times, question), 4),
        meets_turnaround=outcome.percentile(0.95) <= question.turnaround_s,
    )


def always_on_cost(fleet: Fleet, question: Question) -> float:
    """Price of an hour of the whole fleet over the hours of video that arrive in it."""
    hourly = sum(fleet.workers.values()) * question.core_price + fleet.inference * question.inference_price
    return hourly * 24 / (question.episodes_a_day * question.episode_s / 3600)


def work_cost(times: StageTimes, question: Question) -> float:
    """Price of the work in an hour of video at the wanted utilisation: what a fleet that scales to zero comes close to."""
    cores = sum(times.worker_s(stage) for stage in STAGES) * question.core_price
    return (cores + times.inference_s * question.inference_price) / question.utilisation


def with_gpu(measured: Mapping[str, Any], frame_ms: float | None, face_ms: float | None) -> dict[str, Any]:
    """The measured figures with GPU times from the command line."""
    if frame_ms is None or face_ms is None:
        return dict(measured)
    gpu = {"cores": 0, "frame_s": frame_ms / 1000, "face_s": face_ms / 1000}
    return {**measured, "inference": {**measured["inference"], "gpu": gpu}}


@dataclass(frozen=True, kw_only=True)
class Check:
    """A prediction for one machine beside what a run there took; seconds from upload to report."""

    on_idle_cores_s: float
    predicted_s: float
    measured_s: float

    @property
    def ratio(self) -> float:
        """Prediction over measurement."""
        return self.predicted_s / self.measured_s


def check(times: StageTimes, run: Mapping[str, Any]) -> Check:
    """Predict the run that `benchmarks.end_to_end` printed: a worker of a kind, one inference server, one episode.

    Everything takes longer by the share of the cores that other programs left.
    """
    load = Load(episodes_per_s=1.0, episodes=1, episode_s=float(run["duration_s"]))
    fleet = Fleet(workers=dict.fromkeys(STAGES, 1), inference=1, partitions=LEAST_PARTITIONS)
    idle = Simulation(times, load, fleet).run().percentile(1.0)
    slower = float(run["cores"]) / float(run["cores_left_by_others"])
    return Check(on_idle_cores_s=idle, predicted_s=idle * slower, measured_s=float(run["episode_s"]))


def render_check(found: Check, run: Mapping[str, Any]) -> str:
    """A check for people."""
    return (
        f"{run['duration_s']:.0f} s of video on {run['cores']} cores, of which others left {run['cores_left_by_others']:g}: "
        f"predicted {found.predicted_s:.0f} s ({found.on_idle_cores_s:.0f} s on idle cores), "
        f"measured {found.measured_s:.0f} s, prediction over measurement {found.ratio:.2f}"
    )


def render(answer: Plan, question: Question, device: str) -> str:
    """The answer for people."""
    workers = ", ".join(f"{count} {stage}" for stage, count in answer.workers.items())
    load = f"{question.episodes_a_day:g} episodes of {question.episode_s / 60:g} minutes a day"
    middle, most = answer.turnaround_p50_s / 60, answer.turnaround_p95_s / 60
    late = "" if answer.meets_turnaround else f"  (wanted: {question.turnaround_s / 60:.0f} min)"
    lines = [
        f"{load}, busiest hour {question.peak:g} times the mean",
        f"  workers        {workers} (one core each)",
        f"  inference      {answer.inference_servers} on {device}",
        f"  partitions     {answer.partitions}",
        f"  bottleneck     {answer.bottleneck} ({answer.utilisation[answer.bottleneck]:.0%} busy in the busiest hour)",
        f"  turnaround     {middle:.1f} min in the middle, {most:.1f} min for 95 %{late}",
        f"  per hour of video  {answer.cost_always_on:.3f} always on, {answer.cost_of_work:.3f} for the work alone",
    ]
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--episodes-a-day", type=float, nargs="+", default=[10.0, 1000.0, 100_000.0])
    parser.add_argument("--episode-minutes", type=float, default=42.0)
    parser.add_argument("--peak", type=float, default=2.0, help="the busiest hour against the mean")
    parser.add_argument("--turnaround-minutes", type=float, default=30.0, help="promised for 95 of 100 episodes")
    parser.add_argument("--measured", type=Path, default=MEASURED)
    parser.add_argument("--device", choices=["cpu", "gpu"], default="cpu")
    parser.add_argument("--gpu-frame-ms", type=float, help="a frame on the GPU, as it takes in batches")
    parser.add_argument("--gpu-face-ms", type=float)
    parser.add_argument("--core-price", type=float, default=0.04, help="of a core for an hour")
    parser.add_argument("--inference-price", type=float, help="of an inference server for an hour")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--check", type=Path, help="a run that benchmarks.end_to_end printed")
    given = parser.parse_args(arguments)
    measured = with_gpu(json.loads(given.measured.read_text()), given.gpu_frame_ms, given.gpu_face_ms)
    try:
        times = stage_times(measured, given.device)
    except NotMeasured as error:
        print(f"error [not_measured]: {error}", file=sys.stderr)
        return 2
    if given.check:
        run = json.loads(given.check.read_text())
        print(render_check(check(times, run), run))
        return 0
    cores = float(measured["inference"][given.device]["cores"])
    default_price = cores * given.core_price if given.device == "cpu" else 1.5
    answers = []
    for episodes in given.episodes_a_day:
        question = Question(
            episodes_a_day=episodes,
            episode_s=given.episode_minutes * 60,
            peak=given.peak,
            turnaround_s=given.turnaround_minutes * 60,
            core_price=given.core_price,
            inference_price=default_price if given.inference_price is None else given.inference_price,
        )
        answer = plan(times, question)
        answers.append(asdict(question) | asdict(answer))
        if not given.json:
            print(render(answer, question, given.device))
    if given.json:
        print(json.dumps(answers, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
