from __future__ import annotations

import numpy as np
import pytest

from chassis.domain.pooling import PoolingRules
from contracts.ids import face_id
from contracts.rows import FaceQuality, FaceRow, TrackRow
from services.grouper.tracks.cutting import Cut, CutTracks, cut_episode, cut_tracks, without_erased
from tests.unit.grouper.rows import EP_ID, LEFT, MODEL, RIGHT, joined, track, vector_of

TRACK = "track-00000-001"
MOVING = track(1, 10.0, 20.0).model_copy(update={"last_bbox": RIGHT, "detections": 80})
OTHER = track(2, 10.0, 20.0, box=RIGHT)


def _spans(cut: CutTracks) -> dict[str, tuple[float, float]]:
    return {row.track_id: (row.start_s, row.end_s) for row in cut.tracks}


def test_a_stretch_becomes_a_track_of_its_own() -> None:
    cut = cut_tracks([MOVING, OTHER], [Cut(TRACK, 12.0, 15.0)])
    assert _spans(cut) == {
        f"{TRACK}001": (10.0, 12.0),
        f"{TRACK}002": (12.0, 15.0),
        f"{TRACK}003": (15.0, 20.0),
        OTHER.track_id: (10.0, 20.0),
    }
    assert cut.stretches == ((f"{TRACK}002",),)
    stretch = next(row for row in cut.tracks if row.track_id == f"{TRACK}002")
    assert stretch.first_bbox == pytest.approx((0.2, 0.2, 0.4, 0.6))
    assert stretch.detections == 24
    assert [TrackRow.model_validate(row.model_dump()) for row in cut.tracks] == list(cut.tracks)


def test_a_cut_track_is_what_is_left_of_it_and_an_undone_stretch_is_nothing() -> None:
    cut = cut_tracks([MOVING], [Cut(TRACK, 12.0, 15.0), Cut(f"{TRACK}003", 16.0, 17.0)])
    assert cut.resolve(TRACK) == (f"{TRACK}001", f"{TRACK}003001", f"{TRACK}003003")
    assert cut.resolve(f"{TRACK}003") == (f"{TRACK}003001", f"{TRACK}003003")
    assert cut.resolve(f"{TRACK}002") == (f"{TRACK}002",)
    undone = cut_tracks([MOVING], [])
    assert undone.resolve(f"{TRACK}003001") == (TRACK,)
    assert undone.resolve(f"{TRACK}002") == undone.resolve("track-00009-001") == ()


def test_undoing_the_first_of_two_cuts_keeps_the_second() -> None:
    cut = cut_tracks([MOVING], [Cut(f"{TRACK}003", 16.0, 17.0)])
    assert _spans(cut)[f"{TRACK}003002"] == (16.0, 17.0)
    assert cut.resolve(TRACK) == cut.resolve(f"{TRACK}001") == (f"{TRACK}003001", f"{TRACK}003003")


def test_a_cut_inside_a_stretch_that_is_not_there_does_nothing() -> None:
    cut = cut_tracks([MOVING], [Cut(f"{TRACK}002", 13.0, 14.0)])
    assert cut.tracks == (MOVING,) and cut.stretches == ((),)


@pytest.mark.parametrize("span", [(10.0, 20.0), (0.0, 99.0)])
def test_a_stretch_that_is_the_whole_track_cuts_nothing(span: tuple[float, float]) -> None:
    cut = cut_tracks([MOVING], [Cut(TRACK, *span)])
    assert cut.tracks == (MOVING,)
    assert cut.stretches == ((TRACK,),)


def test_what_goes_on_behind_the_border_continues_the_last_part() -> None:
    before = track(9, 8.0, 10.0)
    middle = MOVING.model_copy(update={"continues": before.track_id})
    after = track(3, 20.0, 25.0, segment=1).model_copy(update={"continues": TRACK})
    cut = cut_tracks([before, middle, after], [Cut(TRACK, 12.0, 15.0)])
    continues = {row.track_id: row.continues for row in cut.tracks}
    assert continues[f"{TRACK}001"] == before.track_id
    assert continues[f"{TRACK}002"] is continues[f"{TRACK}003"] is None
    assert continues[after.track_id] == f"{TRACK}003"


