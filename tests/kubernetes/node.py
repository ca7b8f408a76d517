"""Our images on a real kubelet (`tests.kubernetes.cluster`): rights, limits, episodes, replacement, network policies."""

from __future__ import annotations

import asyncio
import json
import secrets
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from contracts.events import SERVICES
from tests.deploy.kustomize import build, identity
from tests.kubernetes import ingress, reach
from tests.kubernetes.cluster import OVERLAY, WAIT_S, OnNode
from tests.kubernetes.kubectl import Resource, wait_until
from tests.kubernetes.kubelet import NODE
from tests.kubernetes.manifests import K8S, NAMESPACE
from tests.kubernetes.watched import (
    IN_NAMESPACE,
    PATIENCE_S,
    every_episode_comes_out,
    send,
)

NAME_LABEL = "app.kubernetes.io/name"
GONE_S = 300.0
"""Longer than any grace period."""
OURS = (*SERVICES, "console")


async def everything_is_ready(proof: OnNode) -> str:
    """`world` waited for it; this says what it was."""
    node = (await asyncio.to_thread(proof.plane.kubectl.get, f"node/{NODE}"))["status"]["nodeInfo"]
    pods = await asyncio.to_thread(proof.plane.kubectl.items, "pods", IN_NAMESPACE)
    phases = [pod["status"]["phase"] for pod in pods]
    again = {pod["metadata"]["name"]: n for pod in pods if (n := restarts(pod))}
    assert set(phases) <= {"Running", "Succeeded"}, phases
    told = f"; started again: {again}" if again else ""
    versions = f"{node['kubeletVersion']}, {node['containerRuntimeVersion']}"
    return f"{versions}; {phases.count('Running')} pods run, {phases.count('Succeeded')} Jobs are done{told}"


def restarts(pod: Resource) -> int:
    return sum(one["restartCount"] for one in pod["status"].get("containerStatuses", ()))


WHO = """
import json, os, pathlib
status = dict(line.split(":\\t", 1) for line in open("/proc/self/status") if ":\\t" in line)
def writes(path):
    try:
        pathlib.Path(path).write_text("x")
        return True
    except OSError:
        return False
limit = next(open(path).read() for path in (
    "/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes") if os.path.exists(path))
print(json.dumps({
    "user": os.getuid(),
    "capabilities": int(status["CapEff"], 16) | int(status["CapBnd"], 16),
    "no new privileges": int(status["NoNewPrivs"]),
    "system calls filtered": int(status["Seccomp"]) == 2,
    "account": os.path.exists("/var/run/secrets/kubernetes.io"),
    "writes its image": writes("/opt/screenalytics/x") or writes("/x"),
    "writes /tmp": writes("/tmp/x"),
    "memory": int(limit),
}))
"""


async def nobody_is_root(proof: OnNode) -> str:
    """What a container is, asked from inside of it: the kubelet did what the manifest says."""
    for name in OURS:
        found = json.loads(await proof.inside(f"deployment/{name}", WHO))
        declared = next(one for one in OVERLAY if identity(one) == ("Deployment", name))
        limits = declared["spec"]["template"]["spec"]["containers"][0]["resources"]["limits"]
        assert found == {
            "user": 10001,
            "capabilities": 0,
            "no new privileges": 1,
            "system calls filtered": True,
            "account": False,
            "writes its image": False,
            "writes /tmp": True,
            "memory": in_bytes(limits["memory"]),
        }, f"{name}: {found}"
    return f"{len(OURS)} services: user 10001, read-only, no capabilities, no account, its limit of memory"


def in_bytes(quantity: str) -> int:
    """Of a quantity in Mi or Gi."""
    return int(quantity[:-2]) * {"Mi": 2**20, "Gi": 2**30}[quantity[-2:]]


async def a_key_opens_the_api(proof: OnNode) -> str:
    """A key of the tools pod, asked for at every Service behind the Ingress."""
    pod = next(one for one in build(K8S / "tools") if one["kind"] == "Pod")
    pod["spec"]["containers"][0]["image"] = "screenalytics:local"
    await asyncio.to_thread(proof.plane.kubectl.apply, pod)
    await proof.kubectl("wait", "--for=condition=Ready", "pod/tools", "--timeout=120s")
    said = await proof.kubectl("exec", "tools", "--", "screenalytics", "keys", "create", "proof", "--role", "admin")
    await proof.kubectl("delete", "--now", "pod/tools")
    proof.key = said.split()[-1]
    seen = []
    for path, service in (("shows", "identity"), ("episodes", "ingest"), ("webhooks", "webhooks")):
        url = f"http://{service}:8080/{path}"
        statuses = [await asyncio.to_thread(status_of, url, given) for given in ("", secrets.token_hex(8), proof.key)]
        assert statuses == [401, 401, 200], f"{url}: {statuses}"
        seen.append(f"/{path}")
    page = await asyncio.to_thread(status_of, "http://console:8080/", "")
    assert page == 200, page
    return f"{', '.join(seen)}: 401 without a key and with a wrong one, 200 with one; the console's page 200"


def status_of(url: str, key: str) -> int:
    try:
        with urlopen(Request(url, headers={"X-API-Key": key} if key else {}), timeout=30) as answer:
            return int(answer.status)
    except HTTPError as error:
        return error.code


async def an_episode(proof: OnNode) -> str:
    await send(proof, 1)
    return await every_episode_comes_out(proof)


async def an_ingress_controller(proof: OnNode) -> str:
    return await asyncio.to_thread(ingress.installed, proof.plane)


async def paths_from_outside(proof: OnNode) -> str:
    return await asyncio.to_thread(ingress.paths_lead_to_their_services, proof.plane, proof.key)


