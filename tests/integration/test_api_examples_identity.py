"""The documented examples of shows, casts, identities, suggestions and links, and of the API as such, are true."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from chassis.health import Health
from chassis.mongo.database import Database
from chassis.service import serve_http
from chassis.settings import HttpSettings
from contracts.ids import identity_id
from screenalytics.local.servers import Stack
from screenalytics.local.servers.ports import choose_free_port
from tests.support.api_examples import hold, read_program, while_working
from tests.support.identity_rig import (
    BLUE,
    EP,
    GREEN,
    LATER_RUN,
    OTHER_EP,
    RED,
    SHOW,
    IdentityRig,
    Somebody,
    identity_rig,
    picture_of,
)

pytestmark = pytest.mark.integration


@pytest_asyncio.fixture
async def rig(stack: Stack, database: Database) -> AsyncIterator[IdentityRig]:
    async with identity_rig(stack, database) as running:
        await running.data("POST", "/shows", {"name": "My Show"})
        await running.cast({"rita": ("Rita", RED), "greta": ("Greta", GREEN)})
        await running.group([Somebody(1, RED), Somebody(2, GREEN, 20, 25), Somebody(3, BLUE, 30, 34)])
        await running.group([Somebody(1, RED, 12, 14)], ep_id=OTHER_EP, run_id=LATER_RUN)
        yield running


async def test_the_api_answers_as_the_page_says(rig: IdentityRig) -> None:
    await hold(
        "identities.md",
        rig.client,
        {
            "show": SHOW,
            "ep_id": EP,
            "identity_id": identity_id(1),
            "cast_id": "rita",
            "picture": picture_of(BLUE, 1),
            "other_picture": picture_of(BLUE, 2),
        },
        meanwhile=rig.bus.deliver,
    )


async def test_privacy_is_as_its_page_says(rig: IdentityRig) -> None:
    await hold("privacy.md", rig.client, {"show": SHOW, "cast_id": "rita"})


async def test_errors_are_as_the_page_about_all_says(rig: IdentityRig) -> None:
    await hold("README.md", rig.client, {"ep_id": EP})


async def test_the_first_program_prints_what_the_page_says(
    rig: IdentityRig, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    program, output = read_program("README.md")
    http = HttpSettings(port=choose_free_port())
    monkeypatch.setitem(os.environ, "SCREENALYTICS_API_URL", f"http://{http.host}:{http.port}")
    async with serve_http(rig.app, Health({}, away={}), http) as server:
        while not server.started:
            await asyncio.sleep(0.01)
        await while_working(asyncio.to_thread(exec, compile(program, "README.md", "exec"), {}), rig.bus.deliver)
    assert capsys.readouterr().out.endswith(output)
