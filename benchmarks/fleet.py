"""A discrete-event model of the pipeline: episodes arrive, segments queue, workers and inference servers serve.

What it keeps of the real system: a segment's key decides its partition, a partition belongs to one worker, a worker
handles one segment at a time and waits meanwhile for inference, an episode is grouped when its last segment is embedded.
What it leaves out: start-up of workers, failures, batching (it is in the measured times), the network.

Pure and deterministic: the same fleet and load give the same result.
"""

from __future__ import annotations

import heapq
import itertools
import zlib
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

SEGMENTED = ("detector", "embedder")
WHOLE = ("grouper", "identity")
STAGES = (*SEGMENTED, *WHOLE)
INFERENCE = "inference"


@dataclass(frozen=True, kw_only=True)
class StageTimes:
    """Seconds of work per second of video: on a worker's own core, and on an inference server."""

    cpu: Mapping[str, float]
    inference: Mapping[str, float]

    def worker_s(self, stage: str) -> float:
        """Seconds a worker of a stage is taken per second of video, when it never waits for others."""
        return self.cpu[stage] + self.inference.get(stage, 0.0)

    @property
    def inference_s(self) -> float:
        return sum(self.inference.values())


@dataclass(frozen=True, kw_only=True)
class Load:
    """Episodes of one length, arriving evenly at `episodes_per_s`; `episodes` of them are looked at."""

    episodes_per_s: float
    episodes: int
    episode_s: float
    segment_s: float = 20.0

    @property
    def segments(self) -> int:
        """Segments of one episode."""
        return max(1, round(self.episode_s / self.segment_s))

    @property
    def video_per_s(self) -> float:
        """Seconds of video that arrive in a second."""
        return self.episodes_per_s * self.episode_s


@dataclass(frozen=True, kw_only=True)
class Fleet:
    """How many of each there are. More workers of a segmented stage than partitions stay idle."""

    workers: Mapping[str, int]
    inference: int
    partitions: int


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came of it. Turnaround: seconds from an episode's arrival to its report, in order of arrival."""

    turnaround_s: tuple[float, ...]
    elapsed_s: float
    busy_s: Mapping[str, float]
    waited_s: Mapping[str, float]

    def percentile(self, fraction: float) -> float:
        """Turnaround that this share of the episodes does not exceed."""
        ordered = sorted(self.turnaround_s)
        return ordered[min(len(ordered) - 1, int(fraction * len(ordered)))]


@dataclass
class _Servers:
    """Servers that take whoever has waited longest."""

    free: int
    waiting: deque[tuple[float, Callable[[], None]]] = field(default_factory=deque)


class Simulation:
    """Runs one load through one fleet."""

    def __init__(self, times: StageTimes, load: Load, fleet: Fleet) -> None:
        self._times, self._load, self._fleet = times, load, fleet
        self._now = 0.0
        self._order = itertools.count()
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._servers = {INFERENCE: _Servers(free=fleet.inference)}
        for stage in STAGES:
            for worker in range(self._useful(stage)):
                self._servers[f"{stage}/{worker}"] = _Servers(free=1)
        self._busy = dict.fromkeys((*STAGES, INFERENCE), 0.0)
        self._waited = dict.fromkeys((*STAGES, INFERENCE), 0.0)
        self._left: dict[int, int] = {}
        self._ended: dict[int, float] = {}

    def _useful(self, stage: str) -> int:
        return min(self._fleet.workers[stage], self._fleet.partitions)

    def run(self) -> Outcome:
        """Play every event in order of time."""
        for episode in range(self._load.episodes):
            self._at(episode / self._load.episodes_per_s, partial(self._arrive, episode))
        while self._events:
            self._now, _, happen = heapq.heappop(self._events)
            happen()
        arrivals = (episode / self._load.episodes_per_s for episode in range(self._load.episodes))
        return Outcome(
            turnaround_s=tuple(self._ended[episode] - begun for episode, begun in enumerate(arrivals)),
            elapsed_s=self._now,
            busy_s=self._busy,
            waited_s=self._waited,
        )

    def _at(self, time: float, happen: Callable[[], None]) -> None:
        heapq.heappush(self._events, (time, next(self._order), happen))

    def _arrive(self, episode: int) -> None:
        self._left[episode] = self._load.segments
        for segment in range(self._load.segments):
            self._work("detector", episode, segment)

    def _work(self, stage: str, episode: int, segment: int) -> None:
        """Queue a piece of work at the worker that has its partition: its own work, then inference, then the next stage."""
        video_s = self._load.episode_s / (self._load.segments if stage in SEGMENTED else 1)
        key = f"{episode}/{segment}" if stage in SEGMENTED else f"{episode}"
        partition = zlib.crc32(f"{stage}/{key}".encode()) % self._fleet.partitions
        worker = f"{stage}/{partition % self._useful(stage)}"

        def own_work_done() -> None:
            wanted = self._times.inference.get(stage, 0.0) * video_s
            if wanted > 0:
                self._serve(INFERENCE, INFERENCE, wanted, lambda: self._release(INFERENCE, finish))
            else:
                finish()

        def finish() -> None:
            self._release(worker, lambda: self._next(stage, episode, segment))

        self._serve(worker, stage, self._times.cpu[stage] * video_s, own_work_done)

    def _next(self, stage: str, episode: int, segment: int) -> None:
        if stage == "detector":
            self._work("embedder", episode, segment)
        elif stage == "embedder":
            self._left[episode] -= 1
            if self._left[episode] == 0:
                self._work("grouper", episode, 0)
        elif stage == "grouper":
            self._work("identity", episode, 0)
        else:
            self._ended[episode] = self._now

    def _serve(self, name: str, kind: str, seconds: float, then: Callable[[], None]) -> None:
        """Begin now where a server is free, otherwise wait; `then` has to release it."""
        servers = self._servers[name]
        if servers.free == 0:
            servers.waiting.append((self._now, partial(self._begin, kind, seconds, then)))
        else:
            servers.free -= 1
            self._begin(kind, seconds, then)

    def _begin(self, kind: str, seconds: float, then: Callable[[], None]) -> None:
        self._busy[kind] += seconds
        self._at(self._now + seconds, then)

    def _release(self, name: str, then: Callable[[], None]) -> None:
        servers = self._servers[name]
        servers.free += 1
        if servers.waiting:
            since, begin = servers.waiting.popleft()
            servers.free -= 1
            self._waited[name.partition("/")[0]] += self._now - since
            begin()
        then()
