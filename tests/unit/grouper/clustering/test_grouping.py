from __future__ import annotations

from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.clustering_metrics import bcubed
from contracts.rows import TrackRow
from contracts.warnings import sentences
from services.grouper.clustering.constraints import simultaneous_pairs
from services.grouper.clustering.grouping import _validate_embedding_dimensions
from services.grouper.edits.kinds import Edit, Overrides, Recluster
from services.grouper.edits.log import apply_edit
from services.grouper.episode.grouping_with_edits import Grouping
from services.grouper.rules import ClusteringRules, GrouperThresholds
from services.grouper.tracks.joining import JoinedEpisode
from services.grouper.tracks.points import track_limits, track_points
from tests.support.edited_episode import EditedEpisode
from tests.unit.grouper.rows import (
    LEFT,
    MODEL,
    RIGHT,
    Scene,
    grouped,
    identity_by_track,
    joined,
    partition,
    track,
    vector_of,
)

THRESHOLDS = GrouperThresholds(model_id=MODEL)
PERIOD_S = 0.125


def _group(
    episode: JoinedEpisode, *, thresholds: GrouperThresholds = THRESHOLDS, edits: tuple[Edit, ...] = ()
) -> Grouping:
    return grouped(episode, *edits, thresholds=thresholds, duration_s=600)


def _labels(grouping: Grouping, episode: JoinedEpisode) -> list[str]:
    identities = identity_by_track(grouping)
    return [identities[one.track_id] for one in episode.tracks]


@pytest.mark.parametrize(
    "people",
    [[], [1], [1, 1], [1, 2], [1, 1, 1], [1, 2, 3], [1, 1, 2], [1, 2, 1, 3, 2, 1], [1] * 12, list(range(12))],
    ids=str,
)
def test_people_are_told_apart_however_few_tracks_there_are(people: list[int]) -> None:
    episode = Scene(people).joined()
    assert bcubed(people, _labels(_group(episode), episode)).f_score == 1


def test_many_people_in_many_tracks_are_told_apart() -> None:
    people = [int(one) for one in np.random.default_rng(3).zipf(1.6, 400) % 25]
    episode = Scene(people).joined()
    agreement = bcubed(people, _labels(_group(episode), episode))
    assert agreement.precision == 1
    assert agreement.recall > 0.98


def test_identical_vectors_are_one_person() -> None:
    tracks = [track(number, number, number + 0.9) for number in range(1, 8)]
    grouping = _group(joined(tracks, [vector_of(1)] * 7))
    assert len(grouping.people) == 1
    assert grouping.people[0].centroid is not None
    assert grouping.people[0].centroid.cohesion == pytest.approx(1, abs=1e-3)


def test_two_faces_in_one_frame_are_two_people_however_alike() -> None:
    tracks = [track(1, 0, 5, box=LEFT), track(2, 1, 4, box=RIGHT)]
    assert len(_group(joined(tracks, [vector_of(1), vector_of(1)])).people) == 2


def test_a_third_track_does_not_chain_two_that_exclude_each_other() -> None:
    tracks = [track(1, 0, 5, box=LEFT), track(2, 1, 4, box=RIGHT), track(3, 6, 9), track(4, 10, 12)]
    grouping = _group(joined(tracks, [vector_of(1, sample, noise=0.02) for sample in range(4)]))
    identities = identity_by_track(grouping)
    assert identities["track-00000-001"] != identities["track-00000-002"]
    assert len(grouping.people) == 2


def test_a_continued_track_is_one_person_even_when_its_parts_look_different() -> None:
    tracks = [track(1, 0, 10), track(2, 10, 20)]
    episode = joined(tracks, [vector_of(1), vector_of(2)], must_links=[("track-00000-001", "track-00000-002")])
    assert len(_group(episode).people) == 1


def test_what_is_seen_in_one_frame_beats_a_continuation() -> None:
    tracks = [track(1, 0, 10, box=LEFT), track(2, 5, 20, box=RIGHT)]
    episode = joined(tracks, [vector_of(1), vector_of(1)], must_links=[("track-00000-001", "track-00000-002")])
    assert len(_group(episode).people) == 2


