"""A hundred nodes and a thousand detectors: real controllers and a real scheduler, nodes and containers that kwok plays.

What is decided is real: where pods go, how many may be taken away at a time. What a container does is not there.
"""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from screenalytics.local.servers import ChildProcess
from screenalytics.local.servers.ports import LOOPBACK
from screenalytics.local.servers.probes import http_answers_ok
from tests.deploy.kustomize import build, identity
from tests.kubernetes.control_plane import ControlPlane
from tests.kubernetes.kubectl import Kubectl, Refused, Resource, wait_until
from tests.kubernetes.manifests import K8S, NAMESPACE
from tests.kubernetes.programs import path_of

NODES, ZONES, DETECTORS = 100, 4, 1000
DRAINED, DRAINED_AT_ONCE = 12, 3
MOST_TRIES = 20
SAY_AGAIN = ("the object has been modified", "request did not complete within requested timeout")
HELD_S = 15.0
"""How long a budget that is used up is watched: kubectl asks again every five seconds."""
SOFT = 2
"""How far apart the fullest and the emptiest may be: the manifests ask for 1 and would rather have a pod than that."""
PATIENCE_S = 900.0
HOST, ZONE = "kubernetes.io/hostname", "topology.kubernetes.io/zone"
WORKERS = f"--namespace={NAMESPACE}"
CUSTOM_KINDS = {"ScaledObject", "TriggerAuthentication", "ServiceMonitor", "PrometheusRule"}


class Kwok(ChildProcess):
    """Plays kubelets: a pod that is scheduled is ready at once, and gone as soon as it shall go."""

    port_names = ("server",)

    def __init__(self, directory: Path, plane: ControlPlane) -> None:
        super().__init__(name="kwok", directory=directory, log_path=directory.with_suffix(".log"))
        self._plane = plane

    def command(self) -> Sequence[str]:
        return [
            str(path_of("kwok")),
            f"--kubeconfig={self._plane.kubeconfig('kwok', 'kwok', group='system:masters')}",
            "--manage-nodes-with-annotation-selector=kwok.x-k8s.io/node=fake",
            f"--server-address={LOOPBACK}:{self.ports['server']}",
            "--node-lease-duration-seconds=40",
        ]

    async def probe(self) -> bool:
        return await http_answers_ok(self.ports["server"], "/healthz")


def node(number: int) -> Resource:
    """One of `NODES` machines with sixteen processors, in one of `ZONES`."""
    name = f"node-{number:03}"
    room = {"cpu": "16", "memory": "64Gi", "pods": "110"}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "labels": {HOST: name, ZONE: f"zone-{number % ZONES}", "kubernetes.io/os": "linux"},
            "annotations": {"kwok.x-k8s.io/node": "fake"},
        },
        "status": {"allocatable": room, "capacity": room},
    }


def nodes(plane: ControlPlane) -> str:
    plane.kubectl(
        "apply", "--filename=-", given={"apiVersion": "v1", "kind": "List", "items": [*map(node, range(NODES))]}
    )
    plane.kubectl("wait", "--for=condition=Ready", "nodes", "--all", "--timeout=300s", within_s=320)
    return f"{NODES} in {ZONES} zones"


def the_overlay_runs(plane: ControlPlane) -> str:
    """The gpu overlay without what only KEDA and Prometheus know, and without a GPU."""
    resources = [one for one in build(K8S / "overlays" / "gpu") if one["kind"] not in CUSTOM_KINDS]
    plane.kubectl("create", "namespace", NAMESPACE)
    for one in resources:
        if identity(one) == ("Deployment", "triton"):
            one["spec"]["template"]["spec"].pop("nodeSelector")
            for amounts in one["spec"]["template"]["spec"]["containers"][0]["resources"].values():
                amounts.pop("nvidia.com/gpu")
    plane.kubectl("apply", "--filename=-", given={"apiVersion": "v1", "kind": "List", "items": resources})
    plane.kubectl(WORKERS, "rollout", "status", "deployment", "--timeout=300s", within_s=320)
    plane.kubectl(WORKERS, "wait", "--for=condition=Complete", "jobs", "--all", "--timeout=120s")
    deployments = plane.kubectl.items("deployments", WORKERS)
    return f"{len(deployments)} Deployments available, set-up Jobs complete"


def running(kubectl: Kubectl) -> list[Resource]:
    pods = kubectl.items("pods", WORKERS, "--selector=app.kubernetes.io/name=detector")
    return [one for one in pods if one["status"]["phase"] == "Running" and "deletionTimestamp" not in one["metadata"]]


def available(kubectl: Kubectl) -> int:
    return int(kubectl.get("deployment/detector", WORKERS)["status"].get("availableReplicas", 0))


