"""`screenalytics watch`: films that turn up in a place become episodes, each once."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from chassis.backoff import backoff
from chassis.errors import BadInput, DependencyUnavailable
from chassis.s3.storage import Storage
from chassis.settings import ChassisSettings, KafkaSettings
from contracts.events import Profile
from screenalytics.events import emitter
from screenalytics.events.places import S3, Place, place_of
from screenalytics.events.servers import reaching_servers
from screenalytics.events.videos import episode_id
from screenalytics.events.watching import Mark, Memory, Seen, Settling
from screenalytics.terminal.messages import printable

AGAIN = frozenset({"file_growing", "no_such_file"})
"""Codes after which a film is looked at again, because it is not there whole, or not any more."""
LONGEST_WAIT_S = 60.0


async def watch(
    place: str, *, profile: Profile, state: Path | None, every_s: float, settle_s: float, once: bool
) -> int:
    """Watch until told to end, or with `once` until nothing is on its way any more."""
    settings = ChassisSettings()
    named = place if place.startswith(S3) else os.path.realpath(place)  # noqa: ASYNC240 - once, before anything runs
    memory = Memory.opened(state or default_state(named), named)
    async with Storage.connect(settings.s3) as storage:
        watching = Watching(place_of(place, storage), memory, storage, settings.kafka, profile=profile)
        try:
            await watching.run(Settling(settle_s), every_s=every_s, once=once)
        except asyncio.CancelledError:
            raise asyncio.CancelledError(
                "What was taken is remembered: the same command goes on where this one stopped."
            ) from None
    return 0


def default_state(place: str, environment: Mapping[str, str] = os.environ) -> Path:
    """Where what was seen of a place is kept: XDG_STATE_HOME/screenalytics/watch, one file a place."""
    base = Path(environment.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
    return base / "screenalytics" / "watch" / f"{hashlib.sha256(place.encode()).hexdigest()[:16]}.json"


class Watching:
    """Takes what turns up. What cannot be taken is said and passed over, and does not stop the rest."""

    def __init__(
        self, place: Place, memory: Memory, storage: Storage, kafka: KafkaSettings, *, profile: Profile
    ) -> None:
        self._place = place
        self._memory = memory
        self._storage = storage
        self._kafka = kafka
        self._profile: Profile = profile

    async def run(self, settling: Settling, *, every_s: float, once: bool) -> None:
        """Look again and again; while a server is away, what is found waits."""
        failures = 0
        while True:
            try:
                is_quiet = await self.look(settling)
            except DependencyUnavailable as error:
                failures += 1
                if failures == 1:
                    _say(f"{error}; waiting for it")
                await asyncio.sleep(backoff(failures, first_s=every_s, max_s=LONGEST_WAIT_S, jitter=0.0))
                continue
            failures = 0
            if once and is_quiet:
                return
            await asyncio.sleep(every_s)

    async def look(self, settling: Settling) -> bool:
        """Look once and take what is new and whole; returns whether nothing else is on its way.

        Raises:
            DependencyUnavailable: while a server is away.
        """
        found = self._memory.new(await self._place.films())
        ready, on_its_way = settling.look(found, time.monotonic())
        for name in ready:
            on_its_way |= not await self._take(name, found[name])
        return not on_its_way

    async def _take(self, name: str, mark: Mark) -> bool:
        """Make an episode of a film and remember it; returns whether it is dealt with."""
        ep_id = episode_id(None, self._place.path_of(name))
        try:
            video = await self._place.take(self._storage, name, ep_id)
        except BadInput as error:
            _say(f"{name} is passed over: {error.message} [{error.code}]")
            if error.code in AGAIN:
                return False
            self._memory.note(name, Seen(mark=mark, outcome="skipped", ep_id=ep_id, code=error.code))
            return True
        event = emitter.episode_uploaded(ep_id, video, profile=self._profile, title=Path(name).stem)
        with reaching_servers():
            event_id = await emitter.publish(self._kafka, event)
        # Told to end between the two, it is published again; the same content is the same run.
        self._memory.note(name, Seen(mark=mark, outcome="published", ep_id=ep_id))
        print(json.dumps({"file": name, "ep_id": ep_id, "event_id": event_id, "video": video.uri}), flush=True)
        return True


def _say(sentence: str) -> None:
    print(printable(sentence), file=sys.stderr, flush=True)
