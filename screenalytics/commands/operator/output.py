"""How answers are shown: tables and lines for people, one JSON object a line for programs."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from pydantic import BaseModel
from rich.cells import cell_len

from screenalytics.terminal.messages import printable

Columns = Mapping[str, Callable[[Any], object]]


def show(items: Sequence[BaseModel], *, as_json: bool, columns: Columns, nothing: str) -> None:
    """Print a list; `nothing` is the sentence for people where it is empty."""
    if as_json:
        for item in items:
            print(item.model_dump_json())
    elif items:
        print(table(list(columns), [[cell(value(item)) for value in columns.values()] for item in items]))
    else:
        note(nothing)


def show_one(item: BaseModel, *, as_json: bool) -> None:
    """Print one thing: a field a line for people."""
    if as_json:
        print(item.model_dump_json())
        return
    fields = list(_fields(item.model_dump()))
    width = max(len(name) for name, _ in fields)
    for name, value in fields:
        print(f"{name:{width}}  {cell(value)}")


def tell(sentence: str, item: BaseModel, *, as_json: bool) -> None:
    """Say what a command did; programs get the API's answer."""
    print(item.model_dump_json() if as_json else printable(sentence))


def note(sentence: str) -> None:
    """Something for people beside what a command prints."""
    print(printable(sentence), file=sys.stderr)


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Aligned columns."""
    widths = [max(cell_len(row[column]) for row in (headings, *rows)) for column in range(len(headings))]
    lines = (
        "  ".join(text + " " * (width - cell_len(text)) for text, width in zip(row, widths, strict=True))
        for row in (headings, *rows)
    )
    return "\n".join(line.rstrip() for line in lines)


def cell(value: object) -> str:
    """One value, safe to print."""
    if value is None or value == "":
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.2f}"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    return printable(str(value))


def percent(probability: float | None) -> str | None:
    return None if probability is None else f"{probability:.0%}"


def moment(text: str) -> str:
    """An ISO 8601 time as people read it, to the second."""
    return cell(datetime.fromisoformat(text))


def several(count: int, thing: str) -> str:
    """`1 track`, `2 tracks`."""
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"


def _fields(values: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, object]]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _fields(value, f"{before}{name}.")
        else:
            yield before + name, ", ".join(map(str, value)) if isinstance(value, list | tuple) else value
