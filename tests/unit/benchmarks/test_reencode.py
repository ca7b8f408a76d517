"""Copies that show people worse: the same moments, other pictures."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from benchmarks.reencode import DAMAGED, Variant, reencode
from benchmarks.truth import LabelledEpisode, find_episodes

FRAMES, WIDTH, HEIGHT = 10, 640, 360
LABELS = '{"fps": 25.0, "duration_s": 0.4, "cuts_s": [0.2], "intervals_s": {"red": [[0.0, 0.2]], "blue": [[0.2, 0.4]]}}'


@pytest.fixture(scope="module")
def episode(tmp_path_factory: pytest.TempPathFactory) -> LabelledEpisode:
    """Ten pictures of coloured squares, cut in the middle."""
    folder = tmp_path_factory.mktemp("made")
    with av.open(str(folder / "made.mp4"), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for number in range(FRAMES):
            picture = np.full((HEIGHT, WIDTH, 3), 128, dtype=np.uint8)
            picture[90:270, 200:440] = (220, 60, 40) if number < FRAMES // 2 else (40, 60, 220)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
    (folder / "made.truth.json").write_text(LABELS)
    return find_episodes(folder)[0]


def pictures(video: Path) -> list[np.ndarray]:
    with av.open(str(video)) as container:
        return [picture.to_ndarray(format="rgb24").astype(float) for picture in container.decode(video=0)]


def width_of_edges(picture: np.ndarray) -> float:
    """In pixels, over both of the square's, in its middle row."""
    return float((np.abs(np.diff(picture[HEIGHT // 2], axis=0)).max(axis=1) > 3.0).sum())


def named(name: str) -> Variant:
    return next(variant for variant in DAMAGED if variant.name == name)


@pytest.mark.parametrize("variant", DAMAGED, ids=lambda variant: variant.name)
def test_a_worse_copy_shows_the_same_moments(variant: Variant, episode: LabelledEpisode, tmp_path: Path) -> None:
    copy = reencode(episode, variant, tmp_path)
    assert (copy.truth.intervals, copy.truth.cuts) == (episode.truth.intervals, episode.truth.cuts)
    assert len(pictures(copy.video)) == FRAMES


def test_what_is_worse_about_each(episode: LabelledEpisode, tmp_path: Path) -> None:
    whole = pictures(episode.video)[2]
    dark, blurred, grey, upright = (
        pictures(reencode(episode, named(name), tmp_path).video)[2] for name in ("dark", "blurred", "grey", "upright")
    )
    assert dark.shape == (270, 480, 3)
    assert dark.mean() < 0.6 * whole.mean()
    assert width_of_edges(blurred) > 1.3 * width_of_edges(whole)
    assert np.ptp(grey, axis=2).max() < 5.0 < np.ptp(whole, axis=2).max()
    assert upright.shape == (640, 360, 3)
    assert upright[:150].max() < 25.0 < upright[320].min() + 25.0
