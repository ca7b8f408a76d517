"""Files as they come in the field, each with one property that real files have, through the whole system.

`python -m benchmarks.field [--media DIR] [--only TEXT] [--json]`. Prints for every file its property, how many seconds
were given to the right person and how many wrongly, and a verdict. Exit status 1 when one is not right.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

from benchmarks.accuracy import USUAL_MEDIA, Job, machine, process
from benchmarks.scoring import ALLOWED_ERROR_PART, ALLOWED_ERROR_S
from benchmarks.truth import LabelledEpisode, Truth
from chassis.errors import BadInput
from contracts.rows import ScreenTimeDocument
from screenalytics.events.episode_run import EpisodeNotFinished

EIGHT_SECONDS: Final = {"ada": 1.6, "boris": 1.6, "chloe": 2.2, "david": 2.6}
TWICE: Final = {person: 2 * seconds for person, seconds in EIGHT_SECONDS.items()}
FIRST_EPISODE: Final = {"ada": 6.2, "boris": 6.0, "chloe": 8.0, "david": 4.8, "emil": 2.8, "fiona": 1.8, "jack": 4.4}
SAME_TIME_S: Final = 0.05


@dataclass(frozen=True, kw_only=True)
class FieldFile:
    """A file, what is special about it and the right answer: seconds of everybody who can be named, and `facts`."""

    video: str
    what: str
    seconds: Mapping[str, float] = field(default_factory=lambda: EIGHT_SECONDS)
    facts: Mapping[str, object] = field(default_factory=dict)
    cast: str | None = None

    @property
    def name(self) -> str:
        """What the table calls it."""
        return self.cast or self.video


FILES: Final = (
    FieldFile(
        video="cat-restart.ts", what="two recordings joined byte by byte", seconds=TWICE, facts={"duration_s": 16.0}
    ),
    FieldFile(video="gap100.ts", what="the clock jumps 100 s ahead"),
    FieldFile(video="flip-h.mp4", what="display matrix with a mirror", facts={"duration_s": 8.0}),
    FieldFile(video="cover-as-track.mp4", what="a poster as a second video track", facts={"duration_s": 8.0}),
    FieldFile(video="hdr10-pq-ep1.mp4", what="HDR10 (PQ, BT.2020)", seconds=FIRST_EPISODE),
    FieldFile(video="live-gap.webm", what="live WebM, 40 s without a frame"),
    FieldFile(video="clock-20h.mkv", what="time stamps begin at 20 h", facts={"duration_s": 8.0}),
    FieldFile(video="avi-h264-b.avi", what="B-frames in AVI, no presentation times", facts={"duration_s": 8.0}),
    FieldFile(video="avi-noindex.avi", what="AVI whose index is gone", facts={"duration_s": 8.0}),
    FieldFile(video="size-and-sar-change.ts", what="size and pixel aspect change in mid-stream"),
    FieldFile(video="video-later.mp4", what="the picture starts 5 s after the sound", facts={"starts_at_s": 5.0}),
    FieldFile(video="timecode.mov", what="timecode track 10:00:00:00", facts={"timecode": "10:00:00:00"}),
    FieldFile(video="timecode.mov", what="cast of HEIC, TIFF, GIF, JFIF", cast="casts/cast-unsupported-kinds"),
    FieldFile(
        video="timecode.mov",
        what="cast in sub-folders and loose pictures",
        cast="casts/cast-nested-and-loose",
        seconds={person: EIGHT_SECONDS[person] for person in ("ada", "boris", "chloe")},
    ),
    FieldFile(video="timecode.mov", what="cast with ._ files of macOS", cast="casts/cast-appledouble"),
    FieldFile(
        video="timecode.mov",
        what="a cast of two",
        cast="casts/cast-of-two",
        seconds={person: EIGHT_SECONDS[person] for person in ("ada", "david")},
    ),
)


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What came of a file. `complaints` are empty when it is right; `warnings` are the codes of the result."""

    name: str
    what: str
    right_s: float = 0.0
    wrong_s: float = 0.0
    complaints: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def good(self) -> bool:
        """Whether the file is right."""
        return not self.complaints


