"""The programs of the Kubernetes proof are pinned, each as one version of everything that it is made of."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from tests.kubernetes import programs
from tests.kubernetes.programs import KUBERNETES_VERSION, MODULES, PROGRAMS, path_of


def pinned(module: str) -> dict[str, str]:
    """Module path -> version, as its go.mod has it, replaced ones as they are replaced."""
    text = (MODULES / module / "go.mod").read_text(encoding="utf-8")
    required = re.findall(r"^\s*(?:require )?(\S+\.\S+) (v\S+)", text, flags=re.MULTILINE)
    replaced = re.findall(r"^\s*(\S+) => \1 (v\S+)", text, flags=re.MULTILINE)
    return dict(required) | dict(replaced)


def test_kubernetes_is_one_version() -> None:
    versions = pinned("kubernetes")
    assert versions["k8s.io/kubernetes"] == KUBERNETES_VERSION
    text = (MODULES / "kubernetes" / "go.mod").read_text(encoding="utf-8")
    staged = dict(re.findall(r"^\s*(k8s\.io/\S+) => \1 (v\S+)", text, flags=re.MULTILINE))
    assert {"k8s.io/api", "k8s.io/apiserver", "k8s.io/client-go"} <= staged.keys()
    assert set(staged.values()) == {KUBERNETES_VERSION.replace("v1.", "v0.")}


@pytest.mark.parametrize("name", PROGRAMS)
def test_every_program_is_of_a_module_that_is_pinned_with_its_hash(name: str) -> None:
    program = PROGRAMS[name]
    versions = pinned(program.module)
    stands_on = program.of or program.package
    module = next(path for path in versions if f"{stands_on}/".startswith(f"{path}/"))
    sums = (MODULES / program.module / "go.sum").read_text(encoding="utf-8")
    assert re.search(rf"^{re.escape(module)} {re.escape(versions[module])} h1:", sums, flags=re.MULTILINE)
    named = (MODULES / program.module / ("main.go" if program.of else "tools.go")).read_text(encoding="utf-8")
    assert f'"{stands_on}' in named


def test_other_versions_are_other_files() -> None:
    folders = {path_of(name).parent for name in PROGRAMS}
    assert len(folders) == len({program.module for program in PROGRAMS.values()})


@pytest.mark.parametrize("name", [name for name, program in PROGRAMS.items() if program.with_ours])
def test_a_file_of_ours_in_a_module_is_part_of_the_version(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = PROGRAMS[name]
    assert program.with_ours is not None
    sums = (MODULES / program.module / "go.sum").read_text(encoding="utf-8")
    assert re.search(rf"^{re.escape(program.with_ours.of)} v\S+ h1:", sums, flags=re.MULTILINE)
    before = path_of(name)
    shutil.copytree(MODULES / program.module, tmp_path / program.module)
    monkeypatch.setattr(programs, "MODULES", tmp_path)
    assert path_of(name) == before
    ours = tmp_path / program.module / program.with_ours.file
    ours.write_text(f"{ours.read_text(encoding='utf-8')}\n")
    assert path_of(name) != before
