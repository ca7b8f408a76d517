"""What the Kubernetes proof keeps about pods and certificates: a pod is gone with what the API server says of it."""

from __future__ import annotations

import socket
import subprocess
import sys
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from tests.deploy.kustomize import build
from tests.kubernetes.certificates import Authority
from tests.kubernetes.events_of_pods import PodsSeen
from tests.kubernetes.manifests import K8S
from tests.kubernetes.reach import ALLOWED, EVERYTHING, STRANGERS, TRY, connected


def pod(phase: str, *ended: dict[str, Any], now: dict[str, Any] | None = None) -> dict[str, Any]:
    """A pod of one container, which ended so often, and is in a state now."""
    state = {"terminated": now} if now else {"running": {}}
    status: dict[str, Any] = {"state": state, "lastState": {"terminated": ended[-1]} if ended else {}}
    return {"metadata": {"name": "detector-1-a"}, "status": {"phase": phase, "containerStatuses": [status]}}


def test_a_container_that_ended_is_remembered_after_its_pod_is_gone() -> None:
    pods = PodsSeen()
    pods.take("ADDED", pod("Pending"))
    pods.take("MODIFIED", pod("Running"))
    assert (pods.running(), pods.exit_status("detector-1-a")) == (["detector-1-a"], None)
    pods.take("MODIFIED", pod("Succeeded", now={"exitCode": 0, "reason": "Completed"}))
    pods.take("DELETED", pod("Succeeded", now={"exitCode": 0, "reason": "Completed"}))
    assert (pods.running(), pods.exit_status("detector-1-a")) == ([], 0)


def test_a_container_that_was_started_again_tells_how_it_ended() -> None:
    pods = PodsSeen()
    killed = {"exitCode": 137, "reason": "OOMKilled"}
    pods.take("MODIFIED", pod("Running", killed))
    pods.take("MODIFIED", pod("Running", killed))
    assert pods.running() == ["detector-1-a"]
    assert pods.ended_of("detector-1-a", within_s=0) == killed
    with pytest.raises(AssertionError, match="a container of grouper-1-a ends"):
        pods.ended_of("grouper-1-a", within_s=-1)


def test_a_certificate_is_good_for_names_and_addresses(tmp_path: Path) -> None:
    file, _ = Authority(tmp_path).issue("server", "server", hosts=("here", "10.244.0.1"))
    found = x509.load_pem_x509_certificate(file.read_bytes()).extensions
    names = found.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["localhost", "here"]
    assert names.get_values_for_type(x509.IPAddress) == [ip_address("127.0.0.1"), ip_address("10.244.0.1")]


def test_every_service_is_a_place_to_try() -> None:
    """A Service that is added is tried from everywhere, or this says so."""
    services = {one["metadata"]["name"] for one in build(K8S / "overlays" / "local") if one["kind"] == "Service"}
    assert {place.partition(":")[0] for place in EVERYTHING} - {"10.96.0.1"} == services
    assert set(ALLOWED) - set(STRANGERS) <= services
    assert {place for places in ALLOWED.values() for place in places} <= set(EVERYTHING)


def test_what_is_tried_from_a_pod_is_read_as_it_is_said() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_server(("127.0.0.1", 0)) as other:
        place = f"127.0.0.1:{server.getsockname()[1]}"
        closed = f"127.0.0.1:{other.getsockname()[1]}"
        other.close()
        assert connected(said_by_a_pod(place, closed)) == {place}
        assert connected(said_by_a_pod(closed)) == set()


def said_by_a_pod(*places: str) -> str:
    done = subprocess.run([sys.executable, "-c", TRY, *places], capture_output=True, text=True, check=True)
    return done.stdout


def test_a_stranger_reaches_the_same_places_by_longer_names() -> None:
    assert connected("kafka.screenalytics:9092 10.96.0.1:443") == {"kafka:9092", "10.96.0.1:443"}
