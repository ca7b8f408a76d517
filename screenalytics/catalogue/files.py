"""The catalogue's files: one a table, show and season; of each, all rows of the season's episodes.

**An episode's rows are replaced together, and its row in `episodes` last**: whoever is ended in between leaves a row that
names the old revision, or none, and the next pass does the episode again.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from chassis.errors import BadInput
from screenalytics.catalogue.places import Place
from screenalytics.catalogue.rows import Rows, Version, all_rows
from screenalytics.catalogue.schema import SCHEMA_VERSION, TABLES, Table, arrow_schema, version_of

_NAME = re.compile(r"(?P<table>[a-z]+)/show_id=(?P<show>[a-z0-9-]+)/season=(?P<season>\d+)/data\.parquet")


@dataclass(frozen=True, order=True)
class Season:
    """One season of a show: what one file of every table holds."""

    show: str
    number: int

    @classmethod
    def of(cls, ep_id: str) -> Season:
        """That of `night-shift-s02e05`."""
        return cls(ep_id[:-7], int(ep_id[-5:-3]))

    def file(self, table: Table) -> str:
        """Where its rows of a table lie."""
        return f"{table}/show_id={self.show}/season={self.number}/data.parquet"


@dataclass(frozen=True, kw_only=True)
class Known:
    """What the catalogue has: the version of every episode's rows, and the seasons that have to be written anew."""

    episodes: Mapping[str, Version] = field(default_factory=dict)
    stale: frozenset[Season] = frozenset()


class Catalogue:
    """Reads and replaces the files at a place. There is one writer at a time."""

    def __init__(self, place: Place) -> None:
        self._place = place

    async def seasons(self, show: str | None = None) -> list[Season]:
        """The seasons of which there is a file."""
        found = [_NAME.fullmatch(name) for name in await self._place.names()]
        seasons = {Season(one["show"], int(one["season"])) for one in found if one is not None}
        return sorted(season for season in seasons if show is None or season.show == show)

    async def known(self, show: str | None = None) -> Known:
        """What is there, of all shows or of one.

        Raises:
            BadInput: `catalogue_newer`, where files are of a later version than this one writes.
        """
        episodes: dict[str, Version] = {}
        stale = set()
        for season in await self.seasons(show):
            found = await self.versions(season)
            if found is None:
                stale.add(season)
            episodes |= found or {}
        return Known(episodes=episodes, stale=frozenset(stale))

    async def versions(self, season: Season) -> dict[str, Version] | None:
        """The version of each episode's rows; None where they are of an earlier version than is written now, or of none."""
        found = await self._read("episodes", season)
        if found is None:
            return None
        rows = found.select(["ep_id", "run_id", "revision", "facts_version"]).to_pylist()
        return {row.pop("ep_id"): Version(**row) for row in rows}

    async def update(self, season: Season, put: Mapping[str, Rows], gone: Collection[str] = ()) -> None:
        """Put episodes' rows in the place of those they had, and take others' away; raises as `known`."""
        for table in TABLES:
            kept = await self._read(table, season)
            tables = [] if kept is None else [_without(kept, {*put, *gone})]
            tables.append(pa.Table.from_pylist(all_rows(table, put.values()), schema=arrow_schema(table)))
            await self._write(table, season, pa.concat_tables(tables))
        if await self._is_empty(season):
            await self._remove(season)

    async def forget(self, show: str, cast_id: str) -> int:
        """Take every row about a cast member out of a show's files; returns how many."""
        rows = 0
        for season in await self.seasons(show):
            for table in TABLES:
                found = await self._read(table, season)
                if found is None or table == "episodes":
                    continue
                kept = found.filter(pc.invert(_about(table, found, cast_id)))
                if kept.num_rows < found.num_rows:
                    rows += found.num_rows - kept.num_rows
                    await self._write(table, season, kept)
        return rows

    async def _read(self, table: Table, season: Season) -> pa.Table | None:
        """The rows of a file; None where there is none, or one of an earlier version or that nobody can read."""
        content = await self._place.read(season.file(table))
        if content is None:
            return None
        try:
            found = pq.read_table(pa.BufferReader(content))
        except pa.ArrowInvalid:
            return None
        version = version_of(found.schema)
        if version > SCHEMA_VERSION:
            raise BadInput(
                "catalogue_newer",
                f"{self._place.root} was written by a later release (version {version}, this one writes {SCHEMA_VERSION}):"
                " use that one, or another place.",
            )
        return found if version == SCHEMA_VERSION else None

    async def _write(self, table: Table, season: Season, rows: pa.Table) -> None:
        ordered = rows.take(
            pc.sort_indices(rows, sort_keys=[("ep_id", "ascending")])
        )  # stable: an episode's stay as they are
        sink = pa.BufferOutputStream()
        pq.write_table(ordered.replace_schema_metadata(arrow_schema(table).metadata), sink, compression="zstd")
        await self._place.replace(season.file(table), sink.getvalue().to_pybytes())

    async def _is_empty(self, season: Season) -> bool:
        found = await self._read("episodes", season)
        return found is None or not found.num_rows

    async def _remove(self, season: Season) -> None:
        for table in TABLES:
            await self._place.remove(season.file(table))


def _without(rows: pa.Table, ep_ids: Iterable[str]) -> pa.Table:
    return rows.filter(pc.invert(pc.is_in(rows["ep_id"], value_set=pa.array(sorted(ep_ids), pa.string()))))


def _about(table: Table, rows: pa.Table, cast_id: str) -> pa.ChunkedArray:
    """Whether each row is about a cast member."""
    if table == "together":
        return pc.or_(pc.equal(rows["a"], cast_id), pc.equal(rows["b"], cast_id))
    return pc.and_(pc.equal(rows["kind"], "cast"), pc.equal(rows["id"], cast_id))
