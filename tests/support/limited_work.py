"""What tests let child processes do: work well, badly, for ever, and not at all."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Generator

import numpy as np
import numpy.typing as npt

from chassis.errors import BadInput, DependencyUnavailable, StaleVersion

MIB = 2**20
Item = tuple[int, npt.NDArray[np.uint8]]


def numbered(count: int, shape: tuple[int, ...], fail_after: int | None = None) -> Generator[Item, None, str]:
    """Arrays filled with their number, always the same memory; returns "all"."""
    pixels = np.zeros(shape, np.uint8)
    for number in range(count):
        if number == fail_after:
            raise ValueError(f"no {number}")
        pixels[...] = number % 251
        yield number, pixels
    return "all"


def echo(*given: object, **named: object) -> object:
    return given, named, os.getpid()


def write_memory(mib: int) -> int:
    """Holds so much memory, in small pieces."""
    held = [bytearray(b"x" * MIB) for _ in range(mib)]
    return len(held)


def ask_for_too_much() -> None:
    """What a damaged header makes FFmpeg say, with hardly any memory used."""
    raise MemoryError("a box of 3 TiB")


def compute_for_ever() -> None:
    while True:
        pass


def wait_for_ever() -> None:
    time.sleep(3600)


def told_and_waiting() -> None:
    """Prints its process id, and stays."""
    print(os.getpid(), flush=True)
    wait_for_ever()


def crash(how: str) -> None:
    """Ends the process like a decoder with a fault, like the kernel that is short of memory, or just so."""
    if how == "abort":
        os.abort()
    if how == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    os._exit(7)


def refuse(kind: str) -> None:
    if kind == "stale":
        raise StaleVersion("the episode", expected=1, actual=2)
    if kind == "away":
        raise DependencyUnavailable("s3", "refused")
    raise BadInput("bad", "Do it better.")


def cannot_be_sent() -> object:
    return lambda: None


def processor_s_by_now() -> float:
    """What the child's process has used up before its work begins."""
    return time.process_time()