@settings(deadline=None, max_examples=40)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 40),
            st.integers(1, 12),
            st.integers(0, 3),
            st.sampled_from([0.02, 0.1, 0.3]),
            st.booleans(),
            st.booleans(),
        ),
        max_size=24,
    ),
    st.randoms(use_true_random=False),
)
def test_no_excluded_pair_comes_together_everybody_appears_once_and_order_is_nothing(
    raw: list[tuple[int, int, int, float, bool, bool]], random: object
) -> None:
    tracks: list[TrackRow] = []
    vectors = []
    for number, (start, length, person, noise, low_quality, embedded) in enumerate(raw, start=1):
        tracks.append(
            track(
                number,
                start,
                start + length / 2,
                low_quality=low_quality,
                embedded=embedded or number % 3 > 0,
                box=LEFT if number % 2 else RIGHT,
            )
        )
        vectors.append(vector_of(person, number, noise=noise) if embedded or number % 3 > 0 else None)
    grouping = _group(joined(tracks, vectors))
    identities = identity_by_track(grouping)
    assert set(identities) == {one.track_id for one in tracks}
    assert sum(len(person.tracks) for person in grouping.people) == len(tracks)
    for first, second in simultaneous_pairs(tracks, min_overlap_s=PERIOD_S, one_place_overlap=0.35):
        assert identities[tracks[first].track_id] != identities[tracks[second].track_id]
    shuffled = list(range(len(tracks)))
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    again = _group(joined([tracks[index] for index in shuffled], [vectors[index] for index in shuffled]))
    assert identity_by_track(again) == identities
    assert partition(again) == partition(grouping)


def test_the_same_input_gives_the_same_bytes() -> None:
    episode = Scene([1, 2, 1, 3, 3, 2]).joined()
    one, other = _group(episode), _group(episode)
    assert one.tracks_npy.tobytes() == other.tracks_npy.tobytes()
    for first, second in zip(one.people, other.people, strict=True):
        assert first.tracks == second.tracks
        assert first.centroid is not None
        assert second.centroid is not None
        assert first.centroid.vector.tobytes() == second.centroid.vector.tobytes()


def test_people_are_numbered_by_first_appearance() -> None:
    grouping = _group(Scene([5, 2, 5, 9]).joined())
    assert [person.identity_id for person in grouping.people] == ["identity-00001", "identity-00002", "identity-00003"]
    assert [person.tracks[0].start_s for person in grouping.people] == [0, 2, 6]


def test_three_thousand_tracks_are_grouped() -> None:
    people = [index % 40 for index in range(3000)]
    tracks = [track(index + 1, index, index + 0.9) for index in range(3000)]
    episode = joined(tracks, [vector_of(person, index) for index, person in enumerate(people)])
    assert bcubed(people, _labels(_group(episode), episode)).f_score > 0.99


def test_above_the_dense_limit_neighbours_are_merged_first_with_the_same_result() -> None:
    people = [index % 7 for index in range(120)]
    episode = Scene(people).joined()
    small = THRESHOLDS.model_copy(update={"clustering": ClusteringRules(dense_limit=30, neighbours=10)})
    assert partition(_group(episode, thresholds=small)) == partition(_group(episode))


def test_a_poor_track_joins_who_it_clearly_resembles_and_is_marked() -> None:
    tracks = [*(track(number, number, number + 0.9) for number in range(1, 7)), track(9, 20, 21, low_quality=True)]
    vectors = [vector_of(1 + number % 2, number) for number in range(6)] + [vector_of(1, 99, noise=0.15)]
    grouping = _group(joined(tracks, vectors))
    assert len(grouping.people) == 2
    rescued = [person for person in grouping.people if person.rescued_track_ids]
    assert [person.rescued_track_ids for person in rescued] == [("track-00000-009",)]
    assert grouping.metrics.rescued_tracks == 1


def test_a_poor_track_that_resembles_two_people_alike_joins_nobody() -> None:
    tracks = [*(track(number, number, number + 0.9) for number in range(1, 7)), track(9, 20, 21, low_quality=True)]
    people = [vector_of(1 + number % 2, number) for number in range(6)]
    between = vector_of(1) + vector_of(2)
    grouping = _group(joined(tracks, [*people, between / np.linalg.norm(between)]))
    unknown = [person for person in grouping.people if person.reason is not None]
    assert [(person.reason, len(person.tracks)) for person in unknown] == [("low_quality", 1)]


