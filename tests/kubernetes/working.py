"""Detectors that work: on a real Apache Kafka with TLS, SCRAM and the committed access list, for real episodes.

The detector's pods are processes (`tests.kubernetes.processes`); every other service runs beside them as the gpu overlay
declares it.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import psutil

from contracts.events import SERVICES
from screenalytics.local.machine import served_models
from screenalytics.local.servers import Stack, check_installed
from screenalytics.weights import default_cache_dir, load_registry, verify
from tests.containers.engine import CannotProve
from tests.deploy.kustomize import build, load_documents
from tests.deploy.processes import of_kubernetes, run_to_the_end, started, triton_on
from tests.deploy.test_kafka_security import passwords
from tests.deploy.test_manifests import EXAMPLE_SECRETS
from tests.kubernetes.control_plane import ControlPlane
from tests.kubernetes.kubectl import Resource
from tests.kubernetes.manifests import K8S, NAMESPACE
from tests.kubernetes.processes import Node, Running
from tests.kubernetes.watched import (
    PATIENCE_S,
    SEGMENT_S,
    VIDEO,
    Look,
    Watched,
    connected,
)
from tests.support import secured_kafka
from tests.support.containers import ROOT
from tests.support.secured_kafka import ADMIN, ADMIN_PASSWORD, SecuredKafka


@dataclass(kw_only=True)
class Working(Watched):
    """What the steps share."""

    broker: SecuredKafka
    node: Node
    kubelet: asyncio.Task[None] | None = None

    async def look(self) -> Look:
        """What is there now. Raises what ended the kubelet, where something did."""
        if self.kubelet is not None and self.kubelet.done():
            self.kubelet.result()
        return await super().look()


@asynccontextmanager
async def world(plane: ControlPlane) -> AsyncIterator[Working]:
    """The servers, every service but the detector, and a node. Raises CannotProve."""
    missing = secured_kafka.unavailable() or ", ".join(map(str, check_installed()))
    absent = {problem.model for problem in verify(load_registry(), default_cache_dir())} & set(served_models())
    if missing or absent or not VIDEO.exists():
        raise CannotProve(missing or "it needs the models (make setup) and the labelled episodes")
    logs = plane.work / "services"
    logs.mkdir()
    containers = of_kubernetes("gpu")
    async with AsyncExitStack() as stack:
        broker = await stack.enter_async_context(SecuredKafka(plane.work / "kafka", passwords()))
        access = (ROOT / "deploy" / "kafka" / "acls.md").read_text(encoding="utf-8")
        await secured_kafka.apply_access_list(broker.settings(ADMIN), access)
        kafka = {"SCREENALYTICS_KAFKA__BOOTSTRAP_SERVERS": broker.bootstrap_servers}
        servers = (await stack.enter_async_context(Stack(variables=kafka))).environment()
        addresses = servers | {
            "SCREENALYTICS_KAFKA__SSL_CAFILE": str(broker.ca_file),
            "SCREENALYTICS_KAFKA__REPLICATION_FACTOR": "1",
            "SCREENALYTICS_TRITON__URL": await stack.enter_async_context(triton_on(servers, served_models())),
            "SCREENALYTICS_PLANNING__SEGMENT_S": SEGMENT_S,
        }
        for name in ("setup-topics", "setup-indexes"):
            await run_to_the_end(containers[name], addresses)
        services = [
            await stack.enter_async_context(started(containers[name], addresses, logs))
            for name in SERVICES
            if name != "detector"
        ]
        for service in services:
            await service.wait_for_log("service started")
        as_admin = {
            "SCREENALYTICS_KAFKA__SECURITY_PROTOCOL": "SASL_SSL",
            "SCREENALYTICS_KAFKA__SASL_USERNAME": ADMIN,
            "SCREENALYTICS_KAFKA__SASL_PASSWORD": ADMIN_PASSWORD,
        }
        clients = addresses | as_admin
        node = Node(plane, containers, addresses, logs)
        yield Working(plane=plane, broker=broker, node=node, stack=stack, **await connected(clients, stack))


def declared(broker: SecuredKafka, scaled: frozenset[str] = frozenset()) -> list[Resource]:
    """What of the gpu overlay the detector needs, with the example secrets; this broker's address and authority.

    `scaled` are the kinds of what scales it.
    """
    kinds = {"ConfigMap", "ServiceAccount", *scaled}
    own = {"Deployment", "PodDisruptionBudget", *scaled} - {"TriggerAuthentication"}
    found = [
        one
        for one in build(K8S / "overlays" / "gpu")
        if (one["metadata"]["name"] == "detector" and one["kind"] in own) or one["kind"] in kinds - own
    ]
    for one in found:
        if one["metadata"]["name"] == "screenalytics-config":
            one["data"]["SCREENALYTICS_KAFKA__BOOTSTRAP_SERVERS"] = broker.bootstrap_servers
    for secret in load_documents(EXAMPLE_SECRETS):
        secret["metadata"]["namespace"] = NAMESPACE
        if secret["metadata"]["name"] == "screenalytics-kafka-ca":
            secret["stringData"] = {"ca.crt": broker.ca_file.read_text()}
        found.append(secret)
    return found


async def apply(proof: Working, scaled: frozenset[str] = frozenset()) -> None:
    """The node, the namespace, and the detector in it."""
    await asyncio.to_thread(proof.node.register)
    proof.kubelet = asyncio.create_task(proof.node.run())
    proof.stack.push_async_callback(cancelled, proof.kubelet)
    await asyncio.to_thread(proof.plane.kubectl, "create", "namespace", NAMESPACE)
    everything = {"apiVersion": "v1", "kind": "List", "items": declared(proof.broker, scaled)}
    await asyncio.to_thread(proof.plane.kubectl.apply, everything)


async def cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait([task])


async def a_busy_worker_that_has_to_go_finishes(proof: Working) -> str:
    """As an eviction or a scale-down asks it to: SIGTERM, and its grace period is longer than a segment."""
    async with asyncio.timeout(PATIENCE_S):
        while (chosen := busy(proof.node)) is None:
            await asyncio.sleep(0.2)
    before = handled(chosen)
    await proof.kubectl("delete", f"pod/{chosen.name}", "--wait=false")
    async with asyncio.timeout(PATIENCE_S):
        while chosen.ended is None:
            await asyncio.sleep(0.2)
    assert (chosen.ended, chosen.was_killed) == (0, False), chosen
    assert handled(chosen) > before, f"{chosen.name} gave its segment up"
    return f"asked while it decoded, it handled {handled(chosen) - before} more and ended by itself"


def busy(node: Node) -> Running | None:
    """A worker that decodes: a process for that is forked from its fork server, which stays."""
    for running in node.pods.values():
        if running.is_ready and running.told_to_go is None and running.process.returncode is None:
            try:
                if any(child.children() for child in psutil.Process(running.process.pid).children()):
                    return running
            except psutil.NoSuchProcess:
                continue
    return None


def handled(running: Running) -> int:
    return running.log.read_text(encoding="utf-8", errors="replace").count("event handled")


def ended_by_themselves(proof: Working) -> str:
    """Every pod that ever was has ended, and none by force. One that had not begun may end of SIGTERM itself."""
    pods = proof.node.pods.values()
    wrong = [one.name for one in pods if one.was_killed or one.process.returncode not in allowed_ends(one)]
    assert wrong == [], f"did not end by themselves: {wrong}"
    begun = sum(one.was_ready for one in pods)
    return f"{len(pods)} pods were there, {begun} of them at work; all ended by themselves"


def allowed_ends(pod: Running) -> tuple[int, ...]:
    """Exit statuses of a pod that ended by itself: one that never began may say that it was told to."""
    return (0,) if pod.was_ready else (0, -signal.SIGTERM, 128 + signal.SIGTERM)
