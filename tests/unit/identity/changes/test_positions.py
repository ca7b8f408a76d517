"""What is new to somebody who was told of an episode up to a point."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.identity.changes.positions import (
    MOST_STEPS,
    ChangeStep,
    EpisodeNow,
    Position,
    Versions,
    changes_since,
    in_order,
    is_told_anew,
    presence_of,
)

RUN, LATER = "01JGFJJZ00ABCDEFGHJKMNPQR0", "01JGFJJZ00ABCDEFGHJKMNPQR1"
AT = Position(run_id=RUN, revision=3, grouped_run_id=RUN, grouping=2, edits=5, links=7, sign_offs=1)
NUMBER = st.integers(0, 10**9 - 1)
RUNS = st.sampled_from(["0", RUN, LATER])


def now(at: Position = AT) -> EpisodeNow:
    return EpisodeNow(exists=True, at=at, includes=Versions(clusters=5, links=6, sign_off=1), edits_grouped=5)


def moved(**to: Any) -> Position:
    return Position(**{name: getattr(AT, name) for name in AT.__dataclass_fields__} | to)


def step(source: Any, version: int, at: str) -> ChangeStep:
    return ChangeStep(
        step=f"{source}:{version}", source=source, version=version, action="do", kind="x", who="kim", at=at
    )


@given(RUNS, NUMBER, RUNS, NUMBER, NUMBER, NUMBER, NUMBER)
def test_positions_are_read_back(run: str, revision: int, grouped: str, grouping: int, e: int, k: int, s: int) -> None:
    at = Position(
        run_id=run, revision=revision, grouped_run_id=grouped, grouping=grouping, edits=e, links=k, sign_offs=s
    )
    assert Position.parse(str(at)) == at
    assert len(str(at)) <= 200


@pytest.mark.parametrize(
    "text", [None, "", str(AT)[:-1] + "x", str(AT) + "-1", str(AT).lower(), f"{RUN}-3", "0-0-0-0-0-0"]
)
def test_what_is_no_position_is_none(text: str | None) -> None:
    assert Position.parse(text) is None


def test_somebody_new_is_told_where_all_is() -> None:
    (change,) = changes_since(now(), None, ())
    assert (change.kind, change.data["versions"]) == ("state", {"clusters": 5, "links": 7, "sign_off": 1})
    assert change.data["grouping"] == {"run_id": RUN, "revision": 2, "edits_version": 5}
    assert change.data["revision"] == {
        "run_id": RUN,
        "revision": 3,
        "includes": {"clusters": 5, "links": 6, "sign_off": 1},
    }


def test_an_episode_without_a_report_has_a_state() -> None:
    (change,) = changes_since(EpisodeNow(exists=True), None, ())
    assert (change.data["grouping"], change.data["revision"]) == (None, None)


def test_somebody_who_saw_it_all_is_told_nothing() -> None:
    assert changes_since(now(), AT, ()) == []


def test_decisions_come_before_what_came_of_them() -> None:
    later = moved(links=8, grouping=3, revision=4)
    told = changes_since(now(later), AT, [step("links", 8, "2026-01-01T00:00:00Z")])
    assert [change.kind for change in told] == ["step", "grouping", "revision"]
    assert (told[1].data["revision"], told[2].data["revision"]) == (3, 4)


@pytest.mark.parametrize("less", ["revision", "grouping", "edits", "links", "sign_offs"])
def test_an_episode_that_was_made_anew_is_told_anew(less: str) -> None:
    assert is_told_anew(now(moved(**{less: 0})), AT)
    assert changes_since(now(moved(**{less: 0})), AT, ())[0].kind == "state"


def test_the_first_revision_of_a_later_run_is_no_step_back() -> None:
    later = moved(run_id=LATER, revision=1, grouped_run_id=LATER, grouping=1)
    assert [change.kind for change in changes_since(now(later), AT, ())] == ["grouping", "revision"]


def test_whoever_missed_too_much_is_told_where_all_is() -> None:
    assert not is_told_anew(now(moved(links=AT.links + MOST_STEPS)), AT)
    assert is_told_anew(now(moved(links=AT.links + MOST_STEPS + 1)), AT)


def test_logs_are_one_by_time_and_keep_their_own_order() -> None:
    skewed = [step("links", 1, "2026-01-01T00:00:09Z"), step("links", 2, "2026-01-01T00:00:01Z")]
    edits = [step("clusters", 1, "2026-01-01T00:00:05Z")]
    assert [one.step for one in in_order(edits, skewed)] == ["clusters:1", "links:1", "links:2"]


def test_presence_tells_everybody() -> None:
    assert presence_of(now()).data == {"people": []}
