"""Grouping an episode: from joined tracks and operators' edits to the people of the episode, with ids that last."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from contracts.ids import IdentityId
from contracts.rows import GroupingMetrics, Provenance, TrackRow
from contracts.warnings import Warning
from services.grouper.clustering.apply_edits import Cluster, Sightings, as_the_machine_has_it, carry_out
from services.grouper.clustering.constraints import Constraints
from services.grouper.clustering.grouping import (
    MISMATCH,
    Centroid,
    Clusters,
    _validate_embedding_dimensions,
    cluster_faces,
    compute_centroids,
    merge_singleton_clusters,
)
from services.grouper.clustering.leftovers import join_unknown
from services.grouper.clustering.machine import MachineGrouping, MachinePeople
from services.grouper.clustering.quality import grouping_metrics, grouping_warnings
from services.grouper.edits.kinds import BaseEdit
from services.grouper.edits.replay import EditEffects, effects_of, thresholds_in_force
from services.grouper.rules import GrouperThresholds
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


@dataclass(frozen=True)
class Grouping:
    """The people of an episode in order of their ids. `tracks_npy` [M, D] holds the prototypes of `tracks`."""

    people: tuple[Person, ...]
    tracks: tuple[TrackRow, ...]
    tracks_npy: Floats
    metrics: GroupingMetrics
    warnings: tuple[Warning, ...]


def group_by_machine(
    joined: JoinedEpisode, *, sample_period_s: float, thresholds: GrouperThresholds
) -> MachineGrouping:
    """The grouping that nobody edited. It does not depend on the order of the tracks.

    `sample_period_s` is the time between two analysed frames.
    """
    tracks, matrix, _ = comparable_tracks(joined, thresholds)
    points = track_points(tracks, matrix)
    sightings = Sightings(tracks, joined.must_links, sample_period_s=sample_period_s, rules=thresholds.clustering)
    constraints = sightings.add_to(Constraints(len(tracks)))
    found = cluster_faces(points, constraints, thresholds.clustering)
    rescue = merge_singleton_clusters(
        found, points, constraints, clustering=thresholds.clustering, rules=thresholds.rescue
    )
    unknown = join_unknown(
        rescue.unknown, points, constraints, clustering=thresholds.clustering, rules=thresholds.rescue
    )

    def named(groups: Clusters) -> tuple[tuple[str, ...], ...]:
        return tuple(tuple(tracks[position].track_id for position in group) for group in groups)

    return MachineGrouping(
        clusters=named(rescue.clusters),
        rescued=frozenset(tracks[position].track_id for position in rescue.rescued),
        unknown=named(unknown),
    )


def group_episode(
    joined: JoinedEpisode,
    machine: MachinePeople,
    *,
    duration_s: float,
    sample_period_s: float,
    thresholds: GrouperThresholds,
    edits: Sequence[BaseEdit] = (),
    newcomers: Collection[str] = (),
    forgotten: Mapping[str, float] | None = None,
) -> Grouping:
    """Groups all tracks into people. Every track is in exactly one, but for those an operator dropped.

    `joined` are the tracks as they are cut, `machine` whom the machine alone makes of them with the thresholds in force,
    `newcomers` those tracks that none of the edits could name, `forgotten` erased ones that the edits are replayed with,
    and the seconds that they lasted.
    """
    thresholds = thresholds_in_force(thresholds, edits)
    tracks, matrix, problems = comparable_tracks(joined, thresholds)
    seconds = {track.track_id: track.end_s - track.start_s for track in tracks} | dict(forgotten or {})
    effects = effects_of(edits, machine, seconds, newcomers)
    machine = machine.without(forgotten.keys()) if forgotten else machine
    active = [track for track in tracks if track.track_id not in effects.dropped]
    points = track_points(active, matrix)
    if edits:
        sightings = Sightings(active, joined.must_links, sample_period_s=sample_period_s, rules=thresholds.clustering)
        clusters = carry_out(
            machine,
            effects.identity_of,
            apart=effects.apart,
            closed=effects.closed,
            tracks=active,
            points=points,
            sightings=sightings,
            thresholds=thresholds,
        )
    else:
        clusters = as_the_machine_has_it(machine, active, points)
    sizes = [len(cluster.positions) for cluster in clusters if cluster.is_known]
    metrics = grouping_metrics(
        sizes,
        tracks=len(tracks),
        unassigned=len(active) - sum(sizes),
        rescued=sum(len(cluster.rescued) for cluster in clusters),
    )
    if effects.contradicted:
        sentence = f"{effects.contradicted} edits are contradicted by others and hold only in part"
        problems.append(Warning.of("edits_contradict", sentence))
    health = grouping_warnings(metrics, tracks, duration_s=duration_s, rules=thresholds.warnings)
    return Grouping(
        people=_people(clusters, active, points, effects, thresholds),
        tracks=tuple(tracks),
        tracks_npy=matrix,
        metrics=metrics,
        warnings=(*joined.problems, *problems, *health),
    )


def comparable_tracks(
    joined: JoinedEpisode, thresholds: GrouperThresholds
) -> tuple[list[TrackRow], Floats, list[Warning]]:
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


def _reason(tracks: Sequence[TrackRow]) -> str:
    """Why a group of tracks is nobody known: the mildest of its tracks' reasons."""
    if any(track.embedding_row is not None for track in tracks):
        return LOW_QUALITY
    return MISMATCH if any(track.rejection == MISMATCH for track in tracks) else NO_EMBEDDING


def _people(
    clusters: Sequence[Cluster],
    tracks: Sequence[TrackRow],
    points: TrackPoints,
    effects: EditEffects,
    thresholds: GrouperThresholds,
) -> tuple[Person, ...]:
    clusters = sorted(clusters, key=lambda cluster: (len(cluster.identity_id), cluster.identity_id))
    known = [cluster for cluster in clusters if cluster.is_known]
    found = compute_centroids(
        [cluster.positions for cluster in known], points, merge_distance=thresholds.clustering.merge_limit
    )
    centroids = {cluster.identity_id: centroid for cluster, centroid in zip(known, found, strict=True)}
    people: list[Person] = []
    for cluster in clusters:
        own = tuple(tracks[position] for position in cluster.positions)
        people.append(
            Person(
                identity_id=cluster.identity_id,
                tracks=own,
                centroid=centroids.get(cluster.identity_id),
                provenance=_provenance(cluster, own, effects),
                rescued_track_ids=tuple(tracks[position].track_id for position in cluster.rescued),
                reason=None if cluster.is_known else _reason(own),
                locked=cluster.identity_id in effects.locked,
                label=effects.labels.get(cluster.identity_id),
            )
        )
    return tuple(people)


def _provenance(cluster: Cluster, tracks: Sequence[TrackRow], effects: EditEffects) -> Provenance:
    if any(track.track_id in effects.placed for track in tracks):
        return "operator"
    return "rescued" if 2 * len(cluster.rescued) >= len(tracks) else "machine"
