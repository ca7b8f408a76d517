"""Episodes in a cluster, and clients that look at them: events, consumer groups, replicas and results."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import TypedDict

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from chassis.kafka.connection import client_options
from contracts.events import EpisodeFailed, FacebankUpdated, ScreenTimeReported, SegmentReady, SegmentTracked
from contracts.topics import TOPICS
from screenalytics.events import emitter
from screenalytics.events.cast_folder import read_cast_folder
from screenalytics.local.machine import Machine, settings_for
from screenalytics.local.servers import Stack
from tests.e2e.conftest import MEDIA
from tests.kubernetes.control_plane import ControlPlane
from tests.kubernetes.kubectl import WITHIN_S
from tests.kubernetes.manifests import NAMESPACE
from tests.support.pipeline import Pipeline, pipeline_on

SHOW = "k8s-proof"
VIDEO = MEDIA / "sample-episode-1.mp4"
SEGMENT_S = "4"
"""Short ones, so that a short video is much work for many."""
IN_NAMESPACE = f"--namespace={NAMESPACE}"
WORKERS = "deployment/detector"
EVERY_S = 5.0
PATIENCE_S = 1200.0
PARTITIONS = next(topic.partitions for topic in TOPICS if topic.name == SegmentReady.TOPIC)


@dataclass(frozen=True)
class Look:
    """What was there at a time: seconds since the episodes were sent, events that wait or are worked on, pods."""

    at_s: float
    lag: int
    wanted: int
    ready: int


class Clients(TypedDict):
    """What looks at a running system from outside."""

    pipeline: Pipeline
    admin: AIOKafkaAdminClient
    reader: AIOKafkaConsumer


@dataclass(kw_only=True)
class Watched:
    """A cluster with episodes in it, and clients that look at it."""

    plane: ControlPlane
    admin: AIOKafkaAdminClient
    reader: AIOKafkaConsumer
    pipeline: Pipeline
    stack: AsyncExitStack
    begun: float = 0.0
    episodes: int = 0
    looks: list[Look] = field(default_factory=list)

    async def kubectl(self, *arguments: str, within_s: float = WITHIN_S) -> str:
        return await asyncio.to_thread(self.plane.kubectl, IN_NAMESPACE, *arguments, within_s=within_s)

    async def replicas(self) -> tuple[int, int]:
        """How many workers are wanted, and how many are ready."""
        found = await asyncio.to_thread(self.plane.kubectl.get, WORKERS, IN_NAMESPACE)
        return int(found["spec"].get("replicas", 1)), int(found["status"].get("readyReplicas", 0))

    async def lag(self) -> int:
        """Events of `segment.ready` that no detector has acknowledged, as the broker counts them."""
        places = [TopicPartition(SegmentReady.TOPIC, number) for number in range(PARTITIONS)]
        done = await self.admin.list_consumer_group_offsets("detector")
        ends = await self.reader.end_offsets(places)
        return sum(end - (done[place].offset if place in done else 0) for place, end in ends.items())

    async def look(self) -> Look:
        """What is there now."""
        (wanted, ready), lag = await self.replicas(), await self.lag()
        look = Look(asyncio.get_running_loop().time() - self.begun, lag, wanted, ready)
        self.looks.append(look)
        return look

    async def look_until(self, what: str, holds: Callable[[Look], bool]) -> Look:
        """Note lag and workers every few seconds until a look is as wanted. Raises AssertionError."""
        loop = asyncio.get_running_loop()
        until = loop.time() + PATIENCE_S
        while not holds(look := await self.look()):
            assert loop.time() < until, f"not within {PATIENCE_S:.0f} s: {what}; last {look}"
            await asyncio.sleep(EVERY_S)
        return look


async def connected(clients: Mapping[str, str], stack: AsyncExitStack) -> Clients:
    """Clients that look at events, consumer groups and results with these variables, open until `stack` ends."""
    machine = Machine(stack=Stack(variables=clients), settings=settings_for(dict(clients)), children=())
    pipeline = await stack.enter_async_context(pipeline_on(machine))
    options = client_options(pipeline.settings.kafka)
    admin = AIOKafkaAdminClient(**options)
    await admin.start()
    stack.push_async_callback(admin.close)
    reader = await stack.enter_async_context(AIOKafkaConsumer(**options, group_id=None))
    return Clients(pipeline=pipeline, admin=admin, reader=reader)


async def send(proof: Watched, episodes: int) -> None:
    """The cast's pictures, where they are not there yet, and so many more episodes of the same video."""
    if not proof.episodes:
        members = read_cast_folder(MEDIA / "facebank").members
        pictures = await emitter.upload_pictures(proof.pipeline.storage, SHOW, members)
        cast = emitter.cast_uploaded(SHOW, pictures)
        await proof.pipeline.emit(cast)
        await proof.pipeline.log.first(FacebankUpdated, request_id=cast.request_id, within_s=PATIENCE_S)
    proof.begun = asyncio.get_running_loop().time()
    for _ in range(episodes):
        proof.episodes += 1
        await proof.pipeline.upload(VIDEO, f"{SHOW}-s01e{proof.episodes:02d}")


async def every_episode_comes_out(proof: Watched) -> str:
    """The same seconds in each, as the labels say.

    A worker that joins takes partitions from others, and does again what they are at: the event is the same, by its id.
    """
    reports: list[ScreenTimeReported] = []
    async with asyncio.timeout(PATIENCE_S):
        while len(reports) < proof.episodes or not _all_segments_are_seen(proof):
            await proof.look()
            await asyncio.sleep(EVERY_S)
            reports = proof.pipeline.log.of(ScreenTimeReported)
            assert not (failed := proof.pipeline.log.of(EpisodeFailed)), failed
    figures = [await proof.pipeline.figures(report) for report in reports]
    seconds = seconds_of(figures[0])
    assert all(one == figures[0] for one in figures), figures
    assert seconds == labelled_seconds(), seconds
    told = [seen for seen in proof.pipeline.log.seen if isinstance(seen.event, SegmentTracked)]
    segments = _segments(proof)
    assert len({seen.event_id for seen in told}) == len(segments), "a segment was told as two different events"
    again = len(told) - len(segments)
    return f"episodes {proof.episodes}, segments {len(segments)}, answers given again {again}; each {seconds}"


def _segments(proof: Watched) -> set[tuple[str, int]]:
    """Episode and number of every segment that was told of so far."""
    return {(event.ep_id, event.segment) for event in proof.pipeline.log.of(SegmentTracked)}


def _all_segments_are_seen(proof: Watched) -> bool:
    """Whether as many are seen of every episode: topics are read beside each other, and a report may be seen first."""
    counts = Counter(ep_id for ep_id, _ in _segments(proof))
    return len(counts) == proof.episodes and len(set(counts.values())) == 1


def seconds_of(figures: dict[str, object]) -> dict[str, float]:
    """Seconds on screen by cast member."""
    people = figures["cast"]
    assert isinstance(people, dict)
    return {name: seconds for name, (seconds, _) in people.items()}


def labelled_seconds() -> dict[str, float]:
    """Seconds on screen of everybody in the cast, as the video's labels have them."""
    intervals = json.loads(VIDEO.with_suffix(".truth.json").read_text(encoding="utf-8"))["intervals_s"]
    cast = {member.cast_id for member in read_cast_folder(MEDIA / "facebank").members}
    return {
        name: round(sum(end - start for start, end in spans), 3) for name, spans in intervals.items() if name in cast
    }
