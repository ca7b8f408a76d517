"""Who appears with whom, as a heat table and as the list of the strongest pairs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from contracts.rows import CoAppearance

MAX_PEOPLE = 24
MAX_PAIRS = 12


@dataclass(frozen=True, slots=True)
class Cell:
    """Seconds two people share the screen; `heat` is 0..1 of the strongest pair. `same` marks the diagonal."""

    seconds: float
    heat: float
    same: bool = False


@dataclass(frozen=True, slots=True)
class Pair:
    first: str
    second: str
    seconds: float
    heat: float


@dataclass(frozen=True, slots=True)
class Together:
    """`rows[i][j]` belongs to `people[i]` and `people[j]`; `left_out` people did not fit into the table."""

    people: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    pairs: tuple[Pair, ...]
    left_out: int


def _pair(a: str, b: str) -> tuple[str, str]:
    return (a, b) if a <= b else (b, a)


def build_together(
    co_appearance: Sequence[CoAppearance], *, order: Sequence[str], names: Mapping[str, str]
) -> Together:
    """Lay out the co-appearances. `order` lists the keys of people as they are to stand, `names` how they are shown.

    A key without a name is shown as it is; people who share the screen with nobody are left out.
    """
    seconds: dict[tuple[str, str], float] = {}
    for item in co_appearance:
        if item.a != item.b and item.seconds > 0:
            seconds[_pair(item.a, item.b)] = item.seconds
    involved = {key for pair in seconds for key in pair}
    ranked = [key for key in order if key in involved]
    ranked += sorted(involved.difference(ranked))
    shown = ranked[:MAX_PEOPLE]
    most = max(seconds.values(), default=0.0)

    def cell(row: str, column: str) -> Cell:
        shared = seconds.get(_pair(row, column), 0.0)
        return Cell(seconds=shared, heat=shared / most if most else 0.0, same=row == column)

    def name(key: str) -> str:
        return names.get(key, key)

    position = {key: index for index, key in enumerate(ranked)}
    strongest = sorted(seconds.items(), key=lambda item: (-item[1], item[0]))[:MAX_PAIRS]
    pairs = []
    for (a, b), shared in strongest:
        first, second = sorted((a, b), key=position.__getitem__)
        pairs.append(Pair(first=name(first), second=name(second), seconds=shared, heat=shared / most))
    return Together(
        people=tuple(name(key) for key in shown),
        rows=tuple(tuple(cell(row, column) for column in shown) for row in shown),
        pairs=tuple(pairs),
        left_out=len(ranked) - len(shown),
    )
