"""The catalogue's files, written by us and read by pyarrow and DuckDB."""

from __future__ import annotations

import asyncio
import json
import threading
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

from chassis.errors import BadInput
from screenalytics.catalogue.files import Catalogue, Season
from screenalytics.catalogue.places import Folder, opened
from screenalytics.catalogue.rows import Version
from screenalytics.catalogue.schema import COLUMNS, METADATA, SCHEMA_VERSION, TABLES
from screenalytics.catalogue.views import views
from tests.support.catalogued_show import SHOW, document_of, rows_for, write_catalogue

FIRST = Season(SHOW, 1)
ONE, TWO = f"{SHOW}-s01e01", f"{SHOW}-s01e02"


def rows(folder: Path, table: str) -> list[dict[str, Any]]:
    """Read by pyarrow's own reader of partitioned folders."""
    return ds.dataset(folder / table, format="parquet", partitioning="hive").to_table().to_pylist()


async def test_other_readers_see_typed_tables_partitioned_by_show_and_season(tmp_path: Path) -> None:
    await write_catalogue(tmp_path)
    found = rows(tmp_path, "people")
    assert {(one["show_id"], one["season"]) for one in found} == {(SHOW, 1), (SHOW, 2)}
    (jose,) = (one for one in found if (one["id"], one["ep_id"]) == ("jose", f"{SHOW}-s02e05"))
    assert (jose["kind"], jose["role"], jose["characters"], jose["visible_s"]) == (
        "cast",
        "guest",
        ["Captain Holm"],
        4.0,
    )
    for table in TABLES:
        schema = pq.read_schema(tmp_path / FIRST.file(table))
        assert schema.names == [column.name for column in COLUMNS[table]]
        assert json.loads(schema.metadata[METADATA]) == {"schema_version": SCHEMA_VERSION, "table": table}
        assert schema.field("ep_id").nullable is False


async def test_times_are_those_of_a_player(tmp_path: Path) -> None:
    from screenalytics.catalogue.rows import rows_of
    from tests.support.catalogued_show import facts_of, told

    document = document_of(ONE, starts_at_s=0.5)
    put = rows_of(facts_of(ONE), told(document))
    await Catalogue(Folder(tmp_path)).update(FIRST, {ONE: put})
    ada = [(one["start_s"], one["end_s"]) for one in rows(tmp_path, "appearances") if one["id"] == "ada"]
    assert ada == [(2.5, 6.98), (59.5, 61.5)]
    assert [one["first_s"] for one in rows(tmp_path, "people") if one["id"] == "ada"] == [2.5]
    assert rows(tmp_path, "episodes")[0]["starts_at_s"] == 0.5


async def test_a_revision_takes_the_place_of_the_one_before_and_leaves_the_others(tmp_path: Path) -> None:
    catalogue = Catalogue(Folder(tmp_path))
    await catalogue.update(FIRST, rows_for(ONE, TWO))
    before = {table: len(rows(tmp_path, table)) for table in TABLES}
    await catalogue.update(FIRST, rows_for(ONE, revision=4))
    for table in TABLES:
        found = rows(tmp_path, table)
        assert len(found) == before[table]
        assert {(one["ep_id"], one["revision"]) for one in found} == {(ONE, 4), (TWO, 1)}
        assert [one["ep_id"] for one in found] == sorted(one["ep_id"] for one in found)
    assert [one["id"] for one in rows(tmp_path, "people") if one["ep_id"] == ONE] == ["ada", "mia", "identity-00003"]


async def test_what_is_gone_leaves_no_rows_and_no_files(tmp_path: Path) -> None:
    catalogue = Catalogue(Folder(tmp_path))
    await catalogue.update(FIRST, rows_for(ONE, TWO))
    await catalogue.update(FIRST, {}, [ONE])
    assert {one["ep_id"] for table in TABLES for one in rows(tmp_path, table)} == {TWO}
    await catalogue.update(FIRST, {}, [TWO])
    assert everything_in(tmp_path) == set(TABLES)
    assert (await catalogue.known()).episodes == {}


async def test_somebody_who_is_forgotten_is_in_no_table(tmp_path: Path) -> None:
    await write_catalogue(tmp_path)
    catalogue = Catalogue(Folder(tmp_path))
    assert await catalogue.forget(SHOW, "jose") == 6, "two episodes, of each a person, a stretch and a pair"
    content = b"".join(path.read_bytes() for path in parquet_files(tmp_path))
    assert b"jose" not in content and b"Reyes" not in content
    with duckdb.connect() as database:
        database.execute(views(str(tmp_path)))
        assert database.sql("select count(*) from people where id = 'jose'").fetchall() == [(0,)]
        assert database.sql("select count(*) from together where 'jose' in (a, b)").fetchall() == [(0,)]
        assert database.sql("select count(*) from people where id = 'ada'").fetchall() == [(4,)]
    assert await catalogue.forget("other-show", "ada") == 0