def test_a_poor_track_does_not_join_somebody_who_is_on_screen_elsewhere() -> None:
    tracks = [track(1, 0, 5), track(2, 6, 9), track(3, 1, 3, low_quality=True, box=RIGHT)]
    grouping = _group(joined(tracks, [vector_of(1, sample, noise=0.05) for sample in range(3)]))
    assert identity_by_track(grouping)["track-00000-003"] != identity_by_track(grouping)["track-00000-001"]


def test_poor_tracks_of_one_face_that_has_no_good_one_are_one_person() -> None:
    someone = [track(1, 0, 2, low_quality=True), track(2, 60, 62, low_quality=True)]
    another = [track(3, 30, 32, low_quality=True), track(4, 90, 92)]
    vectors = [vector_of(1, 0), vector_of(1, 1), vector_of(2), vector_of(3)]
    grouping = _group(joined([*someone, *another], vectors))
    found = [(person.reason, [one.track_id for one in person.tracks]) for person in grouping.people]
    assert found == [
        ("low_quality", ["track-00000-001", "track-00000-002"]),
        ("low_quality", ["track-00000-003"]),
        (None, ["track-00000-004"]),
    ]


def test_poor_tracks_that_are_seen_at_once_are_two_people_however_alike() -> None:
    tracks = [track(1, 0, 2, low_quality=True, box=LEFT), track(2, 1, 3, low_quality=True, box=RIGHT)]
    assert len(_group(joined(tracks, [vector_of(1, 0), vector_of(1, 1)])).people) == 2


def test_nobody_disappears_and_unknown_tracks_say_why() -> None:
    tracks = [track(1, 0, 1), track(2, 2, 3, embedded=False), track(3, 4, 5, low_quality=True)]
    grouping = _group(joined(tracks, [vector_of(1), None, vector_of(2)]))
    assert [person.reason for person in grouping.people] == [None, "no_embedding", "low_quality"]
    assert (grouping.metrics.clusters, grouping.metrics.unassigned_tracks) == (1, 2)


def test_a_track_without_a_vector_is_known_through_the_one_it_continues() -> None:
    tracks = [track(1, 0, 10), track(2, 10, 20, embedded=False)]
    episode = joined(tracks, [vector_of(1), None], must_links=[("track-00000-001", "track-00000-002")])
    assert [person.reason for person in _group(episode).people] == [None]


def test_a_lone_track_that_took_a_poor_one_in_stays_and_nobody_is_lost() -> None:
    episode = EditedEpisode(Random(106), 24, 5)
    loose = Recluster(overrides=Overrides(merge_distance=0.5))
    episode.log = apply_edit((), loose, edit_id="e", by="kim", at="")
    assert sum(len(person.tracks) for person in episode.grouped().grouping.people) == 24


def test_vectors_of_another_dimension_or_model_are_reported_and_kept_apart() -> None:
    tracks = [track(1, 0, 1), track(2, 2, 3), track(3, 4, 5, model_id="model-b"), track(4, 6, 7)]
    vectors = [vector_of(1), vector_of(1, 1), vector_of(1, 2), vector_of(1)[:64]]
    grouping = _group(joined(tracks, vectors))
    assert [person.reason for person in grouping.people] == [None, "embedding_mismatch", "embedding_mismatch"]
    assert len([warning for warning in grouping.warnings if "not comparable" in warning.sentence]) == 2
    assert grouping.tracks_npy.shape == (2, 128)


def test_without_a_named_model_the_most_used_one_counts() -> None:
    tracks = [
        track(1, 0, 1, model_id="model-z"),
        track(2, 2, 3, model_id="model-b"),
        track(3, 4, 5, model_id="model-b"),
    ]
    rows, matrix, problems = _validate_embedding_dimensions(
        tracks, [vector_of(1), vector_of(2), vector_of(3)], model_id=None, dimension=128
    )
    assert [row.embedding_row for row in rows] == [None, 0, 1]
    assert len(matrix) == 2
    assert list(sentences(problems)) == [
        "1 tracks have vectors of model-z (128 numbers), not comparable with model-b (128)"
    ]


