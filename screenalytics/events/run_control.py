"""Looks at runs and steers them: cancel one, or take one up again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from chassis.kafka.bus import Bus
from chassis.mongo import database as mongo
from chassis.mongo.outbox import Outbox
from chassis.mongo.run_fence import MAX_AGE_S
from chassis.settings import ChassisSettings
from screenalytics.events.servers import reaching_servers
from services.ingest.commands.control_run import RunSteering
from services.ingest.runs.records import Run
from services.ingest.store.runs import IngestStore


class RunControl:
    """The runs of a running system. Use `open_run_control`."""

    def __init__(self, settings: ChassisSettings, runs: IngestStore) -> None:
        self._runs = runs
        self._bus = Bus("ingest", settings.kafka)
        self._outbox = Outbox(self._bus, [runs.collection])
        self._steering = RunSteering(runs, self._outbox)

    async def all_runs(self, *, ep_id: str | None = None, state: str | None = None) -> list[Run]:
        """Runs, the latest first."""
        return await self._runs.list_runs(ep_id=ep_id, state=state)

    async def find(self, run_id: str) -> Run:
        """A run.

        Raises:
            NotFound: unknown_run.
        """
        return await self._runs.find_run(run_id.strip().upper())

    async def cancel(self, run_id: str) -> Run:
        """As `RunSteering.cancel`, by the run's id."""
        run = await self.find(run_id)
        async with self._publishing():
            return await self._steering.cancel(run)

    async def resume(self, run_id: str) -> int:
        """As `RunSteering.resume`, by the run's id."""
        run = await self.find(run_id)
        async with self._publishing():
            asked = await self._steering.resume(run)
            await asyncio.sleep(MAX_AGE_S)  # until no service remembers the run as closed
            await self._outbox.relay(self._runs.collection, run.run_id)
        return asked

    @asynccontextmanager
    async def _publishing(self) -> AsyncIterator[None]:
        """Kafka is reached before anything is changed, so that people hear at once when it is away."""
        await self._bus.start_publishing()
        try:
            yield
        finally:
            await self._bus.stop()


@asynccontextmanager
async def open_run_control(settings: ChassisSettings) -> AsyncIterator[RunControl]:
    """The runs of a running system.

    Raises:
        DependencyUnavailable: when Kafka or MongoDB does not answer.
    """
    async with mongo.connect(settings.mongo) as database:
        with reaching_servers():
            yield RunControl(settings, IngestStore(database))
