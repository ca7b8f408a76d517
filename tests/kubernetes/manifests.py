"""Every manifest as a real API server and kubectl see it. Nothing runs; nothing has to."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator

from tests.deploy.kustomize import build, identity, pod_template
from tests.deploy.yaml_or_skip import yaml
from tests.kubernetes.control_plane import ControlPlane
from tests.kubernetes.kubectl import Refused, Resource
from tests.kubernetes.programs import sources
from tests.support.containers import ROOT

K8S = ROOT / "deploy" / "k8s"
OVERLAYS = ("local", "gpu", "production")
NAMESPACE = "screenalytics"
CLOSED = "closed"
"""A namespace that admits what Kubernetes calls restricted, and nothing more."""
CUSTOM = (
    ("keda", "github.com/kedacore/keda/v2", "config/crd/bases", ("keda.sh_",)),
    (
        "crds",
        "github.com/prometheus-operator/prometheus-operator",
        "example/prometheus-operator-crd",
        ("monitoring.coreos.com_servicemonitors", "monitoring.coreos.com_prometheusrules"),
    ),
)

Change = Callable[[Resource], None]


def kubectl_reads_overlays_as_the_tests_do(plane: ControlPlane) -> str:
    """The tests of the manifests stand on a reading of our own; this is what it was written after."""
    counts = []
    for folder in (*(K8S / "overlays" / name for name in OVERLAYS), K8S / "tools"):
        theirs = {identity(one): one for one in yaml.safe_load_all(plane.kubectl("kustomize", str(folder)))}
        ours = {identity(one): one for one in build(folder)}
        assert ours == theirs, f"{folder.name}: {[key for key in ours | theirs if ours.get(key) != theirs.get(key)]}"
        counts.append(f"{folder.name} {len(ours)}")
    return f"the same objects: {', '.join(counts)}"


def custom_resources(plane: ControlPlane) -> str:
    """KEDA's and the Prometheus operator's own definitions of what the overlays use."""
    names = []
    for module, source, folder, prefixes in CUSTOM:
        for file in sorted((sources(module, source) / folder).glob("*.yaml")):
            if file.name.startswith(prefixes):
                plane.kubectl("apply", "--server-side", f"--filename={file}")
                names.append(yaml.safe_load(file.read_text())["metadata"]["name"])
    for name in names:
        plane.kubectl("wait", "--for=condition=Established", f"customresourcedefinition/{name}", "--timeout=60s")
    return ", ".join(name.partition(".")[0] for name in names)


def namespaces(plane: ControlPlane) -> None:
    """The namespace of the local overlay, one that admits only what is restricted, and the accounts of their pods.

    Without controllers nobody makes the account `default`.
    """
    (ours,) = [one for one in build(K8S / "overlays" / "local") if one["kind"] == "Namespace"]
    closed = copy.deepcopy(ours)
    closed["metadata"] = {"name": CLOSED, "labels": {"pod-security.kubernetes.io/enforce": "restricted"}}
    for namespace in (ours, closed):
        plane.kubectl.apply(namespace)
        for account in ("default", "screenalytics"):
            about = {"name": account, "namespace": namespace["metadata"]["name"]}
            plane.kubectl.apply({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": about})


def the_server_takes_every_overlay(plane: ControlPlane) -> str:
    """`kubectl apply --dry-run=server`: all defaulting, validation and admission, and nothing kept."""
    namespaces(plane)
    seen = []
    for name in OVERLAYS:
        said = plane.kubectl("apply", "--dry-run=server", "--validate=strict", "-k", str(K8S / "overlays" / name))
        taken = [line for line in said.splitlines() if line.endswith("(server dry run)")]
        assert len(taken) == len(build(K8S / "overlays" / name)), said
        seen.append(f"{name} {len(taken)}")
    plane.kubectl("apply", "--dry-run=server", "--validate=strict", "-k", str(K8S / "tools"))
    return f"{', '.join(seen)}, tools 1"


def pods(resources: list[Resource]) -> Iterator[Resource]:
    """A Pod of every workload, as its controller would ask for it."""
    for one in resources:
        template = pod_template(one)
        if template and one["kind"] != "Pod":
            spec = {"restartPolicy": "Always", **copy.deepcopy(template["spec"])}
            about = {
                "name": f"{one['kind'].lower()}-{one['metadata']['name']}",
                "labels": template["metadata"]["labels"],
            }
            claims = one["spec"].get("volumeClaimTemplates", ())
            volumes = [{"name": claim["metadata"]["name"], "emptyDir": {}} for claim in claims]
            spec["volumes"] = [*spec.get("volumes", ()), *volumes]
            yield {"apiVersion": "v1", "kind": "Pod", "metadata": about, "spec": spec}


def every_pod_is_admitted(plane: ControlPlane) -> str:
    """A refused pod shows in no Deployment's validation: the controller would ask in vain for ever."""
    restricted: set[str] = set()
    baseline: set[str] = set()
    for overlay in OVERLAYS:
        for pod in pods(build(K8S / "overlays" / overlay)):
            name = pod["metadata"]["name"]
            servers = "screenalytics" not in pod["spec"].get("serviceAccountName", "")
            pod["metadata"]["namespace"] = NAMESPACE if servers else CLOSED
            plane.kubectl("create", "--dry-run=server", "--validate=strict", "--filename=-", given=pod)
            (baseline if servers else restricted).add(name)
    return f"restricted: {len(restricted)} kinds of pods; baseline: {', '.join(sorted(baseline))}"


