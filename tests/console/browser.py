"""Debian's Chromium as the console's tests drive it."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NoReturn

import pytest
from axe_playwright_python.base import AXE_FILE_PATH
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
AXE = AXE_FILE_PATH.read_text(encoding="utf-8")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
PATIENCE_MS = 30_000
"""Machines that do other things besides; a quiet one needs a tenth of it."""
expect.set_options(timeout=PATIENCE_MS)

WATCH = """
window.broken = [];
window.pressed = [];
addEventListener("securitypolicyviolation", (e) => window.broken.push(`policy: ${e.violatedDirective} ${e.blockedURI}`));
addEventListener("error", (e) => { if (e.message) window.broken.push(`error: ${e.message}`); });
addEventListener("unhandledrejection", (e) => window.broken.push(`rejection: ${e.reason}`));
addEventListener("console:key", (e) => window.pressed.push(e.detail));
"""


INSTALL = (["apt-get", "update"], ["apt-get", "install", "-y", "--no-install-recommends", "chromium"])
INSTALLED_WITHIN_S = 600


def go_without(what_is_missing: str) -> NoReturn:
    """Skip the tests; in CI, where everything is to be there, fail them."""
    if os.environ.get("CI"):
        pytest.fail(what_is_missing)
    pytest.skip(what_is_missing)


def find_chromium() -> str:
    """Path of the browser. In CI Debian's package is installed, or the tests fail; elsewhere they are skipped without it."""
    found = _chromium_on_path()
    if found is None and os.environ.get("CI"):
        for command in INSTALL:
            done = subprocess.run(command, capture_output=True, text=True, timeout=INSTALLED_WITHIN_S, check=False)
            if done.returncode:
                pytest.fail(f"{' '.join(command)}: {done.stderr.strip()}")
        found = _chromium_on_path()
    return found or go_without("no Chromium: apt-get install chromium")


def _chromium_on_path() -> str | None:
    return shutil.which("chromium") or shutil.which("chromium-browser")


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """A running browser without anything of a user."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=find_chromium(), args=FLAGS)
        try:
            yield browser
        finally:
            await browser.close()


async def watched(context: BrowserContext) -> Page:
    """A page that remembers what broke on it and which keys did something."""
    context.set_default_timeout(PATIENCE_MS)
    await context.add_init_script(WATCH)
    return await context.new_page()


async def all_sent(page: Page) -> None:
    """Wait until no answer waits to be sent: what a page that closes had not sent stays undone."""
    await page.wait_for_function("() => localStorage.getItem('screenalytics.unsent') === '[]'")


async def what_broke(page: Page) -> list[str]:
    """Errors and violations of the page's policy since it was loaded."""
    broken: list[str] = await page.evaluate("window.broken")
    return broken


async def barriers(page: Page) -> list[str]:
    """What axe finds, one line each."""
    await page.evaluate(AXE)
    found = await page.evaluate(
        "(rules) => axe.run(document, {runOnly: {type: 'tag', values: rules}, resultTypes: ['violations']})", RULES
    )
    return [
        f"{violation['id']}: {node['target']} {node['failureSummary']}"
        for violation in found["violations"]
        for node in violation["nodes"]
    ]
