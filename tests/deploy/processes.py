"""Containers as plain processes: the declared command with exactly the declared environment.

Only addresses and ports differ from the declaration; nothing of this process's environment is passed on but what a
program needs to be found.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from contracts.events import SERVICES, FacebankUpdated
from contracts.rows import ScreenTimeDocument
from screenalytics.events import emitter
from screenalytics.events.cast_folder import read_cast_folder
from screenalytics.local.machine import Machine, settings_for
from screenalytics.local.servers import Stack
from screenalytics.local.servers.ports import choose_free_port
from screenalytics.local.servers.stack import TRITON_URL
from screenalytics.weights import (
    default_cache_dir,
    load_registry,
    repository_path,
    stage_runtime,
    triton_command,
    verify,
)
from tests.deploy import test_compose, test_manifests
from tests.deploy.checks import ROOT
from tests.deploy.kustomize import build, identity
from tests.e2e.conftest import MEDIA, SHOW
from tests.support.pipeline import pipeline_on

TIMEOUT_S = 180.0


@dataclass(frozen=True, kw_only=True)
class Container:
    """What a deployment says about one of our containers."""

    name: str
    command: Sequence[str]
    variables: Mapping[str, str]

    def environment(self, addresses: Mapping[str, str]) -> dict[str, str]:
        """The variables of the process; `addresses` replace the deployment's host names."""
        own = {"SCREENALYTICS_HTTP__HOST": "127.0.0.1", "SCREENALYTICS_HTTP__PORT": str(choose_free_port())}
        ours = {**self.variables, **addresses, **own}
        return {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", **ours}


def of_compose() -> dict[str, Container]:
    """Every container of ours in docker-compose.yml."""
    return {
        name: Container(name=name, command=entry["command"], variables=test_compose.environment(entry))
        for name, entry in test_compose.ours().items()
    }


def of_kubernetes(overlay: str) -> dict[str, Container]:
    """Every container of ours in an overlay, by the name of its workload, with the example secrets."""
    resources = build(ROOT / "deploy" / "k8s" / "overlays" / overlay)
    return {
        identity(workload)[1]: Container(
            name=identity(workload)[1],
            command=test_manifests.container(workload)["args"],
            variables=test_manifests.environment(resources, workload),
        )
        for workload in test_manifests.ours(resources)
    }


async def run_to_the_end(container: Container, addresses: Mapping[str, str]) -> str:
    """What a set-up container prints."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "screenalytics",
        *container.command,
        env=container.environment(addresses),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, errors = await asyncio.wait_for(process.communicate(), TIMEOUT_S)
    assert process.returncode == 0, errors.decode()[-2000:]
    return output.decode()


@dataclass(frozen=True)
class Running:
    """A service's process, where it listens, and what it has logged."""

    process: asyncio.subprocess.Process
    port: int
    log: Path

    async def ask(self, path: str) -> tuple[int, bytes]:
        """Status and body; 0 while nobody listens."""

        def fetch() -> tuple[int, bytes]:
            try:
                with urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as answer:
                    return answer.status, answer.read()
            except HTTPError as error:
                return error.code, error.read()
            except OSError:
                return 0, b""

        return await asyncio.to_thread(fetch)

    async def wait_for(self, path: str, status: int) -> bytes:
        async with asyncio.timeout(TIMEOUT_S):
            while (answer := await self.ask(path))[0] != status:
                assert self.process.returncode is None, self.log.read_text()[-2000:]
                await asyncio.sleep(0.3)
        return answer[1]

    async def wait_for_log(self, text: str) -> None:
        async with asyncio.timeout(TIMEOUT_S):
            while text not in self.log.read_text():
                assert self.process.returncode is None, self.log.read_text()[-2000:]
                await asyncio.sleep(0.1)

    async def terminate(self) -> int:
        """Exit status after SIGTERM."""
        self.process.send_signal(signal.SIGTERM)
        try:
            return await asyncio.wait_for(self.process.wait(), TIMEOUT_S)
        except TimeoutError:
            raise AssertionError(f"did not end: {self.log.read_text()[-2000:]}") from None


@asynccontextmanager
async def started(container: Container, addresses: Mapping[str, str], folder: Path) -> AsyncIterator[Running]:
    """The container's process, killed at the end where it still runs. Its log is in `folder`."""
    variables = container.environment(addresses)
    log = folder / f"{container.name}.log"
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "screenalytics", *container.command, env=variables, stdout=output, stderr=output
        )
    try:
        yield Running(process, int(variables["SCREENALYTICS_HTTP__PORT"]), log)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


@asynccontextmanager
async def triton_on(servers: Mapping[str, str], models: Collection[str] | None = None) -> AsyncIterator[str]:
    """The address of a Triton with the models (all of the registry, where none are named), beside servers that run already.

    Skips where the models are absent.
    """
    registry, cache = load_registry(), default_cache_dir()
    served = sorted(registry.models if models is None else models)
    if {problem.model for problem in verify(registry, cache)} & set(served):
        pytest.skip("the models are not in the cache: make setup fetches them")
    launch = partial(
        triton_command,
        runtime=stage_runtime(registry.server, cache, print),
        repository=repository_path(cache),
        models=served,
    )
    others = {name: value for name, value in servers.items() if name != TRITON_URL}
    async with Stack(variables=others, triton_command=launch) as stack:
        assert stack.triton is not None
        yield stack.triton.url


async def assert_an_episode_gets_its_cast(
    containers: Mapping[str, Container],
    addresses: Mapping[str, str],
    *,
    video: Path,
    clients: Mapping[str, str],
    folder: Path,
    own: Mapping[str, Mapping[str, str]] | None = None,
) -> None:
    """Start all services, send an episode with its cast through them, and end them cleanly.

    `clients` are the variables that the test's own clients connect with, `own` those of one service or another.
    """
    async with AsyncExitStack() as cleanup:
        services = [
            await cleanup.enter_async_context(
                started(containers[name], {**addresses, **(own or {}).get(name, {})}, folder)
            )
            for name in SERVICES
        ]
        machine = Machine(stack=Stack(variables=clients), settings=settings_for(dict(clients)), children=())
        pipeline = await cleanup.enter_async_context(pipeline_on(machine))
        for service in services:
            await service.wait_for_log("service started")
        members = read_cast_folder(MEDIA / "facebank").members
        cast = emitter.cast_uploaded(SHOW, await emitter.upload_pictures(pipeline.storage, SHOW, members))
        await pipeline.emit(cast)
        await pipeline.log.first(FacebankUpdated, request_id=cast.request_id)
        report = await pipeline.finished(await pipeline.upload(video, f"{SHOW}-s01e01"))
        document = await pipeline.storage.get_document(report.manifests["screen_time.json"], ScreenTimeDocument)
        assert document.cast
        assert all(person.visible_s > 0 for person in document.cast)
        assert [await service.terminate() for service in services] == [0] * len(services)
