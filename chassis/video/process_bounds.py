"""Bounds of the process that calls: it dies with its parent, and what it writes and computes has an end."""

from __future__ import annotations

import math
import os
import resource
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import parent_process
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Final

RESERVE_BYTES: Final = 64 * 2**20
"""What a process that has reached its bound may still take to say so."""

MUCH: Final = 1 / 3
"""Of its memory: a decoder that is refused one more picture may hold no more than this of what it may."""

CPU_RESERVE_S: Final = 5
_FIRST_TO_BE_KILLED: Final = "1000"


@dataclass(frozen=True, slots=True)
class _Bounds:
    """Bytes that were resident when the work began, and that may be written beside."""

    resident: int
    memory_bytes: int


_in_force: list[_Bounds] = []


def end_with_parent() -> None:
    """Ends this process when the one that asked for it ends, and before others when memory runs out (Linux).

    The server that forked it is no help: it lives as long as one of its children.
    """
    threading.Thread(target=_end_after, args=(parent_process(),), daemon=True).start()
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(_FIRST_TO_BE_KILLED)


def _end_after(parent: BaseProcess | None) -> None:
    if parent is not None:
        parent.join()
        os._exit(1)


def set_bounds(memory_bytes: int, cpu_s: int, *, addresses: bool = True) -> Callable[[], None]:
    """Sets the bounds of this process and returns what lifts those of memory a little, for the last words.

    `addresses`: whether its address space is bounded as well.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _lower(resource.RLIMIT_CPU, cpu_s, cpu_s + CPU_RESERVE_S)
    has = _memory_in_use()
    # What may be written is what counts; the address space is bounded for kernels that bound nothing else, widely,
    # because threads reserve much of it that they never use.
    bounds = {}
    if has:
        _in_force.append(_Bounds(has["VmHWM"], memory_bytes))
        bounds = {
            resource.RLIMIT_DATA: has["VmData"] + memory_bytes,
            **({resource.RLIMIT_AS: has["VmSize"] + 2 * memory_bytes} if addresses else {}),
        }
    for kind, bound in bounds.items():
        _lower(kind, bound, bound + RESERVE_BYTES)

    def lift() -> None:
        for kind in bounds:
            hard = resource.getrlimit(kind)[1]
            resource.setrlimit(kind, (hard, hard))

    return lift


def is_short_of_memory() -> bool:
    """Whether this process has used much of its memory: then a MemoryError is no mere sign of a damaged file.

    FFmpeg reports sizes that cannot be right, read from a damaged header, as a lack of memory too.
    """
    return any(_memory_in_use()["VmHWM"] - bounds.resident > bounds.memory_bytes * MUCH for bounds in _in_force)


def room_bytes() -> float:
    """Bytes that this process may still write; infinite where nothing bounds it."""
    bound = resource.getrlimit(resource.RLIMIT_DATA)[0]
    return float(bound - _memory_in_use()["VmData"]) if _in_force and bound != resource.RLIM_INFINITY else math.inf


def _lower(kind: int, soft: int, hard: int) -> None:
    allowed = resource.getrlimit(kind)[1]
    if allowed != resource.RLIM_INFINITY:
        soft, hard = min(soft, allowed), min(hard, allowed)
    resource.setrlimit(kind, (soft, hard))


def _memory_in_use() -> dict[str, int]:
    """Bytes of address space, writable ones, and the most that was resident; nothing where the system has no /proc."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return {}
    fields = dict(line.split(":", 1) for line in lines)
    return {name: int(fields[name].split()[0]) * 1024 for name in ("VmSize", "VmData", "VmHWM")}
