"""Find the two people in one: a proposal for cutting an identity's tracks in two, and whether it looks like two at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from contracts.rows import TrackRow
from services.grouper.clustering.constraints import Constraints, simultaneous_pairs
from services.grouper.rules import ClusteringRules
from services.grouper.tracks.points import Floats, Mask, Matrix, track_points

ROUNDS = 10


@dataclass(frozen=True)
class TwoPeople:
    """Two groups of tracks, the first with more of them; tracks without a vector stay with it.

    `separation` is the distance between the groups' centres and `spread` the mean distance of the tracks to their own
    one, both in merge distances. `simultaneous` counts pairs of tracks, one of each group, seen in one frame.
    """

    first: tuple[str, ...]
    second: tuple[str, ...]
    separation: float
    spread: float
    simultaneous: int
    is_two: bool
    verdict: str


def find_two_people(
    tracks: Sequence[TrackRow], vectors: Floats, *, sample_period_s: float, rules: ClusteringRules
) -> TwoPeople:
    """Splits one identity's tracks, whose `embedding_row` is a row of `vectors` [M, D], where they differ most.

    Two tracks in one frame never end in one group, a track and the one that continues it always do, as far as both can
    hold. The farthest pair begins; the others go to the nearer centre, the clearest first, until nothing changes.
    """
    points = track_points(tracks, vectors)
    together = simultaneous_pairs(
        tracks, min_overlap_s=rules.simultaneous_periods * sample_period_s, one_place_overlap=rules.one_place_overlap
    )
    constraints = _constraints(tracks, together)
    nodes = [node for node in constraints.groups() if points.embedded[node].any()]
    if len(nodes) < 2:
        verdict = "There is only one face that can be compared: this cannot be split by looks."
        return TwoPeople(tuple(track.track_id for track in tracks), (), 0.0, 0.0, 0, is_two=False, verdict=verdict)
    weights = np.array([points.weights[[one for one in node if points.embedded[one]]].sum() for node in nodes])
    faces = np.stack([_centre(points.vectors, node, points.weights * points.embedded) for node in nodes])
    apart = _apart(constraints, nodes)
    sides = _two_sides(faces, weights, apart)
    centres = np.stack([_centre(faces, np.flatnonzero(sides == side), weights) for side in (0, 1)])
    separation = float(np.linalg.norm(centres[0] - centres[1])) / rules.merge_limit
    spread = float(np.average(np.linalg.norm(faces - centres[sides], axis=1), weights=weights)) / rules.merge_limit
    groups = [{one for node, own in zip(nodes, sides, strict=True) if own == side for one in node} for side in (0, 1)]
    fewer = min(groups, key=lambda group: (len(group), -min(group)))
    seen = sum((one in fewer) != (other in fewer) for one, other in together)
    return TwoPeople(
        first=tuple(track.track_id for index, track in enumerate(tracks) if index not in fewer),
        second=tuple(track.track_id for index, track in enumerate(tracks) if index in fewer),
        separation=separation,
        spread=spread,
        simultaneous=seen,
        is_two=separation >= 1.0 or seen > 0,
        verdict=_verdict(separation, seen),
    )


def _constraints(tracks: Sequence[TrackRow], together: Sequence[tuple[int, int]]) -> Constraints:
    position = {track.track_id: index for index, track in enumerate(tracks)}
    constraints = Constraints(len(tracks))
    for one, other in together:
        constraints.cannot_link(one, other)
    for index, track in enumerate(tracks):
        if track.continues in position:
            constraints.must_link(position[track.continues], index)
    return constraints


def _apart(constraints: Constraints, nodes: Sequence[Sequence[int]]) -> Mask:
    """Which nodes exclude each other [N, N]."""
    place = {node[0]: index for index, node in enumerate(nodes)}
    apart = np.zeros((len(nodes), len(nodes)), dtype=np.bool_)
    for first, second in constraints.exclusions():
        if first in place and second in place:
            one, other = place[first], place[second]
            apart[one, other] = apart[other, one] = True
    return apart


def _two_sides(faces: Matrix, weights: Matrix, apart: Mask) -> Matrix:
    """0 or 1 for each node [N]."""
    distances = np.sqrt(np.clip(2.0 - 2.0 * faces @ faces.T, 0.0, None))
    seeds = np.unravel_index(int(np.argmax(np.where(apart, distances + 2.0, distances))), distances.shape)
    centres = faces[list(seeds)]
    sides = np.full(len(faces), -1)
    for _ in range(ROUNDS):
        previous, sides = sides, _assigned(_to_centres(faces, centres), apart, seeds)
        if (previous == sides).all():
            break
        centres = np.stack([_centre(faces, np.flatnonzero(sides == side), weights) for side in (0, 1)])
    return sides


def _to_centres(faces: Matrix, centres: Matrix) -> Matrix:
    return np.sqrt(np.clip(2.0 - 2.0 * faces @ centres.T, 0.0, None))


def _assigned(distances: Matrix, apart: Mask, seeds: Sequence[np.intp]) -> Matrix:
    """Each node to the nearer side where nobody is that it excludes; the seeds stay where they are."""
    sides = np.full(len(distances), -1)
    for side, seed in enumerate(seeds):
        sides[seed] = side
    for node in np.argsort(-np.abs(distances[:, 0] - distances[:, 1]), kind="stable"):
        if sides[node] < 0:
            nearer = int(distances[node, 1] < distances[node, 0])
            barred = bool((apart[node] & (sides == nearer)).any())
            clear = not (apart[node] & (sides == 1 - nearer)).any()
            sides[node] = 1 - nearer if barred and clear else nearer
    return sides


def _centre(vectors: Matrix | Floats, members: Sequence[int] | npt.NDArray[np.intp], weights: Matrix) -> Matrix:
    mean = np.average(vectors[members].astype(np.float64), axis=0, weights=weights[members])
    return np.asarray(mean / max(float(np.linalg.norm(mean)), 1e-9), dtype=np.float64)


def _verdict(separation: float, seen: int) -> str:
    if seen:
        return f"Two people: tracks of the two groups are in one frame {seen} times."
    if separation >= 1.0:
        return f"Two people, as it looks: their faces are {separation:.2f} merge distances apart."
    return f"This looks like one person: the two halves are only {separation:.2f} merge distances apart."
