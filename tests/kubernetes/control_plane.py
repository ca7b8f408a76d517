"""A control plane of real programs: etcd, the API server, and what decides in a cluster; on loopback, but for pods to reach.

Every user has a certificate, and requests are authorised as in a cluster (Node, RBAC). Nothing outlives this process.
"""

from __future__ import annotations

import json
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import httpx

from screenalytics.local.servers import ChildProcess
from screenalytics.local.servers.ports import LOOPBACK
from screenalytics.local.servers.probes import http_answers_ok
from tests.kubernetes.certificates import Authority
from tests.kubernetes.kubectl import Kubectl
from tests.kubernetes.programs import path_of

START_S = 180.0
SERVICES, FIRST_SERVICE = "10.96.0.0/16", "10.96.0.1"
"""Addresses of Services, and the first of them, which is the API server's own."""
CONTROL_PLANE = ("etcd", "kube-apiserver", "kubectl")
DECIDING = ("kube-controller-manager", "kube-scheduler")


class Etcd(ChildProcess):
    """Where the API server keeps everything. Does not wait for the disk: nothing of it is needed afterwards."""

    port_names = ("client", "peer")

    def __init__(self, directory: Path) -> None:
        super().__init__(name="etcd", directory=directory, log_path=directory.with_suffix(".log"))

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.ports['client']}"

    def command(self) -> Sequence[str]:
        peer = f"http://{LOOPBACK}:{self.ports['peer']}"
        return [
            str(path_of("etcd")),
            f"--data-dir={self.directory / 'data'}",
            f"--listen-client-urls={self.url}",
            f"--advertise-client-urls={self.url}",
            f"--listen-peer-urls={peer}",
            f"--initial-advertise-peer-urls={peer}",
            f"--initial-cluster=default={peer}",
            "--unsafe-no-fsync",
        ]

    async def probe(self) -> bool:
        return await http_answers_ok(self.ports["client"], "/health")


class ApiServer(ChildProcess):
    """The real API server, with the admission that is on by default and quotas of nobody."""

    port_names = ("https",)

    def __init__(self, directory: Path, etcd: Etcd, authority: Authority, address: str) -> None:
        super().__init__(name="kube-apiserver", directory=directory, log_path=directory.with_suffix(".log"))
        self._etcd = etcd
        self._authority = authority
        self._address = address
        hosts = ("kubernetes.default.svc", FIRST_SERVICE, address)
        self._server = authority.issue("apiserver", "kube-apiserver", hosts=hosts)
        self._accounts = authority.issue("accounts", "service-accounts")
        self._kubelets = authority.issue("kubelets", "apiserver-to-kubelets", group="system:masters")
        self._aggregator = authority.issue("aggregator", "aggregator")

    @property
    def url(self) -> str:
        return f"https://{self._address}:{self.ports['https']}"

    @property
    def accounts_key(self) -> Path:
        """What tokens of service accounts are signed with."""
        return self._accounts[1]

    def command(self) -> Sequence[str]:
        ca = self._authority.file
        return [
            str(path_of("kube-apiserver")),
            f"--etcd-servers={self._etcd.url}",
            f"--bind-address={self._address}",
            f"--advertise-address={self._address}",
            # Pods cannot reach loopback, and a Service may not lead there.
            f"--endpoint-reconciler-type={'none' if self._address == LOOPBACK else 'lease'}",
            f"--secure-port={self.ports['https']}",
            f"--cert-dir={self.directory}",
            f"--tls-cert-file={self._server[0]}",
            f"--tls-private-key-file={self._server[1]}",
            f"--client-ca-file={ca}",
            "--authorization-mode=Node,RBAC",
            "--enable-admission-plugins=NodeRestriction",
            "--allow-privileged=true",
            f"--service-cluster-ip-range={SERVICES}",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-signing-key-file={self._accounts[1]}",
            f"--service-account-key-file={self._accounts[0]}",
            f"--kubelet-certificate-authority={ca}",
            "--kubelet-preferred-address-types=InternalIP",
            f"--kubelet-client-certificate={self._kubelets[0]}",
            f"--kubelet-client-key={self._kubelets[1]}",
            f"--requestheader-client-ca-file={ca}",
            "--requestheader-allowed-names=aggregator",
            "--requestheader-extra-headers-prefix=X-Remote-Extra-",
            "--requestheader-group-headers=X-Remote-Group",
            "--requestheader-username-headers=X-Remote-User",
            f"--proxy-client-cert-file={self._aggregator[0]}",
            f"--proxy-client-key-file={self._aggregator[1]}",
        ]

    async def probe(self) -> bool:
        context = ssl.create_default_context(cafile=str(self._authority.file))
        try:
            async with httpx.AsyncClient(verify=context, timeout=2) as client:
                return (await client.get(f"{self.url}/readyz")).status_code == 200
        except httpx.HTTPError:
            return False


