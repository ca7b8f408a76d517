from __future__ import annotations

from collections.abc import Sequence

from contracts.ids import identity_id
from contracts.rows import Identity, TrackRow
from services.grouper.clustering.machine import MachineGrouping
from services.grouper.edits.forget import NamedTracks
from services.grouper.edits.kinds import Edit, Merge, MoveTrack, Split, TrackGroup
from services.grouper.edits.log import EditLog, EditRecord
from services.grouper.episode.adopting import adopted
from services.grouper.episode.identity_ids import RunIds, carried_ids, first_ids, people_of, with_people
from services.grouper.rules import CarryRules
from tests.unit.grouper.rows import LEFT, RIGHT, RUN_ID, track

RULES = CarryRules()
ONE, TWO, THREE, FOUR = (f"identity-{number:05d}" for number in range(1, 5))


def _tracks(*numbers: int) -> tuple[str, ...]:
    return tuple(f"track-00000-{number:03d}" for number in numbers)


def _machine(*groups: Sequence[TrackRow], rescued: Sequence[str] = ()) -> MachineGrouping:
    names = tuple(tuple(one.track_id for one in group) for group in groups)
    return MachineGrouping(clusters=names, rescued=frozenset(rescued), unknown=())


def _rows(groups: Sequence[Sequence[TrackRow]]) -> list[TrackRow]:
    return [one for group in groups for one in group]


def _ids(people: dict[str, list[TrackRow]], retired: dict[str, tuple[str, ...]] | None = None) -> RunIds:
    rows = _rows(list(people.values()))
    return RunIds(
        people={one: tuple(row.track_id for row in own) for one, own in people.items()},
        rescued=(),
        retired=retired or {},
        numbers={row.track_id: place for place, row in enumerate(rows, start=1)},
    )


def _carried(groups: Sequence[Sequence[TrackRow]], people: dict[str, list[TrackRow]], least: int = 1) -> list[str]:
    earlier = _ids(people)
    ids = carried_ids(
        _machine(*groups), _rows(groups), earlier, _rows(list(people.values())), RULES, least_number=least
    )
    return [next(one for one, own in ids.people.items() if group[0].track_id in own) for group in groups]


def test_people_of_a_first_run_are_numbered_by_first_appearance() -> None:
    groups = [[track(1, 5, 6)], [track(2, 0, 1)]]
    ids = first_ids(_machine(*groups), _rows(groups))
    assert ids.people == {TWO: _tracks(1), ONE: _tracks(2)}
    assert first_ids(_machine(*groups), _rows(groups), least_number=7).highest_number == 8


def test_a_person_keeps_the_id_though_tracks_and_order_are_other() -> None:
    people = {FOUR: [track(1, 0, 5, box=LEFT)], TWO: [track(2, 0, 5, box=RIGHT), track(3, 8, 9)]}
    groups = [[track(51, 0.1, 2, box=RIGHT), track(52, 2.1, 4.9, box=RIGHT)], [track(50, 0, 4.8, box=LEFT)]]
    assert _carried(groups, people) == [TWO, FOUR]


def test_somebody_new_gets_a_number_nobody_ever_had() -> None:
    people = {ONE: [track(1, 0, 5)], FOUR: [track(2, 20, 25)]}
    groups = [[track(10, 0, 5)], [track(11, 8, 9)]]
    assert _carried(groups, people) == [ONE, "identity-00005"]
    assert _carried(groups, people, least=30) == [ONE, "identity-00030"]


def test_of_a_person_that_fell_apart_the_larger_part_keeps_the_id() -> None:
    people = {ONE: [track(1, 0, 3), track(2, 5, 15)]}
    assert _carried([[track(1, 0, 3)], [track(2, 5, 15)]], people) == [TWO, ONE]


def test_the_same_time_elsewhere_in_the_picture_is_somebody_else() -> None:
    assert _carried([[track(1, 0, 5, box=RIGHT)]], {THREE: [track(1, 0, 5, box=LEFT)]}) == [FOUR]


def test_who_is_not_found_in_one_run_has_the_old_id_in_the_next() -> None:
    rows = [track(1, 0, 9, box=LEFT), track(2, 0, 5, box=RIGHT)]
    apart, united = _machine([rows[0]], [rows[1]]), _machine(rows)
    first = first_ids(apart, rows)
    second = carried_ids(united, rows, first, rows, RULES)
    assert (second.people, second.retired) == ({ONE: _tracks(1, 2)}, {TWO: _tracks(2)})
    assert carried_ids(apart, rows, second, rows, RULES).people == first.people


def test_other_thresholds_take_the_ids_from_the_settings_grouping() -> None:
    rows = [track(1, 0, 9), track(2, 10, 12), track(3, 20, 25)]
    ids = first_ids(_machine(rows[:2], rows[2:]), rows)
    people = people_of(_machine(rows[:1], rows[1:2], rows[2:]), ids, rows)
    assert people.identity_of == dict(zip(_tracks(1, 2, 3), (ONE, "identity-100002", TWO), strict=True))
    assert set(people_of(_machine(rows), ids, rows).identity_of.values()) == {ONE}


def test_a_leftover_takes_nobodys_id_along() -> None:
    rows = [track(1, 0, 2), track(2, 10, 40), track(3, 50, 53)]
    ids = first_ids(_machine(rows[:2], rows[2:], rescued=_tracks(2)), rows)
    people = people_of(_machine(rows[:1], rows[1:2], rows[2:]), ids, rows)
    assert people.identity_of[_tracks(1)[0]] == ONE
    assert people.identity_of[_tracks(2)[0]] == "identity-100002"


