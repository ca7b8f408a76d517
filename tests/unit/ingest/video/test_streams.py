"""Which of several video streams is the film."""

from __future__ import annotations

from pathlib import Path

import av
import pytest
from av.stream import Disposition

from services.ingest.video.probing import BadVideo, probe
from services.ingest.video.streams import Candidate, film_of
from tests.unit.detector.clips import scene


def candidate(index: int, *, length_s: float = 1200.0, frames: int = 30_000, **more: object) -> Candidate:
    facts: dict[str, object] = {"codec": "h264", "width": 1280, "height": 720, "is_default": False} | more
    return Candidate(index=index, length_s=length_s, frames=frames, **facts)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "others",
    [
        [candidate(1, frames=1, length_s=0.04, width=4000, height=6000, is_default=True)],
        [candidate(1, length_s=40.0, frames=1000, width=3840, height=2160, is_default=True)],
        [candidate(1, frames=120, width=1920, height=1080)],
        [candidate(1, width=640, height=360), candidate(2, frames=1, length_s=0.0)],
        [candidate(1)],
    ],
    ids=["poster", "short-extra", "previews", "smaller-and-still", "the-same-again"],
)
def test_the_film_is_neither_the_still_nor_the_extra_nor_the_smaller(others: list[Candidate]) -> None:
    film = candidate(0)
    assert film_of([film, *others]).index == 0
    assert film_of([*others, film]).index == 0


def test_the_default_stream_comes_before_a_larger_one() -> None:
    assert film_of([candidate(0, width=3840, height=2160), candidate(1, is_default=True)]).index == 1


def write_streams(path: Path, *streams: tuple[int, int, int, bool]) -> Path:
    """Streams of (width, height, frames, is default)."""
    with av.open(str(path), "w") as container:
        made = []
        for width, height, _, is_default in streams:
            stream = container.add_stream("libx264", rate=25, options={"preset": "ultrafast", "threads": "1"})
            stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
            stream.disposition = Disposition.default if is_default else Disposition(0)
            made.append(stream)
        for stream, (width, height, frames, _) in zip(made, streams, strict=True):
            for number in range(frames):
                picture = scene(number // 25, width=width, height=height)
                container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
            container.mux(stream.encode())
    return path


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "ts", "mov"])
def test_a_large_still_beside_the_film_is_not_analysed(tmp_path: Path, suffix: str) -> None:
    path = write_streams(tmp_path / f"a.{suffix}", (640, 360, 1, False), (320, 180, 50, True))
    facts = probe(str(path))
    assert (facts.stream_index, facts.width, facts.duration_s) == (1, 320, pytest.approx(2.0, abs=0.05))
    (warning,) = facts.warnings
    assert warning.code == "several_video_streams"
    assert "stream 1 (h264, 320x180" in warning.sentence
    assert "--video-stream" in warning.sentence
    assert warning.where is not None and warning.where.stream == 1


def test_another_stream_can_be_chosen(tmp_path: Path) -> None:
    path = write_streams(tmp_path / "a.mkv", (320, 180, 50, True), (160, 90, 25, False))
    assert probe(str(path)).stream_index == 0
    facts = probe(str(path), video_stream=1)
    assert (facts.stream_index, facts.width, facts.warnings) == (1, 160, ())
    assert facts.duration_s == pytest.approx(1.0, abs=0.05)


def test_a_stream_that_is_not_there_is_refused_and_those_that_are_named(tmp_path: Path) -> None:
    path = write_streams(tmp_path / "a.mkv", (320, 180, 50, True))
    with pytest.raises(BadVideo) as refused:
        probe(str(path), video_stream=7)
    assert refused.value.code == "no_such_stream"
    assert "stream 0 (h264, 320x180" in refused.value.message
