"""Files as they come in the field, each with one property that real files have, through the whole system.

`python -m benchmarks.field [--media DIR] [--only TEXT] [--json]`. Prints for every file its property, how many seconds
were given to the right person and how many wrongly, and a verdict: seconds, decoded frames, where its edit list begins,
and whether a picture of everybody in the cast is used. Exit status 1 when one is not right.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

from benchmarks.accuracy import USUAL_MEDIA, machine, process
from benchmarks.jobs import Job
from benchmarks.scoring import ALLOWED_ERROR_PART, ALLOWED_ERROR_S
from benchmarks.truth import LabelledEpisode, Truth
from chassis.errors import BadInput
from contracts.rows import ScreenTimeDocument, TrackMetricsDocument
from screenalytics.events.episode_run import EpisodeNotFinished
from screenalytics.http_client.client import Client
from screenalytics.http_client.transport import ApiFailure
from screenalytics.local.servers.ports import choose_free_port

EIGHT_SECONDS: Final = {"ada": 1.6, "boris": 1.6, "chloe": 2.2, "david": 2.6}
TWICE: Final = {person: 2 * seconds for person, seconds in EIGHT_SECONDS.items()}
UNNAMED: Final = "people without a name"
FIRST_EPISODE: Final = {"ada": 6.2, "boris": 6.0, "chloe": 8.0, "david": 4.8, "emil": 2.8, "fiona": 1.8, "jack": 4.4}
FIRST_TIMECODE: Final = "10:00:00:00"
SAME_TIME_S: Final = 0.05
FIRST_CUT: Final = re.compile(r"^001 .* C +(\S+)", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class FieldFile:
    """A file, what is special about it and the right answer: seconds of everybody who can be named, and `facts`.

    `unnamed_s`: seconds of those who cannot be named. `frames`: how many are decoded. `edl_from`: where the first cut
    of the edit list begins.
    """

    video: str
    what: str
    seconds: Mapping[str, float] = field(default_factory=lambda: EIGHT_SECONDS)
    unnamed_s: float = 0.0
    facts: Mapping[str, object] = field(default_factory=dict)
    frames: int | None = None
    edl_from: str = "00:00:00:00"
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
    FieldFile(video="avi-h264-b.avi", what="B-frames in AVI, no presentation times", frames=200),
    FieldFile(video="avi-noindex.avi", what="AVI whose index is gone", frames=200),
    FieldFile(video="size-and-sar-change.ts", what="size and pixel aspect change in mid-stream"),
    FieldFile(
        video="video-later.mp4",
        what="the picture starts 5 s after the sound",
        facts={"starts_at_s": 5.0},
        edl_from="00:00:05:00",
    ),
    FieldFile(
        video="timecode.mov",
        what="timecode track 10:00:00:00",
        facts={"timecode": FIRST_TIMECODE},
        edl_from=FIRST_TIMECODE,
    ),
    FieldFile(
        video="timecode.mov",
        what="cast of HEIC, TIFF, GIF, JFIF",
        edl_from=FIRST_TIMECODE,
        cast="casts/cast-unsupported-kinds",
    ),
    FieldFile(
        video="timecode.mov",
        what="cast in sub-folders and loose pictures",
        seconds={person: EIGHT_SECONDS[person] for person in ("ada", "boris", "chloe")},
        unnamed_s=EIGHT_SECONDS["david"],
        edl_from=FIRST_TIMECODE,
        cast="casts/cast-nested-and-loose",
    ),
    FieldFile(
        video="timecode.mov",
        what="cast with ._ files of macOS",
        edl_from=FIRST_TIMECODE,
        cast="casts/cast-appledouble",
    ),
    FieldFile(
        video="timecode.mov",
        what="a cast of two",
        seconds={person: EIGHT_SECONDS[person] for person in ("ada", "david")},
        unnamed_s=EIGHT_SECONDS["boris"] + EIGHT_SECONDS["chloe"],
        edl_from=FIRST_TIMECODE,
        cast="casts/cast-of-two",
    ),
)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What the system gave. `edl`: the edit list as exported. `without_pictures`: of the cast, nobody's are used."""

    screen_time: ScreenTimeDocument
    frames: int
    edl: str
    without_pictures: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What came of a file. `complaints` are empty when it is right; `warnings` are the codes of the result.

    `wrong_s`: seconds that somebody has too many or too few; those of one under the name of another count once.
    """

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


def judge(file: FieldFile, outcome: Outcome) -> Verdict:
    """Compares a result with the right answer."""
    result = outcome.screen_time
    found = {member.cast_id: member.visible_s for member in result.cast}
    found[UNNAMED] = sum(person.visible_s for person in result.unidentified)
    wanted = {**dict.fromkeys(found, 0.0), **_wanted(file)}
    errors_s = [found.get(person, 0.0) - wanted_s for person, wanted_s in wanted.items()]
    complaints = (*_seconds(found, wanted), *_other_complaints(file, outcome))
    return Verdict(
        name=file.name,
        what=file.what,
        right_s=sum(min(found.get(person, 0.0), wanted_s) for person, wanted_s in wanted.items()),
        wrong_s=max(sum(max(0.0, error_s) for error_s in errors_s), sum(max(0.0, -error_s) for error_s in errors_s)),
        complaints=complaints,
        warnings=tuple(dict.fromkeys(warning.code for warning in result.warning_details)),
    )


def _wanted(file: FieldFile) -> dict[str, float]:
    return {**file.seconds, UNNAMED: file.unnamed_s}


def _seconds(found: Mapping[str, float], wanted: Mapping[str, float]) -> Iterator[str]:
    """Whose seconds are off by more than is allowed."""
    for person in sorted({*found, *wanted}):
        found_s, wanted_s = found.get(person, 0.0), wanted.get(person, 0.0)
        if abs(found_s - wanted_s) > max(ALLOWED_ERROR_S, ALLOWED_ERROR_PART * wanted_s):
            yield f"{person} {found_s:.2f} s instead of {wanted_s:.2f} s"


def _other_complaints(file: FieldFile, outcome: Outcome) -> Iterator[str]:
    """What is wrong besides seconds."""
    for name, wanted in file.facts.items():
        got = getattr(outcome.screen_time, name)
        same = abs(got - wanted) <= SAME_TIME_S if isinstance(wanted, float) else got == wanted
        if not same:
            yield f"{name} is {got} instead of {wanted}"
    if file.frames is not None and outcome.frames != file.frames:
        yield f"{outcome.frames} frames instead of {file.frames}"
    begins = FIRST_CUT.search(outcome.edl)
    if begins is None or begins[1] != file.edl_from:
        yield f"the edit list begins at {begins and begins[1]} instead of {file.edl_from}"
    if outcome.without_pictures:
        yield f"no picture is used of {', '.join(outcome.without_pictures)}"


async def run_files(media: Path, files: Sequence[FieldFile], folder: Path) -> list[Verdict]:
    """Processes the files one after the other on a machine of its own."""
    verdicts: list[Verdict] = []
    port = choose_free_port()
    async with machine(api_port=port) as settings:
        for number, file in enumerate(files):
            source = media / "field" / file.video
            video = folder / f"{number:02d}-{file.name.replace('/', '-').removesuffix(source.suffix)}{source.suffix}"
            shutil.copyfile(source, video)  # under a name of its own: a show of its own
            truth = Truth(name=file.name, duration_s=0.0, fps=25.0, intervals={})
            cast = media / "field" / file.cast if file.cast else media / "facebank"
            job = Job(episode=LabelledEpisode(video=video, truth=truth, cast=cast), named=True, title=file.what)
            out = folder / f"result-{number:02d}"
            try:
                result = await process(settings, job, out)
                outcome = await asyncio.to_thread(look, f"http://127.0.0.1:{port}", job, result.screen_time, out)
                verdicts.append(judge(file, outcome))
            except (BadInput, EpisodeNotFinished, ApiFailure) as error:
                refused = (f"{error.code}: {error}",)
                verdicts.append(Verdict(name=file.name, what=file.what, complaints=refused))
            print(line(verdicts[-1]), file=sys.stderr, flush=True)
    return verdicts


def look(url: str, job: Job, screen_time: ScreenTimeDocument, folder: Path) -> Outcome:
    """What is beside the seconds: from the result's files, and as everybody asks for it, over HTTP.

    Raises:
        ApiFailure: when the API refuses.
    """
    metrics = TrackMetricsDocument.model_validate_json((folder / "manifests" / "track_metrics.json").read_bytes())
    with Client(url) as api:
        shown = {member.cast_id for member in api.list_cast(job.show).data.items if member.pictures}
        edl = api.export_appearances(job.ep_id, "edl").decode()
    missing = [member.name for member in job.cast.members if member.cast_id not in shown]
    return Outcome(screen_time=screen_time, frames=metrics.decoded_frames, edl=edl, without_pictures=missing)


def line(verdict: Verdict) -> str:
    """One file of the table."""
    end = "right" if verdict.good else "WRONG"
    complaints = f": {'; '.join(verdict.complaints)}" if verdict.complaints else ""
    notes = f"  ({', '.join(verdict.warnings)})" if verdict.warnings else ""
    seconds = f"{verdict.right_s:7.2f} s right {verdict.wrong_s:6.2f} s wrong"
    return f"{verdict.name:<30}{verdict.what:<42}{seconds}  {end}{complaints}{notes}"


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
