"""Lanes, boxes and the pictures that browsers keep, over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator

import numpy as np
import pytest
import pytest_asyncio

from chassis.domain.crop_archive import decode_jpeg
from chassis.mongo.database import Database
from contracts.ids import identity_id
from screenalytics.local.servers import Stack
from tests.support.api_examples import hold
from tests.support.identity_rig import BLUE, EP, GREEN, RED, IdentityRig, Somebody, identity_rig

pytestmark = pytest.mark.integration

ONE, TWO = identity_id(1), identity_id(2)


@pytest_asyncio.fixture
async def rig(stack: Stack, database: Database) -> AsyncIterator[IdentityRig]:
    async with identity_rig(stack, database) as running:
        await running.cast({"rita": ("Rita", RED)})
        await running.group([Somebody(1, RED), Somebody(2, GREEN, 20, 35), Somebody(3, BLUE, 30, 34)], faces_each=3)
        yield running


async def test_lanes_show_everybody_with_names_and_pictures_that_can_be_read(rig: IdentityRig) -> None:
    found = await rig.data("GET", f"/timeline/{EP}")
    people, tracks = found["identities"], found["tracks"]
    assert people["identity_id"] == [TWO, ONE, identity_id(3)]
    assert people["name"] == [None, "Rita", None]
    assert [people["identity_id"][place] for place in tracks["identity"]] == [ONE, TWO, identity_id(3)]
    assert (tracks["start_ms"], tracks["faces"]) == ([0, 20_000, 30_000], [3, 3, 3])
    picture = await rig.call("GET", f"/media/{EP}/pictures/{tracks['picture'][0]}")
    assert picture.headers["content-type"] == "image/jpeg"
    assert np.abs(decode_jpeg(picture.content).reshape(-1, 3).mean(axis=0) - RED).max() < 12
    await rig.data("PUT", f"/links/{EP}/{TWO}", {"cast_id": "rita"}, version=0)
    assert (await rig.data("GET", f"/timeline/{EP}"))["identities"]["name"] == ["Rita", "Rita", None]


async def test_a_browser_keeps_pictures_and_asks_once(rig: IdentityRig) -> None:
    tracks = (await rig.data("GET", f"/timeline/{EP}"))["tracks"]
    path = f"/media/{EP}/pictures/{tracks['picture'][0]}"
    first = await rig.call("GET", path)
    assert first.headers["cache-control"] == "private, max-age=86400, immutable"
    again = await rig.call("GET", path, If_None_Match=first.headers["etag"])
    assert (again.status_code, again.content) == (304, b"")


async def test_a_picture_is_gone_when_its_archive_is(rig: IdentityRig) -> None:
    tracks = (await rig.data("GET", f"/timeline/{EP}"))["tracks"]
    path = f"/media/{EP}/pictures/{tracks['picture'][0]}"
    assert (await rig.call("GET", path)).is_success
    await rig.storage.delete_prefix(f"artifacts/segments/{EP}")
    gone = await rig.call("GET", path)
    assert (gone.status_code, gone.json()["error"]["code"]) == (404, "unknown_picture")
    foreign = await rig.call("GET", path.replace(EP, "other-show-s01e01"))
    assert foreign.status_code == 404


async def test_a_page_of_faces_is_one_sheet(rig: IdentityRig) -> None:
    pictures = (await rig.data("GET", f"/timeline/{EP}"))["identities"]["picture"]
    made = await rig.data("POST", f"/media/{EP}/sprites", {"pictures": pictures, "cell_px": 64})
    assert (made["columns"], made["rows"], made["pictures"]) == (2, 2, pictures)
    sheet = decode_jpeg((await rig.call("GET", f"/media/{EP}/sprites/{made['sprite']}")).content)
    assert sheet.shape == (128, 128, 3)
    assert [int(sheet[y, x].argmax()) for y, x in ((32, 32), (32, 96), (96, 32))] == [1, 0, 2], "green, red, blue"
    assert (await rig.call("GET", f"/media/{EP}/sprites/{'0' * 32}")).status_code == 404


async def test_all_boxes_are_written_with_who_they_are_of_once_the_size_of_the_picture_is_known(
    rig: IdentityRig,
) -> None:
    path = f"/screen-time/{EP}/export/coco"
    unknown = await rig.call("GET", path)
    assert (unknown.status_code, unknown.json()["error"]["code"]) == (409, "size_unknown")
    await rig.database["episodes"].insert_one({"_id": EP, "width": 1920, "height": 1080})
    dataset = (await rig.call("GET", path)).json()
    assert {one["person_id"] for one in dataset["categories"]} == {"rita", TWO, identity_id(3)}
    assert dataset["annotations"] and {(one["width"], one["height"]) for one in dataset["images"]} == {(1920, 1080)}
    archive = await rig.call("GET", f"/screen-time/{EP}/export/mot?cast_id=rita")
    assert (archive.headers["content-type"], archive.content[:2]) == ("application/zip", b"PK")
    nobody = await rig.call("GET", f"{path}?cast_id=nobody")
    assert nobody.json()["error"]["code"] == "unknown_person"


async def test_boxes_are_of_a_bounded_stretch(rig: IdentityRig) -> None:
    found = await rig.data("GET", f"/timeline/{EP}/boxes?from_s=31&to_s=32")
    assert (found["t_ms"], len(found["box"]), len(found["track_ids"])) == ([31_000] * 2 + [31_500] * 2, 16, 2)
    for stretch in ("from_s=5&to_s=5", "from_s=0&to_s=121"):
        refused = await rig.call("GET", f"/timeline/{EP}/boxes?{stretch}")
        assert (refused.status_code, refused.json()["error"]["code"]) == (422, "bad_range")


async def test_the_api_answers_as_the_page_says(rig: IdentityRig) -> None:
    pictures = (await rig.data("GET", f"/timeline/{EP}"))["identities"]["picture"]
    await hold("timeline.md", rig.client, {"ep_id": EP, "identity_id": TWO, "picture": pictures[0]})
