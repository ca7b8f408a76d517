"""Films are taken when they are whole, and once, whatever happens in between."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from chassis.errors import BadInput
from screenalytics.commands.watch import default_state
from screenalytics.events.watching import Mark, Memory, Seen, Settling, is_film

WHOLE, HALF = Mark(bytes=10, version="1"), Mark(bytes=5, version="0")


@pytest.mark.parametrize("name", ["a.mp4", "Show/Season 2/05 - Title.MKV", "recording.ts"])
def test_films_are_known_by_their_endings(name: str) -> None:
    assert is_film(name)


@pytest.mark.parametrize("name", ["a.srt", "a.mp4.part", ".a.mp4", ".Trash/a.mp4", "mp4", "a.mp4.crdownload", "x/"])
def test_other_files_are_not_looked_into(name: str) -> None:
    assert not is_film(name)


def test_a_film_is_whole_when_it_has_not_changed_for_a_while() -> None:
    settling = Settling(10.0)
    assert settling.look({"a.mp4": HALF, "b.mp4": WHOLE}, 0.0) == ([], True)
    assert settling.look({"a.mp4": WHOLE, "b.mp4": WHOLE}, 10.0) == (["b.mp4"], True)
    assert settling.look({"a.mp4": WHOLE}, 19.9) == ([], True)
    assert settling.look({"a.mp4": WHOLE}, 20.0) == (["a.mp4"], False)
    assert settling.look({}, 21.0) == ([], False)


def test_one_that_goes_and_comes_back_begins_again() -> None:
    settling = Settling(10.0)
    settling.look({"a.mp4": WHOLE}, 0.0)
    settling.look({}, 5.0)
    assert settling.look({"a.mp4": WHOLE}, 12.0) == ([], True)


def test_what_was_dealt_with_is_remembered_by_the_next_one(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "state.json"
    memory = Memory.opened(file, "/films")
    memory.note("a.mp4", Seen(mark=WHOLE, outcome="published", ep_id="a-s01e01"))
    memory.note("b.mp4", Seen(mark=WHOLE, outcome="skipped", ep_id="b-s01e01", code="not_a_video"))
    again = Memory.opened(file, "/films")
    assert again.new({"a.mp4": WHOLE, "b.mp4": WHOLE, "c.mp4": WHOLE}) == {"c.mp4": WHOLE}
    assert again.new({"b.mp4": HALF}) == {"b.mp4": HALF}, "it is another file now"
    assert [path.name for path in file.parent.iterdir()] == ["state.json"]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"place": "/films", "films": {"a": 1}}', "\x00"])
def test_a_file_of_something_else_is_not_overwritten(tmp_path: Path, text: str) -> None:
    file = tmp_path / "state.json"
    file.write_text(text)
    with pytest.raises(BadInput) as refused:
        Memory.opened(file, "/films")
    assert refused.value.code == "bad_state"
    assert file.read_text() == text


def test_the_file_of_another_place_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "state.json"
    file.write_text(json.dumps({"place": "/other", "films": {}}))
    with pytest.raises(BadInput, match="/other"):
        Memory.opened(file, "/films")


def test_every_place_has_a_file_of_its_own() -> None:
    here = {"XDG_STATE_HOME": "/state"}
    one, other = default_state("/films", here), default_state("s3://films/new", here)
    assert one != other
    assert one.parent == other.parent == Path("/state/screenalytics/watch")
