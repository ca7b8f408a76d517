"""`python -m tests.chaos --runs N --seed S`: a bounded campaign, a table, and exit status 1 on any difference."""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import json
import logging
import sys
import tempfile
import time
from fnmatch import fnmatchcase
from pathlib import Path
from random import Random

from screenalytics.local.servers import check_installed
from tests.chaos.disturbances import Disturbance, apache_catalogue, catalogue
from tests.chaos.harness import VIDEO, Campaign, Outcome, campaign_on
from tests.chaos.machine import ChaosMachine, chaos_machine
from tests.chaos.summary import summarise
from tests.support import apache_kafka


def main() -> int:
    arguments = _parse()
    reason = _cannot_run(arguments)
    if reason is not None:
        print(reason, file=sys.stderr)
        return 2
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # brokers are meant to be away now and then
    return asyncio.run(_campaign(arguments))


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--runs", type=int, default=100, help="disturbed runs to reach")
    parser.add_argument("--seed", type=int, default=1, help="of every random choice")
    parser.add_argument("--only", action="append", metavar="NAME", help="a disturbance; * and ? are wildcards")
    parser.add_argument("--in-flight", type=int, default=3, help="episodes that one disturbance hits")
    parser.add_argument("--minutes", type=float, default=30.0, help="no new round begins after that long")
    parser.add_argument("--broker", choices=["embedded", "apache"], default="embedded")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every outcome here")
    parser.add_argument("--logs", type=Path, metavar="FOLDER", help="save the logs of servers and services here")
    return parser.parse_args()


def _cannot_run(arguments: argparse.Namespace) -> str | None:
    if missing := check_installed():
        return f"embedded servers missing: {missing}"
    if not VIDEO.exists():
        return f"the labelled episode {VIDEO.name} is not here"
    if arguments.broker == "apache":
        return apache_kafka.available()
    return None if _chosen(arguments) else f"no disturbance is called {arguments.only}"


def _chosen(arguments: argparse.Namespace) -> list[Disturbance]:
    known = apache_catalogue() if arguments.broker == "apache" else catalogue()
    return [disturbance for disturbance in known if _is_wanted(disturbance.name, arguments.only)]


def _is_wanted(name: str, patterns: list[str] | None) -> bool:
    return patterns is None or any(fnmatchcase(name, pattern) for pattern in patterns)


async def _campaign(arguments: argparse.Namespace) -> int:
    deadline = time.monotonic() + 60.0 * arguments.minutes
    with tempfile.TemporaryDirectory(prefix="screenalytics-chaos-") as scratch:
        async with chaos_machine(Path(scratch), broker=arguments.broker) as machine:
            try:
                async with campaign_on(machine, seed=arguments.seed, in_flight=arguments.in_flight) as campaign:
                    return await _rounds(campaign, machine, arguments, deadline)
            finally:
                if arguments.logs is not None:
                    machine.save_logs(arguments.logs)


async def _rounds(campaign: Campaign, machine: ChaosMachine, arguments: argparse.Namespace, deadline: float) -> int:
    reference = campaign.reference
    print(
        f"undisturbed: {reference.alone_s:.1f} s alone, {reference.together_s:.1f} s with {arguments.in_flight} in flight "
        f"(median), {reference.events} events, screen time {reference.screen_time}",
        flush=True,
    )
    order = _chosen(arguments)
    outcomes: list[Outcome] = []
    undisturbed = 0
    cycle = 0
    while len(outcomes) < arguments.runs and time.monotonic() < deadline:
        Random(f"{arguments.seed}/order/{cycle}").shuffle(order)
        cycle += 1
        for disturbance in order:
            if len(outcomes) >= arguments.runs or time.monotonic() > deadline:
                break
            done = await campaign.disturb(disturbance)
            outcomes += done.outcomes
            undisturbed += done.undisturbed
            print(f"{len(outcomes):4} {done.said}: {_brief(done.outcomes)}", flush=True)
    late = await campaign.audit()
    _report(outcomes, late, arguments)
    restarts = sum(event.kind == "restarted" for event in machine.child_events)
    rescued = sum(outcome.rescued for outcome in outcomes)
    print(f"{rescued} runs needed the reconciler")
    print(f"{len(outcomes)} disturbed runs ({undisturbed} ended before their disturbance), {restarts} restarts")
    return 1 if late or any(outcome.problems for outcome in outcomes) else 0


def _brief(outcomes: tuple[Outcome, ...]) -> str:
    return ", ".join(_verdict(outcome) for outcome in outcomes)


def _verdict(outcome: Outcome) -> str:
    if outcome.problems:
        return f"DIFFERENT {'; '.join(outcome.problems)}"
    return f"same, +{outcome.recovery_s} s{' (rescued)' if outcome.rescued else ''}"


def _report(outcomes: list[Outcome], late: list[str], arguments: argparse.Namespace) -> None:
    print(f"\n{summarise(outcomes, by_kind=False)}\n\n{summarise(outcomes, by_kind=True)}\n")
    for outcome in outcomes:
        for problem in outcome.problems:
            print(f"DIFFERENT: {outcome.disturbance} seed {outcome.seed} run {outcome.run_id}: {problem}")
    for problem in late:
        print(f"LATE: {problem}")
    if arguments.json is not None:
        rows = [dataclasses.asdict(outcome) for outcome in outcomes]
        arguments.json.write_text(json.dumps({"outcomes": rows, "late": late}, indent=1))


if __name__ == "__main__":
    sys.exit(main())
