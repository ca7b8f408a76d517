"""What changes in the middle of a video, comes in two fields or lacks its beginning is seen right, picture by picture."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from av.bitstream import BitStreamFilterContext

from chassis.video.geometry import Orientation
from services.detector.reading.decoding import Damage, DecodedFrame, decode_segment
from services.ingest.video.probing import probe
from tests.support.recordings import PQ, Pixels, Recording, join_recordings, write_recording
from tests.unit.detector.clips import blend, scene
from tests.unit.detector.reading.test_recordings import difference

SIZE = (256, 144)
WIDE = Fraction(64, 45)
PICTURES = [scene(3 + number // 10, width=SIZE[0], height=SIZE[1]) for number in range(60)]
TS = Recording(suffix=".ts")
MPEG2 = Recording(suffix=".ts", codec="mpeg2video", options={"bf": "2"})


def decode(path: Path, *, start_s: float = 0.0, damage: Damage | None = None) -> list[DecodedFrame]:
    facts = probe(str(path))
    return list(
        decode_segment(
            str(path),
            stream_index=facts.stream_index,
            origin_s=facts.origin_s,
            start_s=start_s,
            end_s=1e6,
            lookahead_s=0.0,
            damage=damage or Damage(),
        )
    )


def larger(picture: Pixels, factor: float) -> Pixels:
    return np.asarray(cv2.resize(picture, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC), dtype=np.uint8)


CHANGES = {
    "aspect.ts": (TS, replace(TS, pixel_aspect=WIDE), 1.0),
    "aspect-back.ts": (replace(TS, pixel_aspect=WIDE), TS, 1.0),
    "aspect-of-mpeg2.ts": (replace(MPEG2, pixel_aspect=Fraction(4, 3)), MPEG2, 1.0),
    "aspect-of-mpeg2.mpg": (replace(MPEG2, pixel_aspect=Fraction(4, 3)), MPEG2, 1.0),
    "size.ts": (TS, TS, 1.5),
    "size-and-aspect.ts": (TS, replace(TS, pixel_aspect=WIDE), 1.5),
    "size-of-vp9.mkv": (Recording(codec="libvpx-vp9", suffix=".mkv"),) * 2 + (0.5,),
    "size-of-vp8.webm": (Recording(codec="libvpx", suffix=".webm"),) * 2 + (1.5,),
    "size-of-mpeg2.ts": (MPEG2, MPEG2, 2.0),
    "pixel-format.ts": (TS, replace(TS, pixel_format="yuv422p10le"), 1.0),
    "range.ts": (replace(TS, colours=PQ, pixel_format="yuv420p10le"), replace(TS, pixel_format="yuv420p10le"), 1.0),
}


@pytest.mark.parametrize("name", CHANGES)
@pytest.mark.parametrize("start", ["from the start", "from shortly before the change"])
def test_every_picture_has_its_own_proportions_size_and_colours(tmp_path: Path, name: str, start: str) -> None:
    first, second, factor = CHANGES[name]
    keys = {"x264-params": "keyint=10:min-keyint=10:scenecut=0"} if first.codec == "libx264" else {"g": "10"}
    parts = []
    for number, (recording, pictures) in enumerate(
        ((first, PICTURES[:30]), (second, [larger(picture, factor) for picture in PICTURES[30:]]))
    ):
        made = replace(recording, options={**recording.options, **keys})
        parts.append(write_recording(tmp_path / f"part{number}{first.suffix}", pictures, made))
    path = join_recordings(tmp_path / name, parts, every_s=30 / 25)
    frames = decode(path, start_s=0.0 if start == "from the start" else 0.8)
    expected = [larger(picture, factor) if number >= 30 else picture for number, picture in enumerate(PICTURES)]
    numbers = [round(frame.ts_s * 25) for frame in frames]
    assert numbers[-1] == 59 and len(numbers) >= (57 if start == "from the start" else 37)
    assert max(difference(frame, expected[number]) for frame, number in zip(frames, numbers, strict=True)) < 14


def turned_part(path: Path, options: str) -> Path:
    """A part whose codec says which way up it is to be shown."""
    with av.open(str(path)) as source, av.open(str(path.with_suffix(".turned.ts")), "w") as target:
        template = source.streams.video[0]
        stream = target.add_stream_from_template(template)
        filtering = BitStreamFilterContext(f"h264_metadata=display_orientation=insert:{options}", template, stream)
        for packet in (*(packet for packet in source.demux(template) if packet.dts is not None), None):
            for ready in filtering.filter(packet):
                ready.stream = stream
                target.mux(ready)
    return path.with_suffix(".turned.ts")


@pytest.mark.parametrize(
    ("options", "orientation"),
    [
        ("rotate=90", Orientation(False, 1)),
        ("rotate=180", Orientation(False, 2)),
        ("flip=horizontal", Orientation(True, 0)),
    ],
)
def test_a_picture_that_is_turned_in_the_middle_stays_upright(
    tmp_path: Path, options: str, orientation: Orientation
) -> None:
    upright = write_recording(tmp_path / "a.ts", PICTURES[:30], TS)
    lying = [np.ascontiguousarray(np.rot90(picture, -orientation.quarter_turns)) for picture in PICTURES[30:]]
    if orientation.mirrored:
        lying = [np.ascontiguousarray(picture[:, ::-1]) for picture in lying]
    turned = turned_part(write_recording(tmp_path / "b.ts", lying, TS), options)
    frames = decode(join_recordings(tmp_path / "c.ts", [upright, turned], every_s=30 / 25))
    assert len(frames) == 60
    assert max(difference(frame, picture) for frame, picture in zip(frames, PICTURES, strict=True)) < 14


INTERLACED = {
    "h264.mp4": Recording(options={"x264-params": "tff=1"}, interlaced=True),
    "h264-bottom-first.ts": Recording(suffix=".ts", options={"x264-params": "bff=1"}, interlaced=True),
    "h264-4:2:2.mov": Recording(
        suffix=".mov", options={"x264-params": "tff=1"}, pixel_format="yuv422p10le", interlaced=True
    ),
    "mpeg2.ts": Recording(suffix=".ts", codec="mpeg2video", options={"flags": "+ildct+ilme"}, interlaced=True),
    "mpeg2.mpg": Recording(suffix=".mpg", codec="mpeg2video", options={"flags": "+ildct+ilme"}, interlaced=True),
    "mpeg4.avi": Recording(suffix=".avi", codec="mpeg4", options={"flags": "+ildct+ilme"}, interlaced=True),
    "prores.mov": Recording(
        suffix=".mov", codec="prores_ks", pixel_format="yuv422p10le", options={"flags": "+ildct"}, interlaced=True
    ),
    "wide.ts": Recording(suffix=".ts", options={"x264-params": "tff=1"}, interlaced=True, pixel_aspect=WIDE),
    "lying.mp4": Recording(options={"x264-params": "tff=1"}, interlaced=True, orientation=Orientation(False, 2)),
}


def combs(picture: Pixels) -> float:
    """How much neighbouring rows differ more than rows two apart."""
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32)
    return float(np.abs(np.diff(grey, axis=0)).mean() - np.abs(grey[2:] - grey[:-2]).mean())


@pytest.mark.parametrize("name", INTERLACED)
def test_interlaced_pictures_have_no_combs_and_keep_their_times(tmp_path: Path, name: str) -> None:
    recording = INTERLACED[name]
    panorama = scene(5, width=640, height=SIZE[1], cells=(4, 40))
    fields = [np.ascontiguousarray(panorama[:, 6 * step : 6 * step + SIZE[0]]) for step in range(40)]
    path = write_recording(tmp_path / f"v{recording.suffix}", fields, recording)
    frames = decode(path)
    assert [frame.ts_s for frame in frames] == pytest.approx([number / 25 for number in range(20)], abs=0.001)
    assert all(frame.is_deinterlaced for frame in frames)
    for number, frame in enumerate(frames):
        shown = cv2.resize(frame.pixels(long_side=4000), SIZE)
        assert combs(shown) < 1.0
        assert min(np.abs(shown.astype(int) - fields[2 * number + field]).mean() for field in (0, 1)) < 17


def test_progressive_pictures_are_left_as_they_are(tmp_path: Path) -> None:
    frames = decode(write_recording(tmp_path / "v.ts", PICTURES[:20], TS))
    assert not any(frame.is_deinterlaced for frame in frames)


EXTENSION = b"\x00\x00\x01\xb5"
FIELD = Fraction(1001, 60_000)


def telecined(picture: bytes, *, three_fields: bool) -> bytes:
    """A coded picture flagged as whole but of an interlaced sequence, its first field repeated or not."""
    changed = bytearray(picture)
    places = [place for place in range(len(picture)) if picture.startswith(EXTENSION, place)]
    kinds = {picture[place + 4] >> 4: place for place in places}
    if 1 in kinds:
        changed[kinds[1] + 5] &= ~0x08  # not a progressive sequence
    changed[kinds[8] + 7] = changed[kinds[8] + 7] & ~0x02 | (0x02 if three_fields else 0)
    return bytes(changed)


def write_soft_telecine(path: Path, pictures: list[Pixels]) -> Path:
    """Film on DVD: MPEG-2 of 29.97 frames a second in which every other picture is shown for three fields, not two."""
    with av.open(str(path), "w") as container:
        rate = Fraction(30_000, 1001)
        stream = container.add_stream("mpeg2video", rate=rate, options={"q": "2", "b": "12M", "bf": "0"})
        stream.height, stream.width = pictures[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        for number, picture in enumerate([*pictures, None]):
            frame = None if picture is None else av.VideoFrame.from_ndarray(picture, format="rgb24")
            if frame is not None:
                frame.pts, frame.time_base = number, 1 / rate
            for encoded in stream.encode(frame):
                count = int(encoded.pts or 0) // int(encoded.time_base**-1 / rate)
                data = telecined(bytes(encoded), three_fields=count % 2 == 1)
                packet = av.Packet(data)
                packet.time_base = Fraction(1, 90_000)
                packet.pts = packet.dts = round((count * 5 // 2) * FIELD * 90_000)
                packet.stream, packet.is_keyframe = stream, encoded.is_keyframe
                container.mux(packet)
    return path


@pytest.mark.parametrize("suffix", [".mpg", ".ts", ".mkv"])
def test_soft_telecine_is_film_and_has_no_combs(tmp_path: Path, suffix: str) -> None:
    film = [np.ascontiguousarray(picture[:128]) for picture in PICTURES[:24]]  # interlaced sequences have rows by 32
    frames = decode(write_soft_telecine(tmp_path / f"a{suffix}", film))
    assert [frame.ts_s for frame in frames] == pytest.approx(
        [float((number * 5 // 2) * FIELD) for number in range(24)], abs=0.002
    )
    assert not any(frame.is_deinterlaced for frame in frames)
    assert max(difference(frame, picture) for frame, picture in zip(frames, film, strict=True)) < 14


def without_beginning(path: Path, packets: int) -> Path:
    target = path.with_name(f"cut{path.suffix}")
    with av.open(str(path)) as source, av.open(str(target), "w") as written:
        template = source.streams.video[0]
        stream = written.add_stream_from_template(template)
        for number, packet in enumerate(packet for packet in source.demux(template) if packet.dts is not None):
            if number >= packets:
                packet.stream = stream
                written.mux(packet)
    return target


X264 = "keyint=25:min-keyint=25:scenecut=0:bframes=3"
BEGINNINGS = {
    "h264-open.ts": replace(TS, options={"x264-params": f"{X264}:open-gop=1"}),
    "h264-refresh.ts": replace(TS, options={"x264-params": "keyint=25:intra-refresh=1:scenecut=0:bframes=0"}),
    "h264.mkv": replace(TS, suffix=".mkv", options={"x264-params": X264}),
    "hevc-open.ts": Recording(
        suffix=".ts",
        codec="libx265",
        options={"x265-params": "keyint=25:min-keyint=25:open-gop=1:bframes=3:scenecut=0:log-level=none"},
    ),
    "mpeg2.ts": replace(MPEG2, options={"g": "25", "bf": "2"}),
    "mpeg4.avi": Recording(suffix=".avi", codec="mpeg4", options={"g": "25", "bf": "2"}),
    "mpeg4.mkv": Recording(suffix=".mkv", codec="mpeg4", options={"g": "25"}),
    "wmv.asf": Recording(suffix=".asf", codec="wmv2", options={"g": "25", "b": "8M"}),
    "flv.flv": Recording(suffix=".flv", codec="flv", options={"g": "25", "b": "8M"}),
    "msmpeg4.avi": Recording(suffix=".avi", codec="msmpeg4", options={"g": "25", "b": "8M"}),
    "vp8.mkv": Recording(suffix=".mkv", codec="libvpx", options={"g": "25"}),
    "vp9.mkv": Recording(suffix=".mkv", codec="libvpx-vp9", options={"g": "25"}),
}


@pytest.mark.parametrize("name", BEGINNINGS)
def test_a_file_cut_in_the_middle_begins_with_its_first_whole_picture(tmp_path: Path, name: str) -> None:
    recording = BEGINNINGS[name]
    moving = [blend(scene(3), scene(4), number / 90) for number in range(90)]
    moving = [np.roll(picture, 3 * number, axis=1) for number, picture in enumerate(moving)]
    path = without_beginning(write_recording(tmp_path / f"v{recording.suffix}", moving, recording), 10)
    frames = decode(path)
    assert len(frames) >= 35
    small = np.stack([cv2.resize(picture, (64, 36), interpolation=cv2.INTER_AREA) for picture in moving]).astype(int)
    for frame in frames:
        shown = cv2.resize(frame.pixels(long_side=4000), (64, 36), interpolation=cv2.INTER_AREA)
        assert np.abs(small - shown).mean(axis=(1, 2, 3)).min() < 14
