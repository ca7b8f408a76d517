"""Edits change what they name and nothing else."""

from __future__ import annotations

import numpy as np
import pytest

from services.grouper.clustering.apply_edits import MOST_COMPARED, carry_out
from services.grouper.clustering.constraints import Constraints
from services.grouper.edits.kinds import Drop, Merge, NotSame, Split, TrackGroup
from services.grouper.episode.grouping_with_edits import group_episode
from services.grouper.rules import GrouperThresholds
from services.grouper.tracks.points import TrackPoints, track_points
from tests.unit.grouper.rows import Scene, identity_by_track, joined, partition, track, vector_of


def points_of(people: list[int], *, poor: tuple[int, ...] = ()) -> TrackPoints:
    tracks = [
        track(index + 1, 2.0 * index, 2.0 * index + 1.9, embedding_row=index, low_quality=index in poor)
        for index in range(len(people))
    ]
    return track_points(tracks, np.stack([vector_of(person, index) for index, person in enumerate(people)]))


def test_without_edits_the_clusters_are_the_machines() -> None:
    points = points_of([1, 1, 2, 2, 1], poor=(4,))
    edited = carry_out([[0, 1, 4], [2, 3]], {4}, Constraints(5), points)
    assert (edited.clusters, edited.rescued) == ([[0, 1, 4], [2, 3]], (4,))


def test_a_divided_cluster_falls_into_as_few_parts_as_are_allowed_alike_with_alike() -> None:
    points = points_of([1, 2, 1, 2, 1])
    constraints = Constraints(5)
    constraints.cannot_link(0, 1)
    edited = carry_out([[0, 1, 2, 3, 4]], set(), constraints, points)
    assert edited.clusters == [[0, 2, 4], [1, 3]]


def test_what_was_rescued_into_a_divided_cluster_is_a_leftover_again() -> None:
    points = points_of([1, 1, 1], poor=(2,))
    constraints = Constraints(3)
    constraints.cannot_link(0, 1)
    edited = carry_out([[0, 1, 2]], {2}, constraints, points)
    assert (edited.clusters, edited.rescued) == ([[0], [1]], ())


def test_very_large_clusters_are_divided_too() -> None:
    count = MOST_COMPARED + 5
    points = points_of([1] * count)
    constraints = Constraints(count)
    constraints.cannot_link(0, 7)
    edited = carry_out([list(range(count))], set(), constraints, points)
    assert sorted(len(cluster) for cluster in edited.clusters) == [1, count - 1]


@pytest.mark.parametrize("people", [(1, 2), (1, 3), (2, 4)])
def test_a_wrong_merge_draws_nobody_else_in_and_its_undoing_leaves_no_trace(people: tuple[int, int]) -> None:
    scene = Scene([1, 2, 3, 4, 1, 2, 3, 4, 5, 6]).joined()
    options = {"duration_s": 30.0, "sample_period_s": 0.125, "thresholds": GrouperThresholds()}
    before = group_episode(scene, **options)  # type: ignore[arg-type]
    tracks: dict[str, tuple[str, ...]] = {}
    for one, identity in identity_by_track(before).items():
        tracks[identity] = (*tracks.get(identity, ()), one)
    first, second = (tracks[f"identity-{number:05d}"] for number in people)
    merge = Merge(target=TrackGroup(track_ids=first), sources=(TrackGroup(track_ids=second),))
    after = group_episode(scene, edits=[merge], **options)  # type: ignore[arg-type]
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
    after = group_episode(scene, edits=[lone], duration_s=30.0, sample_period_s=0.125, thresholds=GrouperThresholds())
    assert sorted(len(person.tracks) for person in after.people) == [2, 3]


def test_a_split_and_a_parting_touch_nobody_else() -> None:
    scene = Scene([1, 1, 1, 2, 2, 3, 3]).joined()
    options = {"duration_s": 30.0, "sample_period_s": 0.125, "thresholds": GrouperThresholds()}
    names = [one.track_id for one in scene.tracks]
    split = Split(kept=TrackGroup(track_ids=tuple(names[:3])), split_off=(names[2],))
    apart = NotSame(first=TrackGroup(track_ids=(names[3],)), second=TrackGroup(track_ids=(names[4],)))
    after = group_episode(scene, edits=[split, apart], **options)  # type: ignore[arg-type]
    assert partition(after) == {
        frozenset(names[:2]),
        frozenset(names[2:3]),
        frozenset(names[3:4]),
        frozenset(names[4:5]),
        frozenset(names[5:]),
    }


@pytest.mark.parametrize("edited", [False, True])
def test_the_machines_grouping_of_before_spares_clustering_and_changes_nothing(
    edited: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = Scene([1, 1, 1, 2, 2, 3, 3]).joined()
    names = [one.track_id for one in scene.tracks]
    edits = [Split(kept=TrackGroup(track_ids=tuple(names[:3])), split_off=(names[2],)), Drop(track_ids=(names[6],))]
    options = {"duration_s": 30.0, "sample_period_s": 0.125, "thresholds": GrouperThresholds()}
    before = group_episode(scene, **options)  # type: ignore[arg-type]
    expected = group_episode(scene, edits=edits if edited else (), **options)  # type: ignore[arg-type]
    assert expected.machine == before.machine
    monkeypatch.delattr("services.grouper.episode.grouping_with_edits.cluster_faces")
    again = group_episode(
        scene,
        edits=edits if edited else (),
        machine=before.machine,
        **options,  # type: ignore[arg-type]
    )
    assert (partition(again), identity_by_track(again), again.warnings, again.metrics) == (
        partition(expected),
        identity_by_track(expected),
        expected.warnings,
        expected.metrics,
    )
