"""Grouping an episode: from joined tracks and operators' edits to the people of the episode, with ids that last."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from contracts.ids import IdentityId
from contracts.rows import GroupingMetrics, Provenance, TrackRow
from services.grouper.clustering.apply_edits import carry_out
from services.grouper.clustering.constraints import Constraints, simultaneous_pairs
from services.grouper.clustering.grouping import (
    MISMATCH,
    Centroid,
    Clusters,
    _validate_embedding_dimensions,
    cluster_faces,
    compute_centroids,
    merge_singleton_clusters,
)
from services.grouper.clustering.quality import grouping_metrics, grouping_warnings
from services.grouper.edits.kinds import Edit
from services.grouper.edits.replay import (
    constrain,
    dropped_tracks,
    edited_tracks,
    labels_of,
    locked_groups,
    pinned_ids,
    thresholds_in_force,
    without_ended_locks,
)
from services.grouper.episode.identity_ids import EarlierRun, carry_identity_ids
from services.grouper.rules import ClusteringRules, GrouperThresholds
from services.grouper.tracks.joining import JoinedEpisode
from services.grouper.tracks.points import Floats, TrackPoints, track_points

NO_EMBEDDING = "no_embedding"
LOW_QUALITY = "low_quality"


@dataclass(frozen=True)
class Person:
    """A cluster, or (with a `reason`) tracks of which nobody can say whose they are. Tracks in order of time."""

    identity_id: IdentityId
    tracks: tuple[TrackRow, ...]
    centroid: Centroid | None
    provenance: Provenance
    rescued_track_ids: tuple[str, ...] = ()
    reason: str | None = None
    locked: bool = False
    label: str | None = None


Names = tuple[str, ...]


@dataclass(frozen=True)
class MachineGrouping:
    """What the machine alone makes of the tracks, as track ids, those that operators dropped included.

    The `rescued` are in a cluster that they joined as leftovers; of the `unknown` groups nothing can be said. It depends
    on the tracks, their vectors and the thresholds in force, on no other edit.
    """

    clusters: tuple[Names, ...]
    rescued: frozenset[str]
    unknown: tuple[Names, ...]


@dataclass(frozen=True)
class Grouping:
    """The people of an episode in order of their ids. `tracks_npy` [M, D] holds the prototypes of `tracks`."""

    people: tuple[Person, ...]
    tracks: tuple[TrackRow, ...]
    tracks_npy: Floats
    metrics: GroupingMetrics
    warnings: tuple[str, ...]
    machine: MachineGrouping


@dataclass(frozen=True)
class _Cluster:
    positions: list[int]
    rescued: tuple[int, ...]
    reason: str | None


def group_episode(
    joined: JoinedEpisode,
    *,
    duration_s: float,
    sample_period_s: float,
    thresholds: GrouperThresholds,
    edits: Sequence[Edit] = (),
    earlier: EarlierRun | None = None,
    least_number: int = 1,
    machine: MachineGrouping | None = None,
) -> Grouping:
    """Groups all tracks into people. Every track is in exactly one, but for those an operator dropped.

    `sample_period_s` is the time between two analysed frames. `earlier` gives its identity ids to the same people;
    new ids are numbered from `least_number` at least. `machine` is what a grouping of the same tracks with the same
    thresholds in force had; clustering them again, most of the work, would give the same. The result does not depend
    on the order of the tracks.
    """
    edits = without_ended_locks(edits)
    thresholds = thresholds_in_force(thresholds, edits)
    rules = thresholds.clustering
    tracks, matrix, problems = comparable_tracks(joined, thresholds)
    dropped = dropped_tracks(edits)
    active = [track for track in tracks if track.track_id not in dropped]
    points = track_points(active, matrix)
    if machine is None:
        machine = _group_by_machine(tracks, matrix, joined.must_links, sample_period_s, thresholds)
    contradicted = 0
    if edits:
        constraints, contradicted = episode_constraints(
            active, joined.must_links, edits, sample_period_s=sample_period_s, rules=rules
        )
        sightings, _ = episode_constraints(active, joined.must_links, (), sample_period_s=sample_period_s, rules=rules)
        clusters = _edited(machine, active, points, constraints, sightings, thresholds)
    else:
        clusters = _unedited(machine, active)
    people = _people(clusters, active, points, edits, earlier, thresholds, least_number)
    sizes = [len(cluster.positions) for cluster in clusters if cluster.reason is None]
    metrics = grouping_metrics(
        sizes,
        tracks=len(tracks),
        unassigned=len(active) - sum(sizes),
        rescued=sum(len(cluster.rescued) for cluster in clusters),
    )
    if contradicted:
        problems.append(f"{contradicted} edits are contradicted by later ones and hold only in part")
    health = grouping_warnings(metrics, tracks, duration_s=duration_s, rules=thresholds.warnings)
    return Grouping(
        people=people,
        tracks=tuple(tracks),
        tracks_npy=matrix,
        metrics=metrics,
        warnings=(*joined.problems, *problems, *health),
        machine=machine,
    )


def comparable_tracks(joined: JoinedEpisode, thresholds: GrouperThresholds) -> tuple[list[TrackRow], Floats, list[str]]:
    """All tracks in order of time, the matrix [M, D] of those vectors that can be compared, and what was refused."""
    order = sorted(range(len(joined.tracks)), key=lambda index: _by_time(joined.tracks[index]))
    return _validate_embedding_dimensions(
        [joined.tracks[index] for index in order],
        [joined.vectors[index] for index in order],
        model_id=thresholds.model_id,
        dimension=thresholds.dimension,
    )


def _by_time(track: TrackRow) -> tuple[float, str]:
    return track.start_s, track.track_id


def episode_constraints(
    tracks: Sequence[TrackRow],
    must_links: Sequence[tuple[str, str]],
    edits: Sequence[Edit],
    *,
    sample_period_s: float,
    rules: ClusteringRules,
) -> tuple[Constraints, int]:
    """What holds between the tracks, by position, and how many edits are contradicted by later ones.

    Operators speak first, then what is seen in one frame, then what seems to go on behind a border.
    """
    positions = {track.track_id: index for index, track in enumerate(tracks)}
    constraints = Constraints(len(tracks))
    contradicted = constrain(constraints, edits, positions)
    simultaneous = simultaneous_pairs(
        tracks, min_overlap_s=rules.simultaneous_periods * sample_period_s, one_place_overlap=rules.one_place_overlap
    )
    for first, second in simultaneous:
        constraints.cannot_link(first, second)
    for earlier, later in sorted(must_links):
        if earlier in positions and later in positions:
            constraints.must_link(positions[earlier], positions[later])
    return constraints, len(contradicted)


def _group_by_machine(
    tracks: Sequence[TrackRow],
    matrix: Floats,
    must_links: Sequence[tuple[str, str]],
    sample_period_s: float,
    thresholds: GrouperThresholds,
) -> MachineGrouping:
    points = track_points(tracks, matrix)
    constraints, _ = episode_constraints(
        tracks, must_links, (), sample_period_s=sample_period_s, rules=thresholds.clustering
    )
    found = cluster_faces(points, constraints, thresholds.clustering)
    rescue = merge_singleton_clusters(
        found, points, constraints, clustering=thresholds.clustering, rules=thresholds.rescue
    )

    def named(groups: Clusters) -> tuple[Names, ...]:
        return tuple(tuple(tracks[position].track_id for position in group) for group in groups)

    return MachineGrouping(
        clusters=named(rescue.clusters),
        rescued=frozenset(tracks[position].track_id for position in rescue.rescued),
        unknown=named(rescue.unknown),
    )


def _unedited(machine: MachineGrouping, tracks: Sequence[TrackRow]) -> list[_Cluster]:
    """The machine's grouping as it is."""
    positions = {track.track_id: index for index, track in enumerate(tracks)}

    def known(names: Names) -> _Cluster:
        members = [positions[name] for name in names]
        return _Cluster(members, tuple(positions[name] for name in names if name in machine.rescued), None)

    def unknown(names: Names) -> _Cluster:
        members = [positions[name] for name in names]
        return _Cluster(members, (), _reason([tracks[one] for one in members]))

    return [*map(known, machine.clusters), *map(unknown, machine.unknown)]


