"""A grouping tells its doubts: likely pairs, likely strays, likely two in one; and nothing that people settled."""

from __future__ import annotations

import numpy as np

from contracts.ids import identity_id
from contracts.rows import ClusterCentroid, Identity, TrackRow
from services.grouper.clustering.doubts import find_duplicates, likely_same, likely_strays, likely_two
from services.grouper.rules import GrouperThresholds
from tests.unit.identity.builders import make_identity, make_track, person_vector

RULES = GrouperThresholds()
MERGE = RULES.clustering.merge_distance


def centroid(number: int, vector: np.ndarray) -> ClusterCentroid:
    return ClusterCentroid(
        identity_id=identity_id(number),
        centroid=tuple(float(value) for value in vector),
        members=1,
        model_id="test-embedder",
        dimension=len(vector),
    )


def doubtful() -> tuple[list[Identity], list[TrackRow], np.ndarray, list[ClusterCentroid]]:
    """Ada in two tracks and a stray of Bo's, Ada once more as another identity, Bo."""
    stray, again = person_vector(1, off=0.05), person_vector(0, off=1.2 * MERGE)
    vectors = np.stack([person_vector(0), person_vector(0, off=0.02), stray, again, person_vector(1)])
    tracks = [make_track(number + 1, 10.0 * number, 10.0 * number + 5, row=number) for number in range(5)]
    people = [make_identity(1, *tracks[:3]), make_identity(2, tracks[3]), make_identity(3, tracks[4])]
    return people, tracks, vectors, [centroid(1, vectors[0]), centroid(2, vectors[3]), centroid(3, vectors[4])]


def test_near_pairs_are_told_unless_edits_keep_them_apart() -> None:
    people, tracks, _, centroids = doubtful()
    pairs = find_duplicates(people, tracks, centroids, apart=[], sample_period_s=0.2, rules=RULES)
    assert [(pair.first, pair.second) for pair in likely_same(pairs, RULES.doubts)] == [
        (identity_id(1), identity_id(2))
    ]
    apart = [((tracks[0].track_id,), (tracks[3].track_id,))]
    assert not find_duplicates(people, tracks, centroids, apart=apart, sample_period_s=0.2, rules=RULES)


def test_a_track_nearer_to_somebody_else_is_a_stray_unless_its_person_is_locked() -> None:
    people, tracks, vectors, centroids = doubtful()
    (stray,) = likely_strays(people, tracks, vectors, centroids, RULES)
    assert (stray.track_id, stray.nearest_other) == (tracks[2].track_id, identity_id(3))
    locked = [people[0].model_copy(update={"locked": True}), *people[1:]]
    assert likely_strays(locked, tracks, vectors, centroids, RULES) == ()


def test_two_faces_in_one_person_are_told_with_the_fewer_tracks() -> None:
    people, tracks, vectors, _ = doubtful()
    by_id = {track.track_id: track for track in tracks}
    (two,) = likely_two(people, by_id, vectors, sample_period_s=0.2, rules=RULES)
    assert (two.identity_id, two.second) == (identity_id(1), (tracks[2].track_id,))
