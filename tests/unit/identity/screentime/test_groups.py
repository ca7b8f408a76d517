"""Totals by role, character and attribute: what counts once, what counts twice, and that nobody's time is lost."""

from __future__ import annotations

import re
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.domain.intervals import total, union
from contracts.cast import CastDetails
from screenalytics.commands.operator.totals import print_groups
from screenalytics.http_client import models
from services.identity.screentime.groups import EpisodePeople, GroupTotals, Somebody, said_of, total_by
from tests.support.exported_episode import exported_episode

PAGE = Path(__file__).parents[4] / "docs" / "external-ids.md"
GUEST, TWINS = CastDetails(role="guest"), CastDetails(characters=("Holm", "His twin"), attributes={"from": "Oslo"})


def episode(*people: Somebody, ep_id: str = "my-show-s01e01") -> EpisodePeople:
    return EpisodePeople(ep_id=ep_id, duration_s=100.0, people=people)


def somebody(key: str, *intervals: tuple[float, float], details: CastDetails | None = None) -> Somebody:
    return Somebody(key=key, intervals=intervals, details=details)


def figures(found: GroupTotals) -> dict[str, tuple[int, float, float]]:
    named = {one.value: (one.people, one.seconds, one.person_seconds) for one in found.groups}
    rest = {"": found.not_said, "?": found.unidentified}
    return named | {name: (one.people, one.seconds, one.person_seconds) for name, one in rest.items()}


def test_two_guests_at_once_count_once_on_screen_and_twice_as_persons() -> None:
    found = total_by(
        "role",
        [
            episode(
                somebody("ada", (0, 10), details=GUEST),
                somebody("bo", (5, 20), details=GUEST),
                somebody("cy", (0, 4), details=CastDetails()),
                somebody("identity-00001", (50, 51)),
            )
        ],
    )
    assert figures(found) == {"guest": (2, 20.0, 25.0), "": (1, 4.0, 4.0), "?": (1, 1.0, 1.0)}
    assert found.groups[0].share == 0.2


def test_whoever_plays_two_counts_for_each_and_two_who_play_one_count_together() -> None:
    other = CastDetails(characters=("Holm",))
    people = (somebody("ada", (0, 10), details=TWINS), somebody("bo", (8, 12), details=other))
    found = figures(total_by("character", [episode(*people)]))
    assert found == {"Holm": (2, 12.0, 14.0), "His twin": (1, 10.0, 10.0), "": (0, 0, 0), "?": (0, 0, 0)}
    assert figures(total_by("attribute:from", [episode(*people)]))["Oslo"] == (1, 10.0, 10.0)


def test_episodes_add_up_and_strangers_of_two_are_two() -> None:
    one = episode(somebody("ada", (0, 10), details=GUEST), somebody("identity-00001", (0, 1)))
    two = episode(somebody("ada", (0, 5), details=GUEST), somebody("identity-00001", (0, 1)), ep_id="my-show-s02e01")
    assert figures(total_by("role", [one, two])) == {"guest": (1, 15.0, 15.0), "": (0, 0, 0), "?": (2, 2.0, 2.0)}
    assert total_by("role", [one, two], season=2).episodes == 1


def test_who_is_seen_in_passing_is_left_out_where_asked_for() -> None:
    passing = Somebody(key="ada", intervals=((0, 10),), details=GUEST, participant=False)
    assert figures(total_by("role", [episode(passing)]))["guest"] == (1, 10.0, 10.0)
    assert total_by("role", [episode(passing)], participants=True).groups == ()


spans = st.lists(st.tuples(st.integers(0, 90), st.integers(1, 9)), max_size=4).map(
    lambda pairs: union([(float(start), float(start + length)) for start, length in pairs])
)


@given(st.lists(st.tuples(spans, st.sampled_from([None, CastDetails(), GUEST, CastDetails(role="host")])), max_size=5))
def test_every_second_of_everybody_is_in_some_group(
    people: list[tuple[tuple[tuple[float, float], ...], CastDetails | None]],
) -> None:
    found = total_by(
        "role",
        [episode(*(somebody(f"p{number}", *spans, details=said) for number, (spans, said) in enumerate(people)))],
    )
    groups = [*found.groups, found.not_said, found.unidentified]
    assert sum(one.person_seconds for one in groups) == sum(total(own) for own, _ in people)
    assert all(one.seconds <= one.person_seconds for one in groups)
    assert sum(one.seconds for one in groups) >= total(union(*(own for own, _ in people)))


def test_the_table_on_the_page_is_that_of_its_episode() -> None:
    found = re.search(
        r"totals harbour-lights-s02e05 --by (\w+)\n```\n\n```text\n(.*?)\n```", PAGE.read_text("utf-8"), re.DOTALL
    )
    assert found is not None
    totals = total_by(found[1], [EpisodePeople.of(exported_episode())])
    printed = StringIO()
    with redirect_stdout(printed):
        print_groups(models.GroupTotals.model_validate(totals.model_dump()))
    assert printed.getvalue().rstrip("\n") == found[2]


def test_a_document_is_grouped_by_what_is_said_in_it() -> None:
    assert said_of(exported_episode()) == ("role", "character", "attribute:pronouns")
    assert said_of(exported_episode().model_copy(update={"cast": ()})) == ()


@pytest.mark.parametrize("by", ["role", "character", "attribute:pronouns"])
def test_people_without_a_name_are_counted_apart(by: str) -> None:
    found = total_by(by, [EpisodePeople.of(exported_episode())])
    assert (found.unidentified.people, found.unidentified.seconds) == (1, 1.0)
