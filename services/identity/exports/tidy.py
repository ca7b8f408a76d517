"""Tidy CSV: one row an appearance, one column a variable; docs/exports/tidy.md is its codebook.

Times are a player's, in seconds. RFC 4180, every cell quoted; what a spreadsheet would run gets an apostrophe in front.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from contracts.ids import show_of
from contracts.rows import ScreenTimeDocument
from services.identity.exports.clips import plain
from services.identity.exports.tables import Value, cell
from services.identity.screentime.moments import OnScreen

COLUMNS = (
    "episode_id",
    "show",
    "season",
    "episode",
    "revision",
    "person_id",
    "person_name",
    "kind",
    "appearance",
    "start_s",
    "end_s",
    "duration_s",
    "episode_duration_s",
)


def to_tidy_csv(document: ScreenTimeDocument, people: Sequence[OnScreen]) -> str:
    """The table, in order of people and then of time."""
    ep_id = document.episode_id
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\r\n", quoting=csv.QUOTE_ALL)
    writer.writerow(COLUMNS)
    for person in people:
        for number, (start, end) in enumerate(person.intervals, start=1):
            values: tuple[Value, ...] = (
                ep_id,
                show_of(ep_id),
                int(ep_id[-5:-3]),
                int(ep_id[-2:]),
                document.revision,
                person.key,
                plain(person.name) or person.key,
                person.kind,
                number,
                start,
                end,
                round(end - start, 3),
                document.duration_s,
            )
            writer.writerow([cell(name, value) for name, value in zip(COLUMNS, values, strict=True)])
    return buffer.getvalue()
