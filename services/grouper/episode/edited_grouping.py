"""A run with the edits in force: cut, clustered where that was not done before, and grouped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from chassis.domain.arrays import Floats
from chassis.domain.calibration import REFERENCE, DistanceScale
from chassis.domain.pooling import PoolingRules
from contracts.rows import FaceRow
from contracts.warnings import Warning
from services.grouper.clustering.machine import MachineGrouping
from services.grouper.edits.kinds import Overrides
from services.grouper.edits.replay import overrides_in_force, thresholds_in_force
from services.grouper.edits.resolve import Resolved
from services.grouper.episode.grouping_with_edits import Grouping, group_by_machine, group_episode
from services.grouper.episode.identity_ids import RunIds, people_of
from services.grouper.rules import GrouperThresholds
from services.grouper.tracks.cutting import cut_episode, whole_of
from services.grouper.tracks.joining import JoinedEpisode


@dataclass(frozen=True, kw_only=True)
class GroupingInput:
    """What a run is grouped from, before any cut; `face_vectors` may be empty where nothing is cut."""

    joined: JoinedEpisode
    faces: Sequence[FaceRow]
    face_vectors: Floats
    duration_s: float
    sample_period_s: float
    scale: DistanceScale = REFERENCE

    def machine(self, thresholds: GrouperThresholds) -> MachineGrouping:
        """What the machine makes of it."""
        return group_by_machine(self.joined, sample_period_s=self.sample_period_s, thresholds=thresholds)


@dataclass(frozen=True, kw_only=True)
class EditedGrouping:
    """A grouping with edits. `faces` carry the names of cut tracks' parts; `is_cut` says whether there are any.

    `rules` are those in force, with those `overrides` that edits chose; `apart` the groups of tracks that edits keep apart.
    """

    grouping: Grouping
    faces: Sequence[FaceRow]
    is_cut: bool
    rules: GrouperThresholds
    overrides: Overrides
    apart: Sequence[tuple[Sequence[str], Sequence[str]]]


def group_edited(
    ground: GroupingInput,
    resolved: Resolved,
    ids: RunIds,
    *,
    thresholds: GrouperThresholds,
    pooling: PoolingRules,
    machine: MachineGrouping | None = None,
) -> EditedGrouping:
    """Groups with the edits; says in the warnings which edits found no track.

    `machine` is the machine's grouping of the same input with the thresholds in force, where it is there already and the
    ids do not have it.
    """
    in_force = thresholds_in_force(thresholds, resolved.edits)
    overrides = overrides_in_force(resolved.edits)
    machine = ids.groupings.get(overrides.key) or machine or ground.machine(in_force)
    people = people_of(machine, ids, ground.joined.tracks, key=overrides.key)
    forgotten = {**ids.forgotten, **resolved.forgotten}
    joined, faces, is_cut = ground.joined, ground.faces, bool(resolved.cut.parts)
    if is_cut:
        joined, faces = cut_episode(joined, resolved.cut, faces, ground.face_vectors, pooling)
        people = people.cut(_names(resolved))
    grouping = group_episode(
        joined,
        people,
        duration_s=ground.duration_s,
        sample_period_s=ground.sample_period_s,
        thresholds=thresholds,
        edits=resolved.edits,
        newcomers=resolved.newcomers,
        forgotten=forgotten,
    )
    if resolved.lost:
        sentence = f"{len(resolved.lost)} edits are about tracks that are not in this run."
        lost = Warning.of("edits_without_tracks", sentence)
        grouping = replace(grouping, warnings=(*grouping.warnings, lost))
    return EditedGrouping(
        grouping=grouping,
        faces=faces,
        is_cut=is_cut,
        rules=in_force,
        overrides=overrides,
        apart=[pair for edit in resolved.edits if all(pair := edit.apart())],
    )


def _names(resolved: Resolved) -> Mapping[str, Sequence[str]]:
    """The parts of every track that was cut, erased ones that edits name among them."""
    names = {track: [part.track_id for part in parts] for track, parts in resolved.cut.parts.items()}
    for part in resolved.forgotten:
        whole = whole_of(part, names)
        if whole is not None and part not in names[whole]:
            names[whole].append(part)
    return names
