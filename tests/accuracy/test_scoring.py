"""The judge itself: a wrong result must not pass, a right one must, and labels follow a re-timed copy."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise

import pytest

from benchmarks.scoring import Result, score
from benchmarks.truth import Timeline, Truth
from contracts.rows import (
    CastScreenTime,
    Coverage,
    GroupingMetrics,
    IdentitiesDocument,
    Identity,
    Interval,
    ScreenTimeDocument,
    ShotRow,
    TrackRow,
    UnidentifiedScreenTime,
)

EP_ID, RUN_ID = "labelled-s01e01", "0" * 26
DURATION_S = 12.0
TRUTH = Truth(
    name="labelled",
    duration_s=DURATION_S,
    fps=25.0,
    intervals={"ann": ((0.0, 4.0), (8.0, 10.0)), "bob": ((4.0, 10.0),)},
)
RIGHT = {"ann": ((0.0, 4.0), (8.0, 10.0)), "bob": ((4.0, 8.0), (8.0, 10.0))}
PEOPLE = frozenset({"ann", "bob"})
NOBODY: frozenset[str] = frozenset()
BOX = (0.1, 0.1, 0.2, 0.2)


def result_of(
    people: Mapping[str, Sequence[Interval]],
    *,
    known: Collection[str] = PEOPLE,
    cuts: Sequence[float] = (4.0, 8.0, 10.0),
) -> Result:
    """A result in which every interval of a person is a track and every person a cluster, the known ones with names."""
    spans = [(person, span) for person in people for span in people[person]]
    tracks = [_track(number, span) for number, (_, span) in enumerate(spans)]
    ids = {person: f"identity-{number:05d}" for number, person in enumerate(people, start=1)}
    members = {
        person: tuple(track.track_id for track, (owner, _) in zip(tracks, spans, strict=True) if owner == person)
        for person in people
    }
    seconds = {person: sum(end - start for start, end in people[person]) for person in people}
    borders = (0.0, *cuts, DURATION_S)
    return Result(
        screen_time=ScreenTimeDocument(
            episode_id=EP_ID,
            run_id=RUN_ID,
            revision=1,
            duration_s=DURATION_S,
            cast=tuple(
                CastScreenTime(
                    cast_id=person,
                    name=person,
                    visible_s=seconds[person],
                    share=0.1,
                    appearances=len(people[person]),
                    longest_s=1.0,
                    intervals_s=tuple(people[person]),
                    confidence=1.0,
                    identity_ids=(ids[person],),
                )
                for person in people
                if person in known
            ),
            unidentified=tuple(
                UnidentifiedScreenTime(
                    identity_id=ids[person],
                    visible_s=seconds[person],
                    intervals_s=tuple(people[person]),
                    tracks=len(people[person]),
                    reason="",
                )
                for person in people
                if person not in known
            ),
            co_appearance_s=(),
            coverage=Coverage(any_face_s=10.0, nobody_s=2.0),
        ),
        identities=IdentitiesDocument(
            ep_id=EP_ID,
            run_id=RUN_ID,
            revision=1,
            identities=tuple(
                Identity(identity_id=ids[person], track_ids=members[person], tracks=len(members[person]), faces=1)
                for person in people
            ),
            metrics=GroupingMetrics(
                tracks=len(tracks),
                clusters=len(people),
                unassigned_tracks=0,
                rescued_tracks=0,
                singleton_fraction=0,
                largest_fraction=0,
            ),
        ),
        tracks=tracks,
        shots=[
            ShotRow(
                shot_id=f"shot-00000-{number:03d}",
                segment=0,
                start_s=start,
                end_s=end,
                starts_with="cut" if start else "start",
                ends_with="cut" if end < DURATION_S else "end",
            )
            for number, (start, end) in enumerate(pairwise(borders))
        ],
    )


def _track(number: int, span: Interval) -> TrackRow:
    return TrackRow(
        ep_id=EP_ID,
        segment=0,
        track_id=f"track-00000-{number:03d}",
        shot_id="shot-00000-000",
        start_s=span[0],
        end_s=span[1],
        first_frame=0,
        last_frame=1,
        first_bbox=BOX,
        last_bbox=BOX,
        detections=1,
        mean_conf=1,
        mean_size=0.5 - 0.01 * number,
        quality=1,
    )


@pytest.mark.parametrize("known", [PEOPLE, frozenset({"ann"}), NOBODY])
def test_a_right_result_is_perfect(known: frozenset[str]) -> None:
    scored = score(TRUTH, result_of(RIGHT, known=known), known=known)
    assert scored.good
    assert [person.iou for person in scored.people] == [1.0, 1.0]
    assert (scored.clusters.found, scored.clusters.true) == (2, 2)
    assert scored.clusters.bcubed_f == pytest.approx(1.0)
    assert scored.clusters.nmi == pytest.approx(1.0)
    assert scored.wrong_name_s == 0.0


def test_swapped_names_are_not_good_but_without_names_the_clusters_are() -> None:
    swapped = result_of({"ann": RIGHT["bob"], "bob": RIGHT["ann"]})
    by_name = score(TRUTH, swapped, known=PEOPLE)
    assert not by_name.good
    assert by_name.wrong_name_s == pytest.approx(4.0 + 4.0)
    nameless = result_of({"ann": RIGHT["bob"], "bob": RIGHT["ann"]}, known=NOBODY)
    assert score(TRUTH, nameless, known=NOBODY).good


def test_somebody_who_is_not_found_is_not_good() -> None:
    scored = score(TRUTH, result_of({"bob": RIGHT["bob"]}), known=PEOPLE)
    assert [(person.name, person.found_s, person.good) for person in scored.people] == [
        ("ann", 0.0, False),
        ("bob", 6.0, True),
    ]


def test_seconds_off_by_more_than_allowed_are_not_good() -> None:
    just, over = [result_of({**RIGHT, "ann": ((late, 4.0), (8.0, 10.0))}) for late in (0.2, 0.24)]
    assert score(TRUTH, just, known=PEOPLE).good
    assert not score(TRUTH, over, known=PEOPLE).good


def test_right_seconds_at_the_wrong_time_are_not_good() -> None:
    shifted = result_of({**RIGHT, "ann": ((1.0, 5.0), (8.0, 10.0))})
    scored = score(TRUTH, shifted, known=PEOPLE)
    assert scored.people[0].error_s == pytest.approx(0.0)
    assert not scored.people[0].good


def test_a_missing_cut_is_not_good_and_one_that_nobody_labelled_is_told() -> None:
    scored = score(TRUTH, result_of(RIGHT, cuts=(4.0, 6.0, 8.03)), known=PEOPLE)
    assert not scored.good
    assert (scored.cuts.missing_s, scored.cuts.further_s) == ((8.0, 10.0), (6.0, 8.03))


def test_one_cluster_for_two_people_costs_precision() -> None:
    merged = score(TRUTH, result_of({"ann": (*RIGHT["ann"], *RIGHT["bob"])}, known=NOBODY))
    assert merged.clusters.bcubed_f < 0.8
    assert merged.clusters.nmi == pytest.approx(0.0)
    assert (merged.clusters.found, merged.clusters.true) == (1, 2)


def test_swapped_faces_in_a_shared_shot_cost_agreement() -> None:
    """A third cluster that takes a person's place where two are visible is a second cluster of that person."""
    split = score(TRUTH, result_of({"ann": RIGHT["ann"], "bob": ((4.0, 8.0),), "new": ((8.0, 10.0),)}, known=NOBODY))
    assert (split.clusters.found, split.clusters.true) == (3, 2)
    assert split.clusters.bcubed_f < 0.95


