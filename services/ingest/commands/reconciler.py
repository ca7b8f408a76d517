"""Moves stalled runs on: whatever a broker lost is rebuilt from MongoDB.

Asking for a segment again is always enough. A stage that did its part answers with the same event as before, so the
request travels down to where the work got lost.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from chassis import metrics, telemetry
from chassis.kafka.bus import Bus
from chassis.mongo.bitset import is_marked
from chassis.retrying import keep_doing
from contracts.events import SegmentReady
from services.ingest.runs.progress import PER_SEGMENT
from services.ingest.runs.records import Run
from services.ingest.runs.states import OPEN
from services.ingest.settings import ReconcilerSettings
from services.ingest.store.runs import IngestStore


def missing_segments(run: Run, segments: Sequence[SegmentReady]) -> Sequence[SegmentReady]:
    """The requests to repeat for a stalled run.

    Segments not yet through detector and embedder. If all are, the grouper may have missed any of them, so all; if it
    has them too, one is enough to make it, and identity after it, say again what they said.
    """
    done = [run.done_by(stage) for stage in PER_SEGMENT]
    wanted = [ready for ready in segments if not all(is_marked(words, ready.segment) for words in done)]
    if not wanted:
        return segments[-1:] if "grouper" in run.stages_done else segments
    return wanted


def batch_of(requests: Sequence[SegmentReady], *, rescue: int, size: int) -> Sequence[SegmentReady]:
    """The part of many requests that is due in the `rescue`-th try (from 1): in the end every one has its turn."""
    if len(requests) <= size:
        return requests
    start = (rescue - 1) * size % len(requests)
    return [*requests, *requests][start : start + size]


CALM_S = 15.0
"""How long the loop rests while no run is open: the one thing it could find then is a start that was never planned."""


class Reconciler:
    """A loop of the ingest service; several replicas may run it."""

    def __init__(self, store: IngestStore, bus: Bus, settings: ReconcilerSettings) -> None:
        self._store = store
        self._bus = bus
        self._settings = settings

    async def run(self) -> None:
        await keep_doing(self.sweep, every_s=self._settings.every_s, what="reconciler sweep", calm_s=CALM_S)

    async def sweep(self) -> int:
        """Move every stalled run on, also those not planned yet; returns how many runs there were to look after."""
        found = 0
        while run := await self._store.claim_stalled(self._settings.stalled_after_s):
            requests = batch_of(
                missing_segments(run, await self._store.segments(run.run_id)),
                rescue=run.rescues,
                size=self._settings.batch,
            )
            telemetry.logger().warning(
                "run stalled, asking again",
                ep_id=run.ep_id,
                run_id=run.run_id,
                segments=len(requests),
                rescue=run.rescues,
            )
            await self._bus.publish(*requests)
            found += 1
        for event, time in await self._store.episodes.claim_unanswered(self._settings.stalled_after_s):
            telemetry.logger().warning("run not planned, asking again", ep_id=event.ep_id)
            await self._bus.publish(event, time=time)
            found += 1
        return found + await self._expose()

    async def _expose(self) -> int:
        """Keep the metrics of the runs; returns how many are open."""
        now = datetime.now(UTC)
        runs = await self._store.count_by_state()
        for state, (count, oldest) in runs.items():
            metrics.runs_by_state.labels(state).set(count)
            metrics.oldest_run_age.labels(state).set((now - oldest).total_seconds() if oldest else 0.0)
        return runs[OPEN][0]
