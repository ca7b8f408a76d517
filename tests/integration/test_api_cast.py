"""Shows, casts and reference pictures over HTTP."""

from __future__ import annotations

import asyncio
import struct
import zlib
from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio

from chassis.domain.pictures import Pixels, decode_picture, is_plain
from chassis.mongo.database import Database
from contracts.events import CastChanged, CastDescribed, FacebankUpdated, LinksChanged, ScreenTimeReported
from contracts.external_ids import PersonIds
from contracts.ids import identity_id
from screenalytics.local.servers import Stack
from tests.support.identity_rig import (
    EP,
    GREEN,
    RED,
    SHOW,
    Colour,
    IdentityRig,
    Somebody,
    identity_rig,
    picture_of,
)

pytestmark = pytest.mark.integration

ONE = identity_id(1)


def png_chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


BOMB = (
    b"\x89PNG\r\n\x1a\n"
    + png_chunk(b"IHDR", struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0))
    + png_chunk(b"IDAT", zlib.compress(bytes(1000)))
    + png_chunk(b"IEND", b"")
)
"""A small file that says it is a huge picture."""


@pytest_asyncio.fixture
async def rig(stack: Stack, database: Database) -> AsyncIterator[IdentityRig]:
    async with identity_rig(stack, database) as running:
        yield running


async def with_show(rig: IdentityRig) -> None:
    await rig.data("POST", "/shows", {"name": "My Show"})
    await rig.data("POST", f"/shows/{SHOW}/cast/import", {"members": [{"name": "Rita"}, {"name": "Greta"}]})


async def send(rig: IdentityRig, cast_id: str, *files: bytes, key: str = "upload-1") -> httpx.Response:
    return await rig.client.post(
        f"/shows/{SHOW}/cast/{cast_id}/pictures",
        files=[("pictures", (f"{number}.png", data, "image/png")) for number, data in enumerate(files)],
        headers={"Idempotency-Key": key},
    )


def opened(data: bytes) -> Pixels:
    return decode_picture(data, max_pixels=10**6, enough_px=1000)


async def codes(rig: IdentityRig, cast_id: str, *files: bytes, key: str) -> list[str]:
    answer = await send(rig, cast_id, *files, key=key)
    assert answer.status_code == 200, answer.text
    return [verdict["code"] for verdict in answer.json()["data"]["verdicts"]]


async def test_a_show_is_created_once(rig: IdentityRig) -> None:
    first = await rig.call("POST", "/shows", {"name": "My Show"})
    again = await rig.call("POST", "/shows", {"name": "My Show"})
    assert (first.status_code, again.status_code) == (201, 200)
    other = await rig.call("POST", "/shows", {"name": "Another", "show": SHOW})
    assert (other.status_code, other.json()["error"]["code"]) == (409, "show_exists")
    assert [show["show"] for show in (await rig.data("GET", "/shows"))["items"]] == [SHOW]
    assert [entry["status"] async for entry in rig.database["audit"].find({"show": SHOW})] == [201, 200, 409]


async def test_an_import_says_what_became_of_every_row_and_is_harmless_twice(rig: IdentityRig) -> None:
    await rig.data("POST", "/shows", {"name": "My Show"})
    rows = {"members": [{"name": "Rita"}, {"name": "Zoë"}, {"name": "Rita"}, {"name": "Other", "cast_id": "rita"}]}
    first = await rig.data("POST", f"/shows/{SHOW}/cast/import", rows)
    assert [(row["cast_id"], row["verdict"]) for row in first] == [
        ("rita", "added"),
        ("zoe", "added"),
        ("rita", "exists"),
        ("rita", "refused"),
    ]
    again = await rig.data("POST", f"/shows/{SHOW}/cast/import", rows)
    assert [row["verdict"] for row in again] == ["exists", "exists", "exists", "refused"]
    assert [(event.cast_id, event.action) for event in rig.bus.of(CastChanged)] == [("rita", "added"), ("zoe", "added")]


