"""`screenalytics doctor`: what is installed, running and reachable, and what to do about the rest."""

from __future__ import annotations

import importlib
import os
import platform
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from chassis.kafka.bus import Bus
from chassis.mongo import database as mongo
from chassis.mongo.presence import running_services
from chassis.s3.storage import Storage
from chassis.settings import ChassisSettings
from chassis.triton.client import Inference
from contracts.events import SERVICES
from screenalytics.local.machine import served_models
from screenalytics.local.servers import check_installed
from screenalytics.local.servers.stack import KAFKA_BOOTSTRAP_SERVERS, MONGO_URI, S3_ENDPOINT_URL, TRITON_URL
from screenalytics.weights import (
    ConversionUnavailable,
    WeightsError,
    converting,
    default_cache_dir,
    load_registry,
    verify,
)

NEEDED_FREE_GIB = 2.0
EMBEDDED = {"weed": S3_ENDPOINT_URL, "tansu": KAFKA_BOOTSTRAP_SERVERS, "secantusd-py": MONGO_URI}
"""Program -> the variable that names a server instead of it."""


def _line(good: bool | None, what: str, detail: str = "") -> bool:
    mark = {True: "ok  ", False: "FAIL", None: "-   "}[good]
    print(f"{mark} {what}" + (f": {detail}" if detail else ""))
    return good is not False


async def doctor() -> int:
    """Print one line per check; exit status 1 when something fails.

    What only embedded servers need is no failure where the environment names the servers, as in a service's image.
    """
    answers = [_line(sys.version_info >= (3, 11), "Python", platform.python_version()), _free_disk()]
    answers += _programs()
    answers += _models()
    answers += await _servers(ChassisSettings())
    return 0 if all(answers) else 1


def _free_disk() -> bool:
    folder = default_cache_dir().parent
    free = shutil.disk_usage(folder if folder.exists() else Path("/")).free / 2**30
    if all(os.environ.get(variable) for variable in (*EMBEDDED.values(), TRITON_URL)):
        return _line(None, "free disk", f"{free:.1f} GiB free; nothing is started here that needs it")
    return _line(free >= NEEDED_FREE_GIB, "free disk", f"{free:.1f} GiB free, {NEEDED_FREE_GIB:.0f} GiB needed")


def _programs() -> Iterator[bool]:
    """The embedded servers' programs."""
    missing = {entry.name: entry.remedy for entry in check_installed()}
    for program, variable in EMBEDDED.items():
        if program not in missing:
            yield _line(True, f"embedded {program}", "installed")
        elif os.environ.get(variable):
            yield _line(None, f"embedded {program}", f"not installed, not needed: {variable} names a server")
        else:
            yield _line(False, f"embedded {program}", f"{missing[program]}, or set {variable}")


def _models() -> Iterator[bool]:
    """The models in the cache, for the embedded Triton, and what converts them."""
    try:
        found = verify(load_registry(), default_cache_dir(), needed=served_models())
        problems = [problem.message for problem in found]
    except WeightsError as error:
        problems = [str(error)]
    if not problems:
        yield _line(True, "models", f"verified in {default_cache_dir()}")
    elif os.environ.get(TRITON_URL):
        yield _line(
            None, "models", f"not in {default_cache_dir()}, not needed: {TRITON_URL} names a server that has them"
        )
    else:
        yield _line(False, "models", f"{problems[0]} Or set {TRITON_URL} to a server that has them.")
        try:
            with converting():
                importlib.import_module("screenalytics.weights.conversion")
        except ConversionUnavailable as error:
            yield _line(False, "model conversion", str(error))


async def _servers(settings: ChassisSettings) -> list[bool]:
    """Only servers that the environment names can be asked; the others are started when they are needed."""
    answers = []
    bus = Bus("ingest", settings.kafka)

    async def ask_kafka() -> bool:
        await bus.broker.connect()
        try:
            return await bus.reachable()
        finally:
            await bus.broker.stop()

    async def ask_mongo() -> bool:
        async with mongo.connect(settings.mongo) as database:
            if not await mongo.reachable(database):
                return False
            running = await running_services(database)
        for service in SERVICES:
            count = running.get(service, 0)
            _line(True if count else None, f"service {service}", f"{count} running" if count else "not running")
        return True

    async def ask_s3() -> bool:
        async with Storage.connect(settings.s3) as storage:
            return await storage.reachable()

    async def ask_triton() -> bool:
        async with Inference.connect(settings.triton) as inference:
            return await inference.ready()

    for name, variable, address, ask in (
        ("Kafka", KAFKA_BOOTSTRAP_SERVERS, settings.kafka.bootstrap_servers, ask_kafka),
        ("MongoDB", MONGO_URI, "as named", ask_mongo),
        ("S3", S3_ENDPOINT_URL, settings.s3.endpoint_url or "AWS", ask_s3),
        ("Triton", TRITON_URL, settings.triton.url, ask_triton),
    ):
        if not os.environ.get(variable):
            answers.append(_line(None, name, f"{variable} is not set: an embedded one is started when needed"))
            continue
        try:
            reachable = await ask()
        except Exception as error:
            answers.append(_line(False, name, f"{address}: {type(error).__name__}; check {variable}"))
            continue
        answers.append(_line(reachable, name, address if reachable else f"{address} does not answer; check {variable}"))
    return answers
