from __future__ import annotations

from contracts.rows import Identity, TrackRow
from services.grouper.episode.identity_ids import EarlierRun, carry_identity_ids
from services.grouper.rules import CarryRules
from services.grouper.tracks.matching import match_tracks
from tests.unit.grouper.rows import LEFT, RIGHT, track

RULES = CarryRules()


def _earlier(*people: tuple[int, list[TrackRow]], locked: int | None = None) -> EarlierRun:
    return EarlierRun(
        identities=tuple(
            Identity(
                identity_id=f"identity-{number:05d}",
                track_ids=tuple(one.track_id for one in tracks),
                tracks=len(tracks),
                faces=0,
                locked=number == locked,
            )
            for number, tracks in people
        ),
        tracks=tuple(one for _, tracks in people for one in tracks),
    )


def test_without_an_earlier_run_people_are_numbered_by_first_appearance() -> None:
    assert carry_identity_ids([[track(1, 5, 6)], [track(2, 0, 1)]], None, RULES) == ["identity-00002", "identity-00001"]


def test_a_person_keeps_the_id_though_tracks_and_order_are_other() -> None:
    earlier = _earlier((4, [track(1, 0, 5, box=LEFT)]), (7, [track(2, 0, 5, box=RIGHT), track(3, 8, 9)]))
    groups = [[track(51, 0.1, 2, box=RIGHT), track(52, 2.1, 4.9, box=RIGHT)], [track(50, 0, 4.8, box=LEFT)]]
    assert carry_identity_ids(groups, earlier, RULES) == ["identity-00007", "identity-00004"]


def test_somebody_new_gets_a_number_nobody_ever_had() -> None:
    earlier = _earlier((1, [track(1, 0, 5)]), (9, [track(2, 20, 25)]))
    groups = [[track(10, 0, 5)], [track(11, 8, 9)]]
    assert carry_identity_ids(groups, earlier, RULES) == ["identity-00001", "identity-00010"]
    assert carry_identity_ids(groups, earlier, RULES, least_number=30)[1] == "identity-00030"


def test_of_a_person_that_fell_apart_the_larger_part_keeps_the_id() -> None:
    earlier = _earlier((1, [track(1, 0, 3), track(2, 5, 15)]))
    assert carry_identity_ids([[track(1, 0, 3)], [track(2, 5, 15)]], earlier, RULES) == [
        "identity-00002",
        "identity-00001",
    ]


def test_of_people_that_became_one_the_locked_one_keeps_its_id() -> None:
    people = (1, [track(1, 0, 10)]), (2, [track(2, 12, 15)])
    group = [[track(1, 0, 10), track(2, 12, 15)]]
    assert carry_identity_ids(group, _earlier(*people), RULES) == ["identity-00001"]
    assert carry_identity_ids(group, _earlier(*people, locked=2), RULES) == ["identity-00002"]


def test_the_same_time_elsewhere_in_the_picture_is_somebody_else() -> None:
    earlier = _earlier((3, [track(1, 0, 5, box=LEFT)]))
    assert carry_identity_ids([[track(1, 0, 5, box=RIGHT)]], earlier, RULES) == ["identity-00004"]


def test_operators_wishes_come_first_and_no_id_is_given_twice() -> None:
    earlier = _earlier((1, [track(1, 0, 5)]), (2, [track(2, 6, 9)]))
    groups = [[track(1, 0, 5)], [track(2, 6, 9)]]
    pinned = [("identity-00001", ("track-00000-002",)), ("identity-00001", ("track-00000-001",))]
    assert carry_identity_ids(groups, earlier, RULES, pinned=pinned) == ["identity-00003", "identity-00001"]


def test_tracks_of_two_runs_match_by_time_and_place() -> None:
    before = [track(1, 0, 5, box=LEFT), track(2, 0, 5, box=RIGHT), track(3, 20, 30)]
    now = [track(11, 0, 2, box=LEFT), track(12, 2, 5, box=LEFT), track(13, 1, 5, box=RIGHT), track(14, 29, 60)]
    assert match_tracks(before, now, RULES) == {
        "track-00000-001": ("track-00000-011", "track-00000-012"),
        "track-00000-002": ("track-00000-013",),
    }
