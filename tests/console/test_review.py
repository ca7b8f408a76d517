"""Questions are answered with one key, the effect is there in a second, and one key takes it back."""

from __future__ import annotations

import asyncio
import re
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from playwright.async_api import Page, Route, expect

from screenalytics.http_client import models
from screenalytics.http_client.client import Client
from tests.console.browser import all_sent, barriers, what_broke
from tests.console.conftest import EP, Console, until
from tests.console.test_screens import save, show
from tests.console.test_states import changing

SO_ALREADY = re.compile(r"It is an extra already\.|decided meanwhile")
"""What is said where the page heard of the other answer, and where it did not."""
NOTE_PICTURES = "() => document.querySelectorAll('article img').forEach((one) => { one.shownBefore = one.src; })"
OTHER_PICTURES = """() => [...document.querySelectorAll("article img")]
  .filter((one) => one.shownBefore && one.shownBefore !== one.src && !one.complete).map((one) => one.src)"""
"""Pictures on their way to an element that showed another one: it shows that until they are there."""
SEEKS = """() => {
  window.seeks = 0;
  document.querySelector("figure video").addEventListener("seeking", () => { window.seeks += 1; });
}"""
PLAYED_S = 6
SPACING_S, PICTURES = 1.7, 60
"""Of a video with few pictures: wherever one begins, the picture that is shown began long before."""
WITHOUT_BOX = """() => {
  window.withoutBox = 0;
  const look = () => { if (!document.querySelector("figure .picture i")) window.withoutBox += 1; };
  new MutationObserver(look).observe(document.querySelector("figure"), {subtree: true, childList: true});
}"""
"""Counts how often the picture is without a box."""


def write_slow(path: Path) -> Path:
    """A video of which each picture stays for `SPACING_S`."""
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
        stream.time_base = stream.codec_context.time_base = Fraction(1, 1000)
        for number in range(PICTURES):
            frame = av.VideoFrame.from_ndarray(np.full((180, 320, 3), number * 4, np.uint8), format="rgb24")
            frame.time_base, frame.pts = Fraction(1, 1000), round(1000 * SPACING_S * number)
            out.mux(stream.encode(frame))
        out.mux(stream.encode())
    return path


def named(api: Client) -> dict[str, str]:
    return {one.identity_id: one.name for one in api.list_identities(EP, limit=500).data.items if one.name}


@pytest.mark.e2e
async def test_a_name_is_typed_and_taken_back(page: Page, console: Console) -> None:
    before = named(console.api)
    await show(page, console, "review")
    question = await page.evaluate("location.hash")
    undecided = await page.inner_text("aside .big")
    await page.keyboard.press("w")
    await page.keyboard.type("Somebody New")
    await page.keyboard.press("Control+Enter")
    await page.wait_for_function("(hash) => location.hash !== hash", arg=question)
    await until(lambda: "Somebody New" in named(console.api).values())
    await page.wait_for_function("(was) => document.querySelector('aside .big')?.innerText !== was", arg=undecided)
    await expect(page.get_by_role("status").filter(has_text="undecided")).to_be_visible()
    await page.keyboard.press("u")
    await until(lambda: named(console.api) == before)
    await page.wait_for_function("(hash) => location.hash === hash", arg=question)
    assert await what_broke(page) == []


@pytest.mark.e2e
async def test_an_extra_is_one_key_and_comes_back_with_one(page: Page, console: Console) -> None:
    await show(page, console, "review")
    question = await page.evaluate("location.hash")
    await page.keyboard.press("e")
    await page.wait_for_function("(hash) => location.hash !== hash", arg=question)
    await page.get_by_role("button", name="Undo").click()
    await page.wait_for_function("(hash) => location.hash === hash", arg=question)
    await page.wait_for_selector("text=saved")
    assert await what_broke(page) == []


