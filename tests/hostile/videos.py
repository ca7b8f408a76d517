"""Small files that ask for much: each is refused with a code, and the next episode is planned."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import httpx

from chassis.settings import DecodingLimits
from chassis.video.limited import run_limited
from tests.hostile.attack import Attack
from tests.hostile.target import Target
from tests.support import hostile_videos
from tests.support.videos import write_video

SHOW, PLAIN = "strange-show", "plain.mp4"
ENCODER = DecodingLimits(memory_mib=6000, cpu_s=300)
CHILDREN_MIB = 2048.0
"""The process that children are forked from, and one child with all that it may take."""
DETECTED = "detected"

Make = Callable[[Path], Path]
_episodes = count(1)


async def make_files(target: Target, make: Make, name: str) -> None:
    """Encoders take the machine's time, and more memory than decoders are allowed."""
    folder = target.folder / make.__name__
    folder.mkdir()
    await run_limited(make, folder / name, within=ENCODER)
    write_video(folder / PLAIN, seconds=2.0)


async def _sent(target: Target, make: Make, name: str) -> str:
    """The code with which the file is refused, and what became of the plain video that came right after it."""
    headers = {"X-API-Key": target.keys["admin"]}
    transport = httpx.AsyncHTTPTransport(retries=2)
    async with httpx.AsyncClient(base_url=target.url, headers=headers, timeout=30.0, transport=transport) as client:
        folder = target.folder / make.__name__
        episodes = [await registered(target, client, folder / file, show=SHOW) for file in (name, PLAIN)]
        return ", ".join([await outcome(client, ep_id) for ep_id in episodes])


async def registered(target: Target, client: httpx.AsyncClient, file: Path, *, show: str) -> str:
    """A new episode of the show with that video."""
    number = next(_episodes)
    ep_id = f"{show}-s01e{number:02d}"
    made = await client.post("/episodes", json={"show": show, "season": 1, "episode": number})
    made.raise_for_status()
    async with target.bucket() as storage:
        video = await storage.upload_file(f"raw/videos/{ep_id}/{file.name}", file)
    (await client.post(f"/episodes/{ep_id}/register", json={"uri": video.uri})).raise_for_status()
    return ep_id


async def outcome(client: httpx.AsyncClient, ep_id: str) -> str:
    """The code of the failure, or `detected` when the detector is through."""
    while True:
        code, is_detected = await _status(client, ep_id)
        if code is not None or is_detected:
            return code or DETECTED
        await asyncio.sleep(0.2)


async def failure(client: httpx.AsyncClient, ep_id: str) -> str:
    """The code of the failure; waits for it."""
    while (code := (await _status(client, ep_id))[0]) is None:
        await asyncio.sleep(0.2)
    return code


async def _status(client: httpx.AsyncClient, ep_id: str) -> tuple[str | None, bool]:
    """The code of the failure, if any, and whether the detector is through."""
    status = (await client.get(f"/episodes/{ep_id}/status")).json()["data"]
    codes = [run["failure"]["code"] for run in (status["run"], status["requested"]) if run and run["failure"]]
    return next(iter(codes), None), status["run"] is not None and _is_detected(status["run"])


def _is_detected(run: Mapping[str, Any]) -> bool:
    detector = run["stages"].get("detector")
    return detector is not None and detector["done"] >= detector["total"]


def _attack(name: str, make: Make, code: str, *, file_name: str = "v.mp4") -> Attack:
    return Attack(
        family="videos",
        name=name,
        prepare=partial(make_files, make=make, name=file_name),
        run=partial(_sent, make=make, name=file_name),
        expected=f"{code}, {DETECTED}",
        within_s=180.0,
        grows_mib=CHILDREN_MIB,
    )


ATTACKS = (
    _attack("8192x8192, 4:4:4, 10 bit in 200 kB", hostile_videos.huge_pictures, "too_large_picture"),
    _attack("pictures of 33 MiB, sixteen of them kept", hostile_videos.many_references, "too_much_memory"),
    _attack(
        "pictures that grow to 5120x5120 in mid-stream", hostile_videos.grows, "too_much_memory", file_name="v.mkv"
    ),
    _attack(
        "a picture, and a quarter of a million empty ones", hostile_videos.tiny_packets, DETECTED, file_name="v.nut"
    ),
    _attack("900 video streams", hostile_videos.many_streams, DETECTED, file_name="v.mkv"),
)
