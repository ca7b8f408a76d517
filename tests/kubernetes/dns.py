"""CoreDNS in a pod, as clusters have it: the names of Services, and nobody else's."""

from __future__ import annotations

from tests.kubernetes.images import DNS
from tests.kubernetes.kubectl import Resource
from tests.kubernetes.kubelet import DNS_ADDRESS, DOMAIN

NAMESPACE = "kube-system"
LABELS = {"k8s-app": "kube-dns"}
NAME = "coredns"
COREFILE = f""".:53 {{
    errors
    health :8080
    ready :8181
    kubernetes {DOMAIN} in-addr.arpa
    cache 5
}}
"""


def resources() -> list[Resource]:
    """Its rights, its configuration, its pod and its Service, at the address that kubelets tell pods."""
    about = {"name": NAME, "namespace": NAMESPACE}
    rights = [
        {"apiGroups": [""], "resources": ["services", "pods", "namespaces"], "verbs": ["list", "watch"]},
        {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": ["list", "watch"]},
    ]
    rbac = "rbac.authorization.k8s.io"
    return [
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": about},
        {"apiVersion": f"{rbac}/v1", "kind": "ClusterRole", "metadata": {"name": NAME}, "rules": rights},
        {
            "apiVersion": f"{rbac}/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": NAME},
            "roleRef": {"apiGroup": rbac, "kind": "ClusterRole", "name": NAME},
            "subjects": [{"kind": "ServiceAccount", **about}],
        },
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": about, "data": {"Corefile": COREFILE}},
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": about, "spec": _deployment()},
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "kube-dns", "namespace": NAMESPACE},
            "spec": _service(),
        },
    ]


def _deployment() -> Resource:
    container = {
        "name": NAME,
        "image": DNS,
        "args": ["-conf", "/etc/coredns/Corefile"],
        "readinessProbe": {"httpGet": {"path": "/ready", "port": 8181}, "periodSeconds": 2},
        "volumeMounts": [{"name": "config", "mountPath": "/etc/coredns", "readOnly": True}],
    }
    volumes = [{"name": "config", "configMap": {"name": NAME}}]
    pod = {"serviceAccountName": NAME, "dnsPolicy": "Default", "containers": [container], "volumes": volumes}
    return {"selector": {"matchLabels": LABELS}, "template": {"metadata": {"labels": LABELS}, "spec": pod}}


def _service() -> Resource:
    ports = [{"name": kind, "port": 53, "protocol": kind.upper()} for kind in ("udp", "tcp")]
    return {"clusterIP": DNS_ADDRESS, "selector": LABELS, "ports": ports}
