"""A proxy is the episode in a browser's codecs: every frame at its second, sound in step, and a way in every second."""

from __future__ import annotations

import io
from collections.abc import Sequence
from fractions import Fraction
from itertools import accumulate, chain, pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from chassis.errors import BadInput
from chassis.video.limited import LimitedWork
from chassis.video.reading import Recording
from services.ingest.runs.frame_table import FrameTable
from services.ingest.settings import IngestSettings
from services.ingest.video import growing_file, proxy
from services.ingest.video.clips import ClipPart
from services.ingest.video.frame_scan import scan_video
from services.ingest.video.probing import probe
from services.ingest.video.proxy import ProxyPiece, make_proxy
from tests.support.field_videos import join, write_recording
from tests.support.sounding_videos import BEEP_S, write_sounding_video


def parts_in(path: Path) -> list[ClipPart]:
    facts = probe(str(path))
    return [
        ClipPart(
            recording=Recording(
                url=str(path),
                stream_index=part.stream_index,
                origin_s=part.origin_s,
                ranges=part.ranges,
                frame_times=part.frame_times,
            ),
            start_s=part.start_s,
            end_s=part.end_s,
        )
        for part in facts.parts
    ]


def made_of(parts: Sequence[ClipPart]) -> tuple[bytes, list[ProxyPiece]]:
    making, told = make_proxy(parts), []
    while True:
        try:
            told.append(next(making))
        except StopIteration as end:
            last, first = end.value
            pieces = [bytes(piece.data) for piece in told if piece.data is not None]
            return bytes(first) + b"".join(pieces) + bytes(last), told