@pytest.mark.e2e
async def test_what_somebody_else_answered_the_same_meanwhile_is_not_said_to_be_done(
    page: Page, console: Console
) -> None:
    await show(page, console, "review")
    await page.route("**/review/*", lambda route: route.abort())
    await page.route("**/changes/*", lambda route: route.abort())
    asked = console.api.read_review(EP).data.questions
    who = next(one.identity_id for one in asked if one.id in page.url)
    console.api.mark_extras(EP, models.ExtrasRequest(identity_ids=[who]), if_match="*")
    marked = console.api.read_history(EP).data.items[0]
    await page.keyboard.press("e")
    said = page.get_by_role("status").filter(has_text=SO_ALREADY)
    await expect(said).to_be_visible()
    assert console.api.read_history(EP).data.items[0].step == marked.step
    console.api.undo_step(EP, models.WhichStep(step=marked.step), if_match="*")
    assert await what_broke(page) == []


@pytest.mark.e2e
async def test_the_box_stays_on_the_face_when_something_else_is_decided(page: Page, console: Console) -> None:
    await show(page, console, "review")
    box = page.locator("figure .picture i")
    await expect(box).to_be_visible()
    await page.evaluate(WITHOUT_BOX)
    before = int((await page.inner_text("aside .big")).split(".")[0])
    asked = next(one.identity_id for one in console.api.read_review(EP).data.questions if one.id in page.url)
    strangers = console.api.list_identities(EP, state="unidentified").data.items
    other = next(one.identity_id for one in strangers if one.identity_id != asked)
    console.api.mark_extras(EP, models.ExtrasRequest(identity_ids=[other]), if_match="*")
    await page.wait_for_function("(was) => parseInt(document.querySelector('aside .big').innerText) < was", arg=before)
    await page.wait_for_timeout(500)
    assert await page.evaluate("window.withoutBox") == 0
    console.api.restore_extras(EP, models.ExtrasRequest(identity_ids=[other]), if_match="*")
    assert await what_broke(page) == []


@pytest.mark.e2e
async def test_what_is_put_off_comes_back_and_the_place_outlasts_a_reload(page: Page, console: Console) -> None:
    await show(page, console, "review")
    first = await page.evaluate("location.hash")
    await page.keyboard.press("ArrowDown")
    await page.wait_for_function("(hash) => location.hash !== hash", arg=first)
    second = await page.evaluate("location.hash")
    await page.reload()
    await page.wait_for_selector("article h1")
    assert await page.evaluate("location.hash") == second
    await page.goto(console.episode("review"))
    await page.keyboard.press("ArrowUp")


@pytest.mark.e2e
async def test_answers_without_a_line_are_kept_and_sent_when_it_is_back(page: Page, console: Console) -> None:
    """Down, and a reload meanwhile: nothing pretends to be saved, and nothing is lost or done twice."""
    before = named(console.api)
    await show(page, console, "review")
    await page.route("**/extras/**", lambda route: route.abort())
    await page.route("**/links/**", lambda route: route.abort())
    await page.keyboard.press("w")
    await page.keyboard.type("Kept Here")
    await page.keyboard.press("Control+Enter")
    await page.wait_for_selector("text=The service does not answer")
    assert await page.locator("text=1 answer kept here").is_visible()
    await page.reload()
    await page.wait_for_selector("text=1 answer kept here")
    assert named(console.api) == before
    await page.unroute_all()
    await until(lambda: "Kept Here" in named(console.api).values())
    await page.wait_for_selector("text=saved")
    await page.keyboard.press("u")
    await until(lambda: named(console.api) == before)


@pytest.mark.e2e
async def test_a_picture_that_is_on_its_way_is_not_stood_in_for_by_that_of_the_question_before(
    page: Page, console: Console
) -> None:
    first, second = (one for one in console.api.read_review(EP).data.questions[:2])
    late = asyncio.Event()

    async def hold(route: Route) -> None:
        await late.wait()
        await route.continue_()

    for picture in {one.picture for one in second.evidence} - {one.picture for one in first.evidence}:
        await page.route(f"**/pictures/{picture}", hold)
    await page.goto(f"{console.episode('review')}?q={first.id}")
    await page.wait_for_selector(f"article[data-question='{first.id}']")
    await page.wait_for_function("() => [...document.querySelectorAll('article img')].every((one) => one.complete)")
    await page.evaluate(NOTE_PICTURES)
    pick = page.get_by_role("complementary", name="What is left").get_by_role("button").nth(1)
    await pick.click()
    await page.wait_for_selector(f"article[data-question='{second.id}']")
    assert await page.evaluate("() => [...document.querySelectorAll('article img')].some((one) => !one.complete)")
    assert await page.evaluate(OTHER_PICTURES) == []
    late.set()
    await page.wait_for_function("() => [...document.querySelectorAll('article img')].every((one) => one.complete)")
    assert await what_broke(page) == []


