"""Which tracks show one person: clustering, the rescue of leftovers, and the centres of the clusters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np

from contracts.rows import TrackRow
from contracts.warnings import Warning
from services.grouper.clustering.constraints import Constraints
from services.grouper.clustering.linkage import density_cores, merge_close, merge_neighbours, ratio_matrix
from services.grouper.rules import ClusteringRules, RescueRules
from services.grouper.tracks.points import Floats, Mask, Matrix, TrackPoints, track_limits

Clusters = list[list[int]]

MISMATCH = "embedding_mismatch"


@dataclass(frozen=True)
class Rescue:
    """Clusters after leftovers joined them: the `rescued` ones; of the `unknown` groups nothing could be said."""

    clusters: Clusters
    rescued: tuple[int, ...]
    unknown: Clusters


@dataclass(frozen=True)
class Centroid:
    """Centre of a cluster. Distances are given relative to the distance up to which clusters are merged.

    `cohesion` 0..1: 1 when all tracks agree, 0 when they are on average a merge distance from the centre.
    `isolation`: distance to the nearest other centre in merge distances, None without another.
    `ambiguity` 0..1: mean distance to the own centre over that to the nearest other one; near 1 it might be either.
    """

    vector: Floats
    members: int
    cohesion: float
    isolation: float | None
    ambiguity: float | None


def _validate_embedding_dimensions(
    tracks: Sequence[TrackRow], vectors: Sequence[Floats | None], *, model_id: str | None, dimension: int | None
) -> tuple[list[TrackRow], Floats, list[Warning]]:
    """Keeps vectors of one model and dimension; `model_id` None means the model most tracks were embedded with, `dimension`
    None the size that most of its vectors have.

    Returns the tracks with `embedding_row` numbered anew (a refused vector's track says so in `rejection`), the matrix
    [M, D] of the vectors kept, and a sentence for every kind that was refused.
    """
    present = sorted(
        Counter(
            track.model_id or "" for track, vector in zip(tracks, vectors, strict=True) if vector is not None
        ).items()
    )
    expected = model_id if model_id is not None else max(present, key=lambda item: item[1], default=("", 0))[0]
    if dimension is None:
        dimension = _usual_size(
            vector
            for track, vector in zip(tracks, vectors, strict=True)
            if vector is not None and (track.model_id or "") == expected
        )
    rows: list[TrackRow] = []
    kept: list[Floats] = []
    refused: Counter[tuple[str, int]] = Counter()
    for track, vector in zip(tracks, vectors, strict=True):
        if vector is None:
            rows.append(track.model_copy(update={"embedding_row": None}))
        elif (track.model_id or "") == expected and vector.shape == (dimension,) and np.isfinite(vector).all():
            numbered = track.embedding_row == len(kept)
            rows.append(track if numbered else track.model_copy(update={"embedding_row": len(kept)}))
            kept.append(vector)
        else:
            rows.append(track.model_copy(update={"embedding_row": None, "rejection": MISMATCH}))
            refused[(track.model_id or "an unnamed model", vector.size)] += 1
    problems = [
        Warning.of(
            "vectors_not_compared",
            f"{count} tracks have vectors of {model} ({size} numbers), not comparable with {expected} ({dimension})",
        )
        for (model, size), count in sorted(refused.items())
    ]
    matrix = np.stack(kept).astype(np.float32) if kept else np.zeros((0, dimension), dtype=np.float32)
    return rows, matrix, problems


def _usual_size(vectors: Iterable[Floats]) -> int:
    """The size that most vectors have, of equally many the smallest; 0 without any."""
    sizes = Counter(vector.size for vector in vectors)
    return min(sizes, key=lambda size: (-sizes[size], size), default=0)


def cluster_faces(points: TrackPoints, constraints: Constraints, rules: ClusteringRules) -> Clusters:
    """Clusters of tracks, as positions in `points`; every must-link group with a good track is in exactly one.

    Must-links are contracted first. HDBSCAN on the matrix of distances, each divided by the limit of its two tracks,
    finds the cores; merging the closest pair goes on from there (see `linkage`). Above `dense_limit` groups the nearest
    neighbours are merged first. A cannot-link pair never ends in one cluster.
    """
    groups = [group for group in constraints.groups() if points.good[group].any()]
    if not groups:
        return []
    excluded = exclusions_between(constraints, groups)
    parts = [[index] for index in range(len(groups))]
    if len(groups) > rules.dense_limit:
        nodes = contract(points, groups, rules)
        parts = merge_neighbours(nodes.vectors, nodes.limits, nodes.weights, excluded, neighbours=rules.neighbours)
    if len(parts) <= rules.dense_limit:
        tracks = [[item for index in part for item in groups[index]] for part in parts]
        merged = _cluster_dense(tracks, points, forbidden_matrix(parts, excluded), rules)
        parts = [[index for part in cluster for index in parts[part]] for cluster in merged]
    return sorted(sorted(item for index in part for item in groups[index]) for part in parts)


def merge_singleton_clusters(
    clusters: Clusters,
    points: TrackPoints,
    constraints: Constraints,
    *,
    clustering: ClusteringRules,
    rules: RescueRules,
    sightings: Constraints | None = None,
    changed: Collection[int] | None = None,
) -> Rescue:
    """Lets lone tracks and low-quality ones join the cluster they clearly resemble; the clearest joins first.

    The nearest cluster must be near enough for the track's quality and the second nearest clearly farther, so that a
    blurred face that looks like everybody joins nobody. A lone track seen well is somebody: it joins clusters of
    several tracks only, while poor tracks may join it. Poor tracks that join nothing stay `unknown`, each alone; those
    that are in a cluster already stay there.

    `sightings` says which tracks are one, seen on both sides of a segment border: what an operator put together is no
    lone track. By default that is all that the constraints put together. Where `changed` is given, a leftover joins only
    if one of these items is in it or in the cluster: all others were looked at before.
    """
    placed = {item for cluster in clusters for item in cluster}
    weak = [group for group in constraints.groups() if not points.good[group].any() and placed.isdisjoint(group)]
    one = sightings or constraints
    lone = [cluster for cluster in clusters if len({one.group_of(item) for item in cluster}) == 1]
    settled = [cluster for cluster in clusters if cluster not in lone]
    homes = settled + lone
    leftovers = lone + weak
    rescuer = _Rescuer(points, constraints, clustering, rules)
    offers = rescuer.offers(leftovers[: len(lone)], settled, first=0)
    offers += rescuer.offers(leftovers[len(lone) :], homes, first=len(lone))
    if changed is not None:
        new = set(changed)
        offers = [one for one in offers if not (new.isdisjoint(leftovers[one[1]]) and new.isdisjoint(homes[one[2]]))]
    joined: dict[int, list[int]] = {home: list(members) for home, members in enumerate(homes)}
    rescued: set[int] = set()
    for _, leftover, home in sorted(offers):
        group = leftovers[leftover]
        # A home that has itself moved away takes nobody in, and one that took somebody in does not move.
        is_home = leftover < len(lone) and len(joined[len(settled) + leftover]) > len(group)
        if home in joined and not is_home and rescuer.may_join(group, joined[home]):
            joined[home].extend(group)
            rescued.add(leftover)
            if leftover < len(lone):
                del joined[len(settled) + leftover]
    return Rescue(
        clusters=sorted(sorted(members) for members in joined.values()),
        rescued=tuple(sorted(item for leftover in rescued for item in leftovers[leftover])),
        unknown=[group for index, group in enumerate(weak, start=len(lone)) if index not in rescued],
    )


def compute_centroids(
    clusters: Sequence[Sequence[int]], points: TrackPoints, *, merge_distance: float
) -> list[Centroid | None]:
    """Quality-weighted centre of each cluster, None for one without any vector."""
    centres = [_centre(points, cluster) for cluster in clusters]
    known = [index for index, centre in enumerate(centres) if centre is not None]
    matrix = np.stack([centre for centre in centres if centre is not None]) if known else np.zeros((0, 1))
    result: list[Centroid | None] = [None] * len(clusters)
    for row, index in enumerate(known):
        members = [item for item in clusters[index] if points.embedded[item]]
        own = np.linalg.norm(points.vectors[members] - matrix[row], axis=1)
        spread = float(np.average(own, weights=points.weights[members]))
        others = np.linalg.norm(np.delete(matrix, row, axis=0) - matrix[row], axis=1)
        nearest = float(others.min()) if len(others) else None
        result[index] = Centroid(
            vector=matrix[row].astype(np.float32),
            members=len(members),
            cohesion=float(np.clip(1 - spread / merge_distance, 0, 1)),
            isolation=None if nearest is None else nearest / merge_distance,
            ambiguity=None if nearest is None else float(np.clip(spread / max(nearest, 1e-6), 0, 1)),
        )
    return result


@dataclass(frozen=True)
class _Nodes:
    """Must-link groups as single points: unit vectors [M, D], weights [M] and limits [M]."""

    vectors: Matrix
    weights: Matrix
    limits: Matrix


def contract(points: TrackPoints, groups: Sequence[Sequence[int]], rules: ClusteringRules) -> _Nodes:
    """Groups of tracks as single points, by the tracks that stand for each."""
    limits = track_limits(points, rules)
    weights = points.weights
    vectors = np.zeros((len(groups), points.vectors.shape[1]), dtype=np.float64)
    node_limits = np.full(len(groups), rules.merge_limit, dtype=np.float64)
    node_weights = np.zeros(len(groups), dtype=np.float64)
    alone = [index for index, group in enumerate(groups) if len(group) == 1 and points.embedded[group[0]]]
    single = [groups[index][0] for index in alone]
    if single:  # nearly all of them: the same sums as below, for all at once
        own = weights[single]
        node_limits[alone] = limits[single] * own / own
        node_weights[alone] = own
        for index, vector in zip(alone, points.vectors[single] * own[:, None] / own[:, None], strict=True):
            vectors[index] = _unit(vector)
    for index in sorted(set(range(len(groups))).difference(alone)):
        representing = _representing(points, groups[index])
        if representing:
            vectors[index] = _unit(np.average(points.vectors[representing], axis=0, weights=weights[representing]))
            node_limits[index] = np.average(limits[representing], weights=weights[representing])
            node_weights[index] = weights[representing].sum()
    return _Nodes(vectors=vectors, weights=node_weights, limits=node_limits)


def _representing(points: TrackPoints, group: Sequence[int]) -> list[int]:
    """The members whose vectors stand for a group: the good ones, or all embedded ones where none is good."""
    return [item for item in group if points.good[item]] or [item for item in group if points.embedded[item]]


def exclusions_between(constraints: Constraints, groups: Sequence[Sequence[int]]) -> list[tuple[int, int]]:
    """Pairs of `groups` that exclude each other, by their places; groups are whole ones of the constraints."""
    index_of = {group[0]: index for index, group in enumerate(groups)}
    return [
        (index_of[first], index_of[second])
        for first, second in constraints.exclusions()
        if first in index_of and second in index_of
    ]


def _cluster_dense(parts: Clusters, points: TrackPoints, forbidden: Mask, rules: ClusteringRules) -> Clusters:
    """Clusters `parts` (tracks that are together already) on the full matrix of their ratios."""
    weights = np.array([points.weights[_representing(points, part)].sum() for part in parts])
    ratios = _part_ratios(parts, points, rules)
    clusters: Clusters = []
    for core in density_cores(ratios, forbidden):
        inside = np.ix_(core, core)
        singles = [[index] for index in range(len(core))]
        merged = _merge(ratios[inside], forbidden[inside], weights[core], singles, rules)
        clusters.extend([core[index] for index in cluster] for cluster in merged)
    return _merge(ratios, forbidden, weights, sorted(clusters), rules)


def _merge(ratios: Matrix, forbidden: Mask, weights: Matrix, groups: Clusters, rules: ClusteringRules) -> Clusters:
    return merge_close(ratios, forbidden, weights, groups, limit=1.0, farthest_limit=rules.farthest_ratio)


def _part_ratios(parts: Clusters, points: TrackPoints, rules: ClusteringRules) -> Matrix:
    """Ratios [P, P] between parts. One person may look like two (an operator's merge): the nearest view counts."""
    limits = track_limits(points, rules)
    views = [_views(_representing(points, part), points, limits) for part in parts]
    nodes = contract(points, [view for own in views for view in own], rules)
    ratios = ratio_matrix(nodes.vectors, nodes.limits)
    if len(ratios) == len(parts):
        return ratios
    starts = np.cumsum([0, *(len(own) for own in views[:-1])])
    nearest = np.minimum.reduceat(np.minimum.reduceat(ratios, starts, axis=0), starts, axis=1)
    np.fill_diagonal(nearest, 0.0)
    return np.asarray(nearest, dtype=np.float64)


def _views(tracks: list[int], points: TrackPoints, limits: Matrix) -> Clusters:
    """Tracks of one person in groups that look alike; nearly always one."""
    if len(tracks) == 1:
        return [tracks]
    ratios = ratio_matrix(points.vectors[tracks], limits[tracks])
    free = np.zeros(ratios.shape, dtype=np.bool_)
    singles = [[index] for index in range(len(tracks))]
    alike = merge_close(ratios, free, points.weights[tracks], singles, limit=1.0, farthest_limit=np.inf)
    return [[tracks[index] for index in view] for view in alike]


def forbidden_matrix(parts: Clusters, excluded: Sequence[tuple[int, int]]) -> Mask:
    """Which parts [P, P] hold groups that exclude each other."""
    part_of = {node: index for index, part in enumerate(parts) for node in part}
    forbidden = np.zeros((len(parts), len(parts)), dtype=np.bool_)
    for first, second in excluded:
        forbidden[part_of[first], part_of[second]] = forbidden[part_of[second], part_of[first]] = True
    return forbidden


class _Rescuer:
    """Says which clusters leftovers resemble, and whether they may join."""

    def __init__(
        self, points: TrackPoints, constraints: Constraints, clustering: ClusteringRules, rules: RescueRules
    ) -> None:
        self._points, self._constraints = points, constraints
        self._clustering, self._rules = clustering, rules

    def may_join(self, group: Sequence[int], home: Sequence[int]) -> bool:
        representative = group[0]
        others = {self._constraints.group_of(item) for item in home}
        return not any(self._constraints.forbidden(representative, other) for other in others)

    def offers(self, groups: Clusters, homes: Clusters, *, first: int) -> list[tuple[float, int, int]]:
        """(ratio, leftover, home) for every group that clearly resembles one home; leftovers count from `first`.

        The ratio is the root mean square distance to the home's tracks over the limit of both.
        """
        if not homes:
            return []
        found: list[tuple[float, int, int]] = []
        own, other = contract(self._points, groups, self._clustering), contract(self._points, homes, self._clustering)
        means = np.stack([self._mean(home) for home in homes])
        for index, group in enumerate(groups):
            if not self._points.embedded[group].any():
                continue
            distances = np.sqrt(np.clip(2.0 - 2.0 * means @ own.vectors[index], 0.0, None))
            ratios = distances / ((own.limits[index] + other.limits) / 2)
            by_ratio = (int(home) for home in np.argsort(ratios, kind="stable"))
            allowed = list(islice((home for home in by_ratio if self.may_join(group, homes[home])), 2))
            nearest = [float(ratios[home]) for home in allowed] + [np.inf]
            if allowed and nearest[0] <= self._limit(group) and nearest[1] - nearest[0] >= self._rules.margin_ratio:
                found.append((nearest[0], first + index, allowed[0]))
        return found

    def _mean(self, home: Sequence[int]) -> Matrix:
        """Weighted mean of unit vectors, not brought to unit length: its shortness is the home's own spread."""
        representing = _representing(self._points, home)
        return np.average(
            self._points.vectors[representing].astype(np.float64), axis=0, weights=self._points.weights[representing]
        )

    def _limit(self, group: Sequence[int]) -> float:
        quality = min(1.0, float(self._points.qualities[group].max()) / self._rules.full_quality)
        return self._rules.poor_ratio + quality * (self._rules.good_ratio - self._rules.poor_ratio)


def _centre(points: TrackPoints, cluster: Sequence[int]) -> Matrix | None:
    representing = _representing(points, cluster)
    if not representing:
        return None
    return _unit(
        np.average(points.vectors[representing].astype(np.float64), axis=0, weights=points.weights[representing])
    )


def _unit(vector: Matrix) -> Matrix:
    length = float(np.linalg.norm(vector))
    return vector / length if length > 0 else vector
