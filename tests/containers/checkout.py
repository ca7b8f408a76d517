"""A copy of the checkout with secrets of its own, so that nobody's compose project or secrets are touched."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from tests.containers.engine import run
from tests.support.containers import ROOT

PROJECT = "screenalytics-proof"


def copy_to(folder: Path) -> None:
    """Every file that belongs to the project, as it is now, and random secrets for every container."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    for name in listed.stdout.decode().split("\0"):
        if name and (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    run("sh", "deploy/compose/make-secrets.sh", folder=folder)
