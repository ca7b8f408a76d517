"""Questions over many episodes, in a terminal and from a program, as their page shows them."""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import re
import shlex
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

import screenalytics.http_client
import screenalytics.http_client.episodes
from chassis.mongo.database import Database
from screenalytics.local.servers import Stack
from tests.support.identity_rig import BLUE, EP, GREEN, LATER_RUN, RED, SHOW, Somebody
from tests.support.operator_rig import OperatorRig, operator_rig

pytestmark = pytest.mark.integration

PAGE = (Path(__file__).parents[2] / "docs" / "questions.md").read_text("utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, flags=re.MULTILINE | re.DOTALL)


@pytest_asyncio.fixture
async def rig(stack: Stack, database: Database) -> AsyncIterator[OperatorRig]:
    """Rita and Greta in two seasons, Bea in the second one."""
    async with operator_rig(stack, database) as running:
        await running.identity.data("POST", "/shows", {"name": "My Show"})
        await running.identity.cast({"rita": ("Rita", RED), "greta": ("Greta", GREEN), "bea": ("Bea", BLUE)})
        await running.identity.group([Somebody(1, RED, 0, 10), Somebody(2, GREEN, 4, 12)])
        people = [
            Somebody(1, RED, 2, 18),
            Somebody(2, GREEN, 0, 7),
            Somebody(3, GREEN, 15, 19),
            Somebody(4, BLUE, 20, 26),
        ]
        await running.identity.group(people, ep_id=f"{SHOW}-s02e01", run_id=LATER_RUN)
        yield running


async def test_the_terminal_answers_as_the_page_says(rig: OperatorRig) -> None:
    commands, answers = blocks("sh")[0].splitlines(), blocks("text")
    assert len(commands) == 2
    for command, answer in zip(commands, answers, strict=False):
        assert (await rig.run(*shlex.split(command)[1:])).out == answer


async def test_a_program_is_answered_as_the_page_says(rig: OperatorRig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "screenalytics_sdk", screenalytics.http_client)
    monkeypatch.setitem(sys.modules, "screenalytics_sdk.episodes", screenalytics.http_client.episodes)
    monkeypatch.setitem(os.environ, "SCREENALYTICS_API_URL", rig.url)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        await asyncio.to_thread(exec, compile(blocks("python")[0], "questions.md", "exec"), {})
    assert printed.getvalue() == blocks("text")[2]


async def test_what_is_left_out_asks_for_more(rig: OperatorRig) -> None:
    everything = (await rig.run("find", "episodes", SHOW, "--json")).rows
    assert [(one["ep_id"], one["revision"]) for one in everything] == [(EP, 1), (f"{SHOW}-s02e01", 1)]
    either = (await rig.run("find", "episodes", SHOW, "--cast", "bea", "--cast", "greta", "--any", "--json")).rows
    assert [one["seconds"] for one in either] == [8.0, 17.0]
    assert (await rig.run("find", "episodes", SHOW, "--cast", "zoe")).said == "no episode\n"
    assert (await rig.run("find", "cast", SHOW, "--season", "3")).said == "nobody\n"
    assert [one["cast_id"] for one in (await rig.run("find", "cast", SHOW, "--json")).rows] == ["rita", "greta", "bea"]