async def an_episode_from_outside(proof: OnNode) -> str:
    return await ingress.an_episode_comes_from_outside(proof, proof.key)


async def callers_from_outside(proof: OnNode) -> str:
    """Their size, and who they are."""
    refused = await asyncio.to_thread(ingress.too_much_is_refused, proof.plane, proof.key)
    told_apart = await asyncio.to_thread(ingress.callers_are_told_apart, proof.plane, proof.key)
    return f"{refused}; {told_apart}"


TAKE_ALL = """
import os, pathlib
pathlib.Path("/proc/1/oom_score_adj").write_text("1000")
file = os.memfd_create("kept")
while True:
    os.write(file, bytes(32 * 2**20))
"""


async def out_of_memory(proof: OnNode) -> str:
    """The detector is over its limit while it works: the kernel ends it, the kubelet starts it again, and nothing is lost.

    A process beside it takes the memory, in a file that counts against the limit and not as its own, so the service goes.
    """
    await send(proof, 1)
    await proof.look_until("work waits", lambda look: look.lag > 0)
    (pod,) = await asyncio.to_thread(
        proof.plane.kubectl.items, "pods", IN_NAMESPACE, f"--selector={NAME_LABEL}=detector"
    )
    name = pod["metadata"]["name"]
    before = restarts(pod)
    command = proof.kubectl("exec", name, "--", "python", "-c", TAKE_ALL)
    taking = asyncio.create_task(command)
    ended = await asyncio.to_thread(proof.pods.ended_of, name, PATIENCE_S)
    await asyncio.wait([taking])
    taking.exception()
    assert ended["reason"] == "OOMKilled", ended
    await proof.kubectl("wait", "--for=condition=Ready", f"pod/{name}", "--timeout=170s")
    said = await every_episode_comes_out(proof)
    now = restarts(await asyncio.to_thread(proof.plane.kubectl.get, f"pod/{name}", IN_NAMESPACE))
    assert now == before + 1, (before, now)
    return f"{ended['reason']}, exit status {ended['exitCode']}, started again; {said}"


async def a_new_version(proof: OnNode) -> str:
    """Every service is replaced while episodes run; all old containers end by themselves."""
    old = services(proof)
    await send(proof, 2)
    lag = (await proof.look_until("work waits", lambda look: look.lag > 0)).lag
    deployments = [f"deployment/{name}" for name in OURS]
    await proof.kubectl("rollout", "restart", *deployments)
    for name in deployments:
        await proof.kubectl("rollout", "status", name, f"--timeout={WAIT_S}s", within_s=WAIT_S + 10)
    said = await every_episode_comes_out(proof)
    await end_by_themselves(proof, old)
    return f"{len(old)} pods replaced with lag {lag}, each exit status 0; {said}"


def services(proof: OnNode) -> set[str]:
    """Pods of services that are there."""
    return {name for name in proof.pods.running() if name.rsplit("-", 2)[0] in OURS}


async def end_by_themselves(proof: OnNode, names: set[str]) -> None:
    """Wait until these pods have ended. Raises AssertionError when one did with another status than 0."""
    await asyncio.to_thread(
        wait_until, "old pods are gone", lambda: not names & set(proof.pods.running()), within_s=GONE_S
    )
    statuses = {name: proof.pods.exit_status(name) for name in names}
    assert set(statuses.values()) == {0}, statuses


async def the_node_is_drained(proof: OnNode) -> str:
    """Every service is evicted while an episode runs, as the budgets allow, and goes on when the node takes pods again."""
    old = services(proof)
    await send(proof, 1)
    lag = (await proof.look_until("work waits", lambda look: look.lag > 0)).lag
    of_services = f"--pod-selector=app.kubernetes.io/part-of=screenalytics,{NAME_LABEL}!=triton"
    await proof.kubectl(
        "drain", NODE, of_services, "--delete-emptydir-data", f"--timeout={GONE_S:.0f}s", within_s=GONE_S
    )
    await end_by_themselves(proof, old)
    waiting = await proof.lag()
    await proof.kubectl("uncordon", NODE)
    said = await every_episode_comes_out(proof)
    return f"{len(old)} pods evicted with lag {lag}, each exit status 0, lag {waiting} left for the next; {said}"


async def policies_hold(proof: OnNode) -> str:
    return await asyncio.to_thread(reach.policies_hold, proof.plane, [one for one in OVERLAY if is_policy(one)])


def is_policy(resource: Resource) -> bool:
    return bool(resource["kind"] == "NetworkPolicy")


async def all_ends(proof: OnNode) -> str:
    """Told to go, every service ends by itself, and the namespace goes with all that is in it."""
    ours = services(proof)
    await proof.kubectl("delete", "horizontalpodautoscaler", "--all")
    await proof.kubectl("scale", "--replicas=0", *(f"deployment/{name}" for name in OURS))
    await end_by_themselves(proof, ours)
    await proof.stack.aclose()
    await asyncio.to_thread(proof.plane.kubectl, "delete", "namespace", NAMESPACE, "--timeout=300s", within_s=310)
    return f"{len(ours)} services, exit status 0; the namespace is gone"


STEPS = (
    ("what runs", everything_is_ready),
    ("nobody is root", nobody_is_root),
    ("a key of the API", a_key_opens_the_api),
    ("an episode", an_episode),
    ("an Ingress controller", an_ingress_controller),
    ("paths from outside", paths_from_outside),
    ("an episode from outside", an_episode_from_outside),
    ("callers from outside", callers_from_outside),
    ("out of memory", out_of_memory),
    ("a new version", a_new_version),
    ("the node is drained", the_node_is_drained),
    ("network policies", policies_hold),
    ("all ends", all_ends),
)
