"""Workers as KEDA scales them by the lag of a real Apache Kafka: the gpu overlay's ScaledObject, its user's own rights."""

from __future__ import annotations

import asyncio

from tests.kubernetes import keda
from tests.kubernetes.watched import Look, every_episode_comes_out, send
from tests.kubernetes.working import Working, a_busy_worker_that_has_to_go_finishes, apply, ended_by_themselves

EPISODES, SEVERAL = 4, 3
"""So many that the first worker does not do all before there are several: one did eight segments in 25 s."""


async def keda_is_installed(proof: Working) -> str:
    plane = proof.plane
    await asyncio.to_thread(keda.definitions_and_rights, plane)
    operator = keda.Operator(plane.work / "keda-operator", plane)
    await operator.run(keda.START_S)
    proof.stack.push_async_callback(operator.stop)
    adapter = keda.Adapter(plane.work / "keda-adapter", plane, operator)
    await adapter.run(keda.START_S)
    proof.stack.push_async_callback(adapter.stop)
    await asyncio.to_thread(keda.announce, plane, adapter)
    return "its operator and its metrics behind the API server, with the rights of its own manifests"


async def nobody_works_without_work(proof: Working) -> str:
    """KEDA reads the lag as its own user, and puts the one worker that a Deployment begins with to sleep."""
    await apply(proof, frozenset({"ScaledObject", "TriggerAuthentication"}))
    await proof.kubectl("wait", "--for=condition=Ready", "scaledobject/detector", "--timeout=120s")
    proof.begun = asyncio.get_running_loop().time()
    last = await proof.look_until("no worker without work", lambda look: (look.wanted, look.ready) == (0, 0))
    proof.looks.clear()
    return f"none after {last.at_s:.0f} s; lag {last.lag}"


async def work_wakes_workers(proof: Working) -> str:
    await send(proof, EPISODES)
    first = await proof.look_until("a worker is ready", lambda look: look.ready > 0)
    most = await proof.look_until("several workers", lambda look: look.ready >= SEVERAL)
    return f"first ready after {first.at_s:.0f} s, {most.ready} after {most.at_s:.0f} s with lag {most.lag}"


async def no_work_ends_workers(proof: Working) -> str:
    """After the cool-down, and none of them by force."""
    last = await proof.look_until("no worker", lambda look: (look.lag, look.wanted, look.ready) == (0, 0, 0))
    table = "".join(f"\n{'':42}{row}" for row in rows(proof.looks))
    return f"none after {last.at_s:.0f} s; {ended_by_themselves(proof)}{table}"


def rows(looks: list[Look]) -> list[str]:
    """Lag and workers over time: every look at which something changed."""
    changed = [
        look for before, look in zip([None, *looks], looks, strict=False) if before is None or differs(before, look)
    ]
    head = f"{'s':>6}{'lag':>6}{'wanted':>8}{'ready':>7}"
    return [head, *(f"{look.at_s:6.0f}{look.lag:6}{look.wanted:8}{look.ready:7}" for look in changed)]


def differs(before: Look, after: Look) -> bool:
    return (before.lag, before.wanted, before.ready) != (after.lag, after.wanted, after.ready)


STEPS = (
    ("KEDA", keda_is_installed),
    ("no work, no worker", nobody_works_without_work),
    ("work wakes workers", work_wakes_workers),
    ("a busy worker has to go", a_busy_worker_that_has_to_go_finishes),
    ("the episodes", every_episode_comes_out),
    ("no work, no worker again", no_work_ends_workers),
)
