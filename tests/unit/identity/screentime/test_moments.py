"""Who is visible when, what two revisions differ in, and totals of a show."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.domain.intervals import difference, intersection, round_ms, total, union
from chassis.errors import BadInput, NotFound
from contracts.rows import CastScreenTime, ScreenTimeDocument, UnidentifiedScreenTime
from services.identity.screentime.changes import describe_changes
from services.identity.screentime.comparison import compare
from services.identity.screentime.moments import people_in, visible_at, when_together
from services.identity.screentime.totals import CastSeconds, EpisodeSeconds, total_up
from tests.unit.identity.report.report_documents import screen_time

DOCUMENT = screen_time()
OTHER_RUN = "01JNDM3J7R5Z8Q2T4V6X8Y0A1C"


def revised(document: ScreenTimeDocument, **changes: object) -> ScreenTimeDocument:
    return document.model_copy(update={"revision": document.revision + 1, **changes})


def with_intervals(row: CastScreenTime, *intervals: tuple[float, float], **changes: object) -> CastScreenTime:
    return row.model_copy(update={"intervals_s": intervals, "visible_s": total(intervals), **changes})


@given(t_s=st.integers(0, 300_000).map(lambda milliseconds: milliseconds / 1000))
def test_whoever_has_an_interval_around_a_moment_is_visible_at_it(t_s: float) -> None:
    moment = visible_at(DOCUMENT, t_s)
    expected = {
        person.key: (start, end)
        for person in people_in(DOCUMENT)
        for start, end in person.intervals
        if start <= t_s < end
    }
    assert {one.id: one.interval_s for one in (*moment.cast, *moment.unidentified)} == expected


def test_an_interval_holds_its_start_and_not_its_end() -> None:
    start, end = DOCUMENT.cast[0].intervals_s[0]
    assert DOCUMENT.cast[0].cast_id in [one.id for one in visible_at(DOCUMENT, start).cast]
    assert (start, end) not in [one.interval_s for one in visible_at(DOCUMENT, end).cast]


def test_the_cast_is_kept_apart_from_those_without_a_name() -> None:
    stranger = DOCUMENT.unidentified[0]
    moment = visible_at(DOCUMENT, stranger.intervals_s[0][0])
    assert stranger.identity_id in [one.id for one in moment.unidentified]
    assert stranger.identity_id not in [one.id for one in moment.cast]


@pytest.mark.parametrize("t_s", [-0.001, 300.001, float("nan")])
def test_a_time_outside_of_the_episode_is_refused(t_s: float) -> None:
    with pytest.raises(BadInput, match=r"300\.000 s"):
        visible_at(DOCUMENT, t_s)


def test_together_agrees_with_the_document_for_every_pair() -> None:
    for pair in DOCUMENT.co_appearance_s:
        found = when_together(DOCUMENT, pair.a, pair.b)
        assert found.seconds == pytest.approx(pair.seconds, abs=0.0015)
        assert total(found.intervals_s) == found.seconds
        assert found.a.share == pytest.approx(found.seconds / found.a.visible_s, abs=1e-6)
        assert when_together(DOCUMENT, pair.b, pair.a).intervals_s == found.intervals_s


def test_people_who_never_meet_are_together_for_no_time() -> None:
    apart = revised(
        DOCUMENT,
        cast=(with_intervals(DOCUMENT.cast[0], (0.0, 1.0)), with_intervals(DOCUMENT.cast[1], (1.0, 2.0))),
    )
    found = when_together(apart, apart.cast[0].cast_id, apart.cast[1].cast_id)
    assert (found.seconds, found.intervals_s, found.a.share) == (0.0, (), 0.0)


def test_together_wants_two_people_who_are_there() -> None:
    first = DOCUMENT.cast[0].cast_id
    with pytest.raises(NotFound):
        when_together(DOCUMENT, first, "nobody")
    with pytest.raises(BadInput, match="name two"):
        when_together(DOCUMENT, first, first)


def test_a_revision_does_not_differ_from_itself() -> None:
    found = compare(DOCUMENT, DOCUMENT)
    assert (found.people, found.sentences) == ((), ())
    assert found.unchanged == len(DOCUMENT.cast) + len(DOCUMENT.unidentified)


def test_a_difference_says_what_was_gained_and_lost() -> None:
    first, second, *rest = DOCUMENT.cast
    before = revised(DOCUMENT, cast=(with_intervals(first, (0, 10), (20, 30)), second, *rest))
    after = revised(before, cast=(with_intervals(first, (5, 12), (20, 30)), *rest))
    found = compare(before, after)
    changed = {one.id: one for one in found.people}
    assert set(changed) == {first.cast_id, second.cast_id}
    one = changed[first.cast_id]
    assert (one.before_s, one.after_s, one.change_s) == (20.0, 17.0, -3.0)
    assert (one.gained, one.lost) == (((10.0, 12.0),), ((0.0, 5.0),))
    gone = changed[second.cast_id]
    assert (gone.before_s, gone.after_s, gone.name_after) == (second.visible_s, None, None)
    assert gone.lost == second.intervals_s
    assert found.sentences == describe_changes(before, after)
    assert found.people[0].id == second.cast_id


def test_a_new_name_alone_is_a_difference() -> None:
    first, *rest = DOCUMENT.cast
    after = revised(DOCUMENT, cast=(first.model_copy(update={"name": "Ada Lind"}), *rest))
    (one,) = compare(DOCUMENT, after).people
    assert (one.name_before, one.name_after, one.change_s) == (first.name, "Ada Lind", 0.0)


def test_unidentified_people_are_compared_within_a_run_only() -> None:
    fewer = revised(DOCUMENT, unidentified=())
    assert [one.kind for one in compare(DOCUMENT, fewer).people] == ["unidentified"] * 3
    again = revised(fewer, run_id=OTHER_RUN)
    assert compare(DOCUMENT, again).people == ()
    assert not compare(DOCUMENT, again).unidentified_compared


@given(seed=st.integers(0, 1000), other=st.integers(0, 1000))
def test_what_was_lost_and_gained_makes_the_one_into_the_other(seed: int, other: int) -> None:
    before, after = screen_time(seed=seed), screen_time(seed=other, revision=2)
    old = {person.key: person.intervals for person in people_in(before)}
    new = {person.key: person.intervals for person in people_in(after)}
    for one in compare(before, after).people:
        kept = difference(old.get(one.id, ()), one.lost)
        assert union(kept, one.gained) == new.get(one.id, ())
        assert intersection(kept, one.gained) == ()
        assert round_ms(one.gained_s - one.lost_s) == pytest.approx(one.change_s, abs=0.0015)


def episode(ep_id: str, duration_s: float, **seconds: float) -> EpisodeSeconds:
    cast = tuple(CastSeconds(key, f"{key} {ep_id[-6:]}", value, 2) for key, value in seconds.items())
    return EpisodeSeconds(ep_id=ep_id, duration_s=duration_s, cast=cast)


EPISODES = [
    episode("show-s02e01", 100.0, ada=30.0),
    episode("show-s01e01", 100.0, ada=10.1, bo=60.2),
    episode("show-s01e02", 50.0, ada=0.0, bo=20.1),
]


def test_totals_add_up_over_all_episodes() -> None:
    found = total_up("show", EPISODES)
    assert (found.episodes, found.duration_s, found.seasons) == (3, 250.0, (1, 2))
    assert [(one.cast_id, one.name, one.episodes, one.seconds, one.appearances) for one in found.cast] == [
        ("bo", "bo s01e02", 2, 80.3, 4),
        ("ada", "ada s02e01", 2, 40.1, 6),
    ]
    assert [one.share for one in found.cast] == [0.3212, 0.1604]


def test_totals_of_a_season_leave_the_others_out() -> None:
    found = total_up("show", EPISODES, season=2)
    assert (found.episodes, found.seasons) == (1, (1, 2))
    assert [(one.cast_id, one.seconds, one.share) for one in found.cast] == [("ada", 30.0, 0.3)]
    assert total_up("show", EPISODES, season=9).cast == ()


def test_people_of_a_document_are_the_cast_then_the_others() -> None:
    kinds = [person.kind for person in people_in(DOCUMENT)]
    assert kinds == ["cast"] * len(DOCUMENT.cast) + ["unidentified"] * len(DOCUMENT.unidentified)
    assert [person.kind for person in people_in(DOCUMENT, unidentified=False)] == ["cast"] * len(DOCUMENT.cast)
    assert isinstance(DOCUMENT.unidentified[0], UnidentifiedScreenTime)
