from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from chassis.domain.faces import FaceDetections
from chassis.settings import DecodingLimits
from services.detector.analysis import analyse_segment
from services.detector.looks.beside import BesideSearch, fields_beside
from services.detector.looks.faces import Detectors, Pixels, no_faces
from services.detector.looks.groups import Looks, look_at_group
from services.detector.reading.segment_frames import SegmentSource
from services.detector.rules import DetectorProfiles
from tests.unit.detector.clips import write_video
from tests.unit.detector.looks.test_looks import BALANCED, Model, faces_of, frame_with

LARGE = (100, 200, 300)
SMALL = [(700, 300, 24), (1000, 140, 24)]
KNOWN = faces_of((100, 200, 400, 500))
RULES = BALANCED.beside


def pattern(frame: Pixels, x: int, y: int, *, side: int = 40) -> None:
    """Puts a chequered square into a frame, in which no model of these tests sees a face."""
    squares = np.indices((side, side)).sum(axis=0) // 5 % 2 * 200
    frame[y : y + side, x : x + side] = squares[..., None]


def looked_at(model: Model) -> int:
    """How many pictures of fields a model was shown."""
    return sum(count for count, width, _ in model.shown if width == RULES.side)


async def test_small_faces_beside_a_large_one_are_found_in_few_pictures() -> None:
    model, search = Model(least=14), BesideSearch(BALANCED)

    async def beside(frame: Pixels, known: FaceDetections) -> FaceDetections:
        return await search.look(frame, known, model, ts_s=3.0)

    looks, frame = Looks(wide=True, parts=True), frame_with(LARGE, *SMALL)
    alone = await look_at_group([frame], [3.0], looks, Detectors(model, Model()), BALANCED)
    assert len(alone[0].faces.scores) == 1
    model.shown.clear()
    seen = await look_at_group([frame], [3.0], looks, Detectors(model, Model()), BALANCED, None, beside)
    expected = np.array([(x, y, x + side, y + side) for x, y, side in (LARGE, *SMALL)])
    assert np.sort(seen[0].faces.boxes, axis=0) == pytest.approx(np.sort(expected, axis=0), abs=4)
    assert 1280 not in {width for _, width, _ in model.shown}
    followed = len(SMALL)
    assert looked_at(model) - followed <= 8


async def test_nobody_looks_for_them_where_the_frame_is_seen_whole_in_full_size() -> None:
    async def beside(frame: Pixels, known: FaceDetections) -> FaceDetections:
        raise AssertionError("was asked")

    frame = frame_with((100, 100, 160), width=640, height=360)
    await look_at_group([frame], [3.0], Looks(parts=True), Detectors(Model(), Model()), BALANCED, None, beside)


def test_what_is_smooth_an_edge_or_part_of_a_person_in_front_is_no_place_for_a_face() -> None:
    frame = frame_with(LARGE)
    assert not fields_beside(frame, KNOWN, BALANCED).places
    frame[:, 900:920] = 200
    assert not fields_beside(frame, KNOWN, BALANCED).places
    pattern(frame, 380, 600)
    assert not fields_beside(frame, KNOWN, BALANCED).places
    pattern(frame, 1060, 340)
    found = fields_beside(frame, KNOWN, BALANCED)
    assert found.places == [(4, 13)]
    assert found.boxes[0] == pytest.approx((1040, 320, 1120, 400))


def test_a_face_out_of_focus_is_no_place_to_look_at() -> None:
    frame = frame_with(LARGE)
    pattern(frame, 1100, 340)
    blurred = np.asarray(cv2.GaussianBlur(frame, (0, 0), 9), dtype=np.uint8)
    assert fields_beside(frame, KNOWN, BALANCED).places
    assert not fields_beside(blurred, KNOWN, BALANCED).places


async def test_a_look_in_vain_is_paid_for_before_the_next_and_never_repeated() -> None:
    search, model = BesideSearch(BALANCED), Model(least=14)
    first, second = frame_with(LARGE), frame_with(LARGE)
    pattern(first, 700, 340, side=120)
    pattern(second, 1000, 340, side=120)
    await search.look(first, KNOWN, model, ts_s=0.0)
    fields = looked_at(model)
    assert fields > 1
    await search.look(second, KNOWN, model, ts_s=(fields - 0.5) / RULES.per_s)
    assert looked_at(model) == fields
    paid_s = fields / RULES.per_s + 0.1
    await search.look(first, KNOWN, model, ts_s=paid_s)
    assert looked_at(model) == fields
    await search.look(second, KNOWN, model, ts_s=paid_s)
    assert looked_at(model) > fields


async def test_looks_that_find_somebody_are_free() -> None:
    search, model = BesideSearch(BALANCED), Model(least=14)
    for ts_s, x in ((0.0, 700), (0.1, 900), (0.2, 1100)):
        frame = frame_with(LARGE, (x, 300, 24))
        pattern(frame, 500, 60)
        assert len((await search.look(frame, KNOWN, model, ts_s=ts_s)).scores) == 1


async def test_a_field_is_looked_at_again_when_somebody_came_into_it() -> None:
    search, model = BesideSearch(BALANCED), Model(least=14)
    empty = frame_with(LARGE)
    pattern(empty, 700, 320, side=30)
    assert not len((await search.look(empty, KNOWN, model, ts_s=0.0)).scores)
    entered = empty.copy()
    entered[330:354, 750:774] = (20, 220, 20)
    assert len((await search.look(entered, KNOWN, model, ts_s=10.0)).scores) == 1


async def test_no_more_fields_are_looked_at_than_the_rules_allow() -> None:
    model, frame = Model(least=14), frame_with(LARGE, width=1920, height=1080)
    chequered = frame.copy()
    pattern(chequered, 0, 0, side=1080)
    pattern(chequered, 840, 0, side=1080)
    await BesideSearch(BALANCED).look(chequered, no_faces(), model, ts_s=0.0)
    assert looked_at(model) == RULES.most


@pytest.mark.parametrize(("profile", "tracks"), [("balanced", 3), ("low_power", 1)])
async def test_small_faces_beside_a_large_one_have_tracks(tmp_path: Path, profile: str, tracks: int) -> None:
    pictures = [frame_with(LARGE, *SMALL)] * 10
    video = write_video(tmp_path / "a.mp4", pictures, options={"preset": "ultrafast", "crf": "12"})
    model = Model(least=14)
    found = await analyse_segment(
        SegmentSource(url=str(video), stream_index=0, origin_s=0.0, start_s=0.0, end_s=0.4, duration_s=0.4),
        ep_id="show-s01e01",
        segment=0,
        profile=getattr(DetectorProfiles(), profile),
        detectors=Detectors(find=model, check=Model()),
        model_id="green",
        decoding=DecodingLimits(),
    )
    assert [(track.start_s, track.end_s) for track in found.tracks] == [(0.0, 0.4)] * tracks
