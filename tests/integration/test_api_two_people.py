"""Two people at one episode, each with the versions that they know: nothing is lost, and nothing is done twice.

They send as the console does (`console/src/state/outbox.svelte.ts`): with If-Match and a key of its own for each command.
What passes is waited for; a 412 is read up and sent again, a moment later each time, as long as the command still makes
sense (here always: neither decides about what the other does). An answer that got lost is asked for again with its key.
"""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from itertools import cycle, islice
from typing import Any

import httpx
import pytest
import pytest_asyncio

from chassis.mongo.database import Database
from chassis.settings import PeerSettings
from screenalytics.local.servers import Stack
from tests.support.grouper_system import APPEARANCES, Take
from tests.support.identity_rig import BLUE, EP, GREEN, RED, Somebody
from tests.support.operator_rig import operator_rig

pytestmark = pytest.mark.integration

COMMANDS = int(os.environ.get("SCREENALYTICS_TEST_COMMANDS", "240"))
"""Of both together, half of them edits and half of them about links; a thousand where there is time for them."""
LOST_ANSWERS = 9
"""Every so many commands are sent once more, as when the answer did not arrive."""
TRIES_AFTER_CONFLICT = 50
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.02, 1.0
PASSES = {429, 502, 503, 504}
PEOPLE = [Somebody(1, RED, 0, 10), Somebody(2, GREEN, 12, 20), Somebody(3, BLUE, 22, 28), Somebody(4, BLUE, 30, 34)]

Command = tuple[str, str, object]


@pytest_asyncio.fixture
async def url(stack: Stack, database: Database) -> AsyncIterator[str]:
    """The APIs of all services at one address, with an episode."""
    async with operator_rig(stack, database, handles=False) as rig:
        rig.identity.app.state.parts[PeerSettings] = PeerSettings(grouper=rig.url)
        await rig.grouper.group(Take(APPEARANCES))
        await rig.identity.group(PEOPLE)
        await rig.identity.cast({"rita": ("Rita", RED)})
        yield rig.url


@dataclass
class Person:
    """Who sends commands, what they know of the two logs, and what became of each command."""

    name: str
    client: httpx.AsyncClient
    commands: Iterator[Command]
    known: dict[str, str] = field(default_factory=dict)
    stored: list[str] = field(default_factory=list)
    conflicts: int = 0

    async def send_all(self, count: int) -> None:
        for number, command in enumerate(islice(self.commands, count)):
            await self._send(f"{self.name}-{number:04d}", *command, again=number % LOST_ANSWERS == 0)

    async def _send(self, key: str, method: str, path: str, body: object, *, again: bool) -> None:
        log = "edits" if path.startswith("/clusters/") else "links"
        for conflicts in range(1 + TRIES_AFTER_CONFLICT):
            headers = {"If-Match": await self._version(log), "Idempotency-Key": key}
            answer = await self._asked(method, path, json=body, headers=headers)
            if answer.status_code == 412:
                self.conflicts += 1
                del self.known[log]
                await asyncio.sleep(random.uniform(0, min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2**conflicts)))
                continue
            assert answer.is_success, (key, answer.status_code, answer.text)
            if again:
                repeated = await self._asked(method, path, json=body, headers=headers)
                assert repeated.is_success, (key, repeated.status_code, repeated.text)
                assert repeated.json()["data"]["version"] == answer.json()["data"]["version"], (key, repeated.text)
            self.known[log] = answer.headers["etag"]
            self.stored.append(key)
            return
        pytest.fail(f"{key} was not stored: somebody else was faster {1 + TRIES_AFTER_CONFLICT} times")

    async def _version(self, log: str) -> str:
        if log not in self.known:
            read = await self._asked("GET", f"/{log}/{EP}", params={"limit": 1})
            self.known[log] = read.raise_for_status().headers["etag"]
        return self.known[log]

    async def _asked(self, method: str, path: str, **request: Any) -> httpx.Response:
        while True:
            answer = await self.client.request(method, path, **request)
            if answer.status_code not in PASSES:
                return answer
            await asyncio.sleep(float(answer.headers.get("retry-after", FIRST_PAUSE_S)))


async def test_interleaved_commands_of_two_people_are_each_there_once(url: str) -> None:
    async with httpx.AsyncClient(base_url=url, timeout=30) as client:
        clusters = [one["identity_id"] for one in (await client.get(f"/clusters/{EP}")).json()["data"]["items"]]
        extra = {"identity_ids": ["identity-00003"]}
        linked = f"/links/{EP}/identity-00004"
        mark, restore = (("POST", f"/extras/{EP}{verb}", extra) for verb in ("", "/restore"))
        people = [
            Person("kim", client, _turns(clusters[0], mark, restore)),
            Person("lee", client, _turns(clusters[1], ("PUT", linked, {"cast_id": "rita"}), ("DELETE", linked, None))),
        ]
        await asyncio.gather(*(one.send_all(COMMANDS // 2) for one in people))
        assert all(one.conflicts > 0 for one in people), "they were in each other's way"
        log = await _log(client)
        for one in people:
            assert [key for key in log if key.startswith(one.name)] == one.stored, "once each, in their order"
        assert len(log) == COMMANDS


def _turns(locked: str, do: Command, take_back: Command) -> Iterator[Command]:
    """An edit and a link in turn; each changes something."""
    lock, unlock = (("POST", f"/clusters/{EP}/{verb}", {"identity_id": locked}) for verb in ("lock", "unlock"))
    return cycle([lock, do, unlock, take_back])


async def _log(client: httpx.AsyncClient) -> list[str]:
    """Keys of everything that was done, the first at the beginning."""
    found: list[str] = []
    cursor: str | None = None
    while True:
        answer = await client.get(f"/history/{EP}", params={"limit": 500} | ({"cursor": cursor} if cursor else {}))
        page = answer.raise_for_status().json()["data"]
        found += [one["command_id"] for one in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            return found[::-1]