def judge(file: FieldFile, result: ScreenTimeDocument) -> Verdict:
    """Compares a result with the right answer."""
    found = {member.cast_id: member.visible_s for member in result.cast}
    people = sorted({*found, *file.seconds})
    wanted_of = {person: file.seconds.get(person, 0.0) for person in people}
    complaints = []
    for person, wanted_s in wanted_of.items():
        error_s = found.get(person, 0.0) - wanted_s
        if abs(error_s) > max(ALLOWED_ERROR_S, ALLOWED_ERROR_PART * wanted_s):
            complaints.append(f"{person} {found.get(person, 0.0):.2f} s instead of {wanted_s:.2f} s")
    for name, wanted in file.facts.items():
        got = getattr(result, name)
        same = abs(got - wanted) <= SAME_TIME_S if isinstance(wanted, float) else got == wanted
        if not same:
            complaints.append(f"{name} is {got} instead of {wanted}")
    return Verdict(
        name=file.name,
        what=file.what,
        right_s=sum(min(found.get(person, 0.0), wanted_s) for person, wanted_s in wanted_of.items()),
        wrong_s=sum(abs(found.get(person, 0.0) - wanted_s) for person, wanted_s in wanted_of.items()),
        complaints=tuple(complaints),
        warnings=tuple(dict.fromkeys(warning.code for warning in result.warning_details)),
    )


async def run_files(media: Path, files: Sequence[FieldFile], folder: Path) -> list[Verdict]:
    """Processes the files one after the other on a machine of its own."""
    verdicts: list[Verdict] = []
    async with machine() as settings:
        for number, file in enumerate(files):
            source = media / "field" / file.video
            video = folder / f"{number:02d}-{file.name.replace('/', '-').removesuffix(source.suffix)}{source.suffix}"
            shutil.copyfile(source, video)  # under a name of its own: a show of its own
            truth = Truth(name=file.name, duration_s=0.0, fps=25.0, intervals={})
            cast = media / "field" / file.cast if file.cast else media / "facebank"
            job = Job(episode=LabelledEpisode(video=video, truth=truth, cast=cast), named=True, title=file.what)
            try:
                result = await process(settings, job, folder / f"result-{number:02d}")
                verdicts.append(judge(file, result.screen_time))
            except (BadInput, EpisodeNotFinished) as error:
                refused = (f"{error.code}: {error}",)
                verdicts.append(Verdict(name=file.name, what=file.what, complaints=refused))
            print(line(verdicts[-1]), file=sys.stderr, flush=True)
    return verdicts


def line(verdict: Verdict) -> str:
    """One file of the table."""
    end = "right" if verdict.good else f"WRONG: {'; '.join(verdict.complaints)}"
    notes = f"  ({', '.join(verdict.warnings)})" if verdict.warnings else ""
    return f"{verdict.name:<30}{verdict.what:<42}{verdict.right_s:7.2f} s right {verdict.wrong_s:6.2f} s wrong  {end}{notes}"


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="benchmarks.field", description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--media", type=Path, default=USUAL_MEDIA, help="folder of media with `field` and `facebank`")
    parser.add_argument("--only", default="", metavar="TEXT", help="only what has TEXT in its name or property")
    parser.add_argument("--json", action="store_true", help="figures as JSON")
    arguments = parser.parse_args()
    files = [file for file in FILES if arguments.only in f"{file.name} {file.what}"]
    if not (arguments.media / "field").is_dir() or not files:
        print(f"Nothing to measure: no files of that name in {arguments.media / 'field'}.")
        return 0
    with tempfile.TemporaryDirectory(prefix="screenalytics-field-") as name:
        verdicts = asyncio.run(run_files(arguments.media, files, Path(name)))
    if arguments.json:
        print(json.dumps([asdict(verdict) for verdict in verdicts], indent=1))
    else:
        print("\n".join(line(verdict) for verdict in verdicts))
        print(f"{sum(verdict.good for verdict in verdicts)} of {len(verdicts)} are right.")
    return 0 if all(verdict.good for verdict in verdicts) else 1


if __name__ == "__main__":
    sys.exit(main())
