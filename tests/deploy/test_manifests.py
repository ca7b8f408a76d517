"""The Kubernetes manifests: valid, complete in themselves, and about the code that is there."""

from __future__ import annotations

import copy
import json
import math
from collections.abc import Iterator
from ipaddress import ip_network
from typing import Any

import pytest

from chassis.http.application import check_exposure
from chassis.settings import DecodingLimits
from contracts.events import SERVICES, STAGES
from contracts.topics import TOPICS
from screenalytics import console_files
from screenalytics.commands.topics import access_of
from screenalytics.service_registry import OWNERS, routers_of
from tests.deploy.checks import (
    PREFIX,
    ROOT,
    assert_fits,
    command_parses,
    internal_paths,
    is_setting,
    settings_from,
)
from tests.deploy.kustomize import Resource, build, identity, load_documents, pod_template

K8S = ROOT / "deploy" / "k8s"
EXAMPLE_SECRETS = K8S / "example-secrets" / "secrets.yaml"
OVERLAYS = ("local", "gpu", "production")
CUSTOM = {"ScaledObject", "TriggerAuthentication", "ServiceMonitor", "PrometheusRule"}
OLDEST_KUBERNETES = "1.31"
SERVED = (*SERVICES, "console")
TLS_ISSUED_IN_THE_CLUSTER = "screenalytics-tls"
SLOWEST_START_S = 300
"""From no worker to one that works: a node that has to be made, an image of a gigabyte, the models' contract."""
LARGE_FLEET = 940
"""The detectors that docs/operations.md counts for 100,000 episodes a day."""


@pytest.fixture(params=OVERLAYS)
def resources(request: pytest.FixtureRequest) -> list[Resource]:
    return build(K8S / "overlays" / request.param)


def of_kind(resources: list[Resource], *kinds: str) -> list[Resource]:
    return [resource for resource in resources if resource["kind"] in kinds]


def named(resources: list[Resource], kind: str, name: str) -> Resource:
    (found,) = [resource for resource in resources if identity(resource) == (kind, name)]
    return found


def workloads(resources: list[Resource]) -> list[Resource]:
    return of_kind(resources, "Deployment", "StatefulSet", "Job", "CronJob")


def ours(resources: list[Resource]) -> list[Resource]:
    """Workloads that run the services' image."""
    return [
        entry for entry in workloads(resources) if container(entry)["image"].split(":")[0].endswith("screenalytics")
    ]


def container(workload: Resource) -> Resource:
    (only,) = pod_template(workload)["spec"]["containers"]
    result: Resource = only
    return result


def environment(resources: list[Resource], workload: Resource) -> dict[str, str]:
    """What a container of ours finds in its environment, with the example secrets."""
    secrets = {entry["metadata"]["name"]: entry["stringData"] for entry in load_documents(EXAMPLE_SECRETS)}
    found: dict[str, str] = {}
    for source in container(workload).get("envFrom", ()):
        if "configMapRef" in source:
            found |= named(resources, "ConfigMap", source["configMapRef"]["name"])["data"]
        else:
            found |= secrets[source["secretRef"]["name"]]
    return found | {entry["name"]: entry["value"] for entry in container(workload).get("env", ())}


def secret_references(value: Any) -> Iterator[tuple[str, str | None]]:
    """Name and, where one is asked for, key of every secret that a manifest names."""
    if isinstance(value, list):
        for entry in value:
            yield from secret_references(entry)
    elif isinstance(value, dict):
        if "secretName" in value:
            yield value["secretName"], None
        for key in ("secretRef", "secretKeyRef"):
            if key in value:
                yield value[key]["name"], value[key].get("key")
        if "parameter" in value and "key" in value:
            yield value["name"], value["key"]
        for entry in value.values():
            yield from secret_references(entry)


def test_every_resource_fits_the_schema_of_its_kind(resources: list[Resource]) -> None:
    kubernetes_validate = pytest.importorskip("kubernetes_validate", reason="kubernetes-validate is not installed")
    for resource in resources:
        if resource["kind"] in CUSTOM:
            assert_fits(resource, resource["kind"].lower())
        else:
            kubernetes_validate.validate(resource, OLDEST_KUBERNETES, strict=True)


