"""The steps of the Dockerfile that make something of our own, run as plain processes on what the builder would be sent.

Installing the locked packages is left out: that needs the network, and the lock is checked elsewhere.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from contracts.events import STAGES
from screenalytics.weights import default_cache_dir, load_registry, verify
from tests.deploy.checks import ROOT

pytest.importorskip("setuptools", reason="setuptools is not installed")

PACKAGES = ("contracts", "chassis", "services", "screenalytics")
NOT_SENT = re.compile(r"(^|/)__pycache__(/|$)|\.egg-info(/|$)|\.(onnx|dat|plan)$")


def run(*command: str | Path, folder: Path, **variables: str) -> str:
    """What a program prints; it sees nothing of our environment but where programs are."""
    environment = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/tmp"), **variables}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    return done.stdout


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what .dockerignore lets through."""
    target = tmp_path_factory.mktemp("context")
    for entry in (ROOT / ".dockerignore").read_text().splitlines():
        if not entry.startswith("!"):
            continue
        source = ROOT / entry[1:]
        for path in [source] if source.is_file() else source.rglob("*"):
            name = path.relative_to(ROOT)
            if path.is_file() and not NOT_SENT.search(name.as_posix()):
                (target / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, target / name)
    return target


@pytest.fixture(scope="module")
def wheel(context: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Our own wheel, built without network and without isolation as in the image."""
    target = tmp_path_factory.mktemp("wheels")
    options = ["--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", str(target)]
    run(sys.executable, "-m", "pip", "wheel", *options, ".", folder=context)
    (built,) = target.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with nothing but our wheel, compiled."""
    target = tmp_path_factory.mktemp("image") / "site-packages"
    run(sys.executable, "-m", "pip", "install", "--no-deps", "--no-index", "--target", target, wheel, folder=ROOT)
    run(sys.executable, "-m", "compileall", "-q", target, folder=ROOT)
    return target


def test_the_wheel_holds_every_file_of_our_packages(wheel: Path) -> None:
    tracked = subprocess.run(["git", "ls-files", *PACKAGES], cwd=ROOT, capture_output=True, text=True, timeout=60)
    if tracked.returncode != 0:
        pytest.skip("not a git checkout")
    wanted = {name for name in tracked.stdout.splitlines() if not name.endswith("pyproject.toml")}
    with zipfile.ZipFile(wheel) as archive:
        assert wanted - set(archive.namelist()) == set()


def test_what_is_installed_runs_without_the_repository(installed: Path, tmp_path: Path) -> None:
    packages = os.pathsep.join([str(installed), sysconfig.get_path("purelib")])
    loaded = "\n".join(
        [
            "import sys, pathlib, screenalytics.api_server",
            *(f"import services.{stage}.app" for stage in STAGES),
            f"ours = [m for n, m in sys.modules.items() if n.split('.')[0] in {PACKAGES!r}]",
            "print({str(pathlib.Path(m.__file__).is_relative_to(sys.argv[1])) for m in ours if m.__file__})",
        ]
    )
    variables = {"PYTHONPATH": packages, "PYTHONDONTWRITEBYTECODE": "1"}
    assert run(sys.executable, "-c", loaded, installed, folder=tmp_path, **variables).strip() == "{'True'}"
    assert "Usage" in run(sys.executable, "-m", "screenalytics", "--help", folder=tmp_path, **variables)
    assert list(tmp_path.iterdir()) == [], "a service writes into its working directory"


def test_the_entry_point_of_the_image_is_installed(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (points,) = [name for name in archive.namelist() if name.endswith("entry_points.txt")]
        assert "screenalytics = screenalytics.__main__:main" in archive.read(points).decode()


def test_the_model_stage_needs_nothing_that_is_not_sent(context: Path, tmp_path: Path) -> None:
    if verify(load_registry(), default_cache_dir()):
        pytest.skip("the models are not in the cache: make setup fetches them")
    step = re.search(r"^RUN PYTHONPATH=\. \S+/python (\S+) /models$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert step is not None
    cache = {"SCREENALYTICS_CACHE_DIR": str(default_cache_dir()), "PYTHONPATH": "."}
    printed = run(sys.executable, step[1], tmp_path / "models", folder=context, **cache)
    assert f"{tmp_path}/models/face_detector/1/model.onnx" in printed
    assert f"{tmp_path}/models/sface/configs/tensorrt.pbtxt" in printed
