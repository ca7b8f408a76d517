"""docker-compose.yml: well formed, complete in itself, closed to the outside, and about the code that is there."""

from __future__ import annotations

import re
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from chassis.http.application import check_exposure
from contracts.events import SERVICES
from tests.deploy.checks import ROOT, assert_fits, command_parses, internal_paths, is_setting, settings_from
from tests.deploy.yaml_or_skip import yaml

EXAMPLE = ROOT / "deploy" / "compose" / "example.env"
LOCAL = "deploy/compose/local"
OPTIONS = "deploy/compose/options.env"
SERVED = (*SERVICES, "api")
SMALLEST_CPUS = 2
"""Processors of the smallest machine that the system is made for."""

Service = dict[str, Any]


def read() -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    return content


def services() -> dict[str, Service]:
    found: dict[str, Service] = read()["services"]
    return found


def ours() -> dict[str, Service]:
    return {name: entry for name, entry in services().items() if entry.get("build", {}).get("target") == "service"}


@cache
def secrets() -> dict[str, dict[str, str]]:
    """Container -> the secrets that make-secrets.sh makes for it."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["sh", EXAMPLE.parent / "make-secrets.sh", folder], check=True, capture_output=True)
        return {
            file.stem: dict(line.split("=", 1) for line in file.read_text().splitlines())
            for file in Path(folder).glob("*.env")
        }


def env_files(service: Service) -> list[str]:
    return [entry if isinstance(entry, str) else entry["path"] for entry in service.get("env_file", ())]


def interpolated(value: str) -> str:
    """The value where no variable of the shell is set."""
    return re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", value)


def environment(service: Service) -> dict[str, str]:
    """What a container of ours finds of our variables: those of its env file and its own."""
    from_file: dict[str, str] = {}
    for path in env_files(service):
        from_file |= secrets().get(Path(path).stem, {})
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
        for path in env_files(service):
            assert path == OPTIONS or Path(path).stem in secrets(), f"{name}: nothing makes {path}"
            assert str(Path(path).parent) in {LOCAL, str(Path(OPTIONS).parent)}
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
        stage = name if name in SERVICES else "ingest"
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


def test_limits_are_had_on_the_smallest_machine() -> None:
    """An engine refuses a container that may use more processors than there are."""
    limits = {name: entry["deploy"]["resources"]["limits"] for name, entry in services().items() if "deploy" in entry}
    assert {name: limit for name, limit in limits.items() if float(interpolated(limit["cpus"])) > SMALLEST_CPUS} == {}


def test_what_keeps_running_is_asked_how_it_is() -> None:
    unasked = {name for name, entry in services().items() if entry["restart"] != "no" and "healthcheck" not in entry}
    content = yaml.safe_load((ROOT / "deploy/observability/prometheus/prometheus.yml").read_text())
    (watched,) = [entry for entry in content["scrape_configs"] if entry["job_name"] == "traces"]
    (targets,) = watched["static_configs"]
    assert unasked == {target.split(":")[0] for target in targets["targets"]}


def test_no_secret_is_written_down() -> None:
    for name, service in services().items():
        secret = [
            variable for variable in service.get("environment", {}) if re.search("PASSWORD|SECRET|ACCESS_KEY", variable)
        ]
        assert secret == [], name
    assert "=" not in "".join(line for line in EXAMPLE.read_text().splitlines() if not line.startswith("#"))
    assert {"local/", "options.env"} <= set((EXAMPLE.parent / ".gitignore").read_text().splitlines())


def test_every_container_holds_its_own_secrets_and_no_other_s() -> None:
    holders = [path for service in services().values() for path in env_files(service) if path != OPTIONS]
    assert len(holders) == len(set(holders)), "two containers share a file of secrets"
    for user in (*SERVED, "tools", "setup"):
        own = secrets()[user]
        password = re.search(f"mongodb://screenalytics-{user}:(\\w+)@", own["SCREENALYTICS_MONGO__URI"])
        assert password is not None
        assert secrets()["mongo-init"][f"MONGO_PASSWORD_{user.upper()}"] == password[1]
        if user != "setup":
            assert secrets()["s3-init"][f"S3_ACCESS_KEY_{user.upper()}"] == own["SCREENALYTICS_S3__ACCESS_KEY"]
            assert secrets()["s3-init"][f"S3_SECRET_KEY_{user.upper()}"] == own["SCREENALYTICS_S3__SECRET_KEY"]
    values = [value for user in (*SERVED, "tools", "setup") for value in secrets()[user].values()]
    assert len(values) == len(set(values))


def test_secrets_are_made_once_and_for_their_owner_alone(tmp_path: Path) -> None:
    make = ["sh", str(EXAMPLE.parent / "make-secrets.sh"), str(tmp_path / "local")]
    subprocess.run(make, check=True, capture_output=True)
    before = {file.name: file.read_bytes() for file in (tmp_path / "local").iterdir()}
    again = subprocess.run(make, check=True, capture_output=True, text=True)
    assert "nothing was changed" in again.stderr
    assert {file.name: file.read_bytes() for file in (tmp_path / "local").iterdir()} == before
    assert all(file.stat().st_mode & 0o077 == 0 for file in (tmp_path / "local").iterdir())


def test_prometheus_scrapes_the_services_and_knows_their_path() -> None:
    content = yaml.safe_load((ROOT / "deploy/observability/prometheus/prometheus.yml").read_text())
    (scrape,) = [entry for entry in content["scrape_configs"] if entry["job_name"] == "screenalytics"]
    (targets,) = scrape["dns_sd_configs"]
    assert sorted(targets["names"]) == sorted(SERVED)
    assert scrape["metrics_path"] in internal_paths()
    assert str(targets["port"]) == environment(services()["ingest"])["SCREENALYTICS_HTTP__PORT"]
