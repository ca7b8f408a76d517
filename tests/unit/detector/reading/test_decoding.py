from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from services.detector.reading.decoding import Damage, DecodedFrame, decode_segment
from services.ingest.video.probing import VideoFacts, probe
from tests.unit.detector.clips import blend, scene, write_video

CODECS = {
    "h264.mp4": (
        "libx264",
        {"preset": "veryfast", "x264-params": "keyint=20:open-gop=1:scenecut=0:bframes=3:threads=1"},
    ),
    "h264.ts": ("libx264", {"preset": "veryfast", "x264-params": "keyint=20:bframes=3:threads=1"}),
    "hevc.mp4": ("libx265", {"x265-params": "keyint=20:min-keyint=20:open-gop=1:bframes=4:scenecut=0:log-level=none"}),
    "vp9.mkv": ("libvpx-vp9", {"deadline": "realtime", "cpu-used": "8", "g": "20"}),
    "mpeg4.avi": ("mpeg4", {"g": "20", "bf": "2"}),
}
PICTURES = [blend(scene(1), scene(2), number / 90) for number in range(90)]


def decode(path: Path, facts: VideoFacts, start_s: float, end_s: float) -> list[DecodedFrame]:
    return list(
        decode_segment(
            str(path),
            stream_index=facts.stream_index,
            origin_s=facts.origin_s,
            start_s=start_s,
            end_s=end_s,
            lookahead_s=0.0,
            damage=Damage(),
        )
    )


@pytest.mark.parametrize("name", CODECS)
def test_neighbouring_segments_miss_and_double_no_frame(tmp_path: Path, name: str) -> None:
    codec, options = CODECS[name]
    path = write_video(tmp_path / name, PICTURES, codec=codec, options=options)
    facts = probe(str(path))
    whole = decode(path, facts, 0.0, 1e6)
    at_keyframes = [0.0, *facts.keyframes_s[1:], 1e6]
    anywhere = [0.0, 0.5, 0.9001, 2.0, 1e6]
    assert len(facts.keyframes_s) >= 3
    for borders in (at_keyframes, anywhere):
        parts = [frame for start, end in pairwise(borders) for frame in decode(path, facts, start, end)]
        assert [frame.ts_s for frame in parts] == [frame.ts_s for frame in whole]
        assert all(np.array_equal(a.signature, b.signature) for a, b in zip(parts, whole, strict=True))


def test_times_are_those_of_a_variable_rate_from_the_first_frame(tmp_path: Path) -> None:
    times = [0.0, 0.04, 0.2, 0.24, 0.8, 0.84, 1.5]
    path = write_video(tmp_path / "a.mp4", [scene(number) for number in range(7)], times_s=times, start_s=1.0)
    facts = probe(str(path))
    decoded = decode(path, facts, 0.0, 1e6)
    assert [frame.ts_s for frame in decoded] == pytest.approx(times, abs=1e-4)


@pytest.mark.parametrize("rotation", [90, 180, -90])
def test_frames_are_upright(tmp_path: Path, rotation: int) -> None:
    upright = np.zeros((180, 320, 3), dtype=np.uint8)
    upright[:90, :160, 0] = 255
    stored = np.ascontiguousarray(np.rot90(upright, -rotation // 90))
    path = write_video(tmp_path / "a.mp4", [stored] * 3, rotation=rotation)
    facts = probe(str(path))
    pixels = decode(path, facts, 0.0, 1.0)[0].pixels(long_side=2000)
    assert (facts.width, facts.height) == (320, 180)
    assert pixels.shape == (180, 320, 3)
    assert pixels[45, 80, 0] > 200
    assert pixels[135, 240, 0] < 60


@pytest.mark.parametrize(("pixel_format", "codec"), [("yuv420p10le", "libx265"), ("yuv444p", "libx264")])
def test_any_pixel_format_gives_the_same_picture(tmp_path: Path, pixel_format: str, codec: str) -> None:
    options = {"x265-params": "log-level=none"} if codec == "libx265" else {"threads": "1"}
    picture = scene(3)
    path = write_video(tmp_path / "a.mkv", [picture] * 5, codec=codec, pixel_format=pixel_format, options=options)
    frame = decode(path, probe(str(path)), 0.0, 1.0)[2]
    assert frame.signature.shape == (3, 36, 64)
    difference = np.abs(frame.pixels(long_side=320).astype(int) - picture.astype(int))
    assert difference.mean() < 12


def test_large_frames_are_reduced(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", [scene(1)] * 3)
    frame = decode(path, probe(str(path)), 0.0, 1.0)[0]
    assert frame.pixels(long_side=160).shape == (90, 160, 3)


def test_damage_in_the_middle_is_passed_over_and_noted(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mkv", PICTURES, options={"preset": "ultrafast", "g": "15", "threads": "1"})
    facts = probe(str(path))
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 3000] = bytes(3000)
    path.write_bytes(data)
    damage = Damage()
    decoded = list(
        decode_segment(
            str(path),
            stream_index=facts.stream_index,
            origin_s=facts.origin_s,
            start_s=0.0,
            end_s=10.0,
            lookahead_s=0.0,
            damage=damage,
        )
    )
    assert decoded[0].ts_s == 0.0
    assert decoded[-1].ts_s > 3.0
    assert 40 < len(decoded) <= 90
    assert damage.packets > 0 or len(decoded) < 90
