"""Looks at runs and steers them: cancel one, or take one up again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from chassis import store
from chassis.errors import BadInput
from chassis.fencing import MAX_AGE_S
from chassis.settings import ChassisSettings
from chassis.store import Document
from contracts.events import RunCancelled
from screenalytics.client import emitter
from screenalytics.client.servers import reaching_servers
from services.ingest.reconciler import missing_segments
from services.ingest.store import CANCELLED, FAILED, FINISHED, OPEN, IngestStore


class RunControl:
    """The runs of a running system. Use `open_run_control`."""

    def __init__(self, settings: ChassisSettings, runs: IngestStore) -> None:
        self._settings = settings
        self._runs = runs

    async def all_runs(self, *, ep_id: str | None = None, state: str | None = None) -> list[Document]:
        """Runs, the latest first."""
        return await self._runs.list_runs(ep_id=ep_id, state=state)

    async def find(self, run_id: str) -> tuple[Document, list[Document]]:
        """A run and its segments.

        Raises:
            BadInput: unknown_run.
        """
        run = await self._runs.run(run_id.strip().upper())
        if run is None:
            raise BadInput(
                "unknown_run", f"There is no run {run_id!r}; `screenalytics runs list` shows those there are."
            )
        return run, await self._runs.segments(str(run["_id"]))

    async def cancel(self, run_id: str) -> Document:
        """Close a run for good and tell everybody. A run that is cancelled already is told of again.

        Raises:
            BadInput: unknown_run, or run_not_open for one that is finished or superseded.
        """
        run, _ = await self.find(run_id)
        if run["state"] != CANCELLED and not await self._runs.cancel(str(run["_id"])):
            run, _ = await self.find(run_id)
            raise BadInput("run_not_open", f"The run {run['_id']} is {run['state']}; there is nothing to cancel.")
        event = RunCancelled(ep_id=run["ep_id"], run_id=run["_id"], reason="cancelled")
        await emitter.publish(self._settings.kafka, event)
        return run

    async def resume(self, run_id: str) -> int:
        """Open a failed or cancelled run again and ask for what it lacks; returns how many segments that are.

        Raises:
            BadInput: unknown_run, run_finished or run_superseded.
        """
        run, segments = await self.find(run_id)
        if run["state"] == FINISHED:
            raise BadInput(
                "run_finished", f"The run {run['_id']} is finished; upload with --force to process the episode again."
            )
        current = await self._runs.current_run(run["ep_id"])
        if run["state"] not in {OPEN, FAILED, CANCELLED} or current is None or current["_id"] != run["_id"]:
            raise BadInput(
                "run_superseded",
                f"The run {run['_id']} is not the current one of {run['ep_id']}; resume the later one.",
            )
        await self._runs.reopen(str(run["_id"]))
        await asyncio.sleep(MAX_AGE_S)  # until no service remembers the run as closed
        requests = missing_segments(run, segments)
        for request in requests:
            await emitter.publish(self._settings.kafka, request)
        return len(requests)


@asynccontextmanager
async def open_run_control(settings: ChassisSettings) -> AsyncIterator[RunControl]:
    """The runs of a running system.

    Raises:
        DependencyUnavailable: when Kafka or MongoDB does not answer.
    """
    async with store.connect(settings.mongo) as database:
        with reaching_servers():
            yield RunControl(settings, IngestStore(database))
