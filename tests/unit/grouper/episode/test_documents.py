from __future__ import annotations

import pytest

from contracts.ids import face_id
from contracts.rows import ClusterCentroidsDocument, FaceQuality, FaceRow, IdentitiesDocument
from services.grouper.edits.kinds import Rename, TrackGroup
from services.grouper.episode.documents import (
    SegmentTotals,
    cluster_centroids_document,
    identities_document,
    track_metrics_document,
)
from services.grouper.episode.grouping_with_edits import Grouping
from services.grouper.rules import WarningRules
from tests.unit.grouper.rows import EP_ID, LEFT, MODEL, RUN_ID, grouped, joined, shot, track, vector_of


def _face(number: int, frame: int, score: float, *, thumbnail: bool = True, skip: str | None = None) -> FaceRow:
    identifier = face_id(f"track-00000-{number:03d}", frame)
    return FaceRow(
        ep_id=EP_ID,
        segment=0,
        face_id=identifier,
        track_id=f"track-00000-{number:03d}",
        frame_idx=frame,
        ts_s=frame / 8,
        bbox=LEFT,
        landmarks=(0.1,) * 10,
        conf=0.9,
        quality=FaceQuality(score=score, confidence=1, size=1, sharpness=1, contrast=1, frontality=1),
        crop=f"s3://bucket/crops#{identifier}",
        thumbnail=f"s3://bucket/thumbnails#{identifier}" if thumbnail else None,
        skip_reason=skip,
    )


FACES = [_face(1, 0, 0.5), _face(1, 8, 0.7), _face(2, 16, 0.9, thumbnail=False), _face(3, 24, 0.2, skip="blurry")]


@pytest.fixture
def grouping() -> Grouping:
    tracks = [track(1, 0, 2), track(2, 2, 3), track(3, 3, 3.2, embedded=False)]
    return grouped(joined(tracks, [vector_of(1), vector_of(1, 1), None]))


def test_identities_show_their_best_thumbnail_and_count_their_faces(grouping: Grouping) -> None:
    document = identities_document(grouping, FACES, ep_id=EP_ID, run_id=RUN_ID, revision=2)
    known, unknown = document.identities
    assert known.representative == "s3://bucket/thumbnails#face-00000-001-0000008"
    assert (known.tracks, known.faces, known.reason) == (2, 3, None)
    assert (unknown.tracks, unknown.faces, unknown.reason) == (1, 1, "no_embedding")
    assert unknown.cohesion is None
    assert IdentitiesDocument.model_validate_json(document.model_dump_json()) == document


def test_a_label_is_what_the_grouping_says() -> None:
    edits = [Rename(group=TrackGroup(track_ids=("track-00000-001",)), label="The neighbour")]
    tracks, vectors = [track(1, 0, 2), track(2, 2, 3)], [vector_of(1), vector_of(2)]
    grouping = grouped(joined(tracks, vectors), *edits)
    document = identities_document(grouping, [], ep_id=EP_ID, run_id=RUN_ID, revision=1)
    assert [identity.label for identity in document.identities] == ["The neighbour", None]


def test_centroids_name_their_model_and_leave_out_who_has_none(grouping: Grouping) -> None:
    document = cluster_centroids_document(grouping, ep_id=EP_ID, run_id=RUN_ID)
    assert [(one.identity_id, one.model_id, one.dimension, one.members) for one in document.centroids] == [
        ("identity-00001", MODEL, 128, 2)
    ]
    assert ClusterCentroidsDocument.model_validate_json(document.model_dump_json()) == document


def test_metrics_count_what_was_rejected_and_why(grouping: Grouping) -> None:
    document = track_metrics_document(
        grouping,
        FACES,
        [shot(1, 0, 4, "start", "end")],
        SegmentTotals(detections=30, analysed_frames=32, decoded_frames=100, stage_seconds={"detector": 2.0}),
        ep_id=EP_ID,
        run_id=RUN_ID,
        duration_s=60,
        rules=WarningRules(),
    )
    assert document.rejections == {"face:blurry": 1, "no_face_sampled": 1}
    assert document.tracks_per_minute == 3
    assert document.short_track_fraction == pytest.approx(1 / 3)
    assert document.faces_per_track == pytest.approx(4 / 3)
    assert (document.shots, document.detections, document.stage_seconds) == (1, 30, {"detector": 2.0})
