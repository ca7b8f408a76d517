"""Everything on one machine: the embedded servers and the five services, supervised."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from chassis.kafka.connection import ensure_topics
from chassis.mongo import database as mongo
from chassis.mongo.presence import running_services
from chassis.settings import ChassisSettings
from contracts.events import STAGES
from screenalytics.local.servers import ChildEvent, ChildProcess, ServiceProcess, Stack, Supervisor, TritonCommand
from screenalytics.local.servers.directory import PortTable
from screenalytics.local.servers.forking import Nursery, begin_loading
from screenalytics.local.servers.ports import choose_free_port
from screenalytics.local.servers.probes import http_answers_ok
from screenalytics.weights import default_cache_dir, load_registry, pull, read_choice, stage_runtime, triton_command

Say = Callable[[str], None]

THROW_AWAY_GRACE_S = 2.0
"""How long the services of a machine without kept data have to end."""

LOADING_S = 300.0
"""How long loading what the services need may take, on a machine that does much else."""

EMBEDDED_BROKER = {
    "SCREENALYTICS_KAFKA__SESSION_TIMEOUT_MS": "6000",
    "SCREENALYTICS_KAFKA__FETCH_MAX_WAIT_MS": "200",
    "SCREENALYTICS_KAFKA__LOOK_EVERY_MS": "220",
    "SCREENALYTICS_KAFKA__MOST_PARTITIONS": "2",
}
"""Settings for the embedded broker, where the user has not chosen others (measured): it keeps every consumer waiting for
half its session timeout when it joins its group, and looks for news again and again within the longest wait, at every
partition for itself, so that a consumer in a calm had better ask by itself; and one process of each service needs no more
than a pair of partitions, of which one may be waiting for a retry."""

FOR_ONE_EPISODE = {
    "SCREENALYTICS_KAFKA__SESSION_TIMEOUT_MS": "2000",
    "SCREENALYTICS_KAFKA__HEARTBEAT_INTERVAL_MS": "600",
}
"""The same where a machine is there for one episode: services join their groups within 1 s, not 3, and nobody else joins
who could find one that is busy gone; but a calm machine would take a seventh more."""

API = "api"
"""The front that serves the HTTP API of all services; started where somebody will use it."""


EMBEDDER_MODEL = "SCREENALYTICS_TRITON__EMBEDDER_MODEL"


def served_models() -> tuple[str, ...]:
    """The models that the settings choose: those that the machine's Triton serves, and what set-up fetches."""
    chosen = ChassisSettings().triton
    return (chosen.detector_model, chosen.finder_model, embedder_model(), chosen.person_model)


def embedder_model() -> str:
    """The embedder of this machine: the environment's, else the one that `models use` chose, else the default."""
    given = ChassisSettings().triton.embedder_model
    return given if os.environ.get(EMBEDDER_MODEL) else read_choice("face_embedder") or given


@dataclass(frozen=True, kw_only=True)
class Machine:
    """A running machine. `settings` are those that services and clients on it use, `addresses` what they are told."""

    stack: Stack
    settings: ChassisSettings
    children: Sequence[ChildProcess]
    addresses: dict[str, str] = field(default_factory=dict)
    nursery: Nursery | None = None


def prepare_models(say: Say) -> None:
    """Make the model repository and the inference server complete in the cache.

    Raises:
        WeightsError: when something cannot be fetched or is not what the registry names.
    """
    registry = load_registry()
    cache = default_cache_dir()
    pull(registry, cache, say, models=served_models())
    stage_runtime(registry.server, cache, say)


def _triton_command(say: Say) -> TritonCommand:
    registry, cache = load_registry(), default_cache_dir()
    return partial(
        triton_command,
        runtime=stage_runtime(registry.server, cache, say),
        repository=pull(registry, cache, say, models=served_models()),
        models=served_models(),
    )


