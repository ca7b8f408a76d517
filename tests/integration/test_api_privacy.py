"""Erasing a person: nothing in any store has their name, their id, their vectors or their pictures afterwards."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
import pytest_asyncio

from chassis.errors import DependencyUnavailable
from chassis.kafka.bus import Origin
from chassis.mongo.database import Database
from chassis.settings import ChassisSettings, RetentionSettings
from contracts.blobs import PictureRef
from contracts.events import CastPictures, CastUploaded, FacebankUpdated, PersonErased, ShowDeleted
from screenalytics.commands.retention import make_retention
from screenalytics.local.servers import Stack
from services.identity.commands.purge import Purged, RevisionPurge
from tests.support.identity_rig import BLUE, EP, GREEN, LATER_RUN, OTHER_EP, RED, RUN, SHOW, picture_of
from tests.support.privacy_rig import OnScreen, PrivacyRig, Traces, members, privacy_rig

pytestmark = pytest.mark.integration

LATEST_RUN = "01JE15M7Q8XG3V4B2N1K0H9F8D"
RITA, GRETA = "rita-marsh", "greta-lind"


@pytest_asyncio.fixture
async def rig(stack: Stack, database: Database) -> AsyncIterator[PrivacyRig]:
    async with privacy_rig(stack, database) as running:
        yield running


async def send(rig: PrivacyRig, cast_id: str, *files: bytes, key: str) -> list[str]:
    answer = await rig.identity.client.post(
        f"/shows/{SHOW}/cast/{cast_id}/pictures",
        files=[("pictures", (f"{cast_id}-{number}.png", data, "image/png")) for number, data in enumerate(files)],
        headers={"Idempotency-Key": key},
    )
    assert answer.status_code == 200, answer.text
    return [verdict["code"] for verdict in answer.json()["data"]["verdicts"]]


async def season(rig: PrivacyRig) -> dict[tuple[int, int, int], Traces]:
    """Two episodes, one of them analysed twice, corrected by hand, asked for in every way that leaves something behind."""
    data = rig.identity.data
    rita, greta = Traces(("rita marsh", RITA, "nm9999901", "baroness vo", "vosburg")), Traces(("greta lind", GRETA))
    traces = {RED: rita, GREEN: greta, BLUE: Traces(())}
    await data("POST", "/shows", {"name": "My Show"})
    await data("POST", f"/shows/{SHOW}/cast/import", {"members": [{"name": "Rita Marsh"}, {"name": "Greta Lind"}]})
    await data("PUT", f"/shows/{SHOW}/cast/{RITA}/consent", {"basis": "consent", "given_on": "2026-01-31"})
    said = {"external_ids": {"imdb": "nm9999901"}, "characters": ["Baroness Vo"], "attributes": {"home": "Vosburg"}}
    await data("PUT", f"/shows/{SHOW}/cast/{RITA}/details", said)
    pictures = [picture_of(RED, seed) for seed in (1, 2)]
    rita.pictures += pictures
    await send(rig, RITA, *pictures, key="r")
    await send(rig, GRETA, picture_of(GREEN, 1), picture_of(GREEN, 2), key="g")
    assert await send(rig, GRETA, picture_of(RED, 7), key="wrong") == ["looks_like_another"]
    await data("DELETE", f"/shows/{SHOW}/cast/{GRETA}/pictures/{await wrong_picture(rig)}")
    await rig.settle()
    async for picture in rig.database["facebank_pictures"].find({"cast_id": RITA}):
        rita.vectors.append(np.frombuffer(picture["vector"], dtype="<f4"))
    first = [OnScreen(RED, 0, 8), OnScreen(GREEN, 10, 16), OnScreen(BLUE, 20, 24), OnScreen(RED, 30, 34)]
    await rig.episode(first, traces, run_id=RUN)
    await rig.episode(first, traces, run_id=LATEST_RUN)
    await rig.episode([OnScreen(RED, 2, 5), OnScreen(BLUE, 6, 9)], traces, ep_id=OTHER_EP, run_id=LATER_RUN)
    stranger = await identity_of(rig, EP, None)
    links = f"/links/{EP}/{stranger}"
    await data("PUT", links, {"cast_id": RITA, "why": "Rita Marsh in a wig"}, version="*")
    await rig.settle()
    await data("POST", f"/links/{EP}/undo", {"why": "not Rita  Marsh"}, version="*")
    await data("PUT", links, {"cast_id": GRETA, "why": "greta's coat"}, version="*")
    await rig.settle()
    theirs = await identity_of(rig, EP, RITA)
    shown = await data("GET", f"/media/{EP}/identities/{theirs}/representatives")
    names = [face["thumbnail"] for face in shown["representatives"]]
    await data("POST", f"/media/{EP}/urls", {"pictures": names})
    return traces


async def wrong_picture(rig: PrivacyRig) -> str:
    entries = await rig.identity.data("GET", f"/shows/{SHOW}/cast/{GRETA}/pictures")
    return next(entry["picture"] for entry in entries if entry["looks_like"])


async def identity_of(rig: PrivacyRig, ep_id: str, cast_id: str | None) -> str:
    people = (await rig.identity.data("GET", f"/identities/{ep_id}"))["items"]
    return next(one["identity_id"] for one in people if one["cast_id"] == cast_id)


async def seconds(rig: PrivacyRig, ep_id: str) -> dict[str, float]:
    document = await rig.identity.data("GET", f"/screen-time/{ep_id}")
    return {row["cast_id"]: row["visible_s"] for row in document["cast"]}


async def unidentified(rig: PrivacyRig, ep_id: str) -> float:
    """Seconds of everybody without a name."""
    document = await rig.identity.data("GET", f"/screen-time/{ep_id}")
    return float(sum(row["visible_s"] for row in document["unidentified"]))


async def test_nothing_in_any_store_has_anything_of_an_erased_person(rig: PrivacyRig) -> None:
    traces = await season(rig)
    before = await rig.found(traces[RED])
    for place in ("mongo facebanks", "mongo facebank_pictures", "mongo facebank_requests", "mongo identities"):
        assert any(place in found for found in before), place
    for place in ("mongo people", "mongo screen_time", "mongo audit", "mongo runs", "s3 raw/facebank", "s3 artifacts/"):
        assert any(place in found for found in before), place
    for ending in (".npy", ".zip", ".html", ".parquet", ".csv", ".json", ".jpg"):
        assert any(found.endswith(ending) for found in before), ending
    assert await seconds(rig, EP) == {RITA: 12.0, GRETA: 10.0}

    asked = await rig.identity.call("POST", f"/shows/{SHOW}/erasures", {"cast_id": RITA})
    assert asked.status_code == 202, asked.text
    receipt = asked.json()["data"]
    assert (receipt["state"], receipt["kind"]) == ("pending", "person")
    assert (await rig.identity.call("GET", f"/shows/{SHOW}/cast/{RITA}")).status_code == 404
    done = await rig.erase_until_done(SHOW, receipt["erasure_id"])

    assert await rig.found(traces[RED]) == []
    assert (done.episodes_done, done.episodes_pending) == (2, 0)
    assert {one.ep_id: one.tracks for one in done.episodes} == {EP: 2, OTHER_EP: 1}
    assert done.removed["reference_pictures"] == 2
    assert done.removed["picture_files"] == 2
    held = {entry.topic: entry.until for entry in done.kafka}
    assert {"cast.uploaded", "screentime.reported", "person.erased", "identity.dead-letter"} <= set(held)
    assert held["screentime.reported"] - done.finished_at == timedelta(days=90)
    told = [(event.action, event.cast_id) for event in rig.identity.bus.of(PersonErased)]
    assert told == [("requested", RITA), ("completed", None)]


async def test_everybody_else_is_left_as_they_were(rig: PrivacyRig) -> None:
    traces = await season(rig)
    before = set(await rig.found(traces[GREEN]))
    erasure = (await rig.identity.data("POST", f"/shows/{SHOW}/erasures", {"cast_id": RITA}))["erasure_id"]
    await rig.erase_until_done(SHOW, erasure)
    assert await seconds(rig, EP) == {GRETA: 10.0}
    assert before
    for vectors in ("faces.npy", "tracks.npy"):
        assert f"s3 artifacts/manifests/{EP}/{vectors}" in await rig.found(Traces((), vectors=traces[GREEN].vectors))
    shown = await rig.identity.data(
        "GET", f"/media/{EP}/identities/{await identity_of(rig, EP, GRETA)}/representatives"
    )
    names = [face["thumbnail"] for face in shown["representatives"]]
    urls = await rig.identity.data("POST", f"/media/{EP}/urls", {"pictures": names})
    assert len(urls["pictures"]) == len(names) > 0
    await rig.identity.data("POST", f"/links/{EP}/undo", {}, version="*")
    await rig.settle()
    assert await seconds(rig, EP) == {GRETA: 6.0}
    assert (await rig.identity.data("GET", f"/screen-time/{EP}"))["unidentified"]


async def test_an_erased_person_does_not_come_back(rig: PrivacyRig) -> None:
    traces = await season(rig)
    sent = CastUploaded(
        show=SHOW,
        request_id="from-the-topic",
        cast=(CastPictures(cast_id=RITA, name="Rita Marsh", pictures=await pictures_in_s3(rig)),),
    )
    erasure = (await rig.identity.data("POST", f"/shows/{SHOW}/erasures", {"cast_id": RITA}))["erasure_id"]
    await rig.erase_until_done(SHOW, erasure)
    said = await rig.identity.bus.handle(sent)
    assert [verdict.code for event in said if isinstance(event, FacebankUpdated) for verdict in event.verdicts] == [
        "person_erased"
    ]
    again = await rig.identity.call("POST", f"/shows/{SHOW}/cast", {"name": "Rita Marsh"})
    assert (again.status_code, again.json()["error"]["code"]) == (409, "person_erased")
    row = (await rig.identity.data("POST", f"/shows/{SHOW}/cast/import", {"members": [{"name": "Rita Marsh"}]}))[0]
    assert row["verdict"] == "refused"
    assert [place for place in await rig.found(traces[RED]) if "facebank" not in place] == []
    same = await rig.identity.call("POST", f"/shows/{SHOW}/erasures", {"cast_id": RITA})
    assert same.json()["data"]["erasure_id"] == erasure


async def pictures_in_s3(rig: PrivacyRig) -> tuple[PictureRef, ...]:
    data = picture_of(RED, 9)
    ref = await rig.storage.put("inbox/one.png", data, media_type="image/png")
    return (PictureRef(uri=ref.uri, sha256=ref.sha256, bytes=ref.bytes, media_type="image/png", filename="one.png"),)


async def test_a_late_writer_is_cleaned_up_after(rig: PrivacyRig) -> None:
    """A report that was being made when the person was erased is stored afterwards: the second pass finds it."""
    traces = await season(rig)
    revisions = [doc async for doc in rig.database["screen_time"].find({"ep_id": EP, "run_id": LATEST_RUN})]
    late = max(revisions, key=lambda doc: doc["revision"])
    erasure = (await rig.identity.data("POST", f"/shows/{SHOW}/erasures", {"cast_id": RITA}))["erasure_id"]
    while (await rig.erasures.receipt(SHOW, erasure)).episodes_done < 2:
        await rig.database["erasures"].update_many({}, {"$set": {"due_at": datetime.now(UTC)}})
        await rig.erasures.sweep()
        await rig.settle()
    await rig.database["screen_time"].insert_one(late | {"cause": "late"})
    await rig.erase_until_done(SHOW, erasure)
    assert await rig.found(traces[RED]) == []


async def test_what_operators_wrote_and_cut_has_nothing_of_an_erased_person(rig: PrivacyRig) -> None:
    traces = await season(rig)
    people = (await rig.identity.data("GET", f"/identities/{EP}"))["items"]
    mixed = next(one for one in people if one["cast_id"] == RITA)
    details = await rig.identity.data("GET", f"/identities/{EP}/{mixed['identity_id']}")
    track = min(details["track_ids"])
    await rig.correct("rename", {"identity_id": mixed["identity_id"], "label": "Rita Marsh's double", "why": "no idea"})
    await rig.correct("move-range", {"track_id": track, "start_s": 4.0, "end_s": 8.0, "why": "not Rita Marsh"})
    for one in (await rig.identity.data("GET", f"/identities/{EP}"))["items"]:
        if one["first_s"] == 4.0:
            stretch = one["identity_id"]
    await rig.identity.data("PUT", f"/links/{EP}/{stretch}", {"cast_id": GRETA}, version="*")
    await rig.settle()
    before = await seconds(rig, EP)
    assert any("mongo edits" in place for place in await rig.found(traces[RED]))
    erasure = (await rig.identity.data("POST", f"/shows/{SHOW}/erasures", {"cast_id": RITA}))["erasure_id"]
    await rig.erase_until_done(SHOW, erasure)
    assert before[GRETA] > 10.0
    assert await seconds(rig, EP) == {GRETA: before[GRETA]}
    of_others = Traces((), vectors=traces[RED].vectors[1:4])  # the stretch's own faces are Greta's now
    texts = Traces(traces[RED].texts)
    assert await rig.found(texts) == []
    assert all(place.endswith(("faces.npy", ".npy")) for place in await rig.found(of_others))
    strangers = await unidentified(rig, EP)
    await rig.correct("rename", {"identity_id": stretch, "label": None})
    assert await seconds(rig, EP) == {GRETA: before[GRETA]}
    assert await unidentified(rig, EP) == strangers, "what was erased does not come back with the next grouping"
    await rig.take_back("move_range")
    assert await seconds(rig, EP) == {GRETA: before[GRETA] - 4.0}
    assert await unidentified(rig, EP) == pytest.approx(strangers + 4.0), "nor with the cut that is taken back"
    assert await rig.found(texts) == []


async def test_an_erasure_that_breaks_off_is_taken_up_again(rig: PrivacyRig, monkeypatch: pytest.MonkeyPatch) -> None:
    traces = await season(rig)
    erasure = (await rig.identity.data("POST", f"/shows/{SHOW}/erasures", {"cast_id": RITA}))["erasure_id"]
    real, calls = RevisionPurge.purge, []

    async def breaking(self: RevisionPurge, ep_id: str, **more: Any) -> Purged:
        calls.append(ep_id)
        if len(calls) < 3:
            raise DependencyUnavailable("s3", "away")
        return await real(self, ep_id, **more)

    monkeypatch.setattr(RevisionPurge, "purge", breaking)
    for _ in range(6):
        await rig.database["erasures"].update_many({}, {"$set": {"due_at": datetime.now(UTC)}})
        with suppress(DependencyUnavailable):
            await rig.erasures.sweep()
        await rig.settle()
    await rig.erase_until_done(SHOW, erasure)
    assert len(calls) > 3
    assert await rig.found(traces[RED]) == []


async def test_a_person_who_was_removed_earlier_is_erased_by_name(rig: PrivacyRig) -> None:
    traces = await season(rig)
    await rig.identity.data("DELETE", f"/shows/{SHOW}/cast/{RITA}?unlink=true")
    await rig.settle()
    unknown = await rig.identity.call("POST", f"/shows/{SHOW}/erasures", {"cast_id": RITA})
    assert (unknown.status_code, unknown.json()["error"]["code"]) == (404, "unknown_cast_member")
    body = {"cast_id": RITA, "names": ["Rita Marsh"]}
    erasure = (await rig.identity.data("POST", f"/shows/{SHOW}/erasures", body))["erasure_id"]
    await rig.erase_until_done(SHOW, erasure)
    assert await rig.found(Traces(traces[RED].texts)) == []


async def test_what_is_over_its_time_goes_and_times_on_screen_stay(rig: PrivacyRig) -> None:
    traces = await season(rig)
    before = await rig.identity.data("GET", f"/screen-time/{OTHER_EP}")
    settings = ChassisSettings(retention=RetentionSettings(strangers_days=30, revisions_days=90, audit_days=365))
    retention = make_retention(settings, rig.database, rig.storage)
    now = datetime.now(UTC)
    kept = await retention.run(now, is_trial=True)
    later = now + timedelta(days=400)
    counted = await retention.run(later, is_trial=True)
    assert (kept.revisions, kept.audit_entries) == (0, 0)
    assert counted.revisions > 0 < counted.audit_entries
    assert counted.strangers == 1
    done = await retention.run(later)
    assert (done.revisions, done.audit_entries, done.strangers) == (
        counted.revisions,
        counted.audit_entries,
        counted.strangers,
    )
    assert await rig.database["audit"].count_documents({}) == 0
    (asked,) = await rig.erasures.receipts(SHOW)
    receipt = await rig.erase_until_done(SHOW, asked.erasure_id)
    assert (receipt.kind, receipt.kafka) == ("strangers", ())
    after = await rig.identity.data("GET", f"/screen-time/{OTHER_EP}")
    assert [(row["cast_id"], row["intervals_s"]) for row in after["cast"]] == [
        (row["cast_id"], row["intervals_s"]) for row in before["cast"]
    ]
    visible = [(row["identity_id"], row["intervals_s"]) for row in before["unidentified"]]
    assert [(row["identity_id"], row["intervals_s"]) for row in after["unidentified"]] == visible
    assert [place for place in await rig.found(traces[BLUE]) if OTHER_EP in place] == []
    assert [place for place in await rig.found(traces[RED]) if OTHER_EP in place] != []
    again = await retention.run(later)
    assert (again.revisions, again.strangers, again.audit_entries) == (0, 0, 0)
    someone = await identity_of(rig, OTHER_EP, RITA)
    await rig.correct("lock", {"identity_id": someone}, ep_id=OTHER_EP)
    regrouped = await rig.identity.data("GET", f"/screen-time/{OTHER_EP}")
    assert [(row["identity_id"], row["intervals_s"]) for row in regrouped["unidentified"]] == visible, (
        "nor does an edit change them"
    )


async def test_whoever_is_asked_for_gets_everything(rig: PrivacyRig) -> None:
    await season(rig)
    answer = await rig.identity.call("POST", f"/shows/{SHOW}/cast/{RITA}/export")
    assert answer.status_code == 200
    files = dict(members(answer.content))
    person = json.loads(files["person.json"])
    assert (person["name"], person["legal_basis"]["basis"]) == ("Rita Marsh", "consent")
    assert [len(picture["vector"]) for picture in person["reference_pictures"]] == [16, 16]
    assert sum(name.startswith("pictures/") for name in files) == 2
    assert person["verdicts_on_pictures"] and person["calls_of_the_api"]
    assert len(json.loads(files[f"episodes/{EP}/tracks.json"])) == 2
    assert sum(name.startswith(f"episodes/{EP}/faces/") for name in files) == 12
    assert json.loads(files[f"episodes/{EP}/links.json"])["history"]
    assert "Rita Marsh" in files["README.txt"].decode()
    assert "greta" not in files["person.json"].decode().casefold()
    assert (await rig.identity.call("POST", f"/shows/{SHOW}/cast/nobody/export")).status_code == 404


async def test_pictures_are_used_only_with_a_legal_basis_where_one_is_required(
    stack: Stack, database: Database
) -> None:
    async with privacy_rig(stack, database, {"facebank": {"require_consent": True}}) as rig:
        await consent_is_required(rig)


async def consent_is_required(rig: PrivacyRig) -> None:
    data = rig.identity.data
    await data("POST", "/shows", {"name": "My Show"})
    await data("POST", f"/shows/{SHOW}/cast", {"name": "Rita Marsh"})
    refused = await rig.identity.client.post(
        f"/shows/{SHOW}/cast/{RITA}/pictures", files=[("pictures", ("1.png", picture_of(RED), "image/png"))]
    )
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "consent_missing")
    sent = CastUploaded(
        show=SHOW,
        request_id="one",
        cast=(CastPictures(cast_id=RITA, name="Rita Marsh", pictures=await pictures_in_s3(rig)),),
    )
    said = await rig.identity.bus.handle(sent)
    assert [one.code for event in said if isinstance(event, FacebankUpdated) for one in event.verdicts] == [
        "consent_missing"
    ]
    given = {"basis": "consent", "given_on": "2026-02-01", "note": "form 12"}
    consent = await data("PUT", f"/shows/{SHOW}/cast/{RITA}/consent", given)
    assert consent["recorded_by"] == "local"
    assert await send(rig, RITA, picture_of(RED), key="now") == ["ok"]
    assert (await data("GET", f"/shows/{SHOW}/cast/{RITA}"))["consent"]["note"] == "form 12"
    await rig.episode([OnScreen(RED, 0, 8)], {}, run_id=RUN)
    assert await seconds(rig, EP) == {RITA: 8.0}
    assert await data("DELETE", f"/shows/{SHOW}/cast/{RITA}/consent") is True
    assert await data("DELETE", f"/shows/{SHOW}/cast/{RITA}/consent") is False
    await rig.episode([OnScreen(RED, 0, 8)], {}, ep_id=OTHER_EP, run_id=LATER_RUN)
    assert await seconds(rig, OTHER_EP) == {}
    warnings = (await data("GET", f"/screen-time/{OTHER_EP}"))["warnings"]
    assert any("no legal basis" in sentence for sentence in warnings)


async def test_a_show_is_deleted_and_what_was_sent_before_does_not_bring_it_back(rig: PrivacyRig) -> None:
    await season(rig)
    assert (await rig.identity.call("DELETE", f"/shows/{SHOW}")).status_code == 202
    await rig.settle()
    (event,) = rig.identity.bus.of(ShowDeleted)
    assert [key async for key in rig.storage.list_keys(f"raw/facebank/{SHOW}/")] == []
    assert await rig.database["facebank_pictures"].count_documents({}) == 0
    assert await rig.database["facebank_requests"].count_documents({}) == 0
    handler = rig.identity.bus._handlers[CastUploaded]
    sent = CastUploaded(show=SHOW, request_id="old", cast=(CastPictures(cast_id="x", name="X", pictures=()),))
    before = datetime.fromisoformat(event.at) - timedelta(seconds=1)
    assert list(await handler(sent, Origin(event_id="e", time=before, topic="cast.uploaded"))) == []
    assert (await rig.identity.call("DELETE", f"/shows/{SHOW}-x")).status_code == 404
    created = await rig.identity.call("POST", "/shows", {"name": "My Show"})
    assert created.status_code == 201
    assert (await rig.identity.data("GET", f"/shows/{SHOW}/cast"))["items"] == []