async def test_many_add_members_at_once_and_all_are_there(rig: IdentityRig) -> None:
    await rig.data("POST", "/shows", {"name": "My Show"})
    await asyncio.gather(*(rig.data("POST", f"/shows/{SHOW}/cast", {"name": f"Member {n}"}) for n in range(15)))
    cast = await rig.data("GET", f"/shows/{SHOW}/cast?limit=500")
    assert len(cast["items"]) == 15
    assert sorted({event.revision for event in rig.bus.of(CastChanged)}) == list(range(1, 16))


async def test_a_member_cannot_be_two_people(rig: IdentityRig) -> None:
    await with_show(rig)
    taken = await rig.call("POST", f"/shows/{SHOW}/cast", {"name": "Somebody", "cast_id": "rita"})
    assert (taken.status_code, taken.json()["error"]["code"]) == (409, "cast_id_taken")
    missing = await rig.call("PATCH", f"/shows/{SHOW}/cast/nobody", {"name": "X"})
    assert (missing.status_code, missing.json()["error"]["code"]) == (404, "unknown_cast_member")


async def test_what_is_said_of_a_member_is_told_and_reported_and_changes_no_figure(rig: IdentityRig) -> None:
    await with_show(rig)
    await rig.cast({"rita": ("Rita", RED), "greta": ("Greta", GREEN)})
    await rig.group([Somebody(1, RED), Somebody(2, GREEN, 20, 25)])
    await rig.bus.deliver()
    before = await rig.data("GET", f"/screen-time/{EP}")
    path, said = f"/shows/{SHOW}/cast/rita/details", {"external_ids": {"imdb": "NM9999901"}, "role": "guest"}
    for _ in range(2):
        member = await rig.data("PUT", path, said)
        assert (member["details"]["external_ids"]["imdb"], member["details"]["role"]) == ("nm9999901", "guest")
    await rig.database["episodes"].insert_one({"_id": EP, "external_ids": {"imdb": "tt9999905"}})
    await rig.data("PUT", f"/shows/{SHOW}/external-ids", {"wikidata": "Q99999902"})
    await rig.bus.deliver()
    told = [(event.cast_id, event.who) for event in rig.bus.of(CastDescribed)]
    assert told == [("rita", "local"), (None, "local")]
    after = await rig.data("GET", f"/screen-time/{EP}")
    assert after["revision"] > before["revision"]
    row = next(row for row in after["cast"] if row["cast_id"] == "rita")
    assert (row["details"]["role"], row["details"]["external_ids"]["imdb"]) == ("guest", "nm9999901")
    assert (after["external_ids"]["imdb"], after["show_external_ids"]["wikidata"]) == ("tt9999905", "Q99999902")
    assert [one["visible_s"] for one in after["cast"]] == [one["visible_s"] for one in before["cast"]]
    reported = rig.bus.of(ScreenTimeReported)[-1]
    assert {one.cast_id: (one.role, one.external_ids) for one in reported.cast} == {
        "rita": ("guest", PersonIds(imdb="nm9999901")),
        "greta": (None, None),
    }
    await rig.data("PUT", path, {})
    await rig.data("DELETE", f"/shows/{SHOW}/cast/rita?unlink=true", version="*")
    assert (await rig.database["facebanks"].find_one({"_id": SHOW}))["details"] == {}


async def test_a_wrong_id_is_refused_with_the_reason(rig: IdentityRig) -> None:
    await with_show(rig)
    path = f"/shows/{SHOW}/cast/rita/details"
    for body, reason in (
        ({"external_ids": {"imdb": "tt0034583"}}, "a person's IMDb id looks like nm0000007"),
        ({"external_ids": {"eidr": "10.5240/7791-8534-2C23-9030-8610-5"}}, "Extra inputs"),
        ({"role": "Guest!"}, "should match pattern"),
    ):
        answer = await rig.call("PUT", path, body)
        assert (answer.status_code, answer.json()["error"]["code"]) == (422, "invalid_request")
        assert reason in answer.json()["error"]["message"]
    missing = await rig.call("PUT", f"/shows/{SHOW}/cast/nobody/details", {"role": "guest"})
    assert missing.json()["error"]["code"] == "unknown_cast_member"


