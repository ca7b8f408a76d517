"""A real Apache Kafka broker for tests: one KRaft node in a Java process, its jars resolved by Maven.

`kafka-pom.xml` pins the version. Maven verifies every checksum (`-C`: a wrong one is an error).
"""

from __future__ import annotations

import asyncio
import functools
import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from screenalytics.local.servers import ChildProcess
from screenalytics.local.servers.ports import LOOPBACK
from screenalytics.local.servers.probes import kafka_answers

_POM = Path(__file__).with_name("kafka-pom.xml")
_OLDEST_JAVA = 17
_FETCH_TIMEOUT_SECONDS = 300
_TOOL_TIMEOUT_SECONDS = 60
_CLUSTER_ID = "c2NyZWVuYWx5dGljcy10ZQ"  # any 16 bytes in base64

# A small heap, and start-up time before peak speed.
_JAVA_FLAGS = (
    "-Xmx400m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
)


@functools.cache
def available() -> str | None:
    """Why a broker cannot be run on this machine; None where it can."""
    if shutil.which("mvn") is None:
        return "mvn (Apache Maven) is not installed"
    java = shutil.which("java")
    if java is None:
        return "java is not installed"
    answer = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=_TOOL_TIMEOUT_SECONDS)
    version = re.search(r'version "(\d+)', answer.stderr + answer.stdout)
    if version is None:
        return "the version of java is unknown"
    if int(version.group(1)) < _OLDEST_JAVA:
        return f"java is {version.group(1)}, Apache Kafka needs {_OLDEST_JAVA}"
    return None


@functools.cache
def jar_directory() -> Path:
    """The folder with the broker's jars, fetched (44 MB) at the first call on a machine.

    Raises RuntimeError with Maven's message where that fails.
    """
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "screenalytics"
    final = cache / f"apache-kafka-{hashlib.sha256(_POM.read_bytes()).hexdigest()[:16]}"
    if final.is_dir():
        return final
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as scratch:
        jars = Path(scratch) / "jars"
        goal = ["dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={jars}"]
        fetched = subprocess.run(
            ["mvn", "--batch-mode", "--quiet", "--strict-checksums", "--file", str(_POM), *goal],
            capture_output=True,
            text=True,
            timeout=_FETCH_TIMEOUT_SECONDS,
        )
        if fetched.returncode != 0:
            raise RuntimeError(f"Maven could not fetch Apache Kafka:\n{(fetched.stdout + fetched.stderr)[-3000:]}")
        if not final.is_dir():  # another test run may have been faster
            jars.rename(final)
    return final


class ApacheKafka(ChildProcess):
    """One broker (and controller) on `bootstrap_servers`; its log is in the directory and survives `kill` and `run`.

    Topics must be created before they are used. `advertised_port` is where clients are sent, by default the port it
    listens on; another one lets everything go through a proxy.
    """

    port_names = ("broker", "controller")

    def __init__(self, directory: Path, *, advertised_port: int | None = None) -> None:
        super().__init__(name="Apache Kafka", directory=directory, log_path=directory / "broker.log")
        self._advertised_port = advertised_port

    @property
    def bootstrap_servers(self) -> str:
        return f"{LOOPBACK}:{self._advertised_port or self.ports['broker']}"

    async def run(self, timeout: float = 60.0) -> None:
        """Fetch the jars and format the log directory where that was not done yet, start, and wait until ready."""
        await asyncio.to_thread(jar_directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self._claim_ports()
        await asyncio.to_thread(self._format)
        await super().run(timeout)

    def command(self) -> Sequence[str]:
        return self._java("kafka.Kafka", str(self._write_properties()))

    async def probe(self) -> bool:
        return await kafka_answers(self.ports["broker"])

    async def __aenter__(self) -> Self:
        await self.run()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.stop()

    def _format(self) -> None:
        properties = self._write_properties()
        if (self._log_directory / "meta.properties").exists():
            return
        command = self._java(
            "kafka.tools.StorageTool", "format", "-t", _CLUSTER_ID, "-c", str(properties), *self.format_arguments()
        )
        formatted = subprocess.run(command, capture_output=True, text=True, timeout=_TOOL_TIMEOUT_SECONDS)
        if formatted.returncode != 0:
            raise RuntimeError(f"the log directory could not be formatted:\n{formatted.stdout}{formatted.stderr}")

    @property
    def _log_directory(self) -> Path:
        return self.directory / "log"

    def _java(self, *arguments: str) -> list[str]:
        java = shutil.which("java")
        if java is None:
            raise RuntimeError("java is not installed")
        return [java, *_JAVA_FLAGS, "-cp", f"{jar_directory()}/*", *arguments]

    def format_arguments(self) -> Sequence[str]:
        """What the log directory is formatted with besides."""
        return ()

    def properties(self) -> dict[str, str]:
        """One node for everything, without the waits that only make sense with more of them."""
        broker, controller = self.ports["broker"], self.ports["controller"]
        return {
            "process.roles": "broker,controller",
            "node.id": "1",
            "controller.quorum.voters": f"1@{LOOPBACK}:{controller}",
            "controller.listener.names": "CONTROLLER",
            "listeners": f"PLAINTEXT://{LOOPBACK}:{broker},CONTROLLER://{LOOPBACK}:{controller}",
            "advertised.listeners": f"PLAINTEXT://{self.bootstrap_servers}",
            "inter.broker.listener.name": "PLAINTEXT",
            "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
            # A broker that was killed may register again only after its old session has ended (9 s by default).
            "broker.session.timeout.ms": "1000",
            "broker.heartbeat.interval.ms": "200",
            "log.dirs": str(self._log_directory),
            "auto.create.topics.enable": "false",
            "group.initial.rebalance.delay.ms": "0",
            "group.min.session.timeout.ms": "1000",
            "offsets.topic.replication.factor": "1",
            "offsets.topic.num.partitions": "4",
            "transaction.state.log.replication.factor": "1",
            "transaction.state.log.min.isr": "1",
            "transaction.state.log.num.partitions": "4",
            "share.coordinator.state.topic.replication.factor": "1",
            "share.coordinator.state.topic.min.isr": "1",
            "num.network.threads": "2",
            "num.io.threads": "4",
            "log.cleaner.dedupe.buffer.size": str(8 * 2**20),
        }

    def _write_properties(self) -> Path:
        path = self.directory / "server.properties"
        path.write_text("".join(f"{key}={value}\n" for key, value in self.properties().items()))
        return path
