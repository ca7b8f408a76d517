"""Pods of a namespace as they come and go: what the API server says of one is gone with it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from tests.kubernetes.control_plane import ControlPlane
from tests.kubernetes.kubectl import Resource, wait_until
from tests.kubernetes.programs import path_of

LONGEST = 4 * 2**20
"""Bytes of an event, which is a line."""


class PodsSeen:
    """The last that was said of each pod, and how its containers ended."""

    def __init__(self) -> None:
        self._last: dict[str, Resource] = {}
        self._gone: set[str] = set()
        self._ended: dict[str, list[dict[str, Any]]] = {}

    def take(self, kind: str, pod: Resource) -> None:
        """One event of a watch."""
        name = pod["metadata"]["name"]
        self._last[name] = pod
        if kind == "DELETED":
            self._gone.add(name)
        for status in pod["status"].get("containerStatuses", ()):
            for state in (status["state"], status.get("lastState", {})):
                ended = state.get("terminated")
                if ended is not None and ended not in self._ended.setdefault(name, []):
                    self._ended[name].append(ended)

    def running(self) -> list[str]:
        """Pods that are there and have not ended."""
        return [
            name
            for name, pod in self._last.items()
            if name not in self._gone and pod["status"]["phase"] not in {"Succeeded", "Failed"}
        ]

    def exit_status(self, name: str) -> int | None:
        """Of the container that ended last; None while none has."""
        ended = self._ended.get(name)
        return int(ended[-1]["exitCode"]) if ended else None

    def ended_of(self, name: str, within_s: float) -> dict[str, Any]:
        """Wait until a container of a pod ends: how it did. Raises AssertionError when it does not in time."""
        wait_until(f"a container of {name} ends", lambda: name in self._ended, within_s=within_s)
        return self._ended[name][-1]


@asynccontextmanager
async def seen(plane: ControlPlane, namespace: str) -> AsyncIterator[PodsSeen]:
    """Pods as a watch tells of them, for as long as this is held."""
    pods = PodsSeen()
    process = await asyncio.create_subprocess_exec(
        str(path_of("kubectl")),
        f"--kubeconfig={plane.kubectl.config}",
        *("get", "pods", f"--namespace={namespace}", "--watch", "--output-watch-events", "--output=json"),
        stdout=asyncio.subprocess.PIPE,
        limit=LONGEST,
    )

    async def follow() -> None:
        assert process.stdout is not None
        async for line in process.stdout:
            event = json.loads(line)
            pods.take(event["type"], event["object"])

    following = asyncio.create_task(follow())
    try:
        yield pods
    finally:
        process.kill()
        await process.wait()
        following.cancel()
        with suppress(asyncio.CancelledError):
            await following
