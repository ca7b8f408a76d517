"""What looks wrong in a grouping, for people to decide on: pairs that may be one, tracks that may be strays, two in one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from contracts.rows import ClusterCentroid, Identity, LikelySame, LikelyStray, LikelyTwo, TrackRow
from services.grouper.clustering.apply_edits import Sightings, between
from services.grouper.clustering.review import Duplicate, find_outliers, likely_duplicates
from services.grouper.clustering.two_people import find_two_people
from services.grouper.rules import DoubtRules, GrouperThresholds
from services.grouper.tracks.points import Floats

Apart = Sequence[tuple[Sequence[str], Sequence[str]]]
"""Groups of tracks that edits keep apart."""


def find_duplicates(
    identities: Sequence[Identity],
    tracks: Sequence[TrackRow],
    centroids: Sequence[ClusterCentroid],
    *,
    apart: Apart,
    sample_period_s: float,
    rules: GrouperThresholds,
) -> list[Duplicate]:
    """Pairs of identities that may be one person, nearest first, but for those that edits or one frame keep apart."""
    owner = {track: one.identity_id for one in identities for track in one.track_ids}
    own = [row for row in tracks if row.track_id in owner]
    links = [(row.continues, row.track_id) for row in own if row.continues is not None]
    constraints = between(
        owner,
        apart=apart,
        closed=[one.identity_id for one in identities if one.locked],
        tracks=own,
        sightings=Sightings(own, links, sample_period_s=sample_period_s, rules=rules.clustering),
    )
    return likely_duplicates(centroids, identities, own, constraints, merge_distance=rules.clustering.merge_limit)


def likely_same(pairs: Sequence[Duplicate], rules: DoubtRules) -> tuple[LikelySame, ...]:
    """The pairs that are near enough to be asked about."""
    near = [pair for pair in pairs if pair.distance <= rules.same_ratio]
    return tuple(
        LikelySame(first=pair.first, second=pair.second, distance=round(pair.distance, 4))
        for pair in near[: rules.most_same]
    )


def likely_strays(
    identities: Sequence[Identity],
    tracks: Sequence[TrackRow],
    vectors: Floats,
    centroids: Sequence[ClusterCentroid],
    rules: GrouperThresholds,
) -> tuple[LikelyStray, ...]:
    """Tracks of people who are not locked that lie far out or nearer to somebody else, the most doubtful first."""
    closed = {one.identity_id for one in identities if one.locked}
    merge = rules.clustering.merge_limit
    found = [
        one
        for one in find_outliers(centroids, identities, tracks, vectors, merge_distance=merge)
        if one.identity_id not in closed
        and (
            one.distance >= rules.doubts.stray_ratio
            or (one.distance_to_other is not None and one.distance_to_other < one.distance)
        )
    ]
    return tuple(
        LikelyStray(
            track_id=one.track_id,
            identity_id=one.identity_id,
            distance=round(one.distance, 4),
            nearest_other=one.nearest_other,
            distance_to_other=None if one.distance_to_other is None else round(one.distance_to_other, 4),
        )
        for one in found[: rules.doubts.most_strays]
    )


def likely_two(
    identities: Sequence[Identity],
    tracks: Mapping[str, TrackRow],
    vectors: Floats,
    *,
    sample_period_s: float,
    rules: GrouperThresholds,
) -> tuple[LikelyTwo, ...]:
    """People who are not locked and look like two, the most different halves first; `tracks` by id."""
    found = []
    for one in identities:
        own = [tracks[track] for track in one.track_ids if track in tracks]
        if one.locked or not 2 <= len(own) <= rules.doubts.most_tracks:
            continue
        halves = find_two_people(own, vectors, sample_period_s=sample_period_s, rules=rules.clustering)
        if halves.is_two and halves.second:
            found.append(
                LikelyTwo(
                    identity_id=one.identity_id,
                    second=halves.second,
                    separation=round(halves.separation, 4),
                    simultaneous=halves.simultaneous,
                )
            )
    return tuple(sorted(found, key=lambda one: (-one.simultaneous, -one.separation, one.identity_id)))