@pytest.fixture(autouse=True)
def stay_as_eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process cannot become less nice again."""
    monkeypatch.setattr(proxy, "NICENESS", 0)


def times_of(table: FrameTable) -> list[float]:
    spacings = chain.from_iterable([delta] * count for delta, count in zip(table.delta, table.count, strict=True))
    tick = Fraction(*table.tick_s)
    return [float(tick * time) for time in accumulate(spacings, initial=table.first)]


def write_varying(path: Path, times_ms: Sequence[int], *, codec: str = "libx264") -> Path:
    """A video whose frames are shown at just these times."""
    with av.open(str(path), "w") as container:
        video: Any = container.add_stream(codec, rate=25, options={"preset": "ultrafast"} if codec == "libx264" else {})
        video.width, video.height, video.pix_fmt, video.gop_size = 64, 48, "yuv420p", 300
        video.codec_context.time_base = Fraction(1, 1000)
        for number, time_ms in enumerate(times_ms):
            frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), number % 200, dtype=np.uint8), format="rgb24")
            frame.pts, frame.time_base = time_ms, Fraction(1, 1000)
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
    return path


VARYING = [0, 40, 80, 81, 200, 233, 266, 300, 900, 2400, 2440, 5000, 5033, 5100]


@pytest.mark.parametrize("suffix", ["mkv", "mp4"])
def test_every_frame_is_at_its_time_in_table_and_proxy(tmp_path: Path, suffix: str) -> None:
    parts = parts_in(write_varying(tmp_path / f"v.{suffix}", VARYING))
    scanned = scan_video(parts)
    times = times_of(scanned.table)
    assert [round(1000 * time) for time in times[:-1]] == VARYING
    assert times[-1] > times[-2]
    content, _ = made_of(parts)
    with av.open(io.BytesIO(content)) as made:
        shown = [(round(1000 * float(frame.time or 0)), frame.key_frame) for frame in made.decode(video=0)]
    assert [time for time, _ in shown] == VARYING
    keyframes = [time for time, is_key in shown if is_key]
    for earlier, later in pairwise([*keyframes, VARYING[-1]]):
        between = [time for time in VARYING if earlier < time < later]
        assert not between or max(between) - earlier <= 1000


def test_a_long_even_stretch_has_a_keyframe_every_second_and_can_be_entered(tmp_path: Path) -> None:
    content, told = made_of(parts_in(write_varying(tmp_path / "v.mp4", range(0, 12_000, 40))))
    with av.open(io.BytesIO(content)) as made:
        assert made.duration == pytest.approx(12e6, abs=50_000)
        keyframes = [float(frame.time or 0) for frame in made.decode(video=0) if frame.key_frame]
    assert max(later - earlier for earlier, later in pairwise(keyframes)) <= 1.0
    with av.open(io.BytesIO(content)) as made:
        made.seek(7_500_000)
        first = next(made.decode(video=0))
        assert 6.5 <= float(first.time or 0) <= 7.5
    assert [piece.done_s for piece in told] == sorted(piece.done_s for piece in told)
    assert len(told) >= 4


def test_sound_and_picture_are_in_step_over_blocks_of_sound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proxy, "SOUND_BLOCK_S", 1.0)
    content, _ = made_of(parts_in(write_sounding_video(tmp_path / "v.mp4")))
    with av.open(io.BytesIO(content)) as made:
        assert [stream.codec_context.name for stream in made.streams] == ["vp9", "opus"]
        frames = list(made.decode(audio=0))
    samples = np.concatenate([frame.to_ndarray().mean(axis=0) for frame in frames])
    loud = np.flatnonzero(np.abs(samples) > 0.1) / frames[0].sample_rate + float(frames[0].time or 0)
    assert loud.min() == pytest.approx(BEEP_S[0], abs=0.03)
    assert loud.max() == pytest.approx(BEEP_S[1], abs=0.03)
    assert len(samples) / frames[0].sample_rate == pytest.approx(6.0, abs=0.1)


def test_a_file_of_many_pieces_is_the_same_film(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_recording(tmp_path / "a.ts", 400)
    whole, _ = made_of(parts_in(path))
    monkeypatch.setattr(growing_file.GrowingFile.__init__, "__defaults__", (4096,))
    content, told = made_of(parts_in(path))
    assert sum(piece.data is not None for piece in told) > 3
    with av.open(io.BytesIO(content)) as made, av.open(io.BytesIO(whole)) as expected:
        assert made.duration == expected.duration
        assert sum(1 for _ in made.decode(video=0)) == sum(1 for _ in expected.decode(video=0)) == 400


def test_joined_recordings_are_one_film(tmp_path: Path) -> None:
    first = write_recording(tmp_path / "a.ts", 75)
    parts = parts_in(join(tmp_path / "joined.ts", first, write_recording(tmp_path / "b.ts", 75, seed=7)))
    assert len(parts) == 2
    scanned = scan_video(parts)
    assert scanned.unplayable == "several recordings are joined in the file"
    assert scanned.table.frames == pytest.approx(150, abs=2)
    with av.open(io.BytesIO(made_of(parts)[0])) as made:
        shown = [float(frame.time or 0) for frame in made.decode(video=0)]
    assert shown == pytest.approx(times_of(scanned.table)[: len(shown)], abs=0.0011)


@pytest.mark.parametrize(
    ("name", "codec", "sound", "why"),
    [
        ("v.mp4", "libx264", "aac", None),
        ("v.mkv", "libx264", "aac", "matroska"),
        ("v.mov", "libx264", "aac", "quicktime"),
        ("v.ts", "libx264", "mp2", "mpegts"),
        ("v.mp4", "libx264", "ac3", "ac3"),
        ("v.webm", "libvpx", "libopus", None),
    ],
)
def test_what_browsers_play_is_seen_in_the_file(
    tmp_path: Path, name: str, codec: str, sound: str, why: str | None
) -> None:
    if codec == "libx264":
        path = write_sounding_video(tmp_path / name, codec=sound, rate=48_000)
    else:
        path = write_varying(tmp_path / name, VARYING, codec=codec)
    unplayable = scan_video(parts_in(path)).unplayable
    assert unplayable is None if why is None else why in (unplayable or "")


def test_the_table_has_the_frames_that_are_decoded(tmp_path: Path) -> None:
    """With B-frames, whose packets come in another order."""
    path = write_recording(tmp_path / "a.mkv", 75)
    facts = probe(str(path))
    with av.open(str(path)) as container:
        decoded = [float(frame.time or 0) - facts.origin_s for frame in container.decode(video=0)]
    assert times_of(scan_video(parts_in(path)).table)[:-1] == pytest.approx(decoded, abs=1e-6)


def test_nothing_to_show_is_said(tmp_path: Path) -> None:
    parts = parts_in(write_recording(tmp_path / "a.mkv", 75))
    empty = [ClipPart(recording=parts[0].recording, start_s=50.0, end_s=51.0)]
    with pytest.raises(BadInput, match="can be shown"):
        made_of(empty)


def test_it_is_made_in_a_child_within_bounds(tmp_path: Path) -> None:
    working: LimitedWork[ProxyPiece, Any] = LimitedWork(
        make_proxy, parts_in(write_recording(tmp_path / "a.ts", 75)), within=IngestSettings().decoding
    )
    last, first = working.result()
    assert bytes(first[:4]) == b"\x1a\x45\xdf\xa3"
    assert len(last) == 0
