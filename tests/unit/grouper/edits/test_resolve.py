from __future__ import annotations

from contracts.rows import TrackRow
from services.grouper.edits.kinds import (
    Drop,
    Edit,
    Lock,
    Merge,
    MoveRange,
    MoveTrack,
    NotSame,
    Recluster,
    Split,
    TrackGroup,
)
from services.grouper.edits.kinds.base import Translation
from services.grouper.edits.log import EditRecord
from services.grouper.edits.resolve import Resolved, Resolver
from services.grouper.rules import CarryRules
from tests.unit.grouper.rows import LEFT, RIGHT, track

OLD, NEW = "01ARZ3NDEKTSV4RRFFQ69G5FAV", "01ARZ3NDEKTSV4RRFFQ69G5FAW"
# The same two faces in both runs; the later one found the first in two tracks.
TRACKS = {
    OLD: [track(1, 0.0, 10.0, box=LEFT), track(2, 0.0, 10.0, box=RIGHT)],
    NEW: [track(7, 0.0, 6.0, box=LEFT), track(8, 6.0, 10.0, box=LEFT), track(9, 0.1, 9.9, box=RIGHT)],
}


def _ids(*numbers: int | str) -> tuple[str, ...]:
    return tuple(
        f"track-00000-{number:03d}" if isinstance(number, int) else f"track-00000-{number}" for number in numbers
    )


def _resolve(*edits: Edit, made_in: str, run: str, tracks: dict[str, list[TrackRow]] | None = None) -> Resolved:
    records = [
        EditRecord(edit_id=str(index), action="apply", by="kim", at="now", edit=edit, run_id=made_in)
        for index, edit in enumerate(edits)
    ]
    return Resolver(run, tracks or TRACKS, CarryRules()).resolve(records)


def test_edits_of_the_run_itself_are_what_they_are() -> None:
    edits = (Drop(track_ids=_ids(1)), Recluster.model_validate({"overrides": {"merge_distance": 0.3}}))
    resolved = _resolve(*edits, made_in=OLD, run=OLD)
    assert resolved.edits == edits and resolved.lost == ()


def test_edits_follow_the_faces_into_another_run() -> None:
    merge = Merge(target=TrackGroup(track_ids=_ids(1)), sources=(TrackGroup(track_ids=_ids(2)),))
    resolved = _resolve(merge, made_in=OLD, run=NEW)
    assert resolved.edits == (Merge(target=TrackGroup(track_ids=_ids(7, 8)), sources=(TrackGroup(track_ids=_ids(9)),)),)


def test_what_is_not_there_any_more_is_lost_and_said() -> None:
    tracks = {OLD: TRACKS[OLD], NEW: TRACKS[NEW][:2]}
    resolved = _resolve(Drop(track_ids=_ids(2)), Drop(track_ids=_ids(1)), made_in=OLD, run=NEW, tracks=tracks)
    assert resolved.edits == (Drop(track_ids=_ids(7, 8)),)
    assert [record.edit_id for record in resolved.lost] == ["0"]


def test_a_time_range_is_the_moving_of_the_track_it_becomes() -> None:
    source = TrackGroup(identity_id="identity-00001", track_ids=_ids(1, 2))
    edit = MoveRange(track_id=_ids(1)[0], start_s=4.0, end_s=7.0, source=source)
    resolved = _resolve(edit, made_in=OLD, run=OLD)
    rest = TrackGroup(identity_id="identity-00001", track_ids=_ids("001001", "001003", 2))
    assert resolved.edits == (MoveTrack(track_ids=_ids("001002"), source=rest, target=None),)


def test_a_time_range_is_found_again_in_another_run() -> None:
    edits = (
        MoveRange(track_id=_ids(1)[0], start_s=4.0, end_s=7.0, source=TrackGroup(track_ids=_ids(1))),
        Drop(track_ids=_ids("001002")),
        Drop(track_ids=_ids("001003")),
    )
    resolved = _resolve(*edits, made_in=OLD, run=NEW)
    spans = {row.track_id: (row.start_s, row.end_s) for row in resolved.cut.tracks if row.track_id != _ids(9)[0]}
    assert spans == dict(
        zip(_ids("007001", "007002", "008002", "008003"), [(0, 4), (4, 6), (6, 7), (7, 10)], strict=True)
    )
    moved, drop_stretch, drop_rest = resolved.edits
    assert isinstance(moved, MoveTrack)
    assert moved.track_ids == _ids("007002", "008002")
    assert drop_stretch == Drop(track_ids=_ids("007002", "008002"))
    assert drop_rest == Drop(track_ids=_ids("008003"))


def test_every_edit_follows_its_tracks_into_another_run() -> None:
    new = Translation({"track-00000-001": _ids(11, 12), "track-00000-003": _ids(13)})

    def group(*numbers: int, identity: str | None = None) -> TrackGroup:
        return TrackGroup(identity_id=identity, track_ids=_ids(*numbers))

    one = "identity-00001"
    assert Split(kept=group(1, identity=one), split_off=_ids(3)).translated(new) == Split(
        kept=group(11, 12, identity=one), split_off=_ids(13)
    )
    assert Merge(target=group(1), sources=(group(3), group(4))).translated(new) == Merge(
        target=group(11, 12), sources=(group(13),)
    )
    assert Merge(target=group(4), sources=(group(1), group(3))).translated(new) == Merge(
        target=group(11, 12), sources=(group(13),)
    )
    assert Merge(target=group(4), sources=(group(3),)).translated(new) is None
    assert MoveTrack(track_ids=_ids(3), source=group(4), target=group(1)).translated(new) == MoveTrack(
        track_ids=_ids(13), source=None, target=group(11, 12)
    )
    assert Lock(group=group(1, 2)).translated(new) == Lock(group=group(11, 12))
    assert Drop(track_ids=_ids(5)).translated(new) is None
    assert MoveTrack(track_ids=_ids(3), target=group(4)).translated(new) is None
    assert NotSame(first=group(1), second=group(4)).translated(new) is None


def test_an_erased_track_that_an_edit_of_another_run_names_is_named_as_it_was_here() -> None:
    record = EditRecord(
        edit_id="0",
        action="apply",
        by="kim",
        at="now",
        edit=Merge(target=TrackGroup(track_ids=_ids(1)), sources=(TrackGroup(track_ids=_ids(2)),)),
        run_id=OLD,
    )
    tracks = {OLD: TRACKS[OLD], NEW: TRACKS[NEW][2:]}
    forgotten, names = {_ids(7)[0]: 6.0, _ids(8)[0]: 4.0}, {OLD: {_ids(1)[0]: _ids(7, 8)}}
    resolved = Resolver(NEW, tracks, CarryRules(), forgotten=forgotten, forgotten_of=names).resolve([record])
    assert resolved.edits == (Merge(target=TrackGroup(track_ids=_ids(7, 8)), sources=(TrackGroup(track_ids=_ids(9)),)),)
    assert resolved.forgotten == forgotten and resolved.lost == ()


def test_tracks_that_no_edit_could_name_are_newcomers() -> None:
    tracks = {OLD: TRACKS[OLD], NEW: [*TRACKS[NEW], track(10, 20.0, 25.0)]}
    assert _resolve(Drop(track_ids=_ids(1)), made_in=OLD, run=NEW, tracks=tracks).newcomers == {_ids(10)[0]}
    assert not _resolve(Drop(track_ids=_ids(1)), made_in=OLD, run=OLD).newcomers
