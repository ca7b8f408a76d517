"""How well people of long episodes are kept together and apart.

`python -m benchmarks.long_episode [--minutes 45] [--people 120]`
Made-up people whose tracks are as far apart as SFace puts real ones (`calibration.people` of the model registry), seen
for a few seconds at any time of the episode, one in fifty in a dissolve with somebody else. Prints BCubed by seconds, and
how many of those who come back after more than three minutes are one person then. One process, no servers.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt

from benchmarks.clustering_metrics import Agreement, bcubed
from benchmarks.made_up_tracks import made_up_track
from chassis.domain.calibration import DistanceScale
from contracts.rows import TrackRow
from screenalytics.weights import load_registry
from services.grouper.episode.edited_grouping import GroupingInput
from services.grouper.rules import GrouperThresholds
from services.grouper.tracks.joining import JoinedEpisode

Floats = npt.NDArray[np.float32]

DIMENSION: Final = 128
COMMON: Final = 0.1
"""Part of every face's direction that all share: strangers are 1.34 apart, not 1.41."""
VIEW: Final = (1.2, 3.6)
"""Beta distribution of the part that a view adds to a person: tracks of one person are then 0.66 apart, deviation 0.19."""
DISSOLVED: Final = 0.02
EVERY_S: Final = 3.4
"""From one track's beginning to the next."""
LONG_AWAY_S: Final = 180.0
SEGMENT_S: Final = 20.0


@dataclass(frozen=True)
class LongEpisode:
    """Tracks, their vectors [T, D] and whose each is."""

    tracks: tuple[TrackRow, ...]
    vectors: Floats
    people: tuple[int, ...]


@dataclass(frozen=True)
class Kept:
    """How well the grouping agrees with the truth by seconds, and of those who came back how many are one person."""

    agreement: Agreement
    clusters: int
    came_back: int
    are_one: int


def make_episode(*, minutes: float, people: int, seed: int = 12) -> LongEpisode:
    """An episode of strangers; everybody is seen at least once, some much more often than others."""
    random = np.random.default_rng(seed)
    count = max(people, round(minutes * 60 / EVERY_S))
    shares = random.dirichlet(np.full(people, 0.7))
    who = np.concatenate([np.arange(people), random.choice(people, size=count - people, p=shares)])
    random.shuffle(who)
    common, *own = _directions(random, people + 1)
    views, parts = _directions(random, count), random.beta(*VIEW, size=(count, 1))
    vectors = np.sqrt(COMMON) * common + np.sqrt(1 - COMMON) * (
        np.sqrt(1 - parts) * np.stack(own)[who] + np.sqrt(parts) * views
    )
    for index in np.flatnonzero(random.random(count) < DISSOLVED):
        vectors[index] += 0.6 * own[int(random.integers(people))]
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    tracks = tuple(_track(index, random) for index in range(count))
    return LongEpisode(tracks, vectors.astype(np.float32), tuple(int(person) for person in who))


def _directions(random: np.random.Generator, count: int) -> npt.NDArray[np.float64]:
    rows = random.normal(size=(count, DIMENSION))
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True))


def _track(index: int, random: np.random.Generator) -> TrackRow:
    start_s, lasts_s = EVERY_S * index, float(random.uniform(0.6, 3.2))
    left, segment = float(random.uniform(0.0, 0.7)), int(start_s / SEGMENT_S)
    return made_up_track(
        index,
        segment=segment,
        number=index % 100,
        shot_id=f"shot-{segment:05d}-{index % 100:03d}",
        start_s=start_s,
        lasts_s=lasts_s,
        left=left,
        quality=float(random.uniform(0.3, 0.9)),
        samples=int(random.integers(2, 9)),
        spread=0.3,
    )


def group(episode: LongEpisode) -> Kept:
    """What the grouper's rules make of it."""
    calibration = load_registry().models["sface"].calibration
    assert calibration is not None
    scale = DistanceScale(calibration.midpoint, calibration.slope)
    ground = GroupingInput(
        joined=JoinedEpisode(tracks=episode.tracks, vectors=tuple(episode.vectors), shots=(), must_links=()),
        faces=(),
        face_vectors=np.zeros((0, DIMENSION), dtype=np.float32),
        duration_s=episode.tracks[-1].end_s,
        sample_period_s=0.125,
        scale=scale,
    )
    groups = ground.machine(GrouperThresholds().on(scale)).groups
    label_of = {track: label for label, own in enumerate(groups) for track in own}
    return compare(episode, [label_of[track.track_id] for track in episode.tracks])


def compare(episode: LongEpisode, labels: Sequence[int]) -> Kept:
    """Labels of the tracks beside the truth."""
    seconds = [track.end_s - track.start_s for track in episode.tracks]
    shown: dict[int, list[int]] = defaultdict(list)
    for index, person in enumerate(episode.people):
        shown[person].append(index)
    back = [
        own
        for own in shown.values()
        if any(
            episode.tracks[after].start_s - episode.tracks[before].end_s > LONG_AWAY_S
            for before, after in pairwise(own)
        )
    ]
    one = sum(len({labels[index] for index in own}) == 1 for own in back)
    return Kept(bcubed(episode.people, labels, seconds), len(set(labels)), len(back), one)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="benchmarks.long_episode", description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--minutes", type=float, default=45.0)
    parser.add_argument("--people", type=int, default=120)
    options = parser.parse_args()
    episode = make_episode(minutes=options.minutes, people=options.people)
    kept = group(episode)
    agreed = kept.agreement
    print(
        f"{len(episode.tracks)} tracks of {options.people} people in {options.minutes:g} min: {kept.clusters} clusters, "
        f"BCubed precision {agreed.precision:.3f}, recall {agreed.recall:.3f}, F {agreed.f_score:.3f}; "
        f"of {kept.came_back} who came back after more than {LONG_AWAY_S / 60:g} min {kept.are_one} are one"
    )


if __name__ == "__main__":
    main()
