"""Grouping a run with the operators' edits in force: for the first time, and again from the artifacts of that time."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from chassis import metrics
from chassis.cache import Latest
from chassis.domain.arrays import Floats
from chassis.domain.calibration import REFERENCE, DistanceScale
from chassis.domain.pooling import PoolingRules
from chassis.s3.artifact_reader import ArtifactReader
from chassis.s3.storage import Storage
from contracts.events import EpisodeGrouped, SegmentEmbedded
from contracts.ids import RunId
from contracts.rows import FaceRow, IdentitiesDocument, ShotRow, TrackMetricsDocument, TrackRow
from contracts.warnings import Warning, noted, sentences
from services.grouper.artifacts import (
    RevisionHeader,
    RunArtifacts,
    gather,
    totals_in,
    totals_of,
    write_base,
    write_grouping,
    write_ids,
    write_tracks,
)
from services.grouper.clustering.machine import MachineGrouping
from services.grouper.edits.forget import NamedTracks, named_in
from services.grouper.edits.kinds import Overrides
from services.grouper.edits.log import EditLog, EditRecord, active_records, highest_number_made
from services.grouper.edits.replay import overridden, overrides_in_force
from services.grouper.edits.resolve import Resolved, Resolver
from services.grouper.episode.adopting import adopted
from services.grouper.episode.edited_grouping import EditedGrouping, GroupingInput, group_edited
from services.grouper.episode.grouping_with_edits import comparable_tracks
from services.grouper.episode.identity_ids import RunIds, carried_ids, first_ids, with_people
from services.grouper.rules import GrouperThresholds
from services.grouper.store.edits import EditBook
from services.grouper.store.runs import IDS, TRACK_ARTIFACTS, GroupedRun, GrouperStore
from services.grouper.tracks.cutting import Cut
from services.grouper.tracks.joining import JoinedEpisode, join_segments, joined_again

FIRST_REVISION = 1
MACHINE_GROUPINGS = 16
"""Of so many runs and thresholds the machine's own grouping is remembered: track ids only."""


