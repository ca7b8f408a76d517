"""Everything people upload that is no plain episode: what it is, and what they must be told. Used by event and by CLI."""

from __future__ import annotations

import gzip
import io
import wave
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import av
import cv2
import numpy as np

from chassis.settings import DecodingLimits
from chassis.video.limited import LimitedWork
from tests.support import hostile_videos
from tests.unit.detector.clips import scene, write_video

SIXTEEN_HOURS_S = 16 * 3600.0
PICTURES = [scene(number // 25) for number in range(50)]

ENCODER = DecodingLimits(memory_mib=6000, cpu_s=300)

Make = Callable[[Path], Path]
"""Writes the file into a folder and returns it."""


@dataclass(frozen=True, kw_only=True)
class Refused:
    """A file that is no episode; `codes` as a regular expression."""

    name: str
    make: Make
    codes: str


@dataclass(frozen=True, kw_only=True)
class Taken:
    """A file that only looks strange. `problem`: words of what is said about it; `size` and `duration_s` as planned."""

    name: str
    make: Make
    size: tuple[int, int] = (320, 180)
    duration_s: float | None = 2.0
    problem: str | None = None


def content(data: bytes, name: str = "v.mp4") -> Make:
    def make(folder: Path) -> Path:
        path = folder / name
        path.write_bytes(data)
        return path

    return make


def video(name: str = "v.mp4", *, pictures: int = 50, **options: object) -> Make:
    def make(folder: Path) -> Path:
        return write_video(folder / name, PICTURES[:pictures], **options)  # type: ignore[arg-type]

    return make


def changed(make_whole: Make, change: Callable[[bytes], bytes]) -> Make:
    def make(folder: Path) -> Path:
        path = make_whole(folder)
        path.write_bytes(change(path.read_bytes()))
        return path

    return make


def _in_child(make: Make, name: str) -> Make:
    """An encoder of huge pictures takes gigabytes, which the tests' own process would keep."""

    def in_child(folder: Path) -> Path:
        working: LimitedWork[object, Path] = LimitedWork(make, folder / name, within=ENCODER)
        return working.result()

    return in_child


def _sound(name: str, *, cover: bool = False) -> Make:
    def make(folder: Path) -> Path:
        with av.open(str(folder / name), "w") as container:
            sound = container.add_stream("aac", rate=44100)
            picture = container.add_stream("png", rate=1) if cover else None
            if picture is not None:
                picture.width, picture.height, picture.pix_fmt = 32, 32, "rgb24"
                picture.disposition = av.stream.Disposition.attached_pic
                black = np.zeros((32, 32, 3), np.uint8)
                container.mux(picture.encode(av.VideoFrame.from_ndarray(black, format="rgb24")))
            for number in range(20):
                frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
                frame.sample_rate, frame.pts = 44100, 1024 * number
                container.mux(sound.encode(frame))
            container.mux(sound.encode())
        return folder / name

    return make


def _silence() -> bytes:
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(bytes(16000))
    return buffer.getvalue()


def _archive() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as zipped:
        zipped.writestr("video.mp4", b"no")
    return buffer.getvalue()


def _picture(suffix: str) -> bytes:
    return bytes(cv2.imencode(suffix, np.full((64, 64, 3), 127, dtype=np.uint8))[1])


def _without_pictures(folder: Path) -> Path:
    path = folder / "v.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
        container.start_encoding()
    return path


def _two_streams(folder: Path) -> Path:
    path = folder / "v.mkv"
    with av.open(str(path), "w") as container:
        streams = [container.add_stream("libx264", rate=25, options={"threads": "1"}) for _ in range(2)]
        for stream, (width, height) in zip(streams, ((160, 90), (320, 180)), strict=True):
            stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for picture in PICTURES:
            for stream in streams:
                frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
                container.mux(stream.encode(frame.reformat(width=stream.width, height=stream.height, format="yuv420p")))
        for stream in streams:
            container.mux(stream.encode())
    return path


def _remuxed(suffix: str, options: dict[str, str]) -> Make:
    """The same packets in another kind of file."""

    def make(folder: Path) -> Path:
        target = folder / f"again{suffix}"
        with (
            av.open(str(video()(folder))) as source,
            av.open(str(target), "w", options=options) as written,
        ):
            stream = written.add_stream_from_template(source.streams.video[0])
            for packet in source.demux(video=0):
                if packet.dts is not None:
                    packet.stream = stream
                    written.mux(packet)
        return target

    return make


def _wide(width: int, height: int, *, pixel_format: str = "yuv420p") -> Make:
    def make(folder: Path) -> Path:
        return write_video(folder / "v.mp4", [scene(1, width=width, height=height)], pixel_format=pixel_format)

    return make


def _lasting(seconds: float) -> Make:
    """A picture, and two more at the end of so long a time."""
    return video(pictures=3, times_s=[0.0, seconds - 0.08, seconds - 0.04])


def _half(data: bytes) -> bytes:
    return data[: len(data) // 2]


def _hole(data: bytes) -> bytes:
    middle, length = len(data) // 2, len(data) // 5
    return data[:middle] + bytes(length) + data[middle + length :]


REFUSED: tuple[Refused, ...] = (
    Refused(
        name="huge-pictures",
        make=_in_child(hostile_videos.huge_pictures, "v.mp4"),
        codes="too_large_picture",
    ),
    Refused(name="empty", make=content(b""), codes="empty_file"),
    Refused(name="one-byte", make=content(b"x"), codes="not_a_video"),
    Refused(name="text", make=content(b"this is not a video\n" * 500), codes="not_a_video"),
    Refused(name="html", make=content(b"<!doctype html><html><body>404</body></html>" * 50), codes="not_a_video"),
    Refused(name="json", make=content(b'{"error": "expired"}'), codes="not_a_video"),
    Refused(name="zip", make=content(_archive()), codes="not_a_video"),
    Refused(name="gzip", make=content(gzip.compress(b"video" * 1000)), codes="not_a_video"),
    Refused(name="pdf", make=content(b"%PDF-1.7\n" + bytes(2000)), codes="not_a_video"),
    Refused(name="program", make=content(b"\x7fELF\x02\x01\x01" + bytes(5000)), codes="not_a_video"),
    Refused(name="random", make=content(np.random.default_rng(1).bytes(50_000)), codes="not_a_video"),
    Refused(name="zeros", make=content(bytes(100_000)), codes="not_a_video"),
    Refused(name="picture-jpg", make=content(_picture(".jpg")), codes="not_a_video"),
    Refused(name="picture-png", make=content(_picture(".png")), codes="not_a_video"),
    Refused(name="picture-webp", make=content(_picture(".webp")), codes="not_a_video"),
    Refused(name="playlist", make=content(b"#EXTM3U\n#EXTINF:10,\nhttp://127.0.0.1/x.ts\n"), codes="not_a_video"),
    Refused(name="concat-script", make=content(b"ffconcat version 1.0\nfile /etc/passwd\n"), codes="not_a_video"),
    Refused(
        name="manifest",
        make=content(b"<?xml version='1.0'?><MPD><BaseURL>file:///etc/</BaseURL></MPD>"),
        codes="not_a_video",
    ),
    Refused(name="subtitles", make=content(b"1\n00:00:00,000 --> 00:00:01,000\nHello\n\n" * 50), codes="not_a_video"),
    Refused(name="sound-wav", make=content(_silence()), codes="no_video_stream"),
    Refused(name="sound-mp4", make=_sound("v.mp4"), codes="no_video_stream"),
    Refused(name="sound-with-cover", make=_sound("v.mp4", cover=True), codes="no_video_stream"),
    Refused(name="half", make=changed(video(), _half), codes="truncated_video"),
    Refused(name="head-only", make=changed(video(), lambda data: data[:40]), codes="truncated_video"),
    Refused(
        name="matroska-head",
        make=changed(video("v.mkv"), lambda data: data[:60]),
        codes="truncated_video|not_a_video|no_video_stream|unreadable",
    ),
    Refused(
        name="no-pictures", make=_without_pictures, codes="unreadable|zero_duration|no_video_stream|truncated_video"
    ),
    Refused(
        name="unknown-codec",
        make=changed(video(), lambda data: data.replace(b"avc1", b"zzz9")),
        codes="unsupported_codec",
    ),
    Refused(name="over-16-hours", make=_lasting(SIXTEEN_HOURS_S + 1), codes="too_long"),
    Refused(name="over-8k", make=_wide(8256, 64), codes="too_large_picture"),
)

TAKEN: tuple[Taken, ...] = (
    Taken(name="plain", make=video()),
    Taken(name="one-frame", make=video(pictures=1), duration_s=0.04),
    Taken(name="sixteen-hours", make=_lasting(SIXTEEN_HOURS_S), duration_s=SIXTEEN_HOURS_S),
    Taken(name="8k", make=_wide(7680, 4320), size=(7680, 4320), duration_s=None),
    Taken(name="tiny", make=_wide(34, 34), size=(34, 34), duration_s=None),
    Taken(name="odd-sizes", make=_wide(321, 181, pixel_format="yuv444p"), size=(321, 181), duration_s=None),
    Taken(name="rotated", make=video(rotation=90), size=(180, 320)),
    Taken(name="upside-down", make=video(rotation=180)),
    Taken(name="variable-rate", make=video("v.mkv", pictures=5, times_s=[0.0, 0.04, 0.5, 0.54, 1.9]), duration_s=None),
    Taken(name="late-start", make=video("v.mkv", start_s=30.0)),
    Taken(name="hdr-10-bit", make=video(pixel_format="yuv420p10le")),
    Taken(
        name="hevc-10-bit",
        make=video(codec="libx265", pixel_format="yuv420p10le", options={"x265-params": "log-level=none"}),
    ),
    Taken(name="interlaced", make=video(options={"preset": "ultrafast", "flags": "+ildct+ilme"})),
    Taken(name="several-streams", make=_two_streams, problem="2 video streams"),
    Taken(name="matroska-without-index", make=_remuxed(".mkv", {"live": "1"})),
    Taken(name="fragmented", make=_remuxed(".mp4", {"movflags": "frag_keyframe+empty_moov"})),
    Taken(name="transport-stream", make=_remuxed(".ts", {})),
    Taken(name="avi", make=video("v.avi", codec="mpeg4", options={"threads": "1"})),
    Taken(name="wrong-suffix", make=lambda folder: video("v.mkv")(folder).rename(folder / "v.mp4")),
    Taken(
        name="cut-off-after-its-index",
        make=changed(_remuxed(".mp4", {"movflags": "faststart"}), lambda data: data[: len(data) * 7 // 10]),
        duration_s=None,
        problem="cut off",
    ),
    Taken(name="damaged-in-the-middle", make=changed(video(), _hole)),
    Taken(name="Ünï cödé – épisode 1", make=video("Ünï cödé – épisode 1.mp4")),
    Taken(name="path-tricks", make=video("..%2F..%2Fetc%2Fpasswd.mp4")),
    Taken(name="shell-tricks", make=video("$(reboot); `x` 'a' \"b\".mp4")),
)
