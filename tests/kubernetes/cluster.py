"""A cluster of one real node, this machine, with the local overlay on it.

The images are those of `make docker-proof`.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from screenalytics.local.servers import ChildProcess
from tests.containers.engine import CannotProve
from tests.deploy.kustomize import build, identity
from tests.e2e.conftest import MEDIA
from tests.kubernetes import dns, events_of_pods, images
from tests.kubernetes.control_plane import ControlPlane
from tests.kubernetes.events_of_pods import PodsSeen
from tests.kubernetes.images import ARCHIVE, PAUSE
from tests.kubernetes.kubectl import Resource
from tests.kubernetes.kubelet import DNS_ADDRESS, DOMAIN, NODE, START_S, Containerd, Kubelet, Policies, Proxy
from tests.kubernetes.manifests import K8S, NAMESPACE
from tests.kubernetes.watched import IN_NAMESPACE, SEGMENT_S, VIDEO, Watched, connected

RESOLVER = f"nameserver {DNS_ADDRESS}\nsearch {NAMESPACE}.svc.{DOMAIN} svc.{DOMAIN} {DOMAIN}\noptions ndots:5\n"
"""What pods of our namespace have, so that addresses that are told to them lead this process to the same servers."""
OVERLAY = build(K8S / "overlays" / "local")
VOLUMES, VOLUME_ROOM = 3, "8Gi"
WAIT_S = 900


@dataclass(kw_only=True)
class OnNode(Watched):
    """What the steps share: pods as they came and went, and an administrator's key of the API."""

    pods: PodsSeen
    key: str = ""

    async def inside(self, of: str, script: str, *arguments: str) -> str:
        """What Python says in a running container of ours."""
        return await self.kubectl("exec", of, "--", "python", "-c", script, *arguments)


def prepare(work: Path, say: Callable[[str], None]) -> str:
    """Images of everything that runs in pods. Returns what was made. Raises CannotProve."""
    if not VIDEO.exists() or not (MEDIA / "facebank").is_dir():
        raise CannotProve("it needs the labelled episodes")
    return images.prepare(work, say)


@asynccontextmanager
async def world(plane: ControlPlane) -> AsyncIterator[OnNode]:
    """A node with the overlay on it, up to where everything is ready."""
    async with AsyncExitStack() as stack:
        containerd = Containerd(plane.work / "containerd", PAUSE)
        await started(containerd, stack)
        await asyncio.to_thread(containerd.take_images, plane.work / ARCHIVE)
        (plane.work / ARCHIVE).unlink()
        await started(Kubelet(plane.work / "kubelet", plane, containerd), stack)
        await started(Proxy(plane.work / "proxy", plane), stack)
        await started(Policies(plane.work / "policies", plane), stack)
        await asyncio.to_thread(names_of_services, plane)
        await asyncio.to_thread(apply, plane)
        pods = await stack.enter_async_context(events_of_pods.seen(plane, NAMESPACE))
        clients = await stack.enter_async_context(AsyncExitStack())
        yield OnNode(plane=plane, stack=clients, pods=pods, **await connected(addresses(), clients))


async def started(program: ChildProcess, stack: AsyncExitStack) -> None:
    """Run a program until `stack` ends."""
    await program.run(START_S)
    stack.push_async_callback(program.stop)


def names_of_services(plane: ControlPlane) -> None:
    """The node is ready, and so is what answers the names of Services."""
    plane.kubectl("wait", "--for=condition=Ready", f"node/{NODE}", "--timeout=120s")
    plane.kubectl.apply({"apiVersion": "v1", "kind": "List", "items": dns.resources()})
    plane.kubectl("rollout", "status", f"deployment/{dns.NAME}", f"--namespace={dns.NAMESPACE}", "--timeout=170s")


def apply(plane: ControlPlane) -> None:
    """The overlay with short segments, on volumes of this machine; all of it gets ready and every Job ends."""
    for number in range(VOLUMES):
        folder = plane.work / "volumes" / str(number)
        folder.mkdir(parents=True)
        folder.chmod(0o777)
        plane.kubectl.apply(volume(f"volume-{number}", folder))
    plane.kubectl("apply", "-k", str(with_short_segments(plane.work / "overlay")))
    for what, kinds in (("condition=complete", "job"), ("condition=Available", "deployment")):
        plane.kubectl(
            IN_NAMESPACE, "wait", f"--for={what}", kinds, "--all", f"--timeout={WAIT_S}s", within_s=WAIT_S + 10
        )


def volume(name: str, folder: Path) -> Resource:
    """A folder of this machine, as a cluster's own storage would offer one."""
    spec = {
        "capacity": {"storage": VOLUME_ROOM},
        "accessModes": ["ReadWriteOnce"],
        "hostPath": {"path": str(folder)},
    }
    return {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": name}, "spec": spec}


def with_short_segments(folder: Path) -> Path:
    """The local overlay with one setting more, as an overlay in `folder`."""
    folder.mkdir()
    setting = {"op": "add", "path": "/data/SCREENALYTICS_PLANNING__SEGMENT_S", "value": SEGMENT_S}
    kustomization = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": [os.path.relpath(K8S / "overlays" / "local", folder)],
        "patches": [
            {"target": {"kind": "ConfigMap", "name": "screenalytics-config"}, "patch": json.dumps([setting])},
        ],
    }
    (folder / "kustomization.yaml").write_text(json.dumps(kustomization))
    return folder


def addresses() -> dict[str, str]:
    """Variables of an administrator's clients: the overlay's addresses, and the servers' own example secrets."""
    found = {identity(one): one for one in OVERLAY}
    s3, mongo = (found["Secret", f"screenalytics-server-{name}"]["stringData"] for name in ("s3", "mongo"))
    user, password = mongo["MONGO_INITDB_ROOT_USERNAME"], mongo["MONGO_INITDB_ROOT_PASSWORD"]
    return {
        **found["ConfigMap", "screenalytics-config"]["data"],
        "SCREENALYTICS_MONGO__URI": f"mongodb://{user}:{password}@mongo:27017/?replicaSet=rs0&authSource=admin",
        "SCREENALYTICS_S3__ACCESS_KEY": s3["AWS_ACCESS_KEY_ID"],
        "SCREENALYTICS_S3__SECRET_KEY": s3["AWS_SECRET_ACCESS_KEY"],
    }