def test_an_unlabelled_face_beside_a_labelled_one_is_a_class_of_its_own() -> None:
    extra = score(TRUTH, result_of({**RIGHT, "stranger": ((4.0, 6.0),)}), known=PEOPLE)
    assert (extra.clusters.found, extra.clusters.true) == (3, 3)
    assert extra.clusters.bcubed_f == pytest.approx(1.0)
    assert extra.good


def test_people_who_are_never_alone_are_told_apart_by_when_they_are_there() -> None:
    together = Truth(
        name="group",
        duration_s=DURATION_S,
        fps=25.0,
        intervals={"ann": ((0.0, 4.0), (6.0, 8.0)), "bob": ((0.0, 4.0),), "cy": ((0.0, 4.0), (6.0, 8.0), (8.0, 9.0))},
    )
    apart = {"x": together.intervals["bob"], "y": together.intervals["cy"], "z": together.intervals["ann"]}
    scored = score(together, result_of(apart, known=NOBODY), known=NOBODY)
    assert scored.clusters.bcubed_f == pytest.approx(1.0)
    mixed = {"x": ((0.0, 4.0), (6.0, 8.0)), "y": ((0.0, 4.0),), "z": ((0.0, 4.0), (6.0, 8.0))}
    assert score(together, result_of(mixed, known=NOBODY), known=NOBODY).clusters.bcubed_f == pytest.approx(1.0)
    broken = {"x": ((0.0, 4.0),), "y": ((0.0, 4.0),), "z": ((0.0, 4.0), (6.0, 8.0)), "w": ((6.0, 8.0),)}
    assert score(together, result_of(broken, known=NOBODY), known=NOBODY).clusters.bcubed_f < 1.0


def test_labels_follow_a_copy_to_the_next_frame_that_was_kept() -> None:
    # Frames 99 to 101 are missing: what begins with frame 100 (4.0 s) begins with frame 102.
    kept = tuple(number for number in range(300) if number not in {99, 100, 101})
    copy = Timeline(source_frames=kept, times_s=tuple(number / 25 for number in kept), duration_s=12.0).relabel(TRUTH)
    assert copy.intervals["bob"] == ((4.08, 10.0),)
    assert copy.intervals["ann"] == ((0.0, 4.08), (8.0, 10.0))


def test_labels_of_a_copy_that_starts_later_begin_at_zero() -> None:
    times = tuple((number - 125) / 25 for number in range(300))
    copy = Timeline(source_frames=tuple(range(300)), times_s=times, duration_s=7.0).relabel(TRUTH)
    assert copy.intervals == {"ann": ((3.0, 5.0),), "bob": ((0.0, 5.0),)}
