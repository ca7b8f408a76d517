"""What is measured: a labelled episode with its cast or without, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.scoring import EpisodeScore, Result, score
from benchmarks.truth import LabelledEpisode
from contracts.ids import slugify
from screenalytics.events.cast_folder import CastFolder, read_cast_folder


@dataclass(frozen=True, kw_only=True)
class Job:
    """An episode to process, with its cast or (not `named`) as if nobody were known."""

    episode: LabelledEpisode
    named: bool
    title: str
    is_variant: bool = False
    segment_s: float | None = None

    @property
    def cast(self) -> CastFolder:
        """Who is known.

        Raises:
            BadInput: when the folder cannot be used.
        """
        return read_cast_folder(self.episode.cast) if self.named and self.episode.cast is not None else CastFolder()

    @property
    def show(self) -> str:
        """A show of its own, so that no other job's people are known."""
        return slugify(f"{self.episode.video.stem}-{'cast' if self.named else 'nocast'}")

    @property
    def ep_id(self) -> str:
        """The only episode of that show."""
        return f"{self.show}-s01e01"

    def score(self, result: Result) -> EpisodeScore:
        """Compares a result with the labels."""
        return score(self.episode.truth, result, known={member.cast_id for member in self.cast.members})


@dataclass(frozen=True, kw_only=True)
class Finished:
    """What came of a job: a score, or why there is none."""

    job: Job
    score: EpisodeScore | None
    problem: str | None
    seconds: float

    @property
    def good(self) -> bool:
        """Whether there is a result and it is within bounds; that of a difficult set, whether it reaches the goals."""
        if self.score is None:
            return False
        return self.score.moments.good if self.job.episode.is_hard else self.score.good
