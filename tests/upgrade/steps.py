"""What is tried with both releases. Every step returns in a few words what was seen, or raises AssertionError.

Plain processes stand for pods; they come and go in the order that docs/operations.md gives for an upgrade.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from chassis.kafka.connection import ensure_topics
from contracts.events import FacebankUpdated, RunStarted, ScreenTimeReported
from screenalytics.events import emitter
from screenalytics.events.cast_folder import read_cast_folder
from screenalytics.http_client.client import Client
from screenalytics.local.machine import Machine, settings_for
from screenalytics.local.servers import Stack, check_installed
from screenalytics.local.servers.ports import LOOPBACK
from screenalytics.local.servers.stack import KAFKA_BOOTSTRAP_SERVERS, TRITON_URL
from tests.containers.engine import CannotProve
from tests.e2e.conftest import MEDIA
from tests.support import apache_kafka
from tests.support.apache_kafka import ApacheKafka
from tests.support.pipeline import Pipeline, pipeline_on
from tests.upgrade import releases
from tests.upgrade.releases import SETTINGS, START_S, Release, Service, triton_of

READERS = ("embedder", "grouper", "identity")
WRITERS = ("ingest", "detector")
STAGES = (*WRITERS, *READERS)
SHOW = "upgrade-proof"
FIRST = f"{SHOW}-s01e01"
VIDEO = MEDIA / "sample-episode-1.mp4"
RESULT_S = 300.0

Figures = dict[str, object]


@dataclass
class Upgrade:
    """What the steps share: both releases, the servers, and what runs now."""

    before: Release
    now: Release
    pipeline: Pipeline
    addresses: dict[str, dict[str, str]]
    logs: Path
    running: dict[tuple[str, str], Service] = field(default_factory=dict)
    expected: Figures = field(default_factory=dict)
    episodes: int = 0

    async def start(self, release: Release, *names: str) -> None:
        services = [Service(release, name, self.addresses[release.name], self.logs) for name in names]
        for service, name in zip(services, names, strict=True):
            service.start()
            self.running[release.name, name] = service
        await asyncio.gather(*(service.wait_ready(START_S) for service in services))

    async def stop(self, release: Release, *names: str) -> None:
        """SIGTERM, as a pod gets it, and every one has to end by itself with exit status 0."""
        stopped = [self.running.pop((release.name, name)) for name in names]
        await asyncio.gather(*(service.stop() for service in stopped))
        wrong = {service.name: service.returncode for service in stopped if service.returncode != 0}
        assert not wrong, f"ended badly: {wrong}"

    async def stop_all(self) -> None:
        await asyncio.gather(*(service.stop(grace_seconds=2.0) for service in self.running.values()))
        self.running.clear()

    async def episode(self) -> Figures:
        """What a new episode comes to, always of the same video."""
        self.episodes += 1
        return await self.again(f"{SHOW}-s01e{self.episodes:02d}")

    async def again(self, ep_id: str) -> Figures:
        """What an episode comes to when it is analysed once more."""
        upload = await self.pipeline.upload(VIDEO, ep_id, force=True)
        return await self.result_of(upload.event_id)

    async def result_of(self, upload_event_id: str) -> Figures:
        log = self.pipeline.log
        try:
            run = await log.first(RunStarted, upload_event_id=upload_event_id, within_s=RESULT_S)
            report = await log.first(ScreenTimeReported, run_id=run.run_id, within_s=RESULT_S)
        except TimeoutError:
            raise AssertionError(f"no result of upload {upload_event_id} within {RESULT_S:.0f} s") from None
        return await self.pipeline.figures(report)

    async def same_again(self, count: int = 1) -> list[str]:
        """New episodes of the same video come to the same. Returns their ids."""
        episodes = []
        for _ in range(count):
            found = await self.episode()
            assert found == self.expected, f"{found}, before it was {self.expected}"
            episodes.append(f"{SHOW}-s01e{self.episodes:02d}")
        return episodes

    def read_over_http(self, release: Release, ep_id: str) -> dict[str, float]:
        """Seconds by cast member, as the identity service's API tells them."""
        with Client(f"http://{LOOPBACK}:{self.running[release.name, 'identity'].port}") as api:
            return {person.cast_id: person.visible_s for person in api.read_screen_time(ep_id).data.cast}

    def handled(self, episodes: Sequence[str], *names: str) -> str:
        """How many events about these episodes each release's services have handled; both have to have had some."""
        counts = {}
        for release in (self.before, self.now):
            logs = [self.logs / f"{release.name}-{name}.log" for name in names]
            lines = [line for log in logs if log.exists() for line in log.read_text().splitlines()]
            counts[release.name] = sum(
                '"event": "event handled"' in line and any(f'"ep_id": "{ep_id}"' in line for ep_id in episodes)
                for line in lines
            )
        assert all(counts.values()), f"one of them had nothing to do: {counts}"
        return f"events handled: before {counts[self.before.name]}, now {counts[self.now.name]}"


