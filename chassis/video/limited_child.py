"""The child's side of limited work: its bounds, and how items and the end of the work are told."""

from __future__ import annotations

import gc
import pickle
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import IntEnum
from inspect import isgenerator
from mmap import mmap
from multiprocessing.connection import Connection
from typing import Any, Final

from chassis.freed_memory import keep_freed_memory
from chassis.settings import DecodingLimits
from chassis.video.process_bounds import end_with_parent, is_short_of_memory, set_bounds

MIB: Final = 2**20
SLOTS: Final = 2
"""Items that a child may be ahead."""

SLOT_BYTES: Final = 16 * MIB
"""Room for the arrays of one item; larger ones go through the connection, slowly."""


class Kind(IntEnum):
    """What a message of the child is."""

    ITEM = 0
    DONE = 1
    RAISED = 2
    OUT_OF_MEMORY = 3


def work(
    connection: Connection[Any, Any],
    descriptor: Any,
    limits: DecodingLimits,
    call: tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]],
) -> None:
    """Carries out one call and tells its items and its end over the connection. Runs in a process of its own."""
    gc.freeze()  # a collection that looked at all that was loaded would copy the pages it lies on
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal's Ctrl-C is for the parent, which ends its children
    end_with_parent()
    keep_freed_memory()
    function, args, kwargs = call
    teller = _Teller(connection, mmap(descriptor.detach(), SLOTS * SLOT_BYTES))
    raise_bounds = set_bounds(limits.memory_mib * MIB, limits.cpu_s, addresses=limits.bounds_addresses)
    try:
        result = function(*args, **kwargs)
        if isgenerator(result):
            result = teller.items(result)
        teller.end(Kind.DONE, result)
    except _ParentIsGone:
        sys.exit(1)
    except BaseException as error:
        raise_bounds()
        if isinstance(error, MemoryError) and is_short_of_memory():
            teller.end(Kind.OUT_OF_MEMORY, None)
            return
        error.add_note(f"In the child: {''.join(traceback.format_tb(error.__traceback__))}")
        teller.end(Kind.RAISED, error)


class _Teller:
    """Sends to the parent; arrays are laid into memory that both see, in one slot after the other."""

    def __init__(self, connection: Connection[Any, Any], memory: mmap) -> None:
        self._connection = connection
        self._memory = memory
        self._sent = 0
        self._free = SLOTS

    def items(self, generator: Any) -> Any:
        """Sends all that a generator yields and returns what it returns. No item is kept while the next is made."""
        while True:
            try:
                self._item(next(generator))
            except StopIteration as end:
                return end.value

    def _item(self, item: Any) -> None:
        while not self._free:
            with _parent():
                self._free += len(self._connection.recv_bytes())
        buffers: list[pickle.PickleBuffer] = []
        data = pickle.dumps(item, protocol=5, buffer_callback=buffers.append)
        arrays = [buffer.raw() for buffer in buffers]
        if sum(array.nbytes for array in arrays) > SLOT_BYTES:
            data, arrays = pickle.dumps(item, protocol=5), []
        place = self._sent % SLOTS * SLOT_BYTES
        for array in arrays:
            self._memory[place : place + array.nbytes] = array
            place += array.nbytes
        self._send(Kind.ITEM, data, [array.nbytes for array in arrays])
        self._sent += 1
        self._free -= 1

    def end(self, kind: Kind, value: Any) -> None:
        try:
            data = pickle.dumps(value)
        except Exception as error:
            kind, data = Kind.RAISED, pickle.dumps(TypeError(f"{value!r:.300} cannot be sent: {error}"))
        self._send(kind, data, [])

    def _send(self, kind: Kind, data: bytes, sizes: list[int]) -> None:
        with _parent():
            self._connection.send_bytes(pickle.dumps((kind, data, sizes)))


@contextmanager
def _parent() -> Iterator[None]:
    try:
        yield
    except (EOFError, OSError) as error:
        raise _ParentIsGone from error


class _ParentIsGone(Exception):
    """Nobody waits for this work any more."""
