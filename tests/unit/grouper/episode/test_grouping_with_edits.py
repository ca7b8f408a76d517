from __future__ import annotations

import pytest

from services.grouper.edits.kinds import (
    Drop,
    Edit,
    Lock,
    Merge,
    MoveTrack,
    NotSame,
    Overrides,
    Recluster,
    Rename,
    Restore,
    Split,
    TrackGroup,
    Unlock,
)
from services.grouper.edits.log import (
    EditLog,
    EditRecord,
    NothingToChangeError,
    active_edits,
    apply_edit,
    redo,
    undo,
)
from services.grouper.episode.grouping_with_edits import Grouping, group_by_machine
from services.grouper.episode.identity_ids import first_ids
from services.grouper.rules import GrouperThresholds
from services.grouper.tracks.joining import JoinedEpisode
from tests.unit.grouper.rows import MODEL, RIGHT, Scene, grouped, identity_by_track, joined, partition, track, vector_of

AT = {"by": "kim", "at": "2026-01-01T00:00:00Z"}
# Tracks 1 and 3 show one person, 2 and 4 another, 5 a third.
SCENE = Scene([1, 2, 1, 2, 3]).joined()


def _tracks(*numbers: int) -> tuple[str, ...]:
    return tuple(f"track-00000-{number:03d}" for number in numbers)


def _group_of(*numbers: int, identity: int | None = None) -> TrackGroup:
    return TrackGroup(identity_id=None if identity is None else f"identity-{identity:05d}", track_ids=_tracks(*numbers))


def _group(*edits: Edit, episode: JoinedEpisode = SCENE) -> Grouping:
    return grouped(episode, *edits)


def _people(*edits: Edit, episode: JoinedEpisode = SCENE) -> list[set[int]]:
    """Track numbers of each person, in order of identity id."""
    return [{int(one.track_id[-3:]) for one in person.tracks} for person in _group(*edits, episode=episode).people]


def test_without_edits_the_faces_decide() -> None:
    assert _people() == [{1, 3}, {2, 4}, {5}]


def test_a_merge_unites_and_keeps_the_targets_id() -> None:
    grouping = _group(Merge(target=_group_of(5, identity=3), sources=(_group_of(1, 3, identity=1),)))
    identities = identity_by_track(grouping)
    assert {identities[one] for one in _tracks(1, 3, 5)} == {"identity-00003"}
    assert {person.identity_id: person.provenance for person in grouping.people} == {
        "identity-00002": "machine",
        "identity-00003": "operator",
    }


def test_a_merge_holds_even_for_faces_in_one_frame() -> None:
    episode = joined([track(1, 0, 5), track(2, 1, 4, box=RIGHT)], [vector_of(1), vector_of(2)])
    assert _people(Merge(target=_group_of(1), sources=(_group_of(2),)), episode=episode) == [{1, 2}]


def test_a_split_takes_tracks_apart_that_look_alike() -> None:
    assert _people(Split(kept=_group_of(1, identity=1), split_off=_tracks(3))) == [{1}, {2, 4}, {5}, {3}]


def test_a_moved_track_is_with_its_target_and_not_with_its_source() -> None:
    edit = MoveTrack(track_ids=_tracks(3), source=_group_of(1, 3, identity=1), target=_group_of(5, identity=3))
    assert _people(edit) == [{1}, {2, 4}, {3, 5}]


def test_not_the_same_keeps_apart_what_looks_alike() -> None:
    assert {3} in _people(NotSame(first=_group_of(1), second=_group_of(3)))


def test_nothing_joins_a_locked_identity() -> None:
    grouping = _group(Lock(group=_group_of(1, identity=1)))
    assert [sorted(one.track_id[-3:] for one in person.tracks) for person in grouping.people if person.locked] == [
        ["001"]
    ]
    assert len(grouping.people) == 4


def test_what_a_lock_leaves_out_does_not_go_to_whom_another_lock_closed() -> None:
    """The machine has all three as one: the second lock may not send the third back to the first."""
    episode = Scene([1, 1, 1, 2]).joined()
    first = Lock(group=_group_of(1, identity=1))
    left = identity_by_track(_group(first, episode=episode))[_tracks(2)[0]]
    second = Lock(group=TrackGroup(identity_id=left, track_ids=_tracks(2)))
    assert {1} in _people(first, second, episode=episode)
    assert {3} in _people(first, second, episode=episode)


def test_a_dropped_track_is_nobody() -> None:
    grouping = _group(Drop(track_ids=_tracks(1)))
    assert _tracks(1)[0] not in identity_by_track(grouping)
    assert len(grouping.tracks) == 5


def test_the_later_of_two_contradicting_edits_holds() -> None:
    merge = Merge(target=_group_of(1, 3), sources=(_group_of(2, 4),))
    apart = NotSame(first=_group_of(1, 3), second=_group_of(2, 4))
    assert _people(merge, apart) == [{1, 3}, {2, 4}, {5}]
    assert _people(apart, merge) == [{1, 2, 3, 4}, {5}]