def test_vectors_are_as_long_as_most_of_their_model() -> None:
    tracks = [track(1, 0, 1), track(2, 2, 3), track(3, 4, 5)]
    long = [np.tile(vector_of(number), 4) / 2 for number in (1, 2)]
    rows, matrix, problems = _validate_embedding_dimensions(
        tracks, [*long, vector_of(3)], model_id=None, dimension=None
    )
    assert matrix.shape == (2, 512)
    assert [row.embedding_row for row in rows] == [0, 1, None]
    assert len(problems) == 1


def test_a_face_that_does_not_move_is_not_held_to_less_than_the_usual_distance() -> None:
    rules = ClusteringRules()
    rows = [
        track(at, at, at + 0.5, embedding_row=at).model_copy(update={"spread": spread})
        for at, spread in enumerate((0.01, None, 0.24))
    ]
    points = track_points(rows, np.stack([vector_of(number) for number in range(3)]))
    still, unknown, moving = track_limits(points, rules)
    assert still == unknown == rules.merge_limit < moving


def test_centroids_tell_how_sure_a_cluster_is() -> None:
    grouping = _group(Scene([1, 1, 1, 2, 2, 2]).joined())
    for person in grouping.people:
        assert person.centroid is not None
        assert np.linalg.norm(person.centroid.vector) == pytest.approx(1, abs=1e-6)
        assert person.centroid.members == 3
        assert 0.3 < person.centroid.cohesion < 1
        assert person.centroid.isolation is not None
        assert person.centroid.isolation > 1
        assert person.centroid.ambiguity is not None
        assert person.centroid.ambiguity < 0.5
    alone = _group(Scene([1]).joined()).people[0].centroid
    assert alone is not None
    assert (alone.isolation, alone.ambiguity) == (None, None)


def test_a_better_track_weighs_more_in_the_centroid() -> None:
    tracks = [track(1, 0, 1, quality=0.9), track(2, 2, 3, quality=0.1)]
    good, poor = vector_of(1, 0), vector_of(1, 1)
    centroid = _group(joined(tracks, [good, poor])).people[0].centroid
    assert centroid is not None
    assert np.linalg.norm(centroid.vector - good) < 0.5 * np.linalg.norm(centroid.vector - poor)


def test_what_looks_wrong_is_said() -> None:
    scattered = " ".join(sentences(_group(Scene(list(range(60))).joined()).warnings))
    assert "100% of the clusters have only one track" in scattered
    assert "60 clusters" in scattered
    lumped = " ".join(sentences(_group(Scene([1] * 18 + [2] * 4 + [3] * 4).joined()).warnings))
    assert "One cluster holds 69%" in lumped
    brief = [track(number, number / 10, number / 10 + 0.05) for number in range(100)]
    hasty = grouped(joined(brief, [vector_of(1)] * 100), thresholds=THRESHOLDS)
    assert "100 tracks per minute: tracking may be broken up." in sentences(hasty.warnings)
    assert "100% of the tracks are shorter than 0.5 s." in sentences(hasty.warnings)
    assert not _group(Scene([1, 2, 3, 4] * 8).joined()).warnings


@pytest.mark.parametrize("people", [[1], [1, 2], [1, 1, 2], [1, 2, 3], list(range(12))], ids=str)
@pytest.mark.parametrize("duration_s", [8.0, 600.0])
def test_of_few_tracks_nothing_looks_wrong(people: list[int], duration_s: float) -> None:
    assert not grouped(Scene(people).joined(), thresholds=THRESHOLDS, duration_s=duration_s).warnings


@pytest.mark.parametrize(("duration_s", "is_said"), [(59.0, False), (60.0, True)])
def test_people_on_screen_once_are_split_only_where_there_was_time_to_come_back(
    duration_s: float, is_said: bool
) -> None:
    crowd = grouped(Scene(list(range(30))).joined(), thresholds=THRESHOLDS, duration_s=duration_s)
    assert ("many_single_tracks" in {warning.code for warning in crowd.warnings}) == is_said


def test_a_track_that_goes_on_behind_a_border_is_one() -> None:
    rows = [track(number, number * 2.0, number * 2.0 + 1.9) for number in range(24)]
    rows = [
        row.model_copy(update={"continues": rows[number - 1].track_id if number % 2 else None})
        for number, row in enumerate(rows)
    ]
    assert not _group(joined(rows, [vector_of(number // 2) for number in range(24)])).warnings