@asynccontextmanager
async def run_machine(
    *,
    keep: Path | None = None,
    services: Sequence[str] = STAGES,
    ports: PortTable | None = None,
    http_ports: dict[str, int] | None = None,
    for_one_episode: bool = False,
    nursery: Nursery | None = None,
    logs_to: Path | None = None,
    say: Say,
    on_event: Callable[[ChildEvent], None],
) -> AsyncIterator[Machine]:
    """Start what is not running yet and end it afterwards.

    Servers whose address is set in the environment are used instead of started. `http_ports`: where services answer HTTP;
    others serve their health only. `nursery`: one that was begun before (`begin_loading`). `logs_to` receives the logs when
    the machine ends in an error and its directory was a temporary one.

    Raises:
        StackError, WeightsError: when something does not start.
    """
    needs_triton = not os.environ.get("SCREENALYTICS_TRITON__URL")
    async with AsyncExitStack() as cleanup:
        if nursery is not None:
            cleanup.callback(nursery.close)
        stack = Stack(data_dir=keep, triton_command=_triton_command(say) if needs_triton else None, fixed_ports=ports)
        say("starting the servers")
        if nursery is None and (nursery := begin_loading(services)) is not None:
            cleanup.callback(nursery.close)
        await cleanup.enter_async_context(stack)
        try:
            addresses = stack.environment()
            if needs_triton:
                addresses |= {EMBEDDER_MODEL: embedder_model()}
            if stack.tansu is not None:
                addresses |= broker_settings(for_one_episode=for_one_episode)
            settings = settings_for(addresses)
            await ensure_topics(settings.kafka)
            if stack.secantusdb is None:
                async with mongo.connect(settings.mongo) as database:
                    running = await running_services(database)
                services = [name for name in services if name not in running]
            if services:
                say("starting the services")
            children = [_service(name, stack, addresses, (http_ports or {}).get(name), nursery) for name in services]
            cleanup.push_async_callback(_stop_all, children, None if keep else THROW_AWAY_GRACE_S)
            for child in children:
                child.start()
            await asyncio.gather(*(child.wait_ready(LOADING_S) for child in children))
            supervised = [*stack.servers, *children]
            forgetful = {"Tansu": list(services)} if stack.tansu is not None and stack.tansu.is_volatile else {}
            supervisor = Supervisor(supervised, on_event=on_event, dependents=forgetful)
            async with supervisor:
                yield Machine(stack=stack, settings=settings, children=supervised, addresses=addresses, nursery=nursery)
        except Exception:
            if logs_to is not None and keep is None:
                _save_logs(stack, logs_to)
            raise


@asynccontextmanager
async def serving_api(
    machine: Machine, *, stop: asyncio.Event, on_event: Callable[[ChildEvent], None]
) -> AsyncIterator[str]:
    """The HTTP API and the console beside a machine's services, on this machine only; where they answer."""
    port = choose_free_port()
    child = _service(API, machine.stack, machine.addresses, port, machine.nursery)
    child.start()
    try:
        async with Supervisor([child], on_event=on_event, dependents={}):
            await until_api_answers(port, stop)
            yield f"http://127.0.0.1:{port}"
    finally:
        await child.stop(grace_seconds=THROW_AWAY_GRACE_S)


async def until_api_answers(port: int, stop: asyncio.Event) -> None:
    """Wait until the API on this machine is ready, or until somebody wants an end."""
    while not stop.is_set() and not await http_answers_ok(port, "/internal/ready"):
        await asyncio.sleep(0.2)


def _service(
    name: str, stack: Stack, addresses: dict[str, str], http_port: int | None, nursery: Nursery | None
) -> ServiceProcess:
    return ServiceProcess(
        service=name,
        directory=stack.directory / name,
        log_path=stack.log_path(name),
        variables=_service_variables(addresses, http_port),
        nursery=nursery,
    )


async def _stop_all(children: Sequence[ChildProcess], grace_s: float | None) -> None:
    await asyncio.gather(*(child.stop(grace_seconds=grace_s) for child in children))


def broker_settings(*, for_one_episode: bool) -> dict[str, str]:
    """What is said of the embedded broker; the user's own settings stand, those of a session together."""
    is_quick = for_one_episode and not any(name in os.environ for name in FOR_ONE_EPISODE)
    chosen = EMBEDDED_BROKER | (FOR_ONE_EPISODE if is_quick else {})
    return {name: os.environ.get(name, value) for name, value in chosen.items()}


def _service_variables(addresses: dict[str, str], http_port: int | None) -> dict[str, str]:
    if http_port is None:
        return {"SCREENALYTICS_HTTP__API": "false"} | addresses
    return addresses | {"SCREENALYTICS_HTTP__PORT": str(http_port)}


def settings_for(addresses: dict[str, str]) -> ChassisSettings:
    """Settings of this process with the given addresses, the rest from the environment."""
    before = {name: os.environ.get(name) for name in addresses}
    os.environ.update(addresses)
    try:
        return ChassisSettings()
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _save_logs(stack: Stack, target: Path) -> None:
    """Copy the logs of a throw-away machine to where the user can read them."""
    target.mkdir(parents=True, exist_ok=True)
    for log in sorted(stack.log_path("x").parent.glob("*.log")):
        shutil.copy(log, target / log.name)


def failure_log_folder() -> Path:
    """A fresh folder for logs that outlive a failed run."""
    return Path(tempfile.mkdtemp(prefix="screenalytics-logs-"))
