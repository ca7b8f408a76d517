"""Events in, domain calls, events out."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace

from chassis import metrics
from chassis.domain.arrays import to_npy
from chassis.kafka.bus import Origin
from chassis.service import Resources
from contracts.blobs import BlobRef
from contracts.events import (
    ClustersEdited,
    EpisodeDeleted,
    EpisodeGrouped,
    EpisodeProgress,
    Event,
    SegmentEmbedded,
    TracksErased,
)
from services.grouper.artifacts import (
    RevisionHeader,
    RunArtifacts,
    gather,
    manifests_of,
    totals_in,
    totals_of,
    write_grouping,
    write_tracks,
)
from services.grouper.edits.log import active_records
from services.grouper.edits.resolve import Resolver
from services.grouper.episode.grouping_with_edits import comparable_tracks
from services.grouper.episode.identity_ids import EarlierRun
from services.grouper.erasure import TrackErasure
from services.grouper.grouper import EditedGrouping, GroupingInput, Regrouper, highest_number, retired_people
from services.grouper.settings import GrouperSettings
from services.grouper.store.edits import EditBook, EditStore
from services.grouper.store.runs import BASE, GroupedRun, GrouperStore
from services.grouper.tracks.joining import JoinedEpisode, join_segments, joined_again

FIRST_REVISION = 1


class GrouperHandlers:
    """What the grouper does when a segment was embedded, the clusters were edited, an episode was deleted."""

    def __init__(
        self, resources: Resources[GrouperSettings], store: GrouperStore, edits: EditStore, regrouper: Regrouper
    ) -> None:
        self._resources = resources
        self._rules = resources.settings.grouping
        self._store = store
        self._edits = edits
        self._regrouper = regrouper

    async def segment_embedded(self, event: SegmentEmbedded, _origin: Origin) -> list[Event]:
        """Note the segment; with the last one, group the episode. Later repeats are answered with the latest event."""
        arrived = await self._store.arrive(event)
        if arrived < event.segments:
            return []
        run = await self._store.run(event.run_id)
        if run is None:
            run = await self._store.save_first(await self._group(event))
        return [run.event, progress_of(run.event)]

    async def clusters_edited(self, event: ClustersEdited, _origin: Origin) -> list[Event]:
        """Group the run again, with all edits there are, unless a grouping includes this one already.

        Of several edits that one grouping includes, the first to be handled says so, and the last says it again in case
        the first could not. A run that is not grouped yet includes the edit when it is.
        """
        run = await self._store.run(event.run_id)
        if run is not None and run.event.edits_version > event.version:
            return []
        while run is not None and run.event.edits_version < event.version:
            book = await self._edits.read(event.ep_id)
            if book.version < event.version:  # the episode was deleted in between
                return []
            run = await self._store.save_next(await self._group_again(run, book))
        return [] if run is None else [run.event]

    async def episode_deleted(self, event: EpisodeDeleted, _origin: Origin) -> list[Event]:
        """Remove what is kept of the episode's runs."""
        if event.last_run_id is not None:
            await self._edits.forget(event.ep_id, event.last_run_id)
            await self._store.forget(event.ep_id, event.last_run_id)
        return []

    async def _group(self, event: SegmentEmbedded) -> GroupedRun:
        """The first grouping of a run, with the edits made in earlier ones."""
        started, cpu = time.perf_counter(), time.process_time()
        embedded = await self._store.segments(event.run_id)
        gathered = await gather(self._resources.storage, embedded)
        before = await self._store.latest(event.ep_id, before=event.run_id)
        people = None if before is None else await self._regrouper.earlier(before)
        joined = await asyncio.to_thread(self._join, gathered)
        book = await self._edits.read(event.ep_id)
        records = active_records(book.log)
        resolver = await self._regrouper.resolver(event.run_id, joined.tracks, records, before=before)
        if before is not None and people is not None:
            people = replace(people, retired=_everybody(before, people, resolver))
        highest = 0 if before is None else before.highest_number
        edited = await self._regrouper.group_on(
            GroupingInput(
                joined=joined,
                faces=gathered.faces,
                face_vectors=gathered.face_vectors,
                duration_s=event.duration_s,
                sample_period_s=event.sample_period_s,
            ),
            await asyncio.to_thread(resolver.resolve, records),
            run_id=event.run_id,
            earlier=people,
            least_number=highest + 1,
        )
        edition = RevisionHeader(
            ep_id=event.ep_id, run_id=event.run_id, revision=FIRST_REVISION, duration_s=event.duration_s
        )
        busy = {"grouper": round(time.perf_counter() - started, 3)}
        busy_cpu = {"grouper": round(time.process_time() - cpu, 3)}
        totals = totals_of(embedded, gathered)
        totals = replace(
            totals,
            stage_seconds={**totals.stage_seconds, **busy},
            stage_cpu_seconds={**totals.stage_cpu_seconds, **busy_cpu},
        )
        artifacts = await write_grouping(
            self._resources.storage, edition, edited, shots=joined.shots, totals=totals, rules=self._rules.warnings
        ) | await write_tracks(self._resources.storage, edition, edited)
        base = await self._write_ground(edition, joined, gathered, edited, artifacts)
        metrics.real_time_factor.labels("grouper").observe(busy["grouper"] / event.duration_s)
        problems = dict.fromkeys(problem for segment in embedded for problem in segment.problems)
        return GroupedRun(
            event=EpisodeGrouped(
                ep_id=event.ep_id,
                run_id=event.run_id,
                revision=FIRST_REVISION,
                duration_s=event.duration_s,
                profile=event.profile,
                artifacts=artifacts,
                clusters=edited.grouping.metrics.clusters,
                tracks=len(edited.grouping.tracks),
                edits_version=book.version,
                problems=tuple(problems),
            ),
            base=base,
            sample_period_s=event.sample_period_s,
            highest_number=highest_number(edited.grouping, at_least=highest),
            retired={} if people is None else retired_people((), people.retired, edited.grouping),
            problems=joined.problems,
        )

    def _join(self, gathered: RunArtifacts) -> JoinedEpisode:
        """All tracks with those vectors that can be compared: what every grouping of the run begins with."""
        joined = join_segments(gathered.segments, self._rules.joining)
        tracks, matrix, problems = comparable_tracks(joined, self._rules)
        return joined_again(tracks, matrix, joined.shots, (*joined.problems, *problems))

    async def _write_ground(
        self,
        edition: RevisionHeader,
        joined: JoinedEpisode,
        gathered: RunArtifacts,
        edited: EditedGrouping,
        artifacts: dict[str, BlobRef],
    ) -> dict[str, BlobRef]:
        """Write what stays the same in all revisions, into `artifacts`; returns what regrouping begins with."""
        storage = self._resources.storage
        target = manifests_of(storage, edition)
        artifacts["detections"] = await target.put("detections.jsonl", gathered.detections, schema="DetectionRow")
        artifacts["shots"] = await target.put_rows("shots.jsonl", joined.shots)
        artifacts["faces_npy"] = await target.put("faces.npy", to_npy(gathered.face_vectors))
        if not edited.is_cut:
            return {name: artifacts[name] for name in BASE}
        tracks, matrix, _ = comparable_tracks(joined, self._rules)
        return {
            "tracks": await target.put_rows("joined_tracks.jsonl", tracks, schema="TrackRow"),
            "tracks_npy": await target.put("joined_tracks.npy", to_npy(matrix)),
            "faces": await target.put_rows("joined_faces.jsonl", gathered.faces),
        }

    async def _group_again(self, run: GroupedRun, book: EditBook) -> GroupedRun:
        """The next revision of a run: the same tracks with the edits of now."""
        storage, regrouper, before = self._resources.storage, self._regrouper, run.event
        edited = await regrouper.group(run, book.log)
        edition = RevisionHeader(
            ep_id=before.ep_id, run_id=before.run_id, revision=before.revision + 1, duration_s=before.duration_s
        )
        artifacts = dict(before.artifacts) | await write_grouping(
            storage,
            edition,
            edited,
            shots=await regrouper.shots(before),
            totals=totals_in(await regrouper.metrics(before)),
            rules=self._rules.warnings,
        )
        artifacts |= await write_tracks(storage, edition, edited) if edited.is_cut else run.base
        event = before.model_copy(
            update={
                "revision": edition.revision,
                "artifacts": artifacts,
                "clusters": edited.grouping.metrics.clusters,
                "tracks": len(edited.grouping.tracks),
                "edits_version": book.version,
            }
        )
        identities = (await regrouper.identities(before)).identities
        return replace(
            run,
            event=event,
            highest_number=highest_number(edited.grouping, at_least=run.highest_number),
            retired=retired_people(identities, run.retired, edited.grouping),
        )


class ErasureHandlers:
    """What the grouper does when somebody is to be forgotten."""

    def __init__(self, erasure: TrackErasure) -> None:
        self._erasure = erasure

    async def tracks_erased(self, event: TracksErased, _origin: Origin) -> list[Event]:
        """Forget the tracks' faces, and names in what operators wrote; said by the grouping without them."""
        grouped = await self._erasure.forget(event)
        return [] if grouped is None else [grouped]


def _everybody(before: GroupedRun, people: EarlierRun, resolver: Resolver) -> dict[str, Sequence[str]]:
    """Everybody of the run before, by tracks of this one: who is not found again keeps the id for later."""
    known = {**people.retired, **{one.identity_id: one.track_ids for one in people.identities}}
    return {identity: resolver.tracks_here(before.event.run_id, tracks) for identity, tracks in known.items()}


def progress_of(event: EpisodeGrouped) -> EpisodeProgress:
    return EpisodeProgress(
        ep_id=event.ep_id,
        run_id=event.run_id,
        stage="grouper",
        done=1,
        total=1,
        media_s=event.duration_s,
        detail={"clusters": float(event.clusters), "tracks": float(event.tracks)},
    )