def _face(ts_s: float, row: int | None, score: float) -> FaceRow:
    return FaceRow(
        ep_id=EP_ID,
        segment=0,
        face_id=face_id(TRACK, int(ts_s * 8)),
        track_id=TRACK,
        frame_idx=int(ts_s * 8),
        ts_s=ts_s,
        bbox=LEFT,
        landmarks=(0.1,) * 10,
        conf=0.9,
        quality=FaceQuality(score=score, confidence=1, size=1, sharpness=1, contrast=1, frontality=1),
        crop=f"s3://bucket/crops#{ts_s}",
        embedding_row=row,
        model_id=MODEL if row is not None else None,
    )


def test_parts_are_pooled_from_their_own_faces() -> None:
    faces = [_face(11.0, 0, 0.9), _face(12.5, 1, 0.6), _face(14.0, 2, 0.2), _face(16.0, None, 0.4)]
    vectors = np.stack([vector_of(1), vector_of(2, 1), vector_of(2, 2)])
    episode = joined([MOVING, OTHER], [vector_of(1), vector_of(3)])
    cut, moved = cut_episode(
        episode, cut_tracks(episode.tracks, [Cut(TRACK, 12.0, 15.0)]), faces, vectors, PoolingRules()
    )
    assert [face.track_id for face in moved] == [f"{TRACK}{part}" for part in ("001", "002", "002", "003")]
    rows = {row.track_id: (row, vector) for row, vector in zip(cut.tracks, cut.vectors, strict=True)}
    stretch, vector = rows[f"{TRACK}002"]
    assert vector is not None
    expected = 0.6 * vectors[1] + 0.2 * vectors[2]
    assert vector == pytest.approx(expected / np.linalg.norm(expected), abs=1e-5)
    assert (stretch.samples, stretch.quality, stretch.representative) == (2, pytest.approx(0.4), faces[1].face_id)
    last, nothing = rows[f"{TRACK}003"]
    assert nothing is None and last.rejection == "no_usable_vector" and last.low_quality
    assert rows[OTHER.track_id][0] == OTHER


ERASED = Cut(TRACK, 14.0, 16.0)


@pytest.mark.parametrize(
    ("cuts", "left"),
    [
        ([], {"001": (10.0, 14.0), "003": (16.0, 20.0)}),
        ([Cut(TRACK, 14.0, 16.0)], {"001": (10.0, 14.0), "003": (16.0, 20.0)}),
        ([Cut(TRACK, 12.0, 15.0)], {"001": (10.0, 12.0), "002001": (12.0, 14.0), "003003": (16.0, 20.0)}),
        ([Cut(f"{TRACK}003", 17.0, 18.0)], None),
    ],
)
def test_an_erased_stretch_is_in_no_part_whatever_cuts_are_in_force(
    cuts: list[Cut], left: dict[str, tuple[float, float]] | None
) -> None:
    cut = without_erased(cut_tracks([MOVING, OTHER], cuts), [ERASED])
    spans = _spans(cut)
    assert spans.pop(OTHER.track_id) == (10.0, 20.0)
    if left is not None:
        assert spans == {TRACK + digits: span for digits, span in left.items()}
    assert all(end <= ERASED.start_s or start >= ERASED.end_s for start, end in spans.values())
    assert sum(end - start for start, end in spans.values()) == pytest.approx(8.0)
    seen = set(cut.resolve(TRACK)).union(*map(set, map(cut.resolve, (name for one in cut.stretches for name in one))))
    assert seen == set(spans), "everything that is left has a name"
    assert {part.track_id for part in cut.parts[TRACK]} == set(spans)


def test_what_continues_an_erased_end_continues_what_is_left() -> None:
    later = track(3, 20.0, 22.0).model_copy(update={"continues": TRACK})
    cut = without_erased(cut_tracks([MOVING, later], []), [Cut(TRACK, 15.0, 20.0)])
    assert {row.track_id: row.continues for row in cut.tracks} == {
        f"{TRACK}001": None,
        "track-00000-003": f"{TRACK}001",
    }
    nothing = without_erased(cut, [Cut(TRACK, 10.0, 15.0)])
    assert [(row.track_id, row.continues) for row in nothing.tracks] == [("track-00000-003", None)]
    assert nothing.resolve(TRACK) == ()


def test_erasing_what_is_not_there_changes_nothing() -> None:
    cut = cut_tracks([MOVING, OTHER], [Cut(TRACK, 12.0, 15.0)])
    assert without_erased(cut, []) == without_erased(cut, [Cut("track-00000-009", 1.0, 2.0)]) == cut