@pytest.mark.e2e
async def test_a_moment_of_few_pictures_is_played_and_not_looked_for_over_and_over(
    page: Page, console: Console, tmp_path: Path
) -> None:
    content = write_slow(tmp_path / "slow.mp4").read_bytes()

    async def send(route: Route) -> None:
        first, last = (await route.request.header_value("range") or "bytes=0-").removeprefix("bytes=").split("-")
        begin, end = int(first), int(last) if last else len(content) - 1
        span = f"bytes {begin}-{end}/{len(content)}"
        headers = {"Content-Range": span, "Accept-Ranges": "bytes", "Content-Type": "video/mp4"}
        await route.fulfill(status=206, headers=headers, body=content[begin : end + 1])

    await changing(page, "**/playback", lambda data: data.update(url=f"{console.url}/slow.mp4", starts_at_s=0))
    await page.route("**/slow.mp4", send)
    await show(page, console, "review")
    await page.wait_for_function("() => document.querySelector('figure video')?.readyState >= 2")
    await page.evaluate(SEEKS)
    await page.keyboard.press("Space")
    await page.wait_for_timeout(PLAYED_S * 1000)
    assert 1 <= await page.evaluate("window.seeks") <= PLAYED_S + 1, "once to its beginning, and once a round"
    assert await what_broke(page) == []


@pytest.mark.e2e
async def test_of_people_looked_at_together_one_key_says_all_extras_or_one_by_one(page: Page, console: Console) -> None:
    api = console.api
    for one in api.read_review(EP, limit=200).data.questions:
        if one.later:
            api.put_question_off(EP, models.LaterRequest(id=one.id, later=False))
    unnamed = [one for one in reversed(api.read_review(EP).data.questions) if one.kind == "who" and one.worth_s > 0.1]
    alone = [str(one.identity_id) for one in unnamed[:2]]  # two extras say that strangers are hardly ever named here
    api.mark_extras(EP, models.ExtrasRequest(identity_ids=alone), if_match="*")
    await until(lambda: any(one.kind == "extras" for one in api.read_review(EP).data.questions))
    group = next(one for one in api.read_review(EP).data.questions if one.kind == "extras")
    together = set(group.identity_ids or ())
    await page.goto(f"{console.episode('review')}?q={group.id}")
    heading = page.get_by_role("heading", name=f"Are these {len(together)} people all extras?")
    await expect(heading).to_be_visible()
    answers = page.get_by_role("list", name="Answers").get_by_role("button")
    assert [await one.locator("kbd").all_inner_texts() for one in await answers.all()] == [["Enter", "E"], ["N"]]
    assert await page.get_by_text("Nobody in the cast is near").count() == 0
    assert await barriers(page) == []
    await save(page, "state-extras")
    question = await page.evaluate("location.hash")
    await page.evaluate("window.pressed.length = 0")
    for key in ("x", "w", "m", "s", "l", "1"):
        await page.keyboard.press(key)
    assert await page.evaluate("window.pressed") == [], "what is about one person does nothing"
    for key, done in (("e", True), ("Enter", True), ("n", False)):
        before = extras(api)
        await page.keyboard.press(key)
        await page.wait_for_function("(hash) => location.hash !== hash", arg=question)
        await all_sent(page)
        assert (extras(api) >= together) is done
        await page.keyboard.press("u")
        await page.wait_for_function("(hash) => location.hash === hash", arg=question)
        await until(lambda: extras(api) == before)  # noqa: B023  (called in this round)
    await until(lambda: group.id in {one.id for one in api.read_review(EP).data.questions})
    api.restore_extras(EP, models.ExtrasRequest(identity_ids=alone), if_match="*")
    assert await what_broke(page) == []


def extras(api: Client) -> set[str]:
    of = api.read_timeline(EP).data.identities
    return {one for one, is_extra in zip(of.identity_id, of.extra, strict=True) if is_extra}
