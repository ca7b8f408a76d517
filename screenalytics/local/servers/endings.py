"""Waiting for a process to end without looking at it again and again."""

from __future__ import annotations

import asyncio
import os
import sys

LOOK_S = 0.1
"""How often to look where the kernel does not tell."""

LOOK_AGAIN_S = 30.0
"""How long to trust that the number of a process is still its own: one that is not our child may have passed it on."""


async def until_ended(pid: int) -> None:
    """Wait until a process has ended, which need not be our child; for `LOOK_AGAIN_S` at most.

    Returns after `LOOK_S` where the kernel cannot tell: there is no such process (any more), or this is not Linux.
    """
    descriptor = _opened(pid)
    if descriptor is None:
        await asyncio.sleep(LOOK_S)
        return
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    loop.add_reader(descriptor, ended.set)
    try:
        await asyncio.wait_for(ended.wait(), LOOK_AGAIN_S)
    except TimeoutError:
        return
    finally:
        loop.remove_reader(descriptor)
        os.close(descriptor)


def _opened(pid: int) -> int | None:
    """A descriptor that becomes readable when the process ends; None where there is none."""
    if sys.platform != "linux":
        return None
    try:
        return os.pidfd_open(pid)
    except OSError:  # it is gone, or not there yet, or the kernel is older than 5.3
        return None
