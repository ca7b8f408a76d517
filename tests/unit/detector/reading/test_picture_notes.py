"""A segment says what is special about its pictures, and finds faces in the same places all the same."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest

from services.detector.analysis import SegmentAnalysis, SegmentSource
from services.ingest.video.probing import probe
from tests.support.recordings import HLG, PQ, Pixels, Recording, join_recordings, write_recording
from tests.unit.detector.clips import scene
from tests.unit.detector.reading.test_changing_recordings import without_beginning
from tests.unit.detector.test_analysis import analyse

TS = Recording(suffix=".ts", options={"x264-params": "keyint=10:min-keyint=10:scenecut=0"})


def with_face(*, size: tuple[int, int] = (320, 180), count: int = 40) -> list[Pixels]:
    """Grey pictures with a red square, which the detector of these tests takes for a face."""
    picture = cv2.cvtColor(cv2.cvtColor(scene(1), cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB) // 2
    picture[60:100, 100:140] = (255, 0, 0)
    return [np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)] * count


async def analysed(path: Path, *, start_s: float = 0.0, end_s: float | None = None) -> SegmentAnalysis:
    facts = probe(str(path))
    place = SegmentSource(
        url=str(path),
        stream_index=facts.stream_index,
        origin_s=facts.origin_s,
        start_s=start_s,
        end_s=end_s or facts.duration_s,
        duration_s=facts.duration_s,
    )
    return await analyse(place)


def check_face(found: SegmentAnalysis) -> None:
    boxes = np.array([row.bbox for row in found.detections])
    assert np.abs(boxes - (100 / 320, 60 / 180, 140 / 320, 100 / 180)).max() < 0.02
    spans = sorted((track.start_s, track.end_s) for track in found.tracks)
    assert all(later[0] - earlier[1] < 0.13 for earlier, later in pairwise(spans))


@pytest.fixture
def changing(tmp_path: Path) -> Path:
    """The second half is larger and has wide pixels."""
    wide = replace(TS, pixel_aspect=Fraction(64, 45))
    parts = (
        write_recording(tmp_path / "a.ts", with_face(), TS),
        write_recording(tmp_path / "b.ts", with_face(size=(512, 288)), wide),
    )
    return join_recordings(tmp_path / "c.ts", parts, every_s=1.6)


async def test_a_change_of_size_and_proportions_is_named_and_moves_no_face(changing: Path) -> None:
    found = await analysed(changing)
    check_face(found)
    (warning,) = found.warnings
    assert (warning.code, warning.sentence) == (
        "size_changed",
        "The picture changes from 320x180 to 512x288 at 1.6 s.",
    )
    assert warning.where is not None and warning.where.start_s == pytest.approx(1.6, abs=0.01)


async def test_a_change_at_a_segments_border_is_named_once(changing: Path) -> None:
    before, after = await analysed(changing, end_s=1.6), await analysed(changing, start_s=1.6)
    assert [warning.code for warning in (*before.warnings, *after.warnings)] == ["size_changed"]


@pytest.mark.parametrize("colours", [PQ, HLG])
async def test_high_dynamic_range_is_named(tmp_path: Path, colours: object) -> None:
    recording = Recording(codec="libx265", pixel_format="yuv420p10le", colours=colours)  # type: ignore[arg-type]
    found = await analysed(write_recording(tmp_path / "a.mp4", with_face(), recording))
    check_face(found)
    assert [warning.code for warning in found.warnings] == ["hdr_tone_mapped"]


async def test_interlaced_video_is_named(tmp_path: Path) -> None:
    recording = Recording(options={"x264-params": "tff=1"}, interlaced=True)
    found = await analysed(write_recording(tmp_path / "a.mp4", with_face(count=80), recording))
    check_face(found)
    assert [warning.code for warning in found.warnings] == ["deinterlaced"]


async def test_pictures_without_reference_are_named_and_hold_no_faces(tmp_path: Path) -> None:
    recording = Recording(suffix=".avi", codec="mpeg4", options={"g": "25"})
    path = without_beginning(write_recording(tmp_path / "a.avi", with_face(count=75), recording), 10)
    found = await analysed(path)
    check_face(found)
    assert [warning.code for warning in found.warnings] == ["frames_without_reference"]
    assert found.decoded_frames >= 50
