from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import av
import numpy as np
import pytest

from chassis.errors import DependencyUnavailable
from services.detector.reading.decoding import Damage, decode_segment
from services.ingest.video.probing import BadVideo, IngestLimits, probe
from tests.support.field_videos import join, write_recording
from tests.unit.detector.clips import scene, write_video

PICTURES = [scene(number // 25) for number in range(60)]


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_video(
        tmp_path_factory.mktemp("video") / "a.mp4",
        PICTURES,
        options={"preset": "ultrafast", "x264-params": "keyint=20:scenecut=0:bframes=2:threads=1"},
    )


def write_sound(path: Path, *, picture: bool = False) -> Path:
    """A second of silence, with a cover picture if wanted."""
    with av.open(str(path), "w") as container:
        sound = container.add_stream("aac", rate=44100)
        cover = container.add_stream("png", rate=1) if picture else None
        if cover is not None:
            cover.width, cover.height, cover.pix_fmt = 32, 32, "rgb24"
            cover.disposition = av.stream.Disposition.attached_pic
            container.mux(cover.encode(av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8), format="rgb24")))
        for number in range(43):
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
            frame.sample_rate, frame.pts = 44100, 1024 * number
            container.mux(sound.encode(frame))
        container.mux(sound.encode())
    return path


def code_of(path: Path, limits: IngestLimits | None = None) -> str:
    with pytest.raises(BadVideo) as caught:
        probe(str(path), limits=limits)
    assert caught.value.message.endswith(".")
    return caught.value.code


def test_facts_of_a_plain_video(video: Path) -> None:
    facts = probe(str(video))
    assert (facts.codec, facts.width, facts.height, facts.frames) == ("h264", 320, 180, 60)
    assert facts.fps == pytest.approx(25)
    assert facts.duration_s == pytest.approx(2.4)
    assert facts.keyframes_s == pytest.approx((0.0, 0.8, 1.6))
    assert facts.problems == ()


@pytest.mark.parametrize("suffix", ["mkv", "ts", "mov", "mp4"])
def test_time_begins_with_the_first_frame_in_every_container(tmp_path: Path, suffix: str) -> None:
    path = write_video(
        tmp_path / f"a.{suffix}",
        PICTURES,
        options={"preset": "ultrafast", "x264-params": "keyint=20:scenecut=0:bframes=2:threads=1"},
        start_s=3.0,
    )
    facts = probe(str(path))
    assert facts.duration_s == pytest.approx(2.4, abs=0.002)
    assert facts.keyframes_s == pytest.approx((0.0, 0.8, 1.6), abs=0.002)


def test_one_frame_is_a_video(tmp_path: Path) -> None:
    facts = probe(str(write_video(tmp_path / "a.mp4", [scene(1)])))
    assert facts.duration_s > 0
    assert facts.keyframes_s == (0.0,)


def test_the_largest_picture_is_chosen_and_said(tmp_path: Path) -> None:
    path = tmp_path / "a.mkv"
    with av.open(str(path), "w") as container:
        streams = [container.add_stream("libx264", rate=25, options={"threads": "1"}) for _ in range(2)]
        for stream, side in zip(streams, (64, 128), strict=True):
            stream.width = stream.height = side
            stream.pix_fmt = "yuv420p"
        for stream in streams:
            for _ in range(10):
                black = np.zeros((stream.height, stream.width, 3), np.uint8)
                container.mux(stream.encode(av.VideoFrame.from_ndarray(black, format="rgb24")))
            container.mux(stream.encode())
    facts = probe(str(path))
    assert (facts.stream_index, facts.width) == (1, 128)
    assert "2 video streams" in facts.problems[0]