def test_a_track_has_the_same_number_in_another_run() -> None:
    rows = [track(1, 0, 5), track(2, 6, 9)]
    first = first_ids(_machine(rows), rows)
    again = [track(11, 6.1, 9.1), track(12, 0.1, 5), track(13, 20, 30)]
    second = carried_ids(_machine(again), again, first, rows, RULES)
    assert second.numbers == dict(zip(_tracks(12, 11, 13), (1, 2, 3), strict=True))


def _log(*edits: Edit) -> EditLog:
    return tuple(
        EditRecord(edit_id=f"e{place}", action="apply", by="kim", at="", edit=edit, run_id=RUN_ID)
        for place, edit in enumerate(edits)
    )


def _identity(one: str, *numbers: int) -> Identity:
    return Identity(identity_id=one, track_ids=_tracks(*numbers), tracks=len(numbers), faces=0)


def test_a_run_of_before_ids_were_kept_gets_those_that_people_had_before_any_edit() -> None:
    rows = [track(1, 0, 3), track(2, 10, 19), track(3, 20, 25)]
    machine = _machine(rows[:1], rows[1:2], rows[2:])
    merge = Merge(
        target=TrackGroup(identity_id=ONE, track_ids=_tracks(1)),
        sources=(TrackGroup(identity_id=TWO, track_ids=_tracks(2)),),
    )
    now = [_identity(ONE, 1, 2), _identity(THREE, 3)]
    ids = adopted(machine, rows, now, {TWO: _tracks(2)}, _log(merge), RUN_ID)
    assert ids.people == {ONE: _tracks(1), TWO: _tracks(2), THREE: _tracks(3)}


def test_whom_an_edit_made_before_ids_were_kept_keeps_the_id_as_well() -> None:
    rows = [track(1, 0, 9), track(2, 10, 12), track(3, 20, 25), track(4, 30, 31)]
    machine = _machine(rows[:2], rows[2:])
    split = Split(kept=TrackGroup(identity_id=ONE, track_ids=_tracks(1, 2)), split_off=_tracks(2))
    undone = MoveTrack(track_ids=_tracks(4), source=TrackGroup(identity_id=TWO, track_ids=_tracks(3, 4)))
    now = [_identity(ONE, 1), _identity(THREE, 2), _identity(TWO, 3, 4)]
    ids = adopted(machine, rows, now, {FOUR: _tracks(4)}, _log(split, undone), RUN_ID)
    assert ids.people == {ONE: _tracks(1, 2), TWO: _tracks(3, 4)}
    assert ids.made == {"e0": THREE, "e1": FOUR}
    assert ids.highest_number == 4


def test_what_the_machine_made_of_a_run_is_decided_once_and_others_stay_together_when_some_are_forgotten() -> None:
    a, b, c, d = _tracks(1, 2, 3, 4)
    first = MachineGrouping(clusters=((a, b, c), (d,)), rescued=frozenset({c, b}), unknown=())
    later = MachineGrouping(clusters=((a,), (b,), (c, d)), rescued=frozenset(), unknown=())
    ids = _ids({ONE: [track(1, 0, 1), track(2, 1, 2), track(3, 2, 3)], TWO: [track(4, 4, 6)]})
    ids = ids.with_groupings({"{}": first}).with_groupings({"{}": later, "other": later})
    assert ids.groupings == {"{}": first, "other": later}
    assert RunIds.model_validate_json(ids.model_dump_json()) == ids
    assert '"rescued":["track-00000-002","track-00000-003"]' in ids.model_dump_json(), "the same bytes in any process"
    elsewhere = [("run", a, d), ("run", b, c)]
    left = ids.without({a, d}, named=NamedTracks({d: 2.0, c: 1.0}, elsewhere))
    assert left.forgotten_of == {"run": {a: (d,)}}, "what edits of another run call what is forgotten here"
    assert left.groupings["{}"] == MachineGrouping(clusters=((b, c), (d,)), rescued=frozenset({b, c}), unknown=())
    assert (left.people, left.forgotten) == ({ONE: (b, c), TWO: (d,)}, {d: 2.0})
    people = people_of(left.groupings["{}"], left, [track(2, 1, 2), track(3, 2, 3)])
    assert people.identity_of[d] == TWO, "a forgotten track is still whose it was, for edits that name it"
    assert people.without({d}).identity_of.keys() == {b, c}


def test_whoever_is_forgotten_leaves_the_id_to_nobody_whom_other_thresholds_keep_apart() -> None:
    rows = [track(1, 0, 5), track(2, 6, 8)]
    a, b = _tracks(1, 2)
    ids = _ids({ONE: rows}).with_groupings({"apart": _machine(rows[:1], rows[1:])})
    other = people_of(ids.groupings["apart"], ids, rows).identity_of[b]
    left = with_people(ids, rows).without({a})
    assert other != ONE
    assert people_of(left.groupings["apart"], left, rows[1:], key="apart").identity_of == {b: other}


def test_who_is_forgotten_has_no_tracks_in_the_ids_and_leaves_the_others_theirs() -> None:
    a, b, c = _tracks(1, 2, 3)
    ids = RunIds(
        people={identity_id(1): (a, b), identity_id(2): (c,)},
        rescued=(b, c),
        retired={identity_id(3): (c,), identity_id(4): (a, c)},
        numbers={a: 1, b: 2, c: 3},
    )
    assert ids.without({b, c}) == RunIds(
        people={identity_id(1): (a,)},
        rescued=(),
        retired={identity_id(4): (a,)},
        numbers={a: 1},
        erased_in_part=(identity_id(1), identity_id(2)),
    )
    assert ids.without((), parts_of={a}).erased_in_part == (identity_id(1),)
    assert ids.without((), parts_of={a}).people == ids.people
