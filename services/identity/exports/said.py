"""What people said of an episode and its cast, in the words of formats that have room for a line of text."""

from __future__ import annotations

from collections.abc import Iterator

from contracts.cast import CastDetails
from contracts.external_ids import PersonIds, ProgrammeIds
from services.identity.exports.clips import plain

NAMES = {"eidr": "EIDR", "isan": "ISAN", "imdb": "IMDb", "wikidata": "Wikidata"}
"""Registries as they write themselves."""


def ids_in_words(ids: ProgrammeIds | PersonIds) -> list[str]:
    """`IMDb nm0000007` of every id that is known."""
    return [f"{NAMES[registry]} {value}" for registry, value in ids.given().items()]


def programme_in_words(episode: ProgrammeIds, show: ProgrammeIds) -> list[str]:
    """A line for the ids of the episode and one for those of the show, where there are any."""
    told = (("Episode", ids_in_words(episode)), ("Show", ids_in_words(show)))
    return [f"{what}: {', '.join(ids)}" for what, ids in told if ids]


def person_in_words(details: CastDetails) -> str:
    """Role, characters and ids on one line; empty where nothing was said."""
    parts = [*([details.role] if details.role else []), *details.characters, *ids_in_words(details.external_ids)]
    return ", ".join(plain(part) for part in parts)


def named_ids(episode: ProgrammeIds, show: ProgrammeIds) -> Iterator[tuple[str, str]]:
    """`(eidr, …)`, `(show_eidr, …)`: every id with a name of its own."""
    yield from episode.given().items()
    yield from ((f"show_{registry}", value) for registry, value in show.given().items())
