"""The documents that the grouper publishes, from a grouping."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from contracts.rows import (
    ClusterCentroid,
    ClusterCentroidsDocument,
    FaceRow,
    GroupingDoubts,
    IdentitiesDocument,
    Identity,
    ShotRow,
    TrackMetricsDocument,
)
from contracts.warnings import sentences
from services.grouper.clustering.doubts import find_duplicates, likely_same, likely_strays, likely_two
from services.grouper.clustering.quality import short_track_fraction, track_rate
from services.grouper.episode.edited_grouping import EditedGrouping
from services.grouper.episode.grouping_with_edits import Grouping, Person
from services.grouper.rules import WarningRules


@dataclass(frozen=True)
class SegmentTotals:
    """Sums over the segments of a run: frames and what each stage spent, in seconds."""

    detections: int
    analysed_frames: int
    decoded_frames: int
    stage_seconds: Mapping[str, float] = field(default_factory=dict)
    stage_cpu_seconds: Mapping[str, float] = field(default_factory=dict)

    def with_stage(self, name: str, seconds: float, cpu_seconds: float) -> SegmentTotals:
        """The same with what one more stage spent."""
        return replace(
            self,
            stage_seconds={**self.stage_seconds, name: seconds},
            stage_cpu_seconds={**self.stage_cpu_seconds, name: cpu_seconds},
        )


def identities_document(
    grouping: Grouping,
    faces: Iterable[FaceRow],
    *,
    ep_id: str,
    run_id: str,
    revision: int,
) -> IdentitiesDocument:
    """`identities.json`."""
    sampled, best = _faces_by_track(faces)
    return IdentitiesDocument(
        ep_id=ep_id,
        run_id=run_id,
        revision=revision,
        identities=tuple(_identity(person, sampled, best) for person in grouping.people),
        metrics=grouping.metrics,
        warnings=sentences(grouping.warnings),
        warning_details=grouping.warnings,
    )


def cluster_centroids_document(grouping: Grouping, *, ep_id: str, run_id: str) -> ClusterCentroidsDocument:
    """`cluster_centroids.json`: one centroid for each identity whose face can be compared."""
    return ClusterCentroidsDocument(
        ep_id=ep_id,
        run_id=run_id,
        centroids=tuple(
            ClusterCentroid(
                identity_id=person.identity_id,
                centroid=tuple(float(value) for value in person.centroid.vector),
                cohesion=person.centroid.cohesion,
                members=person.centroid.members,
                model_id=next(track.model_id or "" for track in person.tracks if track.embedding_row is not None),
                dimension=len(person.centroid.vector),
            )
            for person in grouping.people
            if person.centroid is not None
        ),
    )


def doubts_document(
    edited: EditedGrouping,
    identities: IdentitiesDocument,
    centroids: ClusterCentroidsDocument,
    *,
    sample_period_s: float,
) -> GroupingDoubts:
    """What looks wrong in a grouping: the artifact `doubts`."""
    grouping, rules = edited.grouping, edited.rules
    people = identities.identities
    pairs = find_duplicates(
        people,
        grouping.tracks,
        centroids.centroids,
        apart=edited.apart,
        sample_period_s=sample_period_s,
        rules=rules,
    )
    by_id = {track.track_id: track for track in grouping.tracks}
    return GroupingDoubts(
        ep_id=identities.ep_id,
        run_id=identities.run_id,
        revision=identities.revision,
        same=likely_same(pairs, rules.doubts),
        strays=likely_strays(people, grouping.tracks, grouping.tracks_npy, centroids.centroids, rules),
        two=likely_two(people, by_id, grouping.tracks_npy, sample_period_s=sample_period_s, rules=rules),
    )


def track_metrics_document(
    grouping: Grouping,
    faces: Iterable[FaceRow],
    shots: Sequence[ShotRow],
    totals: SegmentTotals,
    *,
    ep_id: str,
    run_id: str,
    duration_s: float,
    rules: WarningRules,
) -> TrackMetricsDocument:
    """`track_metrics.json`. `rejections` counts tracks by reason, and faces by reason with `face:` before it."""
    rejections: Counter[str] = Counter(track.rejection for track in grouping.tracks if track.rejection is not None)
    count = 0
    for face in faces:
        count += 1
        if face.skip_reason is not None:
            rejections[f"face:{face.skip_reason}"] += 1
    return TrackMetricsDocument(
        ep_id=ep_id,
        run_id=run_id,
        duration_s=duration_s,
        tracks=len(grouping.tracks),
        tracks_per_minute=track_rate(grouping.tracks, duration_s),
        short_track_fraction=short_track_fraction(grouping.tracks, rules),
        shots=len(shots),
        faces_per_track=count / len(grouping.tracks) if grouping.tracks else 0.0,
        detections=totals.detections,
        analysed_frames=totals.analysed_frames,
        decoded_frames=totals.decoded_frames,
        rejections=dict(sorted(rejections.items())),
        stage_seconds=dict(totals.stage_seconds),
        stage_cpu_seconds=dict(totals.stage_cpu_seconds),
    )


def _faces_by_track(faces: Iterable[FaceRow]) -> tuple[Counter[str], dict[str, FaceRow]]:
    """Number of faces and the best one for each track, those with a thumbnail before those without."""
    counts: Counter[str] = Counter()
    best: dict[str, FaceRow] = {}
    for face in faces:
        counts[face.track_id] += 1
        if face.track_id not in best or _showing(face) > _showing(best[face.track_id]):
            best[face.track_id] = face
    return counts, best


def _showing(face: FaceRow) -> tuple[bool, bool, float, float]:
    return face.thumbnail is not None, face.skip_reason is None, face.quality.score, -face.ts_s


def _identity(person: Person, sampled: Mapping[str, int], best: Mapping[str, FaceRow]) -> Identity:
    shown = [best[track.track_id] for track in person.tracks if track.track_id in best]
    representative = max(shown, key=_showing, default=None)
    centroid = person.centroid
    return Identity(
        identity_id=person.identity_id,
        track_ids=tuple(track.track_id for track in person.tracks),
        label=person.label,
        locked=person.locked,
        cohesion=None if centroid is None else centroid.cohesion,
        isolation=None if centroid is None else centroid.isolation,
        ambiguity=None if centroid is None else centroid.ambiguity,
        representative=None if representative is None else representative.thumbnail or representative.crop,
        tracks=len(person.tracks),
        faces=sum(sampled.get(track.track_id, 0) for track in person.tracks),
        provenance=person.provenance,
        rescued_track_ids=person.rescued_track_ids,
        reason=person.reason,
    )
