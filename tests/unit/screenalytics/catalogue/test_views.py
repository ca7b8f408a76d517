"""The views of the catalogue, in DuckDB."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
import pytest_asyncio

from screenalytics.catalogue.schema import COLUMNS, TABLES
from screenalytics.catalogue.views import views
from tests.support.catalogued_show import SHOW, write_catalogue


@pytest_asyncio.fixture
async def folder(tmp_path: Path) -> Path:
    place = tmp_path / "it's a catalogue"
    await write_catalogue(place)
    return place


@pytest.fixture
def database(folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as opened:
        opened.execute(views(str(folder)))
        yield opened


def test_a_cast_member_in_each_season(database: duckdb.DuckDBPyConnection) -> None:
    found = database.sql("select * from cast_seasons order by all").fetchall()
    assert [(one[1], one[2], one[3], one[4], round(one[5], 3), round(one[6], 4)) for one in found] == [
        (1, "ada", "Ada Marsh", 2, 12.96, 0.0648),
        (1, "mia", "Mia Holt", 2, 2.0, 0.01),
        (2, "ada", "Ada Marsh", 2, 12.96, 0.0648),
        (2, "jose", "José Reyes", 2, 8.0, 0.04),
    ]


def test_who_is_in_one_season_only(database: duckdb.DuckDBPyConnection) -> None:
    found = database.sql("select season, cast_id, visible_s from cast_in_one_season order by all").fetchall()
    assert found == [(1, "mia", 2.0), (2, "jose", 8.0)]


def test_pairs_count_whichever_is_named_first(database: duckdb.DuckDBPyConnection) -> None:
    database.execute("create table others as from together")
    database.execute("update others set a = b, b = a where ep_id like '%e05'")
    database.execute("create or replace view together as from others")
    assert database.sql("from pairs order by all").fetchall() == [
        (SHOW, "ada", "jose", 2, 4.96, 2.48),
        (SHOW, "ada", "mia", 2, 2.0, 1.0),
    ]


def test_columns_are_the_same_with_files_and_without(database: duckdb.DuckDBPyConnection) -> None:
    def columns(of: duckdb.DuckDBPyConnection) -> list[list[tuple[Any, ...]]]:
        return [of.sql(f"select column_name, column_type from (describe {table})").fetchall() for table in TABLES]

    with duckdb.connect() as empty:
        empty.execute(views("/nowhere", is_empty=True))
        assert [sorted(one) for one in columns(empty)] == [sorted(one) for one in columns(database)]
        assert empty.sql("select count(*) from pairs").fetchall() == [(0,)]
    named = [[str(name) for name, _ in one] for one in columns(database)]
    assert [one[:-2] for one in named] == [[column.name for column in COLUMNS[table]] for table in TABLES]
