"""Which numbered pieces of a whole are done, as bits in a document: noted in one write, counted without reading pieces.

Counting documents costs more with every piece there is; a run of twelve hours has thousands, and is counted with each.
Noting a piece again changes nothing, in any order and from any number of processes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

BITS = 30
"""Pieces in one word: a word stays a 32-bit integer of BSON."""

Words = Mapping[str, int]


def marking(field: str, numbers: Iterable[int]) -> dict[str, dict[str, dict[str, int]]]:
    """The update that notes pieces, by their numbers from 0, in a field of a document. Not for an empty set."""
    words: dict[str, int] = {}
    for number in numbers:
        word, bit = divmod(number, BITS)
        words[f"{field}.{word}"] = words.get(f"{field}.{word}", 0) | 1 << bit
    return {"$bit": {word: {"or": bits} for word, bits in words.items()}}


def count(words: Words) -> int:
    """How many pieces a field's value notes."""
    return sum(int(bits).bit_count() for bits in words.values())


def is_marked(words: Words, number: int) -> bool:
    """Whether a field's value notes a piece."""
    word, bit = divmod(number, BITS)
    return bool(words.get(str(word), 0) >> bit & 1)
