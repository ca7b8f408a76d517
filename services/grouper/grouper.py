"""Grouping a run with the operators' edits in force, from the artifacts of an earlier grouping or for the first time."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from chassis.cache import Latest
from chassis.domain.arrays import Floats
from chassis.s3.artifact_reader import ArtifactReader
from contracts.events import EpisodeGrouped
from contracts.ids import RunId
from contracts.rows import FaceRow, IdentitiesDocument, Identity, ShotRow, TrackMetricsDocument, TrackRow
from services.grouper.edits.kinds import Edit
from services.grouper.edits.log import EditLog, EditRecord, active_records
from services.grouper.edits.replay import thresholds_in_force
from services.grouper.edits.resolve import Resolved, Resolver
from services.grouper.episode.grouping_with_edits import Grouping, MachineGrouping, group_episode
from services.grouper.episode.identity_ids import EarlierRun
from services.grouper.rules import GrouperThresholds
from services.grouper.store.runs import GroupedRun, GrouperStore
from services.grouper.tracks.cutting import cut_episode
from services.grouper.tracks.joining import JoinedEpisode, joined_again


@dataclass(frozen=True, kw_only=True)
class GroupingInput:
    """What a run is grouped from, before any cut; `face_vectors` may be empty where nothing is cut."""

    joined: JoinedEpisode
    faces: Sequence[FaceRow]
    face_vectors: Floats
    duration_s: float
    sample_period_s: float


@dataclass(frozen=True, kw_only=True)
class EditedGrouping:
    """A grouping with edits. `faces` carry the names of cut tracks' parts; `is_cut` says whether there are any."""

    grouping: Grouping
    faces: Sequence[FaceRow]
    is_cut: bool
    edits: tuple[Edit, ...]


def group_edited(
    ground: GroupingInput,
    resolved: Resolved,
    *,
    thresholds: GrouperThresholds,
    earlier: EarlierRun | None = None,
    least_number: int = 1,
    machine: MachineGrouping | None = None,
) -> EditedGrouping:
    """Cuts what is to be cut, then groups with the edits; says in the warnings which edits found no track.

    `machine` is what `group_episode` takes, of the same cuts and thresholds.
    """
    joined, faces, is_cut = ground.joined, ground.faces, bool(resolved.cut.parts)
    if is_cut:
        joined, faces = cut_episode(joined, resolved.cut, faces, ground.face_vectors)
    grouping = group_episode(
        joined,
        duration_s=ground.duration_s,
        sample_period_s=ground.sample_period_s,
        thresholds=thresholds,
        edits=resolved.edits,
        earlier=earlier,
        least_number=least_number,
        machine=machine,
    )
    if resolved.lost:
        sentence = f"{len(resolved.lost)} edits are about tracks that are not in this run."
        grouping = replace(grouping, warnings=(*grouping.warnings, sentence))
    return EditedGrouping(grouping=grouping, faces=faces, is_cut=is_cut, edits=resolved.edits)


def highest_number(grouping: Grouping, *, at_least: int = 0) -> int:
    """The greatest number that an identity has, or had before."""
    return max([at_least, *(int(person.identity_id.rsplit("-", 1)[1]) for person in grouping.people)])


def retired_people(
    before: Sequence[Identity], retired: Mapping[str, Sequence[str]], grouping: Grouping
) -> dict[str, Sequence[str]]:
    """Everybody whose id is not in use any more, with their last tracks."""
    present = {person.identity_id for person in grouping.people}
    everybody = {**retired, **{identity.identity_id: identity.track_ids for identity in before}}
    return {identity: tracks for identity, tracks in everybody.items() if identity not in present and tracks}


MACHINE_GROUPINGS = 16
"""Of so many runs, cuts and thresholds the machine's own grouping is remembered: track ids only."""


