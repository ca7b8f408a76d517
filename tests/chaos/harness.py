"""Rounds of disturbed runs: the same content again and again, one disturbance a round, and the same result every time."""

from __future__ import annotations

import asyncio
import contextlib
import statistics
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from aiokafka import ConsumerRecord
from aiokafka.errors import KafkaError

from chassis.errors import DependencyUnavailable
from contracts import envelope
from contracts.blobs import VideoRef
from contracts.events import (
    EpisodeFailed,
    EpisodeUploaded,
    Event,
    FacebankUpdated,
    RunStarted,
    ScreenTimeReported,
    SegmentReady,
)
from screenalytics.events import emitter
from screenalytics.events.cast_folder import read_cast_folder
from services.ingest.runs.states import FINISHED
from tests.chaos.disturbances import Disturbance
from tests.chaos.machine import ChaosMachine
from tests.chaos.results import Manifests, comparable_manifests, differences, linked_identities, screen_time_of
from tests.chaos.subscriber import Arrival

MEDIA = Path(__file__).resolve().parents[3] / "shared" / "media"
VIDEO = MEDIA / "sample-episode-2.mp4"
SHOW = "chaos"

RUN_WITHIN_S = 180.0
NOTED_WITHIN_S = 30.0
QUIET_S = 1.0
LATEST_EVENT_SHARE = 0.8
"""A disturbance begins after at most this part of the events that an undisturbed round has."""


@dataclass(frozen=True, kw_only=True)
class Reference:
    """What an undisturbed run gives."""

    manifests: Manifests
    screen_time: dict[str, float]
    segments: int
    alone_s: float
    """From the upload's event to the result, with nothing else to do."""
    together_s: float
    """The same with as many episodes at once as a round has (median)."""
    events: int
    """Events of such a round."""


