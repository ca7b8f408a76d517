"""How small faces may be to be found and followed, by the whole system, on an episode of them at 1080p.

`python -m benchmarks.small_faces [--beside] [--profile NAME]… [--rounds N] [--video FILE]`. The episode is made first
(`benchmarks/small_people.py`), 25 s a round, with `--beside` 50 s in which large faces are in front of all small ones;
`--video` keeps it, or takes the one made before. For every height and profile it prints how many people have a track, the
share of their seconds that tracks cover, how many tracks that takes, and how many are told as too small to recognise; and
for each profile the seconds of tracks that follow nobody.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, get_args

from benchmarks.accuracy import machine, process
from benchmarks.jobs import Job
from benchmarks.scoring import Result
from benchmarks.small_people import SIZE, SmallFace, render, script, script_beside
from benchmarks.truth import LabelledEpisode, Truth
from chassis.domain.intervals import normalise, total
from contracts.events import Profile
from contracts.rows import Box, DetectionRow

PROFILES: Final = ("balanced", "high_accuracy", "low_power")
NOBODY: Final = -1


@dataclass(frozen=True, kw_only=True)
class Row:
    """What became of the faces of one height in one company (`beside`)."""

    height: int
    beside: str
    people: int
    tracked: int
    share: float
    tracks: int
    too_small: int


def owners_of(faces: Sequence[SmallFace], detections: Sequence[DetectionRow]) -> dict[str, int]:
    """Whose every track is, as the index of a face: that of most of its detections; `NOBODY` for those of none."""
    votes: dict[str, Counter[int]] = defaultdict(Counter)
    for found in detections:
        if found.track_id is not None:
            votes[found.track_id][_shown_by(found, faces)] += 1
    return {track: counted.most_common(1)[0][0] for track, counted in votes.items()}


def _shown_by(found: DetectionRow, faces: Sequence[SmallFace]) -> int:
    there = (
        number
        for number, face in enumerate(faces)
        if face.start_s <= found.ts_s < face.end_s and _is_it(found.bbox, face.box_at(found.ts_s))
    )
    return next(there, NOBODY)


def _is_it(seen: Box, labelled: Box) -> bool:
    """Whether a box (fractions) lies where the labels (pixels) say: the middle within half a face, half to twice as high."""
    height = labelled[3] - labelled[1]
    across = (seen[0] + seen[2]) / 2 * SIZE[0] - (labelled[0] + labelled[2]) / 2
    down = (seen[1] + seen[3]) / 2 * SIZE[1] - (labelled[1] + labelled[3]) / 2
    ratio = (seen[3] - seen[1]) * SIZE[1] / height
    return max(abs(across), abs(down)) < height / 2 and 0.5 < ratio < 2


def rows_of(faces: Sequence[SmallFace], result: Result, owners: Mapping[str, int]) -> list[Row]:
    """A row for each height, company by company."""
    spans: dict[int, list[tuple[float, float]]] = defaultdict(list)
    for track in result.tracks:
        spans[owners.get(track.track_id, NOBODY)].append((track.start_s, track.end_s))
    unnamed = {
        one.identity_id for one in result.screen_time.unidentified if one.reason_code == "too_small_to_recognise"
    }
    small = {
        owners.get(track, NOBODY)
        for identity in result.identities.identities
        if identity.identity_id in unnamed
        for track in identity.track_ids
    }
    groups: dict[tuple[str, float], list[int]] = defaultdict(list)
    for number, face in enumerate(faces):
        groups[face.beside, face.height].append(number)
    return [
        Row(
            height=round(height),
            beside=beside,
            people=len(own),
            tracked=sum(bool(spans[number]) for number in own),
            share=sum(total(normalise(spans[number])) for number in own)
            / sum(faces[number].end_s - faces[number].start_s for number in own),
            tracks=sum(len(spans[number]) for number in own),
            too_small=sum(number in small for number in own),
        )
        for (beside, height), own in sorted(groups.items())
    ]


def seconds_of_nobody(result: Result, owners: Mapping[str, int]) -> float:
    """Of all tracks that follow no face."""
    return sum(track.end_s - track.start_s for track in result.tracks if owners.get(track.track_id) == NOBODY)


def table(profile: str, rows: Sequence[Row], nobody_s: float) -> str:
    """The rows as text."""
    title = f"{profile:14s} px   people  tracked  of seconds  tracks  too small to recognise"
    lines = [
        f"{row.beside:14s} {row.height:3d}  {row.people:6d}  {row.tracked:7d}  {row.share:10.2f}"
        f"  {row.tracks:6d}  {row.too_small:4d}"
        for row in rows
    ]
    return "\n".join([title, *lines, f"tracks of nobody: {nobody_s:.1f} s"])


async def measure(video: Path, faces: Sequence[SmallFace], profiles: Sequence[Profile], folder: Path) -> None:
    """Runs the episode with each profile and prints its table."""
    truth = Truth(name="small-faces", duration_s=max(face.end_s for face in faces), fps=25.0, intervals={})
    job = Job(episode=LabelledEpisode(video=video, truth=truth, cast=None), named=False, title="small faces")
    async with machine() as settings:
        for number, profile in enumerate(profiles):
            out = folder / profile
            result = await process(settings, job, out, force=number > 0, profile=profile)
            lines = (out / "manifests" / "detections.jsonl").read_bytes().splitlines()
            owners = owners_of(faces, [DetectionRow.model_validate_json(line) for line in lines])
            print(table(profile, rows_of(faces, result, owners), seconds_of_nobody(result, owners)), "\n", flush=True)


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="benchmarks.small_faces", description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--beside", action="store_true", help="large faces in front of all small ones")
    parser.add_argument("--profile", action="append", choices=get_args(Profile), help="may be repeated; else all")
    parser.add_argument("--rounds", type=int, default=1, help="of 25 s each, with other people at each height")
    parser.add_argument("--video", type=Path, help="where the episode is kept; made if it is not there")
    arguments = parser.parse_args()
    faces = (script_beside if arguments.beside else script)(rounds=arguments.rounds)
    with tempfile.TemporaryDirectory(prefix="screenalytics-small-faces-") as name:
        video: Path = arguments.video or Path(name) / "small-faces.mp4"
        if not video.exists():
            print(f"making {video.name}", file=sys.stderr, flush=True)
            render(video, faces)
        asyncio.run(measure(video, faces, arguments.profile or PROFILES, Path(name)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
