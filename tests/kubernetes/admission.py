"""What KEDA's own admission says of our resources: it knows of two scalers of one Deployment, which no schema does."""

from __future__ import annotations

import asyncio
import copy
import functools
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from tests.deploy.kustomize import build, identity
from tests.kubernetes import keda
from tests.kubernetes.control_plane import ControlPlane
from tests.kubernetes.kubectl import Resource, wait_until
from tests.kubernetes.manifests import K8S, NAMESPACE, refusal

OVERLAYS = ("gpu", "production")
NEEDED = {"Deployment", "HorizontalPodAutoscaler"}
SCALING = {"ScaledObject", "TriggerAuthentication"}
ASKED_S = 60.0
Change = Callable[[Resource], None]


@asynccontextmanager
async def world(plane: ControlPlane) -> AsyncIterator[ControlPlane]:
    """KEDA's definitions, its rights, and its admission, which the API server asks."""
    await asyncio.to_thread(keda.definitions_and_rights, plane)
    webhooks = keda.Webhooks(plane.work / "keda-webhooks", plane)
    await webhooks.run(keda.START_S)
    try:
        await asyncio.to_thread(keda.ask, plane, webhooks)
        await asyncio.to_thread(plane.kubectl, "create", "namespace", NAMESPACE)
        yield plane
    finally:
        await webhooks.stop()


def our_scalers_are_admitted(plane: ControlPlane) -> str:
    """Beside the Deployments that they scale, and the autoscalers of the others, which must not be the same."""
    seen = []
    for name in OVERLAYS:
        overlay = build(K8S / "overlays" / name)
        plane.kubectl.apply(listed([one for one in overlay if one["kind"] in NEEDED]))
        scaling = [one for one in overlay if one["kind"] in SCALING]
        plane.kubectl.apply(listed(scaling))
        seen.append(f"{name} {len(scaling)}")
    return f"admitted: {', '.join(seen)}"


def listed(resources: list[Resource]) -> Resource:
    return {"apiVersion": "v1", "kind": "List", "items": resources}


def with_a_second_scaler(resource: Resource) -> None:
    resource["metadata"]["name"] = "second"


def of_what_an_autoscaler_has(resource: Resource) -> None:
    resource["metadata"]["name"] = "second"
    resource["spec"]["scaleTargetRef"]["name"] = "ingest"


def with_one_name_for_two_triggers(resource: Resource) -> None:
    resource["metadata"]["name"] = "second"
    resource["spec"]["scaleTargetRef"]["name"] = "triton"
    trigger = {**resource["spec"]["triggers"][0], "name": "lag"}
    resource["spec"]["triggers"] = [trigger, trigger]


def what_is_wrong_is_refused(plane: ControlPlane) -> str:
    """What the schema takes and KEDA does not."""
    found = {identity(one): one for one in build(K8S / "overlays" / "gpu")}
    detector = found["ScaledObject", "detector"]
    cases: tuple[tuple[Change, str], ...] = (
        (with_a_second_scaler, "is already managed by the ScaledObject"),
        (of_what_an_autoscaler_has, "is already managed by the hpa"),
        (with_one_name_for_two_triggers, "is defined multiple times"),
    )
    for change, expected in cases:
        wrong = copy.deepcopy(detector)
        change(wrong)
        # What it compares with reaches its cache a moment after the API server has it.
        wait_until(f"{change.__name__} is refused", functools.partial(is_refused, plane, wrong), within_s=ASKED_S)
        said = refusal(plane, wrong)
        assert "admission webhook" in said and expected in said, f"{change.__name__}: {said}"
    return ", ".join(change.__name__.replace("_", " ") for change, _ in cases)


def is_refused(plane: ControlPlane, resource: Resource) -> bool:
    return refusal(plane, resource) != ""


STEPS = (
    ("our scalers are admitted", our_scalers_are_admitted),
    ("what is wrong is refused", what_is_wrong_is_refused),
)
