"""Episodes, runs and their segments in MongoDB. Every write names the run in its filter."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from pymongo import ASCENDING, ReturnDocument, UpdateOne
from pymongo.asynchronous.collection import AsyncCollection

from chassis.errors import NotFound
from chassis.mongo import bitset
from chassis.mongo.database import Database, Document
from chassis.mongo.outbox import enqueue
from chassis.mongo.run_fence import is_gone
from chassis.mongo.shared_reads import EPISODE_FENCE
from contracts.events import EpisodeProgress, EpisodeUploaded, Event, RunStarted, ScreenTimeReported, SegmentReady
from services.ingest.runs.ownership import check_ownership
from services.ingest.runs.progress import all_done, fraction_of, nothing_done
from services.ingest.runs.records import Failure, Pieces, Run, RunSummary
from services.ingest.runs.states import CANCELLED, FAILED, FINISHED, OPEN, STATES, SUPERSEDED
from services.ingest.store.episodes import EpisodeStore

LEFT_OUT_OF_PROGRESS = {"outbox": 0, "video": 0, "report.manifests": 0, "report.cast": 0}
"""What whoever follows progress does not need of a run, and what is large."""

MOST_DOUBLINGS = 6
"""How often the patience with a stalled run doubles."""


class IngestStore:
    """What ingest knows."""

    def __init__(self, database: Database) -> None:
        self.episodes = EpisodeStore(database)
        self.collection: AsyncCollection[Document] = database["runs"]
        self._segments = database["run_segments"]

    async def run(self, run_id: str) -> Run | None:
        document = await self.collection.find_one({"_id": run_id})
        return run_of(document) if document is not None else None

    async def progress_of(self, run_id: str) -> Run | None:
        """A run without its report, of which only the revision is told."""
        document = await self.collection.find_one({"_id": run_id}, LEFT_OUT_OF_PROGRESS)
        return run_of(document, with_report=False) if document is not None else None

    async def find_run(self, run_id: str, *, ep_id: str | None = None) -> Run:
        """A run, of one episode where it is named.

        Raises:
            NotFound: `unknown_run`.
        """
        run = await self.run(run_id)
        if run is None or ep_id not in {None, run.ep_id}:
            raise NotFound("unknown_run", f"There is no run {run_id!r}: the list of runs shows those there are.")
        return run

    async def runs(self, run_ids: Iterable[str]) -> dict[str, RunSummary]:
        """State, profile and creation time of runs, by their ids."""
        wanted, facts = {"_id": {"$in": list(run_ids)}}, {"state": 1, "profile": 1, "created_at": 1}
        found = [RunSummary.model_validate(run) async for run in self.collection.find(wanted, facts)]
        return {run.run_id: run for run in found}

    async def states(self, run_ids: Iterable[str]) -> dict[str, str]:
        """States of runs by their ids."""
        wanted = {"_id": {"$in": list(run_ids)}}
        return {str(run["_id"]): str(run["state"]) async for run in self.collection.find(wanted, {"state": 1})}

    async def list_runs(self, *, ep_id: str | None = None, state: str | None = None) -> list[Run]:
        """Runs of an episode or in a state, the latest first."""
        wanted = {name: value for name, value in (("ep_id", ep_id), ("state", state)) if value is not None}
        found = [run_of(run) async for run in self.collection.find(wanted)]
        return sorted(found, key=lambda run: run.run_id, reverse=True)

    async def current_run(self, ep_id: str) -> Run | None:
        """The run that the episode names, if any."""
        episode = await self.episodes.find_there(ep_id)
        return await self.run(episode.current_run_id) if episode is not None and episode.current_run_id else None

    async def check_ownership(self, ep_id: str, sha256: str) -> None:
        """Raises Conflict `episode_taken` where the episode is of another video."""
        check_ownership(await self.episodes.find_there(ep_id), await self.current_run(ep_id), sha256)

    async def is_deleted(self, ep_id: str, run_id: str) -> bool:
        """Whether the episode was deleted after this run was asked for."""
        return is_gone(await self.episodes.collection.find_one({"_id": ep_id}, EPISODE_FENCE.projection), run_id)

    async def save_plan(self, started: RunStarted, segments: list[SegmentReady], upload: EpisodeUploaded) -> None:
        """Write the plan of a run. Segments first: a run document means that its plan is complete."""
        writes: list[Any] = [
            UpdateOne(
                {"_id": f"{started.run_id}/{event.segment:05d}"},
                {
                    "$setOnInsert": {
                        "ep_id": started.ep_id,
                        "run_id": started.run_id,
                        "segment": event.segment,
                        "ready": event.model_dump(mode="json", by_alias=True),
                    }
                },
                upsert=True,
            )
            for event in segments
        ]
        for start in range(0, len(writes), 500):
            await self._segments.bulk_write(writes[start : start + 500], ordered=False)
        now = datetime.now(UTC)
        await self.collection.update_one(
            {"_id": started.run_id},
            {
                "$setOnInsert": {
                    "ep_id": started.ep_id,
                    "state": OPEN,
                    "started": started.model_dump(mode="json", by_alias=True),
                    "video": segments[0].video.model_dump(mode="json", by_alias=True),
                    "video_sha256": segments[0].video.sha256,
                    "profile": started.profile,
                    "created_at": now,
                    "progressed_at": now,
                    "rescues": 0,
                    "stages_done": [],
                    "seq": 0,
                    "progress": _stored(nothing_done(started.segments)),
                }
            },
            upsert=True,
        )
        await self.episodes.point_at(started, upload, segments[0].video)

    async def forget_person(self, show: str, cast_id: str) -> None:
        """Take a cast member out of the reports that the runs of a show ended with."""
        runs = {"ep_id": {"$regex": f"^{re.escape(show)}-s[0-9]{{2}}e[0-9]{{2}}$"}, "report": {"$exists": True}}
        gone = {
            "$pull": {"report.cast": {"cast_id": cast_id}},
            "$set": {"report.changes": [], "report.warnings": []},
            "$unset": {"report.signed_off.changes": "", "report.signed_off.note": ""},
        }
        await self.collection.update_many(runs, gone)

    async def remove(self, ep_id: str, *, until: str, run_ids: Collection[str]) -> None:
        """Remove runs, and the segments of every run of the episode up to one."""
        await self._segments.delete_many({"ep_id": ep_id, "run_id": {"$lte": until}})
        await self.collection.delete_many({"_id": {"$in": sorted(run_ids)}})

    async def forget(self, run_id: str) -> None:
        """Remove the plan of a run whose episode was deleted meanwhile."""
        await self.collection.delete_one({"_id": run_id})
        await self._segments.delete_many({"run_id": run_id})

    async def supersede(self, ep_id: str, current_run_id: str) -> list[str]:
        """Close the episode's open earlier runs; returns those that were closed now or before for this reason."""
        older = {"ep_id": ep_id, "_id": {"$lt": current_run_id}}
        async for run in self.collection.find(older | {"state": OPEN}, {"_id": 1}):
            await self._change(
                str(run["_id"]), {OPEN}, lambda _: {"state": SUPERSEDED, "superseded_by": current_run_id}
            )
        cursor = self.collection.find(older | {"superseded_by": current_run_id}, {"_id": 1})
        return sorted([str(run["_id"]) async for run in cursor])

    async def segments(self, run_id: str) -> Sequence[SegmentReady]:
        """The requests for all segments of a run in order."""
        found = [document async for document in self._segments.find({"run_id": run_id}, {"segment": 1, "ready": 1})]
        in_order = sorted(found, key=lambda document: int(document["segment"]))
        return [SegmentReady.model_validate(document["ready"]) for document in in_order]

    async def record_progress(self, event: EpisodeProgress) -> None:
        """Note that a stage did a piece of work. A repeat changes nothing.

        Pieces are counted where they are noted, so that a count that was lost is right with the next piece.
        """
        done = event.done
        if event.segment is not None:
            field = f"segments_done.{event.stage}"
            run = await self.collection.find_one_and_update(
                {"_id": event.run_id},
                bitset.marking(field, [event.segment]),
                projection={field: 1},
                return_document=ReturnDocument.AFTER,
            )
            done = bitset.count(((run or {}).get("segments_done") or {}).get(event.stage, {}))
        elif done >= event.total:
            await self.collection.update_one({"_id": event.run_id}, {"$addToSet": {"stages_done": event.stage}})
        place, now = f"progress.{event.stage}", datetime.now(UTC)
        await self.collection.update_one(
            {"_id": event.run_id, f"{place}.done": {"$not": {"$gte": done}}},
            [
                {"$set": {"seq": {"$add": [{"$ifNull": ["$seq", 0]}, 1]}}},
                {
                    "$set": {
                        place: {"done": done, "total": event.total, "seq": "$seq", "at": now},
                        "progressed_at": now,
                        "rescues": 0,
                    }
                },
                {"$unset": ["rescued_at"]},
            ],
        )

    async def finish(self, report: ScreenTimeReported) -> None:
        """Close a run with its result; a later revision of the result takes the earlier one's place.

        A run that had failed can still be finished, by a dead letter that was replayed. State and result are one
        write: whoever reads "finished" reads the report as well.
        """
        result = {"report": report.model_dump(mode="json", by_alias=True)}

        def closing(run: Run) -> Document | None:
            if run.state != FINISHED:
                return result | {"state": FINISHED, "finished_at": datetime.now(UTC)}
            return result if (run.report_revision or 0) < report.revision else None

        await self._change(report.run_id, {OPEN, FAILED, FINISHED}, closing)

    async def fail(self, run_id: str, failure: Failure) -> None:
        await self._change(run_id, {OPEN}, lambda _: {"state": FAILED, "failure": failure.model_dump()})

    async def cancel(self, run_id: str, *events: Event) -> bool:
        """Close a run that is not finished and leave events about it; False when there is nothing to close.

        One that is cancelled already is told of again.
        """
        return await self._change(run_id, {OPEN, FAILED, CANCELLED}, lambda _: {"state": CANCELLED}, events)

    async def reopen(self, run_id: str, *events: Event) -> bool:
        """Let a failed or cancelled run go on and leave events about it; False when it cannot."""

        def opening(run: Run) -> Document:
            since = {"at": datetime.now(UTC), "fraction": fraction_of(run)}
            return {"state": OPEN, "progressed_at": datetime.now(UTC), "rescues": 0, "measured_from": since}

        return await self._change(run_id, {OPEN, FAILED, CANCELLED}, opening, events)

    async def _change(
        self,
        run_id: str,
        states: Collection[str],
        decide: Callable[[Run], Document | None],
        events: Iterable[Event] = (),
    ) -> bool:
        """Change a run that is in one of some states, as `decide` says of the run there is; False when it says None.

        Every change has the next number of the run's sequence, and the run remembers which number its state and its
        report got: so a reader that saw a number learns what is new since.
        """
        said = tuple(events)
        while (run := await self.run(run_id)) is not None and run.state in states:
            fields = decide(run)
            if fields is None:
                return False
            seq = run.seq + 1
            update: Document = {"$set": fields | _numbered(run, fields, seq)}
            if "state" in fields and fields["state"] != FAILED:
                update["$unset"] = {"failure": "", "rescued_at": ""}
            done = await self.collection.update_one(
                {"_id": run_id, "seq": run.seq, "state": run.state}, enqueue(said, update) if said else update
            )
            if done.matched_count:
                return True
        return False

    async def claim_stalled(self, stalled_after_s: float) -> Run | None:
        """Take one open run that made no progress for too long, so that one reconciler moves it on.

        Too long doubles with every rescue that brought no progress: a run that only waits its turn behind others is
        not asked for again and again.
        """
        now = datetime.now(UTC)
        idle = {"state": OPEN, "progressed_at": {"$lt": now - timedelta(seconds=stalled_after_s)}}
        async for run in self.collection.find(idle):
            patience_s = stalled_after_s * 2.0 ** min(run["rescues"], MOST_DOUBLINGS)
            waiting_since: datetime = run.get("rescued_at") or run["progressed_at"]
            if waiting_since > now - timedelta(seconds=patience_s):
                continue
            claimed = await self.collection.find_one_and_update(
                {"_id": run["_id"], "state": OPEN, "rescues": run["rescues"], "progressed_at": run["progressed_at"]},
                {"$set": {"rescued_at": now}, "$inc": {"rescues": 1}},
                return_document=ReturnDocument.AFTER,
            )
            if claimed is not None:
                return run_of(claimed)
        return None

    async def count_by_state(self) -> dict[str, tuple[int, datetime | None]]:
        """State -> number of runs and creation time of the oldest."""
        states: dict[str, tuple[int, datetime | None]] = {}
        for state in STATES:
            wanted = {"state": state}
            oldest = await self.collection.find_one(wanted, {"created_at": 1}, sort=[("created_at", ASCENDING)])
            count = await self.collection.count_documents(wanted) if oldest else 0
            states[state] = (count, oldest["created_at"] if oldest else None)
        return states


def run_of(document: Document, *, with_report: bool = True) -> Run:
    """The run that a document is of."""
    report = document.get("report") or {}
    told = {
        "report_revision": report.get("revision"),
        "signed_off": report.get("signed_off"),
        "report": (report or None) if with_report else None,
    }
    return Run.model_validate(document | told)


def _stored(progress: Mapping[str, Pieces]) -> Document:
    return {stage: pieces.model_dump() for stage, pieces in progress.items()}


def _numbered(run: Run, fields: Document, seq: int) -> Document:
    """The sequence number, and what of the run has it. A finished run has all its pieces, whoever was heard first."""
    numbers: Document = {"seq": seq}
    if fields.get("state", run.state) != run.state:
        numbers["state_seq"] = seq
    if "report" in fields:
        numbers["report_seq"] = seq
    if fields.get("state") == FINISHED:
        numbers["progress"] = _stored(all_done(run, seq))
    return numbers