def applied_twice_nothing_changes(plane: ControlPlane) -> str:
    """What defaulting and conversion add must not look like a change, or every deployment rolls every pod.

    kubectl says `configured` of everything that it sends; what counts is whether the server had anything to write.
    """
    seen = []
    for name in ("local", "gpu"):
        folder = str(K8S / "overlays" / name)
        plane.kubectl("apply", "-k", folder)
        before = versions(plane, folder)
        plane.kubectl("apply", "-k", folder)
        after = versions(plane, folder)
        assert after == before, [key for key in before if after[key] != before[key]]
        plane.kubectl("diff", "-k", folder)
        plane.kubectl("delete", "job", "--all", f"--namespace={NAMESPACE}")
        seen.append(f"{name} {len(after)}")
    return f"nothing is written and nothing differs: {', '.join(seen)}"


def versions(plane: ControlPlane, folder: str) -> dict[tuple[str, str], str]:
    """The version of every object of an overlay, as the server has it: another one after every write."""
    return {identity(one): one["metadata"]["resourceVersion"] for one in plane.kubectl.items("-k", folder)}


def documented_commands(plane: ControlPlane) -> str:
    """Of an upgrade, a restore and a rotation in docs/operations.md."""
    readers = "app.kubernetes.io/name notin (ingest, detector)"
    production = str(K8S / "overlays" / "production")
    first = plane.kubectl("apply", "-k", production, "-l", readers).splitlines()
    assert not [line for line in first if line.startswith(("deployment.apps/ingest", "deployment.apps/detector"))], (
        first
    )
    assert [line for line in first if line.startswith("deployment.apps/embedder")], first
    plane.kubectl("apply", "-k", production)
    in_namespace = f"--namespace={NAMESPACE}"
    plane.kubectl(in_namespace, "delete", "job", "setup-topics", "setup-indexes", "--ignore-not-found")
    plane.kubectl(in_namespace, "scale", "deployment", "--all", "--replicas=0")
    plane.kubectl(in_namespace, "rollout", "restart", "deployment")
    plane.kubectl("apply", "-k", str(K8S / "tools"))
    plane.kubectl("delete", "--now", "-k", str(K8S / "tools"))
    return "upgrade, restore, rotation, tools"


def misspelt(resource: Resource) -> None:
    spec = pod_template(resource)["spec"]["containers"][0]
    spec["readinesProbe"] = spec.pop("readinessProbe")


def with_an_unknown_field(resource: Resource) -> None:
    resource["spec"]["pollInterval"] = resource["spec"].pop("pollingInterval")


def as_root(resource: Resource) -> None:
    resource["spec"]["securityContext"]["runAsNonRoot"] = False


def beyond_its_limit(resource: Resource) -> None:
    resource["spec"]["template"]["spec"]["containers"][0]["resources"]["requests"]["memory"] = "64Gi"


def with_no_network(resource: Resource) -> None:
    resource["spec"]["egress"].append({"to": [{"ipBlock": {"cidr": "300.0.0.0/8"}}]})


def what_is_wrong_is_refused(plane: ControlPlane) -> str:
    """Without this, the steps above could be right about anything."""
    overlay = build(K8S / "overlays" / "gpu")
    detector = next(pod for pod in pods(overlay) if pod["metadata"]["name"] == "deployment-detector")
    detector["metadata"]["namespace"] = CLOSED
    found = {identity(one): one for one in overlay}
    cases: tuple[tuple[Resource, Change, str], ...] = (
        (found["Deployment", "detector"], misspelt, "unknown field"),
        (found["ScaledObject", "detector"], with_an_unknown_field, "unknown field"),
        (found["Deployment", "detector"], beyond_its_limit, "must be less than or equal to memory limit"),
        (found["NetworkPolicy", "services"], with_no_network, "ipBlock"),
        (detector, as_root, "violates PodSecurity"),
    )
    for resource, change, expected in cases:
        wrong = copy.deepcopy(resource)
        change(wrong)
        said = refusal(plane, wrong)
        assert expected in said, f"{change.__name__}: {said or 'taken'}"
    return ", ".join(change.__name__.replace("_", " ") for _, change, _ in cases)


def refusal(plane: ControlPlane, resource: Resource) -> str:
    """What the API server says against a resource; empty when it takes it."""
    try:
        plane.kubectl("apply", "--dry-run=server", "--validate=strict", "--filename=-", given=resource)
    except Refused as refused:
        return str(refused)
    return ""


STEPS = (
    ("kubectl and the overlays", kubectl_reads_overlays_as_the_tests_do),
    ("KEDA's and Prometheus' resources", custom_resources),
    ("the API server takes all", the_server_takes_every_overlay),
    ("every pod is admitted", every_pod_is_admitted),
    ("what is wrong is refused", what_is_wrong_is_refused),
    ("applied twice", applied_twice_nothing_changes),
    ("documented commands", documented_commands),
)
