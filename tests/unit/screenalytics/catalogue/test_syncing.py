"""The catalogue follows an API: what changed is read and written, what is gone goes, and nothing else is touched."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from contracts.events import Event, PersonErased, ShowDeleted
from contracts.ids import show_of
from contracts.rows import ScreenTimeDocument
from screenalytics.catalogue import source as source_module
from screenalytics.catalogue.files import Catalogue, Season
from screenalytics.catalogue.following import FOLLOWED, Work
from screenalytics.catalogue.places import Folder
from screenalytics.catalogue.source import Source
from screenalytics.catalogue.syncing import Changed, Sync
from screenalytics.http_client import models
from screenalytics.http_client.async_client import AsyncClient
from screenalytics.http_client.transport import ApiFailure
from tests.support.catalogued_show import SHOW, document_of, facts_of
from tests.support.examples import EXAMPLES
from tests.unit.screenalytics.catalogue.test_files import parquet_files, rows, with_version

ONE, TWO, LATER = f"{SHOW}-s01e01", f"{SHOW}-s01e02", f"{SHOW}-s02e04"


class Api:
    """Answers as the API does, a page of two at a time; `refusals` are answered first."""

    def __init__(self) -> None:
        self.facts: dict[str, models.EpisodeView] = {}
        self.documents: dict[str, ScreenTimeDocument] = {}
        self.refusals: list[int] = []
        self.read: list[str] = []

    def put(self, ep_id: str, *, revision: int = 1, version: int = 1) -> None:
        self.facts[ep_id] = facts_of(ep_id, version)
        self.documents[ep_id] = document_of(ep_id, revision=revision)

    def answer(self, request: httpx.Request) -> httpx.Response:
        if self.refusals:
            status = self.refusals.pop(0)
            if status == 0:
                raise httpx.ConnectError("away")
            return httpx.Response(status, json={"success": False, "error": {"code": "x", "message": "no"}})
        parts, asked = request.url.path.strip("/").split("/"), request.url.params
        match parts:
            case ["episodes"]:
                shown = [one for one in self.facts.values() if asked.get("show") in (None, one.show)]
                return self.page([one.model_dump(mode="json") for one in shown], asked)
            case ["episodes", ep_id] if ep_id in self.facts:
                return self.data(self.facts[ep_id].model_dump(mode="json"))
            case ["screen-time", "shows", show, "episodes"]:
                found = [self.listed(ep_id) for ep_id in sorted(self.documents) if show_of(ep_id) == show]
                return self.page(found, asked)
            case ["screen-time", ep_id] if ep_id in self.documents:
                self.read.append(ep_id)
                return self.data(self.documents[ep_id].model_dump(mode="json"))
        return httpx.Response(404, json={"success": False, "error": {"code": "not_found", "message": "nothing"}})

    def listed(self, ep_id: str) -> dict[str, Any]:
        document = self.documents[ep_id]
        numbers = {
            "season": int(ep_id[-5:-3]),
            "duration_s": 100.0,
            "seconds": 1.0,
            "longest_s": 1.0,
            "intervals_s": [],
        }
        return {"ep_id": ep_id, "run_id": document.run_id, "revision": document.revision} | numbers

    def page(self, items: list[Any], asked: httpx.QueryParams) -> httpx.Response:
        start = int(asked.get("cursor", 0))
        more = start + 2 < len(items)
        return self.data({"items": items[start : start + 2], "next_cursor": str(start + 2) if more else None})

    def data(self, data: Any) -> httpx.Response:
        return httpx.Response(200, content=json.dumps({"success": True, "data": data}))


@pytest.fixture
def api() -> Api:
    api = Api()
    for ep_id in (ONE, TWO, LATER, "other-show-s01e01"):
        api.put(ep_id)
    api.facts[f"{SHOW}-s01e09"] = facts_of(f"{SHOW}-s01e09")  # one without a result
    return api


@pytest.fixture
def changes() -> list[tuple[str, str, int | None]]:
    return []


@pytest_asyncio.fixture
async def sync(api: Api, tmp_path: Path, changes: list[tuple[str, str, int | None]]) -> AsyncIterator[Sync]:
    http = httpx.AsyncClient(transport=httpx.MockTransport(api.answer), base_url="http://api")

    def tell(changed: Changed) -> None:
        changes.append((changed.ep_id, changed.change, changed.revision))

    async with AsyncClient("http://api", http=http) as client:
        yield Sync(Source(client, first_wait_s=0.0), Catalogue(Folder(tmp_path)), tell)


async def test_a_pass_writes_what_has_a_result_once(
    sync: Sync, api: Api, tmp_path: Path, changes: list[tuple[str, str, int | None]]
) -> None:
    await sync.everything()
    assert changes == [
        (ONE, "written", 1),
        (TWO, "written", 1),
        (LATER, "written", 1),
        ("other-show-s01e01", "written", 1),
    ]
    assert {one["ep_id"] for one in rows(tmp_path, "episodes")} == {ONE, TWO, LATER, "other-show-s01e01"}
    assert rows(tmp_path, "episodes")[0]["title"] == "The Visit"
    before, api.read = {path: path.stat().st_mtime_ns for path in parquet_files(tmp_path)}, []
    await sync.everything()
    assert api.read == [] and len(changes) == 4
    assert {path: path.stat().st_mtime_ns for path in parquet_files(tmp_path)} == before


async def test_a_pass_reads_what_changed_and_drops_what_is_gone(
    sync: Sync, api: Api, tmp_path: Path, changes: list[tuple[str, str, int | None]]
) -> None:
    await sync.everything()
    api.put(ONE, revision=2)
    api.put(LATER, version=2)
    del api.facts[TWO], api.documents["other-show-s01e01"]
    changes.clear()
    await sync.everything()
    assert changes == [
        (ONE, "written", 2),
        (TWO, "removed", None),
        (LATER, "written", 1),
        ("other-show-s01e01", "removed", None),
    ]
    assert {(one["ep_id"], one["revision"], one["facts_version"]) for one in rows(tmp_path, "episodes")} == {
        (ONE, 2, 1),
        (LATER, 1, 2),
    }


async def test_one_show_is_brought_up_to_date_alone(sync: Sync, api: Api, tmp_path: Path) -> None:
    await sync.everything()
    del api.facts[ONE], api.facts[TWO], api.facts[LATER], api.facts["other-show-s01e01"]
    await sync.everything(SHOW)
    assert [one["ep_id"] for one in rows(tmp_path, "episodes")] == ["other-show-s01e01"]


async def test_episodes_are_read_as_they_are_now(
    sync: Sync, api: Api, tmp_path: Path, changes: list[tuple[str, str, int | None]]
) -> None:
    await sync.episodes([ONE, TWO, "unknown-s01e01"])
    api.put(TWO, revision=5)
    del api.documents[ONE]
    changes.clear()
    await sync.episodes([ONE, TWO])
    await sync.episodes([ONE, TWO])
    assert changes == [(TWO, "written", 5), (ONE, "removed", None)]
    assert [(one["ep_id"], one["revision"]) for one in rows(tmp_path, "episodes")] == [(TWO, 5)]


async def test_files_of_an_earlier_version_are_written_anew_whatever_is_left(
    sync: Sync, api: Api, tmp_path: Path
) -> None:
    await sync.everything()
    with_version(tmp_path, 0)
    del api.facts["other-show-s01e01"]
    await sync.everything()
    assert {one["ep_id"] for one in rows(tmp_path, "people")} == {ONE, TWO, LATER}


async def test_an_api_that_is_away_or_asks_for_patience_is_waited_for(
    sync: Sync, api: Api, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    api.refusals = [0, 429, 503]
    await sync.everything()
    assert len(rows(tmp_path, "episodes")) == 4
    assert "waiting for it" in capsys.readouterr().err
    api.refusals = [0] * source_module.TRIES
    with pytest.raises(ApiFailure, match="does not answer"):
        await sync.everything()


async def test_an_api_that_refuses_ends_it_and_nothing_is_removed(sync: Sync, api: Api, tmp_path: Path) -> None:
    await sync.everything()
    for status in (401, 403, 422):
        api.refusals = [status]
        with pytest.raises(ApiFailure):
            await sync.everything()
    assert len(rows(tmp_path, "episodes")) == 4


async def test_somebody_who_was_forgotten_does_not_come_back_with_a_repeat(
    sync: Sync, api: Api, tmp_path: Path
) -> None:
    await sync.everything()
    erased = PersonErased(
        show=SHOW, erasure_id="e1", action="requested", cast_id="mia", who="ops", at="2026-01-01T00:00:00Z"
    )
    await Work.of([erased]).do(sync)
    await Work(episodes={ONE, TWO}).do(sync)
    left = {(one["show_id"], one["id"]) for one in rows(tmp_path, "people")}
    assert (SHOW, "mia") not in left and ("other-show", "mia") in left, "a cast is a show's"


def test_events_say_which_episodes_to_look_at() -> None:
    named = [example for example in EXAMPLES if isinstance(example, FOLLOWED)]
    assert {type(example) for example in named} == set(FOLLOWED), "there is an example of each"
    work = Work.of([*EXAMPLES, *named])
    assert work.episodes == {one.ep_id for one in named if hasattr(one, "ep_id")}
    assert work.shows == {one.show for one in named if isinstance(one, ShowDeleted)}
    done: Event = PersonErased(show=SHOW, erasure_id="e1", action="completed", who="ops", at="2026-01-01T00:00:00Z")
    assert Work.of([done]) == Work()


def test_a_season_is_in_the_id() -> None:
    assert Season.of("the-office-s2-s01e02") == Season("the-office-s2", 1)
