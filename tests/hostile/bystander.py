"""Somebody else who uses the API meanwhile, in a process of their own: how long they wait, and what the services take.

python -m tests.hostile.bystander URL PID…: one line of JSON for every request, and a few more after the process was told to
end: what an attack leaves behind is noticed too, and a request that waits is waited for. The key comes in the environment.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import httpx
import psutil

EVERY_S = 0.05
AFTERWARDS = 5
"""Requests after the attack is over."""
KEY = "HOSTILE_BYSTANDER_KEY"
PATIENCE_S = 20.0
MIB = 2**20


@dataclass
class Impact:
    """What a bystander noticed."""

    waited_s: list[float] = field(default_factory=list)
    failed: int = 0
    grown_mib: float = 0.0
    worked_s: float = 0.0
    """Processor seconds that the services took: what a loaded machine does not change."""

    @property
    def slowest_s(self) -> float:
        return max(self.waited_s, default=0.0)

    @property
    def median_s(self) -> float:
        return sorted(self.waited_s)[len(self.waited_s) // 2] if self.waited_s else 0.0


@asynccontextmanager
async def bystander(url: str, key: str, pids: Sequence[int]) -> AsyncIterator[Impact]:
    """Note what one bystander notices for the life of the context."""
    impact = Impact()
    before = {pid: _mib(pid) for pid in pids}
    worked_s = sum(map(_worked_s, pids))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.hostile.bystander", url, *map(str, pids)),
        env={**os.environ, KEY: key},
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    first = await process.stdout.readline()
    assert first, "the bystander cannot start"
    noting = asyncio.create_task(_note(process.stdout, before, impact))
    try:
        yield impact
    finally:
        with suppress(ProcessLookupError):
            process.terminate()
        await process.wait()
        await noting
        impact.worked_s = sum(map(_worked_s, pids)) - worked_s


async def _note(lines: asyncio.StreamReader, before: dict[int, float], impact: Impact) -> None:
    async for line in lines:
        seen = json.loads(line)
        impact.waited_s.append(seen["waited_s"])
        impact.failed += not seen["ok"]
        grown = [mib - before[int(pid)] for pid, mib in seen["mib"].items()]
        impact.grown_mib = max(impact.grown_mib, *grown)


def _mib(pid: int) -> float:
    """What a process with its children holds, in MiB; 0 for one that is gone."""
    try:
        process = psutil.Process(pid)
        sizes: list[int] = [one.memory_info().rss for one in (process, *process.children(recursive=True))]
        return sum(sizes) / MIB
    except psutil.NoSuchProcess:
        return 0.0


def _worked_s(pid: int) -> float:
    """Processor seconds of a process and of its children that have ended; 0 for one that is gone."""
    try:
        times = psutil.Process(pid).cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system + times.children_user + times.children_system)


def _watch(url: str, pids: Sequence[int]) -> None:
    told: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: told.append(number))
    left = AFTERWARDS
    with httpx.Client(base_url=url, timeout=PATIENCE_S, headers={"X-API-Key": os.environ[KEY]}) as client:
        with suppress(httpx.HTTPError):
            client.get("/shows")
        while left:
            left -= bool(told)
            begun = time.perf_counter()
            try:
                is_ok = client.get("/shows").status_code == httpx.codes.OK
            except httpx.HTTPError:
                is_ok = False
            waited = time.perf_counter() - begun
            print(json.dumps({"waited_s": waited, "ok": is_ok, "mib": {pid: _mib(pid) for pid in pids}}), flush=True)
            time.sleep(EVERY_S)


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        _watch(sys.argv[1], [int(pid) for pid in sys.argv[2:]])
