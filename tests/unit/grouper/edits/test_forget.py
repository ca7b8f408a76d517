from __future__ import annotations

from services.grouper.edits.forget import forget_in_log, named_in
from services.grouper.edits.kinds import Drop, Edit, Lock, Merge, Rename, TrackGroup
from services.grouper.edits.log import EditLog, EditRecord, active_records, undo
from services.grouper.rules import CarryRules
from tests.unit.grouper.rows import track

RUN, EARLIER = "01JD15M7Q8XG3V4B2N1K0H9F8D", "01JCZ5M7Q8XG3V4B2N1K0H9F8D"
ONE, TWO, THREE = (f"track-00000-00{number}" for number in (1, 2, 3))


def record(edit_id: str, edit: Edit, *, run_id: str = RUN, why: str | None = None) -> EditRecord:
    return EditRecord(edit_id=edit_id, action="apply", by="me", at="t", edit=edit, run_id=run_id, why=why)


def group(*tracks: str) -> TrackGroup:
    return TrackGroup(track_ids=tracks)


LOG: EditLog = (
    record("lock", Lock(group=group(ONE)), why="this is Rita Marsh"),
    record("drop", Drop(track_ids=(ONE,)), why="Rita Marsh on a poster"),
    record("merge", Merge(target=group(ONE), sources=(group(TWO),)), why="Rita Marsh, from behind"),
    record("label", Rename(group=group(THREE), label="Rita Marsh's double")),
    record("other", Rename(group=group(THREE), label="the waiter")),
    record("before", Lock(group=group(ONE)), run_id=EARLIER),
)


def test_edits_about_forgotten_tracks_alone_go_and_texts_lose_the_name() -> None:
    left = forget_in_log(undo(LOG, by="me", at="t", edit_id="drop"), run_id=RUN, tracks={ONE}, texts=["Rita Marsh"])
    assert [one.edit_id for one in left] == ["lock", "merge", "label", "other", "before"]
    assert "Rita" not in "".join(one.model_dump_json() for one in left)
    labels = [one.edit.label for one in active_records(left) if isinstance(one.edit, Rename)]
    assert labels == [None, "the waiter"]


def test_of_the_tracks_of_a_run_those_that_its_edits_name_are_told_with_their_seconds() -> None:
    log = (*LOG, record("part", Drop(track_ids=(f"{TWO}002",))))
    here = [track(1, 0, 1), track(2, 2, 4), track(9, 5, 14)]
    named = named_in(log, RUN, {RUN: here}, CarryRules())
    assert named.seconds == {ONE: 1.0, TWO: 2.0} and not named.elsewhere


def test_what_edits_of_an_earlier_run_name_is_told_by_what_shows_the_same_here() -> None:
    tracks_of = {RUN: [track(2, 0, 1), track(1, 5, 6)], EARLIER: [track(1, 0, 1)]}
    named = named_in(LOG[-1:], RUN, tracks_of, CarryRules())
    assert named.seconds == {TWO: 1.0} and named.elsewhere == [(EARLIER, ONE, TWO)]
    assert not named_in(LOG[-1:], RUN, {RUN: tracks_of[RUN]}, CarryRules()).seconds, "that run is not known any more"


def test_a_log_that_names_nobody_is_left_as_it_is() -> None:
    assert forget_in_log(LOG, run_id=RUN, tracks=(), texts=["Greta"]) == LOG