@pytest.mark.parametrize(
    "edit",
    [
        Split(kept=_group_of(1, identity=1), split_off=_tracks(3), new_id="identity-00009"),
        MoveTrack(track_ids=_tracks(3), source=_group_of(1, 3, identity=1), new_id="identity-00009"),
    ],
    ids=["split", "move_track"],
)
def test_whom_an_edit_made_keeps_the_id_when_those_they_were_taken_from_are_erased(edit: Edit) -> None:
    """Else what is left would be all that the machine has of the erased person, and get their id."""
    rules = GrouperThresholds(model_id=MODEL)
    machine = group_by_machine(SCENE, sample_period_s=0.125, thresholds=rules)
    ids = first_ids(machine, SCENE.tracks)
    assert identity_by_track(grouped(SCENE, edit, ids=ids))[_tracks(3)[0]] == "identity-00009"
    left = joined(SCENE.tracks[1:], SCENE.vectors[1:])
    after = identity_by_track(grouped(left, edit, ids=ids.without(_tracks(1))))
    assert after[_tracks(3)[0]] == "identity-00009"


def test_an_edit_that_holds_only_in_part_is_reported() -> None:
    merge = Merge(target=_group_of(1, 3), sources=(_group_of(2, 4),))
    move = MoveTrack(track_ids=_tracks(3), source=_group_of(1, 2, 3, 4), target=_group_of(5))
    grouping = _group(merge, move)
    assert {frozenset(one.track_id for one in person.tracks) for person in grouping.people} == {
        frozenset(_tracks(1, 2, 4)),
        frozenset(_tracks(3, 5)),
    }
    assert any("1 edits are contradicted" in warning.sentence for warning in grouping.warnings)


def test_a_track_moved_out_of_a_locked_identity_does_not_lock_its_target() -> None:
    lock = Lock(group=_group_of(1, 3, identity=1))
    move = MoveTrack(track_ids=_tracks(3), source=_group_of(1, 3, identity=1), target=_group_of(5, identity=3))
    grouping = _group(lock, move)
    assert {person.identity_id: person.locked for person in grouping.people} == {
        "identity-00001": True,
        "identity-00002": False,
        "identity-00003": False,
    }


def test_a_track_given_to_somebody_after_it_was_dropped_is_back() -> None:
    assert _people(Drop(track_ids=_tracks(5)), Merge(target=_group_of(1), sources=(_group_of(5),)))[0] == {1, 3, 5}


def test_edits_of_tracks_that_are_gone_change_nothing() -> None:
    assert _people(NotSame(first=_group_of(1), second=_group_of(77))) == _people()


def _log(*edits: Edit) -> EditLog:
    log: EditLog = ()
    for number, edit in enumerate(edits):
        log = apply_edit(log, edit, edit_id=f"e{number}", **AT)
    return log


FIRST, SECOND, THIRD = (NotSame(first=_group_of(1), second=_group_of(number)) for number in (2, 3, 4))


def test_the_latest_edit_is_undone_first_and_redone_first() -> None:
    log = undo(undo(_log(FIRST, SECOND, THIRD), **AT), **AT)
    assert active_edits(log) == [FIRST]
    log = redo(log, **AT)
    assert active_edits(log) == [FIRST, SECOND]
    assert active_edits(redo(log, **AT)) == [FIRST, SECOND, THIRD]


def test_any_edit_can_be_undone_by_name_and_comes_back_at_its_place() -> None:
    log = undo(_log(FIRST, SECOND, THIRD), edit_id="e0", **AT)
    assert active_edits(log) == [SECOND, THIRD]
    assert active_edits(redo(log, edit_id="e0", **AT)) == [FIRST, SECOND, THIRD]


def test_a_new_edit_ends_what_redo_would_bring_back() -> None:
    log = apply_edit(undo(_log(FIRST), **AT), SECOND, edit_id="new", **AT)
    with pytest.raises(NothingToChangeError):
        redo(log, **AT)
    assert active_edits(log) == [SECOND]


@pytest.mark.parametrize("name", [None, "e0", "unknown"])
def test_what_is_undone_cannot_be_undone_again(name: str | None) -> None:
    log = undo(_log(FIRST), **AT)
    with pytest.raises(NothingToChangeError):
        undo(log, edit_id=name, **AT)


def test_an_edit_delivered_twice_counts_once() -> None:
    log = _log(FIRST)
    assert apply_edit(log, FIRST, edit_id="e0", **AT) == log


def test_the_log_remembers_who_did_what_and_survives_json() -> None:
    log = undo(_log(FIRST, Drop(track_ids=_tracks(5))), **AT)
    assert [(record.action, record.by) for record in log] == [("apply", "kim"), ("apply", "kim"), ("undo", "kim")]
    assert tuple(EditRecord.model_validate_json(record.model_dump_json()) for record in log) == log


