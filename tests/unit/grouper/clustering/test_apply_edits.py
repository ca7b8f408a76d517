"""Edits change what they name and nothing else."""

from __future__ import annotations

import numpy as np
import pytest

from services.grouper.edits.kinds import Drop, Merge, MoveTrack, NotSame, Rename, Split, TrackGroup
from tests.unit.grouper.rows import Scene, grouped, identity_by_track, joined, partition, track, vector_of


@pytest.mark.parametrize("people", [(1, 2), (1, 3), (2, 4)])
def test_a_wrong_merge_draws_nobody_else_in_and_its_undoing_leaves_no_trace(people: tuple[int, int]) -> None:
    scene = Scene([1, 2, 3, 4, 1, 2, 3, 4, 5, 6]).joined()
    before = grouped(scene)
    tracks: dict[str, tuple[str, ...]] = {}
    for one, identity in identity_by_track(before).items():
        tracks[identity] = (*tracks.get(identity, ()), one)
    first, second = (tracks[f"identity-{number:05d}"] for number in people)
    merge = Merge(target=TrackGroup(track_ids=first), sources=(TrackGroup(track_ids=second),))
    after = grouped(scene, merge)
    expected = (partition(before) - {frozenset(first), frozenset(second)}) | {frozenset((*first, *second))}
    assert partition(after) == expected


def alike(person: int, sample: int) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    """A vector of one of several people who are barely apart, so that the middle of two is near to all others."""
    common, own, step = (np.random.default_rng([seed, 7]).normal(size=128) for seed in (0, 100 + person, 900 + sample))
    parts = [part / np.linalg.norm(part) for part in (common, own, step)]
    vector = parts[0] + 0.22 * parts[1] + 0.02 * parts[2]
    return np.asarray(vector / np.linalg.norm(vector), dtype=np.float32)


def test_two_lone_tracks_that_were_merged_are_no_leftover() -> None:
    scene = joined(
        [track(number, 3.0 * number, 3.0 * number + 2) for number in range(1, 6)],
        [alike(person, sample) for sample, person in enumerate([1, 1, 1, 2, 3])],
    )
    lone = Merge(
        target=TrackGroup(track_ids=("track-00000-004",)), sources=(TrackGroup(track_ids=("track-00000-005",)),)
    )
    after = grouped(scene, lone)
    assert sorted(len(person.tracks) for person in after.people) == [2, 3]


def test_a_split_and_a_parting_touch_nobody_else() -> None:
    scene = Scene([1, 1, 1, 2, 2, 3, 3]).joined()
    names = [one.track_id for one in scene.tracks]
    split = Split(kept=TrackGroup(track_ids=tuple(names[:3])), split_off=(names[2],))
    apart = NotSame(first=TrackGroup(track_ids=(names[3],)), second=TrackGroup(track_ids=(names[4],)))
    after = grouped(scene, split, apart)
    assert partition(after) == {
        frozenset(names[:2]),
        frozenset(names[2:3]),
        frozenset(names[3:4]),
        frozenset(names[4:5]),
        frozenset(names[5:]),
    }


def test_what_was_rescued_into_a_divided_cluster_is_a_leftover_again() -> None:
    tracks = [track(1, 0, 2), track(2, 3, 5), track(3, 6, 8, low_quality=True, quality=0.3)]
    scene = joined(tracks, [vector_of(1, sample) for sample in range(3)])
    names = tuple(one.track_id for one in tracks)
    assert partition(grouped(scene)) == {frozenset(names)}
    apart = NotSame(first=TrackGroup(track_ids=names[:1]), second=TrackGroup(track_ids=names[1:2]))
    assert partition(grouped(scene, apart)) == {frozenset([one]) for one in names}


def test_a_name_makes_no_leftover_join_anybody() -> None:
    scene = Scene([1, 1, 1, 2, 3]).joined()
    names = [one.track_id for one in scene.tracks]
    before = grouped(scene)
    named = grouped(scene, Rename(group=TrackGroup(track_ids=tuple(names[:3])), label="Kim"))
    assert identity_by_track(named) == identity_by_track(before)


def test_a_cluster_loses_what_was_moved_or_dropped_and_nothing_else() -> None:
    scene = Scene([1, 1, 1, 1, 2, 2]).joined()
    names = tuple(one.track_id for one in scene.tracks)
    one, other = TrackGroup(track_ids=names[:4]), TrackGroup(track_ids=names[4:])
    after = grouped(scene, MoveTrack(track_ids=names[:1], source=one, target=other), Drop(track_ids=names[1:2]))
    assert partition(after) == {frozenset(names[2:4]), frozenset((names[0], *names[4:]))}
