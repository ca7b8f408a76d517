"""One machine and one browser for every test of the console, with the generated sample episode analysed once."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, ViewportSize

from contracts.events import STAGES
from screenalytics.http_client import models
from screenalytics.http_client.client import Client
from screenalytics.http_client.transport import ApiFailure
from screenalytics.local.machine import API, run_machine
from screenalytics.local.servers import check_installed
from screenalytics.local.servers.ports import choose_free_port
from screenalytics.sample.make import Sample, make_sample
from screenalytics.weights import default_cache_dir
from tests.console.browser import chromium, go_without, watched

SHOW = "sample-show"
EP = "sample-show-s01e01"
UNKNOWN = {"Nora", "Tess", "Theo"}
"""Of whom the show has no pictures: whom the review asks about, with the two strangers of the sample."""

ANALYSED_WITHIN_S = 420
SIZE: ViewportSize = {"width": 1440, "height": 900}


@dataclass(frozen=True)
class Console:
    """Where the console is, and the API behind it."""

    url: str
    api: Client

    def at(self, place: str) -> str:
        return f"{self.url}/#/{place}"

    def episode(self, screen: str) -> str:
        return self.at(f"ep/{EP}/{screen}")


@pytest_asyncio.fixture(scope="package")
async def browser() -> AsyncIterator[Browser]:
    """The browser that every test shares."""
    async with chromium() as running:
        yield running


@pytest_asyncio.fixture(scope="package")
async def console(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Console]:
    """A machine with the sample analysed; one that runs already where `SCREENALYTICS_API_URL` names it."""
    assert browser.is_connected()  # without a browser nothing is started
    running = os.environ.get("SCREENALYTICS_API_URL")
    missing = check_installed()
    if missing and not running:
        go_without(f"embedded servers missing: {missing}")
    port = choose_free_port()
    url = running or f"http://127.0.0.1:{port}"
    async with AsyncExitStack() as cleanup:
        if not running:
            machine = run_machine(services=[*STAGES, API], http_ports={API: port}, say=_ignore, on_event=_ignore)
            await cleanup.enter_async_context(machine)
        api = cleanup.enter_context(Client(url))
        await until(lambda: _answers(url), ANALYSED_WITHIN_S)
        if not await asyncio.to_thread(_is_finished, api):
            sample = make_sample(tmp_path_factory.mktemp("sample"), cache_dir=default_cache_dir() / "sample")
            await asyncio.to_thread(_send, api, sample)
            await until(lambda: _is_finished(api), ANALYSED_WITHIN_S)
        yield Console(url, api)


def _ignore(_: object) -> None:
    """What the machine says is in its logs."""


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/internal/ready", timeout=5).is_success
    except httpx.HTTPError:
        return False


def _is_finished(api: Client) -> bool:
    try:
        run = api.get_episode_status(EP).data.run
    except ApiFailure:
        return False
    assert run is None or run.state != "failed", run
    return run is not None and run.state == "finished" and run.report_revision is not None


def _send(api: Client, sample: Sample) -> None:
    """Cast and video, as people send them over HTTP."""
    api.create_show(models.NewShow(name="Sample Show", show=SHOW))
    for folder in sorted(path for path in sample.cast_dir.iterdir() if path.name not in UNKNOWN):
        member = api.add_cast_member(SHOW, models.NewMember(name=folder.name)).data
        pictures = [("pictures", (path.name, path.read_bytes(), "image/jpeg")) for path in sorted(folder.iterdir())]
        api.add_pictures(SHOW, member.cast_id, pictures[:20])
    api.create_episode(models.NewEpisode(show=SHOW, season=1, episode=1, title="The pilot"))
    api.upload_video(EP, [("file", ("pilot.mp4", sample.video.read_bytes(), "video/mp4"))])


async def until(what: Callable[[], bool], within_s: float = 30.0) -> None:
    """Wait until the API says so."""
    end = time.monotonic() + within_s
    while not await asyncio.to_thread(what):
        assert time.monotonic() < end, "it took too long"
        await asyncio.sleep(0.25)


@pytest_asyncio.fixture
async def page(browser: Browser) -> AsyncIterator[Page]:
    """A browser of somebody's own: nothing kept from another test."""
    context = await browser.new_context(viewport=SIZE, reduced_motion="reduce")
    opened = await watched(context)
    yield opened
    await opened.unroute_all(behavior="ignoreErrors")
    await context.close()