@pytest.mark.parametrize("name", ["", "  ", "a\x00b", "x" * 121])
async def test_names_that_are_none_are_refused(rig: IdentityRig, name: str) -> None:
    assert (await rig.call("POST", "/shows", {"name": name})).status_code == 422


async def test_every_picture_gets_its_verdict(rig: IdentityRig) -> None:
    await with_show(rig)
    black = picture_of((10, 10, 10), side=100)
    good = [picture_of(RED, seed) for seed in (1, 2)]
    flat = picture_of(RED, 3, roughness=0)
    assert await codes(rig, "greta", picture_of(GREEN, 2), picture_of(GREEN, 8), key="g") == ["ok", "ok"]
    assert await codes(rig, "greta", picture_of(GREEN, 7), key="again") == ["near_duplicate"]
    found = await codes(rig, "rita", *good, black, BOMB, b"nonsense", flat, key="r")
    assert found == [
        "ok",
        "ok",
        "picture_without_face",
        "picture_too_large",
        "unreadable_picture",
        "face_too_blurry",
    ]
    entries = await rig.data("GET", f"/shows/{SHOW}/cast/rita/pictures")
    assert [entry["used"] for entry in entries] == [True, True]
    async with httpx.AsyncClient() as browser:
        shown = await browser.get(entries[0]["url"])
    assert is_plain(shown.content)
    kept = opened(shown.content).astype(float)
    assert min(abs(kept - opened(picture)).mean() for picture in good) < 3


async def test_a_reference_picture_is_a_file_that_browsers_keep_until_it_is_removed(rig: IdentityRig) -> None:
    await with_show(rig)
    await send(rig, "rita", picture_of(RED, 1))
    (entry,) = await rig.data("GET", f"/shows/{SHOW}/cast/rita/pictures")
    path = f"/shows/{SHOW}/cast/rita/pictures/{entry['picture']}/image"
    first = await rig.client.get(path)
    assert (first.status_code, first.headers["content-type"]) == (200, "image/jpeg")
    assert is_plain(first.content)
    assert first.headers["cache-control"] == "private, max-age=86400, immutable"
    assert (await rig.client.get(path, headers={"If-None-Match": first.headers["etag"]})).status_code == 304
    elsewhere = await rig.client.get(path.replace("rita", "greta"))
    assert (elsewhere.status_code, elsewhere.json()["error"]["code"]) == (404, "unknown_picture")
    await rig.data("DELETE", path.removesuffix("/image"))
    assert (await rig.client.get(path)).status_code == 404


async def test_a_picture_of_somebody_else_is_kept_and_flagged(rig: IdentityRig) -> None:
    await with_show(rig)
    await send(rig, "greta", picture_of(GREEN, 1), picture_of(GREEN, 2), key="g")
    await send(rig, "rita", picture_of(RED, 1), picture_of(RED, 2), key="r")
    assert await codes(rig, "rita", picture_of(GREEN, 5), key="wrong") == ["looks_like_another"]
    flagged = [entry["looks_like"] for entry in await rig.data("GET", f"/shows/{SHOW}/cast/rita/pictures")]
    assert sorted(flagged, key=str) == [None, None, "greta"]


async def test_the_same_upload_again_is_answered_as_before_and_said_once(rig: IdentityRig) -> None:
    await with_show(rig)
    first, again = await send(rig, "rita", picture_of(RED)), await send(rig, "rita", picture_of(RED))
    assert first.json() == again.json()
    assert len(rig.bus.of(FacebankUpdated)) == 1
    (event,) = rig.bus.of(FacebankUpdated)
    assert event.revision == first.json()["data"]["facebank_revision"]


