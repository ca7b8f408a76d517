"""The screen time as files: JSON, CSV and Parquet. The same document always gives the same bytes.

JSON counts seconds from the first picture; the tables count as a player does, `starts_at_s` says the difference.
"""

from __future__ import annotations

import csv
import io
import json
import re

import pyarrow as pa
import pyarrow.parquet as pq

from contracts.external_ids import ProgrammeIds
from contracts.rows import Appearance, CastScreenTime, Interval, ScreenTimeDocument, UnidentifiedScreenTime
from services.identity.exports.clips import together
from services.identity.exports.player_clock import on_the_players_clock

UNIDENTIFIED_NAME = "Unidentified"

_COLUMNS = (
    "episode_id",
    "run_id",
    "revision",
    "kind",
    "id",
    "name",
    "visible_s",
    "share",
    "appearances",
    "first_s",
    "last_s",
    "longest_s",
    "mean_face_size",
    "confidence",
    "reason",
    "starts_at_s",
    "prominence",
    "participant",
    "present_s",
    "reason_code",
    "role",
    "characters",
    "person_imdb",
    "person_wikidata",
    "episode_eidr",
    "episode_isan",
    "episode_imdb",
    "episode_wikidata",
)
_SAID = _COLUMNS[_COLUMNS.index("role") :]
"""What people said, as text."""
_PARQUET_SCHEMA = pa.schema(
    [
        pa.field("episode_id", pa.string(), nullable=False),
        pa.field("run_id", pa.string(), nullable=False),
        pa.field("revision", pa.int32(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("id", pa.string(), nullable=False),
        pa.field("name", pa.string(), nullable=False),
        pa.field("visible_s", pa.float64(), nullable=False),
        pa.field("share", pa.float64(), nullable=False),
        pa.field("appearances", pa.int32(), nullable=False),
        pa.field("first_s", pa.float64()),
        pa.field("last_s", pa.float64()),
        pa.field("longest_s", pa.float64(), nullable=False),
        pa.field("mean_face_size", pa.float64()),
        pa.field("confidence", pa.float64()),
        pa.field("reason", pa.string()),
        pa.field("starts_at_s", pa.float64(), nullable=False),
        pa.field("start_s", pa.float64()),
        pa.field("end_s", pa.float64()),
        pa.field("prominence", pa.float64()),
        pa.field("participant", pa.string(), nullable=False),
        pa.field("appearance_prominence", pa.float64()),
        pa.field("present_s", pa.float64()),
        pa.field("reason_code", pa.string()),
        *(pa.field(name, pa.string()) for name in _SAID),
    ]
)
_FORMULA_STARTS = re.compile(
    r"""(^|[,;|\t\r\n\v\f\u2028\u2029])([\s"\u200b\ufeff]*)(?=[=+\-@\uff1d\uff0b\uff0d\uff20])"""
)
"""Where a spreadsheet would see a formula begin, whichever separator it takes: at the start of a cell, or after anything
that some programs, or some countries' settings, separate cells by. The wide forms of the signs count as well."""

Value = str | float | int | None


def to_json_bytes(document: ScreenTimeDocument) -> bytes:
    """The document as readable UTF-8 JSON, keys in the order of the schema."""
    return (json.dumps(document.model_dump(mode="json"), ensure_ascii=False, indent=2) + "\n").encode()


def to_csv_bytes(document: ScreenTimeDocument) -> bytes:
    """One row per person, cast first, then the unidentified, then pictures; intervals as `start-end` pairs with `;` between.

    UTF-8 without a byte order mark, comma, CRLF (RFC 4180). Every cell is quoted, so that a reader who takes another
    separator, or several, sees the same cells; what a spreadsheet would run as a formula gets an apostrophe in front.
    """
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\r\n", quoting=csv.QUOTE_ALL)
    writer.writerow([*_COLUMNS, "intervals_s"])
    for values, intervals, _ in _people(document):
        spans = ";".join(f"{start:.3f}-{end:.3f}" for start, end in intervals)
        writer.writerow([*(cell(name, values[name]) for name in _COLUMNS), spans])
    return buffer.getvalue().encode()


def to_parquet_bytes(document: ScreenTimeDocument) -> bytes:
    """One row per interval with its person's columns; a person without any interval has one row without times."""
    rows = []
    for values, intervals, shown in _people(document):
        spans: list[tuple[float | None, float | None]] = [*intervals] or [(None, None)]
        prominences = dict(zip(spans, (one.prominence for one in shown), strict=False))
        rows += [
            {**values, "start_s": start, "end_s": end, "appearance_prominence": prominences.get((start, end))}
            for start, end in spans
        ]
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pylist(rows, schema=_PARQUET_SCHEMA), sink, compression="zstd")
    return bytes(sink.getvalue().to_pybytes())


def _people(
    document: ScreenTimeDocument,
) -> list[tuple[dict[str, Value], tuple[Interval, ...], tuple[Appearance, ...]]]:
    """Every person's columns, intervals and appearances, in the order of the document."""
    document = on_the_players_clock(document)
    episode: dict[str, Value] = {
        "episode_id": document.episode_id,
        "run_id": document.run_id,
        "revision": document.revision,
        "starts_at_s": document.starts_at_s,
        **{f"episode_{registry}": getattr(document.external_ids, registry) for registry in ProgrammeIds.model_fields},
    }
    named = [({**episode, **_cast_values(row)}, row.intervals_s, row.shown) for row in document.cast]
    unnamed = [
        ({**episode, **_unidentified_values(row, document.duration_s)}, row.intervals_s, row.shown)
        for row in document.unidentified
    ]
    figures = [
        ({**episode, **_unidentified_values(row, document.duration_s), "kind": "figure"}, row.intervals_s, row.shown)
        for row in document.figures
    ]
    return named + unnamed + figures


def _cast_values(row: CastScreenTime) -> dict[str, Value]:
    return {
        "kind": "cast",
        "id": row.cast_id,
        "name": row.name,
        "visible_s": row.visible_s,
        "share": row.share,
        "appearances": row.appearances,
        "first_s": row.first_s,
        "last_s": row.last_s,
        "longest_s": row.longest_s,
        "mean_face_size": row.mean_face_size,
        "confidence": row.confidence,
        "reason": None,
        "reason_code": None,
        "role": row.details.role,
        "characters": together(row.details.characters) or None,
        "person_imdb": row.details.external_ids.imdb,
        "person_wikidata": row.details.external_ids.wikidata,
        **_prominence_values(row),
    }


def _unidentified_values(row: UnidentifiedScreenTime, duration_s: float) -> dict[str, Value]:
    spans = row.intervals_s
    return {
        "kind": "unidentified",
        "id": row.identity_id,
        "name": row.label or UNIDENTIFIED_NAME,
        "visible_s": row.visible_s,
        "share": round(row.visible_s / duration_s, 6) if duration_s > 0 else 0.0,
        "appearances": len(spans),
        "first_s": spans[0][0] if spans else None,
        "last_s": spans[-1][1] if spans else None,
        "longest_s": round(max((end - start for start, end in spans), default=0.0), 3),
        "mean_face_size": None,
        "confidence": None,
        "reason": row.reason,
        "reason_code": row.reason_code,
        "role": None,
        "characters": None,
        "person_imdb": None,
        "person_wikidata": None,
        **_prominence_values(row),
    }


def _prominence_values(row: CastScreenTime | UnidentifiedScreenTime) -> dict[str, Value]:
    return {
        "prominence": row.prominence,
        "participant": "yes" if row.participant else "no",
        "present_s": row.present_s,
    }


def cell(column: str, value: Value) -> str:
    """A value as a cell of a column: seconds with three digits, other fractions with six, text that runs nowhere."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.3f}" if column.endswith("_s") else f"{value:.6f}"
    return _FORMULA_STARTS.sub(r"\1\2'", str(value))
