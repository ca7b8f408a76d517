"""An entry of the log tells from what to what."""

from __future__ import annotations

import pytest

from services.grouper.edits.history import change_of
from services.grouper.edits.kinds import (
    Drop,
    Edit,
    EditChange,
    Lock,
    Merge,
    MoveRange,
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
from services.grouper.edits.log import EditLog, EditRecord, apply_edit, redo, undo

AT = {"by": "kim", "at": "2026-01-01T00:00:00Z"}
ONE, TWO, THREE = (f"identity-{number:05d}" for number in (1, 2, 3))


def group(identity: str, *numbers: int) -> TrackGroup:
    return TrackGroup(identity_id=identity, track_ids=tracks(*numbers))


def tracks(*numbers: int) -> tuple[str, ...]:
    return tuple(f"track-00000-{number:03d}" for number in numbers)


def log_of(*edits: Edit, run: str | None = None, log: EditLog = ()) -> EditLog:
    for edit in edits:
        log = apply_edit(log, edit, edit_id=f"e{len(log)}", **AT)
        log = (*log[:-1], log[-1].model_copy(update={"run_id": run, "version": len(log)}))
    return log


def name(label: str | None, *numbers: int, identity: str = ONE) -> Rename:
    return Rename(group=group(identity, *(numbers or (1, 2))), label=label)


def names(log: EditLog, record: EditRecord | None = None) -> tuple[str | None, str | None]:
    change = change_of(log, record or log[-1])
    return change.label_before, change.label


def test_a_rename_tells_the_name_before_and_the_name_since() -> None:
    log = log_of(name("Kim"), name("The Waiter"), name(None))
    assert [names(log, record) for record in log] == [(None, "Kim"), ("Kim", "The Waiter"), ("The Waiter", None)]


def test_the_name_before_is_the_one_that_was_in_force_then() -> None:
    undone = undo(log_of(name("Kim"), name("Ben")), **AT)
    assert names(log_of(name("Cleo"), log=undone)) == ("Kim", "Cleo")
    made_again = redo(undone, **AT)
    assert names(log_of(name("Cleo"), log=made_again)) == ("Ben", "Cleo")


def test_somebody_elses_name_is_not_the_name_before() -> None:
    log = log_of(name("Kim"), name("Ben", 3, identity=TWO))
    assert names(log) == (None, "Ben")


def test_names_given_in_an_earlier_run_go_by_identity_because_its_tracks_are_others() -> None:
    earlier = log_of(name("Kim", 1, 2), name("Ben", 3, identity=TWO), run="01ARZ3NDEKTSV4RRFFQ69G5FA1")
    log = log_of(name("Cleo", 3), run="01ARZ3NDEKTSV4RRFFQ69G5FA2", log=earlier)
    assert names(log) == ("Kim", "Cleo")


def test_thresholds_are_told_as_they_were_and_as_they_are() -> None:
    log = log_of(Recluster(overrides=Overrides(merge_distance=0.5)), Recluster(overrides=Overrides(good_ratio=1.5)))
    first, second = (change_of(log, record) for record in log)
    assert (first.overrides_before, first.overrides) == (Overrides(), Overrides(merge_distance=0.5))
    assert (second.overrides_before, second.overrides) == (Overrides(merge_distance=0.5), Overrides(good_ratio=1.5))


@pytest.mark.parametrize(
    ("edit", "change"),
    [
        (
            Merge(target=group(ONE, 1), sources=(group(TWO, 2), group(THREE, 3))),
            EditChange(source_ids=(TWO, THREE), target_id=ONE),
        ),
        (Split(kept=group(ONE, 1, 2), split_off=tracks(2)), EditChange(source_ids=(ONE,), track_ids=tracks(2))),
        (
            MoveTrack(track_ids=tracks(2), source=group(ONE, 1, 2), target=group(TWO, 3)),
            EditChange(source_ids=(ONE,), target_id=TWO, track_ids=tracks(2)),
        ),
        (MoveTrack(track_ids=tracks(2)), EditChange(track_ids=tracks(2))),
        (
            MoveRange(track_id=tracks(1)[0], start_s=1.5, end_s=2, source=group(ONE, 1)),
            EditChange(source_ids=(ONE,), track_ids=tracks(1), start_s=1.5, end_s=2),
        ),
        (Drop(track_ids=tracks(4, 5)), EditChange(track_ids=tracks(4, 5))),
        (Lock(group=group(ONE, 1)), EditChange()),
    ],
    ids=lambda value: getattr(value, "kind", ""),
)
def test_who_had_the_tracks_and_who_has_them_since(edit: Edit, change: EditChange) -> None:
    log = log_of(edit)
    assert change_of(log, log[0]) == change


MANY = tracks(1, 2, 3, 4, 5)


@pytest.mark.parametrize(
    ("edit", "sentence"),
    [
        (Merge(target=group(ONE, 1), sources=(group(TWO, 2),)), f"merge of {TWO} into {ONE}"),
        (Split(kept=group(ONE, 1, 2, 3, 4, 5, 6), split_off=MANY), f"split of 5 tracks off {ONE}"),
        (
            MoveTrack(track_ids=MANY[:2], source=group(ONE, 1, 2), target=group(TWO, 3)),
            f"move of {MANY[0]}, {MANY[1]} from {ONE} to {TWO}",
        ),
        (MoveTrack(track_ids=MANY[:1]), f"move of {MANY[0]} to somebody new"),
        (
            MoveRange(track_id=MANY[0], start_s=1.5, end_s=2, source=group(ONE, 1)),
            f"move of 1.5-2 s of {MANY[0]} from {ONE} to somebody new",
        ),
        (NotSame(first=group(ONE, 1), second=group(TWO, 2)), f"{ONE} and {TWO} kept apart"),
        (Lock(group=group(ONE, 1)), f"lock of {ONE}"),
        (Unlock(group=group(ONE, 1)), f"unlock of {ONE}"),
        (name("Kim"), f'rename of {ONE} from no name to "Kim"'),
        (Drop(track_ids=MANY[:1]), f"drop of {MANY[0]}"),
        (Restore(track_ids=MANY), "restore of 5 tracks"),
        (
            Recluster(overrides=Overrides(merge_distance=0.3)),
            "recluster with merge_distance from its setting to 0.3",
        ),
        (Recluster(overrides=Overrides()), "recluster"),
    ],
    ids=lambda value: getattr(value, "kind", ""),
)
def test_each_kind_says_in_a_few_words_what_it_is(edit: Edit, sentence: str) -> None:
    log = log_of(edit)
    assert edit.sentence(change_of(log, log[0])) == sentence


def test_thresholds_that_are_taken_back_are_said() -> None:
    log = log_of(Recluster(overrides=Overrides(good_ratio=1.5)), Recluster(overrides=Overrides()))
    edit = log[1].edit
    assert edit is not None
    assert edit.sentence(change_of(log, log[1])) == "recluster with good_ratio from 1.5 to its setting"