async def test_pictures_change_suggestions_and_no_links(rig: IdentityRig) -> None:
    await with_show(rig)
    await rig.group([Somebody(1, RED), Somebody(2, GREEN, 20, 25)])
    assert (await rig.data("GET", f"/suggestions/{EP}/{ONE}"))["matches"] == []
    await send(rig, "rita", picture_of(RED, 1), picture_of(RED, 2))
    await send(rig, "greta", picture_of(GREEN, 1), key="g")
    await rig.bus.deliver()
    assert (await rig.data("GET", f"/suggestions/{EP}/{ONE}"))["matches"][0]["cast_id"] == "rita"
    assert (await rig.data("GET", f"/links/{EP}"))["links"] == []
    assert len(rig.bus.of(ScreenTimeReported)) == 1
    picture = (await rig.data("GET", f"/shows/{SHOW}/cast/rita/pictures"))[0]["picture"]
    assert await rig.data("DELETE", f"/shows/{SHOW}/cast/rita/pictures/{picture}") == 1
    assert await rig.data("DELETE", f"/shows/{SHOW}/cast/rita/pictures") == 1
    assert [key async for key in rig.storage.list_keys(f"raw/facebank/{SHOW}/rita/")] == []
    assert (await rig.data("GET", f"/suggestions/{EP}/{ONE}"))["matches"] == []


async def test_no_files_and_too_many_files_are_refused(rig: IdentityRig) -> None:
    await with_show(rig)
    assert (await send(rig, "rita")).status_code == 422
    assert (await send(rig, "rita", *[b"x"] * 21)).status_code == 422
    assert (await send(rig, "nobody", b"x")).status_code == 404


async def test_a_member_who_is_linked_is_removed_only_with_their_links(rig: IdentityRig) -> None:
    cast: dict[str, tuple[str, Colour]] = {"rita": ("Rita", RED), "greta": ("Greta", GREEN)}
    await rig.cast(cast)
    await rig.group([Somebody(1, RED), Somebody(2, GREEN, 20, 25)])
    refused = await rig.call("DELETE", f"/shows/{SHOW}/cast/rita")
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "cast_member_linked")
    removed = await rig.data("DELETE", f"/shows/{SHOW}/cast/rita?unlink=true")
    assert (removed["links"], removed["pictures"]) == ({EP: 1}, 1)
    await rig.bus.deliver()
    report = rig.bus.of(ScreenTimeReported)[-1]
    assert [person.cast_id for person in report.cast] == ["greta"]
    assert [event.action for event in rig.bus.of(LinksChanged)] == ["unlink"]
    assert (await rig.call("GET", f"/shows/{SHOW}/cast/rita")).status_code == 404


async def test_nothing_that_was_said_about_a_removed_members_pictures_is_kept(rig: IdentityRig) -> None:
    await with_show(rig)
    await send(rig, "rita", picture_of(RED, 1), b"nonsense", key="r")
    kept = [document["verdicts"] async for document in rig.database["facebank_requests"].find({"show": SHOW})]
    assert sorted(len(verdicts) for verdicts in kept) == [0, 2]
    await rig.data("DELETE", f"/shows/{SHOW}/cast/rita")
    async for document in rig.database["facebank_requests"].find({}):
        assert "rita" not in str(document).lower()
    assert await rig.database["facebank_pictures"].count_documents({}) == 0


