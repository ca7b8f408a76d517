"""The detector sees the same pictures at the same times in every container, codec, geometry, colour and clock."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import product
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from av.video.reformatter import ColorPrimaries, Colorspace, ColorTrc

from chassis.video.geometry import Orientation
from services.detector.reading.decoding import Damage, DecodedFrame, decode_segment
from services.ingest.video.probing import VideoFacts, probe
from tests.support.recordings import (
    BT601,
    BT2020,
    FULL_RANGE,
    HLG,
    PQ,
    Colours,
    Pixels,
    Recording,
    write_recording,
)
from tests.unit.detector.clips import scene

SIZE = (192, 108)
"""Width and height as shown."""

WIDE = Fraction(64, 45)
NARROW = Fraction(8, 9)

CONTAINERS = {
    "h264": ("libx264", (".mp4", ".mov", ".mkv", ".ts", ".flv", ".avi")),
    "hevc": ("libx265", (".mp4", ".mkv", ".ts")),
    "vp8": ("libvpx", (".webm",)),
    "vp9": ("libvpx-vp9", (".webm", ".mp4")),
    "av1": ("libsvtav1", (".mkv",)),
    "mpeg2": ("mpeg2video", (".mpg", ".ts", ".mkv", ".mxf")),
    "mpeg4": ("mpeg4", (".avi", ".mp4")),
    "mjpeg": ("mjpeg", (".avi", ".mov")),
    "prores": ("prores_ks", (".mov",)),
}

ORIENTATIONS = {
    f"{'mirrored-' * mirrored}{90 * turns}": Orientation(mirrored, turns)
    for mirrored, turns in product((False, True), range(4))
}

CLOCKS = {
    "25": Recording(),
    "23.976": Recording(rate=Fraction(24000, 1001)),
    "59.94": Recording(rate=Fraction(60000, 1001)),
    "fine-clock": Recording(clock=Fraction(1, 90_000)),
    "late-start": Recording(clock=Fraction(1, 12_800), start_s=7.2),
}

PIXELS = {
    "4:0:0": Recording(pixel_format="gray"),
    "4:2:2": Recording(pixel_format="yuv422p"),
    "4:4:4": Recording(pixel_format="yuv444p"),
    "10-bit": Recording(pixel_format="yuv420p10le"),
    "12-bit": Recording(codec="libx265", pixel_format="yuv420p12le"),
    "12-bit-4:4:4": Recording(codec="libx265", pixel_format="yuv444p12le"),
    "rgb": Recording(codec="libx264rgb", suffix=".mkv", pixel_format="rgb24", options={"crf": "4", "threads": "1"}),
    "alpha-prores": Recording(codec="prores_ks", suffix=".mov", pixel_format="yuva444p10le"),
    "alpha-qtrle": Recording(codec="qtrle", suffix=".mov", pixel_format="argb"),
    "alpha-vp9": Recording(codec="libvpx-vp9", suffix=".webm", pixel_format="yuva420p"),
    "alpha-png": Recording(codec="png", suffix=".mov", pixel_format="rgba"),
}

COLOURS = {
    "bt601": Recording(colours=BT601),
    "bt601-unnamed": Recording(colours=replace(BT601, unnamed=True)),
    "bt709-full-range": Recording(colours=FULL_RANGE),
    "smpte240m": Recording(colours=Colours(matrix=Colorspace.SMPTE240M, primaries=ColorPrimaries.SMPTE240M)),
    "jpeg": Recording(suffix=".avi", codec="mjpeg", pixel_format="yuvj420p", colours=replace(BT601, full_range=True)),
    "bt2020-10-bit": Recording(codec="libx265", pixel_format="yuv420p10le", colours=BT2020),
    "hdr10": Recording(codec="libx265", pixel_format="yuv420p10le", colours=PQ),
    "hdr10-full-range": Recording(codec="libx265", pixel_format="yuv420p10le", colours=replace(PQ, full_range=True)),
    "hdr10-12-bit": Recording(codec="libx265", pixel_format="yuv420p12le", colours=PQ),
    "hdr10-in-bt709": Recording(
        codec="libx265", pixel_format="yuv420p10le", colours=Colours(transfer=ColorTrc.SMPTE2084)
    ),
    "hlg": Recording(codec="libx265", pixel_format="yuv420p10le", colours=HLG),
    "hlg-av1": Recording(codec="libsvtav1", suffix=".mkv", pixel_format="yuv420p10le", colours=HLG),
    "hdr10-in-h264": Recording(suffix=".mkv", pixel_format="yuv420p10le", colours=PQ),
}

GEOMETRIES = {
    "h264-mp4": Recording(orientation=Orientation(True, 1), pixel_aspect=WIDE),
    "h264-ts": Recording(suffix=".ts", pixel_aspect=WIDE),
    "h264-mkv": Recording(suffix=".mkv", pixel_aspect=WIDE),
    "mpeg2-ts": Recording(suffix=".ts", codec="mpeg2video", pixel_aspect=Fraction(4, 3)),
    "mpeg2-mpg": Recording(suffix=".mpg", codec="mpeg2video", pixel_aspect=Fraction(4, 3)),
    "mpeg4-avi": Recording(suffix=".avi", codec="mpeg4", pixel_aspect=Fraction(4, 3)),
    "hevc-mov": Recording(suffix=".mov", codec="libx265", pixel_aspect=NARROW, orientation=Orientation(False, 3)),
    "hevc-mkv": Recording(suffix=".mkv", codec="libx265", pixel_aspect=WIDE),
    "prores-mov": Recording(
        suffix=".mov",
        codec="prores_ks",
        pixel_format="yuv422p10le",
        pixel_aspect=NARROW,
        orientation=Orientation(True, 2),
    ),
}


def recordings() -> dict[str, Recording]:
    """All kinds: containers and codecs, ways to lie, clocks, pixel formats, colours, and mixtures."""
    kinds: dict[str, Recording] = {}
    for name, (codec, suffixes) in CONTAINERS.items():
        pixel_format = {"mjpeg": "yuvj420p", "prores_ks": "yuv422p10le"}.get(codec, "yuv420p")
        for suffix in suffixes:
            kinds[f"{name}{suffix}"] = Recording(codec=codec, suffix=suffix, pixel_format=pixel_format)
    for name, orientation in ORIENTATIONS.items():
        kinds[f"lying-{name}.mp4"] = Recording(orientation=orientation)
        kinds[f"lying-{name}.mov"] = Recording(
            suffix=".mov", codec="libx265", orientation=orientation, pixel_aspect=WIDE
        )
    kinds |= {f"clock-{name}": recording for name, recording in CLOCKS.items()}
    kinds |= {f"clock-{name}.mkv": replace(recording, suffix=".mkv") for name, recording in CLOCKS.items()}
    kinds |= {f"pixels-{name}": recording for name, recording in PIXELS.items()}
    kinds |= {f"colours-{name}": recording for name, recording in COLOURS.items()}
    kinds |= {f"geometry-{name}": recording for name, recording in GEOMETRIES.items()}
    return kinds


RECORDINGS = recordings()
FRAMES = 6
PICTURES = [scene(3 + number // 3, width=SIZE[0], height=SIZE[1]) for number in range(FRAMES)]


def decoded(path: Path, facts: VideoFacts) -> list[DecodedFrame]:
    return list(
        decode_segment(
            str(path),
            stream_index=facts.stream_index,
            origin_s=facts.origin_s,
            start_s=0.0,
            end_s=1e6,
            lookahead_s=0.0,
            damage=Damage(),
        )
    )


def difference(frame: DecodedFrame, picture: Pixels) -> float:
    """Mean difference of colours, 0..255; infinite when the sizes differ by more than a pixel."""
    shown = frame.pixels(long_side=4000)
    if np.abs(np.subtract(shown.shape, picture.shape)).max() > 1:
        return float("inf")
    height, width = picture.shape[:2]
    return float(np.abs(cv2.resize(shown, (width, height)).astype(int) - picture).mean())


def test_there_are_enough_kinds() -> None:
    assert len(RECORDINGS) >= 60


@pytest.mark.parametrize("name", RECORDINGS)
def test_pictures_and_times_are_those_that_were_recorded(tmp_path: Path, name: str) -> None:
    recording = RECORDINGS[name]
    if recording.codec not in av.codecs_available:
        pytest.skip(f"no encoder {recording.codec} here")
    path = write_recording(tmp_path / f"v{recording.suffix}", PICTURES, recording)
    facts = probe(str(path))
    frames = decoded(path, facts)
    assert (facts.width, facts.height) == pytest.approx(SIZE, abs=1)
    assert [frame.ts_s for frame in frames] == pytest.approx(
        [float(number / recording.rate) for number in range(FRAMES)], abs=0.001
    )
    grey = [np.repeat(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)[..., None], 3, 2) for picture in PICTURES]
    expected = grey if recording.pixel_format == "gray" else PICTURES
    assert max(difference(frame, picture) for frame, picture in zip(frames, expected, strict=True)) < 14
