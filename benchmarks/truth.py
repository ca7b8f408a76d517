"""Labelled episodes: who is on screen when, and the same labels for a re-timed copy of the video.

A label file `NAME.truth.json` lies beside its video and holds `duration_s`, `fps` and `intervals_s`: for every person
the `[start, end)` pairs in seconds. It may hold `unknown_intervals_s` (people without reference pictures),
`either_way_s` (moments of a person that may count or not), `distractor_intervals_s` (pictures of people, of nobody real)
and `cuts_s`.
"""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from chassis.domain.intervals import Intervals, normalise, union

LABEL_SUFFIX = ".truth.json"
VIDEO_SUFFIXES = (".mp4", ".mkv", ".webm", ".mov", ".avi", ".ts")
CAST_FOLDERS = ("facebank", "cast")
HARD = "hard"
"""The folder of difficult sets, which are measured against goals; elsewhere every second is to be right."""


class LabelsUnusable(Exception):
    """A folder of labelled media is not as it should be; the message says what is wrong."""


@dataclass(frozen=True, kw_only=True)
class Truth:
    """Where every labelled person is visible. `fps` is the frame rate the labels were made at.

    `unknown`: the same of people who must stay without a name. `either_way`: moments that may count or not, by person.
    `figures`: where pictures of people are, and nobody real beyond those labelled. `cuts`: None where the labels do not
    say; then all borders are cuts.
    """

    name: str
    duration_s: float
    fps: float
    intervals: Mapping[str, Intervals]
    unknown: Mapping[str, Intervals] = field(default_factory=dict)
    either_way: Mapping[str, Intervals] = field(default_factory=dict)
    figures: Intervals = ()
    cuts: tuple[float, ...] | None = None

    @property
    def everybody(self) -> Mapping[str, Intervals]:
        """Those of the cast and the unknown ones."""
        return {**self.intervals, **self.unknown}

    @property
    def borders(self) -> tuple[float, ...]:
        """The cuts in seconds, ascending, without the video's start and end: where somebody appears or goes, mostly."""
        times = {time for intervals in self.intervals.values() for interval in intervals for time in interval}
        cuts = sorted(times) if self.cuts is None else self.cuts
        return tuple(time for time in cuts if 0.0 < time < self.duration_s)

    def moved(self, where: Callable[[float], float], *, duration_s: float, fps: float) -> Truth:
        """The labels of a copy in which what was at `t` is at `where(t)`; what becomes empty goes."""

        def moved(spans: Mapping[str, Intervals]) -> dict[str, Intervals]:
            everybody = {
                person: normalise((where(start), where(end)) for start, end in pairs) for person, pairs in spans.items()
            }
            return {person: pairs for person, pairs in everybody.items() if pairs}

        return Truth(
            name=self.name,
            duration_s=duration_s,
            fps=fps,
            intervals=moved(self.intervals),
            unknown=moved(self.unknown),
            either_way=moved(self.either_way),
            figures=moved({"": self.figures}).get("", ()),
            cuts=None if self.cuts is None else tuple(where(cut) for cut in self.cuts),
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
    """A video, its labels and the facebank of its cast (None: there is none).

    `is_hard`: measured against goals, where otherwise every second is to be right.
    """

    video: Path
    truth: Truth
    cast: Path | None
    is_hard: bool = False


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
            intervals=_intervals(labels["intervals_s"]),
            unknown=_intervals(labels.get("unknown_intervals_s", {})),
            either_way=_intervals(labels.get("either_way_s", {})),
            figures=union(*_intervals(labels.get("distractor_intervals_s", {})).values()),
            cuts=tuple(float(cut) for cut in labels["cuts_s"]) if "cuts_s" in labels else None,
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise LabelsUnusable(f"The labels in {path} cannot be used ({type(error).__name__}: {error}).") from error


def _intervals(labels: Mapping[str, Sequence[tuple[float, float]]]) -> dict[str, Intervals]:
    return {
        str(person): normalise((float(start), float(end)) for start, end in pairs)
        for person, pairs in sorted(labels.items())
    }


def find_episodes(folder: Path) -> list[LabelledEpisode]:
    """The labelled episodes of a folder, by name.

    The cast is in its folder `NAME.cast`, `X-facebank` (X being the name, or what it has before a hyphen), `facebank` or
    `cast`.

    Raises:
        LabelsUnusable: when a label file is wrong or its video is missing.
    """
    episodes = []
    for labels in sorted(folder.glob(f"*{LABEL_SUFFIX}")):
        truth = read_truth(labels)
        own = [f"{truth.name}.cast", *(f"{name}-facebank" for name in (truth.name, truth.name.partition("-")[0]))]
        cast_folders = [folder / name for name in (*own, *CAST_FOLDERS)]
        cast = next((cast for cast in cast_folders if cast.is_dir()), None)
        video = _video_of(folder, truth.name)
        episodes.append(LabelledEpisode(video=video, truth=truth, cast=cast, is_hard=folder.name == HARD))
    return episodes


def _video_of(folder: Path, name: str) -> Path:
    candidates: Sequence[Path] = [folder / f"{name}{suffix}" for suffix in VIDEO_SUFFIXES]
    for video in candidates:
        if video.is_file():
            return video
    raise LabelsUnusable(f"There are labels for {name} in {folder}, but no video {candidates[0].name}.")