def _edited(
    machine: MachineGrouping,
    tracks: Sequence[TrackRow],
    points: TrackPoints,
    constraints: Constraints,
    sightings: Constraints,
    thresholds: GrouperThresholds,
) -> list[_Cluster]:
    """The machine's clusters with the edits carried out on them; leftovers are looked at again."""
    positions = {track.track_id: index for index, track in enumerate(tracks)}
    edited = carry_out(
        [[positions[track] for track in cluster if track in positions] for cluster in machine.clusters],
        {positions[track] for track in machine.rescued if track in positions},
        constraints,
        points,
    )
    return _with_leftovers(
        edited.clusters, tracks, points, constraints, thresholds, sightings=sightings, already=edited.rescued
    )


def _with_leftovers(
    found: Clusters,
    tracks: Sequence[TrackRow],
    points: TrackPoints,
    constraints: Constraints,
    thresholds: GrouperThresholds,
    *,
    sightings: Constraints,
    already: Collection[int],
) -> list[_Cluster]:
    """Clusters after leftovers joined them, and the leftovers that are nobody known; `already` joined one before."""
    rescue = merge_singleton_clusters(
        found,
        points,
        constraints,
        clustering=thresholds.clustering,
        rules=thresholds.rescue,
        sightings=sightings,
    )
    rescued = {*rescue.rescued, *already}
    known = [
        _Cluster(positions, tuple(position for position in positions if position in rescued), None)
        for positions in rescue.clusters
    ]
    unknown = [_Cluster(positions, (), _reason([tracks[one] for one in positions])) for positions in rescue.unknown]
    return known + unknown