class Controllers(ChildProcess):
    """The controller manager: Deployments, Jobs, disruption budgets, autoscalers."""

    port_names = ("https",)

    def __init__(self, directory: Path, plane: ControlPlane) -> None:
        super().__init__(name="kube-controller-manager", directory=directory, log_path=directory.with_suffix(".log"))
        self._plane = plane

    def command(self) -> Sequence[str]:
        config = self._plane.kubeconfig("controllers", "system:kube-controller-manager")
        return [
            str(path_of("kube-controller-manager")),
            f"--kubeconfig={config}",
            f"--authentication-kubeconfig={config}",
            f"--authorization-kubeconfig={config}",
            f"--bind-address={LOOPBACK}",
            f"--secure-port={self.ports['https']}",
            f"--cert-dir={self.directory}",
            f"--root-ca-file={self._plane.authority.file}",
            f"--service-account-private-key-file={self._plane.api.accounts_key}",
            "--use-service-account-credentials=true",
            "--leader-elect=false",
        ]

    async def probe(self) -> bool:
        return await _healthy(self.ports["https"])


class Scheduler(ChildProcess):
    """The scheduler with its default profile."""

    port_names = ("https",)

    def __init__(self, directory: Path, plane: ControlPlane) -> None:
        super().__init__(name="kube-scheduler", directory=directory, log_path=directory.with_suffix(".log"))
        self._plane = plane

    def command(self) -> Sequence[str]:
        config = self._plane.kubeconfig("scheduler", "system:kube-scheduler")
        return [
            str(path_of("kube-scheduler")),
            f"--kubeconfig={config}",
            f"--authentication-kubeconfig={config}",
            f"--authorization-kubeconfig={config}",
            f"--bind-address={LOOPBACK}",
            f"--secure-port={self.ports['https']}",
            f"--cert-dir={self.directory}",
            "--leader-elect=false",
        ]

    async def probe(self) -> bool:
        return await _healthy(self.ports["https"])


async def _healthy(port: int) -> bool:
    """Whether a program with a certificate of its own says that it is well; nobody sends it a secret."""
    try:
        async with httpx.AsyncClient(verify=False, timeout=2) as client:
            return (await client.get(f"https://{LOOPBACK}:{port}/healthz")).status_code == 200
    except httpx.HTTPError:
        return False


class ControlPlane:
    """What runs, and how its users reach it. `work` is empty at first; the API server listens at `address`."""

    def __init__(self, work: Path, address: str = LOOPBACK) -> None:
        self.work = work
        self.authority = Authority(work / "certificates")
        self.etcd = Etcd(work / "etcd")
        self.api = ApiServer(work / "apiserver", self.etcd, self.authority, address)

    @property
    def kubectl(self) -> Kubectl:
        """As an administrator."""
        return Kubectl(self.kubeconfig("admin", "admin", group="system:masters"), self.work / "commands.log")

    def kubeconfig(self, file: str, user: str, *, group: str | None = None) -> Path:
        """A file with which `user` reaches the API server, by a certificate of its own."""
        path = self.work / f"{file}.kubeconfig"
        if not path.exists():
            certificate, key = self.authority.issue(file, user, group=group)
            path.write_text(json.dumps(self._config(user, certificate, key)))
        return path

    def _config(self, user: str, certificate: Path, key: Path) -> dict[str, object]:
        cluster = {"server": self.api.url, "certificate-authority": str(self.authority.file)}
        return {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "proof", "cluster": cluster}],
            "users": [{"name": user, "user": {"client-certificate": str(certificate), "client-key": str(key)}}],
            "contexts": [{"name": "proof", "context": {"cluster": "proof", "user": user}}],
            "current-context": "proof",
        }


@asynccontextmanager
async def control_plane(
    work: Path, children: Sequence[Callable[[Path, ControlPlane], ChildProcess]], address: str = LOOPBACK
) -> AsyncIterator[ControlPlane]:
    """etcd and an API server in `work`, and `children` beside them, each made with a folder of its own."""
    async with AsyncExitStack() as stack:
        plane = ControlPlane(work, address)
        for child in (plane.etcd, plane.api):
            await child.run(START_S)
            stack.push_async_callback(child.stop)
        for make in children:
            beside = make(work / make.__name__.lower(), plane)
            await beside.run(START_S)
            stack.push_async_callback(beside.stop)
        yield plane
