from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.ids import face_id, identity_id
from contracts.rows import (
    ClusterCentroid,
    ClusterCentroidsDocument,
    FaceQuality,
    FaceRow,
    GroupingMetrics,
    IdentitiesDocument,
    Identity,
    TrackRow,
)
from services.grouper.tracks.crops import members_of, rename_archives
from services.grouper.tracks.cutting import Cut
from services.grouper.tracks.erasing import (
    EXPIRED,
    forget_centroids,
    forget_detections,
    forget_faces,
    forget_identities,
    forget_tracks,
    forgotten_tracks,
    rows_left,
)
from tests.unit.grouper.rows import EP_ID, LEFT, MODEL, track

RUN = "01JCZ5M7Q8XG3V4B2N1K0H9F8D"
ONE, TWO, THREE = (f"track-00000-00{number}" for number in (1, 2, 3))
ROWS = [
    track(number, 10.0 * number, 10.0 * number + 5).model_copy(
        update={"embedding_row": number - 1, "crops": (f"s3://b/c.zip#chips/track-00000-00{number}/1.jpg",)}
    )
    for number in (1, 2, 3)
]
VECTORS = np.eye(3, dtype=np.float32)


def face(name: str, frame: int, row: int | None) -> FaceRow:
    return FaceRow(
        ep_id=EP_ID,
        segment=0,
        face_id=face_id(name[:15], frame),
        track_id=name,
        frame_idx=frame,
        ts_s=frame / 8,
        bbox=LEFT,
        landmarks=(0.1,) * 10,
        conf=0.9,
        quality=FaceQuality(score=0.8, confidence=1, size=1, sharpness=1, contrast=1, frontality=1),
        crop=f"s3://b/c.zip#chips/{name}/{frame}.jpg",
        thumbnail=f"s3://b/c.zip#thumbs/{name}/{frame}.jpg",
        embedding_row=row,
        model_id=MODEL,
    )


FACES = [face(ONE, 1, 0), face(ONE, 2, 1), face(TWO, 3, 2), face(THREE, 4, None)]


def people(*groups: tuple[str, ...]) -> IdentitiesDocument:
    return IdentitiesDocument(
        ep_id=EP_ID,
        run_id=RUN,
        revision=1,
        identities=tuple(
            Identity(
                identity_id=identity_id(number),
                track_ids=tracks,
                tracks=len(tracks),
                faces=2,
                cohesion=0.1,
                representative="s3://b/c.zip#thumbs/x.jpg",
            )
            for number, tracks in enumerate(groups, 1)
        ),
        metrics=GroupingMetrics(
            tracks=3,
            clusters=len(groups),
            unassigned_tracks=0,
            rescued_tracks=0,
            singleton_fraction=0,
            largest_fraction=0,
        ),
    )


def vector_of(rows: list[TrackRow], matrix: np.ndarray) -> dict[str, list[float]]:
    return {row.track_id: matrix[row.embedding_row].tolist() for row in rows if row.embedding_row is not None}


@given(st.sets(st.sampled_from([ONE, TWO, THREE])), st.booleans())
def test_the_others_keep_their_own_vectors(names: set[str], times_stay: bool) -> None:
    forgotten = forgotten_tracks(names, base=ROWS, tracks=ROWS, faces=FACES, times_stay=times_stay)
    rows, matrix = forget_tracks(ROWS, VECTORS, gone=forgotten.gone, blank=forgotten.blank)
    before = vector_of(ROWS, VECTORS)
    assert vector_of(rows, matrix) == {name: before[name] for name in before if name not in names}
    assert len(matrix) == 3 - len(names)
    assert {row.track_id for row in rows} == ({ONE, TWO, THREE} if times_stay else {ONE, TWO, THREE} - names)
    blank = [row for row in rows if row.track_id in names]
    assert all((row.rejection, row.crops, row.spread) == (EXPIRED, (), None) for row in blank)
    places = rows_left(FACES, forgotten.faces)
    left = forget_faces(FACES, forgotten=forgotten.faces, places=places)
    vectors = np.arange(3)[sorted(places)]
    was = {one.face_id: one.embedding_row for one in FACES}
    assert {one.track_id for one in left} == {one.track_id for one in FACES} - names
    assert all(one.embedding_row is None or vectors[one.embedding_row] == was[one.face_id] for one in left)


def halves(name: str) -> list[TrackRow]:
    """The first track, cut in its middle at 12.5 s, and the others."""
    own = {"001": (10.0, 12.5), "002": (12.5, 15.0)}
    cut = [
        ROWS[0].model_copy(update={"track_id": name + digits, "start_s": start, "end_s": end})
        for digits, (start, end) in own.items()
    ]
    return [*cut, *ROWS[1:]]


CUT_FACES = [face(f"{ONE}001", 81, 0), face(f"{ONE}002", 104, 1), face(TWO, 3, 2)]


def test_a_part_of_a_cut_track_is_forgotten_and_the_other_part_stays() -> None:
    stretch = f"{ONE}002"
    forgotten = forgotten_tracks([stretch], base=ROWS, tracks=halves(ONE), faces=CUT_FACES, times_stay=False)
    assert (forgotten.gone, forgotten.blank) == (frozenset(), frozenset())
    assert forgotten.erased == (Cut(ONE, 12.5, 15.0),)
    again = {ONE: (ROWS[0].model_copy(update={"samples": 1}), np.array([0, 0.6, 0.8], dtype=np.float32))}
    rows, matrix = forget_tracks(ROWS, VECTORS, gone=(), blank=(), pooled_again=again)
    assert [row.track_id for row in rows] == [ONE, TWO, THREE]
    assert vector_of(rows, matrix)[ONE] == again[ONE][1].tolist(), "pooled from the faces that are left"
    assert rows[0].samples == 1
    assert forgotten.gone_after_cuts == {stretch}
    base_left = forget_faces(FACES, forgotten=forgotten.faces, places=rows_left(FACES, forgotten.faces))
    assert [one.face_id for one in base_left] == [one.face_id for one in FACES]


