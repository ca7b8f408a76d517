"""The parts of the proof: what each runs, and its steps in order."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from screenalytics.local.servers import ChildProcess
from tests.kubernetes import admission, cluster, fleet, manifests, node, scaling, workers, working
from tests.kubernetes.control_plane import CONTROL_PLANE, DECIDING, Controllers, ControlPlane, Scheduler

Step = Callable[[Any], str | Awaitable[str]]
World = Callable[[ControlPlane], AbstractAsyncContextManager[object]]
Child = Callable[[Path, ControlPlane], ChildProcess]
Prepare = Callable[[Path, Callable[[str], None]], str]


@dataclass(frozen=True)
class Part:
    """Programs that it needs, what runs besides etcd and the API server, and named steps that say what they saw.

    A step is given what `world` makes of the control plane, where there is one, else the control plane. A part with
    something to `prepare` on this machine does the rest in a machine of its own.
    """

    programs: tuple[str, ...]
    children: tuple[Child, ...]
    steps: tuple[tuple[str, Step], ...]
    world: World = nullcontext
    prepare: Prepare | None = None


PARTS = {
    "manifests": Part(CONTROL_PLANE, (), manifests.STEPS),
    "admission": Part((*CONTROL_PLANE, "keda-webhooks"), (), admission.STEPS, admission.world),
    "fleet": Part((*CONTROL_PLANE, *DECIDING, "kwok"), (Controllers, Scheduler, fleet.Kwok), fleet.STEPS),
    "workers": Part((*CONTROL_PLANE, *DECIDING), (Controllers, Scheduler), workers.STEPS, working.world),
    "scaling": Part(
        (*CONTROL_PLANE, *DECIDING, "keda-operator", "keda-adapter"),
        (Controllers, Scheduler),
        scaling.STEPS,
        working.world,
    ),
    "node": Part(
        (*CONTROL_PLANE, *DECIDING, "kubelet", "kube-proxy", "kube-router", "coredns", "traefik"),
        (Controllers, Scheduler),
        node.STEPS,
        cluster.world,
        cluster.prepare,
    ),
}
