"""Clips show what a player shows: upright, in proportion, in plain colours, whatever the video is made in."""

from __future__ import annotations

import io
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from chassis.video.geometry import Orientation
from services.ingest.video.clips import cut_clip
from services.ingest.video.probing import probe
from tests.support.recordings import BT2020, HLG, PQ, Pixels, Recording, join_recordings, write_recording
from tests.unit.detector.clips import scene

PICTURES = [scene(3, width=256, height=144)] * 50
TEN_BIT = Recording(codec="libx265", pixel_format="yuv420p10le")

KINDS = {
    "plain": Recording(),
    "mirrored": Recording(orientation=Orientation(True, 0)),
    "transposed": Recording(orientation=Orientation(True, 1)),
    "on its side": Recording(orientation=Orientation(False, 3)),
    "wide pixels": Recording(pixel_aspect=Fraction(64, 45)),
    "interlaced": Recording(options={"x264-params": "tff=1"}, interlaced=True),
    "grey": Recording(pixel_format="gray"),
    "alpha": Recording(codec="qtrle", suffix=".mov", pixel_format="argb"),
    "bt2020": replace(TEN_BIT, colours=BT2020),
    "hdr10": replace(TEN_BIT, colours=PQ),
    "hlg": replace(TEN_BIT, colours=HLG),
}


def clip_of(path: Path) -> list[Pixels]:
    facts = probe(str(path))
    data = cut_clip(
        str(path), stream_index=facts.stream_index, origin_s=facts.origin_s, start_s=0.0, end_s=facts.duration_s
    )
    with av.open(io.BytesIO(data)) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.color_trc, stream.codec_context.color_primaries) == (1, 1)
        return [np.asarray(frame.to_ndarray(format="rgb24"), dtype=np.uint8) for frame in container.decode(stream)]


@pytest.mark.parametrize("kind", KINDS)
def test_a_clip_shows_the_picture_as_it_was(tmp_path: Path, kind: str) -> None:
    recording = KINDS[kind]
    shown = clip_of(write_recording(tmp_path / f"a{recording.suffix}", PICTURES, recording))
    picture = PICTURES[0]
    if recording.pixel_format == "gray":
        picture = np.repeat(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)[..., None], 3, 2)
    assert len(shown) == (25 if recording.interlaced else 50)
    for frame in (shown[0], shown[-1]):
        assert np.abs(np.subtract(frame.shape, picture.shape)).max() <= 2
        assert np.abs(cv2.resize(frame, (256, 144)).astype(int) - picture).mean() < 16


def test_a_clip_keeps_its_size_when_the_video_changes_its_proportions(tmp_path: Path) -> None:
    upright = [scene(4, width=144, height=256)] * 25
    parts = (
        write_recording(tmp_path / "a.ts", PICTURES[:25], Recording(suffix=".ts")),
        write_recording(tmp_path / "b.ts", upright, Recording(suffix=".ts")),
    )
    shown = clip_of(join_recordings(tmp_path / "c.ts", parts, every_s=1.0))
    assert {frame.shape for frame in shown} == {(144, 256, 3)} and len(shown) == 50
    last = shown[-1]
    assert last[:, :80].max() < 20 and last[:, -80:].max() < 20
    expected = cv2.resize(upright[0], (81, 144), interpolation=cv2.INTER_AREA).astype(int)
    assert np.abs(last[:, 87 : 87 + 81].astype(int) - expected).mean() < 16
