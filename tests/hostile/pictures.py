"""Reference pictures that are small as files and large as pixels. None shows a face: each is answered with why not."""

from __future__ import annotations

import asyncio
import io
from functools import partial

import httpx
from PIL import Image

from tests.hostile.attack import Attack
from tests.hostile.target import Target
from tests.hostile.wire import tally

SHOW, MEMBER = "pictured-show", "somebody"
REQUESTS = 20
DECODED_MIB = 1000.0
"""Two pictures decoded at a time take 240 MiB each, and what is made of them to find faces is held a little longer; all
twenty would take 4.7 GiB."""
WITHIN_S = 180.0


async def _make(target: Target, side: int) -> None:
    headers = {"X-API-Key": target.keys["operator"]}
    async with httpx.AsyncClient(base_url=target.url, headers=headers, timeout=15.0) as client:
        (await client.post("/shows", json={"name": SHOW, "show": SHOW})).raise_for_status()
        member = {"name": MEMBER, "cast_id": MEMBER}
        (await client.post(f"/shows/{SHOW}/cast", json=member)).raise_for_status()
    await asyncio.to_thread(_write, target, side)


def _write(target: Target, side: int) -> None:
    content = io.BytesIO()
    Image.new("L", (side, side), 128).save(content, "PNG")
    (target.folder / f"{side}.png").write_bytes(content.getvalue())


async def _at_once(target: Target, side: int) -> str:
    content = (target.folder / f"{side}.png").read_bytes()
    headers = {"X-API-Key": target.keys["operator"]}
    async with httpx.AsyncClient(base_url=target.url, headers=headers, timeout=WITHIN_S) as client:
        answers = await asyncio.gather(
            *(
                client.post(
                    f"/shows/{SHOW}/cast/{MEMBER}/pictures",
                    files={"pictures": (f"{number}.png", content, "image/png")},
                )
                for number in range(REQUESTS)
            )
        )
    return tally([_said(answer) for answer in answers])


def _said(answer: httpx.Response) -> str:
    if answer.status_code != httpx.codes.OK:
        return str(answer.status_code)
    return ", ".join(verdict["code"] for verdict in answer.json()["data"]["verdicts"])


def _attack(name: str, side: int, expected: str, grows_mib: float) -> Attack:
    return Attack(
        family="pictures",
        name=name,
        prepare=partial(_make, side=side),
        run=partial(_at_once, side=side),
        expected=expected,
        within_s=WITHIN_S,
        grows_mib=grows_mib,
    )


ATTACKS = (
    _attack(f"{REQUESTS} times 400 megapixels in a small file", 20_000, "picture_too_large", 64.0),
    _attack(f"{REQUESTS} times 24 megapixels at once", 4_900, "picture_without_face", DECODED_MIB),
)
