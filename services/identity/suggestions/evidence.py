"""What is known about each identity of an episode, brought together from the manifests for comparison with the cast."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from chassis.domain.arrays import Floats
from chassis.domain.intervals import Intervals, normalise
from contracts.rows import ClusterCentroid, Identity, Interval, TrackRow
from services.identity.facebank.gallery import vector_problem
from services.identity.rules import LinkRules


@dataclass(frozen=True)
class IdentityEvidence:
    """One identity: when it is visible, and its vectors if it has usable ones.

    `centroid` [D] and `prototypes` [T, D] are of unit length; `weights` [T] are the samples behind each prototype.
    `quality` (0..1) is the mean of its faces, `samples` their number. Without vectors `centroid` is None.
    """

    identity_id: str
    presence: Intervals
    centroid: Floats | None
    prototypes: Floats
    weights: tuple[int, ...]
    samples: int
    quality: float
    low_quality: bool
    locked: bool = False
    track_spans: tuple[Interval, ...] = ()
    """When the track behind each prototype is on screen."""


def gather_evidence(
    identities: Sequence[Identity],
    *,
    tracks: Sequence[TrackRow],
    track_vectors: Floats,
    centroids: Sequence[ClusterCentroid],
    model_id: str,
    dimension: int,
) -> tuple[tuple[IdentityEvidence, ...], tuple[str, ...]]:
    """Joins identities with their tracks, prototypes (`track_vectors` [R, D], the rows of `tracks.npy`) and centroids.

    A vector of another model or dimension is left out and named in the problems that are returned beside the evidence.
    An identity without a stored centroid gets the mean of its prototypes.
    """
    rows = {row.track_id: row for row in tracks}
    stored = {entry.identity_id: entry for entry in centroids}
    problems: list[str] = []
    gathered = []
    for person in sorted(identities, key=lambda person: person.identity_id):
        members = [rows[track_id] for track_id in sorted(set(person.track_ids)) if track_id in rows]
        usable: list[tuple[TrackRow, Floats]] = []
        for row in members:
            if row.embedding_row is None:
                continue
            if row.embedding_row >= len(track_vectors):
                problems.append(
                    f"{row.track_id} names row {row.embedding_row}, but there are {len(track_vectors)} vectors."
                )
                continue
            vector = track_vectors[row.embedding_row]
            reason = vector_problem(vector, row.model_id, model_id=model_id, dimension=dimension)
            if reason is None:
                usable.append((row, vector))
            else:
                problems.append(f"{row.track_id} is not compared: {reason}.")
        prototypes = np.array([vector for _, vector in usable], dtype=np.float32).reshape(-1, dimension)
        weights = tuple(max(1, row.samples) for row, _ in usable)
        gathered.append(
            IdentityEvidence(
                identity_id=person.identity_id,
                presence=normalise((row.start_s, row.end_s) for row in members),
                centroid=_centroid(stored.get(person.identity_id), prototypes, weights, model_id, dimension, problems),
                prototypes=prototypes,
                weights=weights,
                samples=sum(weights),
                quality=_mean_quality([row for row, _ in usable], weights),
                low_quality=all(row.low_quality for row, _ in usable),
                locked=person.locked,
                track_spans=tuple((row.start_s, row.end_s) for row, _ in usable),
            )
        )
    return tuple(gathered), tuple(problems)


def _centroid(
    stored: ClusterCentroid | None,
    prototypes: Floats,
    weights: Sequence[int],
    model_id: str,
    dimension: int,
    problems: list[str],
) -> Floats | None:
    if stored is not None:
        vector = np.asarray(stored.centroid, dtype=np.float32)
        reason = vector_problem(vector, stored.model_id, model_id=model_id, dimension=dimension)
        if reason is None:
            return vector
        problems.append(f"The centroid of {stored.identity_id} is not compared: {reason}.")
    if not len(prototypes):
        return None
    mean = np.average(prototypes.astype(np.float64), axis=0, weights=weights)
    length = float(np.linalg.norm(mean))
    return (mean / length).astype(np.float32) if length > 0 else None


def _mean_quality(rows: Sequence[TrackRow], weights: Sequence[int]) -> float:
    return float(np.average([row.quality for row in rows], weights=weights)) if rows else 0.0


def strength(person: IdentityEvidence, rules: LinkRules) -> float:
    """How much a cluster's faces can bear, 0..1: few or poor faces make it weak, low-quality ones alone make it 0."""
    if person.low_quality or person.centroid is None:
        return 0.0
    return min(1.0, person.samples / rules.full_samples) * min(1.0, person.quality / rules.full_quality)
