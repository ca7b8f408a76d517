"""A node whose kubelet is this module: a pod's container is a process, which gets what a kubelet would give it.

Its environment is the manifest's; it is ready when its readiness probe says so; told to go, it gets SIGTERM, and SIGKILL only
when its grace period is over. What an image, a memory limit and a network policy do is not there.
"""

from __future__ import annotations

import asyncio
import datetime
import json
import ssl
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from tests.deploy.processes import Container
from tests.kubernetes.control_plane import ControlPlane
from tests.kubernetes.kubectl import Resource

NODE = "processes"
LOOK_S, HEARTBEAT_S = 0.5, 10.0
MERGE = {"Content-Type": "application/strategic-merge-patch+json"}


@dataclass
class Running:
    """A pod's process, and what became of it."""

    name: str
    process: asyncio.subprocess.Process
    port: int
    log: Path
    is_ready: bool = False
    was_ready: bool = False
    told_to_go: float | None = None
    ended: int | None = None
    was_killed: bool = False
    probe_after: float = 0.0


@dataclass
class Node:
    """Plays the kubelet until `run` is cancelled; `pods` has every pod that ever was."""

    plane: ControlPlane
    containers: Mapping[str, Container]
    """By the name of the workload."""
    addresses: Mapping[str, str]
    logs: Path
    pods: dict[str, Running] = field(default_factory=dict)
    _alive_until: float = 0.0

    def register(self) -> None:
        """The node itself; it is ready as soon as it says so."""
        about = {"name": NODE, "labels": {"kubernetes.io/hostname": NODE, "topology.kubernetes.io/zone": "here"}}
        self.plane.kubectl("create", "--filename=-", given={"apiVersion": "v1", "kind": "Node", "metadata": about})

    async def run(self) -> None:
        """Carry out what the API server says of this node's pods."""
        async with self._client() as client:
            try:
                while True:
                    await self._be_alive(client)
                    answer = await client.get("/api/v1/pods", params={"fieldSelector": f"spec.nodeName={NODE}"})
                    answer.raise_for_status()
                    for pod in answer.json()["items"]:
                        await self._see_to(client, pod)
                    await asyncio.sleep(LOOK_S)
            finally:
                for running in self.pods.values():
                    if running.process.returncode is None:
                        running.process.kill()
                        await running.process.wait()

    def _client(self) -> httpx.AsyncClient:
        context = ssl.create_default_context(cafile=str(self.plane.authority.file))
        context.load_cert_chain(*self.plane.authority.issue("node", f"system:node:{NODE}", group="system:nodes"))
        return httpx.AsyncClient(base_url=self.plane.api.url, verify=context, timeout=30)

    async def _be_alive(self, client: httpx.AsyncClient) -> None:
        """Say that the node is ready, as often as a kubelet does."""
        loop = asyncio.get_running_loop()
        if loop.time() < self._alive_until:
            return
        self._alive_until = loop.time() + HEARTBEAT_S
        room = {"cpu": "64", "memory": "256Gi", "pods": "110"}
        ready = {"type": "Ready", "status": "True", "reason": "Plays", "lastHeartbeatTime": now()}
        status = {"capacity": room, "allocatable": room, "conditions": [ready]}
        answer = await client.patch(
            f"/api/v1/nodes/{NODE}/status", content=json.dumps({"status": status}), headers=MERGE
        )
        answer.raise_for_status()

    async def _see_to(self, client: httpx.AsyncClient, pod: Resource) -> None:
        name = pod["metadata"]["name"]
        path = f"/api/v1/namespaces/{pod['metadata']['namespace']}/pods/{name}"
        if name not in self.pods:
            if "deletionTimestamp" not in pod["metadata"]:
                self.pods[name] = await self._start(pod)
                await self._tell(client, path, pod, is_ready=False)
                return
            await client.request("DELETE", path, json={"gracePeriodSeconds": 0})
            return
        running = self.pods[name]
        running.ended = running.process.returncode
        if "deletionTimestamp" in pod["metadata"]:
            await self._end(client, path, pod, running)
        elif running.ended is None:
            await self._probe(client, path, pod, running)

    async def _start(self, pod: Resource) -> Running:
        container = self.containers[pod["metadata"]["labels"]["app.kubernetes.io/name"]]
        variables = container.environment(self.addresses)
        log = self.logs / f"{pod['metadata']['name']}.log"
        with log.open("wb") as output:
            command = [sys.executable, "-m", "screenalytics", *container.command]
            process = await asyncio.create_subprocess_exec(*command, env=variables, stdout=output, stderr=output)
        return Running(pod["metadata"]["name"], process, int(variables["SCREENALYTICS_HTTP__PORT"]), log)

    async def _end(self, client: httpx.AsyncClient, path: str, pod: Resource, running: Running) -> None:
        loop = asyncio.get_running_loop()
        if running.ended is None and running.told_to_go is None:
            running.told_to_go = loop.time()
            running.process.terminate()
        elif running.ended is None and running.told_to_go is not None:
            if loop.time() - running.told_to_go > pod["metadata"]["deletionGracePeriodSeconds"]:
                running.was_killed = True
                running.process.kill()
        else:
            await client.request("DELETE", path, json={"gracePeriodSeconds": 0})

    async def _probe(self, client: httpx.AsyncClient, path: str, pod: Resource, running: Running) -> None:
        probe = pod["spec"]["containers"][0]["readinessProbe"]
        loop = asyncio.get_running_loop()
        if loop.time() < running.probe_after:
            return
        running.probe_after = loop.time() + (probe["periodSeconds"] if running.is_ready else 1.0)
        try:
            async with httpx.AsyncClient(timeout=probe["timeoutSeconds"]) as asking:
                answer = await asking.get(f"http://127.0.0.1:{running.port}{probe['httpGet']['path']}")
            is_ready = answer.status_code == 200
        except httpx.HTTPError:
            is_ready = False
        if is_ready != running.is_ready:
            running.is_ready = is_ready
            running.was_ready |= is_ready
            await self._tell(client, path, pod, is_ready=is_ready)

    async def _tell(self, client: httpx.AsyncClient, path: str, pod: Resource, *, is_ready: bool) -> None:
        """Write a pod's status."""
        container = pod["spec"]["containers"][0]
        started = pod["status"].get("startTime", now())
        kinds = ("Initialized", "ContainersReady", "Ready")
        states = {kind: "True" if is_ready or kind == "Initialized" else "False" for kind in kinds}
        conditions = [{"type": kind, "status": state, "lastTransitionTime": now()} for kind, state in states.items()]
        about = {"name": container["name"], "image": container["image"], "imageID": "", "restartCount": 0}
        running = {**about, "ready": is_ready, "started": True, "state": {"running": {"startedAt": started}}}
        status = {"phase": "Running", "startTime": started, "conditions": conditions, "containerStatuses": [running]}
        answer = await client.patch(f"{path}/status", content=json.dumps({"status": status}), headers=MERGE)
        if answer.status_code != httpx.codes.NOT_FOUND:  # gone meanwhile
            answer.raise_for_status()


def now() -> str:
    return datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
