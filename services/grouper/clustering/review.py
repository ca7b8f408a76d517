"""Which clusters may be one person after all, and which tracks may be in the wrong one. All distances in merge distances."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np

from contracts.rows import ClusterCentroid, Identity, TrackRow
from services.grouper.clustering.constraints import Constraints
from services.grouper.tracks.points import Floats

FARTHEST = 2.0
"""Clusters farther apart than this are no duplicates."""

MOST_PAIRS = 1000
"""Nobody looks through more."""


@dataclass(frozen=True)
class Duplicate:
    """Two identities whose faces are near each other."""

    first: str
    second: str
    distance: float


@dataclass(frozen=True)
class Outlier:
    """A track far from its own identity's centre, or nearer to another's."""

    track_id: str
    identity_id: str
    distance: float
    nearest_other: str | None
    distance_to_other: float | None


def likely_duplicates(
    centroids: Sequence[ClusterCentroid],
    identities: Sequence[Identity],
    tracks: Sequence[TrackRow],
    constraints: Constraints,
    *,
    merge_distance: float,
) -> list[Duplicate]:
    """Pairs up to `FARTHEST` apart that nothing keeps apart, the nearest first and `MOST_PAIRS` at most.

    `constraints` are between the tracks.
    """
    if len(centroids) < 2:
        return []
    matrix = np.array([one.centroid for one in centroids], dtype=np.float64)
    products = np.clip(2.0 - 2.0 * matrix @ matrix.T, 0.0, None)
    distances = np.sqrt(products) / merge_distance
    first, second = np.nonzero(np.triu(distances <= FARTHEST, k=1))
    order = np.argsort(distances[first, second], kind="stable")
    forbidden = _forbidden(identities, tracks, constraints)
    ids = [one.identity_id for one in centroids]
    pairs = ((ids[first[index]], ids[second[index]], float(distances[first[index], second[index]])) for index in order)
    found = (
        Duplicate(first=one, second=other, distance=distance)
        for one, other, distance in pairs
        if (min(one, other), max(one, other)) not in forbidden
    )
    return list(islice(found, MOST_PAIRS))


def _forbidden(
    identities: Sequence[Identity], tracks: Sequence[TrackRow], constraints: Constraints
) -> set[tuple[str, str]]:
    owner = {track: identity.identity_id for identity in identities for track in identity.track_ids}
    owner_of_group: dict[int, set[str]] = {}
    for position, track in enumerate(tracks):
        if track.track_id in owner:
            owner_of_group.setdefault(constraints.group_of(position), set()).add(owner[track.track_id])
    return {
        (min(one, other), max(one, other))
        for first, second in constraints.exclusions()
        for one in owner_of_group.get(first, ())
        for other in owner_of_group.get(second, ())
    }


def find_outliers(
    centroids: Sequence[ClusterCentroid],
    identities: Sequence[Identity],
    tracks: Sequence[TrackRow],
    vectors: Floats,
    *,
    merge_distance: float,
) -> list[Outlier]:
    """Tracks farther than a merge distance from their own centre or nearer to another one, the most doubtful first.

    An identity's only track is its own centre and no outlier.
    """
    place = {one.identity_id: index for index, one in enumerate(centroids)}
    sizes = {identity.identity_id: len(identity.track_ids) for identity in identities}
    owner = {
        track: identity.identity_id
        for identity in identities
        for track in identity.track_ids
        if identity.identity_id in place and sizes[identity.identity_id] > 1
    }
    rows = [track for track in tracks if track.track_id in owner and track.embedding_row is not None]
    if not rows:
        return []
    own = np.array([place[owner[track.track_id]] for track in rows])
    faces = vectors[[track.embedding_row for track in rows if track.embedding_row is not None]].astype(np.float64)
    centres = np.array([one.centroid for one in centroids], dtype=np.float64)
    distances = np.sqrt(np.clip(2.0 - 2.0 * faces @ centres.T, 0.0, None)) / merge_distance
    to_own = distances[np.arange(len(rows)), own]
    distances[np.arange(len(rows)), own] = np.inf
    nearest = distances.argmin(axis=1)
    to_other = distances[np.arange(len(rows)), nearest]
    doubtful = np.flatnonzero((to_own > 1.0) | (to_other < to_own))
    found = [
        Outlier(
            track_id=rows[index].track_id,
            identity_id=owner[rows[index].track_id],
            distance=float(to_own[index]),
            nearest_other=centroids[nearest[index]].identity_id if np.isfinite(to_other[index]) else None,
            distance_to_other=float(to_other[index]) if np.isfinite(to_other[index]) else None,
        )
        for index in doubtful
    ]
    return sorted(found, key=lambda one: ((one.distance_to_other or np.inf) - one.distance, one.track_id))