def _reason(tracks: Sequence[TrackRow]) -> str:
    """Why a group of tracks is nobody known: the mildest of its tracks' reasons."""
    if any(track.embedding_row is not None for track in tracks):
        return LOW_QUALITY
    return MISMATCH if any(track.rejection == MISMATCH for track in tracks) else NO_EMBEDDING


def _people(
    clusters: Sequence[_Cluster],
    tracks: Sequence[TrackRow],
    points: TrackPoints,
    edits: Sequence[Edit],
    earlier: EarlierRun | None,
    thresholds: GrouperThresholds,
    least_number: int,
) -> tuple[Person, ...]:
    members = [tuple(tracks[position] for position in cluster.positions) for cluster in clusters]
    known = [index for index, cluster in enumerate(clusters) if cluster.reason is None]
    merge_distance = thresholds.clustering.merge_distance
    centroids = dict(
        zip(
            known,
            compute_centroids([clusters[index].positions for index in known], points, merge_distance=merge_distance),
            strict=True,
        )
    )
    ids = carry_identity_ids(members, earlier, thresholds.carry, pinned=pinned_ids(edits), least_number=least_number)
    by_operator, locked = edited_tracks(edits), _locked(locked_groups(edits), members)
    labels = labels_of(edits, [(ids[index], [track.track_id for track in members[index]]) for index in range(len(ids))])
    people = [
        Person(
            identity_id=ids[index],
            tracks=members[index],
            centroid=centroids.get(index),
            provenance=_provenance(cluster, members[index], by_operator),
            rescued_track_ids=tuple(tracks[position].track_id for position in cluster.rescued),
            reason=cluster.reason,
            locked=index in locked,
            label=labels[index],
        )
        for index, cluster in enumerate(clusters)
    ]
    return tuple(sorted(people, key=lambda person: (len(person.identity_id), person.identity_id)))


def _provenance(cluster: _Cluster, tracks: Sequence[TrackRow], by_operator: set[str]) -> Provenance:
    if any(track.track_id in by_operator for track in tracks):
        return "operator"
    return "rescued" if 2 * len(cluster.rescued) >= len(tracks) else "machine"


def _locked(groups: Sequence[set[str]], members: Sequence[Sequence[TrackRow]]) -> set[int]:
    """The clusters that hold most tracks of a locked group."""
    found: set[int] = set()
    for group in groups:
        held = [sum(track.track_id in group for track in tracks) for tracks in members]
        if held and max(held) > 0:
            found.add(held.index(max(held)))
    return found
