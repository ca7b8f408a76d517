"""Set-up on a fresh machine: virtual environment, pinned packages with verified hashes, models. Standard library only.

    python scripts/setup.py [--dev]

Without `--dev` there is what runs episodes, with it what checks the code and measures as well.
Exit status 2 and one sentence when something is missing; pip's own words go to `.venv/setup.log`.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
LOCK = ROOT / "requirements-run.lock"
DEVELOPMENT_LOCK = ROOT / "requirements.lock"
"""Pins all that the other pins, at the same versions, and the tools."""
LOG = VENV / "setup.log"
STAMP = VENV / ".installed"

LOADED = (
    *(f"services.{name}.app" for name in ("ingest", "detector", "embedder", "grouper", "identity", "webhooks")),
    "screenalytics.api_server",
    "screenalytics.commands.episode",
    "screenalytics.local.nursery.__main__",
    "screenalytics.weights.conversion",
    "screenalytics.sample.make",
    "guessit.api",
    "onnxruntime",
)
"""What running an episode loads."""

LEAST = (3, 11)
NEWEST = (3, 13)


class SetupError(Exception):
    """Something a person has to mend; `code` is stable."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def check_python() -> None:
    version = sys.version_info[:2]
    if not LEAST <= version <= NEWEST:
        raise SetupError(
            "python_unsupported",
            f"This is Python {version[0]}.{version[1]}; use 3.11 to 3.13, for example: make setup PYTHON=python3.12",
        )


def run(*command: str | Path, code: str, sentence: str) -> None:
    """Run a step, its output in the log; what it loads is kept compiled, whatever the environment says."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    with LOG.open("ab") as log:
        done = subprocess.run(
            [str(part) for part in command],
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=ROOT,
            env=environment,
            check=False,
        )
    if done.returncode != 0:
        raise SetupError(code, f"{sentence} The details are in {LOG.relative_to(ROOT)}.")


def stamp_of(lock: Path) -> str:
    """Changes when the pinned packages, the project's own metadata or Python change."""
    content = lock.read_bytes() + (ROOT / "pyproject.toml").read_bytes() + sys.version.encode()
    return hashlib.sha256(content).hexdigest()


def install(lock: Path) -> None:
    """Install what a lock pins, where neither it nor the development lock has been installed as it is now."""
    if STAMP.is_file() and STAMP.read_text() in {stamp_of(lock), stamp_of(DEVELOPMENT_LOCK)}:
        return
    if not PYTHON.exists():
        say("creating .venv")
        made = subprocess.run([sys.executable, "-m", "venv", str(VENV)], capture_output=True, check=False)
        if made.returncode != 0:
            raise SetupError(
                "venv_failed", "The virtual environment could not be made: install python3-venv and try again."
            )
    LOG.write_bytes(b"")
    say("installing the pinned packages (hashes are verified)")
    pip = (PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--retries", "2")
    # Compiling all modules takes longer than a short episode does; for one those are enough that it loads.
    compiling = () if lock == DEVELOPMENT_LOCK else ("--no-compile",)
    run(
        *pip,
        *compiling,
        "--require-hashes",
        "--only-binary",
        ":all:",
        "-r",
        lock,
        code="packages_not_installed",
        sentence=(
            "The pinned packages could not be installed: check the network and pip's settings, and that nothing changed "
            "them on the way (their hashes are verified)."
        ),
    )
    run(
        *pip,
        "--no-deps",
        "--no-build-isolation",
        "-e",
        ROOT,
        code="project_not_installed",
        sentence="The project itself could not be installed.",
    )
    run(
        PYTHON,
        "-c",
        f"import {', '.join(LOADED)}",
        code="packages_unusable",
        sentence="The installed packages cannot be loaded.",
    )
    STAMP.write_text(stamp_of(lock))


def main() -> int:
    begun = time.monotonic()
    try:
        check_python()
        install(DEVELOPMENT_LOCK if "--dev" in sys.argv[1:] else LOCK)
    except SetupError as error:
        say(f"error [{error.code}]: {error}")
        return 2
    models = subprocess.run([PYTHON, "-m", "screenalytics", "models", "pull"], cwd=ROOT, check=False)
    if models.returncode == 0:
        say(f"set up in {time.monotonic() - begun:.0f} s: .venv/bin/screenalytics")
    return models.returncode


if __name__ == "__main__":
    sys.exit(main())