COMMANDS = (
    ("POST", f"/shows/{SHOW}/cast", {"name": "Zoe"}),
    ("POST", f"/shows/{SHOW}/cast", {"name": "Bob"}),
    ("POST", f"/shows/{SHOW}/cast/import", {"members": [{"name": "Bob"}, {"name": "Ada"}]}),
    ("PATCH", f"/shows/{SHOW}/cast/rita", {"name": "Margherita"}),
    ("PATCH", f"/shows/{SHOW}/cast/greta", {"name": "Margherita"}),
    ("DELETE", f"/shows/{SHOW}/cast/rita/pictures", None),
    ("DELETE", f"/shows/{SHOW}/cast/greta/pictures", None),
    ("DELETE", f"/shows/{SHOW}/cast/rita", None),
    ("DELETE", f"/shows/{SHOW}/cast/greta", None),
)


@pytest.mark.parametrize("first", range(len(COMMANDS)))
async def test_a_key_belongs_to_one_command_on_the_cast(rig: IdentityRig, first: int) -> None:
    await with_show(rig)
    await send(rig, "rita", picture_of(RED, 1), key="r")
    await send(rig, "greta", picture_of(GREEN, 1), key="g")
    sent = await rig.call(*COMMANDS[first], Idempotency_Key="k")
    assert sent.status_code in {200, 201}, sent.text
    stored = await rig.database["facebanks"].find_one({"_id": SHOW})
    for number, other in enumerate(COMMANDS):
        answer = await rig.call(*other, Idempotency_Key="k")
        if number == first:
            assert answer.json()["data"] == sent.json()["data"]
        else:
            assert (answer.status_code, answer.json()["error"]["code"]) == (409, "command_id_used")
    pictures = await send(rig, "greta", picture_of(GREEN, 2), key="k")
    assert (pictures.status_code, pictures.json()["error"]["code"]) == (409, "command_id_used")
    assert await rig.database["facebanks"].find_one({"_id": SHOW}) == stored


async def test_other_pictures_under_a_used_key_are_refused(rig: IdentityRig) -> None:
    await with_show(rig)
    await send(rig, "rita", picture_of(RED, 1), key="k")
    for cast_id, picture in (("rita", picture_of(RED, 2)), ("greta", picture_of(RED, 1))):
        refused = await send(rig, cast_id, picture, key="k")
        assert (refused.status_code, refused.json()["error"]["code"]) == (409, "command_id_used")


async def test_a_key_of_a_command_that_changed_nothing_belongs_to_it_too(rig: IdentityRig) -> None:
    await with_show(rig)
    add = ("POST", f"/shows/{SHOW}/cast", {"name": "Rita"})
    first = await rig.call(*add, Idempotency_Key="k")
    await rig.data("DELETE", f"/shows/{SHOW}/cast/rita")
    again = await rig.call(*add, Idempotency_Key="k")
    assert (first.status_code, again.status_code) == (200, 200)
    assert again.json()["data"] == first.json()["data"]
    assert (await rig.data("GET", f"/shows/{SHOW}"))["members"] == 1, "it is not added again"
    other = await rig.call("POST", f"/shows/{SHOW}/cast", {"name": "Zoe"}, Idempotency_Key="k")
    assert (other.status_code, other.json()["error"]["code"]) == (409, "command_id_used")


async def test_pictures_of_another_model_are_embedded_again_once(rig: IdentityRig) -> None:
    await with_show(rig)
    await send(rig, "rita", picture_of(RED, 1), picture_of(RED, 2))
    await rig.database["facebank_pictures"].update_one({"cast_id": "rita"}, {"$set": {"model_id": "older"}})
    path = f"/shows/{SHOW}/pictures/embed"
    refused = await rig.client.post(path, json={"model_id": "older"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "another_model_served")
    first = await rig.data("POST", path, {"model_id": "colours"})
    again = await rig.data("POST", path, {"model_id": "colours"})
    assert [(one["pictures"], one["changed"], one["failed"]) for one in (first, again)] == [(2, 1, []), (2, 0, [])]
    listed = await rig.data("GET", f"/shows/{SHOW}/cast/rita/pictures")
    assert {one["model_id"] for one in listed} == {"colours"}
    assert len({one["picture"] for one in listed}) == 2
