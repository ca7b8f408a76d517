"""Every key of the list does something, where it says that it does; and single letters can be switched off."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path

import pytest
from playwright.async_api import Page, expect
from playwright.async_api import TimeoutError as TookTooLong

from tests.console.browser import all_sent, what_broke
from tests.console.conftest import EP, Console
from tests.console.test_screens import show

LIST = (Path(__file__).resolve().parents[2] / "console/src/lib/keylist.ts").read_text(encoding="utf-8")
KEYS = {id_: keys.split(" or ") for id_, keys in re.findall(r'\["([a-z]+\.[\w.]+)", "((?:[^"\\]|\\.)+)", "', LIST)}
"""Id -> keys, as the list declares them."""

NAMES = {"Space": "Space", "Ctrl": "Control"}
NEEDS_AN_OFFER = {"review.yes", "review.no", *(f"review.pick{n}" for n in range(1, 6)), "review.nobody"}
"""What a question has to offer first: pressed by the tests of answers."""


HELD = 6
"""Presses that a held key says, the first of them with it."""
HELD_MS = 400
"""Until what an answer sets off has begun."""


def pressed(key: str) -> list[str]:
    """As Playwright presses it: one press after another."""
    return [re.sub(r"^Ctrl\+", "Control+", part).replace("Ctrl+", "Control+") for part in key.split(" ")]


async def press(page: Page, id_: str) -> None:
    for key in pressed(KEYS[id_][0]):
        await page.keyboard.press(key)


async def chord(page: Page, id_: str) -> None:
    """Two keys that follow one another; again where a busy machine took longer between them than a person does."""
    for _ in range(3):
        await press(page, id_)
        with suppress(TookTooLong):
            await page.wait_for_function("(id) => window.pressed.at(-1) === id", arg=id_, timeout=5000)
            return
    raise AssertionError(f"{id_} did nothing at {page.url}")


async def did(page: Page) -> list[str]:
    done: list[str] = await page.evaluate("window.pressed.splice(0)")
    return done


def of(*groups: str) -> list[str]:
    return [id_ for id_ in KEYS if id_.split(".")[0] in groups]


def test_the_list_was_read() -> None:
    assert len(KEYS) >= 80
    assert KEYS["edit.undo"] == ["U", "Ctrl+Z"]


@pytest.mark.e2e
async def test_going_anywhere_by_keyboard(page: Page, console: Console) -> None:
    await show(page, console, "history")
    for id_ in of("go"):
        await chord(page, id_)
    assert await what_broke(page) == []


@pytest.mark.e2e
async def test_every_key_of_watching(page: Page, console: Console) -> None:
    await show(page, console, "watch")
    await page.wait_for_selector("video")
    await page.locator(".now button").first.click()
    for id_ in [one for one in of("watch") if one != "watch.clear"] + ["watch.clear"]:
        await press(page, id_)
        if id_ == "watch.give":
            await page.keyboard.press("Escape")
        assert id_ in await did(page), id_
    assert await what_broke(page) == []


@pytest.mark.e2e
async def test_every_key_of_the_grid_and_its_selection(page: Page, console: Console) -> None:
    await show(page, console, "people")
    await page.focus("[role=listbox]")
    for id_ in [one for one in of("grid") if one != "grid.open"]:
        await press(page, id_)
        assert id_ in await did(page), id_
    await press(page, "people.clear")
    await page.keyboard.press("Home")
    await page.keyboard.press("Control+Space")
    await did(page)
    await press(page, "people.name")
    await page.wait_for_selector("[role=combobox]")
    await page.keyboard.press("Escape")
    for id_ in ("people.lock", "people.extras"):
        await page.focus("[role=listbox]")
        await page.keyboard.press("Home")
        if await page.locator("[aria-selected=true]").count() == 0:
            await page.keyboard.press("Control+Space")
        await press(page, id_)
        assert id_ in await did(page), id_
        await press(page, "edit.undo")
    await all_sent(page)
    await page.focus("[role=listbox]")
    await press(page, "grid.open")
    await page.wait_for_url("**/person/**")
    assert await what_broke(page) == []


@pytest.mark.e2e
async def test_keys_of_review_that_ask_or_show(page: Page, console: Console) -> None:
    await show(page, console, "review")
    for id_ in (
        "review.play",
        "review.flip",
        "review.detail",
        "review.later",
        "review.back",
        "review.lock",
        "edit.undo",
    ):
        await press(page, id_)
        assert id_ in await did(page), id_
    await all_sent(page)
    for id_ in ("review.who", "review.same"):
        await press(page, id_)
        await page.wait_for_selector("[role=combobox]")
        await page.keyboard.press("Escape")
        await page.wait_for_selector("[role=combobox]", state="detached")
    await press(page, "review.watch")
    await page.wait_for_url("**/watch?t=*")
    assert await what_broke(page) == []


@pytest.mark.e2e
async def test_a_key_that_is_held_down_decides_once_and_moves_on_and_on(page: Page, console: Console) -> None:
    await show(page, console, "review")
    before = console.api.read_history(EP).data.version
    for key, actions in (("e", ["do"]), ("u", ["undo", "do"])):
        await hold(page, key)
        await page.wait_for_timeout(HELD_MS)
        await all_sent(page)
        history = console.api.read_history(EP).data
        assert [one.action for one in history.items[: history.version - before]] == actions
    await hold(page, "w")
    await expect(page.get_by_role("combobox")).to_have_value("")
    await page.keyboard.press("Escape")
    await page.get_by_role("button", name="Type a name").focus()
    await hold(page, "Enter")
    await expect(page.get_by_role("combobox")).to_be_visible()
    await page.keyboard.press("Escape")
    await page.get_by_role("button", name="Later").focus()
    first = await page.locator("article").get_attribute("data-question")
    await hold(page, "Enter")
    await page.wait_for_timeout(HELD_MS)
    await page.get_by_role("button", name="Back").click()
    await expect(page.locator("article")).to_have_attribute("data-question", str(first))
    await show(page, console, "watch")
    at = await page.inner_text(".big small")
    await hold(page, ".")
    await expect(page.locator(".big small")).to_have_text(f"frame {int(at.split()[-1]) + HELD}")
    assert await what_broke(page) == []


@pytest.mark.e2e
async def test_a_double_click_answers_one_question(page: Page, console: Console) -> None:
    await show(page, console, "review")
    before = console.api.read_history(EP).data.version
    await page.get_by_role("button", name=re.compile("^An extra")).dblclick()
    await page.wait_for_timeout(HELD_MS)
    await all_sent(page)
    assert console.api.read_history(EP).data.version - before == 1
    await page.keyboard.press("u")
    await page.wait_for_timeout(HELD_MS)
    await all_sent(page)
    assert await what_broke(page) == []


async def hold(page: Page, key: str) -> None:
    """A key that is held down says so again and again."""
    for _ in range(HELD):
        await page.keyboard.down(key)
    await page.keyboard.up(key)


@pytest.mark.e2e
async def test_help_search_and_the_palette(page: Page, console: Console) -> None:
    await show(page, console, "people")
    await page.keyboard.press("?")
    await page.wait_for_selector("dialog[open] kbd")
    assert await page.locator("dialog dd").count() > 20
    await page.keyboard.press("Escape")
    await page.wait_for_selector("dialog", state="detached")
    await page.keyboard.press("/")
    assert await page.evaluate("document.activeElement.type") == "search"
    await page.keyboard.type("g")  # typed, not acted upon
    assert await page.input_value("#find") == "g"
    await page.keyboard.press("Escape")
    await page.keyboard.press("Control+K")
    await page.wait_for_selector("dialog[open] input:focus")
    await page.keyboard.type("result")
    await page.wait_for_selector("#palette-list li")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/result")
    assert await what_broke(page) == []


@pytest.mark.e2e
async def test_single_letters_can_be_switched_off_and_keys_changed(page: Page, console: Console) -> None:
    await show(page, console, "settings")
    await page.get_by_label("Key of History").click()
    await page.keyboard.press("F8")
    await page.keyboard.press("F8")  # nothing of an episode is open: it does nothing here
    await page.get_by_label("Single letters are keys").uncheck()
    await page.goto(console.episode("people"))
    await page.wait_for_selector("[role=option]")
    await page.keyboard.press("a")
    assert await page.locator("[aria-selected=true]").count() == 0
    await page.keyboard.press("Control+A")
    assert await page.locator("[aria-selected=true]").count() > 0
    await page.keyboard.press("F8")
    await page.wait_for_url("**/history")
