"""Python as it is in the service's image: nothing can be imported that its lock does not install."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from importlib import metadata

from tests.deploy.checks import ROOT

OURS = {"contracts", "chassis", "services", "screenalytics"}

ABSENT = """
import sys
from importlib.abc import MetaPathFinder

class Absent(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {absent!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Absent())
"""


def pinned(lock: str) -> dict[str, str]:
    """Requirement line (name, version, marker) -> its hashes, of a lock file."""
    text = (ROOT / lock).read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [re.split(r"\s--hash=", line) for line in text.splitlines() if "==" in line]
    return {requirement.strip(): " ".join(sorted(part.strip() for part in hashes)) for requirement, *hashes in lines}


def names(lock: str) -> set[str]:
    return {requirement.split("==")[0] for requirement in pinned(lock)}


def absent_from_the_image() -> set[str]:
    """Modules that are installed here and not by the service's lock."""
    installed = {_normal(name.split("[")[0]) for name in names("requirements-service.lock")}
    return {
        module
        for module, packages in metadata.packages_distributions().items()
        if module not in OURS and not installed & {_normal(package) for package in packages}
    }


def run_as_in_the_image(
    code: str, *arguments: str, variables: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run code with `arguments`; of our environment it sees `variables` only."""
    script = ABSENT.format(absent=absent_from_the_image()) + code
    bare = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": os.environ.get("HOME", "/tmp"), **(variables or {})}
    command = [sys.executable, "-c", script, *arguments]
    return subprocess.run(command, cwd=ROOT, env=bare, capture_output=True, text=True, timeout=300)


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
