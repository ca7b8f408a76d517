"""Times that are wrong, missing or far from zero: the packets decide, and the decoder where they cannot."""

from __future__ import annotations

import struct
from itertools import pairwise
from pathlib import Path

import av
import pytest

from services.ingest.video.probing import probe
from tests.support.field_videos import RATE, decode, write_packed_bitstream, write_recording
from tests.support.sounding_videos import write_sounding_video
from tests.unit.detector.clips import scene

FRAMES = 75
GAP_FRAMES = 1500
"""A minute."""


def with_gap(frames: int = 80, *, after: int = 40, gap: int = GAP_FRAMES) -> list[int]:
    return [number + (gap if number >= after else 0) for number in range(frames)]


def remuxed(source: Path, target: Path, *, shift_s: float = 0.0, options: dict[str, str] | None = None) -> Path:
    """The same packets in another file, later by so much."""
    with av.open(str(source)) as known, av.open(str(target), "w", options=options or {}) as container:
        stream = container.add_stream_from_template(known.streams.video[0])
        for packet in known.demux(video=0):
            if packet.dts is not None and packet.pts is not None and packet.time_base is not None:
                shift = round(shift_s / packet.time_base)
                packet.pts, packet.dts, packet.stream = packet.pts + shift, packet.dts + shift, stream
                container.mux(packet)
    return target


@pytest.mark.parametrize("suffix", ["ts", "flv", "mkv", "webm", "mp4", "nut", "vob"])
def test_a_gap_is_a_gap_and_what_follows_counts(tmp_path: Path, suffix: str) -> None:
    path = write_recording(tmp_path / f"a.{suffix}", 80, times=with_gap())
    facts = probe(str(path))
    decoded = decode(path, facts)
    assert facts.warnings == ()
    assert facts.duration_s == pytest.approx((80 + GAP_FRAMES) / RATE, abs=0.1)
    assert len(decoded.times_s) == 80
    (gap,) = decoded.gaps_s
    # A program stream does not say the time of every frame.
    assert gap == pytest.approx((40 / RATE, (40 + GAP_FRAMES) / RATE), abs=0.5 if suffix == "vob" else 0.1)


@pytest.mark.parametrize(
    ("suffix", "options"),
    [
        ("mkv", {"live": "1"}),
        ("webm", {"live": "1"}),
        ("mp4", {"movflags": "frag_keyframe+empty_moov"}),
        ("mp4", {"movflags": "frag_keyframe+empty_moov+default_base_moof"}),
    ],
)
def test_a_gap_in_a_file_without_a_duration_is_no_damage(tmp_path: Path, suffix: str, options: dict[str, str]) -> None:
    path = write_recording(tmp_path / f"a.{suffix}", 80, times=with_gap(), options=options)
    facts = probe(str(path))
    decoded = decode(path, facts)
    assert facts.warnings == ()
    assert (len(decoded.times_s), len(decoded.gaps_s), decoded.damaged) == (80, 1, 0)


@pytest.mark.parametrize("start_s", [72_000.0, 1_760_000_000.0])
@pytest.mark.parametrize("suffix", ["mkv", "mp4", "ts", "flv"])
def test_a_clock_that_begins_late_is_no_long_video(tmp_path: Path, suffix: str, start_s: float) -> None:
    if start_s > 95_000 and suffix in {"ts", "flv"}:
        pytest.skip("these clocks have 33 and 32 bits")
    plain = write_recording(tmp_path / "plain.mp4", FRAMES)
    path = remuxed(plain, tmp_path / f"late.{suffix}", shift_s=start_s)
    facts = probe(str(path))
    assert facts.duration_s == pytest.approx(FRAMES / RATE, abs=0.05)
    assert facts.starts_at_s == pytest.approx(0.0, abs=0.1)
    decoded = decode(path, facts)
    assert len(decoded.times_s) == FRAMES
    assert decoded.times_s[:2] == pytest.approx([0.0, 0.04], abs=0.002)