def test_a_misspelt_field_is_found() -> None:
    kubernetes_validate = pytest.importorskip("kubernetes_validate", reason="kubernetes-validate is not installed")
    wrong = copy.deepcopy(named(build(K8S / "overlays" / "local"), "Deployment", "detector"))
    container(wrong)["readinesProbe"] = container(wrong).pop("readinessProbe")
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, OLDEST_KUBERNETES, strict=True)


def test_every_service_of_the_code_is_deployed(resources: list[Resource]) -> None:
    served = [container(entry)["args"] for entry in of_kind(ours(resources), "Deployment")]
    assert sorted(served) == sorted(["serve", service] for service in SERVED)


def test_every_command_exists(resources: list[Resource]) -> None:
    assert [container(entry)["args"] for entry in ours(resources) if not command_parses(container(entry)["args"])] == []


def test_every_variable_is_a_setting_and_every_value_fits_it(
    resources: list[Resource], monkeypatch: pytest.MonkeyPatch
) -> None:
    for workload in ours(resources):
        variables = environment(resources, workload)
        assert [name for name in variables if not (name.startswith(PREFIX) and is_setting(name))] == []
        service = next((name for name in SERVICES if container(workload)["args"] == ["serve", name]), "ingest")
        settings = settings_from(variables, service, monkeypatch)
        assert settings.kafka.bootstrap_servers == variables["SCREENALYTICS_KAFKA__BOOTSTRAP_SERVERS"]


