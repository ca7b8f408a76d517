"""What can go wrong, by name. Each disturbance acts once, at a moment that the campaign chooses, and ends by itself."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from random import Random

from contracts.events import STAGES
from screenalytics.local.servers import ServiceProcess
from tests.chaos.machine import PROXIED, ChaosMachine
from tests.support.tcp_proxy import TcpProxy

SERVERS = ("s3", "kafka", "mongodb", "triton")
MODELS = ("face_detector", "sface")

SHORT_S = (5.0, 10.0)
LONG_S = 60.0
FROZEN_SERVICE_S = (5.0, 20.0)
DELAY_S = 0.3
RESETS = 3
STORM_ARRIVALS = 6
STORM_EVERY_S = 3.0
STORM_STAY_S = 8.0

Act = Callable[[ChaosMachine, Random], Awaitable[str]]
"""Does it, returns when it is over, and says what exactly was done."""


@dataclass(frozen=True, kw_only=True)
class Disturbance:
    """One thing that goes wrong.

    `kind` is the row of the summary it belongs to. With `twice` every event of the disturbed episodes is delivered a
    second time as well.
    """

    name: str
    kind: str
    act: Act
    twice: bool = False


async def kill(machine: ChaosMachine, _random: Random, *, names: Sequence[str]) -> str:
    """SIGKILL; the supervisors start them again."""
    pids = [machine.signal(name, signal.SIGKILL) for name in names]
    return ", ".join(f"{name} ({pid})" for name, pid in zip(names, pids, strict=True))


async def freeze(machine: ChaosMachine, random: Random, *, name: str, seconds: tuple[float, float]) -> str:
    """SIGSTOP, and SIGCONT some time later."""
    frozen_s = random.uniform(*seconds)
    pid = machine.signal(name, signal.SIGSTOP)
    try:
        await asyncio.sleep(frozen_s)
    finally:
        if pid is not None:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
    return f"{name} ({pid}) for {frozen_s:.1f} s"


async def kill_model(machine: ChaosMachine, _random: Random, *, model: str) -> str:
    """SIGKILL the process in which the inference server runs a model."""
    pids = machine.model_processes(model)
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return f"{model} {pids}"


async def make_unreachable(machine: ChaosMachine, random: Random, *, role: str, seconds: tuple[float, float]) -> str:
    """Drop all connections and refuse new ones."""
    away_s = random.uniform(*seconds)
    await machine.proxies[role].cut()
    await asyncio.sleep(away_s)
    await machine.proxies[role].restore()
    return f"{role} for {away_s:.1f} s"


async def slow_down(machine: ChaosMachine, random: Random, *, role: str) -> str:
    """Everything takes longer, in both directions."""
    slow_s = random.uniform(*SHORT_S)
    machine.proxies[role].delay(DELAY_S)
    await asyncio.sleep(slow_s)
    await machine.proxies[role].restore()
    return f"{role} by {DELAY_S:.1f} s each way for {slow_s:.1f} s"


async def reset(machine: ChaosMachine, random: Random, *, role: str) -> str:
    """Break all connections, three times in a row."""
    for _ in range(RESETS):
        await _reset_once(machine.proxies[role])
        await asyncio.sleep(random.uniform(0.2, 1.0))
    return f"{role}, {RESETS} times"


async def _reset_once(proxy: TcpProxy) -> None:
    """Try until no connection ends by itself meanwhile: a closed one cannot be reset."""
    while True:
        try:
            await proxy.reset()
            return
        except OSError:
            await asyncio.sleep(0.01)


async def storm(machine: ChaosMachine, _random: Random, *, services: Sequence[str]) -> str:
    """Every few seconds one more worker comes and, soon after, goes: some say good-bye, some just die."""
    async with asyncio.TaskGroup() as workers:
        for number in range(STORM_ARRIVALS):
            service = services[number % len(services)]
            worker = await machine.extra_worker(service, f"storm-{service}-{number}")
            workers.create_task(_leave(worker, grace_s=5.0 if number % 4 < 2 else 0.0))
            await asyncio.sleep(STORM_EVERY_S)
    return f"{STORM_ARRIVALS} more of {', '.join(services)}, one every {STORM_EVERY_S:.0f} s"


async def _leave(worker: ServiceProcess, *, grace_s: float) -> None:
    try:
        await asyncio.sleep(STORM_STAY_S)
    finally:
        await worker.stop(grace_seconds=grace_s)


def catalogue() -> list[Disturbance]:
    """Every disturbance of a campaign on the embedded servers."""
    killed = [
        Disturbance(name=f"kill-{name}", kind="service killed", act=partial(kill, names=[name])) for name in STAGES
    ]
    servers = [
        Disturbance(name=f"kill-{name}", kind="server killed", act=partial(kill, names=[name])) for name in SERVERS
    ]
    pairs = [
        Disturbance(
            name=f"kill-{service}+{server}",
            kind="service and server killed together",
            act=partial(kill, names=[service, server]),
        )
        for service in STAGES
        for server in SERVERS
    ]
    frozen = [
        Disturbance(
            name=f"freeze-{name}",
            kind="service frozen, 5 to 20 s",
            act=partial(freeze, name=name, seconds=FROZEN_SERVICE_S),
        )
        for name in STAGES
    ]
    hanging = [
        Disturbance(
            name=f"freeze-{name}", kind="server hangs, 5 to 10 s", act=partial(freeze, name=name, seconds=SHORT_S)
        )
        for name in SERVERS
    ]
    models = [
        Disturbance(name=f"kill-{model}-process", kind="model process killed", act=partial(kill_model, model=model))
        for model in MODELS
    ]
    return [*killed, *servers, *pairs, *frozen, *hanging, *models, *_network(), *_storms(), *_twice()]


def apache_catalogue() -> list[Disturbance]:
    """The smaller matrix for a real Apache Kafka: what depends on the broker."""
    wanted = {
        "kill-kafka",
        "freeze-kafka",
        "kill-detector",
        "kill-detector+kafka",
        "kill-grouper+kafka",
        "kill-identity+kafka",
        "freeze-detector",
        "storm-detector+embedder",
        "storm-grouper+identity",
        "twice-kill-detector",
    }
    return [disturbance for disturbance in catalogue() if disturbance.name in wanted]


def _network() -> list[Disturbance]:
    away = [
        Disturbance(
            name=f"unreachable-{role}",
            kind="server unreachable, 5 to 10 s",
            act=partial(make_unreachable, role=role, seconds=SHORT_S),
        )
        for role in PROXIED
    ]
    long_away = [
        Disturbance(
            name=f"unreachable-{role}-60s",
            kind="server unreachable, 60 s",
            act=partial(make_unreachable, role=role, seconds=(LONG_S, LONG_S)),
        )
        for role in PROXIED
    ]
    slow = [
        Disturbance(name=f"slow-{role}", kind="server far away, +0.3 s each way", act=partial(slow_down, role=role))
        for role in PROXIED
    ]
    broken = [
        Disturbance(name=f"reset-{role}", kind="connections broken", act=partial(reset, role=role)) for role in PROXIED
    ]
    return [*away, *long_away, *slow, *broken]


def _storms() -> list[Disturbance]:
    return [
        Disturbance(name=f"storm-{'+'.join(services)}", kind="rebalance storm", act=partial(storm, services=services))
        for services in (("detector", "embedder"), ("grouper", "identity"))
    ]


def _twice() -> list[Disturbance]:
    return [
        Disturbance(
            name=f"twice-kill-{name}",
            kind="every event twice, and a service killed",
            act=partial(kill, names=[name]),
            twice=True,
        )
        for name in STAGES
    ]
