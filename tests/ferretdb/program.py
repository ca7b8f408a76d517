"""FerretDB as a program: built from its pinned Go module, once, into the user's cache."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from pathlib import Path

from screenalytics.weights import default_cache_dir
from tests.containers.engine import CannotProve, run

MODULE = Path(__file__).parent / "module"
NAME = "github.com/FerretDB/FerretDB"
BUILD_S = 1800.0


def ferretdb(log: Path) -> Path:
    """The program's path. Go verifies every module by `go.sum`. Raises CannotProve without Go, AssertionError otherwise."""
    if shutil.which("go") is None:
        raise CannotProve("FerretDB is built from its Go module: install Go 1.24 or newer (Debian: golang-go)")
    with tempfile.TemporaryDirectory() as scratch:
        work = Path(scratch)
        shutil.copytree(MODULE, work, dirs_exist_ok=True)
        # `go mod download` prints JSON, and a directory whose files were compared with go.sum.
        found = json.loads(run("go", "mod", "download", "-json", NAME, folder=work, within_s=BUILD_S))
        version = str(found["Version"])
        program = default_cache_dir() / "ferretdb" / version / "ferretdb"
        if program.exists():
            return program
        # The module refuses to start without a file that its releases are given and its module is not.
        source = work / "source"
        shutil.copytree(found["Dir"], source, copy_function=_writable)
        source.chmod(0o755)
        (source / "build" / "version").chmod(0o755)
        (source / "build" / "version" / "version.txt").write_text(f"{version}\n")
        run("go", "mod", "edit", f"-replace={NAME}=./source", folder=work, into=log)
        program.parent.mkdir(parents=True, exist_ok=True)
        built = program.with_suffix(f".{os.getpid()}")
        run(
            *("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", str(built), f"{NAME}/cmd/ferretdb"),
            folder=work,
            within_s=BUILD_S,
            into=log,
        )
        built.replace(program)
        return program


def _writable(source: str, target: str) -> str:
    """Copy a file of the module cache, where all is read-only."""
    shutil.copyfile(source, target)
    return target
