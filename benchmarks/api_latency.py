"""How fast the HTTP API answers on a long episode: 2,000 tracks, 300 people.

    python -m benchmarks.api_latency [--tracks 2000] [--people 300] [--requests 60] [--json]

Starts the whole system, lets grouper and identity work on a made-up episode (benchmarks/crowd.py), then asks and edits over
HTTP, one request after the other, edits at an operator's pace. "Visible" is the time from a command to the screen time
revision with its effect.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from aiokafka import AIOKafkaProducer

from benchmarks.crowd import Crowd
from chassis.kafka.connection import client_options
from chassis.mongo import database as mongo
from chassis.s3.storage import Storage
from chassis.service import spare_the_collector
from chassis.triton.client import Inference
from contracts import envelope
from contracts.blobs import VideoRef
from contracts.events import STAGES, EpisodeUploaded, RunStarted
from contracts.ids import run_id_for
from screenalytics.http_client import models
from screenalytics.http_client.client import Client
from screenalytics.http_client.transport import ApiFailure
from screenalytics.local.machine import API, Machine, run_machine
from screenalytics.local.servers.ports import choose_free_port
from services.ingest.store.runs import IngestStore

EPISODE = "crowd-s01e01"
PATIENCE_S = 240.0
EDITS = 20
BETWEEN_EDITS_S = 2.5
"""An operator's pace: the regrouping and the report that follow an edit are over before the next one."""

Ask = Callable[[Client, int], object]


@dataclass(frozen=True, kw_only=True)
class Latency:
    """Milliseconds of one kind of request."""

    name: str
    kind: str
    p50: float
    p95: float
    first: float


async def seed(machine: Machine, *, tracks: int, people: int) -> None:
    """Plan a run as ingest does, and say for every segment what the embedder would say."""
    settings = machine.settings
    run_id = run_id_for("crowd", datetime.now(UTC))
    async with (
        Storage.connect(settings.s3) as storage,
        mongo.connect(settings.mongo) as database,
        Inference.connect(settings.triton) as inference,
        AIOKafkaProducer(**client_options(settings.kafka), acks="all") as producer,
    ):
        embedder = await inference.embedder()
        crowd = Crowd(ep_id=EPISODE, run_id=run_id, model_id=embedder.model_id, tracks=tracks, people=people)
        video = await storage.put(f"raw/{EPISODE}/none.mp4", b"no pictures")
        requests = crowd.requests(video)
        started = RunStarted(
            ep_id=EPISODE,
            run_id=run_id,
            upload_event_id="crowd",
            segments=len(requests),
            duration_s=crowd.duration_s,
            profile="balanced",
            width=1280,
            height=720,
            codec="h264",
        )
        uploaded = EpisodeUploaded(ep_id=EPISODE, video=VideoRef(uri=video.uri))
        await IngestStore(database).save_plan(started, requests, uploaded)
        for request in requests:
            message = envelope.encode(await crowd.embedded(storage, request), source="/benchmarks")
            await producer.send_and_wait(message.topic, message.value, key=message.key, headers=message.headers)


def reads() -> dict[str, Ask]:
    """The questions operators' pages ask."""

    def identity(number: int) -> str:
        return f"identity-{number % 250 + 1:05d}"

    return {
        "list episodes": lambda api, _: api.list_episodes(limit=50),
        "episode status": lambda api, _: api.get_episode_status(EPISODE),
        "clusters, page of 50": lambda api, _: api.list_clusters(EPISODE, limit=50),
        "one cluster with tracks": lambda api, n: api.read_cluster(EPISODE, identity(n)),
        "metrics and warnings": lambda api, _: api.read_cluster_metrics(EPISODE),
        "likely duplicates": lambda api, _: api.list_duplicate_clusters(EPISODE, limit=20),
        "outliers": lambda api, _: api.list_outlying_tracks(EPISODE, limit=20),
        "edit log": lambda api, _: api.list_edits(EPISODE, limit=50),
        "identities, page of 50": lambda api, _: api.list_identities(EPISODE, limit=50),
        "suggestions of everybody": lambda api, _: api.list_suggestions(EPISODE),
        "review queue": lambda api, _: api.read_review_queue(EPISODE, limit=20),
        "links and history": lambda api, _: api.read_links(EPISODE),
        "screen time": lambda api, _: api.read_screen_time(EPISODE),
        "who is visible at t": lambda api, n: api.find_visible_people(EPISODE, t_s=float(n * 13 % 3000)),
        "representatives": lambda api, n: api.list_representatives(EPISODE, identity(n)),
    }


