"""Identifiers are deterministic, readable and safe."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from contracts import ids

EP = TypeAdapter(ids.EpId)


def test_episode_ids_are_lowered() -> None:
    assert EP.validate_python("The-Show-S01E02") == "the-show-s01e02"


@pytest.mark.parametrize(
    "text",
    ["", "s01e02", "show", "show-s1e2", "show_x-s01e02", "../etc-s01e02", "a b-s01e02", "-s01e01", "show-s01e02/x"],
)
def test_what_is_no_episode_id_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        EP.validate_python(text)


def test_the_show_of_an_episode_may_have_dashes() -> None:
    assert ids.show_of("the-show-so-far-s01e02") == "the-show-so-far"


@given(st.text(max_size=200))
def test_every_name_gives_a_slug(text: str) -> None:
    assert TypeAdapter(ids.Slug).validate_python(ids.slugify(text)) == ids.slugify(text)


def test_accents_are_dropped_and_different_scripts_stay_apart() -> None:
    assert ids.slugify("Zoë Şahin") == "zoe-sahin"
    assert ids.slugify("张伟") != ids.slugify("王芳")


def test_the_same_upload_event_names_the_same_run_and_a_later_one_a_greater_run() -> None:
    at = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert ids.run_id_for("a", at) == ids.run_id_for("a", at)
    assert ids.run_id_for("a", at) != ids.run_id_for("b", at)
    assert ids.run_id_for("zzz", at) < ids.run_id_for("a", at + timedelta(milliseconds=1))


def test_event_ids_depend_on_everything_that_makes_an_event() -> None:
    base = ("run", "type", "subject", 1)
    others = [
        ("x", "type", "subject", 1),
        ("run", "x", "subject", 1),
        ("run", "type", "x", 1),
        ("run", "type", "subject", 2),
    ]
    assert ids.event_id(*base) == ids.event_id(*base)
    assert len({ids.event_id(*base), *(ids.event_id(*other) for other in others)}) == 5
