"""The same people are grouped the same whatever model's vectors they have, if the run says its scale."""

import numpy as np
import pytest

from chassis.domain.calibration import REFERENCE, DistanceScale
from services.grouper.clustering.constraints import Constraints
from services.grouper.clustering.grouping import cluster_faces
from services.grouper.rules import GrouperThresholds
from services.grouper.tracks.points import TrackPoints

SFACE = DistanceScale(midpoint=1.076, slope=13.8)
NEAR, APART = 0.8, 1.2


def points_of(*places: tuple[int, int]) -> TrackPoints:
    """Unit vectors of (person, sample): samples of one person are `NEAR`, people about `APART` from each other."""
    vectors = []
    for person, sample in places:
        vector = np.zeros(64)
        vector[person] = np.sqrt(1 - NEAR**2 / 2)
        vector[20 + sample] = np.sqrt(NEAR**2 / 2)
        vectors.append(vector)
    count = len(places)
    return TrackPoints(
        vectors=np.array(vectors, dtype=np.float32),
        embedded=np.ones(count, dtype=np.bool_),
        good=np.ones(count, dtype=np.bool_),
        qualities=np.full(count, 0.8),
        samples=np.full(count, 8),
        spreads=np.full(count, SFACE.length(0.12)),
    )


PLACES = [(person, 4 * person + sample) for person in range(3) for sample in range(4)]


@pytest.mark.parametrize(("scale", "clusters"), [(SFACE, 3), (REFERENCE, 12)])
def test_what_is_one_person_depends_on_the_models_scale(scale: DistanceScale, clusters: int) -> None:
    points = points_of(*PLACES)
    rules = GrouperThresholds().on(scale).clustering
    assert len(cluster_faces(points, Constraints(len(PLACES)), rules)) == clusters
