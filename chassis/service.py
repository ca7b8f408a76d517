"""Runs one service: connects what it stands on, wires its handlers, serves health, and ends cleanly on SIGTERM."""

from __future__ import annotations

import asyncio
import gc
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Generic, TypeVar

from aiokafka import TopicPartition
from fastapi import APIRouter, FastAPI

from chassis import metrics, telemetry
from chassis.errors import DependencyUnavailable
from chassis.health import Check, Health
from chassis.http import application
from chassis.http.server import Server, serving
from chassis.kafka.bus import Bus
from chassis.mongo import database as mongo
from chassis.mongo import presence
from chassis.mongo.attempts import Attempts
from chassis.mongo.run_fence import RunFence
from chassis.retrying import until_there
from chassis.s3.storage import Storage
from chassis.settings import ChassisSettings, HttpSettings
from chassis.triton.client import Inference
from contracts.events import Service

S = TypeVar("S", bound=ChassisSettings)
LAG_EVERY_S = 15.0
CALM_LAG_EVERY_S = 60.0
"""How often the lag is asked for where there was none: every partition costs a question to the broker."""
CANCEL_TRIES = 3
CANCEL_PATIENCE_S = 2.0

Background = Callable[[], Awaitable[None]]
Routers = Callable[[], Sequence[APIRouter]]


@dataclass(frozen=True, kw_only=True)
class Resources(Generic[S]):
    """What a service stands on, connected."""

    settings: S
    bus: Bus
    database: mongo.Database
    storage: Storage
    fence: RunFence
    inference: Inference | None = None

    def require_inference(self) -> Inference:
        if self.inference is None:
            raise RuntimeError("this service was started without inference")
        return self.inference


@dataclass(frozen=True, kw_only=True)
class Wiring:
    """What a service adds: HTTP routers and loops that run beside its handlers."""

    routers: Routers | None = None
    """Gives the routers, which are loaded where HTTP is answered: FastAPI takes a second to make those of all services."""
    parts: tuple[object, ...] = ()
    """What the routers work with; they ask for it by class (`chassis.http.parts`)."""
    background: tuple[Background, ...] = ()
    checks: dict[str, Check] = field(default_factory=dict)


Wire = Callable[[Resources[S]], Wiring]


@asynccontextmanager
async def connect(service: Service, settings: S, *, inference: bool) -> AsyncIterator[Resources[S]]:
    """Connect everything a service needs; nothing has to be up yet."""
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(mongo.connect(settings.mongo))
        storage = await stack.enter_async_context(Storage.connect(settings.s3))
        triton = await stack.enter_async_context(Inference.connect(settings.triton)) if inference else None
        fence = RunFence(database)
        attempts = Attempts(database, service)
        bus = Bus(service, settings.kafka, fence=fence, attempts=attempts, grace_s=settings.shutdown_grace_s)
        yield Resources(settings=settings, bus=bus, database=database, storage=storage, fence=fence, inference=triton)


async def run(service: Service, settings: S, wire: Wire[S], *, inference: bool = False) -> None:
    """Run a service until SIGTERM or SIGINT. A handler that is busy then has the grace period to finish."""
    telemetry.configure(service, settings.telemetry)
    log = telemetry.logger()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with connect(service, settings, inference=inference) as resources:
        wiring = wire(resources)
        health = Health(_checks(resources) | wiring.checks, away=resources.bus.delivery.away)
        async with serve_http(application_of(service, resources, wiring), health, settings.http):
            starting = asyncio.create_task(_start(service, resources, has_routers=wiring.routers is not None))
            stopping = asyncio.create_task(stop.wait())
            await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if starting.done():
                starting.result()
                spare_the_collector()
                log.info("service started")
                loops: list[Background] = [
                    *wiring.background,
                    partial(_watch_lag, resources.bus),
                    presence.announce(resources.database, service),
                ]
                tasks = [asyncio.ensure_future(loop_body()) for loop_body in loops]
                await _until_stopped(stopping, tasks)
                health.stopping = True
                log.info("service stopping")
                await _cancel(*tasks)
            else:
                await _cancel(starting)
            stopping.cancel()
            await resources.bus.stop()
    log.info("service stopped")


