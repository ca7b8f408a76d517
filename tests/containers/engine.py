"""The container engine of this machine: found or started, and `docker compose` where its plugin is missing."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

COMPOSE_MODULE = "github.com/docker/compose/v2"
COMPOSE_VERSION = "v2.29.7"
OLDEST_COMPOSE = (2, 24)
"""The first that reads `env_file` with `required`."""
START_S = 30.0
BUILD_S = 1800.0


class CannotProve(Exception):
    """Something is missing on this machine; the message says what, and how to get it."""


def run(
    *command: str,
    within_s: float = 120.0,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
    into: Path | None = None,
) -> str:
    """What a command prints. Its output goes to the end of `into` instead, where that is given.

    Raises AssertionError with the last lines when it fails.
    """
    done = subprocess.run(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT if into is not None else subprocess.PIPE,
        text=True,
        timeout=within_s,
        env={**os.environ, **(environment or {})},
        cwd=folder,
        check=False,
    )
    if into is not None:
        with into.open("a") as log:
            log.write(f"$ {' '.join(command)}\n{done.stdout}")
    assert done.returncode == 0, f"{' '.join(command[:4])}…:\n{(done.stdout + (done.stderr or ''))[-3000:]}"
    return done.stdout


def answers() -> bool:
    """Whether an engine answers."""
    done = subprocess.run(["docker", "info"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    return done.returncode == 0


@contextmanager
def engine(log: Path) -> Iterator[None]:
    """An engine that answers: the one that is there, or one that is started for as long as this is held.

    Raises CannotProve.
    """
    if shutil.which("docker") is None:
        raise CannotProve("docker is not installed (Debian: apt-get install docker.io)")
    if answers():
        yield
        return
    if shutil.which("dockerd") is None or os.geteuid() != 0:
        raise CannotProve("no Docker engine answers, and none can be started: that needs dockerd and root")
    with log.open("wb") as output, ExitStack() as cleanup:
        daemon = subprocess.Popen(["dockerd"], stdout=output, stderr=output, start_new_session=True)
        cleanup.callback(_end, daemon)
        until = time.monotonic() + START_S
        while not answers():
            if daemon.poll() is not None or time.monotonic() > until:
                raise CannotProve(f"dockerd does not start: see {log}")
            time.sleep(0.5)
        yield


def _end(daemon: subprocess.Popen[bytes]) -> None:
    daemon.terminate()
    daemon.wait(60)


def version_of(text: str) -> tuple[int, int]:
    """Major and minor version in what a program prints; (0, 0) without one."""
    found = re.search(r"(\d+)\.(\d+)", text)
    return (int(found.group(1)), int(found.group(2))) if found else (0, 0)


def with_compose(cache: Path, log: Path) -> dict[str, str]:
    """Variables with which `docker compose` works, also where the plugin is missing: then it is built from its module.

    Raises CannotProve.
    """
    there = subprocess.run(["docker", "compose", "version", "--short"], capture_output=True, text=True, check=False)
    if there.returncode == 0 and version_of(there.stdout) >= OLDEST_COMPOSE:
        return {}
    plugin = cache / f"compose-{COMPOSE_VERSION}" / "cli-plugins" / "docker-compose"
    if not plugin.exists():
        if shutil.which("go") is None:
            raise CannotProve(
                f"docker compose is missing or too old, and so is go, which could build {COMPOSE_VERSION}"
            )
        plugin.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache) as scratch:
            module = f"{COMPOSE_MODULE}/cmd@{COMPOSE_VERSION}"
            run("go", "install", module, environment={"GOBIN": scratch}, within_s=BUILD_S, into=log)
            shutil.move(Path(scratch) / "cmd", plugin)
    (plugin.parent.parent / "config.json").write_text(json.dumps({}))
    return {"DOCKER_CONFIG": str(plugin.parent.parent)}


def image_bytes(name: str) -> int:
    """Size of an image with all its layers."""
    return int(run("docker", "image", "inspect", "--format", "{{.Size}}", name))


def container_facts(names: Sequence[str]) -> list[dict[str, object]]:
    """What the engine says of containers, as `docker inspect` does."""
    facts: list[dict[str, object]] = json.loads(run("docker", "inspect", *names))
    return facts
