"""KEDA as its own manifests install it: its rights, its operator, and its metrics behind the API server."""

from __future__ import annotations

import base64
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from screenalytics.local.servers import ChildProcess
from screenalytics.local.servers.ports import LOOPBACK
from screenalytics.local.servers.probes import http_answers_ok, port_accepts
from tests.deploy.yaml_or_skip import yaml
from tests.kubernetes.control_plane import ControlPlane
from tests.kubernetes.programs import path_of, sources

MODULE = "github.com/kedacore/keda/v2"
NAMESPACE = "keda"
USER = f"system:serviceaccount:{NAMESPACE}:keda-operator"
RIGHTS = (
    "config/service_account/service_account.yaml",
    "config/rbac/role.yaml",
    "config/rbac/role_binding.yaml",
    "config/metrics-server/role.yaml",
    "config/metrics-server/role_binding.yaml",
)
START_S = 180.0


def definitions_and_rights(plane: ControlPlane) -> None:
    """KEDA's resources, and what its account may do, from its own release."""
    root = sources("keda", MODULE)
    for file in sorted((root / "config/crd/bases").glob("*.yaml")):
        plane.kubectl("apply", "--server-side", f"--filename={file}")
    plane.kubectl("wait", "--for=condition=Established", "customresourcedefinitions", "--all", "--timeout=60s")
    plane.kubectl("create", "namespace", NAMESPACE)
    for name in RIGHTS:
        plane.kubectl("apply", f"--filename={root / name}")


class _Keda(ChildProcess):
    """What both programs have: a user, whose rights are KEDA's own, and certificates under KEDA's names."""

    def __init__(self, directory: Path, plane: ControlPlane, name: str) -> None:
        super().__init__(name=name, directory=directory, log_path=directory.with_suffix(".log"))
        self.config = plane.kubeconfig("keda", USER, group="system:serviceaccounts")
        self.certificates = directory.with_name(f"{directory.name}-certificates")
        self.certificates.mkdir(parents=True, exist_ok=True)
        certificate, key = plane.authority.issue(
            "keda-server", "keda", hosts=(f"keda-metrics-apiserver.{NAMESPACE}.svc",)
        )
        shutil.copy(plane.authority.file, self.certificates / "ca.crt")
        shutil.copy(certificate, self.certificates / "tls.crt")
        shutil.copy(key, self.certificates / "tls.key")

    def environment(self) -> Mapping[str, str]:
        return {
            "KUBECONFIG": str(self.config),
            "KEDA_CLUSTER_OBJECT_NAMESPACE": NAMESPACE,
            "POD_NAMESPACE": NAMESPACE,
            "WATCH_NAMESPACE": "",
        }


class Operator(_Keda):
    """Asks Kafka for the lag, wakes Deployments and puts them to sleep, and keeps their autoscalers."""

    port_names = ("health", "metrics", "service")

    def __init__(self, directory: Path, plane: ControlPlane) -> None:
        super().__init__(directory, plane, "keda-operator")

    def command(self) -> Sequence[str]:
        return [
            str(path_of("keda-operator")),
            f"--cert-dir={self.certificates}",
            f"--ca-dir={self.certificates}",
            f"--health-probe-bind-address={LOOPBACK}:{self.ports['health']}",
            f"--metrics-bind-address={LOOPBACK}:{self.ports['metrics']}",
            f"--metrics-service-bind-address={LOOPBACK}:{self.ports['service']}",
            "--zap-log-level=debug",
        ]

    async def probe(self) -> bool:
        return await http_answers_ok(self.ports["health"], "/readyz")


class Adapter(_Keda):
    """Answers the autoscalers' questions for metrics, which reach it through the API server."""

    port_names = ("https", "metrics")

    def __init__(self, directory: Path, plane: ControlPlane, operator: Operator) -> None:
        super().__init__(directory, plane, "keda-adapter")
        self._operator = operator
        self._ca = plane.authority.file

    def command(self) -> Sequence[str]:
        return [
            str(path_of("keda-adapter")),
            f"--lister-kubeconfig={self.config}",
            f"--authentication-kubeconfig={self.config}",
            f"--authorization-kubeconfig={self.config}",
            f"--bind-address={LOOPBACK}",
            f"--secure-port={self.ports['https']}",
            f"--port={self.ports['metrics']}",
            f"--client-ca-file={self._ca}",
            f"--tls-cert-file={self.certificates / 'tls.crt'}",
            f"--tls-private-key-file={self.certificates / 'tls.key'}",
            f"--cert-dir={self.certificates}",
            f"--metrics-service-address={LOOPBACK}:{self._operator.ports['service']}",
        ]

    async def probe(self) -> bool:
        return await port_accepts(self.ports["https"])


class Webhooks(_Keda):
    """KEDA's admission: what it says of its own resources before the API server keeps them."""

    port_names = ("https", "health", "metrics")

    def __init__(self, directory: Path, plane: ControlPlane) -> None:
        super().__init__(directory, plane, "keda-webhooks")

    def command(self) -> Sequence[str]:
        return [
            str(path_of("keda-webhooks")),
            f"--cert-dir={self.certificates}",
            f"--port={self.ports['https']}",
            f"--health-probe-bind-address={LOOPBACK}:{self.ports['health']}",
            f"--metrics-bind-address={LOOPBACK}:{self.ports['metrics']}",
        ]

    async def probe(self) -> bool:
        return await http_answers_ok(self.ports["health"], "/readyz") and await port_accepts(self.ports["https"])


def ask(plane: ControlPlane, webhooks: Webhooks) -> list[str]:
    """Have the API server ask KEDA's admission, as KEDA's manifest says, and refuse what it cannot ask about.

    Returns the kinds that it asks about.
    """
    file = sources("keda", MODULE) / "config/webhooks/validation_webhooks.yaml"
    configuration = yaml.safe_load(file.read_text(encoding="utf-8"))
    for webhook in configuration["webhooks"]:
        path = webhook["clientConfig"].pop("service")["path"]
        webhook["clientConfig"]["url"] = f"https://{LOOPBACK}:{webhooks.ports['https']}{path}"
        webhook["clientConfig"]["caBundle"] = _base64(plane.authority.file)
        webhook["failurePolicy"] = "Fail"
    plane.kubectl.apply(configuration)
    return [kind for webhook in configuration["webhooks"] for rule in webhook["rules"] for kind in rule["resources"]]


def announce(plane: ControlPlane, adapter: Adapter) -> None:
    """Tell the API server where metrics are asked for: a name of this machine, as there is no network of services."""
    about = {"name": "keda-metrics-apiserver", "namespace": NAMESPACE}
    spec = {"type": "ExternalName", "externalName": "localhost"}
    plane.kubectl.apply({"apiVersion": "v1", "kind": "Service", "metadata": about, "spec": spec})
    name = "v1beta1.external.metrics.k8s.io"
    service = {
        "apiVersion": "apiregistration.k8s.io/v1",
        "kind": "APIService",
        "metadata": {"name": name},
        "spec": {
            "group": "external.metrics.k8s.io",
            "version": "v1beta1",
            "groupPriorityMinimum": 100,
            "versionPriority": 100,
            "service": {**about, "port": adapter.ports["https"]},
            "caBundle": _base64(plane.authority.file),
        },
    }
    plane.kubectl.apply(service)
    plane.kubectl("wait", "--for=condition=Available", f"apiservice/{name}", "--timeout=120s")


def _base64(file: Path) -> str:
    return base64.b64encode(file.read_bytes()).decode()
