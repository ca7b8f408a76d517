"""A release as a checkout: its services and its inference server as processes beside another release's."""

from __future__ import annotations

import asyncio
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from screenalytics.local.machine import EMBEDDER_MODEL
from screenalytics.local.servers import ChildProcess
from screenalytics.local.servers.ports import choose_free_port
from screenalytics.local.servers.probes import http_answers_ok
from screenalytics.weights import default_cache_dir
from tests.containers.engine import CannotProve, run
from tests.deploy.checks import ROOT

BEFORE = "9276b695bb52a503f20c7090a11723b71454303e"
"""The release before: its five services, and the models that its Triton serves."""
ITS_EMBEDDER = "dlib_resnet"
"""What this release calls the embedder of the release before; vectors of another are not compared."""
SETTINGS = {"SCREENALYTICS_KAFKA__SESSION_TIMEOUT_MS": "20000", "SCREENALYTICS_KAFKA__MOST_PARTITIONS": "4"}
"""Few partitions, so that two members of a group both have work, and a session that outlasts a busy machine."""
START_S = 300.0
PULL_S = 900.0
_TRITON = """
import asyncio, json, os
from tests.deploy.processes import triton_on

async def main():
    async with triton_on(json.loads(os.environ["SERVERS"])) as url:
        print("URL " + url, flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""

_MARK = "URL "


@dataclass(frozen=True)
class Release:
    """A checkout, where its models lie, and what differs in its settings."""

    name: str
    root: Path
    cache: Path
    variables: Mapping[str, str] = field(default_factory=dict)

    def environment(self, addresses: Mapping[str, str]) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(self.root),
            "SCREENALYTICS_CACHE_DIR": str(self.cache),
            **SETTINGS,
            **addresses,
            **self.variables,
        }


class Service(ChildProcess):
    """A service of a release."""

    stop_grace_seconds = 60.0

    def __init__(self, release: Release, name: str, addresses: Mapping[str, str], logs: Path) -> None:
        label = f"{release.name}-{name}"
        super().__init__(name=label, directory=release.root, log_path=logs / f"{label}.log")
        self._service = name
        self.port = choose_free_port()
        self._variables = release.environment(addresses) | {"SCREENALYTICS_HTTP__PORT": str(self.port)}

    def command(self) -> Sequence[str]:
        return [sys.executable, "-m", "screenalytics", "serve", self._service]

    def environment(self) -> Mapping[str, str]:
        return self._variables

    async def probe(self) -> bool:
        return await http_answers_ok(self.port, "/internal/ready")


def check_out(work: Path) -> Path:
    """The files of the release before. Raises CannotProve where the history is not there."""
    folder = work / "before"
    shutil.rmtree(folder, ignore_errors=True)
    archive = subprocess.run(["git", "archive", BEFORE], cwd=ROOT, capture_output=True, check=False)
    if archive.returncode != 0:
        raise CannotProve(f"the history has no commit {BEFORE[:7]}: a full clone has it")
    with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as files:
        files.extractall(folder, filter="data")
    return folder


@asynccontextmanager
async def triton_of(release: Release, servers: Mapping[str, str], log: Path) -> AsyncIterator[str]:
    """The address of the inference server with a release's own models."""
    variables = release.environment({}) | {"SERVERS": json.dumps(dict(servers)), "HOME": os.environ["HOME"]}
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            _TRITON,
            cwd=release.root,
            env=variables,
            stdout=asyncio.subprocess.PIPE,
            stderr=output,
        )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(START_S):
            url = await _address(process.stdout, log)
        yield url
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def _address(stream: asyncio.StreamReader, log: Path) -> str:
    async for line in stream:
        if line.startswith(_MARK.encode()):
            return line.decode().removeprefix(_MARK).strip()
    raise AssertionError(f"no inference server: see {log}")


def before(work: Path) -> Release:
    """The release before, with models of its own in the cache. Raises CannotProve."""
    release = Release("before", check_out(work), default_cache_dir() / f"release-{BEFORE[:7]}")
    pull_models(release)
    return release


def now() -> Release:
    """This checkout, told to go on with the embedder that the release before had."""
    release = Release("now", ROOT, default_cache_dir(), {EMBEDDER_MODEL: ITS_EMBEDDER})
    pull_models(release)
    return release


def pull_models(release: Release) -> None:
    command = [sys.executable, "-m", "screenalytics", "models", "pull"]
    run(*command, folder=release.root, environment=release.environment({}), within_s=PULL_S)
