"""Triton's GPU configurations promise what the others do, and the repository of the image is complete."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from screenalytics.weights import default_cache_dir, load_registry, models_dir, verify
from tests.deploy.checks import ROOT

MODELS = sorted(load_registry(overlay=Path("no-overlay.json")).models)
ENGINES = ROOT / "models" / "build_engines.sh"


def config(model: str, *path: str) -> list[str]:
    return (ROOT / "models" / "repository" / model / Path(*path)).read_text(encoding="utf-8").splitlines()


def promises(lines: list[str]) -> list[str]:
    """The lines that say what a model is and takes, not how it is run."""
    how = ("backend:", "default_model_filename:", "instance_group")
    return [line for line in lines if not line.startswith(how) and "_op_thread_count" not in line]


@pytest.mark.parametrize("model", MODELS)
def test_tensorrt_serves_the_same_contract(model: str) -> None:
    tensorrt = config(model, "configs", "tensorrt.pbtxt")
    assert promises(tensorrt) == promises(config(model, "config.pbtxt"))
    assert 'backend: "tensorrt"' in tensorrt
    assert 'default_model_filename: "model.plan"' in tensorrt


@pytest.mark.parametrize("model", MODELS)
def test_engines_take_every_batch_that_triton_may_send(model: str) -> None:
    (line,) = [line for line in ENGINES.read_text().splitlines() if line.startswith(f"build {model} ")]
    batches = [int(shape.split(":")[1].split("x")[0]) for shape in line.split()[2:]]
    (largest,) = [
        int(entry.split()[1]) for entry in config(model, "config.pbtxt") if entry.startswith("max_batch_size")
    ]
    assert batches[0] == 1
    assert batches == sorted(batches)
    assert batches[-1] == largest


def test_the_engine_script_names_the_inputs_of_the_models() -> None:
    registry = load_registry(overlay=Path("no-overlay.json"))
    for name, spec in registry.models.items():
        (line,) = [line for line in ENGINES.read_text().splitlines() if line.startswith(f"build {name} ")]
        assert {shape.split(":")[0] for shape in line.split()[2:]} == {tensor.name for tensor in spec.contract.inputs}


def test_the_engine_script_runs_the_builder_for_every_model(tmp_path: Path) -> None:
    builder = tmp_path / "trtexec"
    builder.write_text(
        "#!/usr/bin/env bash\n"
        'echo "$@" >> "$0.log"\n'
        'for each in "$@"; do case "$each" in --saveEngine=*) echo plan > "${each#*=}";; esac; done\n'
    )
    builder.chmod(0o755)
    for model in MODELS:
        (tmp_path / "repository" / model / "1").mkdir(parents=True)
        (tmp_path / "repository" / model / "1" / "model.onnx").write_text("onnx")
    subprocess.run(
        ["bash", ENGINES, tmp_path / "repository"], env={"TRTEXEC": str(builder), "PATH": "/usr/bin:/bin"}, check=True
    )
    calls = (tmp_path / "trtexec.log").read_text().splitlines()
    assert len(calls) == len(MODELS)
    assert all("--fp16" not in call for call in calls)
    for model in MODELS:
        assert (tmp_path / "repository" / model / "1" / "model.plan").read_text() == "plan\n"


@pytest.mark.parametrize(
    ("variables", "code"), [({"PRECISION": "int3"}, "bad_precision"), ({"TRTEXEC": "/absent"}, "no_trtexec")]
)
def test_the_engine_script_says_what_is_wrong(tmp_path: Path, variables: dict[str, str], code: str) -> None:
    done = subprocess.run(
        ["bash", ENGINES, tmp_path], env={"PATH": "/usr/bin:/bin", **variables}, capture_output=True, text=True
    )
    assert done.returncode == 2
    assert f"[{code}]" in done.stderr


def test_the_images_repository_has_models_and_both_configurations(tmp_path: Path) -> None:
    registry = load_registry()
    if verify(registry, default_cache_dir()):
        pytest.skip("the models are not in the cache: make setup fetches them")
    from importlib.util import module_from_spec, spec_from_file_location

    spec = spec_from_file_location("build_repository", ROOT / "deploy" / "triton" / "build_repository.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    files = module.build(
        tmp_path, registry=registry, cache_dir=default_cache_dir(), configurations=models_dir() / "repository"
    )
    found = {path.relative_to(tmp_path).as_posix() for path in files}
    for model in MODELS:
        assert {f"{model}/config.pbtxt", f"{model}/1/model.onnx", f"{model}/configs/tensorrt.pbtxt"} <= found


def test_the_servers_of_the_manifests_load_every_model_and_know_the_ports() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text()
    loaded = re.findall(r"--load-model=(\w+)", dockerfile)
    assert sorted(loaded) == MODELS