class Grouper:
    """Groups runs. What it read and clustered lately is remembered, so that a warm process is quick."""

    def __init__(
        self,
        *,
        storage: Storage,
        reader: ArtifactReader,
        store: GrouperStore,
        rules: GrouperThresholds,
        pooling: PoolingRules,
    ) -> None:
        self._storage = storage
        self._reader = reader
        self._store = store
        self._rules = rules
        self._pooling = pooling
        self._machines: Latest[tuple[object, ...], MachineGrouping] = Latest(MACHINE_GROUPINGS)
        self._adopted: Latest[tuple[object, ...], RunIds] = Latest(MACHINE_GROUPINGS)

    async def group_first(self, event: SegmentEmbedded, book: EditBook) -> GroupedRun:
        """The first grouping of a run whose segments are all in, with the edits made in earlier ones."""
        started, cpu = time.perf_counter(), time.process_time()
        embedded = await self._store.segments(event.run_id)
        gathered = await gather(self._storage, embedded)
        scale = scale_of(event)
        joined = await asyncio.to_thread(self._join, gathered, self._rules.on(scale))
        ground = GroupingInput(
            joined=joined,
            faces=gathered.faces,
            face_vectors=gathered.face_vectors,
            duration_s=event.duration_s,
            sample_period_s=event.sample_period_s,
            scale=scale,
        )
        before = await self._store.latest(event.ep_id, before=event.run_id)
        ids = await self._first_ids(event.run_id, ground, before, book.log)
        records = active_records(book.log)
        resolver = await self._resolver(event.run_id, joined.tracks, (), records)
        resolved = await asyncio.to_thread(resolver.resolve, records, ids.made)
        ids = await self.with_groupings(event.run_id, ground, ids, overrides_in_force(resolved.edits))
        edited = await self._edited(event.run_id, ground, resolved, ids)
        edition = RevisionHeader(
            ep_id=event.ep_id,
            run_id=event.run_id,
            revision=FIRST_REVISION,
            duration_s=event.duration_s,
            sample_period_s=event.sample_period_s,
        )
        busy = round(time.perf_counter() - started, 3)
        totals = totals_of(embedded, gathered).with_stage("grouper", busy, round(time.process_time() - cpu, 3))
        metrics.real_time_factor.labels("grouper").observe(busy / event.duration_s)
        artifacts = await write_grouping(
            self._storage, edition, edited, shots=joined.shots, totals=totals, rules=self._rules.warnings
        ) | await write_tracks(self._storage, edition, edited)
        lasting, base = await write_base(self._storage, edition, ground, gathered, artifacts, is_cut=edited.is_cut)
        base |= {IDS: await write_ids(self._storage, edition, ids)}
        warnings = tuple(dict.fromkeys(warning for segment in embedded for warning in _warnings_of(segment)))
        return GroupedRun(
            event=EpisodeGrouped(
                ep_id=event.ep_id,
                run_id=event.run_id,
                revision=FIRST_REVISION,
                duration_s=event.duration_s,
                profile=event.profile,
                artifacts=artifacts | lasting,
                clusters=edited.grouping.metrics.clusters,
                tracks=len(edited.grouping.tracks),
                edits_version=book.version,
                problems=sentences(warnings),
                warnings=warnings,
                starts_at_s=event.starts_at_s,
                timecode=event.timecode,
                reason=event.reason,
                embedder=event.embedder,
            ),
            base=base,
            sample_period_s=event.sample_period_s,
            highest_number=max(ids.highest_number, 0 if before is None else before.highest_number),
            problems=joined.problems,
        )

    async def group_again(self, run: GroupedRun, book: EditBook) -> GroupedRun:
        """The next revision of a run: the same tracks with the edits of now."""
        before = run.event
        edited = await self.group(run, book.log)
        edition = RevisionHeader(
            ep_id=before.ep_id,
            run_id=before.run_id,
            revision=before.revision + 1,
            duration_s=before.duration_s,
            sample_period_s=run.sample_period_s,
        )
        artifacts = dict(before.artifacts) | await write_grouping(
            self._storage,
            edition,
            edited,
            shots=await self._shots(before),
            totals=totals_in(await self._reader.document(before.artifacts["track_metrics"], TrackMetricsDocument)),
            rules=self._rules.warnings,
        )
        if edited.is_cut:
            artifacts |= await write_tracks(self._storage, edition, edited)
        else:
            artifacts |= {name: run.base[name] for name in TRACK_ARTIFACTS}
        base = dict(run.base)
        known = await self.ids(run, book.log)
        ids = await self.with_groupings(before.run_id, await self._ground(run), known, edited.overrides)
        if ids != known or IDS not in base:
            base[IDS] = await write_ids(self._storage, edition, ids)
        event = before.model_copy(
            update={
                "revision": edition.revision,
                "artifacts": artifacts,
                "clusters": edited.grouping.metrics.clusters,
                "tracks": len(edited.grouping.tracks),
                "edits_version": book.version,
            }
        )
        return replace(
            run, event=event, base=base, highest_number=max(run.highest_number, ids.highest_number), retired={}
        )

    async def group(self, run: GroupedRun, log: EditLog) -> EditedGrouping:
        """A stored run with the edits that are in force in a log."""
        resolved = await self.resolve(run, log)
        ground = await self._ground(run)
        if resolved.cut.parts:
            ground = replace(ground, face_vectors=await self._reader.array(run.event.artifacts["faces_npy"]))
        return await self._edited(run.event.run_id, ground, resolved, await self.ids(run, log))

    async def resolve(self, run: GroupedRun, log: EditLog) -> Resolved:
        """What the edits in force say about the tracks of a stored run."""
        records = active_records(log)
        tracks = await self._uncut(run)
        ids = await self.ids(run, log)
        resolver = await self._resolver(run.event.run_id, tracks, run.erased, records, ids)
        return await asyncio.to_thread(resolver.resolve, records, ids.made)

    async def ids(self, run: GroupedRun, log: EditLog) -> RunIds:
        """The identity ids of a stored run; those of one that was grouped before ids were kept are worked out."""
        key = (run.event.run_id, run.event.erasures)
        known = await self.kept_ids(run) or self._adopted.get(key)
        if known is not None:
            return known
        ground, identities = await self._ground(run), await self.identities(run.event)
        machine = await self._machine(run.event.run_id, ground, self._rules.on(ground.scale))
        found = await asyncio.to_thread(
            adopted, machine, ground.joined.tracks, identities.identities, run.retired, log, run.event.run_id
        )
        return self._adopted.put(key, found)

    async def before_erasing(self, run: GroupedRun, log: EditLog) -> RunIds:
        """The ids of a stored run with what the machine makes of it while all its tracks are there, as edits ask for it.

        So nobody is grouped anew because others are erased.
        """
        asked = [record.edit.thresholds() for record in active_records(log) if record.edit is not None]
        overrides = [one for one in asked if one is not None]
        ground, ids = await self._ground(run), await self.ids(run, log)
        ids = await self.with_groupings(run.event.run_id, ground, ids, *overrides)
        return await asyncio.to_thread(with_people, ids, ground.joined.tracks)

    async def with_groupings(self, run_id: RunId, ground: GroupingInput, ids: RunIds, *overrides: Overrides) -> RunIds:
        """The ids with what the machine makes of a run with the settings' thresholds and with overrides."""
        rules = self._rules.on(ground.scale)
        missing = {one.key: one for one in (Overrides(), *overrides) if one.key not in ids.groupings}
        return ids.with_groupings(
            {key: await self._machine(run_id, ground, overridden(rules, one)) for key, one in missing.items()}
        )

    async def named_in(self, run: GroupedRun, log: EditLog) -> NamedTracks:
        """The tracks of a stored run that edits name, in whatever run they were made."""
        runs = {run.event.run_id: run, **await self._other_runs(run.event.run_id, log)}
        tracks_of = {one: await self._uncut(other) for one, other in runs.items()}
        return await asyncio.to_thread(named_in, log, run.event.run_id, tracks_of, self._rules.carry)

    async def kept_ids(self, run: GroupedRun) -> RunIds | None:
        """The identity ids of a stored run, where they were kept."""
        return await self._reader.document(run.base[IDS], RunIds) if IDS in run.base else None

    async def identities(self, event: EpisodeGrouped) -> IdentitiesDocument:
        return await self._reader.document(event.artifacts["identities"], IdentitiesDocument)

    async def _first_ids(self, run_id: RunId, ground: GroupingInput, before: GroupedRun | None, log: EditLog) -> RunIds:
        machine = await self._machine(run_id, ground, self._rules.on(ground.scale))
        least = 1 + max(highest_number_made(log), 0 if before is None else before.highest_number)
        if before is None:
            return await asyncio.to_thread(first_ids, machine, ground.joined.tracks, least_number=least)
        return await asyncio.to_thread(
            carried_ids,
            machine,
            ground.joined.tracks,
            await self.ids(before, log),
            await self._uncut(before),
            self._rules.carry,
            least_number=least,
        )

    async def _edited(self, run_id: RunId, ground: GroupingInput, resolved: Resolved, ids: RunIds) -> EditedGrouping:
        rules = self._rules.on(ground.scale)
        ids = await self.with_groupings(run_id, ground, ids, overrides_in_force(resolved.edits))
        pooling = self._pooling.on(ground.scale)
        return await asyncio.to_thread(group_edited, ground, resolved, ids, thresholds=rules, pooling=pooling)

    async def _machine(self, run_id: RunId, ground: GroupingInput, thresholds: GrouperThresholds) -> MachineGrouping:
        """A run's tracks, clustered once for all thresholds that are the same; again when some were forgotten."""
        key = (run_id, _fingerprint(ground.joined), thresholds.model_dump_json())
        known = self._machines.get(key)
        return known or self._machines.put(key, await asyncio.to_thread(ground.machine, thresholds))

    async def _ground(self, run: GroupedRun) -> GroupingInput:
        """What a stored run is grouped from, without the vectors of its faces."""
        tracks = await self._uncut(run)
        vectors = await self._reader.array(run.base["tracks_npy"])
        return GroupingInput(
            joined=joined_again(tracks, vectors, await self._shots(run.event), run.problems),
            faces=await self._reader.rows(run.base["faces"], FaceRow),
            face_vectors=_NOTHING,
            duration_s=run.event.duration_s,
            sample_period_s=run.sample_period_s,
            scale=scale_of(run.event),
        )

    async def _resolver(
        self,
        run_id: RunId,
        tracks: Sequence[TrackRow],
        erased: Sequence[Cut],
        records: Sequence[EditRecord],
        ids: RunIds | None = None,
    ) -> Resolver:
        """Knows the tracks of this run and of those in which the edits were made."""
        runs = await self._other_runs(run_id, records)
        tracks_of = {run_id: tracks, **{one: await self._uncut(run) for one, run in runs.items()}}
        erased_of = {run_id: erased, **{one: run.erased for one, run in runs.items()}}
        forgotten = {} if ids is None else ids.forgotten
        names = {} if ids is None else ids.forgotten_of
        return Resolver(run_id, tracks_of, self._rules.carry, erased_of, forgotten, names)

    async def _other_runs(self, run_id: RunId, records: Sequence[EditRecord]) -> dict[RunId, GroupedRun]:
        """The runs in which edits were made, without this one and those that are not known any more."""
        ids = sorted({record.run_id for record in records if record.run_id is not None} - {run_id})
        return {one: run for one in ids if (run := await self._store.run(one)) is not None}

    async def _uncut(self, run: GroupedRun) -> Sequence[TrackRow]:
        """The tracks of a stored run before any cut."""
        return await self._reader.rows(run.base["tracks"], TrackRow)

    async def _shots(self, event: EpisodeGrouped) -> tuple[ShotRow, ...]:
        return await self._reader.rows(event.artifacts["shots"], ShotRow)

    def _join(self, gathered: RunArtifacts, rules: GrouperThresholds) -> JoinedEpisode:
        """All tracks with those vectors that can be compared: what every grouping of the run begins with."""
        joined = join_segments(gathered.segments, rules.joining)
        tracks, matrix, problems = comparable_tracks(joined, rules)
        return joined_again(tracks, matrix, joined.shots, (*joined.problems, *problems))


def _fingerprint(joined: JoinedEpisode) -> str:
    """Of the tracks and what is compared of them: both change when somebody is forgotten."""
    digest = hashlib.sha256()
    for track, vector in zip(joined.tracks, joined.vectors, strict=True):
        digest.update(track.track_id.encode() + b"\0" + (b"" if vector is None else vector.tobytes()))
    return digest.hexdigest()


def scale_of(event: SegmentEmbedded | EpisodeGrouped) -> DistanceScale:
    """The scale of a run's vectors; events of earlier releases tell of vectors of the reference model."""
    embedder = event.embedder
    return REFERENCE if embedder is None else DistanceScale(midpoint=embedder.midpoint, slope=embedder.slope)


_NOTHING: Floats = np.zeros((0, 0), dtype=np.float32)


def _warnings_of(segment: SegmentEmbedded) -> tuple[Warning, ...]:
    """What the stages before say about a segment; events of earlier releases have sentences only."""
    return segment.warnings or noted(segment.problems)
