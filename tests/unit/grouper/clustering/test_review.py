from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from contracts.rows import ClusterCentroid, Identity, TrackRow
from services.grouper.clustering.constraints import Constraints
from services.grouper.clustering.review import find_outliers, likely_duplicates
from tests.unit.grouper.rows import RIGHT, track, vector_of

MERGE_DISTANCE = 0.26


def _identity(number: int, *tracks: TrackRow) -> Identity:
    return Identity(
        identity_id=f"identity-{number:05d}",
        track_ids=tuple(one.track_id for one in tracks),
        tracks=len(tracks),
        faces=0,
    )


def _centroid(number: int, person: int, sample: int = 0) -> ClusterCentroid:
    vector = tuple(float(value) for value in vector_of(person, sample))
    return ClusterCentroid(
        identity_id=f"identity-{number:05d}", centroid=vector, members=1, model_id="m", dimension=len(vector)
    )


TRACKS = [track(1, 0, 2), track(2, 3, 5), track(3, 3, 5, box=RIGHT)]
PEOPLE = [_identity(index + 1, one) for index, one in enumerate(TRACKS)]
CENTROIDS = [_centroid(1, 1, 0), _centroid(2, 1, 1), _centroid(3, 7)]


def _pairs(constraints: Constraints, centroids: Sequence[ClusterCentroid] = CENTROIDS) -> list[tuple[int, int]]:
    found = likely_duplicates(centroids, PEOPLE, TRACKS, constraints, merge_distance=MERGE_DISTANCE)
    return [(int(pair.first[-1]), int(pair.second[-1])) for pair in found]


def test_the_nearest_pair_comes_first() -> None:
    pairs = _pairs(Constraints(3))
    assert pairs[0] == (1, 2)
    assert set(pairs) == {(1, 2), (1, 3), (2, 3)}


def test_pairs_that_are_known_to_be_two_are_no_duplicates() -> None:
    constraints = Constraints(3)
    constraints.cannot_link(1, 2)
    assert (2, 3) not in _pairs(constraints)
    constraints.close(0)
    assert _pairs(constraints) == []


def test_one_cluster_has_no_duplicate() -> None:
    assert _pairs(Constraints(3), CENTROIDS[:1]) == []


def test_a_track_nearer_to_another_cluster_is_an_outlier() -> None:
    rows = [track(index + 1, 2.0 * index, 2.0 * index + 1, embedding_row=index) for index in range(4)]
    vectors = np.stack([vector_of(1, 0), vector_of(1, 1), vector_of(7, 2), vector_of(7, 3)])
    people = [_identity(1, *rows[:3]), _identity(2, rows[3])]
    centroids = [_centroid(1, 1), _centroid(2, 7)]
    found = find_outliers(centroids, people, rows, vectors, merge_distance=MERGE_DISTANCE)
    assert [(one.track_id, one.nearest_other) for one in found] == [(rows[2].track_id, "identity-00002")]
    assert found[0].distance > 1 > (found[0].distance_to_other or 0)
