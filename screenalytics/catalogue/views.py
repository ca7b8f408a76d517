"""The catalogue as DuckDB sees it: its tables, and what is asked of them most."""

from __future__ import annotations

import pyarrow as pa

from screenalytics.catalogue.schema import COLUMNS, SCHEMA_VERSION, TABLES, Table

_SQL_TYPES = {
    pa.string(): "VARCHAR",
    pa.float64(): "DOUBLE",
    pa.int32(): "INTEGER",
    pa.bool_(): "BOOLEAN",
    pa.date32(): "DATE",
    pa.list_(pa.string()): "VARCHAR[]",
    pa.map_(pa.string(), pa.string()): "MAP(VARCHAR, VARCHAR)",
}

_QUESTIONS = """
-- A cast member in a season; share is of the whole duration of the season's episodes.
create or replace view cast_seasons as
select show_id, season, id as cast_id, max_by(name, ep_id) as name, count(*) as episodes, sum(visible_s) as visible_s,
  sum(visible_s) / any_value(length_s) as share
from people join (select show_id, season, sum(duration_s) as length_s from episodes group by all) using (show_id, season)
where kind = 'cast' and visible_s > 0
group by show_id, season, id;

-- Who is in one season and in no other.
create or replace view cast_in_one_season as
select show_id, any_value(season) as season, cast_id, max_by(name, season) as name, sum(visible_s) as visible_s
from cast_seasons group by show_id, cast_id having count(*) = 1;

-- Two cast members over all episodes of a show.
create or replace view pairs as
with named as (select ep_id, id from people where kind = 'cast')
select show_id, least(a, b) as a, greatest(a, b) as b, count(*) as episodes, sum(seconds) as seconds, max(seconds) as most_s
from together
where (ep_id, a) in (from named) and (ep_id, b) in (from named)
group by show_id, least(a, b), greatest(a, b);
"""


def views(root: str, *, is_empty: bool = False) -> str:
    """SQL that makes the views of a catalogue, also of one that has no files yet.

    Args:
        root: Path or `s3://` URI of the catalogue.
    """
    head = f"-- The catalogue at {_line(root)}, version {SCHEMA_VERSION}: duckdb -init views.sql"
    tables = "\n".join(_table(table, root, is_empty=is_empty) for table in sorted(TABLES))
    return f"{head}\n{tables}\n{_QUESTIONS}"


def _table(table: Table, root: str, *, is_empty: bool) -> str:
    if is_empty:
        columns = [(one.name, _SQL_TYPES[one.type]) for one in COLUMNS[table]]
        named = ", ".join(
            f"null::{kind} as {name}" for name, kind in (*columns, ("show_id", "VARCHAR"), ("season", "INTEGER"))
        )
        return f"create or replace view {table} as select {named} where false;"
    place = f"{root}/{table}/*/*/data.parquet".replace("'", "''")
    return (
        f"create or replace view {table} as select * from read_parquet('{place}', hive_partitioning = true, "  # noqa: S608
        "hive_types = {'show_id': VARCHAR, 'season': INTEGER}, union_by_name = true);"
    )


def _line(text: str) -> str:
    return " ".join(text.split())
