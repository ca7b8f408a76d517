"""A real kubelet and what it works with: containerd, the network between pods, and addresses of Services.

All of it runs in a machine of its own (`tests.kubernetes.own_machine`).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from screenalytics.local.servers import ChildProcess
from screenalytics.local.servers.ports import LOOPBACK
from screenalytics.local.servers.probes import http_answers_ok
from tests.containers.engine import run
from tests.kubernetes.control_plane import SERVICES, ControlPlane
from tests.kubernetes.own_machine import ADDRESS, BRIDGE, CNI_PLUGINS, PODS
from tests.kubernetes.programs import path_of

NODE = "here"
IMAGES = "k8s.io"
"""The namespace of containerd that kubelets use."""
DNS_ADDRESS, DOMAIN = "10.96.0.10", "cluster.local"
START_S = 120.0


class Containerd(ChildProcess):
    """Debian's containerd, with files of its own."""

    stop_grace_seconds = 20.0

    def __init__(self, directory: Path, pause: str) -> None:
        """`pause` is the image that holds a pod's namespaces."""
        super().__init__(name="containerd", directory=directory, log_path=directory.with_suffix(".log"))
        self._pause = pause

    @property
    def socket(self) -> Path:
        return Path("/run/containerd-proof.sock")

    def command(self) -> Sequence[str]:
        network = self.directory / "network"
        network.mkdir(exist_ok=True)
        (network / "10-bridge.conflist").write_text(json.dumps(_BRIDGE))
        file = self.directory / "containerd.toml"
        file.write_text(
            _CONTAINERD.format(
                folder=self.directory, socket=self.socket, pause=self._pause, plugins=CNI_PLUGINS, network=network
            )
        )
        return ["/usr/bin/containerd", f"--config={file}"]

    async def probe(self) -> bool:
        return self.socket.exists()

    def take_images(self, archive: Path) -> None:
        """Make the images of an archive known to kubelets."""
        run("ctr", f"--address={self.socket}", f"--namespace={IMAGES}", "images", "import", str(archive), within_s=1200)


_CONTAINERD = """version = 2
root = "{folder}/root"
state = "/run/containerd-proof"
[grpc]
  address = "{socket}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{pause}"
  # Root of a sandbox may lack CAP_SYS_RESOURCE, with which alone a process is kept from being killed first.
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "{plugins}"
    conf_dir = "{network}"
"""
_BRIDGE = {
    "cniVersion": "1.0.0",
    "name": "proof",
    "plugins": [
        {
            "type": "bridge",
            "bridge": BRIDGE,
            "isGateway": True,
            "hairpinMode": True,
            "ipam": {"type": "host-local", "ranges": [[{"subnet": PODS}]], "routes": [{"dst": "0.0.0.0/0"}]},
        },
    ],
}


class Kubelet(ChildProcess):
    """The kubelet of this machine, with the rights of a node."""

    port_names = ("health", "https")

    def __init__(self, directory: Path, plane: ControlPlane, containerd: Containerd) -> None:
        super().__init__(name="kubelet", directory=directory, log_path=directory.with_suffix(".log"))
        self._plane = plane
        self._containerd = containerd

    def command(self) -> Sequence[str]:
        certificate, key = self._plane.authority.issue("kubelet-server", NODE, hosts=(NODE, ADDRESS))
        config = {
            "apiVersion": "kubelet.config.k8s.io/v1beta1",
            "kind": "KubeletConfiguration",
            "address": ADDRESS,
            "port": self.ports["https"],
            "healthzBindAddress": LOOPBACK,
            "healthzPort": self.ports["health"],
            "authentication": {
                "anonymous": {"enabled": False},
                "webhook": {"enabled": True},
                "x509": {"clientCAFile": str(self._plane.authority.file)},
            },
            "authorization": {"mode": "Webhook"},
            "tlsCertFile": str(certificate),
            "tlsPrivateKeyFile": str(key),
            "containerRuntimeEndpoint": f"unix://{self._containerd.socket}",
            "cgroupDriver": "cgroupfs",
            "failSwapOn": False,
            "clusterDNS": [DNS_ADDRESS],
            "clusterDomain": DOMAIN,
            # A disk that others have filled is no reason to put pods out.
            "evictionHard": {"memory.available": "100Mi", "nodefs.available": "1Gi", "imagefs.available": "1Gi"},
            "imageGCHighThresholdPercent": 100,
        }
        file = self.directory / "kubelet.json"
        file.write_text(json.dumps(config))
        return [
            str(path_of("kubelet")),
            f"--config={file}",
            f"--kubeconfig={self._plane.kubeconfig('kubelet', f'system:node:{NODE}', group='system:nodes')}",
            f"--hostname-override={NODE}",
            f"--node-ip={ADDRESS}",
            f"--node-labels=topology.kubernetes.io/zone={NODE}",
        ]

    async def probe(self) -> bool:
        return await http_answers_ok(self.ports["health"], "/healthz")


class Proxy(ChildProcess):
    """kube-proxy: addresses of Services lead to their pods."""

    port_names = ("health", "metrics")

    def __init__(self, directory: Path, plane: ControlPlane) -> None:
        super().__init__(name="kube-proxy", directory=directory, log_path=directory.with_suffix(".log"))
        self._plane = plane

    def command(self) -> Sequence[str]:
        kubeconfig = self._plane.kubeconfig("proxy", "system:kube-proxy")
        config = {
            "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
            "kind": "KubeProxyConfiguration",
            "mode": "iptables",
            "hostnameOverride": NODE,
            "clusterCIDR": PODS,
            "clientConnection": {"kubeconfig": str(kubeconfig)},
            "healthzBindAddress": f"{LOOPBACK}:{self.ports['health']}",
            "metricsBindAddress": f"{LOOPBACK}:{self.ports['metrics']}",
            # The number of connections is the whole kernel's.
            "conntrack": {"maxPerCore": 0, "tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s"},
        }
        file = self.directory / "proxy.json"
        file.write_text(json.dumps(config))
        return [str(path_of("kube-proxy")), f"--config={file}"]

    async def probe(self) -> bool:
        return await http_answers_ok(self.ports["health"], "/livez")


class Policies(ChildProcess):
    """kube-router, of which only what enforces network policies is switched on."""

    port_names = ("health",)

    def __init__(self, directory: Path, plane: ControlPlane) -> None:
        super().__init__(name="kube-router", directory=directory, log_path=directory.with_suffix(".log"))
        self._plane = plane

    def command(self) -> Sequence[str]:
        return [
            str(path_of("kube-router")),
            f"--kubeconfig={self._plane.kubeconfig('kube-router', 'kube-router', group='system:masters')}",
            f"--hostname-override={NODE}",
            "--run-firewall=true",
            "--run-router=false",
            "--run-service-proxy=false",
            "--run-loadbalancer=false",
            "--enable-cni=false",
            f"--service-cluster-ip-range={SERVICES}",
            f"--health-port={self.ports['health']}",
            "--iptables-sync-period=1m",
        ]

    async def probe(self) -> bool:
        return await http_answers_ok(self.ports["health"], "/healthz")