def test_where_times_stay_a_part_of_a_cut_track_is_blank_and_comes_back_with_no_face() -> None:
    stretch = f"{ONE}002"
    forgotten = forgotten_tracks([stretch], base=ROWS, tracks=halves(ONE), faces=CUT_FACES, times_stay=True)
    assert (forgotten.gone, forgotten.blank, forgotten.erased) == (frozenset(), frozenset(), ())
    assert (forgotten.gone_after_cuts, forgotten.blank_after_cuts) == (frozenset(), {stretch})
    assert forgotten.faces == {CUT_FACES[1].face_id}


@pytest.mark.parametrize("times_stay", [False, True])
def test_a_track_of_which_all_parts_are_forgotten_is_forgotten(times_stay: bool) -> None:
    names = [f"{ONE}001", f"{ONE}002"]
    forgotten = forgotten_tracks(names, base=ROWS, tracks=halves(ONE), faces=CUT_FACES, times_stay=times_stay)
    assert forgotten.erased == ()
    assert (forgotten.blank if times_stay else forgotten.gone) == {ONE}


def test_a_part_whose_cut_was_undone_means_the_track() -> None:
    forgotten = forgotten_tracks([f"{ONE}001"], base=ROWS, tracks=ROWS, faces=FACES, times_stay=False)
    assert (forgotten.gone, forgotten.blank, forgotten.erased) == (frozenset(), {ONE}, ())


def test_people_without_a_track_left_go_and_where_times_stay_they_lose_their_faces() -> None:
    document = people((ONE, TWO), (THREE,))
    gone = forgotten_tracks([ONE, TWO], base=ROWS, tracks=ROWS, faces=FACES, times_stay=False)
    left = forget_identities(document, gone, revision=2, reason="over")
    assert [one.identity_id for one in left.identities] == [identity_id(2)]
    assert (left.metrics.clusters, left.metrics.tracks, left.revision) == (1, 1, 2)
    blank = forgotten_tracks([ONE, TWO], base=ROWS, tracks=ROWS, faces=FACES, times_stay=True)
    first, second = forget_identities(document, blank, revision=2, reason="over").identities
    assert (first.track_ids, first.faces, first.representative, first.reason) == ((ONE, TWO), 0, None, "over")
    assert second == document.identities[1]
    centroids = ClusterCentroidsDocument(
        ep_id=EP_ID,
        run_id=RUN,
        centroids=tuple(
            ClusterCentroid(identity_id=identity_id(n), centroid=(1.0,), members=1, model_id=MODEL, dimension=1)
            for n in (1, 2)
        ),
    )
    assert [one.identity_id for one in forget_centroids(centroids, document, blank).centroids] == [identity_id(2)]


def detections(*places: tuple[str | None, float]) -> bytes:
    rows = [{"track_id": name, "ts_s": ts_s, "landmarks": [0.5] * 10, "bbox": [0, 0, 1, 1]} for name, ts_s in places]
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


@pytest.mark.parametrize(("times_stay", "left"), [(False, [TWO, None]), (True, [ONE, TWO, None])])
def test_detections_lose_rows_or_landmarks(times_stay: bool, left: list[str | None]) -> None:
    forgotten = forgotten_tracks([ONE], base=ROWS, tracks=ROWS, faces=FACES, times_stay=times_stay)
    lines = forget_detections(detections((ONE, 11.0), (TWO, 21.0), (None, 22.0)), forgotten)
    rows = {row["track_id"]: row for row in map(json.loads, lines.splitlines())}
    assert list(rows) == left
    assert all(set(row["landmarks"]) == ({0.0} if name == ONE else {0.5}) for name, row in rows.items())
    assert all(row["bbox"] == [0, 0, 1, 1] for row in rows.values())


@pytest.mark.parametrize(("times_stay", "left"), [(False, {11.0: 0.5}), (True, {11.0: 0.5, 13.0: 0.0})])
def test_detections_of_a_forgotten_part_go_or_lose_their_landmarks(times_stay: bool, left: dict[float, float]) -> None:
    forgotten = forgotten_tracks([f"{ONE}002"], base=ROWS, tracks=halves(ONE), faces=CUT_FACES, times_stay=times_stay)
    rows = map(json.loads, forget_detections(detections((ONE, 11.0), (ONE, 13.0)), forgotten).splitlines())
    assert {row["ts_s"]: row["landmarks"][0] for row in rows} == left


def test_pictures_are_named_by_their_archives_and_found_in_the_new_ones() -> None:
    found = members_of(ROWS, FACES, gone={ONE}, forgotten={FACES[0].face_id})
    assert found == {
        "s3://b/c.zip": {f"chips/{ONE}/1.jpg", f"thumbs/{ONE}/1.jpg"},
    }
    tracks, faces = rename_archives(ROWS, FACES, {"s3://b/c.zip": "s3://b/d.zip"})
    assert {row.crops[0].partition("#")[0] for row in tracks} == {"s3://b/d.zip"}
    assert {one.thumbnail.partition("#")[0] for one in faces if one.thumbnail} == {"s3://b/d.zip"}
