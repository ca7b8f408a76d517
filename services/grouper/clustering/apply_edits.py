"""From who is who after the edits to clusters: what the edits say happens, and nothing else.

Clustering anew under the edits would let one correction move people whom nobody touched: a merged cluster is wider than
its parts and draws its neighbours in. So the machine's clusters stay as they are but for what the edits say, and only
leftovers are looked at again, and only where the edits changed something.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from contracts.ids import IdentityId
from contracts.rows import TrackRow
from services.grouper.clustering.constraints import Constraints, simultaneous_pairs
from services.grouper.clustering.grouping import merge_singleton_clusters
from services.grouper.clustering.machine import MachinePeople
from services.grouper.rules import ClusteringRules, GrouperThresholds
from services.grouper.tracks.points import TrackPoints

Tracks = Sequence[str]


@dataclass(frozen=True)
class Cluster:
    """Positions of one identity's tracks, in order; of one that is not known nothing can be said.

    The `rescued` are leftovers that joined.
    """

    identity_id: IdentityId
    positions: tuple[int, ...]
    rescued: tuple[int, ...]
    is_known: bool


class Sightings:
    """What is seen of tracks, whatever anybody says: who is in one frame, and which go on behind a segment border."""

    def __init__(
        self,
        tracks: Sequence[TrackRow],
        must_links: Sequence[tuple[str, str]],
        *,
        sample_period_s: float,
        rules: ClusteringRules,
    ) -> None:
        positions = {track.track_id: index for index, track in enumerate(tracks)}
        self.together = simultaneous_pairs(
            tracks,
            min_overlap_s=rules.simultaneous_periods * sample_period_s,
            one_place_overlap=rules.one_place_overlap,
        )
        self.continued = [
            (positions[earlier], positions[later])
            for earlier, later in sorted(must_links)
            if earlier in positions and later in positions
        ]

    def add_to(self, constraints: Constraints) -> Constraints:
        """First what is seen in one frame, then what seems to go on behind a border."""
        for first, second in self.together:
            constraints.cannot_link(first, second)
        for earlier, later in self.continued:
            constraints.must_link(earlier, later)
        return constraints


def as_the_machine_has_it(machine: MachinePeople, tracks: Sequence[TrackRow], points: TrackPoints) -> list[Cluster]:
    """The machine's people as they are."""
    return _clusters(_by_identity(machine.identity_of, tracks), machine.rescued, tracks, points)


def carry_out(
    machine: MachinePeople,
    identity_of: Mapping[str, IdentityId],
    *,
    apart: Sequence[tuple[Tracks, Tracks]],
    closed: Collection[IdentityId],
    tracks: Sequence[TrackRow],
    points: TrackPoints,
    sightings: Sightings,
    thresholds: GrouperThresholds,
) -> list[Cluster]:
    """The clusters of `tracks` as `identity_of` says, after leftovers were looked at again.

    What the machine rescued into a cluster that was divided is a leftover again, for what it resembled is no longer what
    it was. Nothing joins the `closed`, nor those from whom it is kept `apart`.
    """
    seen = sightings.add_to(Constraints(len(tracks)))
    identity_of, staying = _freed(machine, identity_of, tracks, seen)
    groups = _by_identity(identity_of, tracks)
    constraints = between(identity_of, apart=apart, closed=closed, tracks=tracks, sightings=sightings)
    before = {frozenset(own) for own in machine.groups().values()}
    changed = [
        position
        for positions in groups.values()
        if frozenset(tracks[one].track_id for one in positions) not in before
        for position in positions
    ]
    rescue = merge_singleton_clusters(
        [positions for positions in groups.values() if points.good[positions].any()],
        points,
        constraints,
        clustering=thresholds.clustering,
        rules=thresholds.rescue,
        sightings=seen,
        changed=changed,
    )
    joined = set(rescue.rescued)
    named: dict[IdentityId, list[int]] = {}
    for positions in (*rescue.clusters, *rescue.unknown):
        home = next(one for one in positions if one not in joined)
        named[identity_of[tracks[home].track_id]] = positions
    rescued = staying | {tracks[one].track_id for one in rescue.rescued}
    return _clusters(named, rescued, tracks, points)


def between(
    identity_of: Mapping[str, IdentityId],
    *,
    apart: Sequence[tuple[Tracks, Tracks]],
    closed: Collection[IdentityId],
    tracks: Sequence[TrackRow],
    sightings: Sightings,
) -> Constraints:
    """Who may join whom, where everybody is together already as `identity_of` says: that is nobody's to contradict."""
    groups = _by_identity(identity_of, tracks)
    positions = {track.track_id: index for index, track in enumerate(tracks)}
    constraints = Constraints(len(tracks))
    for own in groups.values():
        constraints.must_link_all(own)
    for first, second in apart:
        for one in {constraints.group_of(positions[track]) for track in first if track in positions}:
            for other in {constraints.group_of(positions[track]) for track in second if track in positions}:
                constraints.cannot_link(one, other)
    for one, other in sightings.together:
        constraints.cannot_link(one, other)
    for identity in closed:
        if identity in groups:
            constraints.close(groups[identity][0])
    return constraints


def _freed(
    machine: MachinePeople, identity_of: Mapping[str, IdentityId], tracks: Sequence[TrackRow], seen: Constraints
) -> tuple[dict[str, IdentityId], set[str]]:
    """Who is who with rescued tracks of divided clusters by themselves, and the rescued ones that stay."""
    result = dict(identity_of)
    positions = {track.track_id: index for index, track in enumerate(tracks)}
    seconds = {track.track_id: track.end_s - track.start_s for track in tracks}
    staying: set[str] = set()
    for own in machine.groups().values():
        rescued = [track for track in own if track in machine.rescued and track in positions]
        if not rescued:
            continue
        core = {identity_of[track] for track in own if track not in machine.rescued and track in positions}
        stays = [track for track in rescued if core == {identity_of[track]}]
        staying.update(stays)
        loose: dict[int, list[str]] = {}
        for track in rescued:
            if track not in stays and identity_of[track] == machine.identity_of[track]:
                loose.setdefault(seen.group_of(positions[track]), []).append(track)
        for group in loose.values():
            longest = min(group, key=lambda track: (-seconds[track], track))
            result.update(dict.fromkeys(group, machine.id_of_track(longest)))
    return result, staying


def _by_identity(identity_of: Mapping[str, IdentityId], tracks: Sequence[TrackRow]) -> dict[IdentityId, list[int]]:
    groups: dict[IdentityId, list[int]] = {}
    for position, track in enumerate(tracks):
        groups.setdefault(identity_of[track.track_id], []).append(position)
    return groups


def _clusters(
    groups: Mapping[IdentityId, Sequence[int]],
    rescued: Collection[str],
    tracks: Sequence[TrackRow],
    points: TrackPoints,
) -> list[Cluster]:
    return [
        Cluster(
            identity_id=one,
            positions=tuple(positions),
            rescued=tuple(position for position in positions if tracks[position].track_id in rescued),
            is_known=bool(points.good[list(positions)].any()),
        )
        for one, positions in groups.items()
    ]
