"""Ids of other registries: right ones are taken, a slip of one character is refused with a sentence that helps."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from contracts.external_ids import PersonIds, ProgrammeIds, check_character
from tests.support.event_strategies import eidr_of, isan_of

DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({"eidr": "10.5240/7791-8534-2C23-9030-8610-5"}, "10.5240/7791-8534-2C23-9030-8610-5"),
        ({"eidr": " 10.5240/ea73-79d7-1b2b-b378-3a73-m"}, "10.5240/EA73-79D7-1B2B-B378-3A73-M"),
        ({"isan": "ISAN 0000-0000-3A8D-0000-Z-0000-0000-6"}, "0000-0000-3A8D-0000-Z-0000-0000-6"),
        ({"isan": "0000-0000-3a8d-0000-z"}, "0000-0000-3A8D-0000-Z"),
        ({"imdb": "TT0034583"}, "tt0034583"),
        ({"wikidata": "q132689"}, "Q132689"),
    ],
)
def test_a_published_id_is_taken_in_the_form_of_its_registry(given: dict[str, str], kept: str) -> None:
    assert list(ProgrammeIds(**given).given().values()) == [kept]


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"eidr": "10.5240/7791-8534-2C23-9030-8610-6"}, "the check character of this EIDR would be 5, not 6"),
        ({"eidr": "7791-8534"}, "an EIDR looks like 10.5240/"),
        ({"isan": "0000-0000-3A8D-0000-Y"}, "the check character of this ISAN would be Z, not Y"),
        ({"isan": "0000-0000-3A8D-0000-Z-0000-0000-7"}, "the check character of this ISAN's version would be 6, not 7"),
        ({"imdb": "nm0000007"}, "that of a person begins with nm"),
        ({"imdb": "https://www.imdb.com/title/tt0034583/"}, "looks like tt0034583"),
        ({"wikidata": "Q0"}, "an item of Wikidata looks like"),
    ],
)
def test_what_cannot_be_an_id_is_refused_with_what_it_should_be(wrong: dict[str, str], sentence: str) -> None:
    with pytest.raises(ValidationError, match=sentence):
        ProgrammeIds(**wrong)


def test_a_person_has_no_ids_of_works() -> None:
    with pytest.raises(ValidationError, match="that of a title begins with tt"):
        PersonIds(imdb="tt0034583")
    assert set(PersonIds.model_fields) == {"imdb", "wikidata"}


@given(st.integers(0, 16**20 - 1), st.integers(0, 19), st.integers(1, 15))
def test_no_slip_of_one_digit_passes(number: int, place: int, by: int) -> None:
    digits = f"{number:020X}"
    other = f"{(int(digits[place], 16) + by) % 16:X}"
    assert check_character(digits[:place] + other + digits[place + 1 :]) != check_character(digits)


@given(st.integers(0, 16**20 - 1), st.integers(0, 18))
def test_no_two_neighbours_change_places_unseen(number: int, place: int) -> None:
    digits = f"{number:020X}"
    swapped = digits[:place] + digits[place + 1] + digits[place] + digits[place + 2 :]
    assert swapped == digits or check_character(swapped) != check_character(digits)


def test_every_id_is_also_a_uri() -> None:
    ids = ProgrammeIds(eidr=eidr_of(1), isan=isan_of(1), imdb="tt0034583", wikidata="Q132689")
    assert list(ids.addresses().values()) == [
        f"https://doi.org/{ids.eidr}",
        f"urn:isan:{ids.isan}",
        "https://www.imdb.com/title/tt0034583/",
        "http://www.wikidata.org/entity/Q132689",
    ]
    assert PersonIds(imdb="nm0000007").addresses() == {"imdb": "https://www.imdb.com/name/nm0000007/"}
