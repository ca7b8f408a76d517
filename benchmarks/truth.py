"""Labelled episodes: who is on screen when, and the same labels for a re-timed copy of the video.

A label file `NAME.truth.json` lies beside its video and holds `duration_s`, `fps` and `intervals_s`: for every person
the `[start, end)` pairs in seconds.
"""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from chassis.domain.intervals import Intervals, normalise

LABEL_SUFFIX = ".truth.json"
VIDEO_SUFFIXES = (".mp4", ".mkv", ".webm", ".mov", ".avi", ".ts")
CAST_FOLDERS = ("facebank", "cast")


class LabelsUnusable(Exception):
    """A folder of labelled media is not as it should be; the message says what is wrong."""


@dataclass(frozen=True, kw_only=True)
class Truth:
    """Where every labelled person is visible. `fps` is the frame rate the labels were made at."""

    name: str
    duration_s: float
    fps: float
    intervals: Mapping[str, Intervals]

    @property
    def borders(self) -> tuple[float, ...]:
        """Seconds at which somebody appears or goes, ascending, without the video's start and end: all are cuts."""
        times = {time for intervals in self.intervals.values() for interval in intervals for time in interval}
        return tuple(sorted(time for time in times if 0.0 < time < self.duration_s))

    def moved(self, where: Callable[[float], float], *, duration_s: float, fps: float) -> Truth:
        """The labels of a copy in which what was at `t` is at `where(t)`; what becomes empty goes."""
        moved = {
            person: normalise((where(start), where(end)) for start, end in intervals)
            for person, intervals in self.intervals.items()
        }
        return Truth(
            name=self.name,
            duration_s=duration_s,
            fps=fps,
            intervals={person: intervals for person, intervals in moved.items() if intervals},
        )


@dataclass(frozen=True, kw_only=True)
class Timeline:
    """The frames of a copy: which frame of the original each one shows (-1: none of them) and when, in seconds.

    Frames before 0 s are in the file but not shown.
    """

    source_frames: tuple[int, ...]
    times_s: tuple[float, ...]
    duration_s: float

    def relabel(self, truth: Truth) -> Truth:
        """The labels of the copy. A border lies where its first frame, or the next that was kept, is shown."""

        def where(time_s: float) -> float:
            position = bisect_left(self.source_frames, round(time_s * truth.fps))
            return max(0.0, self.times_s[position]) if position < len(self.times_s) else self.duration_s

        fps = len(self.times_s) / self.duration_s
        return truth.moved(where, duration_s=self.duration_s, fps=fps)


@dataclass(frozen=True, kw_only=True)
class LabelledEpisode:
    """A video, its labels and the facebank of its cast (None: there is none)."""

    video: Path
    truth: Truth
    cast: Path | None


def read_truth(path: Path) -> Truth:
    """Reads a label file.

    Raises:
        LabelsUnusable: when it cannot be read or lacks something.
    """
    try:
        labels = json.loads(path.read_text())
        return Truth(
            name=path.name.removesuffix(LABEL_SUFFIX),
            duration_s=float(labels["duration_s"]),
            fps=float(labels["fps"]),
            intervals={
                str(person): normalise((float(start), float(end)) for start, end in intervals)
                for person, intervals in sorted(labels["intervals_s"].items())
            },
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise LabelsUnusable(f"The labels in {path} cannot be used ({type(error).__name__}: {error}).") from error


def find_episodes(folder: Path) -> list[LabelledEpisode]:
    """The labelled episodes of a folder, by name; the cast is in its folder `NAME.cast`, `facebank` or `cast`.

    Raises:
        LabelsUnusable: when a label file is wrong or its video is missing.
    """
    episodes = []
    for labels in sorted(folder.glob(f"*{LABEL_SUFFIX}")):
        truth = read_truth(labels)
        cast_folders = [folder / f"{truth.name}.cast", *(folder / name for name in CAST_FOLDERS)]
        cast = next((cast for cast in cast_folders if cast.is_dir()), None)
        episodes.append(LabelledEpisode(video=_video_of(folder, truth.name), truth=truth, cast=cast))
    return episodes


def _video_of(folder: Path, name: str) -> Path:
    candidates: Sequence[Path] = [folder / f"{name}{suffix}" for suffix in VIDEO_SUFFIXES]
    for video in candidates:
        if video.is_file():
            return video
    raise LabelsUnusable(f"There are labels for {name} in {folder}, but no video {candidates[0].name}.")
