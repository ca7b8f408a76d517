"""`screenalytics catalogue` against the real APIs, broker and object store: a pass, and following what happens then."""

from __future__ import annotations

import asyncio
import re
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.dataset as ds
import pytest
import pytest_asyncio
from pyarrow import fs

from chassis.kafka.connection import ensure_topics
from chassis.mongo.database import Database
from chassis.s3.storage import Storage
from contracts.events import ScreenTimeReported
from screenalytics.commands.catalogue import group_of, sync
from screenalytics.events import emitter
from screenalytics.local.machine import settings_for
from screenalytics.local.servers import Stack
from tests.support.identity_rig import BLUE, EP, GREEN, LATER_RUN, RED, SHOW, Somebody
from tests.support.operator_rig import OperatorRig, operator_rig

pytestmark = pytest.mark.integration

PAGE = (Path(__file__).parents[2] / "docs" / "catalogue.md").read_text("utf-8")
LATER = f"{SHOW}-s02e01"
READ_TRIES = 5


@pytest_asyncio.fixture
async def rig(stack: Stack, database: Database, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[OperatorRig]:
    """Two episodes in two seasons, and one that was never analysed."""
    for name, value in stack.environment().items():
        monkeypatch.setenv(name, value)
    await ensure_topics(settings_for(stack.environment()).kafka)
    async with operator_rig(stack, database) as running:
        monkeypatch.setenv("SCREENALYTICS_API_URL", running.url)
        for season, episode, title in ((1, 2, "The Visit"), (2, 1, None), (2, 2, None)):
            wanted = {"show": SHOW, "season": season, "episode": episode, "title": title, "air_date": "2026-03-01"}
            await running.ingest.ask("POST", "/episodes", json=wanted, status=201)
        await running.identity.data("POST", "/shows", {"name": "My Show"})
        await running.identity.cast({"rita": ("Rita", RED), "greta": ("Greta", GREEN)})
        await running.identity.group([Somebody(1, RED, 0, 10), Somebody(2, GREEN, 4, 12), Somebody(3, BLUE, 20, 30)])
        await running.identity.group([Somebody(1, RED, 2, 18)], ep_id=LATER, run_id=LATER_RUN)
        yield running


def episodes(folder: Path) -> dict[str, int]:
    """Episode -> revision, as a reader finds them now."""
    if not list(folder.glob("episodes/*/*/data.parquet")):
        return {}
    return dict(rows(f"select ep_id, revision from read_parquet('{folder}/episodes/*/*/data.parquet')"))


def seconds(folder: Path, cast_id: str) -> dict[str, float]:
    return dict(
        rows(f"select ep_id, visible_s from read_parquet('{folder}/people/*/*/data.parquet') where id = '{cast_id}'")
    )


def rows(sql: str) -> list[Any]:
    """What a reader finds. A file may go between being listed and being read: a reader asks again."""
    for _ in range(READ_TRIES - 1):
        with suppress(duckdb.IOException):
            return duckdb.sql(sql).fetchall()
    return duckdb.sql(sql).fetchall()


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not holds():
            await asyncio.sleep(0.1)


async def test_a_pass_writes_every_result_and_the_views(rig: OperatorRig, tmp_path: Path) -> None:
    place = tmp_path / "catalogue"
    done = await rig.run("catalogue", "sync", str(place), "--once")
    (shown,) = re.findall(r"^```json\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    assert done.out == shown
    with duckdb.connect() as database:
        database.execute((place / "views.sql").read_text())
        rows = database.sql("select season, episode, title, air_date::text, cast_members from episodes order by all")
        assert rows.fetchall() == [(1, 2, "The Visit", "2026-03-01", 2), (2, 1, None, "2026-03-01", 1)]
        assert database.sql("select a, b, seconds from pairs").fetchall() == [("greta", "rita", 6.0)]
        assert database.sql("select cast_id from cast_in_one_season").fetchall() == [("greta",)]
    assert (await rig.run("catalogue", "sync", str(place), "--once")).rows == []
    assert (await rig.run("catalogue", "views", str(place))).out == (place / "views.sql").read_text()


async def test_nothing_yet_is_a_catalogue_too(stack: Stack, database: Database, tmp_path: Path) -> None:
    async with operator_rig(stack, database) as running:
        assert (await running.run("catalogue", "sync", str(tmp_path), "--once")).out == ""
    with duckdb.connect() as read:
        read.execute((tmp_path / "views.sql").read_text())
        assert read.sql("select count(*) from cast_seasons").fetchall() == [(0,)]


async def test_what_happens_is_followed(rig: OperatorRig, stack: Stack, tmp_path: Path) -> None:
    kafka = settings_for(stack.environment()).kafka
    following = asyncio.create_task(sync(str(tmp_path), once=False, group=f"catalogue-{uuid.uuid4().hex[:8]}"))
    try:
        await until(lambda: following.done() or episodes(tmp_path) == {EP: 1, LATER: 1})
        assert seconds(tmp_path, "greta") == {EP: 8.0}

        # An operator says that the stranger is Greta too.
        await rig.run("link", EP, "3", "greta")
        for event in rig.identity.bus.of(ScreenTimeReported):
            await emitter.publish(kafka, event)
        await until(lambda: following.done() or episodes(tmp_path)[EP] == 2)
        assert seconds(tmp_path, "greta") == {EP: 18.0}

        # A title is changed: no new revision, the row says it.
        await rig.ingest.ask("PATCH", f"/episodes/{EP}", json={"title": "The Letter"}, headers={"If-Match": '"1"'})
        titles = f"select title from read_parquet('{tmp_path}/episodes/*/*/data.parquet') where ep_id = '{EP}'"
        await until(lambda: following.done() or rows(titles) == [("The Letter",)])

        # An episode is deleted.
        await rig.ingest.ask("DELETE", f"/episodes/{LATER}", status=202)
        await until(lambda: following.done() or episodes(tmp_path) == {EP: 2})
        assert seconds(tmp_path, "rita") == {EP: 10.0}
    finally:
        while not following.done():
            following.cancel()
            await asyncio.wait([following], timeout=0.2)
        with suppress(asyncio.CancelledError):
            await following


async def test_who_was_stopped_goes_on(rig: OperatorRig, tmp_path: Path) -> None:
    """What happened meanwhile is found by the pass at the start."""
    await rig.run("catalogue", "sync", str(tmp_path), "--once")
    await rig.run("link", EP, "3", "greta")
    done = await rig.run("catalogue", "sync", str(tmp_path), "--once")
    assert done.rows == [{"ep_id": EP, "change": "written", "revision": 2}]


async def test_a_bucket_is_written_as_a_folder_is(rig: OperatorRig, stack: Stack) -> None:
    settings = settings_for(stack.environment()).s3
    bucket = f"lake-{uuid.uuid4().hex}"
    where = f"s3://{bucket}/results"
    refused = await rig.run("catalogue", "sync", where, "--once", status=2)
    assert "[no_such_bucket]" in refused.said
    async with Storage.connect(settings.model_copy(update={"bucket": bucket, "create_bucket": True})) as storage:
        await storage.ensure_bucket()
        assert len((await rig.run("catalogue", "sync", where, "--once")).rows) == 2
        await rig.run("link", EP, "3", "greta")
        assert (await rig.run("catalogue", "sync", where, "--once")).rows == [
            {"ep_id": EP, "change": "written", "revision": 2}
        ]
        server = fs.S3FileSystem(
            endpoint_override=str(settings.endpoint_url).removeprefix("http://"),
            scheme="http",
            access_key=settings.access_key.get_secret_value() if settings.access_key else None,
            secret_key=settings.secret_key.get_secret_value() if settings.secret_key else None,
            region=settings.region,
        )
        read = ds.dataset(f"{bucket}/results/people", filesystem=server, format="parquet", partitioning="hive")
        found: list[dict[str, Any]] = read.to_table().to_pylist()
        assert {(one["show_id"], one["season"], one["id"]) for one in found} == {
            (SHOW, 1, "rita"),
            (SHOW, 1, "greta"),
            (SHOW, 2, "rita"),
        }
        sql = (await storage.read(f"{where}/views.sql")).decode()
        assert f"read_parquet('{where}/people/*/*/data.parquet'" in sql
        await rig.ingest.ask("DELETE", f"/episodes/{LATER}", status=202)
        await rig.run("catalogue", "sync", where, "--once")
        assert [key async for key in storage.list_keys("results/") if "season=2" in key] == []
        await storage.delete_prefix("")


async def test_a_place_that_cannot_be_is_refused(rig: OperatorRig, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    refused = await rig.run("catalogue", "sync", str(tmp_path / "file"), "--once", status=2)
    assert "[out_not_writable]" in refused.said
    assert "[no_such_bucket]" in (await rig.run("catalogue", "sync", "s3://", "--once", status=2)).said


def test_every_place_hears_of_everything() -> None:
    assert group_of("/a") != group_of("/b")
    assert group_of("/a") == group_of("/a")