def test_services_are_stopped_later_than_their_grace_period(resources: list[Resource]) -> None:
    for name in SERVICES:
        workload = named(resources, "Deployment", name)
        grace = float(environment(resources, workload)["SCREENALYTICS_SHUTDOWN_GRACE_S"])
        assert workload["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] >= grace + 10, identity(workload)


def test_probes_ask_paths_and_ports_that_answer(resources: list[Resource]) -> None:
    for workload in of_kind(ours(resources), "Deployment"):
        (port,) = container(workload)["ports"]
        assert str(port["containerPort"]) == environment(resources, workload)["SCREENALYTICS_HTTP__PORT"]
        for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
            request = container(workload)[probe]["httpGet"]
            assert request["port"] == port["name"]
            assert request["path"] in internal_paths()
        assert container(workload)["livenessProbe"]["httpGet"]["path"] == "/internal/alive"
        assert container(workload)["readinessProbe"]["httpGet"]["path"] == "/internal/ready"


def test_every_secret_named_is_declared_and_every_declared_one_is_used() -> None:
    declared = {entry["metadata"]["name"]: set(entry["stringData"]) for entry in load_documents(EXAMPLE_SECRETS)}
    used: set[str] = set()
    for overlay in OVERLAYS:
        for name, key in secret_references(build(K8S / "overlays" / overlay)):
            if name == TLS_ISSUED_IN_THE_CLUSTER:
                continue
            assert name in declared, name
            assert key is None or key in declared[name], f"{name}/{key}"
            used.add(name)
    for name, _ in secret_references(build(K8S / "tools")):
        used.add(name)
    assert used == set(declared)


def test_only_the_local_overlay_holds_secrets() -> None:
    assert {overlay for overlay in OVERLAYS if of_kind(build(K8S / "overlays" / overlay), "Secret")} == {"local"}


def test_selectors_and_targets_find_something(resources: list[Resource]) -> None:
    labels = [pod_template(entry)["metadata"]["labels"] for entry in workloads(resources)]

    def selected(wanted: dict[str, str]) -> bool:
        return any(wanted.items() <= found.items() for found in labels)

    for workload in of_kind(resources, "Deployment", "StatefulSet"):
        assert (
            workload["spec"]["selector"]["matchLabels"].items()
            <= workload["spec"]["template"]["metadata"]["labels"].items()
        )
    for service in of_kind(resources, "Service"):
        assert selected(service["spec"]["selector"]), identity(service)
    for budget in of_kind(resources, "PodDisruptionBudget"):
        assert selected(budget["spec"]["selector"]["matchLabels"]), identity(budget)
    for policy in of_kind(resources, "NetworkPolicy"):
        assert selected(policy["spec"]["podSelector"]["matchLabels"]), identity(policy)
    for monitor in of_kind(resources, "ServiceMonitor"):
        wanted = monitor["spec"]["selector"]["matchLabels"].items()
        chosen = [entry for entry in of_kind(resources, "Service") if wanted <= entry["metadata"]["labels"].items()]
        assert chosen
        for service in chosen:
            names = {port["name"] for port in service["spec"]["ports"]}
            assert {endpoint["port"] for endpoint in monitor["spec"]["endpoints"]} <= names


def test_every_deployment_of_ours_has_exactly_one_scaler_where_keda_is_used() -> None:
    for overlay in ("gpu", "production"):
        resources = build(K8S / "overlays" / overlay)
        scalers = of_kind(resources, "HorizontalPodAutoscaler", "ScaledObject")
        targets = [entry["spec"]["scaleTargetRef"]["name"] for entry in scalers]
        assert sorted(targets) == sorted(SERVED)
        assert [
            identity(entry) for entry in of_kind(ours(resources), "Deployment") if "replicas" in entry["spec"]
        ] == []


def test_ingress_paths_lead_to_ports_that_exist(resources: list[Resource]) -> None:
    (ingress,) = of_kind(resources, "Ingress")
    paths = [path for rule in ingress["spec"]["rules"] for path in rule["http"]["paths"]]
    assert paths
    for path in paths:
        backend = path["backend"]["service"]
        ports = named(resources, "Service", backend["name"])["spec"]["ports"]
        assert backend["port"]["name"] in {port["name"] for port in ports}
        assert not leads_to(path, "/internal/alive")


def test_every_path_of_the_api_leads_to_the_service_that_owns_it(resources: list[Resource]) -> None:
    (ingress,) = of_kind(resources, "Ingress")
    (rule,) = ingress["spec"]["rules"]
    owners = {path["path"]: path["backend"]["service"]["name"] for path in rule["http"]["paths"]}
    assert set(owners.values()) == {*OWNERS, "console"}
    for owner in OWNERS:
        routers = routers_of(owner)
        for path in {str(getattr(route, "path", "")) for router in routers for route in router.routes}:
            fitting = [prefix for prefix in owners if f"{path}/".startswith(f"{prefix}/")]
            assert fitting, f"no path of the Ingress leads to {path}"
            assert owners[max(fitting, key=len)] == owner, path


def test_browsers_get_the_console_at_the_root_and_nothing_more_of_it(resources: list[Resource]) -> None:
    (ingress,) = of_kind(resources, "Ingress")
    paths = [path for rule in ingress["spec"]["rules"] for path in rule["http"]["paths"]]
    console = [path for path in paths if path["backend"]["service"]["name"] == "console"]
    built = console_files.folder()
    assert built is not None
    for address in console_files.read(built):
        fitting = [path for path in console if leads_to(path, address)]
        assert len(fitting) == 1, address
    assert [path for path in console if leads_to(path, "/internal/metrics") or leads_to(path, "/episodes")] == []
    assert list(secret_references(named(resources, "Deployment", "console"))) == []


def leads_to(path: Resource, address: str) -> bool:
    """As an Ingress matches: https://kubernetes.io/docs/concepts/services-networking/ingress/#path-types."""
    if path["pathType"] == "Exact":
        return bool(path["path"] == address)
    return f"{address}/".startswith(f"{path['path'].rstrip('/')}/")


def test_the_ingress_lets_files_through_that_the_api_takes(
    resources: list[Resource], monkeypatch: pytest.MonkeyPatch
) -> None:
    (ingress,) = of_kind(resources, "Ingress")
    megabytes = int(ingress["metadata"]["annotations"]["nginx.ingress.kubernetes.io/proxy-body-size"].removesuffix("m"))
    for owner in OWNERS:
        workload = named(resources, "Deployment", owner)
        settings = settings_from(environment(resources, workload), owner, monkeypatch)
        assert megabytes * 2**20 == settings.api.max_upload_bytes
        check_exposure(settings)


def test_callers_behind_the_ingress_are_told_apart(resources: list[Resource], monkeypatch: pytest.MonkeyPatch) -> None:
    for owner in OWNERS:
        variables = environment(resources, named(resources, "Deployment", owner))
        proxies = settings_from(variables, owner, monkeypatch).http.trusted_proxies
        assert proxies
        assert [proxy for proxy in proxies if ip_network(proxy).is_global] == []


def test_the_pod_for_tools_is_as_closed_as_the_services() -> None:
    kubernetes_validate = pytest.importorskip("kubernetes_validate", reason="kubernetes-validate is not installed")
    (pod,) = build(K8S / "tools")
    kubernetes_validate.validate(pod, OLDEST_KUBERNETES, strict=True)
    (only,) = pod["spec"]["containers"]
    service = named(build(K8S / "overlays" / "local"), "Deployment", "ingest")
    assert only["securityContext"] == container(service)["securityContext"]
    assert "screenalytics-mongo-tools" in {name for name, _ in secret_references(pod)}


def test_nodes_are_not_emptied_under_a_segment(resources: list[Resource]) -> None:
    for name in ("detector", "embedder"):
        pod = named(resources, "Deployment", name)["spec"]["template"]["metadata"]
        assert pod["annotations"]["cluster-autoscaler.kubernetes.io/safe-to-evict"] == "false"


def test_a_large_fleet_is_not_replaced_one_by_one(resources: list[Resource]) -> None:
    """Fractions are rounded up, so that a single worker is still replaced by one that is there before it goes."""
    for name in ("detector", "embedder"):
        rolling = named(resources, "Deployment", name)["spec"]["strategy"]["rollingUpdate"]
        assert rolling["maxUnavailable"] == 0
        assert at_a_time(rolling["maxSurge"], of=1) == 1
        assert at_a_time(rolling["maxSurge"], of=LARGE_FLEET) * 10 >= LARGE_FLEET
        budget = named(resources, "PodDisruptionBudget", name)["spec"]["maxUnavailable"]
        assert at_a_time(budget, of=1) == 1
        assert at_a_time(budget, of=LARGE_FLEET) * 20 >= LARGE_FLEET


def at_a_time(count: int | str, *, of: int) -> int:
    return count if isinstance(count, int) else math.ceil(int(count.removesuffix("%")) * of / 100)


def test_work_that_waits_for_workers_from_zero_is_not_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A segment that is asked for again counts as lag, so it would bring another worker."""
    for overlay in ("gpu", "production"):
        resources = build(K8S / "overlays" / overlay)
        assert {one["spec"]["minReplicaCount"] for one in of_kind(resources, "ScaledObject")} == {0}
        ingest = settings_from(environment(resources, named(resources, "Deployment", "ingest")), "ingest", monkeypatch)
        assert ingest.reconciler.stalled_after_s >= SLOWEST_START_S


async def test_workers_scale_by_the_lag_of_what_they_read() -> None:
    partitions = {topic.name: topic.partitions for topic in TOPICS}
    scaled = of_kind(build(K8S / "overlays" / "gpu"), "ScaledObject")
    assert len(scaled) == 2
    for entry in scaled:
        (trigger,) = entry["spec"]["triggers"]
        metadata, service = trigger["metadata"], entry["spec"]["scaleTargetRef"]["name"]
        access = await access_of(service)
        assert (metadata["consumerGroup"], (metadata["topic"],)) == (access.group, access.reads)
        assert entry["spec"]["maxReplicaCount"] <= partitions[metadata["topic"]]
        assert (entry["spec"]["minReplicaCount"], metadata["lagThreshold"]) == (0, "1")
        assert (metadata["offsetResetPolicy"], metadata["excludePersistentLag"]) == ("earliest", "false")
        assert is_setting(metadata["bootstrapServersFromEnv"])
        down = entry["spec"]["advanced"]["horizontalPodAutoscalerConfig"]["behavior"]["scaleDown"]
        workload = named(build(K8S / "overlays" / "gpu"), "Deployment", service)
        assert (
            down["stabilizationWindowSeconds"] >= workload["spec"]["template"]["spec"]["terminationGracePeriodSeconds"]
        )


def test_containers_of_ours_may_do_nothing_they_need_not(resources: list[Resource]) -> None:
    for workload in [*ours(resources), named(resources, "Deployment", "triton")]:
        pod = pod_template(workload)["spec"]
        security = container(workload)["securityContext"]
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["automountServiceAccountToken"] is False
        assert security == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert {"cpu", "memory"} <= set(container(workload)["resources"]["requests"])


CHILDREN = {"ingest": 3, "detector": 1}
"""Processes that read a stranger's video at the same time: of ingest for an upload, for a clip or times of frames, and for
a proxy."""


def test_limits_have_room_for_the_children_that_read_videos(resources: list[Resource]) -> None:
    measured = json.loads((ROOT / "benchmarks" / "measured.json").read_text())["peak_mib"]
    for name, count in CHILDREN.items():
        limits = container(named(resources, "Deployment", name))["resources"]["limits"]
        loaded = 2 * measured[name]  # the service, and the process that children are forked from
        assert mebibytes(limits["memory"]) >= count * DecodingLimits().memory_mib + loaded, name


def test_memory_requests_cover_what_was_measured_and_limits_leave_room(resources: list[Resource]) -> None:
    measured = json.loads((ROOT / "benchmarks" / "measured.json").read_text())["peak_mib"]
    assert set(measured) == {*STAGES, "triton"}
    for name, peak in measured.items():
        asked = container(named(resources, "Deployment", name))["resources"]
        assert mebibytes(asked["requests"]["memory"]) >= peak, name
        assert mebibytes(asked["limits"]["memory"]) >= 2 * peak, name


def test_the_local_overlay_fits_a_machine_with_two_processors() -> None:
    """Of which Kubernetes' own pods ask for 950m with kind: the scheduler left Triton and the detector waiting."""
    local = build(K8S / "overlays" / "local")
    asked = [container(entry)["resources"]["requests"] for entry in workloads(local)]
    assert sum(processors(each["cpu"]) for each in asked) <= 1.05
    assert sum(mebibytes(each["memory"]) for each in asked) <= 7 * 1024
    assert {entry["spec"]["maxReplicas"] for entry in of_kind(local, "HorizontalPodAutoscaler")} == {1}


def processors(quantity: str) -> float:
    return float(quantity[:-1]) / 1000 if quantity.endswith("m") else float(quantity)


def mebibytes(quantity: str) -> float:
    units = {"Mi": 1, "Gi": 1024}
    return float(quantity[:-2]) * units[quantity[-2:]]


def test_triton_is_asked_where_it_listens(resources: list[Resource]) -> None:
    address = named(resources, "ConfigMap", "screenalytics-config")["data"]["SCREENALYTICS_TRITON__URL"]
    name, _, port = address.partition(":")
    assert int(port) in {entry["port"] for entry in named(resources, "Service", name)["spec"]["ports"]}


def test_network_policies_let_services_reach_the_servers_that_the_settings_name(resources: list[Resource]) -> None:
    data = named(resources, "ConfigMap", "screenalytics-config")["data"]
    egress = named(resources, "NetworkPolicy", "services")["spec"]["egress"]
    open_ports = {port["port"] for rule in egress for port in rule["ports"]}
    addresses = [data["SCREENALYTICS_KAFKA__BOOTSTRAP_SERVERS"], data["SCREENALYTICS_TRITON__URL"]]
    assert {int(address.rpartition(":")[2]) for address in addresses} <= open_ports
    endpoint = data["SCREENALYTICS_S3__ENDPOINT_URL"]
    assert (443 if endpoint.startswith("https") else int(endpoint.rpartition(":")[2])) in open_ports


def test_the_gpu_overlays_give_triton_a_gpu() -> None:
    for overlay in ("gpu", "production"):
        triton = named(build(K8S / "overlays" / overlay), "Deployment", "triton")
        assert container(triton)["resources"]["limits"]["nvidia.com/gpu"] == "1"
        assert "--load-model=face_detector" in container(triton)["args"]


def test_the_operators_alerts_are_those_of_prometheus() -> None:
    (rule,) = of_kind(build(K8S / "overlays" / "production"), "PrometheusRule")
    (alerts,) = load_documents(ROOT / "deploy" / "observability" / "prometheus" / "alerts.yml")
    assert rule["spec"]["groups"] == alerts["groups"]
