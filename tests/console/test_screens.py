"""Every screen: what is there, for whom it is usable, and how it looks (pictures of it go to `out/console`)."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import pytest
from PIL import Image
from playwright.async_api import Page

from screenalytics.http_client import models
from tests.console.browser import barriers, what_broke
from tests.console.conftest import EP, SHOW, Console

ROOT = Path(__file__).resolve().parents[2]
PICTURES = ROOT / "out/console"
DOCUMENTED = ROOT / "docs/console"
"""`CONSOLE_PICTURES=1` renews the pictures of the documentation: each screen, and the review in the dark."""

SCREENS = {
    "episodes": ("episodes", "table"),
    "review": (f"ep/{EP}/review?q={{who}}", "article h1"),
    "people": (f"ep/{EP}/people", "[role=option]"),
    "person": (f"ep/{EP}/person/{{first}}", "[role=option]"),
    "watch": (f"ep/{EP}/watch?t=12", ".lanes canvas"),
    "result": (f"ep/{EP}/result", "table"),
    "history": (f"ep/{EP}/history", "h1"),
    "cast": (f"show/{SHOW}/cast/mira", ".pictures li"),
    "show": (f"show/{SHOW}/show", "table"),
    "settings": ("settings", "h1"),
}


PICTURES_SHOWN = """Promise.race([
  new Promise((after) => setTimeout(after, 4000)),
  new Promise((after) => setTimeout(after, 300)).then(() => {
    const painted = [...document.querySelectorAll('[style*="background-image"]')].map((one) => {
      const image = new Image();
      image.src = one.style.backgroundImage.slice(5, -2);
      return image;
    });
    const near = [...document.images].filter((one) => one.getBoundingClientRect().top < innerHeight);
    return Promise.all([...near, ...painted].map((one) => one.decode().catch(() => {})));
  }),
])"""
"""Waits for pictures in sight, and for those that are drawn out of sheets."""

ALL_THERE = """() => ![...document.querySelectorAll('[style*="background-image: none"]')].length
  && !document.querySelector(".picture.none, .stage .none")
  && [...document.images].every((one) => one.getBoundingClientRect().top >= innerHeight || one.naturalWidth > 0)
  && [...document.querySelectorAll("video")].every((one) => one.readyState >= 2 && !one.seeking)"""
"""Whether every face is out of its sheet, pictures in sight are there and the video shows the frame that it is to show."""


async def save(page: Page, name: str) -> None:
    """A small picture: few colours are enough to see what is where."""
    renews = os.environ.get("CONSOLE_PICTURES") and (name in SCREENS or name == "review-dark")
    folder = DOCUMENTED if renews else PICTURES
    folder.mkdir(parents=True, exist_ok=True)
    picture = Image.open(io.BytesIO(await page.screenshot()))
    picture.convert("RGB").quantize(192).save(folder / f"{name}.png", optimize=True)


async def show(page: Page, console: Console, screen: str) -> None:
    """Go there and wait until it shows what it is for, pictures and all."""
    place, sign = SCREENS[screen]
    if "{first}" in place:
        place = place.replace("{first}", str(console.api.list_identities(EP).data.items[0].identity_id))
    if "{who}" in place:
        questions = console.api.read_review(EP).data.questions
        place = place.replace("{who}", next(one.id for one in questions if one.kind == "who"))
    await page.goto(console.at(place))
    await page.wait_for_selector(sign)
    await page.evaluate(PICTURES_SHOWN)


async def check_nothing_is_cut_off(page: Page) -> None:
    """640 pixels are what is left of 1280 at 200 %."""
    await page.set_viewport_size({"width": 640, "height": 450})
    width = await page.evaluate(
        "Math.max(document.documentElement.scrollWidth, document.querySelector('main').scrollWidth)"
    )
    assert width <= 640


@contextmanager
def some_decisions(console: Console) -> Iterator[None]:
    """A history with a few decisions of each kind, one of them taken back; afterwards all are."""
    api = console.api
    named, strangers = (api.list_identities(EP, state=state).data.items for state in ("linked", "unidentified"))
    api.lock_cluster(EP, models.LockCluster(identity_id=named[0].identity_id), if_match="*")
    label = models.RenameCluster(identity_id=strangers[0].identity_id, label="The one with sunglasses")
    api.rename_cluster(EP, label, if_match="*")
    api.link_identity(EP, strangers[1].identity_id, models.LinkRequest(cast_id=str(named[0].cast_id)), if_match="*")
    api.undo_step(EP, models.WhichStep(why="The hair is another one"), if_match="*")
    api.mark_extras(EP, models.ExtrasRequest(identity_ids=[one.identity_id for one in strangers[2:4]]), if_match="*")
    try:
        yield
    finally:
        for one in api.read_history(EP, limit=5).data.items:
            if one.action == "do" and one.active:
                api.undo_step(EP, models.WhichStep(step=one.step), if_match="*")


@pytest.mark.e2e
@pytest.mark.parametrize("screen", SCREENS)
async def test_a_screen_is_there_for_everybody_in_every_light(page: Page, console: Console, screen: str) -> None:
    with some_decisions(console) if screen == "history" else nullcontext():
        await _look_in_every_light(page, console, screen)


async def _look_in_every_light(page: Page, console: Console, screen: str) -> None:
    await show(page, console, screen)
    if screen == "history":
        await page.wait_for_selector("tbody tr")
    await page.wait_for_function(ALL_THERE)
    await save(page, screen)
    assert await barriers(page) == []
    await page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    assert await barriers(page) == []
    await save(page, f"{screen}-dark")
    await page.emulate_media(forced_colors="active")
    assert await barriers(page) == []
    await page.emulate_media(forced_colors="none", color_scheme="light", reduced_motion="reduce")
    await check_nothing_is_cut_off(page)
    await save(page, f"{screen}-narrow")
    assert await what_broke(page) == []
