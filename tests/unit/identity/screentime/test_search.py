"""Questions over many episodes: together for how long, and who is only in which season."""

from __future__ import annotations

from chassis.domain.intervals import Intervals
from contracts.cast import CastDetails
from services.identity.screentime.groups import EpisodePeople, Somebody
from services.identity.screentime.search import FoundEpisode, Wanted, find_cast, look_into
from services.identity.screentime.totals import CastSeconds, EpisodeSeconds


def episode(*, participant: bool = True, ep_id: str = "night-shift-s01e01", **people: Intervals) -> EpisodePeople:
    """Everybody with a name but `stranger`."""
    known = tuple(
        Somebody(
            key=key,
            intervals=intervals,
            details=None if key == "stranger" else CastDetails(),
            participant=participant or key != "ada",
        )
        for key, intervals in people.items()
    )
    return EpisodePeople(ep_id=ep_id, duration_s=100.0, people=known)


def found(of: EpisodePeople, wanted: Wanted) -> FoundEpisode | None:
    return look_into(of, wanted, run_id="01JCZ5M7Q8XG3V4B2N1K0H9F8D", revision=2)


BOTH = episode(ada=((0.0, 10.0), (20.0, 24.0)), bo=((6.0, 22.0),), stranger=((50.0, 60.0),))


def test_people_are_together_where_their_times_overlap() -> None:
    one = found(BOTH, Wanted(cast_ids=("ada", "bo")))
    assert one is not None
    assert (one.seconds, one.longest_s, one.intervals_s) == (6.0, 4.0, ((6.0, 10.0), (20.0, 22.0)))
    assert (one.season, one.revision, one.duration_s) == (1, 2, 100.0)


def test_seconds_count_in_all_and_at_a_stretch() -> None:
    assert found(BOTH, Wanted(cast_ids=("ada", "bo"), min_s=6.0)) is not None
    assert found(BOTH, Wanted(cast_ids=("ada", "bo"), min_s=6.001)) is None
    assert found(BOTH, Wanted(cast_ids=("ada", "bo"), min_stretch_s=4.0)) is not None
    assert found(BOTH, Wanted(cast_ids=("ada", "bo"), min_stretch_s=4.001)) is None


def test_any_of_them_counts_a_second_once() -> None:
    one = found(BOTH, Wanted(cast_ids=("ada", "bo"), match="any"))
    assert one is not None and one.intervals_s == ((0.0, 24.0),)


def test_somebody_who_is_not_there_is_together_with_nobody() -> None:
    assert found(BOTH, Wanted(cast_ids=("ada", "zoe"))) is None
    assert found(BOTH, Wanted(cast_ids=("zoe",))) is None
    assert found(BOTH, Wanted(cast_ids=("stranger",))) is None, "who has no name in one episode is another in the next"
    named_twice = found(BOTH, Wanted(cast_ids=("ada", "ada")))
    assert named_twice is not None and named_twice.seconds == 14.0


def test_who_is_seen_in_passing_may_be_left_out() -> None:
    passing = episode(participant=False, ada=((0.0, 10.0),), bo=((0.0, 4.0),))
    assert found(passing, Wanted(cast_ids=("ada", "bo"))) is not None
    assert found(passing, Wanted(cast_ids=("ada", "bo"), participants=True)) is None


def test_nobody_named_finds_every_episode_and_says_how_long_anybody_is_visible() -> None:
    one, empty = found(BOTH, Wanted()), found(episode(), Wanted())
    assert one is not None and (one.seconds, one.intervals_s) == (34.0, ())
    assert empty is not None and empty.seconds == 0.0
    assert found(episode(), Wanted(min_s=1.0)) is None


def seconds(ep_id: str, **cast: float) -> EpisodeSeconds:
    rows = tuple(
        CastSeconds(cast_id=key, name=f"{key.title()} {ep_id[-3:]}", visible_s=visible, appearances=1)
        for key, visible in cast.items()
    )
    return EpisodeSeconds(ep_id=ep_id, duration_s=100.0, cast=rows)


SHOW = [
    seconds("night-shift-s02e01", ada=3.0, cleo=8.0, bo=0.0),
    seconds("night-shift-s01e01", ada=5.0, bo=4.0),
    seconds("night-shift-s02e02", cleo=1.5, dan=0.5),
    seconds("night-shift-s03e01", dan=9.0),
]


def test_who_is_only_in_a_season() -> None:
    people = find_cast(SHOW, seasons={2}, only=True)
    assert [(one.cast_id, one.seconds, one.episodes) for one in people] == [("cleo", 9.5, 2)]
    assert (people[0].first, people[0].last, people[0].name) == (
        "night-shift-s02e01",
        "night-shift-s02e02",
        "Cleo e02",
    )
    assert [one.cast_id for one in find_cast(SHOW, seasons={2, 3}, only=True)] == ["cleo", "dan"]


def test_who_is_in_a_season_and_where_else() -> None:
    people = {one.cast_id: one for one in find_cast(SHOW, seasons={2})}
    assert set(people) == {"ada", "cleo", "dan"}, "who was linked and never seen is in no season"
    assert people["ada"].seconds == 3.0
    assert [(one.season, one.seconds) for one in people["ada"].seasons] == [(1, 5.0), (2, 3.0)]
    assert [one.cast_id for one in find_cast(SHOW, seasons={2}, min_s=1.0)] == ["cleo", "ada"]


def test_without_a_season_everybody_who_was_ever_seen() -> None:
    assert [one.cast_id for one in find_cast(SHOW)] == ["cleo", "dan", "ada", "bo"]
    assert [one.cast_id for one in find_cast(SHOW, only=True)] == ["cleo", "dan", "ada", "bo"]
