"""Both eyes of a 3D film in one picture, squeezed, are shown in their proportions; no other picture is stretched."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest

from chassis.video.reading import Recording
from services.detector.reading.decoding import Damage, decode_segment
from services.ingest.video.clips import ClipPart, cut_parts
from services.ingest.video.eyes import declared_layout, halves, likeness
from services.ingest.video.facts import VideoFacts
from services.ingest.video.probing import probe
from tests.support import recordings
from tests.support.recordings import Pixels, write_recording
from tests.support.split_screens import full_over_under, mirrored, over_under, split_screen, squeezed_eyes, two_eyes
from tests.unit.detector.clips import scene

EYES = [scene(seed, width=320, height=180, cells=(18, 32)) for seed in (3, 4)]
BLACK = np.zeros_like(EYES[0])
PACKINGS = {"side by side": "frame-packing=3", "one above the other": "frame-packing=4"}


def wide_film(frame: Pixels, _before: Pixels | None) -> Pixels:
    """A film 2.4 wide with bars above and below, both eyes squeezed side by side."""
    frame[:22], frame[-22:] = 0, 0
    return squeezed_eyes(frame, None)


def written(path: Path, arranged: Callable[[Pixels, None], Pixels], options: str = "") -> Path:
    """Ten pictures of black, then of two scenes, arranged."""
    pictures = [np.ascontiguousarray(arranged(eye.copy(), None)) for eye in (BLACK, *EYES) for _ in range(10)]
    recording = recordings.Recording(
        suffix=path.suffix, options={"x264-params": f"keyint=10:scenecut=0:{options}".rstrip(":")}
    )
    return write_recording(path, pictures, recording)


def shown(path: Path, facts: VideoFacts) -> Pixels:
    """The last picture as the detector sees it."""
    *_, last = decode_segment(
        str(path),
        stream_index=facts.stream_index,
        origin_s=facts.origin_s,
        start_s=0.0,
        end_s=1e6,
        lookahead_s=0.0,
        damage=Damage(),
        pixel_stretch=facts.pixel_stretch,
    )
    return last.pixels(long_side=1000)


@pytest.mark.parametrize(
    ("arranged", "size"), [(squeezed_eyes, (640, 180)), (over_under, (160, 180)), (wide_film, (640, 180))]
)
def test_squeezed_eyes_are_brought_to_their_proportions(
    tmp_path: Path, arranged: Callable[[Pixels, None], Pixels], size: tuple[int, int]
) -> None:
    path = written(tmp_path / "a.mp4", arranged)
    facts = probe(str(path))
    assert (facts.width, facts.height) == size
    assert [warning.code for warning in facts.warnings] == ["eyes_squeezed"]
    analysed = shown(path, facts)
    assert analysed.shape == (size[1], size[0], 3)
    eye = EYES[-1].copy()
    if arranged is wide_film:
        eye[:22], eye[-22:] = 0, 0
    first = analysed[
        : size[1] // (2 if arranged is over_under else 1), : size[0] // (1 if arranged is over_under else 2)
    ]
    expected = cv2.resize(eye, (first.shape[1], first.shape[0]), interpolation=cv2.INTER_AREA)
    assert np.abs(first.astype(int) - expected).mean() < 16
    recording = Recording(url=str(path), stream_index=0, origin_s=facts.origin_s, pixel_stretch=facts.pixel_stretch)
    with av.open(io.BytesIO(cut_parts([ClipPart(recording=recording, start_s=0.9, end_s=1.1)]))) as clip:
        assert (clip.streams.video[0].width, clip.streams.video[0].height) == size


@pytest.mark.parametrize("arranged", [two_eyes, full_over_under, split_screen, mirrored, lambda eye, _before: eye])
def test_what_is_in_proportion_is_not_stretched(tmp_path: Path, arranged: Any) -> None:
    facts = probe(str(written(tmp_path / "a.mp4", arranged)))
    assert (facts.pixel_stretch, facts.warnings) == (1.0, ())


@pytest.mark.parametrize("suffix", [".mkv", ".ts"])
@pytest.mark.parametrize(("layout", "packing"), PACKINGS.items())
def test_eyes_that_differ_much_are_believed_where_the_file_says_so(
    tmp_path: Path, suffix: str, layout: str, packing: str
) -> None:
    noise = np.random.default_rng(1).normal(0, 1, (2, *EYES[0].shape[:2]))

    def differing(eye: Pixels, _before: None) -> Pixels:
        if not eye.any():
            return eye
        one, other = (
            np.clip(eye + 220.0 * cv2.GaussianBlur(n, (0, 0), 2)[..., None], 0, 255).astype(np.uint8) for n in noise
        )
        if layout == "side by side":
            return np.hstack([cv2.resize(half, (160, 180)) for half in (one, other)]).astype(np.uint8)
        return np.vstack([cv2.resize(half, (320, 90)) for half in (one, other)]).astype(np.uint8)

    undeclared = probe(str(written(tmp_path / f"a{suffix}", differing)))
    declared = probe(str(written(tmp_path / f"b{suffix}", differing, packing)))
    assert undeclared.pixel_stretch == 1.0
    assert declared.pixel_stretch == (2.0 if layout == "side by side" else 0.5)


@pytest.mark.parametrize(("mode", "layout"), [("left_right", "side by side"), ("bottom_top", "one above the other")])
def test_what_a_matroska_file_says_of_its_eyes_is_read(tmp_path: Path, mode: str, layout: str) -> None:
    source = written(tmp_path / "a.mp4", two_eyes)
    with av.open(str(source)) as read, av.open(str(tmp_path / "a.mkv"), "w") as made:
        stream: Any = made.add_stream_from_template(read.streams.video[0])
        stream.metadata["stereo_mode"] = mode
        for packet in read.demux(read.streams.video[0]):
            if packet.dts is not None:
                packet.stream = stream
                made.mux(packet)
    with av.open(str(tmp_path / "a.mkv")) as container:
        assert declared_layout(next(container.decode(video=0))) == layout


def test_a_declaration_that_the_pictures_contradict_is_not_believed(tmp_path: Path) -> None:
    path = written(tmp_path / "a.ts", lambda eye, _before: eye, PACKINGS["side by side"])
    assert probe(str(path)).pixel_stretch == 1.0


def test_things_at_different_depth_are_shifted_differently() -> None:
    look = cv2.cvtColor(EYES[0], cv2.COLOR_RGB2GRAY).astype(np.float32)
    left = cv2.resize(look, (128, 144), interpolation=cv2.INTER_AREA)
    right = np.hstack([np.roll(left, 4, axis=1)[:, :64], np.roll(left, -3, axis=1)[:, 64:]])
    right += np.random.default_rng(2).normal(0, 3, right.shape)
    found = likeness(left, right.astype(np.float32))
    apart = likeness(*halves(np.hstack([left, left[::-1]]), "side by side"))
    assert found is not None and found > 0.8
    assert apart is not None and apart < 0.4


@pytest.mark.parametrize("size", [(320, 240), (240, 320)], ids=["upright bars", "lying bars"])
def test_bars_that_go_on_over_the_whole_picture_are_no_eyes(tmp_path: Path, size: tuple[int, int]) -> None:
    """A test card, a curtain, a gradient: the halves are alike, and so are the halves of those."""
    width, height = size
    bars = np.broadcast_to(((np.arange(max(size)) * 7) % 256).astype(np.uint8)[:, None], (max(size), 3))
    picture = np.broadcast_to(bars[None, :width] if width > height else bars[:height, None], (height, width, 3))
    path = write_recording(
        tmp_path / "bars.mp4", [np.ascontiguousarray(picture)] * 30, recordings.Recording(suffix=".mp4")
    )
    assert probe(str(path)).pixel_stretch == 1.0
