"""Work on strangers' files in a child process with bounds: whatever a file does to it, the service goes on.

The invariant: **no packet or picture of a stranger's video is parsed in a process that others wait for**. The child is
forked, in some 6 ms, from a server process that has the work's modules loaded; it may write only so much memory and use
only so much of a processor, dies with the service, and is the first that a machine short of memory takes. It is no wall
against code that a decoder is made to run: it has the service's own rights.
"""

from __future__ import annotations

import asyncio
import os
import pickle
import signal
import tempfile
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from mmap import mmap
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext, ForkServerProcess
from multiprocessing.forkserver import ensure_running
from multiprocessing.reduction import DupFd
from typing import Any, Final, Generic, NoReturn, TypeVar, cast

from chassis.errors import BadInput, WorkerDied
from chassis.settings import DecodingLimits
from chassis.video.limited_child import SLOT_BYTES, SLOTS, Kind, work

T = TypeVar("T")
R = TypeVar("R")

END_PATIENCE_S: Final = 10.0
"""How long a child that has said its last word may take to end."""


class LimitReached(BadInput):
    """Codes too_much_memory and too_much_computing: the file asks for more than any episode may take."""


_prepared: list[str] = ["__main__", __name__]
_LAST: Final = "chassis.video.limited_server"


def prepare(*modules: str, at_once: bool = False) -> None:
    """Names modules that children find loaded; before the first work. What is not named, every child loads anew.

    `at_once`: the server that they are forked from starts now, beside what else does, and not with the first work.
    """
    _prepared.extend(module for module in modules if module not in _prepared)
    _context().set_forkserver_preload([*_prepared, _LAST])
    if at_once:
        ensure_running()


async def run_limited(function: Callable[..., R], *args: Any, within: DecodingLimits, **kwargs: Any) -> R:
    """What `function(*args, **kwargs)` returns or raises, in a child. All of it is pickled. Cancelling kills the child.

    Raises LimitReached, and WorkerDied (`decoder_crashed`) when the child ends without an answer.
    """
    working: LimitedWork[Any, R] = LimitedWork(function, *args, within=within, **kwargs)
    try:
        return await asyncio.to_thread(working.result)
    finally:
        working.close()


class LimitedWork(Iterator[T], Generic[T, R]):
    """Iterates over what a generator function yields in a child, which is at most two items ahead; `value` is its result.

    The child starts with the first item. One thread iterates; any thread may `close`, which kills the child. Iterating
    raises what the function raises, and what `run_limited` does.
    """

    def __init__(
        self, function: Callable[..., Generator[T, None, R] | R], *args: Any, within: DecodingLimits, **kwargs: Any
    ) -> None:
        self._call = (function, args, kwargs)
        self._limits = within
        self._lock = threading.Lock()
        self._ended = False
        self._process: ForkServerProcess | None = None
        self._connection: Connection[Any, Any] | None = None
        self._memory: mmap | None = None
        self._items = 0
        self.value: R | None = None

    def __next__(self) -> T:
        if self._connection is None:
            self._start()
        if self._connection is None:
            raise StopIteration
        try:
            kind, data, sizes = pickle.loads(self._connection.recv_bytes())  # noqa: S301 - of our own child
        except (EOFError, OSError):
            self._raise_why_it_died()
        if kind == Kind.ITEM:
            return self._item(data, sizes)
        self._end()
        if kind == Kind.RAISED:
            raise pickle.loads(data)  # noqa: S301
        if kind == Kind.OUT_OF_MEMORY:
            raise self._too_much_memory()
        self.value = cast("R", pickle.loads(data))  # noqa: S301
        raise StopIteration

    def result(self) -> R:
        """Runs the work to its end and returns its value."""
        for _ in self:
            pass
        return cast("R", self.value)

    def close(self) -> None:
        """Kills the child where it still works; who waits for its next item is told that there is none."""
        with self._lock:
            self._ended = True
            if self._process is not None:
                self._process.kill()

    def _start(self) -> None:
        with self._lock:
            if self._ended:
                return
            descriptor = _shared_memory()
            try:
                context = _context()
                self._connection, childs = context.Pipe()
                self._memory = mmap(descriptor, SLOTS * SLOT_BYTES)
                # DupFd gives a descriptor to the process that is being started, so it must be made while it is pickled.
                self._process = context.Process(
                    target=work,
                    args=(
                        childs,
                        _Descriptor(descriptor),
                        self._limits,
                        self._call,
                    ),
                    daemon=True,
                )
                self._process.start()
                childs.close()
            finally:
                os.close(descriptor)

    def _item(self, data: bytes, sizes: list[int]) -> T:
        place, arrays = self._items % SLOTS * SLOT_BYTES, []
        for size in sizes:
            arrays.append(bytearray(memoryview(cast("mmap", self._memory))[place : place + size]))
            place += size
        self._items += 1
        with suppress(OSError):  # it may have said all that it had to say
            cast("Connection[Any, Any]", self._connection).send_bytes(b"+")
        return cast("T", pickle.loads(data, buffers=arrays))  # noqa: S301

    def _end(self) -> int | None:
        """Lets go of the child and returns its exit status."""
        with self._lock:
            self._ended = True
            process, self._process = self._process, None
            connection, self._connection = self._connection, None
            memory, self._memory = self._memory, None
        if connection is not None:
            connection.close()
        if memory is not None:
            memory.close()
        if process is None:
            return None
        process.join(END_PATIENCE_S)
        if process.exitcode is None:
            process.kill()
            process.join(END_PATIENCE_S)
        return process.exitcode

    def _raise_why_it_died(self) -> NoReturn:
        closed = self._ended
        status = self._end()
        if closed:
            raise StopIteration
        if status == -signal.SIGXCPU:
            raise LimitReached(
                "too_much_computing",
                f"Reading this video takes more than {self._limits.cpu_s} s of computing; export it again as MP4 (H.264).",
            )
        how = signal.Signals(-status).name if status is not None and status < 0 else f"exit status {status}"
        raise WorkerDied(
            "decoder_crashed",
            f"The decoder crashed on this video ({how}); export it again as MP4 (H.264) and upload that.",
        )

    def _too_much_memory(self) -> LimitReached:
        most = self._limits.memory_mib
        return LimitReached(
            "too_much_memory",
            f"Decoding this video takes more than {most} MiB of memory; scale it to 3840x2160 or less and upload that.",
        )


class _Descriptor:
    """A file descriptor that goes to the child with what is pickled for it."""

    def __init__(self, number: int) -> None:
        self._number = number

    def __reduce__(self) -> tuple[Any, ...]:
        return _received, (DupFd(self._number),)


def _received(descriptor: Any) -> Any:
    return descriptor


def _shared_memory() -> int:
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("items")
    else:
        with tempfile.TemporaryFile() as file:
            descriptor = os.dup(file.fileno())
    os.ftruncate(descriptor, SLOTS * SLOT_BYTES)
    return descriptor


def _context() -> ForkServerContext:
    return get_context("forkserver")
