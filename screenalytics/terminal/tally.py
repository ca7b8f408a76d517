"""Counts the progress of a run. Pure: times are handed in."""

from __future__ import annotations

from dataclasses import dataclass, field

from chassis.domain.time_left import Worked, seconds_left
from contracts.events import STAGES, EpisodeProgress, Stage


@dataclass(slots=True)
class StageTally:
    """What is known of one stage.

    `total` is None until an event names it. `media_s` counts seconds of video and stays 0 where a stage has no
    segments: such a stage waits for the others most of the time, so its rate would say nothing.
    """

    total: int | None = None
    done: int = 0
    media_s: float = 0.0
    begun_at: float | None = None
    latest_at: float | None = None
    counts: dict[str, float] = field(default_factory=dict)

    @property
    def fraction(self) -> float:
        return min(1.0, self.done / self.total) if self.total else 0.0

    @property
    def finished(self) -> bool:
        return self.total is not None and self.done >= self.total

    @property
    def rate(self) -> float | None:
        """Seconds of video a second, up to the latest piece; None where the stage does not go through the video."""
        if self.begun_at is None or self.latest_at is None or self.media_s <= 0 or self.latest_at <= self.begun_at:
            return None
        return self.media_s / (self.latest_at - self.begun_at)


class RunTally:
    """Progress of one run by stage. An event counts once, however often it comes; other runs do not count."""

    def __init__(self, *, duration_s: float | None, segments: int | None, now: float) -> None:
        self.duration_s = duration_s
        self.stages: dict[Stage, StageTally] = {stage: StageTally() for stage in STAGES}
        self._run_id: str | None = None
        self._seen: set[str] = set()
        self._begun_at = now
        if segments is not None:
            self._expect(segments)

    def _expect(self, segments: int) -> None:
        self.stages["detector"].total = segments
        self.stages["embedder"].total = segments

    def start(self, run_id: str, *, duration_s: float, segments: int, now: float) -> bool:
        """Begin to count a run; False where it is counted already. Another run's counts are forgotten."""
        known = self._run_id
        if run_id == known and self.duration_s == duration_s and self.stages["detector"].total == segments:
            return False
        if known is not None and run_id != known:
            self.stages = {stage: StageTally() for stage in STAGES}
            self._seen.clear()
        self._run_id = run_id
        self._begun_at = now
        self.duration_s = duration_s
        self._expect(segments)
        return True

    def add(self, event: EpisodeProgress, *, now: float) -> bool:
        """Count an event; False where it was counted before or belongs to another run."""
        if self._run_id is None:
            self._run_id = event.run_id
        if event.run_id != self._run_id or event.event_id in self._seen:
            return False
        self._seen.add(event.event_id)
        stage = self.stages[event.stage]
        stage.total = event.total
        if event.segment is None:
            stage.done = max(stage.done, event.done)
        else:
            stage.done += 1
            stage.media_s += event.media_s
        stage.begun_at = self._begun_at
        stage.latest_at = now
        for name, count in event.detail.items():
            stage.counts[name] = stage.counts.get(name, 0.0) + count
        return True

    def finish(self, run_id: str) -> bool:
        """The run's result is there, so every stage is through, also one whose last words come late or never.

        False where another run is counted.
        """
        if run_id != self._run_id:
            return False
        for stage in self.stages.values():
            stage.total = stage.total or 1
            stage.done = stage.total
        return True

    def seconds_left(self, name: Stage, *, now: float) -> float | None:
        """Time a stage still needs; None where that cannot be said yet."""
        stage = self.stages[name]
        if stage.finished:
            return 0.0
        if not stage.total or stage.total == 1:
            return None
        chain = [self.stages["detector"], stage] if name == "embedder" and self.stages["detector"].done else [stage]
        by_media = self.duration_s is not None and all(each.media_s > 0 for each in chain if each.done)
        total = self.duration_s if by_media and self.duration_s is not None else float(stage.total)
        worked = [
            Worked(
                done=total if each.finished else each.media_s if by_media else float(each.done),
                latest_s=0.0 if each.latest_at is None else each.latest_at - self._begun_at,
            )
            for each in chain
        ]
        return seconds_left(worked, total=total, piece=total / stage.total, now_s=now - self._begun_at)