async def test_who_is_ended_between_two_tables_begins_again(tmp_path: Path) -> None:
    """The row in `episodes` still names the old revision, so the episode is known to be done again."""
    folder = Folder(tmp_path)
    await Catalogue(folder).update(FIRST, rows_for(ONE))

    class Ended(Folder):
        async def replace(self, name: str, content: bytes) -> None:
            if name.startswith("together"):
                raise KeyboardInterrupt
            await super().replace(name, content)

    with pytest.raises(KeyboardInterrupt):
        await Catalogue(Ended(tmp_path)).update(FIRST, rows_for(ONE, revision=2))
    known = await Catalogue(folder).known()
    assert known.episodes[ONE].revision == 1
    await Catalogue(folder).update(FIRST, rows_for(ONE, revision=2))
    assert {one["revision"] for table in TABLES for one in rows(tmp_path, table)} == {2}


async def test_a_reader_never_sees_half_a_file(tmp_path: Path) -> None:
    catalogue = Catalogue(Folder(tmp_path))
    await catalogue.update(FIRST, rows_for(ONE))
    done, looks, wrong = threading.Event(), [0], []

    def look() -> None:
        with duckdb.connect() as database:
            while not done.is_set():
                found = database.sql(
                    f"select count(distinct revision), count(*) from read_parquet('{tmp_path}/people/*/*/data.parquet')"
                ).fetchall()
                looks[0] += 1
                if found != [(1, 3)]:
                    wrong.append(found)

    reader = threading.Thread(target=look)
    reader.start()
    for revision in range(2, 60):
        await catalogue.update(FIRST, rows_for(ONE, revision=revision))
    done.set()
    await asyncio.to_thread(reader.join)
    assert wrong == [] and looks[0] > 1


def everything_in(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}


def parquet_files(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.parquet"))


def with_version(folder: Path, version: int) -> None:
    """As another release would have written the files."""
    for path in parquet_files(folder):
        found = pq.read_table(path)
        said = {METADATA: json.dumps({"schema_version": version}).encode()}
        pq.write_table(pa.table({"ep_id": found["ep_id"]}).replace_schema_metadata(said), path)


async def test_files_of_an_earlier_version_are_stale_and_written_anew(tmp_path: Path) -> None:
    catalogue = Catalogue(Folder(tmp_path))
    await catalogue.update(FIRST, rows_for(ONE, TWO))
    with_version(tmp_path, 0)
    known = await catalogue.known()
    assert (dict(known.episodes), known.stale) == ({}, {FIRST})
    await catalogue.update(FIRST, rows_for(ONE))
    assert {one["ep_id"] for table in TABLES for one in rows(tmp_path, table)} == {ONE}
    assert set((await catalogue.known()).episodes) == {ONE}


async def test_what_a_later_release_wrote_is_left_alone(tmp_path: Path) -> None:
    await write_catalogue(tmp_path)
    with_version(tmp_path, SCHEMA_VERSION + 1)
    before = {path: path.read_bytes() for path in parquet_files(tmp_path)}
    for attempt in (Catalogue(Folder(tmp_path)).known(), Catalogue(Folder(tmp_path)).update(FIRST, rows_for(ONE))):
        with pytest.raises(BadInput, match="later release") as refused:
            await attempt
        assert refused.value.code == "catalogue_newer"
    assert {path: path.read_bytes() for path in parquet_files(tmp_path)} == before


async def test_a_file_that_nobody_can_read_is_written_anew(tmp_path: Path) -> None:
    catalogue = Catalogue(Folder(tmp_path))
    await catalogue.update(FIRST, rows_for(ONE))
    (tmp_path / FIRST.file("episodes")).write_bytes(b"no parquet")
    assert (await catalogue.known()).stale == {FIRST}


async def test_other_files_in_the_folder_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.parquet").write_bytes(b"mine")
    other = tmp_path / "people" / "show_id=x" / "season=1"
    other.mkdir(parents=True)
    (other / "mine.parquet").write_bytes(b"mine")
    catalogue = Catalogue(Folder(tmp_path))
    assert await catalogue.seasons() == []
    await catalogue.update(FIRST, rows_for(ONE))
    await catalogue.update(FIRST, {}, [ONE])
    assert (other / "mine.parquet").read_bytes() == b"mine"


async def test_a_folder_has_one_writer(tmp_path: Path) -> None:
    from chassis.settings import S3Settings

    async with opened(str(tmp_path), S3Settings()):
        with pytest.raises(BadInput) as refused:
            async with opened(str(tmp_path), S3Settings()):
                pass
        assert refused.value.code == "catalogue_busy"
    async with opened(str(tmp_path), S3Settings()):
        pass
    (tmp_path / "file").write_text("x")
    with pytest.raises(BadInput) as refused:
        async with opened(str(tmp_path / "file" / "below"), S3Settings()):
            pass
    assert refused.value.code == "out_not_writable"


async def test_a_show_of_digits_is_a_show(tmp_path: Path) -> None:
    """`1899` is a name, not a number."""
    await Catalogue(Folder(tmp_path)).update(Season("1899", 1), rows_for("1899-s01e01"))
    with duckdb.connect() as database:
        database.execute(views(str(tmp_path)))
        assert database.sql("select show_id, season from episodes").fetchall() == [("1899", 1)]


async def test_the_versions_say_what_the_rows_are_made_from(tmp_path: Path) -> None:
    catalogue = Catalogue(Folder(tmp_path))
    await catalogue.update(FIRST, rows_for(ONE, revision=3))
    run = document_of(ONE).run_id
    assert (await catalogue.known(SHOW)).episodes == {ONE: Version(run_id=run, revision=3, facts_version=1)}
    assert (await catalogue.known("another")).episodes == {}
