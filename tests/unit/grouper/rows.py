"""Tracks with vectors of made-up people whose distances are those measured with the real embedder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from chassis.domain.pooling import PoolingRules
from contracts.ids import track_id
from contracts.rows import Boundary, Box, ShotRow, TrackRow
from services.grouper.clustering.machine import MachineGrouping
from services.grouper.edits.kinds import BaseEdit
from services.grouper.edits.resolve import Resolved
from services.grouper.episode.edited_grouping import GroupingInput, group_edited
from services.grouper.episode.grouping_with_edits import Grouping
from services.grouper.episode.identity_ids import RunIds, first_ids
from services.grouper.rules import GrouperThresholds
from services.grouper.tracks.cutting import cut_tracks
from services.grouper.tracks.joining import JoinedEpisode

EP_ID = "show-s01e01"
RUN_ID = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
LEFT: Box = (0.1, 0.2, 0.3, 0.6)
RIGHT: Box = (0.6, 0.2, 0.8, 0.6)
MODEL = "model-a"

Floats = npt.NDArray[np.float32]


def vector_of(person: int, sample: int = 0, *, noise: float = 0.1) -> Floats:
    """A unit vector [128]: prototypes of one person are about 0.14 apart, of two people about 0.45."""
    common = np.random.default_rng(0).normal(size=128)
    own = np.random.default_rng(1000 + person).normal(size=128)
    step = np.random.default_rng([person, sample]).normal(size=128)
    vector = common / np.linalg.norm(common) + 0.35 * own / np.linalg.norm(own) + noise * step / np.linalg.norm(step)
    return np.asarray(vector / np.linalg.norm(vector), dtype=np.float32)


def track(
    number: int,
    start_s: float,
    end_s: float,
    *,
    segment: int = 0,
    box: Box = LEFT,
    shot: str = "shot-00000-001",
    embedded: bool = True,
    low_quality: bool = False,
    quality: float = 0.8,
    samples: int = 8,
    model_id: str = MODEL,
    embedding_row: int | None = None,
) -> TrackRow:
    return TrackRow(
        ep_id=EP_ID,
        segment=segment,
        track_id=track_id(segment, number),
        shot_id=shot,
        start_s=start_s,
        end_s=end_s,
        first_frame=0,
        last_frame=8,
        first_bbox=box,
        last_bbox=box,
        detections=9,
        mean_conf=0.9,
        mean_size=0.4,
        quality=quality,
        embedding_row=embedding_row,
        model_id=model_id if embedded else None,
        samples=samples if embedded else 0,
        spread=0.12 if embedded else None,
        low_quality=low_quality,
        rejection=None if embedded else "no_face_sampled",
    )


def shot(number: int, start_s: float, end_s: float, starts: Boundary, ends: Boundary, *, segment: int = 0) -> ShotRow:
    return ShotRow(
        shot_id=f"shot-{segment:05d}-{number:03d}",
        segment=segment,
        start_s=start_s,
        end_s=end_s,
        starts_with=starts,
        ends_with=ends,
    )


@dataclass(frozen=True)
class Scene:
    """Who is on screen one after the other, two seconds each."""

    people: Sequence[int]

    def joined(self) -> JoinedEpisode:
        tracks = [track(index + 1, 2.0 * index, 2.0 * index + 1.9) for index in range(len(self.people))]
        vectors = [vector_of(person, index) for index, person in enumerate(self.people)]
        return joined(tracks, vectors)


def joined(
    tracks: Sequence[TrackRow],
    vectors: Sequence[Floats | None],
    must_links: Sequence[tuple[str, str]] = (),
) -> JoinedEpisode:
    return JoinedEpisode(tracks=tuple(tracks), vectors=tuple(vectors), shots=(), must_links=tuple(must_links))


def grouped(
    episode: JoinedEpisode,
    *edits: BaseEdit,
    thresholds: GrouperThresholds | None = None,
    duration_s: float = 60.0,
    ids: RunIds | None = None,
    machine: MachineGrouping | None = None,
) -> Grouping:
    """An episode grouped with edits, in a run of its own where `ids` are not given."""
    rules = thresholds or GrouperThresholds(model_id=MODEL)
    ground = GroupingInput(
        joined=episode,
        faces=[],
        face_vectors=np.zeros((0, 128), dtype=np.float32),
        duration_s=duration_s,
        sample_period_s=0.125,
    )
    if ids is None:
        ids = first_ids(ground.machine(rules), episode.tracks)
    resolved = Resolved(cut=cut_tracks(episode.tracks, []), edits=tuple(edits), lost=())
    return group_edited(ground, resolved, ids, thresholds=rules, pooling=PoolingRules(), machine=machine).grouping


def identity_by_track(grouping: Grouping) -> dict[str, str]:
    return {one.track_id: person.identity_id for person in grouping.people for one in person.tracks}


def partition(grouping: Grouping) -> set[frozenset[str]]:
    return {frozenset(one.track_id for one in person.tracks) for person in grouping.people}
