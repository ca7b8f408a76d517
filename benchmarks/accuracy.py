"""Who was on screen and for how long, by the whole system, against labelled episodes.

`python -m benchmarks.accuracy [--media DIR]… [--variants] [--damaged] [--only TEXT] [--json]`. A folder of labelled media
holds videos, beside each its `NAME.truth.json`, and the cast's pictures in `facebank/NAME/` or `cast/NAME/`. Without a name
it is `../shared/media` and the difficult sets in its folder `hard`. Exit status 1 when a person's seconds are off by
more than is allowed, names are wrong or a cut is missing, and when a difficult set misses its goals; 2 when a folder is
unusable.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import asdict
from itertools import groupby
from pathlib import Path

from benchmarks.accuracy_tables import moments_table, summary_table, table
from benchmarks.jobs import Finished, Job
from benchmarks.reencode import DAMAGED, VARIANTS, Variant, reencode
from benchmarks.scoring import Result
from benchmarks.truth import HARD, LabelledEpisode, LabelsUnusable, find_episodes
from chassis.errors import BadInput
from chassis.settings import ChassisSettings
from contracts.events import STAGES, Event, Profile
from contracts.rows import IdentitiesDocument, ScreenTimeDocument, ShotRow, TrackRow
from screenalytics.events.episode_run import EpisodeNotFinished, EpisodeRun
from screenalytics.events.output import prepare_output
from screenalytics.local.machine import API, run_machine
from screenalytics.local.servers import ChildEvent

USUAL_MEDIA = Path(__file__).resolve().parents[2] / "shared" / "media"
SEGMENT_SETTING = "SCREENALYTICS_PLANNING__SEGMENT_S"


def read_result(folder: Path) -> Result:
    """The result that a run has written into a folder."""
    manifests = folder / "manifests"
    return Result(
        screen_time=ScreenTimeDocument.model_validate_json((manifests / "screen_time.json").read_bytes()),
        identities=IdentitiesDocument.model_validate_json((manifests / "identities.json").read_bytes()),
        tracks=[TrackRow.model_validate_json(line) for line in _lines(manifests / "tracks.jsonl")],
        shots=[ShotRow.model_validate_json(line) for line in _lines(manifests / "shots.jsonl")],
    )


def _lines(path: Path) -> list[bytes]:
    return [line for line in path.read_bytes().splitlines() if line.strip()]


@asynccontextmanager
async def machine(*, segment_s: float | None = None, api_port: int | None = None) -> AsyncIterator[ChassisSettings]:
    """A machine of its own with empty stores, and the HTTP API at a port; gives the settings of clients on it."""
    services = STAGES if api_port is None else (*STAGES, API)
    ports = {} if api_port is None else {API: api_port}
    with _environment(SEGMENT_SETTING, None if segment_s is None else str(segment_s)):
        async with run_machine(services=services, http_ports=ports, say=_tell, on_event=_tell_of_child) as running:
            yield running.settings


@contextmanager
def _environment(name: str, value: str | None) -> Iterator[None]:
    """Sets a variable for the time being; None leaves it as it is."""
    before = os.environ.get(name)
    if value is not None:
        os.environ[name] = value
    try:
        yield
    finally:
        if before is not None:
            os.environ[name] = before
        elif value is not None:
            del os.environ[name]


async def process(
    settings: ChassisSettings, job: Job, folder: Path, *, force: bool = False, profile: Profile = "balanced"
) -> Result:
    """Runs one job on a machine. `force` processes it again where it has been processed before.

    Raises:
        BadInput, EpisodeNotFinished: when the pipeline refuses it or gives up.
    """
    prepare_output(folder)
    episode_run = EpisodeRun(settings, on_event=_ignore, say=_say_nothing)
    await episode_run.run(job.episode.video, ep_id=job.ep_id, cast=job.cast, out=folder, profile=profile, force=force)
    return read_result(folder)


def _ignore(_event: Event) -> None:
    """Progress is not shown here."""


def _say_nothing(_message: str) -> None:
    """Nor are the steps of an upload."""


def _tell(message: str) -> None:
    print(message, file=sys.stderr, flush=True)


def _tell_of_child(event: ChildEvent) -> None:
    if event.returncode:
        _tell(f"{event.name}: {event.kind.value} (status {event.returncode})")


async def run_jobs(jobs: Sequence[Job], folder: Path) -> list[Finished]:
    """Processes all jobs, one after the other, on one machine for each segment length."""
    finished: list[Finished] = []
    ordered = sorted(jobs, key=lambda job: job.segment_s or 0.0)
    for segment_s, group in groupby(ordered, key=lambda job: job.segment_s):
        async with machine(segment_s=segment_s) as settings:
            for job in group:
                done = await _finish(settings, job, folder / f"{len(finished):02d}")
                finished.append(done)
                _tell(f"{job.title}: {'good' if done.good else 'NOT GOOD'} ({done.seconds:.0f} s)")
    return finished


async def _finish(settings: ChassisSettings, job: Job, folder: Path) -> Finished:
    clock = asyncio.get_running_loop().time
    begun = clock()
    try:
        result = await process(settings, job, folder)
    except (BadInput, EpisodeNotFinished) as error:
        return Finished(job=job, score=None, problem=f"{error.code}: {error}", seconds=clock() - begun)
    seconds = clock() - begun
    return Finished(job=job, score=job.score(result), problem=None, seconds=seconds)


def plan(
    episodes: Sequence[LabelledEpisode], *, variants: bool, damaged: bool = False, only: str, folder: Path
) -> list[Job]:
    """The jobs: every episode with its cast and, unless it is difficult, without.

    With `variants` copies of those that are not difficult, with `damaged` worse copies of all that have a cast.
    """
    jobs: list[Job] = []
    for episode in episodes:
        name = episode.truth.name
        if episode.cast is not None:
            jobs.append(Job(episode=episode, named=True, title=f"{name}, with facebank"))
        if not (episode.is_hard and episode.cast is not None):
            jobs.append(Job(episode=episode, named=False, title=f"{name}, without facebank"))
    jobs = [job for job in jobs if only in job.title]
    copies = [(one, variant) for one in episodes if variants and not one.is_hard for variant in VARIANTS]
    copies += [(one, variant) for one in episodes if damaged and one.cast is not None for variant in DAMAGED]
    return jobs + [_copied(one, variant, folder) for one, variant in copies if only in _title(one, variant)]


def _title(episode: LabelledEpisode, variant: Variant) -> str:
    return f"{episode.truth.name}, {variant.name}: {variant.what}"


def _copied(episode: LabelledEpisode, variant: Variant, folder: Path) -> Job:
    return Job(
        episode=reencode(episode, variant, folder),
        named=episode.cast is not None,
        title=_title(episode, variant),
        is_variant=True,
        segment_s=variant.encoding.segment_s,
    )


def as_document(finished: Sequence[Finished]) -> list[dict[str, object]]:
    """What `--json` prints."""
    return [
        {
            "title": done.job.title,
            "good": done.good,
            "problem": done.problem,
            "seconds": round(done.seconds, 1),
            "score": None if done.score is None else asdict(done.score),
        }
        for done in finished
    ]


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="benchmarks.accuracy", description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--media", type=Path, action="append", help="folder of labelled episodes; may be repeated")
    parser.add_argument("--variants", action="store_true", help="also re-encoded copies of every episode")
    parser.add_argument("--damaged", action="store_true", help="also copies in which people are seen worse")
    parser.add_argument("--only", default="", metavar="TEXT", help="only what has TEXT in its title")
    parser.add_argument("--json", action="store_true", help="figures as JSON")
    arguments = parser.parse_args()
    media: list[Path] = arguments.media or [USUAL_MEDIA, USUAL_MEDIA / HARD]
    try:
        episodes = [episode for folder in media for episode in find_episodes(folder)]
    except LabelsUnusable as error:
        _tell(str(error))
        return 2
    if not episodes:
        where = ", ".join(str(folder) for folder in media)
        print(f"No labelled episodes in {where}: nothing measured. Name a folder of your own with --media.")
        return 0
    with tempfile.TemporaryDirectory(prefix="screenalytics-accuracy-") as name:
        folder = Path(name)
        jobs = plan(
            episodes, variants=arguments.variants, damaged=arguments.damaged, only=arguments.only, folder=folder
        )
        finished = asyncio.run(run_jobs(jobs, folder / "results"))
    if not finished:
        print(f"Nothing has {arguments.only!r} in its title: nothing measured.")
    elif arguments.json:
        print(json.dumps(as_document(finished), indent=1))
    else:
        for done in finished:
            if not (done.job.is_variant and done.good):
                print(f"{table(done)}\n")
        print(f"{summary_table(finished)}\n\n{moments_table([done for done in finished if not done.job.is_variant])}")
        if arguments.damaged:
            print(f"\nSeen worse:\n{moments_table([done for done in finished if done.job.is_variant])}")
    return 0 if all(done.good for done in finished) else 1


if __name__ == "__main__":
    sys.exit(main())
