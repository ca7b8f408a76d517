"""The labelled sets that are worked through, each analysed once on a machine whose data is kept."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.accuracy import USUAL_MEDIA
from benchmarks.effort.recording import record
from benchmarks.truth import HARD, LabelledEpisode, find_episodes
from chassis.s3.storage import Storage
from contracts.events import STAGES
from contracts.ids import slugify
from screenalytics.events.cast_folder import CastFolder, MemberPictures, read_cast_folder
from screenalytics.events.episode_run import EpisodeRun
from screenalytics.events.output import prepare_output
from screenalytics.local.machine import API, Machine, run_machine, until_api_answers
from screenalytics.local.servers import ChildEvent
from screenalytics.local.servers.ports import choose_free_port
from screenalytics.sample.make import make_sample
from screenalytics.weights import default_cache_dir

DONE = "recorded"


@dataclass(frozen=True, kw_only=True)
class WorkSet:
    """A labelled episode under the name of a show of its own."""

    episode: LabelledEpisode

    @property
    def name(self) -> str:
        return self.episode.truth.name

    @property
    def cast(self) -> dict[str, MemberPictures]:
        """Its cast folder, by cast id."""
        folder = self.episode.cast
        return {member.cast_id: member for member in read_cast_folder(folder).members} if folder else {}

    @property
    def show(self) -> str:
        return slugify(f"effort-{self.name}")

    @property
    def ep_id(self) -> str:
        return f"{self.show}-s01e01"


def find_sets(work: Path, media: Sequence[Path]) -> list[WorkSet]:
    """The demo's episode, made where it is not there, and the labelled folders' that have a cast."""
    sample = work / "sample"
    if not (sample / "sample-episode.truth.json").is_file():
        make_sample(sample, cache_dir=default_cache_dir() / "sample")
    folders = [sample, *(media or [USUAL_MEDIA, USUAL_MEDIA / HARD])]
    episodes = [episode for folder in folders for episode in find_episodes(folder)]
    return [WorkSet(episode=episode) for episode in episodes if episode.cast is not None]


async def analyse(work: Path, sets: Sequence[WorkSet]) -> None:
    """Runs the sets that were not analysed yet, nobody known, and keeps what the embedder said of them."""
    missing = [one for one in sets if not (folder_of(work, one) / DONE).is_file()]
    if not missing:
        return
    async with served() as (machine, _), Storage.connect(machine.settings.s3) as storage:
        run = EpisodeRun(machine.settings, on_event=lambda _: None, say=lambda _: None)
        for one in missing:
            out = folder_of(work, one)
            prepare_output(out)
            done = await run.run(
                one.episode.video, ep_id=one.ep_id, cast=CastFolder(), out=out, profile="balanced", force=True
            )
            await record(storage, one.ep_id, done.started.run_id, out)
            (out / DONE).touch()
            tell(f"{one.name} is analysed")


def folder_of(work: Path, one: WorkSet) -> Path:
    """Where an analysis is kept."""
    return work / "analysed" / one.name


@asynccontextmanager
async def served() -> AsyncIterator[tuple[Machine, str]]:
    """A machine with empty stores, and the address of its API."""
    os.environ.setdefault("SCREENALYTICS_API__REQUESTS_PER_MINUTE", str(10**6))
    port = choose_free_port()
    async with run_machine(
        services=[*STAGES, API], http_ports={API: port}, say=tell, on_event=_tell_of_child
    ) as machine:
        await until_api_answers(port, asyncio.Event())
        yield machine, f"http://127.0.0.1:{port}"


def tell(message: str) -> None:
    print(message, file=sys.stderr, flush=True)


def _tell_of_child(event: ChildEvent) -> None:
    if event.returncode:
        tell(f"{event.name}: {event.kind.value} (status {event.returncode})")
