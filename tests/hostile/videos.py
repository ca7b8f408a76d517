"""Small files that ask for much: each is refused with a code, and the next episode is planned."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from itertools import count
from pathlib import Path

import httpx
from pydantic import SecretStr

from chassis.s3.storage import Storage
from chassis.settings import DecodingLimits, S3Settings
from chassis.video.limited import run_limited
from tests.hostile.attack import Attack
from tests.hostile.target import Target
from tests.support import hostile_videos
from tests.support.videos import write_video

SHOW, PLAIN = "strange-show", "plain.mp4"
ENCODER = DecodingLimits(memory_mib=6000, cpu_s=300)
CHILDREN_MIB = 2048.0
"""The process that children are forked from, and one child with all that it may take."""

Make = Callable[[Path], Path]
_episodes = count(1)


async def _make(target: Target, make: Make, name: str) -> None:
    """Encoders take the machine's time, and more memory than decoders are allowed."""
    folder = target.folder / make.__name__
    folder.mkdir()
    await run_limited(make, folder / name, within=ENCODER)
    write_video(folder / PLAIN, seconds=2.0)


async def _sent(target: Target, make: Make, name: str) -> str:
    """The code with which the file is refused, and what became of the plain video that came right after it."""
    headers = {"X-API-Key": target.keys["admin"]}
    async with httpx.AsyncClient(base_url=target.url, headers=headers, timeout=30.0) as client:
        episodes = [await _registered(target, client, target.folder / make.__name__ / file) for file in (name, PLAIN)]
        return ", ".join([await _outcome(client, ep_id) for ep_id in episodes])


async def _registered(target: Target, client: httpx.AsyncClient, file: Path) -> str:
    number = next(_episodes)
    ep_id = f"{SHOW}-s01e{number:02d}"
    made = await client.post("/episodes", json={"show": SHOW, "season": 1, "episode": number})
    made.raise_for_status()
    addresses = target.stack.environment()
    settings = S3Settings(
        endpoint_url=addresses["SCREENALYTICS_S3__ENDPOINT_URL"],
        access_key=SecretStr(addresses["SCREENALYTICS_S3__ACCESS_KEY"]),
        secret_key=SecretStr(addresses["SCREENALYTICS_S3__SECRET_KEY"]),
        region=addresses["SCREENALYTICS_S3__REGION"],
    )
    async with Storage.connect(settings) as storage:
        await storage.ensure_bucket()
        video = await storage.upload_file(f"raw/videos/{ep_id}/{file.name}", file)
    (await client.post(f"/episodes/{ep_id}/register", json={"uri": video.uri})).raise_for_status()
    return ep_id


async def _outcome(client: httpx.AsyncClient, ep_id: str) -> str:
    """The code of the failure, or `planned`."""
    while True:
        status = (await client.get(f"/episodes/{ep_id}/status")).json()["data"]
        for run in (status["run"], status["requested"]):
            if run is not None and run["failure"] is not None:
                return str(run["failure"]["code"])
        if status["run"] is not None:
            return "planned"
        await asyncio.sleep(0.2)


def _attack(name: str, make: Make, code: str, *, file_name: str = "v.mp4") -> Attack:
    return Attack(
        family="videos",
        name=name,
        prepare=partial(_make, make=make, name=file_name),
        run=partial(_sent, make=make, name=file_name),
        expected=f"{code}, planned",
        within_s=180.0,
        grows_mib=CHILDREN_MIB,
    )


ATTACKS = (
    _attack("8192x8192, 4:4:4, 10 bit in 200 kB", hostile_videos.huge_pictures, "too_large_picture"),
    _attack(
        "a picture, and a quarter of a million empty ones", hostile_videos.tiny_packets, "planned", file_name="v.nut"
    ),
    _attack("900 video streams", hostile_videos.many_streams, "planned", file_name="v.mkv"),
)
