"""How fast the operators' console is, in Debian's Chromium on a machine that runs.

    python -m benchmarks.console URL EPISODE [--answers 20] [--look-s 1] [--decisions 5]

Largest contentful paint, key to the next question painted, how soon another browser agrees, and the longest frame while
10,000 made-up people and 5,000 tracks are scrolled. Answers are taken back again: every other one is given after somebody
would have looked, every other one at once, while what the one before set off is under way. A clock depends on what else
the machine does: its load is said, and the work of the page's own thread for a key beside it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from playwright.async_api import Browser, Page, Route, ViewportSize

from benchmarks.end_to_end import machine
from tests.console.browser import chromium, watched
from tests.console.test_sizes import DIST, zipped

PEOPLE, TRACKS = 10_000, 5_000
SIZE: ViewportSize = {"width": 1440, "height": 900}

LCP = """() => new Promise((done) => new PerformanceObserver((list) => done(list.getEntries().at(-1).startTime))
  .observe({type: "largest-contentful-paint", buffered: true}))"""
ASKED = 'document.querySelector("article")?.dataset.question ?? location.hash'
"""The question that is there; its address follows when it is painted."""
PAINTED = f"""() => {{
  window.painted = [];
  let pressed = 0;
  addEventListener("keydown", () => {{ pressed = performance.now(); }}, true);
  const asked = () => {ASKED};
  let shown = asked();
  new MutationObserver(() => {{
    if (asked() === shown) return;
    shown = asked();
    const at = pressed;
    requestAnimationFrame(() => {{
      const after = new MessageChannel();
      after.port1.onmessage = () => window.painted.push(performance.now() - at);
      after.port2.postMessage(0);
    }});
  }}).observe(document.querySelector("main"), {{subtree: true, childList: true, characterData: true, attributes: true}});
}}"""
SHOWN = """() => {
  window.shown_ms = [];
  new PerformanceObserver((list) => {
    for (const one of list.getEntries()) if (one.name === "keydown") window.shown_ms.push(one.duration);
  }).observe({type: "event", durationThreshold: 16});
}"""
"""From a key until the frame with what it changed is on the screen, as the browser times it (Event Timing, steps of 8 ms)."""
UNTOLD_MS = 16.0
"""Of what is shown sooner the browser tells nothing."""
PAINTED_TWICE = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
FRAMES = """() => {
  window.frames_ms = [];
  let before = performance.now();
  const look = (now) => { window.frames_ms.push(now - before); before = now; requestAnimationFrame(look); };
  requestAnimationFrame(look);
}"""


def spread(values: Sequence[float]) -> dict[str, float]:
    """Median, 95th percentile and longest, in milliseconds."""
    ordered = sorted(values)
    return {
        "p50_ms": round(statistics.median(ordered), 1),
        "p95_ms": round(ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))], 1),
        "longest_ms": round(ordered[-1], 1),
    }


async def opened(browser: Browser) -> Page:
    """A browser of somebody's own, with nothing kept."""
    return await watched(await browser.new_context(viewport=SIZE, reduced_motion="reduce"))


async def largest_paint(browser: Browser, address: str, sign: str) -> float:
    page = await opened(browser)
    await page.goto(address)
    await page.wait_for_selector(sign)
    await page.wait_for_timeout(300)
    found: float = await page.evaluate(LCP)
    await page.context.close()
    return found


async def work_of(page: Page) -> Callable[[], Awaitable[float]]:
    """Asks for the work that the page's thread has done, in milliseconds of the processor."""
    devtools = await page.context.new_cdp_session(page)
    await devtools.send("Performance.enable", {"timeDomain": "threadTicks"})

    async def worked() -> float:
        metrics = (await devtools.send("Performance.getMetrics"))["metrics"]
        return next(1000 * float(one["value"]) for one in metrics if one["name"] == "TaskDuration")

    return worked


@dataclass(frozen=True, kw_only=True)
class Answered:
    """From the key of each answer to the next question, in milliseconds.

    `free`: by the clock until the page has painted it and does the next thing; whatever it did between counts. `work`:
    of the processor, of the page's own thread. `shown`: by the clock until it is on the screen.
    """

    free: list[float] = field(default_factory=list)
    work: list[float] = field(default_factory=list)
    shown: list[float] = field(default_factory=list)


async def answers(browser: Browser, address: str, count: int, look_s: float) -> tuple[Answered, Answered]:
    """Give answers, each taken back before the next: those that somebody looked at before, and those given at once."""
    page = await opened(browser)
    await page.goto(f"{address}/review")
    await page.wait_for_selector("article h1")
    await page.evaluate(PAINTED)
    await page.evaluate(SHOWN)
    worked, looked, at_once = await work_of(page), Answered(), Answered()
    for number in range(2 * count):
        found = at_once if number % 2 else looked
        if found is looked:
            await page.wait_for_timeout(1000 * look_s)
        question = await page.evaluate(ASKED)
        await page.evaluate("() => { window.painted.length = window.shown_ms.length = 0; }")
        before = await worked()
        await page.keyboard.press("e")
        await page.wait_for_function("() => window.painted.length > 0")
        found.work.append(await worked() - before)
        found.free.append(await page.evaluate("window.painted[0]"))
        await page.wait_for_function("() => localStorage.getItem('screenalytics.unsent') === '[]'")
        found.shown.append(await page.evaluate("window.shown_ms[0] ?? null") or UNTOLD_MS)
        await page.keyboard.press("u")
        await page.wait_for_function(f"(asked) => ({ASKED}) === asked", arg=question)
        await page.wait_for_function("() => localStorage.getItem('screenalytics.unsent') === '[]'")
    await page.context.close()
    return looked, at_once


