"""The field's files at the level of frames: how many there are, when they are shown, what is said about the file."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from services.ingest.video.probing import probe
from tests.support.field_videos import decode
from tests.support.samples import MEDIA

FIELD = MEDIA / "field"

pytestmark = pytest.mark.skipif(not FIELD.is_dir(), reason="no ../shared/media/field")

RIGHT: dict[str, tuple[float, int, list[str]]] = {
    "cat-restart.ts": (16.0, 400, ["clock_restarts"]),
    "gap100.ts": (107.92, 200, []),
    "cover-as-track.mp4": (8.0, 200, ["several_video_streams"]),
    "live-gap.webm": (48.0, 200, []),
    "clock-20h.mkv": (8.0, 200, []),
    "avi-h264-b.avi": (8.0, 200, []),
    "avi-noindex.avi": (8.0, 200, []),
    "video-later.mp4": (8.0, 200, []),
    "timecode.mov": (8.0, 200, []),
    "flip-h.mp4": (8.0, 200, []),
}
"""File -> seconds, frames, codes of warnings."""

GAPS = {"gap100.ts": (4.0, 103.92), "live-gap.webm": (4.0, 44.0)}


@pytest.mark.parametrize("name", sorted(RIGHT))
def test_every_frame_is_there_at_its_time(name: str) -> None:
    path: Path = FIELD / name
    seconds, frames, codes = RIGHT[name]
    facts = probe(str(path))
    decoded = decode(path, facts, segment_s=4.0)
    assert facts.duration_s == pytest.approx(seconds, abs=0.02)
    assert [warning.code for warning in facts.warnings] == codes
    assert len(decoded.times_s) == frames
    assert decoded.times_s[0] == 0.0
    assert all(earlier < later for earlier, later in pairwise(decoded.times_s))
    assert decoded.gaps_s == ([pytest.approx(GAPS[name], abs=0.02)] if name in GAPS else [])
    assert decoded.damaged == 0


def test_the_file_says_where_a_player_has_its_first_picture() -> None:
    assert probe(str(FIELD / "video-later.mp4")).starts_at_s == pytest.approx(5.0)
    assert probe(str(FIELD / "cat-restart.ts")).starts_at_s == 0.0


def test_the_timecode_of_the_file_is_read() -> None:
    assert probe(str(FIELD / "timecode.mov")).timecode == "10:00:00:00"
    assert probe(str(FIELD / "flip-h.mp4")).timecode is None
