"""The tables of the catalogue, declared once: files, views and documentation follow this.

`show_id` and `season` are no columns of the files: their folders say them (`show_id=night-shift/season=2`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

import pyarrow as pa

SCHEMA_VERSION = 1
"""Goes up when a column goes, is renamed or means something else; a column more is the same version. Files of an
earlier version are written anew by the next pass."""
METADATA = b"screenalytics.catalogue"

Table = Literal["people", "appearances", "together", "episodes"]
TABLES: tuple[Table, ...] = get_args(Table)
"""In the order of writing: **the row in `episodes` is written last, so what it names is in the other tables.**"""


@dataclass(frozen=True)
class Column:
    """A column, its type and what it means; seconds are of a player's clock, as in the tables of one episode."""

    name: str
    type: pa.DataType
    meaning: str
    nullable: bool = True


_TEXT, _SECONDS, _COUNT, _FLAG, _WORDS = pa.string(), pa.float64(), pa.int32(), pa.bool_(), pa.list_(pa.string())
_WHICH = (
    Column("ep_id", _TEXT, "the episode", nullable=False),
    Column("run_id", _TEXT, "the run that the row is of", nullable=False),
    Column(
        "revision", _COUNT, "and its revision: rows of two tables that are joined are of the same one", nullable=False
    ),
)
_WHO = (
    Column("kind", _TEXT, "`cast`, `unidentified`, or `figure` for pictures of people", nullable=False),
    Column("id", _TEXT, "cast id, of the show; or identity id, of this episode only", nullable=False),
)

COLUMNS: Mapping[Table, tuple[Column, ...]] = {
    "episodes": (
        *_WHICH,
        Column("episode", _COUNT, "its number in the season", nullable=False),
        Column("title", _TEXT, "as people gave it"),
        Column("air_date", pa.date32(), "as people gave it"),
        Column("facts_version", _COUNT, "version of title, air date and ids", nullable=False),
        Column("duration_s", _SECONDS, "length of the picture", nullable=False),
        Column("starts_at_s", _SECONDS, "when a player shows the first picture", nullable=False),
        Column("timecode", _TEXT, "of the first picture"),
        Column("any_face_s", _SECONDS, "seconds in which somebody is visible", nullable=False),
        Column("nobody_s", _SECONDS, "seconds in which nobody is", nullable=False),
        Column("cast_members", _COUNT, "cast members that are visible", nullable=False),
        Column("unidentified", _COUNT, "people without a name", nullable=False),
        Column("signed_off_at", _TEXT, "since when a sign-off counts, ISO 8601"),
        Column("signed_off_stale", _FLAG, "times have changed since that"),
        Column("warnings", _WORDS, "codes of the warnings", nullable=False),
        Column("models", pa.map_(pa.string(), pa.string()), "which models it was made with", nullable=False),
        Column("eidr", _TEXT, "the episode's ids elsewhere"),
        Column("isan", _TEXT, ""),
        Column("imdb", _TEXT, ""),
        Column("wikidata", _TEXT, ""),
        Column("show_eidr", _TEXT, "and the show's"),
        Column("show_isan", _TEXT, ""),
        Column("show_imdb", _TEXT, ""),
        Column("show_wikidata", _TEXT, ""),
    ),
    "people": (
        *_WHICH,
        *_WHO,
        Column("name", _TEXT, "what they are called", nullable=False),
        Column("visible_s", _SECONDS, "seconds in which their face is visible", nullable=False),
        Column("share", _SECONDS, "part of the episode's duration, 0..1", nullable=False),
        Column("appearances", _COUNT, "stretches in which they are visible", nullable=False),
        Column("first_s", _SECONDS, "begin of the first one"),
        Column("last_s", _SECONDS, "end of the last one"),
        Column("longest_s", _SECONDS, "length of the longest one", nullable=False),
        Column("present_s", _SECONDS, "seconds in the picture, face to be seen or not; null: not looked for"),
        Column("mean_face_size", _SECONDS, "mean height of the face, as part of the picture's"),
        Column("confidence", _SECONDS, "how sure the name is, 0..1; cast only"),
        Column("prominence", _SECONDS, "how much the episode is about them, 0..1"),
        Column("participant", _FLAG, "false: seen in passing", nullable=False),
        Column("extra", _FLAG, "a background performer, as operators say", nullable=False),
        Column("reason", _TEXT, "why they have no name"),
        Column("role", _TEXT, "what they are in the programme, as people say"),
        Column("characters", _WORDS, "whom they play, as credited", nullable=False),
        Column("imdb", _TEXT, "their ids elsewhere"),
        Column("wikidata", _TEXT, ""),
    ),
    "appearances": (
        *_WHICH,
        *_WHO,
        Column("start_s", _SECONDS, "begin of a stretch in which they are visible", nullable=False),
        Column("end_s", _SECONDS, "its end", nullable=False),
        Column("prominence", _SECONDS, "how prominent they are in it, 0..1"),
    ),
    "together": (
        *_WHICH,
        Column("a", _TEXT, "an id of `people`", nullable=False),
        Column("b", _TEXT, "another one of the same episode; every pair is there once", nullable=False),
        Column("seconds", _SECONDS, "seconds in which both are visible", nullable=False),
    ),
}


def arrow_schema(table: Table) -> pa.Schema:
    """The schema of a table's files, with the version and what every column means."""
    fields = [
        pa.field(one.name, one.type, nullable=one.nullable, metadata={"description": one.meaning})
        for one in COLUMNS[table]
    ]
    return pa.schema(fields, metadata={METADATA: json.dumps({"schema_version": SCHEMA_VERSION, "table": table})})


def version_of(schema: pa.Schema) -> int:
    """The version that a file says it has; 0 where it says none."""
    try:
        return int(json.loads((schema.metadata or {}).get(METADATA, b"{}")).get("schema_version", 0))
    except (ValueError, AttributeError):
        return 0
