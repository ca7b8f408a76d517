"""Kubernetes' own programs, built from Go modules that go.mod and go.sum in `modules/` pin, and kept in the user's cache."""

from __future__ import annotations

import functools
import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from screenalytics.weights import default_cache_dir
from tests.containers.engine import CannotProve, run

MODULES = Path(__file__).parent / "modules"
KUBERNETES_VERSION = "v1.34.4"
BUILD_S = 3600.0
_VERSION = "k8s.io/component-base/version"
_MAJOR, _MINOR, _ = KUBERNETES_VERSION.removeprefix("v").split(".")
# Stripped, without paths of this machine; Kubernetes tells its version to whoever asks, and KEDA does.
_LINK = f"-s -w -X {_VERSION}.gitVersion={KUBERNETES_VERSION} -X {_VERSION}.gitMajor={_MAJOR} -X {_VERSION}.gitMinor={_MINOR}"


@dataclass(frozen=True)
class OurFile:
    """A file in `modules/` that is built in the place of one of a module that a program needs."""

    file: str
    of: str
    instead_of: str


@dataclass(frozen=True)
class Program:
    """A program, the module in `modules/` that pins it, and its package; `of` is what a package of our own is made of."""

    module: str
    package: str
    of: str = ""
    with_ours: OurFile | None = None


PROGRAMS = {
    "etcd": Program("kubernetes", "go.etcd.io/etcd/server/v3"),
    "kubectl": Program("kubernetes", "k8s.io/kubernetes/cmd/kubectl"),
    "kube-apiserver": Program("kubernetes", "k8s.io/kubernetes/cmd/kube-apiserver"),
    "kube-controller-manager": Program("kubernetes", "k8s.io/kubernetes/cmd/kube-controller-manager"),
    "kube-scheduler": Program("kubernetes", "k8s.io/kubernetes/cmd/kube-scheduler"),
    "kubelet": Program("kubernetes", "k8s.io/kubernetes/cmd/kubelet"),
    "kube-proxy": Program("kubernetes", "k8s.io/kubernetes/cmd/kube-proxy"),
    "coredns": Program("coredns", "screenalytics.dev/proof/coredns", of="github.com/coredns/coredns"),
    "kube-router": Program("kube-router", "github.com/cloudnativelabs/kube-router/v2/cmd/kube-router"),
    # Without what it would ask to have certificates made: thirty companies' modules, of which the proxy lacks a dozen.
    "traefik": Program(
        "traefik",
        "github.com/traefik/traefik/v3/cmd/traefik",
        with_ours=OurFile(
            "certificates/nobody_asked.go", "github.com/go-acme/lego/v5", "providers/dns/zz_gen_dns_providers.go"
        ),
    ),
    "kwok": Program("kwok", "sigs.k8s.io/kwok/cmd/kwok"),
    "keda-operator": Program("keda", "github.com/kedacore/keda/v2/cmd/operator"),
    "keda-adapter": Program("keda", "github.com/kedacore/keda/v2/cmd/adapter"),
    "keda-webhooks": Program("keda", "github.com/kedacore/keda/v2/cmd/webhooks"),
}


def path_of(name: str) -> Path:
    """Where a program is, or will be: beside those that the same versions make."""
    program = PROGRAMS[name]
    files = ["go.mod", "go.sum", *([program.with_ours.file] if program.with_ours else [])]
    contents = b"".join((MODULES / program.module / file).read_bytes() for file in files)
    pinned = hashlib.sha256(_LINK.encode() + contents)
    return default_cache_dir() / "kubernetes" / pinned.hexdigest()[:16] / name


def build(names: tuple[str, ...], log: Path, say: Callable[[str], None]) -> list[str]:
    """Make what is missing: minutes of every processor, once. Returns what was made. Raises CannotProve."""
    missing = [name for name in names if not path_of(name).exists()]
    if missing and shutil.which("go") is None:
        raise CannotProve(f"go is not installed: it builds {', '.join(missing)}")
    for name in missing:
        say(name)
        program, path = PROGRAMS[name], path_of(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent) as scratch:
            made = Path(scratch) / name
            modules = _with_ours(program.module, program.with_ours, Path(scratch)) if program.with_ours else []
            command = ["go", "build", "-trimpath", "-mod=readonly", *modules, "-ldflags", _LINK, "-o", str(made)]
            run(*command, program.package, folder=MODULES / program.module, environment=_GO, within_s=BUILD_S, into=log)
            made.rename(path)
    return missing


def _with_ours(module: str, ours: OurFile, scratch: Path) -> list[str]:
    """Options of `go build` that take a module from a copy in `scratch` with our file in it."""
    copy, pins = scratch / "copy", MODULES / module
    shutil.copytree(sources(module, ours.of), copy, copy_function=shutil.copyfile)
    for folder in (copy, *copy.rglob("*/")):
        folder.chmod(0o755)  # in Go's cache nobody writes
    shutil.copyfile(pins / ours.file, copy / ours.instead_of)
    for name in ("go.mod", "go.sum"):
        shutil.copyfile(pins / name, scratch / name)
    run("go", "mod", "edit", f"-replace={ours.of}={copy}", str(scratch / "go.mod"), environment=_GO)
    return [f"-modfile={scratch / 'go.mod'}"]


@functools.cache
def sources(module: str, of: str) -> Path:
    """The folder of a Go module as `modules/` pins it, fetched where it is not there. Raises CannotProve."""
    if shutil.which("go") is None:
        raise CannotProve(f"go is not installed: it fetches {of}")
    command = ("go", "mod", "download", "-json", of)
    found = json.loads(run(*command, folder=MODULES / module, environment=_GO, within_s=600))
    return Path(found["Dir"])


_GO = {"CGO_ENABLED": "0", "GOFLAGS": "", "GOTOOLCHAIN": "auto"}
