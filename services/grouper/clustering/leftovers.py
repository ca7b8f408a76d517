"""Poor tracks that joined nobody, put together where they are clearly one person's."""

from __future__ import annotations

from collections.abc import Sequence

from services.grouper.clustering.constraints import Constraints
from services.grouper.clustering.grouping import Clusters, contract, exclusions_between, forbidden_matrix
from services.grouper.clustering.linkage import merge_close, merge_neighbours, ratio_matrix
from services.grouper.rules import ClusteringRules, RescueRules
from services.grouper.tracks.points import TrackPoints


def join_unknown(
    groups: Sequence[Sequence[int]],
    points: TrackPoints,
    constraints: Constraints,
    *,
    clustering: ClusteringRules,
    rules: RescueRules,
) -> Clusters:
    """The groups of poor tracks, those together that are far nearer than strangers come; in order of their first track.

    Somebody who is always seen from the side has no good picture, and is one person all the same. No cannot-link pair ends
    in one group; groups without any vector stay as they are.
    """
    seen = [group for group in groups if points.embedded[list(group)].any()]
    unseen = [sorted(group) for group in groups if not points.embedded[list(group)].any()]
    if len(seen) < 2:
        return sorted([*unseen, *(sorted(group) for group in seen)])
    nodes, excluded = contract(points, seen, clustering), exclusions_between(constraints, seen)
    if len(seen) > clustering.dense_limit:
        near = nodes.limits * rules.both_poor_ratio
        joined = merge_neighbours(nodes.vectors, near, nodes.weights, excluded, neighbours=clustering.neighbours)
    else:
        singles = [[index] for index in range(len(seen))]
        joined = merge_close(
            ratio_matrix(nodes.vectors, nodes.limits),
            forbidden_matrix(singles, excluded),
            nodes.weights,
            singles,
            limit=rules.both_poor_ratio,
            farthest_limit=rules.both_poor_ratio,
        )
    return sorted([*unseen, *(sorted(item for index in group for item in seen[index]) for group in joined)])
