"""What everything together takes while there is nothing to do: processor, memory, and how soon work begins after that.

    python -m benchmarks.idle [--settle 60] [--seconds 30]

Starts what `screenalytics up` starts, lets it settle, and measures every process for a while. Processor time is in percent
of one core; memory is proportional, so that shared pages count once.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from collections import defaultdict
from dataclasses import dataclass

import psutil

from benchmarks.end_to_end import MIB, machine, named_processes, pids_of
from contracts.events import STAGES
from screenalytics.local.machine import API, run_machine
from screenalytics.local.servers.ports import choose_free_port


@dataclass(frozen=True)
class Use:
    """Processor seconds so far and proportional memory of one program's processes, together."""

    cpu_s: float
    memory_bytes: int


def uses(names: dict[int, str]) -> dict[str, Use]:
    """What every program has used by now."""
    cpu: dict[str, float] = defaultdict(float)
    memory: dict[str, int] = defaultdict(int)
    for name, process in named_processes(names):
        try:
            times = process.cpu_times()
            memory[name] += process.memory_full_info().pss
            cpu[name] += times.user + times.system
        except psutil.Error:
            continue
    return {name: Use(cpu[name], memory[name]) for name in cpu}


async def measure(settle_s: float, seconds: float) -> dict[str, object]:
    """The figures of a machine that has been idle for `settle_s`, taken over `seconds`."""
    async with run_machine(
        services=[*STAGES, API],
        http_ports={API: choose_free_port()},
        say=lambda text: print(text, file=sys.stderr),
        on_event=lambda event: print(event, file=sys.stderr),
    ) as running:
        names = pids_of(running)
        await asyncio.sleep(settle_s)
        first, begun = uses(names), time.monotonic()
        await asyncio.sleep(seconds)
        last, elapsed = uses(names), time.monotonic() - begun
    percent = {name: 100 * (last[name].cpu_s - first[name].cpu_s) / elapsed for name in last if name in first}
    memory = {name: use.memory_bytes / MIB for name, use in last.items()}
    return {
        "machine": machine(),
        "idle_s": settle_s,
        "measured_s": round(elapsed, 1),
        "percent_of_a_core": {name: round(share, 2) for name, share in sorted(percent.items())},
        "percent_together": round(sum(percent.values()), 2),
        "mib": {name: round(size) for name, size in sorted(memory.items())},
        "mib_together": round(sum(memory.values())),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--settle", type=float, default=60.0, metavar="S", help="seconds to wait first")
    parser.add_argument("--seconds", type=float, default=30.0, metavar="S", help="seconds to measure")
    arguments = parser.parse_args()
    print(json.dumps(asyncio.run(measure(arguments.settle, arguments.seconds)), indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