def edits() -> dict[str, Ask]:
    """Commands, each for a version it does not name."""

    def body(number: int) -> models.RenameCluster:
        return models.RenameCluster(identity_id=f"identity-{number % 100 + 100:05d}", label=f"Guest {number}")

    def pair(number: int) -> models.Pair:
        return models.Pair(identity_id=f"identity-{number % 100 + 100:05d}", cast_id=f"guest-{number}")

    return {
        "rename a cluster": lambda api, n: api.rename_cluster(EPISODE, body(n), if_match="*"),
        "undo an edit": lambda api, _: api.undo_edit(EPISODE, models.WhichEdit(), if_match="*"),
        "dismiss a suggestion": lambda api, n: api.dismiss_suggestion(EPISODE, pair(n), if_match="*"),
        "undo a link change": lambda api, _: api.undo_link_change(EPISODE, models.Step(), if_match="*"),
    }


def measure(api: Client, name: str, kind: str, ask: Ask, count: int, *, pause_s: float = 0.0) -> Latency:
    """Ask `count` times with a pause after each, after one first time that is told apart."""
    times = []
    for number in range(count + 1):
        begun = time.perf_counter()
        ask(api, number)
        times.append((time.perf_counter() - begun) * 1000)
        time.sleep(pause_s)
    first, rest = times[0], sorted(times[1:])
    return Latency(
        name=name,
        kind=kind,
        p50=statistics.median(rest),
        p95=rest[min(len(rest) - 1, int(0.95 * len(rest)))],
        first=first,
    )


def measure_visible(api: Client, count: int) -> Latency:
    """From a merge to the screen time revision that has it."""
    times = []
    for number in range(count):
        merge = models.MergeClusters(
            target=f"identity-{2 * number + 1:05d}", sources=[f"identity-{2 * number + 2:05d}"]
        )
        wanted = api.read_screen_time(EPISODE).data.revision + 1
        begun = time.perf_counter()
        api.merge_clusters(EPISODE, merge, if_match="*")
        _until_revision(api, wanted)
        times.append((time.perf_counter() - begun) * 1000)
    return Latency(
        name="merge, until its revision is there",
        kind="visible",
        p50=statistics.median(times),
        p95=max(times),
        first=times[0],
    )


def _until_revision(api: Client, wanted: int) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            if api.read_screen_time(EPISODE).data.revision >= wanted:
                return
        except ApiFailure as failure:
            if failure.status not in {0, 404}:  # not up yet, not reported yet
                raise
        if time.monotonic() > deadline:
            raise TimeoutError(f"revision {wanted} did not come")
        time.sleep(0.02)


def ask_all(url: str, count: int) -> Iterator[Latency]:
    with Client(url) as api:
        begun = time.perf_counter()
        _until_revision(api, 1)
        print(f"grouped and reported after {time.perf_counter() - begun:.1f} s", file=sys.stderr)
        spare_the_collector()  # of this process: what its client pauses for is none of the API's time
        for name, ask in reads().items():
            yield measure(api, name, "read", ask, count)
        yield measure_visible(api, 5)
        for name, ask in edits().items():
            yield measure(api, name, "edit", ask, min(count, EDITS), pause_s=BETWEEN_EDITS_S)


def table(latencies: list[Latency]) -> str:
    rows = [f"{'request':38}{'kind':>9}{'p50 ms':>9}{'p95 ms':>9}{'first ms':>10}"]
    rows += [f"{one.name:38}{one.kind:>9}{one.p50:9.1f}{one.p95:9.1f}{one.first:10.1f}" for one in latencies]
    return "\n".join(rows)


async def main() -> int:
    parser = argparse.ArgumentParser(description="Latency of the HTTP API on a long episode.")
    parser.add_argument("--tracks", type=int, default=2000)
    parser.add_argument("--people", type=int, default=300)
    parser.add_argument("--requests", type=int, default=60)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    port = choose_free_port()
    os.environ.setdefault("SCREENALYTICS_API__REQUESTS_PER_MINUTE", str(10**6))  # it is not the limit that is measured

    def say(text: Any) -> None:
        print(text, file=sys.stderr)

    async with run_machine(services=[*STAGES, API], http_ports={API: port}, say=say, on_event=say) as machine:
        await seed(machine, tracks=arguments.tracks, people=arguments.people)
        latencies = await asyncio.to_thread(lambda: list(ask_all(f"http://127.0.0.1:{port}", arguments.requests)))
    if arguments.json:
        print(json.dumps([vars(one) for one in latencies], indent=1))
    else:
        print(table(latencies))
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