class Regrouper:
    """Reads what grouping again needs. What it read and clustered lately is remembered, so that a warm process is quick."""

    def __init__(self, reader: ArtifactReader, store: GrouperStore, rules: GrouperThresholds) -> None:
        self._reader = reader
        self._store = store
        self._rules = rules
        self._machine: Latest[tuple[object, ...], MachineGrouping] = Latest(MACHINE_GROUPINGS)

    async def group(self, run: GroupedRun, log: EditLog) -> EditedGrouping:
        """A stored run with the edits that are in force in a log, people keeping the ids they have in it."""
        joined = await self.joined(run)
        resolved = await self.resolve(run, log)
        reader = self._reader
        ground = GroupingInput(
            joined=joined,
            faces=await reader.rows(run.base["faces"], FaceRow),
            face_vectors=await reader.array(run.event.artifacts["faces_npy"]) if resolved.cut.parts else _NOTHING,
            duration_s=run.event.duration_s,
            sample_period_s=run.sample_period_s,
        )
        return await self.group_on(
            ground,
            resolved,
            run_id=run.event.run_id,
            earlier=await self.earlier(run),
            least_number=run.highest_number + 1,
        )

    async def group_on(
        self, ground: GroupingInput, resolved: Resolved, *, run_id: RunId, earlier: EarlierRun | None, least_number: int
    ) -> EditedGrouping:
        """A run's ground with edits; tracks are clustered once for every way they are cut, every threshold and erasure."""
        cut = frozenset((row.track_id, row.start_s, row.end_s) for rows in resolved.cut.parts.values() for row in rows)
        compared = tuple(track.track_id for track in ground.joined.tracks if track.embedding_row is not None)
        key = (run_id, compared, cut, thresholds_in_force(self._rules, resolved.edits).model_dump_json())
        edited = await asyncio.to_thread(
            group_edited,
            ground,
            resolved,
            thresholds=self._rules,
            earlier=earlier,
            least_number=least_number,
            machine=self._machine.get(key),
        )
        self._machine.put(key, edited.grouping.machine)
        return edited

    async def resolve(self, run: GroupedRun, log: EditLog) -> Resolved:
        """What the edits in force say about the tracks of a stored run."""
        records = active_records(log)
        tracks = await self._reader.rows(run.base["tracks"], TrackRow)
        resolver = await self.resolver(run.event.run_id, tracks, records)
        return await asyncio.to_thread(resolver.resolve, records)

    async def joined(self, run: GroupedRun) -> JoinedEpisode:
        """All tracks of a stored run before any cut."""
        tracks = await self._reader.rows(run.base["tracks"], TrackRow)
        vectors = await self._reader.array(run.base["tracks_npy"])
        return joined_again(tracks, vectors, await self.shots(run.event), run.problems)

    async def shots(self, event: EpisodeGrouped) -> tuple[ShotRow, ...]:
        return await self._reader.rows(event.artifacts["shots"], ShotRow)

    async def metrics(self, event: EpisodeGrouped) -> TrackMetricsDocument:
        return await self._reader.document(event.artifacts["track_metrics"], TrackMetricsDocument)

    async def earlier(self, run: GroupedRun) -> EarlierRun:
        """The people of a stored run."""
        tracks = await self._reader.rows(run.event.artifacts["tracks"], TrackRow)
        return EarlierRun(identities=(await self.identities(run.event)).identities, tracks=tracks, retired=run.retired)

    async def identities(self, event: EpisodeGrouped) -> IdentitiesDocument:
        return await self._reader.document(event.artifacts["identities"], IdentitiesDocument)

    async def resolver(
        self,
        run_id: RunId,
        tracks: Sequence[TrackRow],
        records: Sequence[EditRecord],
        *,
        before: GroupedRun | None = None,
    ) -> Resolver:
        """Knows the tracks of this run, of those in which the edits were made, and of the one before where given."""
        tracks_of: dict[RunId, Sequence[TrackRow]] = {run_id: tracks}
        others = {record.run_id for record in records if record.run_id is not None} - {run_id}
        runs = [before, *[await self._store.run(other) for other in sorted(others)]]
        for run in runs:
            if run is not None:
                tracks_of[run.event.run_id] = await self._reader.rows(run.base["tracks"], TrackRow)
        return Resolver(run_id, tracks_of, self._rules.carry)


_NOTHING: Floats = np.zeros((0, 0), dtype=np.float32)
