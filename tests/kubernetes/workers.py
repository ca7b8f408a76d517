"""Workers that have to go while they work: evicted, replaced by a new version, no longer wanted. Nothing is lost.

Controllers and scheduler are real, and so are Kafka, the detectors and the episodes.
"""

from __future__ import annotations

from tests.kubernetes.watched import WORKERS, every_episode_comes_out, send
from tests.kubernetes.working import Working, a_busy_worker_that_has_to_go_finishes, apply, busy, ended_by_themselves

EPISODES, COUNT = 3, 2


async def workers_wait_for_work(proof: Working) -> str:
    await apply(proof)
    await proof.kubectl("scale", WORKERS, f"--replicas={COUNT}")
    last = await proof.look_until("workers are ready", lambda look: look.ready == COUNT)
    return f"{last.ready} ready, by their own readiness"


async def a_busy_worker_is_evicted(proof: Working) -> str:
    await send(proof, EPISODES)
    return await a_busy_worker_that_has_to_go_finishes(proof)


async def a_new_version_rolls_out(proof: Working) -> str:
    """While episodes run: the new ones come first, and the old ones finish what they are at."""
    await proof.look_until(
        "workers are ready again and one is busy", lambda look: look.ready == COUNT and is_busy(proof)
    )
    old = [one for one in proof.node.pods.values() if one.process.returncode is None]
    lag = await proof.lag()
    await proof.kubectl("rollout", "restart", WORKERS)
    seen = []
    while not all(one.process.returncode is not None for one in old):
        look = await proof.look_until("a look", lambda _: True)
        seen.append(look.ready)
    await proof.kubectl("rollout", "status", WORKERS, "--timeout=600s")
    assert min(seen, default=COUNT) >= COUNT, seen
    assert not (killed := [one.name for one in old if one.was_killed or one.process.returncode != 0]), killed
    return f"{len(old)} replaced with lag {lag}, never fewer than {min(seen, default=COUNT)} ready; none was killed"


def is_busy(proof: Working) -> bool:
    return busy(proof.node) is not None


async def nobody_is_wanted(proof: Working) -> str:
    await proof.kubectl("scale", WORKERS, "--replicas=0")
    await proof.look_until("nobody is left", lambda look: (look.wanted, look.ready) == (0, 0) and all_ended(proof))
    return ended_by_themselves(proof)


def all_ended(proof: Working) -> bool:
    return all(one.process.returncode is not None for one in proof.node.pods.values())


STEPS = (
    ("workers wait for work", workers_wait_for_work),
    ("a busy worker is evicted", a_busy_worker_is_evicted),
    ("a new version rolls out", a_new_version_rolls_out),
    ("the episodes", every_episode_comes_out),
    ("nobody is wanted", nobody_is_wanted),
)