async def agreement(browser: Browser, address: str, count: int) -> list[float]:
    """From the click of one to the people of the other."""
    page, other = await opened(browser), await opened(browser)
    for one in (page, other):
        await one.goto(f"{address}/people")
        await one.wait_for_selector("[role=option]")
    extras = "() => document.querySelectorAll('[role=option][aria-label$=\", extra\"]').length"
    found = []
    for _ in range(count):
        before = await other.evaluate(extras)
        await page.locator("[role=option]:not([aria-label$=extra])").last.click()
        begun = time.monotonic()
        await page.keyboard.press("e")
        await other.wait_for_function(f"(before) => ({extras})() > before", arg=before)
        found.append(1000 * (time.monotonic() - begun))
        await page.keyboard.press("u")
        await other.wait_for_function(f"(before) => ({extras})() === before", arg=before)
        await page.wait_for_timeout(500)
    return found


def crowded(timeline: dict[str, Any]) -> dict[str, Any]:
    """The same timeline with many more people: each has what some real one has, under an id of their own."""
    people, tracks = timeline["identities"], timeline["tracks"]
    real, real_tracks = len(people["identity_id"]), len(tracks["track_id"])
    for name, column in people.items():
        people[name] = [column[at % real] for at in range(PEOPLE)]
    people["identity_id"] = [f"identity-{at:05d}" for at in range(PEOPLE)]
    for name, column in tracks.items():
        tracks[name] = [column[at % real_tracks] for at in range(TRACKS)]
    tracks["track_id"] = [f"track-{at // 1000:05d}-{at % 1000:03d}" for at in range(TRACKS)]
    tracks["identity"] = list(range(TRACKS))
    return timeline


async def crowd(browser: Browser, address: str) -> dict[str, object]:
    """Ten thousand people in the grid, from the first to the last and back."""
    page = await opened(browser)

    async def answer(route: Route) -> None:
        response = await route.fetch()
        body = await response.json()
        crowded(body["data"])
        await route.fulfill(response=response, body=json.dumps(body))

    await page.route("**/timeline/*", answer)
    sheets: list[str] = []
    page.on(
        "request",
        lambda request: sheets.append(request.url) if "sprite" in request.url and request.method == "POST" else None,
    )
    await page.goto(f"{address}/people")
    await page.wait_for_selector("[role=option]")
    await page.wait_for_timeout(1500)
    await page.focus("[role=listbox]")
    await page.evaluate(FRAMES)
    for _ in range(40):
        await page.mouse.wheel(0, 600)
        await page.wait_for_timeout(30)
    for key in ("End", "Home", *["ArrowDown"] * 20):
        await page.keyboard.press(key)
        await page.wait_for_timeout(40)
    grid: list[float] = await page.evaluate("window.frames_ms.slice(2)")
    nodes: int = await page.evaluate("document.querySelectorAll('*').length")
    await page.goto(f"{address}/watch")
    await page.wait_for_selector(".lanes canvas")
    await page.wait_for_timeout(1500)
    worked, work = await work_of(page), []
    await page.evaluate(FRAMES)
    for key in ["+"] * 6 + ["]"] * 10 + ["-"] * 6:
        before = await worked()
        await page.keyboard.press(key)
        await page.evaluate(PAINTED_TWICE)
        work.append(await worked() - before)
    lanes: list[float] = await page.evaluate("window.frames_ms.slice(2)")
    return {
        "grid": spread(grid),
        "lanes": spread(lanes),
        "lanes_work": spread(work),
        "nodes": nodes,
        "sheets": len(sheets),
    }


async def measure(url: str, ep: str, count: int, look_s: float, decisions: int) -> dict[str, object]:
    address = f"{url}/#/ep/{ep}"
    figures: dict[str, object] = {"machine": machine(), "load_before": os.getloadavg()[0]}
    figures["javascript_b"] = sum(zipped(path) for path in (DIST / "assets").glob("*.js"))
    async with chromium() as browser:
        figures["lcp_episodes"] = spread([await largest_paint(browser, f"{url}/#/episodes", "table") for _ in range(5)])
        figures["lcp_review"] = spread(
            [await largest_paint(browser, f"{address}/review", "article h1") for _ in range(5)]
        )
        looked, at_once = await answers(browser, address, count, look_s)
        for name, values in vars(looked).items():
            figures[f"key_to_question_{name}"] = spread(values)
        for name, values in vars(at_once).items():
            figures[f"key_to_question_at_once_{name}"] = spread(values)
        figures["two_browsers_agree"] = spread(await agreement(browser, address, decisions))
        figures["crowd"] = await crowd(browser, address)
    return figures | {"load_after": os.getloadavg()[0]}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url")
    parser.add_argument("episode")
    parser.add_argument("--answers", type=int, default=20)
    parser.add_argument(
        "--look-s", type=float, default=1.0, help="how long somebody looks before an answer, in seconds"
    )
    parser.add_argument("--decisions", type=int, default=5)
    arguments = parser.parse_args()
    figures = asyncio.run(
        measure(arguments.url.rstrip("/"), arguments.episode, arguments.answers, arguments.look_s, arguments.decisions)
    )
    print(json.dumps(figures, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
