"""Two people at one episode, each with the versions that they know: nothing is lost, and nothing is done twice.

They send as the console does (`console/src/state/outbox.svelte.ts`): with If-Match and a key of its own for each command; a
412 is read up and sent again, five times at most; an answer that got lost is asked for again with the same key.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from itertools import cycle, islice

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

COMMANDS = 400
"""Of both together, half of them edits and half of them about links: as many as half a minute of one processor does."""
LOST_ANSWERS = 9
"""Every so many commands are sent once more, as when the answer did not arrive."""
TRIES_AFTER_CONFLICT = 5
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
    refused: list[str] = field(default_factory=list)
    conflicts: int = 0

    async def send_all(self, count: int) -> None:
        for number, command in enumerate(islice(self.commands, count)):
            await self._send(f"{self.name}-{number:04d}", *command, again=number % LOST_ANSWERS == 0)

    async def _send(self, key: str, method: str, path: str, body: object, *, again: bool) -> None:
        log = "edits" if path.startswith("/clusters/") else "links"
        for _ in range(1 + TRIES_AFTER_CONFLICT):
            if log not in self.known:
                self.known[log] = (
                    (await self.client.get(f"/{log}/{EP}", params={"limit": 1})).raise_for_status().headers["etag"]
                )
            headers = {"If-Match": self.known[log], "Idempotency-Key": key}
            answer = await self.client.request(method, path, json=body, headers=headers)
            if answer.status_code == 412:
                self.conflicts += 1
                del self.known[log]
                continue
            assert answer.is_success, (key, answer.text)
            if again:
                repeated = await self.client.request(method, path, json=body, headers=headers)
                assert repeated.json()["data"]["version"] == answer.json()["data"]["version"], repeated.text
            self.known[log] = answer.headers["etag"]
            self.stored.append(key)
            return
        self.refused.append(key)


async def test_four_hundred_interleaved_commands_of_two_people_are_each_there_once(url: str) -> None:
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
        assert len(log) == sum(len(one.stored) for one in people)
        assert len(log) + sum(len(one.refused) for one in people) == COMMANDS
        assert len(log) >= 0.95 * COMMANDS, "who reads again gets through"


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
