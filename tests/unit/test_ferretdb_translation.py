"""The commands that FerretDB is given say the same, and what was stored in other words is answered as it was."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.ferretdb.__main__ import not_as_listed, outcomes
from tests.ferretdb.translation import flattened, meets, piped, restored

NAMES = st.text(st.sampled_from("ab.$"), min_size=1, max_size=4)
VALUES = st.recursive(
    st.none() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
)


def nested(value: object, *, inside: bool = False) -> bool:
    """Whether an array stands in an array, or a point in a name, anywhere in a value."""
    if isinstance(value, list):
        return inside or any(nested(one, inside=True) for one in value)
    if isinstance(value, dict):
        return any("." in name or nested(one) for name, one in value.items())
    return False


@given(st.dictionaries(st.sampled_from(["_id", "x"]), VALUES))
def test_documents_are_stored_without_what_is_refused_and_come_back_as_they_were(document: dict[str, object]) -> None:
    stored = flattened({"insert": "c", "documents": [document]})["documents"][0]

    assert not nested(stored)
    assert restored(stored) == document


def test_paths_of_a_change_stay_paths() -> None:
    command = {"update": "c", "updates": [{"q": {"a.b": 1}, "u": {"$set": {"a.c": [[1]], "a.d": {"x.y": 2}}}}]}

    [update] = flattened(command)["updates"]

    assert update["q"] == {"a.b": 1}
    assert list(update["u"]["$set"]) == ["a.c", "a.d"]
    assert restored(update) == command["updates"][0]


@pytest.mark.parametrize(
    ("element", "condition", "met"),
    [
        ({"id": 1, "x": 2}, {"id": 1}, True),
        ({"id": 1}, {"id": 2}, False),
        ({"id": 1}, {"id": {"$in": [1, 3]}}, True),
        ({"id": 2}, {"id": {"$in": [1, 3]}}, False),
        ({"run_id": 2}, {"run_id": {"$lte": 2}}, True),
        ({"run_id": 3}, {"run_id": {"$lte": 2}}, False),
        ({}, {"run_id": {"$lte": 2}}, False),
    ],
)
def test_an_element_is_pulled_where_its_fields_meet_the_condition(
    element: dict[str, object], condition: dict[str, object], met: bool
) -> None:
    assert meets(element, condition) is met


def test_a_condition_that_is_not_known_is_refused() -> None:
    with pytest.raises(ValueError, match=r"\$gt"):
        meets({"a": 1}, {"a": {"$gt": 0}})


def test_a_pipeline_sets_what_it_makes_of_the_document_one_stage_after_the_other() -> None:
    stages = [
        {"$set": {"seq": {"$add": [{"$ifNull": ["$seq", 0]}, 1]}}},
        {"$set": {"progress.a": {"done": 3, "seq": "$seq"}}},
        {"$unset": ["rescued_at"]},
    ]

    assert piped({"seq": 4}, stages) == {
        "$set": {"seq": 5, "progress.a": {"done": 3, "seq": 5}},
        "$unset": {"rescued_at": ""},
    }
    assert piped({}, stages)["$set"]["seq"] == 1


def test_what_is_neither_listed_nor_passed_is_told_and_what_is_listed_and_passed_too(tmp_path: Path) -> None:
    junit = tmp_path / "junit.xml"
    junit.write_text(
        "<testsuite><testcase classname='tests.a.test_b' name='test_1'/>"
        "<testcase classname='tests.a.test_b' name='test_2[x]'><failure/></testcase>"
        "<testcase classname='tests.a.test_b' name='test_2[y]'/>"
        "<testcase classname='tests.a.test_b' name='test_3'><skipped/></testcase></testsuite>"
    )
    found = outcomes(junit)

    assert found == {"test_b::test_1": True, "test_b::test_2": False}
    assert not_as_listed(found, {"test_b::test_2": "why"}) == []
    assert Counter(line.split(":")[0] for line in not_as_listed(found, {"test_b::test_1": "why"})) == {
        "failed, and is not listed": 1,
        "listed, and passed": 1,
    }