async def _start(service: Service, resources: Resources[S], *, has_routers: bool) -> None:
    """Prepare the stores and join Kafka, waiting for whatever is not up yet.

    The collections of the chassis that have indexes are those of the HTTP API: workers have no rights on them. Who has
    routers makes them also where another process answers for all: that one makes none.
    """

    async def start() -> None:
        await resources.storage.ensure_bucket()
        for owner in ("chassis", service) if has_routers else (service,):
            await mongo.ensure_indexes(resources.database, owner=owner)
        if resources.inference is not None:
            await resources.inference.check_contract()
        try:
            await resources.bus.start()
        except BaseException:
            await resources.bus.stop()
            raise

    await until_there(start, waiting_for="dependencies")


ALLOCATIONS_BEFORE_A_COLLECTION = 10_000
"""With Python's own number, 700, every second large answer brought one on."""


def spare_the_collector() -> None:
    """Take what is there for the life of the process out of the garbage collector's sight; once, after the start.

    A full collection goes through every object and holds up all requests meanwhile: modules, models and routes alone
    are some 280,000, a quarter of a second on a busy machine, and the remembered rows of a long episode another 50 ms
    (measured). Nearly everything a request makes is gone without the collector when it is answered.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(ALLOCATIONS_BEFORE_A_COLLECTION, *gc.get_threshold()[1:])


async def _watch_lag(bus: Bus) -> None:
    """Keep the lag of this consumer's partitions in the metrics."""
    while True:
        lag: dict[TopicPartition, int] | None = None
        with suppress(DependencyUnavailable):
            lag = await bus.lag()
            metrics.consumer_lag.clear()
            for partition, messages in lag.items():
                metrics.consumer_lag.labels(partition.topic, str(partition.partition)).set(messages)
        is_calm = lag is not None and not any(lag.values())
        await asyncio.sleep(CALM_LAG_EVERY_S if is_calm else LAG_EVERY_S)


async def _until_stopped(stopping: asyncio.Task[bool], tasks: Sequence[asyncio.Future[None]]) -> None:
    """Wait for the signal; a background loop that dies takes the service down, for its supervisor to restart."""
    waited: set[asyncio.Future[Any]] = {stopping, *tasks}
    done, _ = await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
    for task in done:
        if task is not stopping:
            task.result()


async def _cancel(*tasks: asyncio.Future[None]) -> None:
    """Cancel and wait. A library may swallow one cancellation, so it is said again; in the end nobody waits for ever."""
    for _ in range(CANCEL_TRIES):
        pending = [task for task in tasks if not task.done()]
        if not pending:
            break
        for task in pending:
            task.cancel()
        await asyncio.wait(pending, timeout=CANCEL_PATIENCE_S)
    for task in tasks:
        if task.done() and not task.cancelled():
            task.exception()  # looked at, so that it is not reported as forgotten


def _checks(resources: Resources[S]) -> dict[str, Check]:
    async def mongo_answers() -> bool:
        return await mongo.reachable(resources.database)

    checks: dict[str, Check] = {
        "kafka": resources.bus.reachable,
        "mongo": mongo_answers,
        "s3": resources.storage.reachable,
    }
    if resources.inference is not None:
        checks["triton"] = resources.inference.ready
    return checks


def application_of(service: str, resources: Resources[S], wiring: Wiring) -> FastAPI:
    """The service's HTTP application; one that has no routers serves its health only."""
    routers = wiring.routers() if wiring.routers is not None and resources.settings.http.api else ()
    app = application.build(f"Screenalytics {service}", routers, documented=bool(routers))
    if routers:
        application.connect(app, resources.settings, resources.database, wiring.parts)
    return app


@asynccontextmanager
async def serve_http(app: FastAPI, health: Health, settings: HttpSettings) -> AsyncIterator[Server]:
    """Serve an application and its health for the life of the context."""
    app.include_router(health.router())
    async with serving(app, settings) as server:
        yield server