def test_a_header_that_lies_about_the_length_is_not_believed(tmp_path: Path) -> None:
    path = write_recording(tmp_path / "a.mkv", FRAMES)
    data = path.read_bytes()
    place = data.index(b"\x44\x89\x88") + 3
    path.write_bytes(data[:place] + struct.pack(">d", 360_000_000.0) + data[place + 8 :])
    facts = probe(str(path))
    assert facts.duration_s == pytest.approx(FRAMES / RATE, abs=0.05)
    assert [warning.code for warning in facts.warnings] == ["shorter_than_announced"]
    assert len(decode(path, facts).times_s) == FRAMES


def test_frames_without_presentation_times_have_the_decoders_order(tmp_path: Path) -> None:
    """H.264 with B-frames in AVI, which has no place for the time at which a frame is shown."""
    path = write_recording(tmp_path / "a.avi", FRAMES, codec="libx264")
    facts = probe(str(path))
    decoded = decode(path, facts, segment_s=1.0)
    assert facts.frame_times == "decoding"
    assert facts.duration_s == pytest.approx(FRAMES / RATE, abs=0.05)
    assert decoded.times_s == pytest.approx([number / RATE for number in range(FRAMES)], abs=0.01)
    plain = write_recording(tmp_path / "a.mkv", FRAMES)
    assert decoded.means == pytest.approx(decode(plain, probe(str(plain))).means, abs=0.5)


def test_pictures_that_share_a_packet_are_all_shown(tmp_path: Path) -> None:
    path = write_packed_bitstream(tmp_path / "a.avi", FRAMES)
    decoded = decode(path, probe(str(path)), segment_s=1.0)
    assert decoded.times_s == pytest.approx([number / RATE for number in range(FRAMES)], abs=0.001)
    assert (decoded.gaps_s, decoded.damaged) == ([], 0)


@pytest.mark.parametrize("suffix", ["avi", "mkv", "webm"])
def test_a_file_whose_index_is_gone_is_read_without_it(tmp_path: Path, suffix: str) -> None:
    path = write_recording(tmp_path / f"a.{suffix}", FRAMES)
    mark = b"idx1" if suffix == "avi" else b"\x1c\x53\xbb\x6b"
    data = path.read_bytes()
    path.write_bytes(data[: data.rindex(mark)])
    facts = probe(str(path))
    decoded = decode(path, facts, segment_s=1.0)
    assert len(decoded.times_s) == FRAMES
    assert all(earlier < later for earlier, later in pairwise(decoded.times_s))
    assert facts.keyframes_s == pytest.approx((0.0, 1.0, 2.0), abs=0.05)


def test_the_picture_that_begins_after_the_sound_says_so(tmp_path: Path) -> None:
    film = write_sounding_video(tmp_path / "film.mp4")
    path = tmp_path / "late.mp4"
    with av.open(str(film)) as known, av.open(str(path), "w") as container:
        streams = {
            stream.index: container.add_stream_from_template(stream)
            for stream in (known.streams.video[0], known.streams.audio[0])
        }
        for packet in known.demux(known.streams.video[0], known.streams.audio[0]):
            if packet.dts is None or packet.pts is None or packet.time_base is None:
                continue
            if packet.stream.type == "video":
                packet.pts += round(5 / packet.time_base)
                packet.dts += round(5 / packet.time_base)
            packet.stream = streams[packet.stream_index]
            container.mux(packet)
    assert probe(str(film)).starts_at_s == pytest.approx(0.0, abs=0.05)
    facts = probe(str(path))
    assert facts.starts_at_s == pytest.approx(5.0, abs=0.05)
    assert decode(path, facts).times_s[0] == 0.0


@pytest.mark.parametrize("suffix", ["mov", "mp4", "mkv", "mxf"])
def test_a_timecode_is_read_from_every_container_that_has_one(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    codec = "mpeg2video" if suffix == "mxf" else "libx264"
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=RATE)
        stream.width, stream.height, stream.pix_fmt = 160, 90, "yuv420p"
        (container if suffix == "mkv" else stream).metadata["timecode"] = "10:00:00:00"
        for number in range(10):
            picture = scene(number, width=160, height=90)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())
    assert probe(str(path)).timecode == "10:00:00:00"
