"""Watch shows the picture that is asked for, at whatever rate: each shows its number, and the screen is looked at."""

from __future__ import annotations

import asyncio
import random
from fractions import Fraction
from pathlib import Path

import av
import pytest
from playwright.async_api import Page, ViewportSize

from screenalytics.http_client import models
from tests.console.browser import what_broke
from tests.console.conftest import SHOW, Console, until
from tests.console.numbered import read_number, starts, write_numbered

NUMBERED = "sample-show-s01e09"
FINISHED_WITHIN_S = 300
SMALL: ViewportSize = {"width": 1000, "height": 500}
STEPS = 40

GO = """(to) => new Promise((shown) => {
  const video = document.querySelector("video");
  video.requestVideoFrameCallback(() => requestAnimationFrame(() => requestAnimationFrame(shown)));
  location.hash = to;
})"""
"""Go to a moment and wait for its picture."""


def test_numbers_are_read_as_they_are_written(tmp_path: Path) -> None:
    with av.open(str(write_numbered(tmp_path / "numbered.mp4"))) as video:
        seen = [(frame.time, frame.to_image()) for frame in video.decode(video=0)]
    assert len(seen) == len(starts()) - 1
    for number, (second, image) in enumerate(seen):
        path = tmp_path / "picture.png"
        image.save(path)
        assert read_number(path.read_bytes()) == number
        assert second == pytest.approx(float(starts()[number]), abs=1e-4)


async def open_numbered(page: Page, console: Console, folder: Path) -> None:
    """The numbered video in Watch."""
    if not any(one.ep_id == NUMBERED for one in console.api.list_episodes(show=SHOW).data.items):
        console.api.create_episode(models.NewEpisode(show=SHOW, season=1, episode=9, title="Numbers"))
        content = write_numbered(folder / "numbered.mp4").read_bytes()
        await asyncio.to_thread(console.api.upload_video, NUMBERED, [("file", ("numbered.mp4", content, "video/mp4"))])
    await until(lambda: _is_finished(console), FINISHED_WITHIN_S)
    await page.set_viewport_size(SMALL)
    await page.goto(console.at(f"ep/{NUMBERED}/watch"))
    await page.wait_for_function("() => document.querySelector('video')?.readyState >= 2")
    await page.wait_for_selector("text=frame 0")


def _is_finished(console: Console) -> bool:
    run = console.api.get_episode_status(NUMBERED).data.run
    return run is not None and run.report_revision is not None


async def picture(page: Page) -> int:
    return read_number(await page.locator("video").screenshot())


@pytest.mark.e2e
async def test_every_frame_is_found_at_every_rate_and_at_none(page: Page, console: Console, tmp_path: Path) -> None:
    await open_numbered(page, console, tmp_path)
    any_moment = random.Random(7)
    numbers = list(range(1, len(starts()) - 1))
    any_moment.shuffle(numbers)
    wrong = []
    for number in [*numbers, 0]:
        begin, end = starts()[number : number + 2]
        second = begin + (end - begin) * Fraction(any_moment.randint(10, 90), 100)
        await page.evaluate(GO, f"#/ep/{NUMBERED}/watch?t={float(second):.4f}")
        shown, said = await picture(page), await page.inner_text(".big small")
        if (shown, said) != (number, f"frame {number}"):
            wrong.append((number, shown, said))
    assert wrong == [], f"{len(wrong)} of {len(numbers) + 1}"
    assert await what_broke(page) == []


@pytest.mark.e2e
async def test_a_step_is_one_frame_there_and_back(page: Page, console: Console, tmp_path: Path) -> None:
    await open_numbered(page, console, tmp_path)
    for key, expected in [*((".", n) for n in range(1, STEPS)), *((",", n) for n in range(STEPS - 2, 0, -1))]:
        await page.keyboard.press(key)
        await page.wait_for_function(
            "(frame) => document.querySelector('.big small')?.innerText === frame", arg=f"frame {expected}"
        )
        await page.wait_for_function("() => !document.querySelector('video').seeking")
        await page.evaluate("() => new Promise((shown) => requestAnimationFrame(() => requestAnimationFrame(shown)))")
        assert await picture(page) == expected
    assert await what_broke(page) == []
