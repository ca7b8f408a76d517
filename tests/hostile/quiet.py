"""Nothing: what everybody waits on this machine while nobody attacks, to compare the rest with."""

from __future__ import annotations

import asyncio

from tests.hostile.attack import Attack
from tests.hostile.target import Target


async def _nothing(_target: Target) -> str:
    await asyncio.sleep(3)
    return "nothing"


ATTACKS = (Attack(family="quiet", name="nothing, for three seconds", run=_nothing, expected="nothing"),)
