"""Steering runs: cancel one, take one up again. The command line and the HTTP API do it here."""

from __future__ import annotations

from chassis.errors import Conflict
from chassis.mongo.outbox import LEFT_ALONE_S, Outbox
from chassis.mongo.run_fence import MAX_AGE_S
from contracts.events import RunCancelled
from services.ingest.commands.reconciler import missing_segments
from services.ingest.runs.records import Run
from services.ingest.runs.states import CANCELLED, FAILED, FINISHED, OPEN
from services.ingest.store.runs import IngestStore

assert LEFT_ALONE_S >= MAX_AGE_S, "resumed work would be asked for while services still remember the run as closed"  # noqa: S101


class RunSteering:
    """The runs of a running system."""

    def __init__(self, store: IngestStore, outbox: Outbox) -> None:
        self._store = store
        self._outbox = outbox

    async def cancel(self, run: Run) -> Run:
        """Close a run for good and tell everybody. A run that is cancelled already is told of again.

        Raises:
            Conflict: `run_not_open`, for one that is finished or superseded.
        """
        run_id = run.run_id
        event = RunCancelled(ep_id=run.ep_id, run_id=run_id, reason="cancelled")
        closed = await self._store.cancel(run_id, event)
        run = await self._store.find_run(run_id)
        if not closed:
            raise Conflict("run_not_open", f"The run {run_id} is {run.state}; there is nothing to cancel.")
        await self._outbox.publish_soon(self._store.collection, run_id)
        return run

    async def resume(self, run: Run) -> int:
        """Open a failed or cancelled run again and ask for what it lacks; returns how many segments that are.

        The requests stay in the outbox until it is swept: by then no service remembers the run as closed.

        Raises:
            Conflict: run_finished or run_superseded.
        """
        run_id = run.run_id
        if run.state == FINISHED:
            raise Conflict(
                "run_finished", f"The run {run_id} is finished; start another with force to process the episode again."
            )
        current = await self._store.current_run(run.ep_id)
        if run.state not in {OPEN, FAILED, CANCELLED} or current is None or current.run_id != run_id:
            raise Conflict(
                "run_superseded", f"The run {run_id} is not the current one of {run.ep_id}; resume the later one."
            )
        requests = missing_segments(run, await self._store.segments(run_id))
        if not await self._store.reopen(run_id, *requests):
            raise Conflict("run_not_resumable", f"The run {run_id} changed in the meantime: look at it again.")
        return len(requests)
