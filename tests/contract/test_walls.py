"""The walls between rooms hold for files that nobody has named: a new one is guarded from its first line."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("contracts", "chassis", "services", "screenalytics")

PURE = (
    "chassis/domain",
    "services/ingest/runs",
    "services/detector/looks",
    "services/detector/pictures",
    "services/detector/shots",
    "services/detector/tracks",
    "services/grouper/clustering",
    "services/grouper/edits",
    "services/grouper/episode",
    "services/grouper/tracks",
    "services/identity/exports",
    "services/identity/facebank",
    "services/identity/faces",
    "services/identity/links",
    "services/identity/people",
    "services/identity/privacy",
    "services/identity/report",
    "services/identity/review",
    "services/identity/screentime",
    "services/identity/suggestions",
    "services/identity/timeline",
)
"""Folders in which a new file must do no input or output and know nothing of HTTP."""


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The project's packages and its walls, free to be broken."""
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__", "schemas"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def lint(folder: Path) -> str:
    """What import-linter says of a folder."""
    done = subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-logo", "--no-cache"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder), "COLUMNS": "300"},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout + done.stderr


def test_a_new_file_in_a_pure_folder_is_guarded_from_its_first_line(copy: Path) -> None:
    for folder in PURE:
        (copy / folder / "newborn.py").write_text("import pymongo\nfrom chassis.http.results import ApiResult\n")
    said = " ".join(lint(copy).split())
    for folder in PURE:
        name = f"{folder.replace('/', '.')}.newborn"
        assert f"{name} -> pymongo" in said, f"{name} may use MongoDB"
        assert f"{name} -> chassis.http.results" in said, f"{name} may know HTTP"


def test_mongodb_is_spoken_in_stores_only(copy: Path) -> None:
    rooms = [f"services/{one}/{room}" for one in ("ingest", "grouper", "identity") for room in ("commands", "queries")]
    for room in rooms:
        (copy / room / "newborn.py").write_text("from pymongo import ASCENDING\n")
    (copy / "services/grouper/store/newborn.py").write_text("from pymongo import ASCENDING\n")
    said = " ".join(lint(copy).split())
    for room in rooms:
        assert f"{room.replace('/', '.')}.newborn -> pymongo" in said
    assert "store.newborn" not in said


def test_every_folder_of_a_service_is_a_room_of_the_plan() -> None:
    """A folder is pure, or one of the four layers that do something, or it has its own line in a layers contract."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    named = " ".join(layer for contract in contracts for layer in contract.get("layers", ())).split()
    for service in ("ingest", "detector", "grouper", "identity"):
        for folder in sorted(
            path for path in (ROOT / "services" / service).iterdir() if (path / "__init__.py").exists()
        ):
            assert f"services.{service}.{folder.name}" in named, (
                f"{folder.name} of {service} has no place among its layers"
            )