def test_a_new_person_is_given_tracks_by_people_only() -> None:
    edit = MoveTrack(track_ids=_tracks(3), source=_group_of(1, 3, identity=1))
    assert _people(edit) == [{1}, {2, 4}, {5}, {3}]
    merged = Merge(target=_group_of(2, 4, identity=2), sources=(_group_of(3, identity=3),))
    assert _people(edit, merged) == [{1}, {2, 3, 4}, {5}]


def test_a_new_person_that_was_merged_closes_nobody() -> None:
    edits = (
        MoveTrack(track_ids=_tracks(5), source=None),
        Merge(target=_group_of(2, identity=2), sources=(_group_of(5, identity=3),)),
    )
    assert partition(_group(*edits)) == {frozenset(_tracks(1, 3)), frozenset(_tracks(2, 4, 5))}


def test_an_unlocked_identity_takes_tracks_again() -> None:
    lock = Lock(group=_group_of(1, identity=1))
    assert _people(lock) == [{1}, {2, 4}, {5}, {3}]
    grouping = _group(lock, Unlock(group=_group_of(1, identity=1)))
    assert partition(grouping) == partition(_group())
    assert not any(person.locked for person in grouping.people)


def test_restored_tracks_are_somebody_again() -> None:
    assert _people(Drop(track_ids=_tracks(5, 3))) == [{1}, {2, 4}]
    assert _people(Drop(track_ids=_tracks(5, 3)), Restore(track_ids=_tracks(3))) == [{1, 3}, {2, 4}]


def test_the_latest_name_holds_and_can_be_taken_away() -> None:
    def labels(*edits: Edit) -> list[str | None]:
        return [person.label for person in _group(*edits).people]

    first = Rename(group=_group_of(1, 3, identity=1), label="Ann")
    assert labels(first, Rename(group=_group_of(1, 3, identity=1), label="Anna")) == ["Anna", None, None]
    assert labels(first, Rename(group=_group_of(1, 3, identity=1))) == [None, None, None]


def test_who_is_merged_into_somebody_takes_their_name() -> None:
    edits = (
        Rename(group=_group_of(2, 4, identity=2), label="Bob"),
        Rename(group=_group_of(1, 3, identity=1), label="Ann"),
        Merge(target=_group_of(2, 4, identity=2), sources=(_group_of(1, 3, identity=1),)),
    )
    assert {person.identity_id: person.label for person in _group(*edits).people}["identity-00002"] == "Bob"


def test_other_thresholds_hold_from_here_on_and_the_latest_alone() -> None:
    loose = Recluster.model_validate({"overrides": {"merge_distance": 1.4, "farthest_ratio": 4}})
    assert _people(loose) == [{1, 2, 3, 4, 5}]
    assert _people(loose, Recluster(overrides=Overrides())) == _people()
    with pytest.raises(ValueError, match="merge_distance"):
        Recluster.model_validate({"overrides": {"merge_distance": 0}})


def test_leftovers_are_looked_at_again_after_an_edit() -> None:
    episode = joined(
        [track(1, 0, 2), track(2, 3, 5), track(3, 6, 8, low_quality=True, quality=0.3)],
        [vector_of(1, 0), vector_of(1, 1), vector_of(1, 2)],
    )
    apart = NotSame(first=_group_of(1), second=_group_of(2))
    assert _people(apart, episode=episode) == [{1}, {2}, {3}]
    assert [person.reason for person in _group(apart, episode=episode).people] == [None, None, "low_quality"]
    merge = Merge(target=_group_of(1, identity=1), sources=(_group_of(2, identity=2),))
    assert _people(apart, merge, episode=episode) == [{1, 2, 3}]


def test_who_is_split_off_whole_again_is_who_they_were() -> None:
    merge = Merge(target=_group_of(2, 4, identity=2), sources=(_group_of(5, identity=3),))
    split = Split(kept=_group_of(2, 4, 5, identity=2), split_off=_tracks(5), new_id="identity-00009")
    assert identity_by_track(_group(merge, split)) == identity_by_track(_group())


def test_who_is_split_off_from_whom_they_took_in_is_somebody_new() -> None:
    move = MoveTrack(track_ids=_tracks(5), source=_group_of(5, identity=3), target=_group_of(2, 4, identity=2))
    split = Split(kept=_group_of(2, 4, 5, identity=2), split_off=_tracks(2, 4), new_id="identity-00009")
    found = identity_by_track(_group(move, split))
    assert {found[one] for one in _tracks(2, 4)} == {"identity-00009"}
    assert found[_tracks(5)[0]] == "identity-00002"


def test_a_merge_into_somebody_shorter_is_taken_back_and_moves_no_name() -> None:
    named = Rename(group=_group_of(5, identity=3), label="Theo")
    stranger = Merge(target=_group_of(5, identity=3), sources=(_group_of(1, 3, identity=1),))
    merged = {person.identity_id: person.label for person in _group(named, stranger).people}
    assert merged == {"identity-00002": None, "identity-00003": "Theo"}
    undone = _group(named)
    assert identity_by_track(undone) == identity_by_track(_group())
    assert {person.identity_id for person in undone.people if person.label} == {"identity-00003"}
