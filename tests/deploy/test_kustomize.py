"""Our reading of the overlays is kubectl's."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.deploy.checks import ROOT
from tests.deploy.kustomize import build, identity
from tests.deploy.test_manifests import OLDEST_KUBERNETES
from tests.deploy.yaml_or_skip import yaml
from tests.kubernetes.programs import path_of

K8S = ROOT / "deploy" / "k8s"
APPLIED = [*sorted((K8S / "overlays").iterdir()), K8S / "tools"]


KUBECTL = shutil.which("kubectl") or (str(path_of("kubectl")) if path_of("kubectl").exists() else None)
"""The one of this machine, or the one that the Kubernetes proof has built."""
needs_kubectl = pytest.mark.skipif(KUBECTL is None, reason="kubectl is not installed, and `make k8s-proof` has not run")


@needs_kubectl
@pytest.mark.parametrize("folder", APPLIED, ids=lambda path: path.name)
def test_kubectl_makes_the_same_of_everything_that_is_applied(folder: Path) -> None:
    assert_kubectl_makes_the_same(folder)


@pytest.fixture
def with_tensorrt(tmp_path: Path) -> Path:
    """The gpu overlay as a user changes it: the optional component is the last of its components."""
    gpu, changed = K8S / "overlays" / "gpu", tmp_path / "gpu"
    shutil.copytree(gpu, changed)
    content = yaml.safe_load((gpu / "kustomization.yaml").read_text())
    content["components"].append("../../components/tensorrt")
    for kind in ("resources", "components"):
        content[kind] = [os.path.relpath((gpu / entry).resolve(), changed.resolve()) for entry in content[kind]]
    (changed / "kustomization.yaml").write_text(yaml.safe_dump(content))
    return changed


@needs_kubectl
def test_kubectl_makes_the_same_of_an_overlay_with_tensorrt(with_tensorrt: Path) -> None:
    assert_kubectl_makes_the_same(with_tensorrt)


def test_tensorrt_serves_the_engines_that_were_built_before(with_tensorrt: Path) -> None:
    validate = pytest.importorskip("kubernetes_validate", reason="kubernetes-validate is not installed")
    (triton,) = [entry for entry in build(with_tensorrt) if identity(entry) == ("Deployment", "triton")]
    validate.validate(triton, OLDEST_KUBERNETES, strict=True)
    pod = triton["spec"]["template"]["spec"]
    (first,), (server,) = pod["initContainers"], pod["containers"]
    assert first["image"] == server["image"]
    assert first["command"][-1].endswith("build-engines /engines")
    assert {"--model-repository=/engines", "--model-config-name=tensorrt"} <= set(server["args"])
    plain = {argument for argument in of_plain_triton() if "repository" not in argument}
    assert plain <= set(server["args"])
    for container in (first, server):
        assert container["resources"]["limits"]["nvidia.com/gpu"] == "1"
        assert {mount["name"] for mount in container["volumeMounts"]} <= {volume["name"] for volume in pod["volumes"]}


def of_plain_triton() -> list[str]:
    """The server's arguments without the component."""
    resources = build(K8S / "overlays" / "gpu")
    (triton,) = [entry for entry in resources if identity(entry) == ("Deployment", "triton")]
    arguments: list[str] = triton["spec"]["template"]["spec"]["containers"][0]["args"]
    return arguments


def assert_kubectl_makes_the_same(overlay: Path) -> None:
    assert KUBECTL is not None
    printed = subprocess.run([KUBECTL, "kustomize", overlay], capture_output=True, text=True, timeout=60)
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
