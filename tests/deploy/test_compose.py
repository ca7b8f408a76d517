"""docker-compose.yml: well formed, complete in itself, closed to the outside, and about the code that is there."""

from __future__ import annotations

import re
from typing import Any

import pytest

from chassis.http.application import check_exposure
from contracts.events import STAGES
from tests.deploy.checks import PREFIX, ROOT, assert_fits, command_parses, internal_paths, is_setting, settings_from
from tests.deploy.yaml_or_skip import yaml

EXAMPLE = ROOT / "deploy" / "compose" / "example.env"
LOCAL = "deploy/compose/local.env"
SERVED = (*STAGES, "api")

Service = dict[str, Any]


def read() -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    return content


def services() -> dict[str, Service]:
    found: dict[str, Service] = read()["services"]
    return found


def ours() -> dict[str, Service]:
    return {name: entry for name, entry in services().items() if entry.get("build", {}).get("target") == "service"}


def example_variables() -> dict[str, str]:
    lines = [line for line in EXAMPLE.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    return dict(line.split("=", 1) for line in lines)


def interpolated(value: str) -> str:
    """The value where no variable of the shell is set."""
    return re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", value)


def environment(service: Service) -> dict[str, str]:
    """What a container of ours finds of our variables: those of the env file and its own."""
    from_file = {name: value for name, value in example_variables().items() if name.startswith(PREFIX)}
    return from_file | {name: interpolated(value) for name, value in service["environment"].items()}


def test_compose_fits_the_schema() -> None:
    assert_fits(read(), "compose")


def test_a_port_open_to_the_network_is_found() -> None:
    wrong = read()
    wrong["services"]["kafka"]["ports"] = ["9092:9092"]
    with pytest.raises(AssertionError, match="services/kafka/ports"):
        assert_fits(wrong, "compose")


def test_everything_named_is_declared() -> None:
    document = read()
    for name, service in services().items():
        assert set(service.get("depends_on", {})) <= set(services()), name
        assert set(service["networks"]) <= set(document["networks"]), name
        assert {entry["path"] for entry in service.get("env_file", ())} <= {LOCAL}, name
        for volume in service.get("volumes", ()):
            source = volume.split(":")[0]
            assert (ROOT / source).exists() if source.startswith(".") else source in document["volumes"], volume
    used = {volume.split(":")[0] for service in services().values() for volume in service.get("volumes", ())}
    assert set(document["volumes"]) <= used


def test_waiting_for_another_can_end() -> None:
    for name, service in services().items():
        for other, wait in service.get("depends_on", {}).items():
            if wait["condition"] == "service_healthy":
                assert "healthcheck" in services()[other], f"{name} waits for the health of {other}"
            if wait["condition"] == "service_completed_successfully":
                assert services()[other]["restart"] == "no", f"{name} waits for the end of {other}"
            assert set(services()[other].get("profiles", ())) <= set(service.get("profiles", ())), f"{name} {other}"


def test_every_service_of_the_code_is_there_and_every_command_exists() -> None:
    served = [entry["command"][1] for entry in ours().values() if entry["command"][0] == "serve"]
    assert sorted(served) == sorted(SERVED)
    assert [name for name, entry in ours().items() if not command_parses(entry["command"])] == []


def test_every_variable_is_a_setting_and_every_value_fits_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, service in ours().items():
        variables = environment(service)
        assert [variable for variable in variables if not is_setting(variable)] == []
        stage = name if name in STAGES else "ingest"
        settings = settings_from(variables, stage, monkeypatch)
        host = settings.kafka.bootstrap_servers.split(":")[0]
        assert host in services()
        assert settings.triton.url.split(":")[0] in services()
        check_exposure(settings)


def test_variables_that_the_example_only_suggests_are_settings_too() -> None:
    suggested = re.findall(r"^# (SCREENALYTICS_\w+)=", EXAMPLE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert suggested
    assert [variable for variable in suggested if not is_setting(variable)] == []


def test_people_reach_the_api_and_nothing_else_of_ours() -> None:
    assert {name: entry["ports"] for name, entry in ours().items() if "ports" in entry} == {
        "api": ["127.0.0.1:8080:8080"]
    }


def test_an_api_without_authentication_is_refused_in_a_container(monkeypatch: pytest.MonkeyPatch) -> None:
    variables = environment(services()["api"]) | {"SCREENALYTICS_AUTH__MODE": "off"}
    with pytest.raises(ValueError, match="SCREENALYTICS_AUTH__MODE is off"):
        check_exposure(settings_from(variables, "ingest", monkeypatch))


def test_a_proxy_s_word_counts_only_where_somebody_named_it(monkeypatch: pytest.MonkeyPatch) -> None:
    variables = environment(services()["api"])
    assert settings_from(variables, "ingest", monkeypatch).http.trusted_proxies == ()
    named = variables | {"SCREENALYTICS_HTTP__TRUSTED_PROXIES": '["172.18.0.5"]'}
    assert settings_from(named, "ingest", monkeypatch).http.trusted_proxies == ("172.18.0.5",)


def test_files_on_their_way_fit_into_the_api_s_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = settings_from(environment(services()["api"]), "ingest", monkeypatch)
    (mount,) = services()["api"]["tmpfs"]
    size = int(re.search(r"size=(\d+)m", mount)[1]) * 2**20  # type: ignore[index]
    assert size >= 2 * max(settings.api.max_upload_bytes, settings.api.max_uploads_bytes)


def test_health_checks_ask_a_path_and_port_that_answer() -> None:
    for name in SERVED:
        text = services()[name]["healthcheck"]["test"][-1]
        address = re.search(r"http://127\.0\.0\.1:(\d+)(/[\w/]+)", text)
        assert address is not None
        assert address[1] == environment(services()[name])["SCREENALYTICS_HTTP__PORT"]
        assert address[2] in internal_paths()


def test_services_are_stopped_later_than_their_grace_period() -> None:
    for name in SERVED:
        grace = float(environment(services()[name])["SCREENALYTICS_SHUTDOWN_GRACE_S"])
        assert int(services()[name]["stop_grace_period"].removesuffix("s")) >= grace + 10


def test_containers_of_ours_may_do_nothing_they_need_not() -> None:
    for name, service in ours().items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name


def test_what_keeps_running_has_limits() -> None:
    running = {name: entry for name, entry in services().items() if entry["restart"] != "no"}
    assert [name for name, entry in running.items() if "limits" not in entry["deploy"]["resources"]] == []


def test_what_keeps_running_is_asked_how_it_is() -> None:
    unasked = {name for name, entry in services().items() if entry["restart"] != "no" and "healthcheck" not in entry}
    content = yaml.safe_load((ROOT / "deploy/observability/prometheus/prometheus.yml").read_text())
    (watched,) = [entry for entry in content["scrape_configs"] if entry["job_name"] == "traces"]
    (targets,) = watched["static_configs"]
    assert unasked == {target.split(":")[0] for target in targets["targets"]}


def test_secrets_come_from_the_env_file_alone() -> None:
    for name, service in services().items():
        secret = [
            variable for variable in service.get("environment", {}) if re.search("PASSWORD|SECRET|ACCESS_KEY", variable)
        ]
        assert secret == [], name


def test_the_example_secrets_look_like_examples_and_agree_with_each_other() -> None:
    variables = example_variables()
    assert all("example" in value for name, value in variables.items() if "USERNAME" not in name)
    assert variables["AWS_ACCESS_KEY_ID"] == variables["SCREENALYTICS_S3__ACCESS_KEY"]
    assert variables["AWS_SECRET_ACCESS_KEY"] == variables["SCREENALYTICS_S3__SECRET_KEY"]
    assert variables["MONGO_INITDB_ROOT_PASSWORD"] in variables["SCREENALYTICS_MONGO__URI"]
    assert LOCAL.rsplit("/", 1)[1] in (EXAMPLE.parent / ".gitignore").read_text().splitlines()


def test_prometheus_scrapes_the_services_and_knows_their_path() -> None:
    content = yaml.safe_load((ROOT / "deploy/observability/prometheus/prometheus.yml").read_text())
    (scrape,) = [entry for entry in content["scrape_configs"] if entry["job_name"] == "screenalytics"]
    (targets,) = scrape["dns_sd_configs"]
    assert sorted(targets["names"]) == sorted(SERVED)
    assert scrape["metrics_path"] in internal_paths()
    assert str(targets["port"]) == environment(services()["ingest"])["SCREENALYTICS_HTTP__PORT"]
