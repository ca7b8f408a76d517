"""Joining, for any episode: nothing lost, nothing doubled, and the borders of segments leave no trace."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from contracts.rows import Boundary, ShotRow, TrackRow
from services.grouper.rules import JoiningRules
from services.grouper.tracks.joining import JoinedEpisode, SegmentTracks, join_segments
from tests.unit.grouper.rows import LEFT, RIGHT, shot, track, vector_of

RULES = JoiningRules()
SEGMENT_S = 10.0
PLACES = (LEFT, RIGHT)


@dataclass(frozen=True)
class Appearance:
    """Somebody at a place (0 or 1) for whole seconds."""

    person: int
    place: int
    start_s: int
    end_s: int


@dataclass(frozen=True)
class Truth:
    """An episode before it is cut into segments: shots end at `cuts_s`, nobody stays over a cut."""

    length_s: int
    cuts_s: tuple[int, ...]
    appearances: tuple[Appearance, ...]

    @property
    def shots(self) -> list[tuple[int, int]]:
        return list(pairwise([0, *self.cuts_s, self.length_s]))


@st.composite
def truths(draw: st.DrawFn) -> Truth:
    length_s = draw(st.integers(2, 60))
    cuts_s = tuple(sorted(draw(st.sets(st.integers(1, length_s - 1), max_size=6))))
    appearances = []
    for number, (start_s, end_s) in enumerate(pairwise([0, *cuts_s, length_s])):
        for place in draw(st.sets(st.sampled_from([0, 1]))):
            begin = draw(st.integers(start_s, end_s - 1))
            appearances.append(Appearance(2 * number + place, place, begin, draw(st.integers(begin + 1, end_s))))
    return Truth(length_s, cuts_s, tuple(appearances))


def boundary(time_s: float, truth: Truth, *, at_start: bool) -> Boundary:
    if time_s in truth.cuts_s:
        return "cut"
    if at_start:
        return "start" if time_s == 0 else "segment"
    return "end" if time_s == truth.length_s else "segment"


def segments_of(truth: Truth) -> list[SegmentTracks]:
    """The episode as detector and embedder see it, ten seconds at a time."""
    return [
        _segment(truth, number, number * SEGMENT_S, min((number + 1) * SEGMENT_S, truth.length_s))
        for number in range(-(-truth.length_s // int(SEGMENT_S)))
    ]


def _segment(truth: Truth, number: int, start_s: float, end_s: float) -> SegmentTracks:
    shots: list[ShotRow] = []
    tracks: list[TrackRow] = []
    vectors = []
    for begin, end in truth.shots:
        inside = (max(begin, start_s), min(end, end_s))
        if inside[0] >= inside[1]:
            continue
        starts = boundary(inside[0], truth, at_start=True)
        ends = boundary(inside[1], truth, at_start=False)
        shots.append(shot(len(shots) + 1, *inside, starts, ends, segment=number))
        for seen in truth.appearances:
            part = (max(seen.start_s, inside[0]), min(seen.end_s, inside[1]))
            if part[0] < part[1]:
                row = track(len(tracks) + 1, *part, segment=number, box=PLACES[seen.place], shot=shots[-1].shot_id)
                tracks.append(row.model_copy(update={"embedding_row": len(tracks)}))
                vectors.append(vector_of(seen.person, number))
    return SegmentTracks(
        segment=number,
        start_s=start_s,
        end_s=end_s,
        cut_at_end=end_s in truth.cuts_s,
        tracks=tuple(tracks),
        shots=tuple(shots),
        prototypes=np.stack(vectors) if vectors else np.zeros((0, 128), dtype=np.float32),
    )


def chains(episode: JoinedEpisode) -> list[tuple[float, float]]:
    """Start and end of every chain of tracks that continue one another, in order."""
    ends = {row.track_id: row.end_s for row in episode.tracks}
    following = dict(episode.must_links)
    found = []
    for row in episode.tracks:
        if row.continues is None:
            last = row.track_id
            while last in following:
                last = following[last]
            found.append((row.start_s, ends[last]))
    return sorted(found)


@given(truths())
def test_every_track_comes_out_once_with_its_vector(truth: Truth) -> None:
    segments = segments_of(truth)
    episode = join_segments(segments, RULES)
    given_rows = [row for segment in segments for row in segment.tracks]
    assert sorted(row.track_id for row in episode.tracks) == sorted(row.track_id for row in given_rows)
    vectors = {
        row.track_id: segment.prototypes[number] for segment in segments for number, row in enumerate(segment.tracks)
    }
    assert all(
        vector is not None and np.array_equal(vector, vectors[row.track_id])
        for row, vector in zip(episode.tracks, episode.vectors, strict=True)
    )
    assert [row.start_s for row in episode.tracks] == sorted(row.start_s for row in episode.tracks)


@given(truths())
def test_shots_and_appearances_are_those_of_the_uncut_episode(truth: Truth) -> None:
    episode = join_segments(segments_of(truth), RULES)
    assert [(row.start_s, row.end_s) for row in episode.shots] == truth.shots
    assert chains(episode) == sorted((seen.start_s, seen.end_s) for seen in truth.appearances)
    spans = {row.shot_id: (row.start_s, row.end_s) for row in episode.shots}
    assert all(spans[row.shot_id][0] <= row.start_s < row.end_s <= spans[row.shot_id][1] for row in episode.tracks)


@given(truths())
def test_a_link_is_said_the_same_way_twice_and_nobody_has_two(truth: Truth) -> None:
    episode = join_segments(segments_of(truth), RULES)
    assert sorted(episode.must_links) == sorted(
        (row.continues, row.track_id) for row in episode.tracks if row.continues is not None
    )
    for side in (0, 1):
        named = [link[side] for link in episode.must_links]
        assert len(named) == len(set(named))


@given(truths(), st.data())
def test_a_missing_segment_takes_nothing_else_with_it(truth: Truth, data: st.DataObject) -> None:
    segments = segments_of(truth)
    gone = data.draw(st.sampled_from(segments))
    left = [segment for segment in segments if segment is not gone]
    episode = join_segments(left, RULES)
    assert sorted(row.track_id for row in episode.tracks) == sorted(
        row.track_id for part in left for row in part.tracks
    )
    inside = 0 < gone.segment < len(segments) - 1
    assert bool(episode.problems) == inside
    assert all(row.end_s <= gone.start_s or row.start_s >= gone.end_s for row in episode.shots)
