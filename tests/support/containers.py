"""The servers of docker-compose.yml as containers of a test: its images, its commands, its environment.

Everything is bound to 127.0.0.1. Only what compose says about several containers together is said anew here.
"""

from __future__ import annotations

import asyncio
import functools
import re
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

from screenalytics.local.servers.ports import LOOPBACK, choose_free_port
from screenalytics.local.servers.probes import http_answers_ok, kafka_answers, mongo_answers
from tests.deploy.yaml_or_skip import yaml

ROOT = Path(__file__).resolve().parents[2]
START_S = 180.0
ACCESS_KEY, SECRET_KEY = "test-access-key", "test-secret-key"
BUCKET = "screenalytics"
KAFKA_HOST_LISTENER, MONGO_PORT, S3_PORT, TRITON_HTTP, TRITON_GRPC = 29092, 27017, 8333, 8000, 8001


@functools.cache
def available() -> str | None:
    """Why containers cannot be run on this machine; None where they can."""
    try:
        import docker
        import testcontainers.core.container  # noqa: F401  (only looked for)
    except ImportError as error:
        return f"{error.name} is not installed"
    if shutil.which("docker") is None:
        return "docker is not installed"
    try:
        docker.from_env(timeout=10).ping()
    except docker.errors.DockerException:
        return "no Docker engine answers"
    return None


@functools.cache
def image_missing(service: str) -> str | None:
    """Why the image of a compose service, one that we build, cannot be used; None where it can."""
    import docker

    name = image_of(service)
    try:
        docker.from_env().images.get(name)
    except docker.errors.ImageNotFound:
        return f"{name} is not there: docker compose build {service}"
    return None


def compose_service(name: str) -> dict[str, Any]:
    """A service as docker-compose.yml describes it."""
    document = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    found: dict[str, Any] = document["services"][name]
    return found


def image_of(name: str) -> str:
    """The image that compose uses where no variable names another."""
    return re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", compose_service(name)["image"])


@asynccontextmanager
async def running(
    name: str,
    *,
    ports: Mapping[int, int],
    environment: Mapping[str, str],
    command: list[str] | None = None,
    ready: Callable[[], Awaitable[bool]],
) -> AsyncIterator[Any]:
    """One compose service as a container. `ports`: the container's to the one on 127.0.0.1.

    Raises AssertionError with the container's log when it is not ready in time.
    """
    from testcontainers.core.container import DockerContainer

    container = DockerContainer(image_of(name))
    for key, value in environment.items():
        container.with_env(key, value)
    if command is not None:
        container.with_command(command)
    # Not `with_bind_ports`: that binds to every address of the machine.
    published: Any = {f"{inside}/tcp": (LOOPBACK, outside) for inside, outside in ports.items()}
    container.ports = published
    await asyncio.to_thread(container.start)
    try:
        await _wait_until(ready, container, name)
        yield container
    finally:
        await asyncio.to_thread(container.stop)


async def _wait_until(ready: Callable[[], Awaitable[bool]], container: Any, name: str) -> None:
    try:
        async with asyncio.timeout(START_S):
            while not await ready():
                await asyncio.sleep(0.5)
    except TimeoutError:
        output, errors = await asyncio.to_thread(container.get_logs)
        raise AssertionError(f"{name} did not get ready:\n{(output + errors).decode()[-3000:]}") from None


@asynccontextmanager
async def kafka(*, port: int, advertised_port: int) -> AsyncIterator[None]:
    """Apache Kafka on `port`; clients are sent to `advertised_port`, for example a proxy's."""
    environment = dict(compose_service("kafka")["environment"])
    environment["KAFKA_ADVERTISED_LISTENERS"] = f"INTERNAL://localhost:9092,HOST://{LOOPBACK}:{advertised_port}"
    environment["KAFKA_CONTROLLER_QUORUM_VOTERS"] = "1@localhost:9093"

    async def ready() -> bool:
        return await kafka_answers(port)

    async with running("kafka", ports={KAFKA_HOST_LISTENER: port}, environment=environment, ready=ready):
        yield


@asynccontextmanager
async def mongo() -> AsyncIterator[str]:
    """The URI of a MongoDB replica set of one, without passwords."""
    port = choose_free_port()
    uri = f"mongodb://{LOOPBACK}:{port}/?directConnection=true"
    command = ["mongod", "--replSet", "rs0", "--bind_ip_all", "--wiredTigerCacheSizeGB", "0.5"]
    member = f"{{_id: 'rs0', members: [{{_id: 0, host: 'localhost:{MONGO_PORT}'}}]}}"

    async def ready() -> bool:
        return await mongo_answers(uri)

    async with running("mongo", ports={MONGO_PORT: port}, environment={}, command=command, ready=ready) as container:
        script = f"rs.initiate({member}); while (!db.hello().isWritablePrimary) {{ sleep(100) }}"
        done = await asyncio.to_thread(container.exec, ["mongosh", "--quiet", "--eval", script])
        assert done.exit_code == 0, done.output
        yield uri


@asynccontextmanager
async def s3() -> AsyncIterator[str]:
    """The address of an S3 server whose only user is ACCESS_KEY."""
    port = choose_free_port()
    environment = {"AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": SECRET_KEY}
    command = list(compose_service("s3")["command"])

    async def ready() -> bool:
        return await asyncio.to_thread(_answers_http, port)

    async with running("s3", ports={S3_PORT: port}, environment=environment, command=command, ready=ready):
        yield f"http://{LOOPBACK}:{port}"


@asynccontextmanager
async def triton() -> AsyncIterator[str]:
    """The gRPC address of our Triton image with its models loaded."""
    http_port, grpc_port = choose_free_port(), choose_free_port()

    async def ready() -> bool:
        return await http_answers_ok(http_port, "/v2/health/ready")

    ports = {TRITON_HTTP: http_port, TRITON_GRPC: grpc_port}
    async with running("triton", ports=ports, environment={}, ready=ready):
        yield f"{LOOPBACK}:{grpc_port}"


@asynccontextmanager
async def addresses(*, with_triton: bool) -> AsyncIterator[dict[str, str]]:
    """The variables that tell services about all servers, each in its container."""
    kafka_port = choose_free_port()
    async with AsyncExitStack() as cleanup:
        await cleanup.enter_async_context(kafka(port=kafka_port, advertised_port=kafka_port))
        variables = {
            "SCREENALYTICS_KAFKA__BOOTSTRAP_SERVERS": f"{LOOPBACK}:{kafka_port}",
            "SCREENALYTICS_MONGO__URI": await cleanup.enter_async_context(mongo()),
            "SCREENALYTICS_MONGO__DATABASE": "screenalytics",
            "SCREENALYTICS_S3__ENDPOINT_URL": await cleanup.enter_async_context(s3()),
            "SCREENALYTICS_S3__ACCESS_KEY": ACCESS_KEY,
            "SCREENALYTICS_S3__SECRET_KEY": SECRET_KEY,
            "SCREENALYTICS_S3__BUCKET": BUCKET,
            "SCREENALYTICS_S3__REGION": "us-east-1",
        }
        if with_triton:
            variables["SCREENALYTICS_TRITON__URL"] = await cleanup.enter_async_context(triton())
        yield variables


def _answers_http(port: int) -> bool:
    """Whether an HTTP server answers anything at all: a stranger's 403 is an answer as well."""
    try:
        with urlopen(f"http://{LOOPBACK}:{port}/", timeout=5):
            return True
    except HTTPError:
        return True
    except OSError:
        return False
