"""Dashboards and alerts speak of metrics that exist, and people find every alert in the handbook."""

from __future__ import annotations

import json
import re

import pytest
from prometheus_client import REGISTRY

from chassis import metrics  # noqa: F401  (registers the metrics)
from tests.deploy.checks import ROOT
from tests.deploy.yaml_or_skip import yaml

FOLDER = ROOT / "deploy" / "observability"
# Prometheus's own, Triton's and the Kafka exporter's, from their documentation.
FOREIGN = {
    "up",
    "kafka_consumergroup_lag",
    "nv_gpu_utilization",
    "nv_inference_compute_infer_duration_us",
    "nv_inference_count",
    "nv_inference_exec_count",
    "nv_inference_queue_duration_us",
    "nv_inference_request_failure",
    "nv_inference_request_success",
}
METRIC = re.compile(r"\b((?:screenalytics|kafka|nv)_\w+|up)(?=[{\s)=\[]|$)")


def alerts() -> list[dict[str, str]]:
    content = yaml.safe_load((FOLDER / "prometheus" / "alerts.yml").read_text())
    return [rule for group in content["groups"] for rule in group["rules"]]


def panels() -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads((FOLDER / "grafana" / "dashboards" / "screenalytics.json").read_text())[
        "panels"
    ]
    return found


def expressions() -> list[str]:
    drawn = [target["expr"] for panel in panels() for target in panel["targets"]]  # type: ignore[attr-defined]
    return drawn + [alert["expr"] for alert in alerts()]


def exposed() -> dict[str, set[str]]:
    """Name of every series our services expose -> its labels."""
    found: dict[str, set[str]] = {}
    for family in REGISTRY.collect():
        suffixes = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count")}.get(family.type, ("",))
        collector = REGISTRY._names_to_collectors.get(family.name)
        labels = set(getattr(collector, "_labelnames", ()))
        found |= {family.name + suffix: labels for suffix in suffixes}
    return found


@pytest.mark.parametrize("expression", expressions())
def test_every_metric_exists(expression: str) -> None:
    named = set(METRIC.findall(expression))
    assert named, "an expression about no metric at all"
    assert named - set(exposed()) - FOREIGN == set()


def test_a_metric_that_nobody_exposes_is_found() -> None:
    assert METRIC.findall('rate(screenalytics_nonsense_total{topic="x"}[5m])') == ["screenalytics_nonsense_total"]
    assert "screenalytics_nonsense_total" not in exposed()


def test_labels_that_are_matched_exist() -> None:
    for expression in expressions():
        for name, matchers in re.findall(r"(screenalytics_\w+)\{([^}]*)\}", expression):
            assert set(re.findall(r"(\w+)=", matchers)) <= exposed()[name], expression


def test_every_alert_is_explained_in_the_handbook_and_no_other() -> None:
    handbook = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    explained = re.findall(r"^#+ (Screenalytics[A-Z]\w+)$", handbook, flags=re.MULTILINE)
    assert sorted(explained) == sorted(alert["alert"] for alert in alerts())


def test_dashboards_ask_data_sources_that_are_provisioned() -> None:
    sources = yaml.safe_load((FOLDER / "grafana/provisioning/datasources/datasources.yml").read_text())["datasources"]
    wanted = {panel["datasource"]["uid"] for panel in panels()}  # type: ignore[index]
    assert wanted <= {source["uid"] for source in sources}


def test_panels_do_not_lie_on_each_other() -> None:
    cells = [
        (x, y)
        for panel in panels()
        for place in [panel["gridPos"]]
        for x in range(place["x"], place["x"] + place["w"])  # type: ignore[index]
        for y in range(place["y"], place["y"] + place["h"])  # type: ignore[index]
    ]
    assert len(cells) == len(set(cells))
