"""The containers' commands, run as plain processes with exactly the environment that compose gives them.

The broker is Apache Kafka, because compose asks for what the embedded one cannot do; the other servers are embedded ones.
Only addresses and ports differ from compose.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from contracts.topics import TOPICS
from screenalytics.stack import Stack, check_installed
from screenalytics.stack.ports import choose_free_port
from tests.deploy.checks import ROOT
from tests.deploy.test_compose import environment, services
from tests.support import apache_kafka

pytestmark = [
    pytest.mark.integration,
    pytest.mark.kafka,
    pytest.mark.skipif(bool(check_installed()), reason=f"embedded servers missing: {check_installed()}"),
    pytest.mark.skipif(apache_kafka.available() is not None, reason=f"no Apache Kafka: {apache_kafka.available()}"),
]

TIMEOUT_S = 60.0
NOBODY_THERE = "127.0.0.1:1"


@pytest.fixture(scope="module")
async def addresses() -> AsyncIterator[dict[str, str]]:
    """Variables that replace compose's host names."""
    with tempfile.TemporaryDirectory(prefix="screenalytics-compose-") as folder:
        async with apache_kafka.ApacheKafka(Path(folder)) as broker:
            variables = {"SCREENALYTICS_KAFKA__BOOTSTRAP_SERVERS": broker.bootstrap_servers}
            async with Stack(variables=variables) as stack:
                yield stack.environment() | {"SCREENALYTICS_TRITON__URL": NOBODY_THERE}


def container_environment(name: str, addresses: Mapping[str, str]) -> dict[str, str]:
    """Nothing of this process's environment but what a program needs to be found."""
    ours = environment(services()[name]) | dict(addresses)
    ours |= {"SCREENALYTICS_HTTP__HOST": "127.0.0.1", "SCREENALYTICS_HTTP__PORT": str(choose_free_port())}
    return {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", **ours}


async def run_to_the_end(name: str, addresses: Mapping[str, str]) -> str:
    """What a set-up container prints."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "screenalytics",
        *services()[name]["command"],
        env=container_environment(name, addresses),
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
async def container(name: str, addresses: Mapping[str, str], folder: Path) -> AsyncIterator[Running]:
    variables = container_environment(name, addresses)
    log = folder / f"{name}.log"
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "screenalytics",
            *services()[name]["command"],
            env=variables,
            stdout=output,
            stderr=output,
        )
    try:
        yield Running(process, int(variables["SCREENALYTICS_HTTP__PORT"]), log)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def test_the_set_up_containers_make_topics_and_indexes_and_may_run_again(addresses: dict[str, str]) -> None:
    for _ in range(2):
        assert f"{len(TOPICS)} of {len(TOPICS)} topics" in await run_to_the_end("topics", addresses)
    assert "indexes are as declared" in await run_to_the_end("indexes", addresses)


async def test_a_service_gets_ready_and_ends_cleanly_when_told_to(addresses: dict[str, str], tmp_path: Path) -> None:
    await run_to_the_end("topics", addresses)
    async with container("ingest", addresses, tmp_path) as ingest:
        ready = json.loads(await ingest.wait_for("/internal/ready", 200))
        assert ready["dependencies"] == {"kafka": "ok", "mongo": "ok", "s3": "ok"}
        assert b"screenalytics_dependency_up" in await ingest.wait_for("/internal/metrics", 200)
        await ingest.wait_for_log("service started")
        assert await ingest.terminate() == 0


async def test_a_service_whose_triton_is_away_is_alive_not_ready_and_says_why(
    addresses: dict[str, str], tmp_path: Path
) -> None:
    async with container("detector", addresses, tmp_path) as detector:
        await detector.wait_for("/internal/alive", 204)
        dependencies = json.loads(await detector.wait_for("/internal/ready", 503))["dependencies"]
        assert dependencies.pop("triton") != "ok"
        assert {"mongo": "ok", "s3": "ok"}.items() <= dependencies.items()
        assert await detector.terminate() == 0
