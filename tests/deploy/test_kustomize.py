"""Our reading of the overlays is kubectl's."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.deploy.checks import ROOT
from tests.deploy.kustomize import build, identity
from tests.deploy.yaml_or_skip import yaml

OVERLAYS = sorted((ROOT / "deploy" / "k8s" / "overlays").iterdir())


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not installed")
@pytest.mark.parametrize("overlay", OVERLAYS, ids=lambda path: path.name)
def test_kubectl_makes_the_same_of_every_overlay(overlay: Path) -> None:
    printed = subprocess.run(["kubectl", "kustomize", overlay], capture_output=True, text=True, timeout=60)
    assert printed.returncode == 0, printed.stderr
    theirs = {identity(resource): resource for resource in yaml.safe_load_all(printed.stdout)}
    ours = {identity(resource): resource for resource in build(overlay)}
    assert ours == theirs


def test_a_file_from_outside_an_overlay_is_refused_as_kubectl_does(tmp_path: Path) -> None:
    (tmp_path / "overlay").mkdir()
    (tmp_path / "outside.yaml").write_text("{kind: ConfigMap, metadata: {name: a}}")
    (tmp_path / "overlay" / "kustomization.yaml").write_text("{kind: Kustomization, resources: [../outside.yaml]}")
    with pytest.raises(ValueError, match="outside"):
        build(tmp_path / "overlay")
