"""A message that ends whatever process handles it, as a fault in a decoder may: a try like any other."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

import httpx

from tests.hostile.attack import Attack
from tests.hostile.target import Target
from tests.hostile.videos import CHILDREN_MIB, PLAIN, failure, registered
from tests.support.videos import write_video

ROOT = Path(__file__).resolve().parents[2]
DEADLY, HARMLESS = "deadly-show", "harmless-show"
MAX_TRIES = 2
STAGE = "embedder"
"""No other process has this stage here."""


async def _make(target: Target) -> None:
    write_video(target.folder / PLAIN, seconds=2.0)


async def _deadly(target: Target) -> str:
    """How often it is tried, how many workers it ends, what is said of its episode, and whether the next is handled."""
    headers = {"X-API-Key": target.keys["admin"]}
    lines = target.folder / "workers.log"
    async with httpx.AsyncClient(base_url=target.url, headers=headers, timeout=30.0) as client:
        deadly, harmless = [
            await registered(target, client, target.folder / PLAIN, show=show) for show in (DEADLY, HARMLESS)
        ]
        said, ended = asyncio.create_task(failure(client, deadly)), 0
        while not said.done():
            worker = await _worker(target, lines)
            try:
                over = asyncio.create_task(worker.wait())
                await asyncio.wait({said, over}, return_when=asyncio.FIRST_COMPLETED)
                ended += over.done()
                while said.done() and not over.done() and _times(lines, harmless) == 0:
                    await asyncio.sleep(0.2)
            finally:
                if worker.returncode is None:
                    worker.kill()
                await worker.wait()
        handled = "the next handled" if _times(lines, harmless) else "the next lost"
        return f"{_times(lines, deadly)} tried, {ended} ended, {await said}, {handled}"


def _times(lines: Path, ep_id: str) -> int:
    return lines.read_text().splitlines().count(f"handling {ep_id}")


async def _worker(target: Target, lines: Path) -> asyncio.subprocess.Process:
    """One more process of the stage, which adds what it handles to the lines."""
    kafka = target.kafka.model_copy(
        update={
            "manage_topics": False,
            "max_tries": MAX_TRIES,
            "session_timeout_ms": 6_000,
            "heartbeat_interval_ms": 500,
            "backoff_first_s": 1.0,
        }
    )
    mongo = {"uri": target.mongo_uri, "database": target.database.name}
    with lines.open("ab") as log:
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.support.dying_consumer"),
            *(kafka.model_dump_json(), json.dumps(mongo), DEADLY, STAGE),
            cwd=ROOT,
            stdout=log,
        )


ATTACKS = (
    Attack(
        family="crashes",
        name="an episode that ends every worker that takes it",
        prepare=_make,
        run=_deadly,
        expected=f"{MAX_TRIES} tried, {MAX_TRIES} ended, worker_crashed, the next handled",
        within_s=180.0,
        grows_mib=CHILDREN_MIB,
    ),
)
