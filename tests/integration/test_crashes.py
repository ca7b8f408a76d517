"""A message that kills its worker, time and again: it is given up, others are handled, and the episode says why."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from chassis.kafka.tries import Tried
from chassis.mongo.attempts import COLLECTION, Attempts
from chassis.mongo.database import Database, ensure_indexes
from contracts.events import EpisodeFailed, SegmentReady
from tests.support.rig import PATIENCE_S, Rig, segment_ready, until
from tests.unit.chassis.kafka.test_delivery import record

pytestmark = pytest.mark.integration

ROOT = Path(__file__).resolve().parents[2]
MAX_TRIES = 2
DEADLY, HARMLESS = "deadly-show-s01e01", "harmless-show-s01e01"


@pytest.fixture
def arguments(rig: Rig, database: Database, mongo_uri: str) -> list[str]:
    settings = rig.broker.settings.model_copy(
        update={
            "manage_topics": False,
            "max_tries": MAX_TRIES,
            "session_timeout_ms": 6_000,
            "heartbeat_interval_ms": 500,
            "backoff_first_s": 1.0,
        }
    )
    mongo = {"uri": mongo_uri, "database": database.name}
    return [settings.model_dump_json(), json.dumps(mongo), "deadly"]


@asynccontextmanager
async def worker(arguments: list[str]) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.support.dying_consumer",
        *arguments,
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def test_a_message_that_kills_its_worker_is_given_up_and_other_shows_are_handled(
    rig: Rig, database: Database, arguments: list[str]
) -> None:
    await ensure_indexes(database, owner="chassis")
    await rig.send(segment_ready(0, ep_id=DEADLY), partition=0)
    lives: list[list[str]] = []
    for _ in range(MAX_TRIES):
        async with worker(arguments) as process:
            assert process.stdout is not None
            lines = await asyncio.wait_for(process.stdout.read(), 2 * PATIENCE_S)
            assert await process.wait() == -9
            lives.append(lines.decode().split("\n")[:-1])
        await rig.send(segment_ready(len(lives), ep_id=HARMLESS), partition=1)
    assert [f"handling {DEADLY}" in lines for lines in lives] == [True] * MAX_TRIES
    assert f"handling {HARMLESS}" in lives[1], "another show does not wait for it"
    assert await database[COLLECTION].count_documents({"running": True}) == 1
    async with worker(arguments) as process:
        await until("the dead letter", lambda: _is_given_up(rig), within_s=2 * PATIENCE_S)
        await rig.send(segment_ready(1, ep_id=HARMLESS), partition=0)
        await until("the next message of the partition", lambda: _committed(rig, 2))
        assert process.returncode is None
    failures = [event for event in await rig.events(EpisodeFailed.TOPIC) if isinstance(event, EpisodeFailed)]
    assert {(event.ep_id, event.code, event.segment) for event in failures} == {(DEADLY, "worker_crashed", 0)}
    (dead,) = await rig.records("detector.dead-letter")
    headers = dict(dead.headers)
    assert (headers["dlq-error"], headers["dlq-attempts"]) == (b"WorkerDied", str(MAX_TRIES).encode())
    assert await database[COLLECTION].count_documents({}) == 0


async def test_attempts_are_kept_by_message_and_service(database: Database) -> None:
    detector, embedder = Attempts(database, "detector"), Attempts(database, "embedder")
    await detector.write(record(5), Tried(2, running=True))
    assert await detector.read(record(5)) == Tried(2, running=True)
    assert [await other.read(record(offset)) for other, offset in ((detector, 6), (embedder, 5))] == [Tried(), Tried()]
    await detector.write(record(5), Tried(2))
    assert await detector.read(record(5)) == Tried(2)
    await detector.write(record(5), Tried(0))
    assert await database[COLLECTION].count_documents({}) == 0


async def _is_given_up(rig: Rig) -> bool:
    return bool(await rig.records("detector.dead-letter"))


async def _committed(rig: Rig, count: int) -> bool:
    return await rig.committed("detector", SegmentReady.TOPIC, 0) >= count
