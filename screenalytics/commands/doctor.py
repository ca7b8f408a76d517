"""`screenalytics doctor`: what is installed, running and reachable, and what to do about the rest."""

from __future__ import annotations

import os
import platform
import shutil
import sys

from chassis import store
from chassis.bus import Bus
from chassis.inference import Inference
from chassis.presence import running_services
from chassis.settings import ChassisSettings
from chassis.storage import Storage
from contracts.events import STAGES
from screenalytics.stack import check_installed
from screenalytics.weights import default_cache_dir, load_registry, verify

NEEDED_FREE_GIB = 2.0


def _line(good: bool | None, what: str, detail: str = "") -> bool:
    mark = {True: "ok  ", False: "FAIL", None: "-   "}[good]
    print(f"{mark} {what}" + (f": {detail}" if detail else ""))
    return good is not False


async def doctor() -> int:
    """Print one line per check; exit status 1 when something fails."""
    answers = [_line(sys.version_info >= (3, 11), "Python", platform.python_version())]
    free = shutil.disk_usage(default_cache_dir().parent if default_cache_dir().parent.exists() else "/").free / 2**30
    answers.append(
        _line(free >= NEEDED_FREE_GIB, "free disk", f"{free:.1f} GiB free, {NEEDED_FREE_GIB:.0f} GiB needed")
    )
    missing = {entry.name: entry.remedy for entry in check_installed()}
    answers += [
        _line(program not in missing, f"embedded {program}", missing.get(program, "installed"))
        for program in ("weed", "tansu", "secantusd-py")
    ]
    problems = verify(load_registry(), default_cache_dir())
    answers.append(
        _line(not problems, "models", problems[0].message if problems else f"verified in {default_cache_dir()}")
    )
    answers += await _servers(ChassisSettings())
    return 0 if all(answers) else 1


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
        async with store.connect(settings.mongo) as database:
            if not await store.reachable(database):
                return False
            running = await running_services(database)
        for stage in STAGES:
            count = running.get(stage, 0)
            _line(True if count else None, f"service {stage}", f"{count} running" if count else "not running")
        return True

    async def ask_s3() -> bool:
        async with Storage.connect(settings.s3) as storage:
            return await storage.reachable()

    async def ask_triton() -> bool:
        async with Inference.connect(settings.triton) as inference:
            return await inference.ready()

    for name, variable, address, ask in (
        ("Kafka", "SCREENALYTICS_KAFKA__BOOTSTRAP_SERVERS", settings.kafka.bootstrap_servers, ask_kafka),
        ("MongoDB", "SCREENALYTICS_MONGO__URI", "as named", ask_mongo),
        ("S3", "SCREENALYTICS_S3__ENDPOINT_URL", settings.s3.endpoint_url or "AWS", ask_s3),
        ("Triton", "SCREENALYTICS_TRITON__URL", settings.triton.url, ask_triton),
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
