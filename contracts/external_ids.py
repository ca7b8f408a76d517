"""Ids that others gave a programme or a person: EIDR, ISAN, IMDb, Wikidata, each checked as far as its form allows.

EIDR and ISAN end in a check character after ISO 7064, MOD 37,36; IMDb and Wikidata have none, so that only their form
is known to be right. Lower case is accepted where there is only one reading of it, and made what its registry writes.
Sources: https://www.eidr.org (ID format), ISO 15706-2 (ISAN with version), https://developer.imdb.com (`tt`, `nm`),
https://www.wikidata.org/wiki/Wikidata:Identifiers.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from contracts.blobs import Contract

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_GROUP = "[0-9A-F]{4}"
EIDR_PATTERN = rf"^10\.5240/(?:{_GROUP}-){{5}}[0-9A-Z]$"
ISAN_PATTERN = rf"^{_GROUP}-{_GROUP}-{_GROUP}-{_GROUP}-[0-9A-Z](?:-{_GROUP}-{_GROUP}-[0-9A-Z])?$"


def check_character(digits: str) -> str:
    """The check character of ISO 7064, MOD 37,36, of digits 0-9 A-Z."""
    product = 36
    for digit in digits:
        product = (product + _DIGITS.index(digit)) % 36 or 36
        product = product * 2 % 37
    return _DIGITS[(37 - product) % 36]


def _upper(value: object) -> object:
    return value.strip().upper() if isinstance(value, str) else value


def _lower(value: object) -> object:
    return value.strip().lower() if isinstance(value, str) else value


def _isan(value: object) -> object:
    """`ISAN 0000-…` is how it is printed; the word is no part of the id."""
    return re.sub(r"^ISAN[ :]*", "", value.strip().upper()) if isinstance(value, str) else value


def _check_eidr(value: str) -> str:
    _compare("EIDR", value[-1], value[len("10.5240/") : -1])
    return value


def _check_isan(value: str) -> str:
    plain = value.replace("-", "")
    _compare("ISAN", plain[16], plain[:16])
    if len(plain) > 17:
        _compare("ISAN's version", plain[25], plain[:16] + plain[17:25])
    return value


def _compare(what: str, given: str, digits: str) -> None:
    wanted = check_character(digits.replace("-", ""))
    if given != wanted:
        raise ValueError(f"the check character of this {what} would be {wanted}, not {given}: look for a typing error")


def _form(pattern: str, sentence: str) -> Callable[[str], str]:
    """Says what the id looks like, where it does not; the pattern beside it is for the schema."""

    def check(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise ValueError(sentence)
        return value

    return check


_IMDB_TITLE, _IMDB_NAME, _WIKIDATA = r"^tt[0-9]{7,10}$", r"^nm[0-9]{7,10}$", r"^Q[1-9][0-9]{0,11}$"

Eidr = Annotated[
    str,
    Field(json_schema_extra={"pattern": EIDR_PATTERN}),
    BeforeValidator(_upper),
    AfterValidator(_form(EIDR_PATTERN, "an EIDR looks like 10.5240/7791-8534-2C23-9030-8610-5")),
    AfterValidator(_check_eidr),
]
Isan = Annotated[
    str,
    Field(json_schema_extra={"pattern": ISAN_PATTERN}),
    BeforeValidator(_isan),
    AfterValidator(
        _form(ISAN_PATTERN, "an ISAN looks like 0000-0000-3A8D-0000-Z or 0000-0000-3A8D-0000-Z-0000-0000-6")
    ),
    AfterValidator(_check_isan),
]
ImdbTitle = Annotated[
    str,
    Field(json_schema_extra={"pattern": _IMDB_TITLE}),
    BeforeValidator(_lower),
    AfterValidator(_form(_IMDB_TITLE, "a title's IMDb id looks like tt0034583, and that of a person begins with nm")),
]
ImdbName = Annotated[
    str,
    Field(json_schema_extra={"pattern": _IMDB_NAME}),
    BeforeValidator(_lower),
    AfterValidator(_form(_IMDB_NAME, "a person's IMDb id looks like nm0000007, and that of a title begins with tt")),
]
WikidataItem = Annotated[
    str,
    Field(json_schema_extra={"pattern": _WIKIDATA}),
    BeforeValidator(_upper),
    AfterValidator(_form(_WIKIDATA, "an item of Wikidata looks like Q132689")),
]


_ADDRESSES = {
    "eidr": "https://doi.org/{id}",
    "isan": "urn:isan:{id}",
    "imdb": "https://www.imdb.com/{kind}/{id}/",
    "wikidata": "http://www.wikidata.org/entity/{id}",
}
_IMDB_KINDS = {"tt": "title", "nm": "name"}


class _ExternalIds(Contract):
    def given(self) -> dict[str, str]:
        """Registry -> id, of those that are known."""
        return {registry: value for registry, value in self if value is not None}

    def addresses(self) -> dict[str, str]:
        """Registry -> the URI that identifies the thing there."""
        return {
            registry: _ADDRESSES[registry].format(id=value, kind=_IMDB_KINDS.get(value[:2], ""))
            for registry, value in self.given().items()
        }


class ProgrammeIds(_ExternalIds):
    """A show or an episode in the registries of others."""

    eidr: Eidr | None = None
    isan: Isan | None = None
    imdb: ImdbTitle | None = None
    wikidata: WikidataItem | None = None


class PersonIds(_ExternalIds):
    """A person in the registries of others. EIDR and ISAN are of works and name no people."""

    imdb: ImdbName | None = None
    wikidata: WikidataItem | None = None
