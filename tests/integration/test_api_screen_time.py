"""Reading and exporting the screen time over HTTP, on real MongoDB and S3 servers."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import AsyncIterator
from typing import Any
from xml.etree import ElementTree

import httpx
import pytest
import pytest_asyncio

from chassis.http.keys import ApiKeys
from chassis.mongo.database import Database
from chassis.settings import AuthSettings
from contracts.rows import ScreenTimeDocument
from screenalytics.local.servers import Stack
from tests.support.identity_api import bucket_on, client_of
from tests.support.reported_episode import EP, RUN, ReportedEpisode, report_episode

pytestmark = pytest.mark.integration

LATER_RUN = "01JCZ5M7Q8XG3V4B2N1K0H9F8E"
PATH = f"/screen-time/{EP}"


@pytest_asyncio.fixture(scope="module")
async def bucket(stack: Stack) -> AsyncIterator[Any]:
    async with bucket_on(stack) as opened:
        yield opened


@pytest_asyncio.fixture
async def client(database: Database, bucket: Any) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(database, *bucket) as opened:
        yield opened


@pytest_asyncio.fixture
async def episode(database: Database, bucket: Any) -> ReportedEpisode:
    return await report_episode(database, bucket[1])


async def data_of(client: httpx.AsyncClient, path: str, **params: Any) -> Any:
    answer = await client.get(path, params=params or None)
    assert answer.status_code == 200, answer.text
    assert answer.json()["success"] is True
    return answer.json()["data"]


async def refusal_of(client: httpx.AsyncClient, path: str, **params: Any) -> tuple[int, str]:
    answer = await client.get(path, params=params or None)
    return answer.status_code, answer.json()["error"]["code"]


async def test_the_current_revision_is_read_and_any_other_by_its_number(
    client: httpx.AsyncClient, episode: ReportedEpisode
) -> None:
    first, second = episode.documents
    assert ScreenTimeDocument.model_validate(await data_of(client, PATH)) == second
    assert ScreenTimeDocument.model_validate(await data_of(client, PATH, revision=1)) == first
    assert (await data_of(client, PATH))["changes"] == list(second.changes) != []


async def test_a_run_that_was_taken_over_can_still_be_read(
    client: httpx.AsyncClient, database: Database, bucket: Any, episode: ReportedEpisode
) -> None:
    await report_episode(database, bucket[1], run_id=LATER_RUN, revisions=1)
    assert (await data_of(client, PATH))["run_id"] == LATER_RUN
    old = await data_of(client, PATH, run_id=RUN)
    assert (old["run_id"], old["revision"]) == (RUN, 2)
    assert await refusal_of(client, PATH, revision=2) == (404, "unknown_revision")
    found = await data_of(client, f"{PATH}/diff", **{"from": 2, "from_run": RUN, "to": 1})
    assert (found["before"]["run_id"], found["after"]["run_id"]) == (RUN, LATER_RUN)
    assert found["unidentified_compared"] is False
    assert found["sentences"][0] == "The episode was analysed again."


@pytest.mark.parametrize("rest", ["", "/revisions", "/at?t_s=1", "/files/json", "/export/edl", "/diff?from=1&to=2"])
async def test_an_episode_without_screen_time_is_not_found(client: httpx.AsyncClient, rest: str) -> None:
    assert await refusal_of(client, f"/screen-time/nothing-s01e01{rest}") == (404, "no_screen_time")


async def test_links_without_a_run_are_no_screen_time(client: httpx.AsyncClient, database: Database) -> None:
    await database["identities"].insert_one({"_id": EP, "links": []})
    assert await refusal_of(client, PATH) == (404, "no_screen_time")


async def test_revisions_come_newest_first_page_by_page(
    client: httpx.AsyncClient, database: Database, bucket: Any
) -> None:
    episode = await report_episode(database, bucket[1], revisions=3)
    first = await data_of(client, f"{PATH}/revisions", limit=2)
    second = await data_of(client, f"{PATH}/revisions", limit=2, cursor=first["next_cursor"])
    items = first["items"] + second["items"]
    assert [one["revision"] for one in items] == [3, 2, 1]
    assert [one["current"] for one in items] == [True, False, False]
    assert items[1]["changes"] == list(episode.documents[1].changes)
    assert items[2]["cast"][0]["visible_s"] == episode.documents[0].cast[0].visible_s
    assert (first["total"], second["next_cursor"]) == (3, None)
    assert await refusal_of(client, f"{PATH}/revisions", cursor="nonsense") == (422, "bad_cursor")


async def test_a_diff_says_who_gained_and_who_lost(client: httpx.AsyncClient, episode: ReportedEpisode) -> None:
    found = await data_of(client, f"{PATH}/diff", **{"from": 1, "to": 2})
    people = {one["id"]: one for one in found["people"]}
    assert (people["ada"]["before_s"], people["ada"]["after_s"]) == (20.0, 10.0)
    assert people["ada"]["lost"] == [[20.0, 30.0]]
    assert people["bo"]["gained"] == [[25.0, 30.0]]
    assert found["sentences"] == list(episode.documents[1].changes)
    assert found["unchanged"] == 1


async def test_who_is_visible_at_a_second(client: httpx.AsyncClient, episode: ReportedEpisode) -> None:
    found = await data_of(client, f"{PATH}/at", t_s=7.5)
    assert [one["id"] for one in found["cast"]] == ["bo", "ada"]
    assert found["cast"][1]["interval_s"] == [0.0, 10.0]
    assert [one["id"] for one in (await data_of(client, f"{PATH}/at", t_s=45))["unidentified"]] == ["identity-00003"]
    assert await refusal_of(client, f"{PATH}/at", t_s=60.1) == (422, "outside_episode")
    assert await refusal_of(client, f"{PATH}/at", t_s="nan") == (422, "invalid_request")


async def test_when_two_people_are_together(client: httpx.AsyncClient, episode: ReportedEpisode) -> None:
    found = await data_of(client, f"{PATH}/together", a="ada", b="bo")
    assert (found["seconds"], found["intervals_s"], found["a"]["share"]) == (5.0, [[5.0, 10.0]], 0.5)
    assert (await data_of(client, f"{PATH}/together", a="ada", b="identity-00003"))["seconds"] == 0.0
    assert await refusal_of(client, f"{PATH}/together", a="ada", b="zoe") == (404, "unknown_person")
    assert await refusal_of(client, f"{PATH}/together", a="ada", b="ada") == (422, "same_person")


@pytest.mark.parametrize("file_format", ["json", "csv", "parquet", "html"])
async def test_a_file_is_fetched_by_a_url_that_needs_no_key(
    client: httpx.AsyncClient, episode: ReportedEpisode, file_format: str
) -> None:
    link = await data_of(client, f"{PATH}/files/{file_format}")
    async with httpx.AsyncClient() as browser:
        answer = await browser.get(link["url"])
    assert answer.status_code == 200
    assert hashlib.sha256(answer.content).hexdigest() == link["sha256"]
    assert len(answer.content) == link["bytes"]
    assert answer.headers["content-type"] == link["media_type"]


async def test_json_and_csv_are_answered_directly_too(client: httpx.AsyncClient, episode: ReportedEpisode) -> None:
    answer = await client.get(f"{PATH}/files/csv", params={"inline": True, "revision": 1})
    assert answer.headers["content-type"].split(";")[0] == "text/csv"
    assert answer.headers["content-disposition"] == f'attachment; filename="{EP}-r1-screen_time.csv"'
    rows = list(csv.DictReader(io.StringIO(answer.text, newline="")))
    assert [row["id"] for row in rows] == ["ada", "bo", "identity-00003"]
    answer = await client.get(f"{PATH}/files/json", params={"inline": True})
    assert answer.headers["content-type"] == "application/json"
    assert ScreenTimeDocument.model_validate_json(answer.content) == episode.documents[1]
    assert await refusal_of(client, f"{PATH}/files/html", inline=True) == (422, "not_inline")
    assert await refusal_of(client, f"{PATH}/files/exe") == (422, "invalid_request")


async def test_a_file_that_is_gone_is_said_so(client: httpx.AsyncClient, bucket: Any, episode: ReportedEpisode) -> None:
    await bucket[1].delete_prefix(f"artifacts/manifests/{EP}/{RUN}/r00002/")
    assert await refusal_of(client, PATH) == (404, "manifest_missing")
    assert (await client.get(PATH, params={"revision": 1})).status_code == 200


@pytest.mark.parametrize("show", ["the-office", "files", "export"])
async def test_totals_add_up_a_show_and_a_season(
    client: httpx.AsyncClient, database: Database, bucket: Any, show: str
) -> None:
    runs = [RUN[:-1] + letter for letter in "ABC"]
    for ep, run in zip((f"{show}-s01e01", f"{show}-s02e01", f"{show}-special-s01e01"), runs, strict=True):
        await report_episode(database, bucket[1], ep_id=ep, run_id=run, revisions=1)
    found = await data_of(client, f"/screen-time/shows/{show}/totals")
    assert (found["episodes"], found["seasons"], found["duration_s"]) == (2, [1, 2], 120.0)
    assert [(one["cast_id"], one["seconds"], one["episodes"], one["appearances"]) for one in found["cast"]] == [
        ("ada", 40.0, 2, 4),
        ("bo", 40.0, 2, 2),
    ]
    season = await data_of(client, f"/screen-time/shows/{show}/totals", season=2)
    assert (season["episodes"], season["cast"][0]["seconds"]) == (1, 20.0)
    assert await refusal_of(client, "/screen-time/shows/nothing/totals") == (404, "no_screen_time")


async def test_an_edl_is_timed_by_the_frames_that_were_decoded(
    client: httpx.AsyncClient, episode: ReportedEpisode
) -> None:
    answer = await client.get(f"{PATH}/export/edl", params={"cast_id": "ada", "start_tc": "10:00:00:00"})
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["content-disposition"] == f'attachment; filename="{EP}-r2-ada.edl"'
    assert answer.content.decode().split("\r\n")[3:] == [
        "001  THS01E02 V     C        10:00:00:00 10:00:10:00 10:00:00:00 10:00:10:00",
        f"* FROM CLIP NAME: {EP}",
        "* COMMENT: Ada Marsh",
        "",
    ]


async def test_an_unknown_frame_rate_counts_as_25(client: httpx.AsyncClient, database: Database, bucket: Any) -> None:
    await report_episode(database, bucket[1], decoded_frames=777)
    text = (await client.get(f"{PATH}/export/edl", params={"cast_id": "identity-00003"})).text
    assert "00:00:40:00 00:00:50:01" in text


async def test_fcpxml_marks_everybody_who_is_asked_for(client: httpx.AsyncClient, episode: ReportedEpisode) -> None:
    asked = {"fps": "29.97", "drop_frame": True, "unidentified": True}
    answer = await client.get(f"{PATH}/export/fcpxml", params=asked)
    assert answer.headers["content-type"].split(";")[0] == "application/xml"
    root = ElementTree.fromstring(answer.content)
    values = [marker.get("value") for marker in root.iter("marker")]
    assert values == ["Ada Marsh", "Bo & <Lind>", "Unidentified identity-00003"]
    assert [sequence.get("tcFormat") for sequence in root.iter("sequence")] == ["DF"]


async def test_webvtt_shows_names_over_the_picture(client: httpx.AsyncClient, episode: ReportedEpisode) -> None:
    answer = await client.get(f"{PATH}/export/webvtt")
    assert answer.headers["content-type"] == "text/vtt; charset=utf-8"
    assert answer.text.startswith(f"WEBVTT {EP}\n\n00:00:00.000 --> 00:00:05.000\nAda Marsh\n\n")
    assert "Bo &amp; &lt;Lind&gt;\nAda Marsh" in answer.text
    assert '"id": "bo"' in (await client.get(f"{PATH}/export/webvtt", params={"cues": "json"})).text


@pytest.mark.parametrize(
    ("params", "refused"),
    [
        ({"cast_id": "nobody"}, (404, "unknown_person")),
        ({"fps": "25", "drop_frame": True}, (422, "no_drop_frame")),
        ({"start_tc": "00:00:00:25"}, (422, "bad_timecode")),
        ({"start_tc": "00:01:00;00", "fps": "29.97", "drop_frame": True}, (422, "bad_timecode")),
        ({"start_tc": "1 hour"}, (422, "invalid_request")),
        ({"fps": "26"}, (422, "invalid_request")),
        ({"cast_id": "../etc"}, (422, "invalid_request")),
        ({"run_id": "\u00e9" * 26}, (422, "invalid_request")),
        ({"run_id": "\x00" * 26}, (422, "invalid_request")),
        ({"media": "a\ufffe.mp4"}, (422, "invalid_request")),
        ({"run_id": LATER_RUN}, (404, "unknown_revision")),
        ({"revision": 10**30}, (422, "invalid_request")),
    ],
)
async def test_exports_that_cannot_be_are_refused(
    client: httpx.AsyncClient, episode: ReportedEpisode, params: dict[str, Any], refused: tuple[int, str]
) -> None:
    assert await refusal_of(client, f"{PATH}/export/edl", **params) == refused


async def test_callers_of_other_shows_find_nothing(database: Database, bucket: Any, episode: ReportedEpisode) -> None:
    keys = ApiKeys(database)
    _, own = await keys.create(name="Vera", role="viewer", shows=["the-office"])
    _, other = await keys.create(name="Viktor", role="viewer", shows=["elsewhere"])
    async with client_of(database, *bucket, auth=AuthSettings(mode="keys")) as client:
        for path in (PATH, f"{PATH}/files/json", f"{PATH}/export/edl", "/screen-time/shows/the-office/totals"):
            assert (await client.get(path)).status_code == 401
            assert (await client.get(path, headers={"X-API-Key": other})).status_code == 404
            assert (await client.get(path, headers={"X-API-Key": own})).status_code == 200
