"""Where the API is and how answers are shown."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel
from rich.cells import cell_len

from chassis.errors import BadInput
from screenalytics.api.client import Client
from screenalytics.api.transport import Answer
from screenalytics.terminal.messages import printable

URL_VARIABLE = "SCREENALYTICS_API_URL"
KEY_VARIABLE = "SCREENALYTICS_API_KEY"
WAIT_S = 10.0
"""How long a command waits for its effect to be reported."""

P = TypeVar("P")


def connect() -> Client:
    """A client of the API that the environment names.

    Raises:
        BadInput: `api_unknown`.
    """
    url = os.environ.get(URL_VARIABLE)
    if not url:
        raise BadInput("api_unknown", f"Set {URL_VARIABLE} to the address that `screenalytics up` printed.")
    return Client(url, key=os.environ.get(KEY_VARIABLE))


def every(page: Callable[[str | None], Answer[Any]]) -> Iterator[Any]:
    """All items of a list, page by page."""
    cursor: str | None = None
    while True:
        answer = page(cursor).data
        yield from answer.items
        cursor = answer.next_cursor
        if cursor is None:
            return


def show(items: Sequence[BaseModel], *, as_json: bool, columns: dict[str, Callable[[Any], object]]) -> None:
    """Print a list: a table for people, one JSON object a line for programs."""
    if as_json:
        for item in items:
            print(item.model_dump_json())
        return
    rows = [[_cell(value(item)) for value in columns.values()] for item in items]
    print(table(list(columns), rows))


def show_one(item: BaseModel) -> None:
    """Print one thing as JSON that people can read."""
    print(json.dumps(item.model_dump(mode="json"), indent=2, ensure_ascii=False))


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Aligned columns."""
    widths = [max(cell_len(row[column]) for row in (headings, *rows)) for column in range(len(headings))]
    lines = (
        "  ".join(cell + " " * (width - cell_len(cell)) for cell, width in zip(row, widths, strict=True))
        for row in (headings, *rows)
    )
    return "\n".join(line.rstrip() for line in lines)


def _cell(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.2f}"
    return printable(str(value))
