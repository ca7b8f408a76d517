"""The effort curve: keys counted as the console needs them, answers that the truth gives, and the area under the curve."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from benchmarks.effort.curve import area, keys_until, sketch
from benchmarks.effort.keys import NameField
from benchmarks.effort.operator import Operator, Scene
from benchmarks.effort.owners import Answers
from benchmarks.effort.recording import Part
from benchmarks.truth import Truth

EP = "show-s01e01"
ADA, BO, STRANGER, PAINTING = "identity-00001", "identity-00002", "identity-00003", "identity-00004"
TRUTH = Truth(
    name="t",
    duration_s=60.0,
    fps=25.0,
    intervals={"Ada": ((0.0, 10.0),), "Bo": ((20.0, 25.0),)},
    unknown={"x": ((30.0, 33.0),)},
)
ANSWERS = Answers(
    truth=TRUTH, owner_of={"t1": "ada", "t2": "bo", "t3": "x"}, members={"ada": "Ada", "bo": "Bo"}, floor_s=0.0
)
SCENE = Scene(
    seconds={ADA: {"t1": 10.0}, BO: {"t2": 5.0}, STRANGER: {"t3": 3.0}, PAINTING: {"t4": 2.0}},
    cast_of=dict.fromkeys((ADA, BO, STRANGER, PAINTING)),
)


def question(kind: str, identity_id: str, *answers: str, **more: Any) -> dict[str, Any]:
    requests = [
        {"answer": one, "method": "POST", "path": f"/{one}", "body": {"id": "q"}, "effect_s": 5.0} for one in answers
    ]
    return {"kind": kind, "identity_id": identity_id, "cast_id": None, "choices": [], "answers": requests, **more}


def naming(identity_id: str, kind: str = "who", **more: Any) -> dict[str, Any]:
    yes = ("yes",) if kind == "is_this" else ()
    return question(kind, identity_id, *yes, "name", "extra", "nobody", **more)


def test_a_name_takes_the_letters_that_bring_it_to_the_top_and_enter() -> None:
    field = NameField(options={"tess": "Tess", "theo": "Theo", "joe": "Joe Biden"})
    assert field.keys_to_pick("joe", []) == 1, "the first of the list needs no letter"
    assert field.keys_to_pick("theo", []) == 3, "t, h, Enter: Tess comes first"
    assert field.keys_to_pick("theo", []) == 1, "whoever was picked lately is on top"
    assert field.keys_to_pick("tess", ["tess"]) == 1
    assert field.keys_to_add("Bo") == 3
    assert field.keys_to_add("Jo") == 4, "Ctrl as well, where somebody's name holds it"


@pytest.mark.parametrize(
    ("asked", "answer", "keys"),
    [
        (naming(ADA, "is_this", cast_id="ada"), "yes", 1),
        (naming(ADA, "is_this", cast_id="bo", choices=[{"cast_id": "bo"}, {"cast_id": "ada"}]), "name", 1),
        (naming(ADA, choices=[{"cast_id": "bo"}]), "name", 3),
        (naming(STRANGER), "extra", 1),
        (naming(PAINTING), "nobody", 1),
        (question("same", ADA, "yes", "no", other_id=BO), "no", 1),
        (question("extras", ADA, "yes", "no", identity_ids=[STRANGER, PAINTING]), "yes", 1),
        (question("extras", ADA, "yes", "no", identity_ids=[STRANGER, BO]), "no", 1),
    ],
)
def test_the_operator_says_what_is_true_with_the_fewest_keys(asked: dict[str, Any], answer: str, keys: int) -> None:
    given = Operator(EP, ANSWERS, {"ada": "Ada", "bo": "Bo"}).answer(asked, SCENE)
    assert (given.answer, given.keys) == (answer, keys)


def test_who_types_every_name_takes_no_suggestion_and_a_name_that_nobody_has_is_typed_in_full_once() -> None:
    suggested = naming(BO, "is_this", cast_id="bo", choices=[{"cast_id": "bo"}])
    assert Operator(EP, ANSWERS, {"ada": "Ada", "bo": "Bo"}, types_names=True).answer(suggested, SCENE).keys == 3
    operator = Operator(EP, ANSWERS, {})
    given = operator.answer(naming(ADA), SCENE)
    assert (given.keys, given.path, given.body) == (5, f"/links/{EP}/{ADA}/new-member", {"name": "Ada"})
    assert operator.answer(naming(ADA), SCENE).keys == 2, "Enter, Enter: the only one there is"


def test_a_second_is_wrong_without_its_name_and_with_somebody_elses() -> None:
    assert ANSWERS.wrong_seconds({}) == 15.0
    assert ANSWERS.wrong_seconds({"ada": ((0.0, 10.0),), "bo": ((20.0, 25.0),)}) == 0.0
    assert ANSWERS.wrong_seconds({"ada": ((0.0, 8.0), (30.0, 33.0))}) == 2.0 + 3.0 + 5.0


def test_area_is_seconds_times_keys_and_goes_on_level() -> None:
    points = [(0, 10.0), (2, 4.0), (5, 0.5)]
    assert area(points, 5) == 2 * 10.0 + 3 * 4.0
    assert area(points, 7) == 2 * 10.0 + 3 * 4.0 + 2 * 0.5
    assert area(points, 1) == 10.0
    assert (keys_until(points, 4.0), keys_until(points, 0.5), keys_until(points, 0.1)) == (2, 5, None)
    assert keys_until([(0, 1.0), (1, 3.0), (2, 1.0)], 2.0) == 2, "it is to stay right"
    drawn = sketch(points, until=5, top_s=10.0)
    assert (drawn[0], drawn[-1]) == ("█", "▄")


def test_a_later_part_of_a_long_episode_is_moved_with_all_its_ids() -> None:
    part = Part(folder=Path("none"), begins_s=30.0, before=2, is_last=True)
    row = {
        "ep_id": "old-s01e01",
        "segment": 1,
        "track_id": "track-00001-003",
        "continues": "track-00000-007",
        "shot_id": "shot-00001-001",
        "representative": None,
        "start_s": 1.5,
        "present": [[1.0, 2.0]],
        "starts_with": "start",
        "ends_with": "end",
        "mean_conf": 0.5,
    }
    assert part.moved(row, EP) == {
        "ep_id": EP,
        "segment": 3,
        "track_id": "track-00003-003",
        "continues": "track-00002-007",
        "shot_id": "shot-00003-001",
        "representative": None,
        "start_s": 31.5,
        "present": [[31.0, 32.0]],
        "starts_with": "cut",
        "ends_with": "end",
        "mean_conf": 0.5,
    }
