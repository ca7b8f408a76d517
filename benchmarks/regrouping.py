"""How long grouping an episode again takes: `python -m benchmarks.regrouping [--tracks 2000] [--people 300]`.

Made-up people whose distances are those measured with the real embedder; one process, no servers.
"""

from __future__ import annotations

import argparse
import statistics
import time

import numpy as np
import numpy.typing as npt

from benchmarks.made_up_tracks import made_up_track
from chassis.domain.pooling import PoolingRules
from contracts.rows import TrackRow
from services.grouper.clustering.machine import MachineGrouping
from services.grouper.edits.kinds import Edit, Merge, MoveRange, TrackGroup
from services.grouper.edits.log import EditRecord
from services.grouper.edits.resolve import Resolver
from services.grouper.episode.edited_grouping import GroupingInput, group_edited
from services.grouper.episode.grouping_with_edits import Grouping
from services.grouper.episode.identity_ids import RunIds, first_ids
from services.grouper.rules import GrouperThresholds
from services.grouper.tracks.joining import JoinedEpisode

RUN = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
TRACKS_PER_SEGMENT = 15
EVERY_S = 1.35
REPEATS = 7

Floats = npt.NDArray[np.float32]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tracks", type=int, default=2000)
    parser.add_argument("--people", type=int, default=300)
    options = parser.parse_args()
    ground = _ground(options.tracks, options.people)
    started = time.perf_counter()
    machine = ground.machine(GrouperThresholds())
    ids = first_ids(machine, ground.joined.tracks)
    print(f"clustering: {time.perf_counter() - started:.3f} s")
    first = _timed("nobody edited", ground, ids, machine, [])
    groups = [
        TrackGroup(identity_id=one.identity_id, track_ids=tuple(track.track_id for track in one.tracks))
        for one in first.people
    ]
    merges: list[Edit] = [
        Merge(target=target, sources=(source,))
        for target, source in zip(groups[0:100:2], groups[1:100:2], strict=False)
    ]
    _timed(f"again, {len(merges)} merges", ground, ids, machine, merges)
    long = next(track for track in ground.joined.tracks if track.end_s - track.start_s > 1)
    cut = MoveRange(track_id=long.track_id, start_s=long.start_s + 0.5, end_s=long.end_s - 0.5)
    _timed("again, a time range moved", ground, ids, machine, [*merges, cut])


def _timed(what: str, ground: GroupingInput, ids: RunIds, machine: MachineGrouping, edits: list[Edit]) -> Grouping:
    records = [
        EditRecord(edit_id=str(number), action="apply", by="b", at="", edit=edit, run_id=RUN)
        for number, edit in enumerate(edits)
    ]
    rules = GrouperThresholds()
    seconds: list[float] = []
    cpu: list[float] = []
    for _ in range(REPEATS):
        started, spent = time.perf_counter(), time.process_time()
        resolved = Resolver(RUN, {RUN: ground.joined.tracks}, rules.carry).resolve(records)
        edited = group_edited(ground, resolved, ids, thresholds=rules, pooling=PoolingRules(), machine=machine)
        seconds.append(time.perf_counter() - started)
        cpu.append(time.process_time() - spent)
    clusters = edited.grouping.metrics.clusters
    wall, busy = statistics.median(seconds), statistics.median(cpu)
    print(f"{what}: median {wall:.3f} s ({busy:.3f} s of CPU), best {min(seconds):.3f} s, {clusters} clusters")
    return edited.grouping


def _ground(tracks: int, people: int) -> GroupingInput:
    random = np.random.default_rng(1)
    who = random.integers(0, people, size=tracks)
    common, *own = (row / np.linalg.norm(row) for row in random.normal(size=(people + 1, 128)))
    steps = random.normal(size=(tracks, 128))
    steps /= np.linalg.norm(steps, axis=1, keepdims=True)
    vectors = common + 0.35 * np.stack(own)[who] + 0.1 * steps
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    rows = tuple(_track(index, random) for index in range(tracks))
    joined = JoinedEpisode(tracks=rows, vectors=tuple(vectors.astype(np.float32)), shots=(), must_links=())
    return GroupingInput(
        joined=joined,
        faces=(),
        face_vectors=np.zeros((0, 128), dtype=np.float32),
        duration_s=EVERY_S * tracks,
        sample_period_s=0.125,
    )


def _track(index: int, random: np.random.Generator) -> TrackRow:
    return made_up_track(
        index,
        segment=index // TRACKS_PER_SEGMENT,
        number=index % TRACKS_PER_SEGMENT + 1,
        shot_id="shot-00000-001",
        start_s=EVERY_S * index,
        lasts_s=2.2,
        left=0.1 + 0.5 * (index % 2),
        quality=float(random.uniform(0.2, 0.9)),
        samples=int(random.integers(1, 12)),
        spread=0.12,
        low_quality=bool(random.random() < 0.1),
    )


if __name__ == "__main__":
    main()
