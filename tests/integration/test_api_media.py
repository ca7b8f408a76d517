"""Faces, picture URLs and contact sheets over HTTP, on real MongoDB and S3 servers."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from typing import Any

import cv2
import httpx
import numpy as np
import pytest
import pytest_asyncio

from chassis.domain.crop_archive import read_picture
from chassis.http.keys import ApiKeys
from chassis.mongo.database import Database
from chassis.s3.storage import Storage
from chassis.settings import AuthSettings
from screenalytics.local.servers import Stack
from services.identity.faces.track_reps import compute_track_quality
from tests.support.identity_api import bucket_on, client_of
from tests.support.reported_episode import BETTER_FRAME, EP, FACES_A_TRACK, ReportedEpisode, report_episode

pytestmark = pytest.mark.integration

ADA = f"/media/{EP}/identities/identity-00001"
URLS = f"/media/{EP}/urls"


@pytest_asyncio.fixture
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
    return answer.json()["data"]


async def ask(client: httpx.AsyncClient, pictures: Any) -> httpx.Response:
    return await client.post(URLS, json={"pictures": pictures})


async def objects(storage: Storage, prefix: str = f"artifacts/pictures/{EP}/") -> list[str]:
    return sorted([key async for key in storage.list_keys(prefix)])


async def fetch(url: str) -> bytes:
    async with httpx.AsyncClient() as browser:
        answer = await browser.get(url)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "image/jpeg"
    return answer.content


async def test_the_best_face_of_a_person_comes_first(client: httpx.AsyncClient, episode: ReportedEpisode) -> None:
    found = await data_of(client, f"{ADA}/representatives", count=2)
    assert (found["revision"], found["tracks"], found["faces"]) == (2, 1, FACES_A_TRACK)
    best, second = found["representatives"]
    row = episode.faces[BETTER_FRAME]
    assert (best["face_id"], best["crop"], best["thumbnail"]) == (row.face_id, row.crop, row.thumbnail)
    assert best["quality"]["sharpness"] == 0.9 and best["usable"] is True
    assert second["face_id"] == episode.faces[0].face_id
    everybody = await data_of(client, f"{ADA}/representatives", count=20)
    assert len(everybody["representatives"]) == FACES_A_TRACK


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        (f"/media/{EP}/identities/identity-00009/representatives", 404, "unknown_identity"),
        (f"/media/{EP}/identities/identity-00009/contact-sheet", 404, "unknown_identity"),
        (f"/media/{EP}/tracks/track-00000-999", 404, "unknown_track"),
        ("/media/nothing-s01e01/tracks/track-00000-001", 404, "no_screen_time"),
        (f"{ADA}/representatives?count=0", 422, "invalid_request"),
        (f"{ADA}/contact-sheet?columns=13", 422, "invalid_request"),
        (f"/media/{EP}/tracks/..%2Fx", 404, "not_found"),
    ],
)
async def test_what_is_not_there_is_said_so(
    client: httpx.AsyncClient, episode: ReportedEpisode, path: str, status: int, code: str
) -> None:
    answer = await client.get(path)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


async def test_a_track_has_its_faces_in_order_and_their_quality(
    client: httpx.AsyncClient, episode: ReportedEpisode
) -> None:
    track = episode.tracks[1]
    found = await data_of(client, f"/media/{EP}/tracks/{track.track_id}")
    own = [face for face in episode.faces if face.track_id == track.track_id]
    quality = compute_track_quality(own)
    assert found["quality"] == {
        "mean": quality.mean,
        "best": quality.best,
        "faces": FACES_A_TRACK,
        "usable": FACES_A_TRACK,
    }
    assert [face["t_s"] for face in found["faces"]] == [20.0, 21.0, 22.0, 23.0]
    assert (found["identity_id"], found["start_s"], found["end_s"]) == ("identity-00002", 20.0, 30.0)


async def test_a_picture_is_fetched_by_its_url_as_it_is_in_the_archive(
    client: httpx.AsyncClient, bucket: Any, episode: ReportedEpisode, database: Database
) -> None:
    face = episode.faces[0]
    names = [face.crop, str(face.thumbnail), face.crop]
    answer = (await ask(client, names)).json()["data"]
    assert await database["audit"].count_documents({}) == 0, "reading is no command"
    assert [one["picture"] for one in answer["pictures"]] == names[:2]
    assert answer["expires_s"] == 300
    for one in answer["pictures"]:
        archive, member = one["picture"].split("#")
        assert await fetch(one["url"]) == read_picture(await bucket[1].read(archive), member)


async def test_a_picture_becomes_an_object_once(
    client: httpx.AsyncClient, bucket: Any, episode: ReportedEpisode
) -> None:
    names = [face.crop for face in episode.faces]
    first = await ask(client, names[:4])
    written = await objects(bucket[1])
    again = await ask(client, names[:4])
    assert (first.status_code, again.status_code) == (200, 200)
    assert await objects(bucket[1]) == written
    assert len(written) == 4
    digest = hashlib.sha256(await bucket[1].read(names[0].split("#")[0])).hexdigest()[:16]
    assert all(key.startswith(f"artifacts/pictures/{EP}/{digest}/chips-track-") for key in written)
    await ask(client, names)
    assert len(await objects(bucket[1])) == len(names)


async def test_only_pictures_of_the_episode_are_shown(
    client: httpx.AsyncClient, database: Database, bucket: Any, episode: ReportedEpisode
) -> None:
    other = await report_episode(database, bucket[1], ep_id="secret-show-s01e01", run_id=episode.run_id[:-1] + "E")
    good = episode.faces[0].crop
    archive = good.split("#")[0]
    bad = [
        other.faces[0].crop,
        other.faces[0].crop.replace("secret-show-s01e01", f"{EP}/../secret-show-s01e01"),
        f"{archive}#chips/track-00000-009/0000000.jpg",
        good.replace("/00000/", "/00001/"),
        f"s3://{bucket[0].bucket}/artifacts/manifests/{EP}/report.html",
        "x",
    ]
    for name in bad:
        answer = await ask(client, [good, name])
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "unknown_picture"), name
    assert await objects(bucket[1], "artifacts/pictures/") == []


async def test_an_archive_that_is_not_what_its_name_says_is_not_opened(
    client: httpx.AsyncClient, bucket: Any, episode: ReportedEpisode
) -> None:
    archive, member = episode.faces[0].crop.split("#")
    place = archive.removeprefix(f"s3://{bucket[0].bucket}/")
    await bucket[1].put(place, b"something else")
    assert (await ask(client, [f"{archive}#{member}"])).status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        '{"pictures": []}',
        '{"pictures": ["' + '","'.join("x" * 101) + '"]}',
        '{"pictures": [""]}',
        '{"pictures": ["\\u0000"], "more": 1}',
        '{"pictures": "x"}',
        "{}",
    ],
)
async def test_requests_out_of_bounds_are_refused(
    client: httpx.AsyncClient, episode: ReportedEpisode, body: str
) -> None:
    answer = await client.post(URLS, content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "invalid_request")


@pytest.mark.parametrize("name", ["\\u0000", "\\ud800", "\\u0660"])
async def test_no_text_makes_it_stumble(client: httpx.AsyncClient, episode: ReportedEpisode, name: str) -> None:
    body = f'{{"pictures": ["{name}"]}}'
    answer = await client.post(URLS, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code in {400, 404, 422}


async def test_a_contact_sheet_shows_the_faces_in_order_of_time(
    client: httpx.AsyncClient, bucket: Any, episode: ReportedEpisode
) -> None:
    path = f"/media/{EP}/identities/identity-00002/contact-sheet"
    sheet = await data_of(client, path, columns=3, count=5)
    data = await fetch(sheet["url"])
    assert hashlib.sha256(data).hexdigest() == sheet["sha256"] and len(data) == sheet["bytes"]
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None and picture.shape == (sheet["height_px"], sheet["width_px"], 3)
    times = [face["t_s"] for face in sheet["faces"]]
    assert len(times) == 5 and times == sorted(times)
    assert (await data_of(client, path, columns=3, count=5))["sha256"] == sheet["sha256"]
    assert len(await objects(bucket[1], f"artifacts/pictures/{EP}/sheets/")) == 1
    other = await data_of(client, path, columns=2, count=5)
    assert other["height_px"] > sheet["height_px"]
    assert len(await objects(bucket[1], f"artifacts/pictures/{EP}/sheets/")) == 2


async def test_callers_of_other_shows_find_nothing(database: Database, bucket: Any, episode: ReportedEpisode) -> None:
    keys = ApiKeys(database)
    _, own = await keys.create(name="Vera", role="viewer", shows=["the-office"])
    _, other = await keys.create(name="Viktor", role="viewer", shows=["elsewhere"])
    async with client_of(database, *bucket, auth=AuthSettings(mode="keys")) as client:
        for key, status in ((own, 200), (other, 404)):
            answer = await client.get(f"{ADA}/representatives", headers={"X-API-Key": key})
            assert answer.status_code == status
            pictures = {"pictures": [episode.faces[0].crop]}
            assert (await client.post(URLS, json=pictures, headers={"X-API-Key": key})).status_code == status
        assert (await client.get(f"{ADA}/representatives")).status_code == 401