@dataclass(kw_only=True)
class Run:
    """One episode of a round."""

    upload: EpisodeUploaded
    emitted_s: float = 0.0
    finished_s: float | None = None
    problems: list[str] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of one disturbed run.

    `recovery_s`: how much later than undisturbed its result came. `rescued`: whether the reconciler asked again for
    something. `timeline`: every event of the run with the seconds from the upload to its arrival.
    """

    disturbance: str
    kind: str
    seed: str
    run_id: str
    problems: tuple[str, ...]
    recovery_s: float | None
    rescued: bool
    timeline: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Round:
    """What became of one round. `undisturbed` runs were finished before the disturbance began."""

    said: str
    outcomes: tuple[Outcome, ...]
    undisturbed: int


class Campaign:
    """Disturbed rounds on one machine. Use `campaign_on`."""

    def __init__(self, machine: ChaosMachine, *, seed: int, in_flight: int) -> None:
        self._machine = machine
        self._seed = seed
        self._in_flight = in_flight
        self._videos: dict[str, VideoRef] = {}
        self._rounds: dict[str, int] = {}
        self._reference: Reference | None = None
        self._finished: list[tuple[EpisodeUploaded, frozenset[str], Disturbance, str]] = []

    @property
    def reference(self) -> Reference:
        if self._reference is None:
            raise RuntimeError("the campaign has no reference yet")
        return self._reference

    async def prepare(self, *, repeats: int) -> None:
        """Make the cast known, upload the video, and find out what undisturbed runs give and how long they take.

        `repeats` is how many undisturbed rounds are timed; 0 takes the time of the one run that makes the reference.
        """
        await self._teach_cast()
        for lane in range(self._in_flight):
            ep_id = f"{SHOW}-s01e{lane + 1:02d}"
            self._videos[ep_id] = await emitter.upload_video(self._machine.storage, VIDEO, ep_id)
        if repeats:
            await self._undisturbed(lanes=1)  # warms everything up
        events_before = len(self._machine.subscriber.arrivals)
        alone = (await self._undisturbed(lanes=1))[0]
        events = len(self._machine.subscriber.arrivals) - events_before
        report = await self._report(alone)
        manifests = await comparable_manifests(self._machine.storage, report)
        segments = self._machine.subscriber.of(RunStarted, run_id=report.run_id)[0].segments
        times: list[float] = []
        for _ in range(repeats):
            before = len(self._machine.subscriber.arrivals)
            runs = await self._undisturbed(lanes=self._in_flight)
            events = len(self._machine.subscriber.arrivals) - before
            times += [_duration(run) for run in runs]
            for run in runs:
                found = await comparable_manifests(self._machine.storage, await self._report(run))
                if problems := differences(manifests, found):
                    raise AssertionError(f"undisturbed runs differ: {problems}")
        self._reference = Reference(
            manifests=manifests,
            screen_time=await screen_time_of(self._machine.storage, report),
            segments=segments,
            alone_s=_duration(alone),
            together_s=statistics.median(times or [_duration(alone)]),
            events=events,
        )

    async def disturb(self, disturbance: Disturbance) -> Round:
        """One round: episodes in flight, and something goes wrong at a random moment. Never raises for a bad result."""
        number = self._rounds.get(disturbance.name, 0)
        self._rounds[disturbance.name] = number + 1
        seed = f"{self._seed}/{disturbance.name}/{number}"
        random = Random(seed)
        moment = random.randrange(int(LATEST_EVENT_SHARE * self.reference.events))
        pause_s = random.uniform(0.0, 0.3)
        starts = [0.0, *(random.uniform(0.0, 1.0) for _ in range(1, self._in_flight))]
        begun = asyncio.Event()
        acting = asyncio.create_task(self._act(disturbance, random, moment=moment, pause_s=pause_s, begun=begun))
        runs = [Run(upload=self._upload(ep_id)) for ep_id in self._videos]
        async with self._repeating(runs if disturbance.twice else []):
            await asyncio.gather(*(self._follow(run, start) for run, start in zip(runs, starts, strict=True)))
            if not begun.is_set():
                acting.cancel()
            begun_s, done = await acting
            await self._machine.healed()
            await self._machine.subscriber.quiet(QUIET_S)
        outcomes = []
        for run in runs:
            if run.finished_s is not None and run.finished_s < begun_s:
                continue
            await self._check(run, disturbance, seed)
            outcomes.append(self._outcome(run, disturbance, seed))
        return Round(
            said=f"{disturbance.name} seed {seed} after event {moment} + {pause_s:.2f} s: {done}",
            outcomes=tuple(outcomes),
            undisturbed=len(runs) - len(outcomes),
        )

    async def audit(self) -> list[str]:
        """Look at every checked run once more, for what came late."""
        await self._machine.subscriber.quiet(QUIET_S)
        return [
            f"{disturbance.name} seed {seed}: late: {problem}"
            for upload, linked, disturbance, seed in self._finished
            for problem in self._machine.subscriber.violations(upload, segments=self.reference.segments, linked=linked)
        ]

    async def _teach_cast(self) -> None:
        members = read_cast_folder(MEDIA / "facebank").members
        pictures = await emitter.upload_pictures(self._machine.storage, SHOW, members)
        cast = emitter.cast_uploaded(SHOW, pictures)
        await self._emit(cast)
        async with asyncio.timeout(RUN_WITHIN_S):
            await self._machine.subscriber.first(FacebankUpdated, request_id=cast.request_id)

    def _upload(self, ep_id: str) -> EpisodeUploaded:
        return emitter.episode_uploaded(ep_id, self._videos[ep_id], profile="low_power", force=True)

    async def _emit(self, event: Event) -> None:
        """Publish as an emitter does that wants to be sure: the same message until a broker has taken it."""
        message = envelope.encode(event, source="/tests/chaos")
        while True:
            try:
                await self._machine.producer.send_and_wait(
                    message.topic, message.value, key=message.key, headers=message.headers
                )
                return
            except KafkaError:
                await asyncio.sleep(0.2)

    async def _follow(self, run: Run, start_s: float) -> None:
        """Emit a run's upload and wait for its result."""
        loop = asyncio.get_running_loop()
        await asyncio.sleep(start_s)
        run.emitted_s = loop.time()
        try:
            async with asyncio.timeout(RUN_WITHIN_S):
                await self._emit(run.upload)
                started = await self._machine.subscriber.first(RunStarted, upload_event_id=run.upload.event_id)
                run_id = getattr(started.event, "run_id", "")
                ended = await self._machine.subscriber.first(ScreenTimeReported, EpisodeFailed, run_id=run_id)
                if isinstance(ended.event, EpisodeFailed):
                    run.problems.append(f"{ended.event.stage} gave up: {ended.event.code}: {ended.event.message}")
                else:
                    run.finished_s = ended.at_s
        except TimeoutError:
            run.problems.append(f"no result after {RUN_WITHIN_S:.0f} s")

    async def _undisturbed(self, *, lanes: int) -> list[Run]:
        runs = [Run(upload=self._upload(ep_id)) for ep_id in sorted(self._videos)[:lanes]]
        await asyncio.gather(*(self._follow(run, 0.0) for run in runs))
        await self._machine.subscriber.quiet(QUIET_S)
        for run in runs:
            if run.problems:
                raise AssertionError(f"an undisturbed run failed: {run.problems}")
        return runs

    async def _act(
        self, disturbance: Disturbance, random: Random, *, moment: int, pause_s: float, begun: asyncio.Event
    ) -> tuple[float, str]:
        """Disturb after the `moment`-th event of the round; returns when that was (loop clock) and what was done."""
        loop = asyncio.get_running_loop()
        before = len(self._machine.subscriber.arrivals)
        try:
            while len(self._machine.subscriber.arrivals) - before < moment:
                await asyncio.sleep(0.01)
            await asyncio.sleep(pause_s)
        except asyncio.CancelledError:
            return loop.time(), "too late"
        begun.set()
        begun_s = loop.time()
        return begun_s, await disturbance.act(self._machine, random)

    @asynccontextmanager
    async def _repeating(self, runs: Sequence[Run]) -> AsyncIterator[None]:
        """Deliver every event of these episodes once more, byte for byte, as soon as it was published."""
        episodes = {run.upload.ep_id for run in runs}
        repeating = asyncio.create_task(self._repeat(episodes)) if episodes else None
        try:
            yield
        finally:
            if repeating is not None:
                repeating.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await repeating

    async def _repeat(self, episodes: set[str]) -> None:
        arrivals = self._machine.subscriber.arrivals
        position = len(arrivals)
        done: set[str] = set()
        while True:
            while position < len(arrivals):
                arrival = arrivals[position]
                position += 1
                if getattr(arrival.event, "ep_id", None) in episodes and arrival.event_id not in done:
                    done.add(arrival.event_id)
                    await self._deliver_again(arrival.record)
            await asyncio.sleep(0.01)

    async def _deliver_again(self, record: ConsumerRecord[Any, Any]) -> None:
        with contextlib.suppress(KafkaError):
            await self._machine.producer.send_and_wait(
                record.topic, record.value, key=record.key, headers=list(record.headers), partition=record.partition
            )

    async def _report(self, run: Run) -> ScreenTimeReported:
        [started] = {
            start.run_id for start in self._machine.subscriber.of(RunStarted, upload_event_id=run.upload.event_id)
        }
        return self._machine.subscriber.of(ScreenTimeReported, run_id=started)[0]

    async def _check(self, run: Run, disturbance: Disturbance, seed: str) -> None:
        """Compare a run with the reference, with what a subscriber saw, and with what the database holds."""
        if run.finished_s is None:
            return
        report = await self._report(run)
        try:
            manifests = await comparable_manifests(self._machine.storage, report)
            linked = await linked_identities(self._machine.storage, report)
        except DependencyUnavailable as error:
            run.problems.append(f"the manifests cannot be read: {error}")
            return
        run.problems += differences(self.reference.manifests, manifests)
        found = await screen_time_of(self._machine.storage, report)
        if found != self.reference.screen_time:
            run.problems.append(f"screen time {found} instead of {self.reference.screen_time}")
        run.problems += self._machine.subscriber.violations(run.upload, segments=self.reference.segments, linked=linked)
        run.problems += await self._check_database(report.run_id)
        if not run.problems:
            self._finished.append((run.upload, linked, disturbance, seed))

    async def _check_database(self, run_id: str) -> list[str]:
        """Every stage keeps each piece of a run once, and ingest knows that it is finished."""
        database = self._machine.database
        wanted = {"run_segments": self.reference.segments, "grouper_segments": self.reference.segments}
        wanted |= {"runs": 1, "grouper_runs": 1, "screen_time": 1}
        found: list[str] = []
        for name, count in wanted.items():
            key = "_id" if name in {"runs", "grouper_runs"} else "run_id"
            held = await database[name].count_documents({key: run_id})
            if held != count:
                found.append(f"{held} documents in {name} instead of {count}")
        state = await self._state_of(run_id)
        return found if state == FINISHED else [*found, f"ingest says the run is {state}"]

    async def _state_of(self, run_id: str) -> str:
        """Ingest's state of a run, once it has had the time to read the result."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + NOTED_WITHIN_S
        while True:
            document = await self._machine.database["runs"].find_one({"_id": run_id})
            state = str((document or {}).get("state"))
            if state == FINISHED or loop.time() > deadline:
                return state
            await asyncio.sleep(0.2)

    def _outcome(self, run: Run, disturbance: Disturbance, seed: str) -> Outcome:
        starts = self._machine.subscriber.of(RunStarted, upload_event_id=run.upload.event_id)
        run_id = starts[0].run_id if starts else ""
        arrivals = [one for one in self._machine.subscriber.arrivals if getattr(one.event, "run_id", "") == run_id]
        asked = sum(isinstance(arrival.event, SegmentReady) for arrival in arrivals)
        return Outcome(
            disturbance=disturbance.name,
            kind=disturbance.kind,
            seed=seed,
            run_id=run_id,
            problems=tuple(run.problems),
            recovery_s=None
            if run.finished_s is None
            else round(max(0.0, _duration(run) - self.reference.together_s), 1),
            rescued=asked > self.reference.segments and not disturbance.twice,
            timeline=tuple(_moment(arrival, run.emitted_s) for arrival in arrivals),
        )


def _moment(arrival: Arrival, emitted_s: float) -> str:
    event, record = arrival.event, arrival.record
    about = "/".join(
        str(getattr(event, name)) for name in ("stage", "segment") if getattr(event, name, None) is not None
    )
    return f"{arrival.at_s - emitted_s:.2f} {record.topic} {about} {record.partition}:{record.offset}"


def _duration(run: Run) -> float:
    if run.finished_s is None:
        raise ValueError("the run has no result")
    return run.finished_s - run.emitted_s


@asynccontextmanager
async def campaign_on(machine: ChaosMachine, *, seed: int, in_flight: int, repeats: int = 2) -> AsyncIterator[Campaign]:
    """A campaign with its reference known (see `Campaign.prepare`)."""
    campaign = Campaign(machine, seed=seed, in_flight=in_flight)
    await campaign.prepare(repeats=repeats)
    yield campaign
