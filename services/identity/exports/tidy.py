"""Tidy CSV: one row an appearance, one column a variable; docs/exports/tidy.md is its codebook.

Times are a player's, in seconds. RFC 4180, every cell quoted; what a spreadsheet would run gets an apostrophe in front.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from contracts.external_ids import PersonIds, ProgrammeIds
from contracts.ids import show_of
from contracts.rows import ScreenTimeDocument
from services.identity.exports.clips import plain, together
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
    "role",
    "characters",
    *(f"person_{registry}" for registry in PersonIds.model_fields),
    *(f"episode_{registry}" for registry in ProgrammeIds.model_fields),
    *(f"show_{registry}" for registry in ProgrammeIds.model_fields),
)
ATTRIBUTE = "attribute_"
"""Columns of attributes follow, in order of their names: as many as people of the table have."""


def to_tidy_csv(document: ScreenTimeDocument, people: Sequence[OnScreen]) -> str:
    """The table, in order of people and then of time."""
    ep_id = document.episode_id
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\r\n", quoting=csv.QUOTE_ALL)
    attributes = sorted({name for person in people for name in person.details.attributes})
    columns = (*COLUMNS, *(f"{ATTRIBUTE}{name}" for name in attributes))
    of_programme = tuple(
        getattr(ids, registry)
        for ids in (document.external_ids, document.show_external_ids)
        for registry in ProgrammeIds.model_fields
    )
    writer.writerow(columns)
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
                person.details.role,
                together(person.details.characters) or None,
                *(getattr(person.details.external_ids, registry) for registry in PersonIds.model_fields),
                *of_programme,
                *(person.details.attributes.get(name) for name in attributes),
            )
            writer.writerow([cell(name, value) for name, value in zip(columns, values, strict=True)])
    return buffer.getvalue()