def test_empty_file(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.touch()
    assert code_of(path) == "empty_file"


@pytest.mark.parametrize(
    "content",
    [
        b"this is not a video at all, only text\n" * 20,
        b"#EXTM3U\n#EXTINF:10,\nfile:///etc/passwd\n",
        b"ffconcat version 1.0\nfile '/etc/passwd'\n",
        bytes(5000),
    ],
)
def test_something_else_renamed_is_not_a_video(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(content)
    assert code_of(path) == "not_a_video"


def test_missing_index_is_an_incomplete_file(tmp_path: Path, video: Path) -> None:
    path = tmp_path / "a.mp4"
    data = video.read_bytes()
    path.write_bytes(data[: data.rindex(b"moov") - 4])
    assert code_of(path) == "truncated_video"


def test_file_cut_off_after_its_index_is_read_as_far_as_it_goes(tmp_path: Path, video: Path) -> None:
    whole = tmp_path / "whole.mp4"
    with av.open(str(video)) as source, av.open(str(whole), "w", options={"movflags": "faststart"}) as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                target.mux(packet)
    path = tmp_path / "a.mp4"
    data = whole.read_bytes()
    path.write_bytes(data[: int(len(data) * 0.7)])
    facts = probe(str(path))
    assert 0.4 < facts.duration_s < 2.3
    assert facts.problems == (
        f"The file is cut off: {facts.duration_s:.1f} s of about 2 s are there, and only they are analysed.",
    )


@pytest.mark.parametrize("picture", [False, True])
def test_sound_alone_is_no_video_even_with_a_cover(tmp_path: Path, picture: bool) -> None:
    assert code_of(write_sound(tmp_path / "a.mp4", picture=picture)) == "no_video_stream"


def test_bounds_of_length_and_size(video: Path) -> None:
    assert code_of(video, IngestLimits(longest_s=1.0)) == "too_long"
    assert code_of(video, IngestLimits(long_side=200)) == "too_large_picture"


def test_missing_file(tmp_path: Path) -> None:
    assert code_of(tmp_path / "nothing.mp4") == "video_missing"


class _Ranges(SimpleHTTPRequestHandler):
    """Serves files with byte ranges, quietly, and counts what it sends."""

    sent = 0

    def log_message(self, format: str, *args: object) -> None:
        del format, args

    def do_GET(self) -> None:
        path = Path(self.translate_path(self.path))
        if not path.is_file():
            self.send_error(404)
            return
        data = path.read_bytes()
        first, _, last = self.headers.get("Range", "bytes=0-").removeprefix("bytes=").partition("-")
        start, end = int(first), min(int(last or len(data) - 1), len(data) - 1)
        if start >= len(data):
            self.send_error(416)
            return
        self.send_response(206)
        self.send_header("Content-Range", f"bytes {start}-{end}/{len(data)}")
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Content-Length", str(end - start + 1))
        self.end_headers()
        self.wfile.write(data[start : end + 1])


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Ranges, directory=str(tmp_path))) as running:
        thread = threading.Thread(target=running.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{running.server_address[1]}"
        running.shutdown()
        thread.join()


def test_video_is_read_over_http_like_a_file(tmp_path: Path, video: Path, server: str) -> None:
    (tmp_path / "a b.mp4").write_bytes(video.read_bytes())
    assert probe(f"{server}/a%20b.mp4?X-Signature=x") == probe(str(video))


def test_joined_recordings_are_read_over_http_like_a_file(tmp_path: Path, server: str) -> None:
    recording = write_recording(tmp_path / "a.ts", 50)
    path = join(tmp_path / "joined.ts", recording, recording)
    facts = probe(f"{server}/joined.ts")
    assert facts == probe(str(path))
    assert len(facts.parts) == 2
    part = facts.parts[1]
    frames = decode_segment(
        f"{server}/joined.ts",
        stream_index=part.stream_index,
        origin_s=part.origin_s,
        start_s=part.start_s,
        end_s=part.end_s,
        lookahead_s=0.0,
        damage=Damage(),
        ranges=part.ranges,
    )
    assert len(list(frames)) == 50


def test_http_answers_become_codes(tmp_path: Path, server: str) -> None:
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "text.mp4").write_bytes(b"hello " * 100)
    for name, code in (("none.mp4", "video_missing"), ("empty.mp4", "empty_file"), ("text.mp4", "not_a_video")):
        with pytest.raises(BadVideo) as caught:
            probe(f"{server}/{name}")
        assert caught.value.code == code


def test_store_that_does_not_answer_is_a_dependency_away() -> None:
    with pytest.raises(DependencyUnavailable):
        probe("http://127.0.0.1:9/video.mp4")
