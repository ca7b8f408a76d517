"""Episodes, runs and the audit log over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio

from chassis.http.keys import ApiKeys
from chassis.mongo.database import Database
from contracts.envelope import decode
from contracts.events import EpisodeChanged, EpisodeProgress, EpisodeUploaded, ScreenTimeReported, VisibleSeconds
from contracts.ids import run_id_for
from screenalytics.local.servers import Stack
from services.ingest.commands.reconciler import Reconciler
from services.ingest.runs.records import Failure
from services.ingest.settings import ReconcilerSettings
from services.ingest.store.runs import IngestStore
from tests.support.ingest_api import EPISODE, KEYS_ONLY, IngestApi, hearing, ingest_api
from tests.support.rig import Rig
from tests.support.stub_stages import NOTHING, SEGMENTS, save_plan

pytestmark = pytest.mark.integration

RUN = "01JGFJJZ00ABCDEFGHJKMNPQR0"
LATER = "01JGFJJZ00ABCDEFGHJKMNPQR1"
NEW = {"show": "my-show", "season": 1, "episode": 2, "title": "Pilot", "data": {"network": "ABC"}}


@pytest_asyncio.fixture
async def api(stack: Stack, database: Database) -> AsyncIterator[IngestApi]:
    async with ingest_api(stack, database) as running:
        yield running


@pytest_asyncio.fixture
async def listener(api: IngestApi) -> AsyncIterator[Rig]:
    """Hears what the API publishes."""
    async with hearing(api) as rig:
        yield rig


def report(run_id: str, revision: int = 1, seconds: float = 10.0) -> ScreenTimeReported:
    return ScreenTimeReported(
        ep_id=EPISODE,
        run_id=run_id,
        revision=revision,
        duration_s=80.0,
        report=NOTHING,
        manifests={},
        cast=(VisibleSeconds(cast_id="ann", name="Ann", visible_s=seconds),),
        unidentified=1,
    )


async def test_an_episode_is_created_once_and_its_event_said_once(api: IngestApi, listener: Rig) -> None:
    made = await api.ask("POST", "/episodes", json=NEW, status=201)
    assert (made["ep_id"], made["version"], made["has_video"]) == (EPISODE, 1, False)
    assert await api.ask("POST", "/episodes", json=NEW) == made
    refused = await api.ask("POST", "/episodes", json=NEW | {"title": "Other"}, status=409)
    assert refused["code"] == "episode_exists"
    said = [event for event in await listener.events(EpisodeChanged.TOPIC) if isinstance(event, EpisodeChanged)]
    assert [(event.action, event.version, event.title) for event in said if event.ep_id == EPISODE] == [
        ("created", 1, "Pilot")
    ]


async def test_fifty_writers_lose_no_update(api: IngestApi) -> None:
    await api.ask("POST", "/episodes", json=NEW, status=201)

    async def write(number: int) -> int:
        answer = await api.client.patch(
            f"/episodes/{EPISODE}", json={"data": {"writer": str(number)}}, headers={"If-Match": '"1"'}
        )
        return answer.status_code

    statuses = await asyncio.gather(*(write(number) for number in range(50)))
    assert sorted(statuses) == [200] + [412] * 49
    answer = await api.client.get(f"/episodes/{EPISODE}")
    assert answer.headers["ETag"] == '"2"'
    assert answer.json()["data"]["data"] == {"writer": str(statuses.index(200))}


async def test_a_patch_sets_clears_and_repeats_without_effect(api: IngestApi) -> None:
    await api.ask("POST", "/episodes", json=NEW, status=201)
    path, once = f"/episodes/{EPISODE}", {"If-Match": '"1"', "Idempotency-Key": "once"}
    changed = await api.ask("PATCH", path, json={"title": None, "air_date": "2024-02-29"}, headers=once)
    assert (changed["title"], changed["air_date"], changed["data"]) == (None, "2024-02-29", {"network": "ABC"})
    again = {"title": None, "air_date": "2024-02-29"}
    assert await api.ask("PATCH", path, json=again, headers=once) == changed
    other = await api.ask("PATCH", path, json={"title": "x"}, headers=once, status=409)
    assert other["code"] == "command_id_used"
    stale = await api.ask("PATCH", path, json={"title": "x"}, headers={"If-Match": '"1"'}, status=412)
    assert (stale["code"], stale["details"]) == ("version_conflict", {"version": 2})
    assert (await api.ask("PATCH", path, json={"title": "x"}, status=428))["code"] == "precondition_required"
    assert (await api.ask("PATCH", path, json={"title": "$where\u00e9"}, headers={"If-Match": "*"}))["version"] == 3


async def test_ids_of_an_episode_are_checked_kept_and_told(api: IngestApi, listener: Rig) -> None:
    ids = {"eidr": "10.5240/7791-8534-2c23-9030-8610-5", "imdb": "tt9999905"}
    made = await api.ask("POST", "/episodes", json=NEW | {"external_ids": ids}, status=201)
    assert made["external_ids"]["eidr"] == "10.5240/7791-8534-2C23-9030-8610-5"
    path, latest = f"/episodes/{EPISODE}", {"If-Match": "*"}
    wrong = {"external_ids": {"eidr": "10.5240/7791-8534-2C23-9030-8610-6"}}
    refused = await api.ask("PATCH", path, json=wrong, headers=latest, status=422)
    assert "the check character of this EIDR would be 5, not 6" in refused["message"]
    changed = await api.ask("PATCH", path, json={"external_ids": {"wikidata": "q1"}}, headers=latest)
    assert {name: value for name, value in changed["external_ids"].items() if value} == {"wikidata": "Q1"}
    said = [event for event in await listener.events(EpisodeChanged.TOPIC) if isinstance(event, EpisodeChanged)]
    assert [event.external_ids and event.external_ids.given() for event in said if event.ep_id == EPISODE] == [
        {"eidr": "10.5240/7791-8534-2C23-9030-8610-5", "imdb": "tt9999905"},
        {"wikidata": "Q1"},
    ]


async def test_lists_filter_sort_and_page(api: IngestApi, database: Database) -> None:
    for number, aired in ((1, "2024-01-03"), (2, None), (3, "2024-01-09")):
        await api.ask("POST", "/episodes", json=NEW | {"episode": number, "air_date": aired}, status=201)
    await api.ask("POST", "/episodes", json=NEW | {"show": "other-show", "title": "Finale"}, status=201)
    await save_plan(IngestStore(database), "my-show-s01e03", RUN)

    async def listed(query: str) -> list[str]:
        page = await api.ask("GET", f"/episodes?{query}")
        return [episode["ep_id"] for episode in page["items"]]

    assert await listed("sort=air_date&show=my-show") == ["my-show-s01e03", "my-show-s01e01", "my-show-s01e02"]
    assert (await listed("sort=updated"))[0] == "my-show-s01e03"
    assert await listed("q=FINALE") == ["other-show-s01e02"]
    assert await listed("state=running") == ["my-show-s01e03"]
    first = await api.ask("GET", "/episodes?sort=ep_id&limit=3")
    rest = await api.ask("GET", f"/episodes?sort=ep_id&limit=3&cursor={first['next_cursor']}")
    assert [len(first["items"]), len(rest["items"]), first["total"], rest["next_cursor"]] == [3, 1, 4, None]


async def test_callers_see_and_touch_their_own_shows_only(stack: Stack, database: Database) -> None:
    async with ingest_api(stack, database, auth=KEYS_ONLY) as api:
        _, admin = await ApiKeys(database).create(name="Ada", role="admin")
        _, otto = await ApiKeys(database).create(name="Otto", role="operator", shows=["my-show"])
        by_admin, by_otto = {"X-API-Key": admin}, {"X-API-Key": otto}
        for show in ("my-show", "other-show"):
            await api.ask("POST", "/episodes", json=NEW | {"show": show}, headers=by_admin, status=201)
        page = await api.ask("GET", "/episodes", headers=by_otto)
        assert [episode["show"] for episode in page["items"]] == ["my-show"]
        assert (await api.ask("GET", "/episodes?show=other-show", headers=by_otto))["items"] == []
        await api.ask("GET", "/episodes/other-show-s01e02", headers=by_otto, status=404)
        await api.ask("POST", "/episodes", json=NEW | {"show": "third"}, headers=by_otto, status=403)
        await api.ask("DELETE", f"/episodes/{EPISODE}", headers=by_otto, status=403)
        await api.ask("GET", "/audit", headers=by_otto, status=403)
        await api.ask("GET", "/episodes", status=401)
        upload = {"ep_id": "other-show-s01e02", "filename": "a.mp4", "bytes": 10, "sha256": "0" * 64}
        await api.ask("POST", "/uploads", json=upload, headers=by_otto, status=403)
        begun = await api.ask("POST", "/uploads", json=upload, headers=by_admin, status=201)
        await api.ask("GET", f"/uploads/{begun['upload_id']}", headers=by_otto, status=404)

        of_show = await api.ask("GET", "/audit?show=my-show", headers=by_admin)
        assert [(entry["who"], entry["status"]) for entry in of_show["items"]] == [("Otto", 403), ("Ada", 201)]
        assert (await api.ask("GET", f"/audit?ep_id={EPISODE}", headers=by_admin))["items"] == of_show["items"]
        whole = (await api.ask("GET", "/audit", headers=by_admin))["items"]
        first = await api.ask("GET", "/audit?limit=2", headers=by_admin)
        rest = await api.ask("GET", f"/audit?cursor={first['next_cursor']}", headers=by_admin)
        assert first["items"] + rest["items"] == whole
        assert {entry["who"] for entry in whole} == {"Ada", "Otto"}
        by_ada = (await api.ask("GET", "/audit?who=Ada", headers=by_admin))["items"]
        assert {entry["who"] for entry in by_ada} == {"Ada"}


async def test_an_episodes_audit_log_begins_with_its_creation(api: IngestApi) -> None:
    await api.ask("POST", "/episodes", json=NEW, status=201)
    upload = {"ep_id": EPISODE.upper(), "filename": "a.mp4", "bytes": 10, "sha256": "0" * 64}
    begun = await api.ask("POST", "/uploads", json=upload, status=201)
    await api.ask("DELETE", f"/uploads/{begun['upload_id']}")
    await api.ask("PATCH", f"/episodes/{EPISODE.upper()}", json={"title": "x"}, headers={"If-Match": "*"})
    entries = (await api.ask("GET", f"/audit?ep_id={EPISODE}"))["items"]
    assert [(entry["method"], entry["path"].split("/")[1], entry["status"]) for entry in reversed(entries)] == [
        ("POST", "episodes", 201),
        ("POST", "uploads", 201),
        ("DELETE", "uploads", 200),
        ("PATCH", "episodes", 200),
    ]
    assert (await api.ask("GET", "/audit"))["items"] == entries


async def test_a_run_that_is_asked_for_has_its_id_at_once(api: IngestApi, database: Database, listener: Rig) -> None:
    store = IngestStore(database)
    path = f"/episodes/{EPISODE}/runs"
    await api.ask("POST", "/episodes", json=NEW, status=201)
    assert (await api.ask("POST", path, json={}, status=409))["code"] == "no_video"
    await save_plan(store, EPISODE, RUN)
    there = await api.ask("POST", path, json={}, status=200)
    assert there == {"ep_id": EPISODE, "run_id": RUN, "created": False}
    once = {"Idempotency-Key": "again-please"}
    started = await api.ask("POST", path, json={"force": True}, headers=once, status=202)
    repeated = await api.ask("POST", path, json={"force": True}, headers=once, status=200)
    assert repeated == started | {"created": False}
    other = await api.ask("POST", path, json={"force": False}, headers=once, status=409)
    assert other["code"] == "command_id_used"
    assert started["run_id"] > RUN

    records = [r for r in await listener.records(EpisodeUploaded.TOPIC) if b"again-please" in r.value]
    assert len(records) == 1
    headers = dict(records[0].headers)
    received = decode(records[0].value, records[0].headers)
    assert run_id_for(headers["ce_id"].decode(), received.time) == started["run_id"]

    run = await api.ask("GET", f"{path}/{started['run_id']}")
    assert (run["state"], run["asked_by"]) == ("requested", "local")
    early = await api.ask("POST", f"{path}/{started['run_id']}/cancel", status=409)
    assert early["code"] == "run_not_planned"
    assert (await api.ask("GET", f"/episodes/{EPISODE}/status"))["requested"]["run_id"] == started["run_id"]
    failed = {"stage": "ingest", "code": "object_missing", "message": "Upload it again."}
    await store.episodes.start_failed(EPISODE, headers["ce_id"].decode(), Failure(**failed))
    run = await api.ask("GET", f"{path}/{started['run_id']}")
    assert (run["state"], run["failure"]) == ("failed", failed)
    page = await api.ask("GET", f"{path}?limit=1")
    assert [run["run_id"] for run in page["items"]] == [started["run_id"]]
    page = await api.ask("GET", f"{path}?cursor={page['next_cursor']}")
    assert [run["run_id"] for run in page["items"]] == [RUN]


async def test_runs_are_cancelled_resumed_and_counted(api: IngestApi, database: Database) -> None:
    store = IngestStore(database)
    await save_plan(store, EPISODE, RUN)
    planned = datetime.now(UTC) - timedelta(seconds=30)
    await database["runs"].update_one({"_id": RUN}, {"$set": {"created_at": planned}})
    for segment in range(3):
        for stage in ("detector", "embedder")[: 2 if segment else 1]:
            progress = EpisodeProgress(
                ep_id=EPISODE,
                run_id=RUN,
                stage=stage,
                segment=segment,
                done=1,
                total=SEGMENTS,  # type: ignore[arg-type]
            )
            await asyncio.gather(store.record_progress(progress), store.record_progress(progress))
    status = (await api.ask("GET", f"/episodes/{EPISODE}/status"))["run"]
    assert {name: stage["done"] for name, stage in status["stages"].items()} == {
        "ingest": 0,
        "detector": 3,
        "embedder": 2,
        "grouper": 0,
        "identity": 0,
    }
    assert (status["fraction"], status["stages"]["detector"]["fraction"]) == (0.5, 0.75)
    assert 0 < status["rate"] <= 40 / 30, "two segments of twenty seconds in at least thirty"
    assert status["seconds_left"] > 5, "one segment of four is not begun, and each took ten seconds or more"

    path = f"/episodes/{EPISODE}/runs/{RUN}"
    assert (await api.ask("POST", f"{path}/cancel"))["state"] == "cancelled"
    assert (await api.ask("POST", f"{path}/resume", status=202))["segments_asked"] == 2
    waiting = await database["runs"].find_one({"_id": RUN})
    assert waiting is not None
    left = [entry["type"] for entry in waiting["outbox"]]
    assert left[-2:] == ["screenalytics.segment.ready.v1"] * 2, "they wait for the sweep"
    assert left[:-2] in ([], ["screenalytics.run.cancelled.v1"]), "a slow broker may not have taken the first event yet"
    assert (await api.ask("GET", path))["state"] == "running"
    await store.finish(report(RUN))
    assert (await api.ask("POST", f"{path}/cancel", status=409))["code"] == "run_not_open"
    assert (await api.ask("POST", f"{path}/resume", status=409))["code"] == "run_finished"
    wrong = f"/episodes/{EPISODE}/runs/{LATER}"
    assert (await api.ask("GET", wrong, status=404))["code"] == "unknown_run"
    assert (await api.ask("GET", f"/episodes/x-s01e01/runs/{RUN}", status=404))["code"] == "unknown_episode"


async def test_a_run_can_go_on_from_the_tracks_of_a_finished_one(
    api: IngestApi, database: Database, listener: Rig
) -> None:
    store, path = IngestStore(database), f"/episodes/{EPISODE}/runs"
    await save_plan(store, EPISODE, RUN)
    wanted = {"reuse_tracks": True, "reason": "Another embedder."}
    assert (await api.ask("POST", path, json=wanted, status=409))["code"] == "nothing_to_reuse"
    await store.finish(report(RUN))
    once = {"Idempotency-Key": "from-its-tracks"}
    started = await api.ask("POST", path, json=wanted, headers=once, status=202)
    assert await api.ask("POST", path, json=wanted, headers=once, status=200) == started | {"created": False}
    (record,) = [r for r in await listener.records(EpisodeUploaded.TOPIC) if b"from-its-tracks" in r.value]
    upload = decode(record.value, record.headers).event
    assert isinstance(upload, EpisodeUploaded)
    assert (upload.tracks_of, upload.reason, upload.force) == (RUN, "Another embedder.", True)


async def test_two_runs_are_compared_person_by_person(api: IngestApi, database: Database) -> None:
    store = IngestStore(database)
    for run_id, seconds in ((RUN, 10.0), (LATER, 12.5)):
        await save_plan(store, EPISODE, run_id)
        await store.finish(report(run_id, seconds=seconds))
    compared = await api.ask("GET", f"/episodes/{EPISODE}/runs/compare?a={RUN}&b={LATER}")
    assert compared["people"] == [{"cast_id": "ann", "name": "Ann", "a_s": 10.0, "b_s": 12.5, "difference_s": 2.5}]
    assert compared["differs"] == []
    await api.ask("GET", f"/episodes/{EPISODE}/runs/compare?a={RUN}&b=0", status=422)


async def test_what_cannot_be_is_refused_in_a_sentence(api: IngestApi) -> None:
    for bad in (
        {"title": "a\u0000b"},
        {"title": ""},
        {"title": "x" * 201},
        {"data": {"a.b": "x"}},
        {"data": {"$set": "x"}},
        {"air_date": "2024-02-30"},
        {"season": 100},
        {"surprise": 1},
        {"show": "../x"},
    ):
        assert (await api.ask("POST", "/episodes", json=NEW | bad, status=422))["code"] == "invalid_request"
    raw = b'{"show": "my-show", "season": 1, "episode": 1, "title": "\\ud800"}'
    await api.ask("POST", "/episodes", content=raw, headers={"content-type": "application/json"}, status=400)
    for path in ("/episodes?cursor=xyz", "/audit?cursor=WzFlNTAwLCAiYSJd", "/episodes?limit=501", "/episodes?q=%00"):
        answer = await api.client.get(path)
        assert answer.status_code in {200, 422}, path


async def test_a_run_whose_request_the_broker_lost_is_asked_for_again(api: IngestApi, database: Database) -> None:
    store = IngestStore(database)
    await save_plan(store, EPISODE, RUN)
    started = await api.ask("POST", f"/episodes/{EPISODE}/runs", json={"force": True}, status=202)
    reconciler = Reconciler(store, api.bus, ReconcilerSettings(stalled_after_s=0.001))
    await database["runs"].update_one({"_id": RUN}, {"$set": {"state": "finished"}})
    async with hearing(api) as listener:
        await asyncio.sleep(0.01)
        await reconciler.sweep()
        records = [r for r in await listener.records(EpisodeUploaded.TOPIC) if r.key == EPISODE.encode()]
    received = [decode(record.value, record.headers) for record in records]
    assert {run_id_for(again.event_id, again.time) for again in received} == {started["run_id"]}
    await save_plan(store, EPISODE, started["run_id"])
    assert await store.episodes.claim_unanswered(0.0) == []
