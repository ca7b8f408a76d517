"""A small script of synthetic pictures and clips becomes a video, a facebank and labels; the same bytes every time."""

import json
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from screenalytics.sample.camera import Framing, Picture
from screenalytics.sample.encode import write_video
from screenalytics.sample.errors import SampleMediaUnreadable
from screenalytics.sample.make import Sample, render_sample
from screenalytics.sample.render import read_clip, render_cast_picture, render_shot, there_and_back
from screenalytics.sample.script import Area, Backdrop, CastPicture, Panel, Shot, Span

SIZE = (256, 144)
WHOLE = Framing(0.5, 0.5)


@pytest.fixture
def sources(tmp_path: Path) -> dict[str, Path]:
    """A red photograph, and a clip of one second that gets brighter with every frame."""
    photograph = tmp_path / "red.png"
    red = np.zeros((144, 256, 3), np.uint8)
    red[:, :, 2] = 200
    cv2.imwrite(str(photograph), red)
    clip = tmp_path / "brighter.mp4"
    frames = [np.full((144, 256, 3), 10 * number, np.uint8) for number in range(25)]
    write_video(clip, frames, size=SIZE, frames_per_s=25)
    return {"red": photograph, "clip": clip}


SHOTS = (
    Shot(0.8, [Panel("red", ("ann",), WHOLE, Framing(0.5, 0.5, 0.8))]),
    Shot(3.2, [Panel("clip", ("bob",), WHOLE, WHOLE, span=Span(0.0, 0.5))]),
)
CAST = (CastPicture("ann", "red", Framing(0.5, 0.5, 0.5)), CastPicture("ann", "red", Framing(0.5, 0.5, 0.4), gain=0.5))


def _make(folder: Path, sources: dict[str, Path]) -> Sample:
    return render_sample(folder, SHOTS, CAST, sources, size=SIZE, progress=lambda step, share: None)


def test_the_video_has_the_scripts_frames_size_and_times(tmp_path: Path, sources: dict[str, Path]) -> None:
    sample = _make(tmp_path / "out", sources)
    with av.open(str(sample.video)) as container:
        stream = container.streams.video[0]
        frames = list(container.decode(stream))
        assert (stream.codec_context.name, stream.width, stream.height) == ("h264", *SIZE)
    assert [frame.time for frame in frames] == pytest.approx([number / 25 for number in range(100)])
    assert frames[0].key_frame
    keyframes = [number for number, frame in enumerate(frames) if frame.key_frame]
    assert max(np.diff([*keyframes, 100])) <= 50


def test_a_width_that_would_make_the_bytes_vary_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="divisible by 128"):
        write_video(tmp_path / "any.mp4", [], size=(320, 180), frames_per_s=25)


def test_a_cut_changes_the_picture_from_one_frame_to_the_next(tmp_path: Path, sources: dict[str, Path]) -> None:
    sample = _make(tmp_path / "out", sources)
    with av.open(str(sample.video)) as container:
        frames = [frame.to_ndarray(format="bgr24") for frame in container.decode(video=0)]
    assert frames[19][72, 128, 2] > 150
    assert frames[20][72, 128, 2] < 60


def test_the_facebank_has_a_folder_per_person_with_numbered_pictures(tmp_path: Path, sources: dict[str, Path]) -> None:
    sample = _make(tmp_path / "out", sources)
    found = sorted(str(path.relative_to(sample.cast_dir)) for path in sample.cast_dir.rglob("*.jpg"))
    assert found == ["ann/1.jpg", "ann/2.jpg"]


def test_labels_lie_beside_the_video(tmp_path: Path, sources: dict[str, Path]) -> None:
    truth = json.loads(_make(tmp_path / "out", sources).truth.read_text(encoding="utf-8"))
    assert truth["intervals_s"] == {"ann": [[0.0, 0.8]], "bob": [[0.8, 4.0]]}


def test_making_it_twice_gives_the_same_bytes(tmp_path: Path, sources: dict[str, Path]) -> None:
    first, second = _make(tmp_path / "one", sources), _make(tmp_path / "two", sources)
    assert first.video.read_bytes() == second.video.read_bytes()
    assert (first.cast_dir / "ann/1.jpg").read_bytes() == (second.cast_dir / "ann/1.jpg").read_bytes()


def test_making_it_again_replaces_what_is_there_and_leaves_nothing_else(
    tmp_path: Path, sources: dict[str, Path]
) -> None:
    _make(tmp_path / "out", sources)
    stale = tmp_path / "out" / "sample-episode.cast" / "gone" / "1.jpg"
    stale.parent.mkdir()
    stale.write_bytes(b"picture of an earlier script")
    _make(tmp_path / "out", sources)
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert names == ["sample-episode.cast", "sample-episode.mp4", "sample-episode.truth.json"]
    assert not stale.exists()


def test_a_clip_plays_forwards_then_backwards_within_its_span() -> None:
    span = Span(1.0, 2.0)
    assert [there_and_back(span, elapsed) for elapsed in (0.0, 0.75, 1.0, 1.25, 2.0, 2.25)] == pytest.approx(
        [1.0, 1.75, 2.0, 1.75, 1.0, 1.25]
    )


def test_a_clips_moment_is_what_the_panel_shows(sources: dict[str, Path]) -> None:
    frames = list(render_shot(SHOTS[1], sources, SIZE))
    brightness = [int(frame[72, 128, 0]) for frame in frames[:13]]
    assert brightness == sorted(brightness)
    assert brightness[-1] - brightness[0] > 90


def test_panels_stand_before_their_backdrop(sources: dict[str, Path]) -> None:
    half = Area(x=0.5, width=0.5)
    square = Framing(0.5, 0.5, 0.5)
    studio = next(render_shot(Shot(0.2, [Panel("red", (), square, square, half)]), sources, SIZE))
    blurred = next(render_shot(Shot(0.2, [Panel("red", (), square, square, half)], Backdrop.BLUR), sources, SIZE))
    assert _is_red(studio[72, 192])
    assert not _is_red(studio[72, 64])
    assert 0 < blurred[72, 64, 2] < blurred[72, 192, 2]


def _is_red(pixel: Picture) -> bool:
    return bool(pixel[2] > 150 and pixel[0] < 50)


def test_a_mirrored_reference_swaps_left_and_right(tmp_path: Path) -> None:
    path = tmp_path / "half.png"
    picture = np.zeros((100, 100, 3), np.uint8)
    picture[:, 50:] = 255
    cv2.imwrite(str(path), picture)
    plain = render_cast_picture(CastPicture("ann", "half", WHOLE), path)
    mirrored = render_cast_picture(CastPicture("ann", "half", WHOLE, mirrored=True), path)
    assert np.array_equal(mirrored, plain[:, ::-1])
    assert plain.shape == (400, 400, 3)


def test_a_damaged_picture_or_clip_is_named_in_the_error(tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.mp4"
    damaged.write_bytes(b"this is no video")
    with pytest.raises(SampleMediaUnreadable, match=r"damaged\.mp4 could not be decoded"):
        read_clip(damaged, Span(0.0, 1.0))
    with pytest.raises(SampleMediaUnreadable, match=r"damaged\.mp4"):
        render_cast_picture(CastPicture("ann", "damaged", WHOLE), damaged)
