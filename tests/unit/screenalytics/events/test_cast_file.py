"""`cast.toml`: what is said of members in a cast folder, and what is wrong with it, by member and field."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from chassis.errors import BadInput
from contracts.cast import CastDetails
from contracts.external_ids import PersonIds
from screenalytics.events.cast_file import CAST_FILE, read_cast_file
from screenalytics.events.cast_folder import read_cast_folder
from tests.unit.screenalytics.events.test_cast_folder import put

PAGE = Path(__file__).parents[4] / "docs" / "external-ids.md"


def written(folder: Path, text: str) -> Path:
    file = folder / CAST_FILE
    file.write_text(text, "utf-8")
    return file


def test_the_file_on_the_page_says_this_of_a_folder(tmp_path: Path) -> None:
    found = re.search(r"```toml\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    assert found is not None
    written(tmp_path, found[1])
    put(tmp_path / "Ada Marsh" / "1.jpg")
    cast = read_cast_folder(tmp_path)
    assert {member.name: (len(member.pictures), member.details) for member in cast.members} == {
        "Ada Marsh": (1, CastDetails(role="presenter", attributes={"pronouns": "she/her"})),
        "José Reyes": (
            0,
            CastDetails(
                external_ids=PersonIds(imdb="nm9999901", wikidata="Q99999901"),
                role="guest",
                characters=("Captain Holm",),
            ),
        ),
    }
    assert cast.passed_over == ()


def test_members_of_whom_the_file_says_nothing_are_left_as_they_are(tmp_path: Path) -> None:
    written(tmp_path, "")
    put(tmp_path / "Ada" / "1.jpg")
    assert [member.details for member in read_cast_folder(tmp_path).members] == [None]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('["Ada"]\nimdb = "tt0034583"', "Ada: imdb: a person's IMDb id looks like nm0000007"),
        ('["Ada"]\nimbd = "nm0000007"', "Ada: imbd: Extra inputs are not permitted"),
        ('["Ada"]\nrole = "Guest of honour"', "Ada: role: "),
        ('["Ada"]\nattributes = { a = 1 }', "Ada: attributes.a: "),
        ('role = "guest"', "role stands outside of a table"),
        ('["Ada"]\n["ADA"]', "give the same id 'ada'"),
        ("{", "is no TOML"),
    ],
)
def test_what_is_wrong_is_said_by_member_and_field(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(BadInput) as refused:
        read_cast_file(written(tmp_path, text))
    assert refused.value.code == "bad_cast_file"
    assert said in refused.value.message