async def with_the_release_before(proof: Upgrade) -> str:
    await proof.start(proof.before, *STAGES)
    members = read_cast_folder(MEDIA / "facebank").members
    cast = emitter.cast_uploaded(SHOW, await emitter.upload_pictures(proof.pipeline.storage, SHOW, members))
    await proof.pipeline.emit(cast)
    await proof.pipeline.log.first(FacebankUpdated, request_id=cast.request_id, within_s=RESULT_S)
    proof.expected = await proof.episode()
    return f"{len(_seconds(proof.expected))} people: {_seconds(proof.expected)}"


async def readers_beside(proof: Upgrade) -> str:
    """This release's embedder, grouper and identity beside those of the release before, whose detector writes."""
    await ensure_topics(proof.pipeline.settings.kafka)
    await proof.start(proof.now, *READERS, "webhooks")
    return proof.handled(await proof.same_again(3), *READERS)


async def writers_beside(proof: Upgrade) -> str:
    """Both releases' ingest and detector, when nobody of the release before reads any more."""
    await proof.stop(proof.before, *READERS)
    await proof.start(proof.now, *WRITERS)
    return proof.handled(await proof.same_again(3), *WRITERS)


async def this_release_alone(proof: Upgrade) -> str:
    """A new episode and one of the release before, told as it was and analysed again."""
    await proof.stop(proof.before, *WRITERS)
    told = proof.read_over_http(proof.now, FIRST)
    assert told == _seconds(proof.expected), told
    await proof.same_again()
    found = await proof.again(FIRST)
    assert found == proof.expected, found
    return "told as it was, and the same when analysed again"


async def and_back(proof: Upgrade) -> str:
    """In the other order: first who writes, then who reads. What this release made is there."""
    await proof.start(proof.before, *WRITERS)
    await proof.stop(proof.now, *WRITERS)
    await proof.same_again()
    await proof.start(proof.before, *READERS)
    await proof.stop(proof.now, *READERS, "webhooks")
    await proof.same_again()
    last = f"{SHOW}-s01e{proof.episodes - 2:02d}"
    told = proof.read_over_http(proof.before, last)
    assert told == _seconds(proof.expected), told
    found = await proof.again(last)
    assert found == proof.expected, found
    await proof.stop(proof.before, *STAGES)
    return f"{proof.episodes} episodes, all with the same seconds"


Step = Callable[[Upgrade], Awaitable[str]]
STEPS: tuple[tuple[str, Step], ...] = (
    ("the release before", with_the_release_before),
    ("readers of both side by side", readers_beside),
    ("writers of both side by side", writers_beside),
    ("this release alone", this_release_alone),
    ("and back", and_back),
)


def _seconds(figures: Figures) -> dict[str, float]:
    cast = figures["cast"]
    assert isinstance(cast, dict)
    return {cast_id: visible_s for cast_id, (visible_s, _) in cast.items()}


@asynccontextmanager
async def prepared(work: Path) -> AsyncIterator[Upgrade]:
    """Servers, both releases' models, and nothing that runs yet. Raises CannotProve."""
    if missing := check_installed():
        raise CannotProve(f"embedded servers are missing: {missing}")
    if (reason := apache_kafka.available()) is not None:
        raise CannotProve(reason)
    if not MEDIA.is_dir():
        raise CannotProve(f"the labelled episodes are not in {MEDIA}")
    before, now = await asyncio.to_thread(releases.before, work), await asyncio.to_thread(releases.now)
    logs = work / "logs"
    for left in (logs, work / "kafka"):
        shutil.rmtree(left, ignore_errors=True)
    logs.mkdir(parents=True)
    async with AsyncExitStack() as cleanup:
        broker = await cleanup.enter_async_context(ApacheKafka(work / "kafka"))
        stack = await cleanup.enter_async_context(Stack(variables={KAFKA_BOOTSTRAP_SERVERS: broker.bootstrap_servers}))
        servers = stack.environment()
        addresses = {}
        for release in (before, now):
            url = await cleanup.enter_async_context(triton_of(release, servers, logs / f"{release.name}-triton.log"))
            addresses[release.name] = servers | {TRITON_URL: url}
        settings = settings_for({**SETTINGS, **servers})
        await ensure_topics(settings.kafka)
        machine = Machine(stack=stack, settings=settings, children=())
        pipeline = await cleanup.enter_async_context(pipeline_on(machine))
        proof = Upgrade(before, now, pipeline, addresses, logs)
        cleanup.push_async_callback(proof.stop_all)
        yield proof
