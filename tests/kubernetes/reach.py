"""Who reaches whom on a network that enforces policies, tried from inside of pods."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from tests.kubernetes.control_plane import FIRST_SERVICE, ControlPlane
from tests.kubernetes.kubectl import Resource, wait_until
from tests.kubernetes.manifests import NAMESPACE

IN_NAMESPACE = f"--namespace={NAMESPACE}"
STRANGERS = ("ingress-nginx", "monitoring", "elsewhere")
"""Namespaces with a pod each: two that the policies name, and one that they do not."""
SYNCED_S = 90.0
TRY = """
import socket, sys
from concurrent.futures import ThreadPoolExecutor
def connects(place):
    host, _, port = place.rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=3).close()
    except OSError:
        return False
    return True
places = sys.argv[1:]
with ThreadPoolExecutor(len(places)) as pool:
    print(*(place for place, held in zip(places, pool.map(connects, places)) if held))
"""
API_SERVER = f"{FIRST_SERVICE}:443"
SERVERS = ("kafka:9092", "mongo:27017", "s3:8333")
SERVICES = tuple(f"{name}:8080" for name in ("ingest", "detector", "embedder", "grouper", "identity", "webhooks"))
EVERYTHING = (*SERVERS, "triton:8000", "triton:8001", "triton:8002", *SERVICES, "console:8080", API_SERVER)
ALLOWED: dict[str, tuple[str, ...]] = {
    "ingest": (*SERVERS, "triton:8001"),
    "detector": (*SERVERS, "triton:8001"),
    "embedder": (*SERVERS, "triton:8001"),
    "grouper": (*SERVERS, "triton:8001"),
    "identity": (*SERVERS, "triton:8001", "grouper:8080"),
    "webhooks": (*SERVERS, "triton:8001"),
    # Its names are not answered either.
    "console": (),
    "ingress-nginx": (*SERVERS, *SERVICES, "console:8080", API_SERVER),
    "monitoring": (*SERVERS, "triton:8002", *SERVICES, API_SERVER),
    "elsewhere": (*SERVERS, API_SERVER),
}
"""Who may connect to what, of EVERYTHING; the servers of the local overlay have no policy of their own."""


def policies_hold(plane: ControlPlane, policies: Sequence[Resource]) -> str:
    """Every pod reaches what the policies allow and nothing else; without them it reaches all, with them again not."""
    for namespace in STRANGERS:
        plane.kubectl.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
        plane.kubectl.apply(stranger(namespace))
    for namespace in STRANGERS:
        plane.kubectl("wait", "--for=condition=Ready", "pod/stranger", f"--namespace={namespace}", "--timeout=120s")
    as_declared(plane)
    plane.kubectl(IN_NAMESPACE, "delete", "networkpolicy", "--all")
    reaches_all = {"detector": set(EVERYTHING), "elsewhere": set(EVERYTHING)}
    wait_until(
        "without policies everything is reached",
        lambda: all(reached(plane, who) == places for who, places in reaches_all.items()),
        within_s=SYNCED_S,
    )
    for policy in policies:
        plane.kubectl.apply(policy)
    as_declared(plane)
    tried = len(ALLOWED) * len(EVERYTHING)
    may = sum(len(places) for places in ALLOWED.values())
    return f"{may} of {tried} ways are open from {', '.join(ALLOWED)}, as the policies say; without policies all are"


def as_declared(plane: ControlPlane) -> None:
    """Wait until the network has taken up what there is. Raises AssertionError with what differs when it does not in time."""
    with suppress(AssertionError):
        wait_until("the policies hold", lambda: not differs(plane), within_s=SYNCED_S)
    assert not (wrong := differs(plane)), f"reaches what it may not, does not reach what it may: {wrong}"


def differs(plane: ControlPlane) -> dict[str, tuple[set[str], set[str]]]:
    """Who reaches what it may not, and does not reach what it may."""
    with ThreadPoolExecutor(len(ALLOWED)) as pool:
        seen_from = dict(zip(ALLOWED, pool.map(lambda who: reached(plane, who), ALLOWED), strict=True))
    found = {who: (seen_from[who], set(places)) for who, places in ALLOWED.items()}
    return {who: (seen - may, may - seen) for who, (seen, may) in found.items() if seen != may}


def reached(plane: ControlPlane, who: str) -> set[str]:
    """The places that a pod can connect to."""
    if who in STRANGERS:
        pod = (f"--namespace={who}", "exec", "stranger")
        places = [place if place == API_SERVER else place.replace(":", f".{NAMESPACE}:") for place in EVERYTHING]
    else:
        pod = (IN_NAMESPACE, "exec", f"deployment/{who}")
        places = list(EVERYTHING)
    return connected(plane.kubectl(*pod, "--", "python", "-c", TRY, *places))


def connected(said: str) -> set[str]:
    """What TRY says, under the names of EVERYTHING."""
    return {place.replace(f".{NAMESPACE}:", ":") for place in said.split()}


def stranger(namespace: str) -> Resource:
    """A pod of somebody else, which waits to be asked."""
    container = {"name": "stranger", "image": "screenalytics:local", "command": ["sleep", "14400"]}
    about = {"name": "stranger", "namespace": namespace}
    spec = {"containers": [container], "terminationGracePeriodSeconds": 0}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": about, "spec": spec}
