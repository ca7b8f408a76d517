"""A short real episode: a labelled one where those are there, the demo's sample elsewhere."""

from __future__ import annotations

from pathlib import Path

from screenalytics.sample.make import make_sample
from screenalytics.weights import default_cache_dir

MEDIA = Path(__file__).resolve().parents[3] / "shared" / "media"


def sample_episode(folder: Path) -> tuple[Path, Path]:
    """Path of a video and of its cast folder; the sample is made in `folder` where it is needed."""
    video = MEDIA / "sample-episode-2.mp4"
    if video.exists():
        return video, MEDIA / "facebank"
    made = make_sample(folder, cache_dir=default_cache_dir() / "sample")
    return made.video, made.cast_dir