def a_thousand_detectors(plane: ControlPlane) -> str:
    """As the constraints of the manifest say: evenly over zones, and over machines."""
    plane.kubectl(WORKERS, "scale", "deployment/detector", f"--replicas={DETECTORS}")
    taken = wait_until("all detectors are ready", lambda: available(plane.kubectl) == DETECTORS, within_s=PATIENCE_S)
    hosts = {one["metadata"]["name"]: one["metadata"]["labels"][ZONE] for one in plane.kubectl.items("nodes")}
    on_host = Counter(dict.fromkeys(hosts, 0)) + Counter(one["spec"]["nodeName"] for one in running(plane.kubectl))
    in_zone: Counter[str] = Counter()
    for host, count in on_host.items():
        in_zone[hosts[host]] += count
    fewest_host, most_host = min(on_host[host] for host in hosts), max(on_host.values())
    fewest_zone, most_zone = min(in_zone.values()), max(in_zone.values())
    assert most_zone - fewest_zone <= SOFT, in_zone
    assert most_host - fewest_host <= SOFT, on_host
    return (
        f"{DETECTORS} ready within {taken:.0f} s; on a node {fewest_host} to {most_host}, "
        f"in a zone {fewest_zone} to {most_zone}"
    )


@dataclass
class Watched:
    """What was seen of the detectors while something happened."""

    fewest_available: int = DETECTORS
    most_pods: int = 0
    looks: int = 0
    failures: list[str] = field(default_factory=list)


@contextmanager
def watching(kubectl: Kubectl) -> Iterator[Watched]:
    """Looks at the Deployment a few times a second, as long as this is held."""
    seen, over = Watched(), threading.Event()

    def look() -> None:
        while not over.is_set():
            try:
                status = kubectl.get("deployment/detector", WORKERS)["status"]
            except AssertionError as error:
                seen.failures.append(str(error))
                return
            seen.fewest_available = min(seen.fewest_available, status.get("availableReplicas", 0))
            seen.most_pods = max(seen.most_pods, status.get("replicas", 0))
            seen.looks += 1
            time.sleep(0.5)

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield seen
    finally:
        over.set()
        thread.join()


def machines_are_emptied(plane: ControlPlane) -> str:
    """More workers stand on them than may be away at a time, and nowhere else is room at first: the last have to wait."""
    names = [f"node-{number:03}" for number in range(DRAINED)]
    others = [f"node-{number:03}" for number in range(DRAINED, NODES)]
    least = DETECTORS - DETECTORS // 10

    plane.kubectl("cordon", *others)
    with watching(plane.kubectl) as seen, ThreadPoolExecutor(DRAINED_AT_ONCE) as pool:
        drains = [pool.submit(drained, plane.kubectl, name) for name in names]
        wait_until("a tenth is away", lambda: available(plane.kubectl) == least, within_s=PATIENCE_S)
        time.sleep(HELD_S)
        assert available(plane.kubectl) == least, "the budget did not hold"
        assert not all(drain.done() for drain in drains), "no drain had to wait"
        plane.kubectl("uncordon", *others)
        again = sum(drain.result() for drain in drains)
    assert not seen.failures, seen.failures
    left = [one for one in running(plane.kubectl) if one["spec"]["nodeName"] in names]
    assert left == [], f"{len(left)} are still there"
    wait_until("all detectors are ready again", lambda: available(plane.kubectl) == DETECTORS, within_s=PATIENCE_S)
    assert seen.fewest_available >= least, seen
    plane.kubectl("uncordon", *names)
    return (
        f"{DRAINED} nodes: at least {seen.fewest_available} available in {seen.looks} looks; {again} drains said again"
    )


def drained(kubectl: Kubectl, name: str) -> int:
    """Empty a node; how often that had to be said again: evictions of one budget get into each other's way."""
    for again in range(MOST_TRIES):
        try:
            kubectl("drain", name, "--ignore-daemonsets", "--delete-emptydir-data", "--timeout=900s", within_s=920)
        except Refused as refused:
            if not any(text in str(refused) for text in SAY_AGAIN):
                raise
        else:
            return again
    raise AssertionError(f"{name} was not drained in {MOST_TRIES} tries")


def a_new_version_rolls_out(plane: ControlPlane) -> str:
    """A quarter more while it lasts, and never one fewer."""
    with watching(plane.kubectl) as seen:
        patch = {"spec": {"template": {"metadata": {"annotations": {"proof/version": "2"}}}}}
        plane.kubectl(WORKERS, "patch", "deployment/detector", f"--patch={json.dumps(patch)}")
        begun = time.monotonic()
        plane.kubectl(WORKERS, "rollout", "status", "deployment/detector", "--timeout=900s", within_s=920)
        taken = time.monotonic() - begun
    assert not seen.failures, seen.failures
    assert seen.fewest_available >= DETECTORS, seen
    assert seen.most_pods <= DETECTORS * 5 // 4, seen
    old = [one for one in running(plane.kubectl) if "proof/version" not in one["metadata"].get("annotations", {})]
    assert old == [], f"{len(old)} of the old version are left"
    return f"all within {taken:.0f} s; at least {seen.fewest_available} available, at most {seen.most_pods} pods"


STEPS = (
    ("nodes", nodes),
    ("the gpu overlay", the_overlay_runs),
    ("a thousand detectors", a_thousand_detectors),
    ("nodes are drained", machines_are_emptied),
    ("rolling update", a_new_version_rolls_out),
)
