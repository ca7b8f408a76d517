"""Every screen: what is there, for whom it is usable, and how it looks (pictures of it go to `out/console`)."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest
from PIL import Image
from playwright.async_api import Page

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


@pytest.mark.e2e
@pytest.mark.parametrize("screen", SCREENS)
async def test_a_screen_is_there_for_everybody_in_every_light(page: Page, console: Console, screen: str) -> None:
    await show(page, console, screen)
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
