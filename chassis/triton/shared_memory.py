"""Shared memory for requests to an inference server on the same machine: slots that are made once and used again.

A frame copied into a slot costs a tenth of a frame sent by gRPC. Where the server cannot open our memory (another
container, another machine), `SlotPool.enabled` turns false after the first try and requests carry their pixels.
"""

import asyncio
import os
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from multiprocessing.shared_memory import SharedMemory
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt
from tritonclient.utils import InferenceServerException

SMALLEST_SLOT = 1 << 20
_FOLDER = Path("/dev") / "shm"
_UNREACHABLE = {"StatusCode.UNAVAILABLE", "StatusCode.DEADLINE_EXCEEDED"}


class RegionServer(Protocol):
    """The two calls of the server that the pool needs."""

    async def register_system_shared_memory(
        self, name: str, key: str, byte_size: int, *, client_timeout: float
    ) -> None: ...

    async def unregister_system_shared_memory(self, name: str, *, client_timeout: float) -> None: ...


class Slot:
    """One place for one request at a time. Its memory grows when a request needs more."""

    def __init__(self) -> None:
        self._memory: SharedMemory | None = None
        self._outgrown: list[SharedMemory] = []
        self.registered = False

    @property
    def name(self) -> str:
        """The name the server knows the memory by; empty before the first request."""
        return self._memory.name if self._memory else ""

    @property
    def capacity(self) -> int:
        return self._memory.size if self._memory else 0

    def write(self, pixels: npt.NDArray[np.uint8]) -> None:
        """Copies the pixels in, making room first. Raises OSError where the machine has no more shared memory."""
        memory = self._memory
        if memory is None or memory.size < pixels.nbytes:
            memory = self._grow(pixels.nbytes)
        target = np.ndarray(pixels.shape, dtype=np.uint8, buffer=memory.buf)
        target[...] = pixels

    def names(self) -> list[str]:
        """All memory of this slot, also what it has outgrown."""
        return [memory.name for memory in (*self._outgrown, *([self._memory] if self._memory else []))]

    def free(self) -> None:
        """Gives the memory back to the system."""
        for memory in (*self._outgrown, *([self._memory] if self._memory else [])):
            memory.close()
            with suppress(FileNotFoundError):
                memory.unlink()
        self._outgrown, self._memory, self.registered = [], None, False

    def _grow(self, needed: int) -> SharedMemory:
        size = SMALLEST_SLOT
        while size < needed:
            size *= 2
        name = f"screenalytics-{os.getpid()}-{secrets.token_hex(6)}"
        memory = SharedMemory(name=name, create=True, size=size)
        try:
            # Without this a full /dev/shm would show as a bus error at the first write, which ends the process.
            descriptor = os.open(_FOLDER / name, os.O_RDWR)
            try:
                os.posix_fallocate(descriptor, 0, size)
            finally:
                os.close(descriptor)
        except OSError:
            memory.close()
            memory.unlink()
            raise
        if self._memory is not None:
            # The server may still be reading it for a request that was given up: kept until the pool is closed.
            self._outgrown.append(self._memory)
        self._memory, self.registered = memory, False
        return memory


class SlotPool:
    """`count` slots, each for one request at a time; more requests wait."""

    def __init__(self, server: RegionServer, *, count: int, enabled: bool, timeout_s: float) -> None:
        self._server = server
        self._timeout_s = timeout_s
        self._slots = [Slot() for _ in range(count)]
        self._free: asyncio.LifoQueue[Slot] = asyncio.LifoQueue()
        for slot in reversed(self._slots):
            self._free.put_nowait(slot)
        self.enabled = enabled

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[Slot]:
        """A slot of one's own for a while. It is also the limit of requests in flight when memory is not shared."""
        slot = await self._free.get()
        try:
            yield slot
        finally:
            self._free.put_nowait(slot)

    async def place(self, slot: Slot, pixels: npt.NDArray[np.uint8]) -> bool:
        """Puts the pixels where the server can read them. False: send them with the request.

        Raises InferenceServerException when the server cannot be reached.
        """
        if not self.enabled:
            return False
        try:
            slot.write(pixels)
        except OSError:
            self.enabled = False
            return False
        if slot.registered:
            return True
        try:
            await self._server.register_system_shared_memory(
                slot.name, f"/{slot.name}", slot.capacity, client_timeout=self._timeout_s
            )
        except InferenceServerException as error:
            if error.status() in _UNREACHABLE:
                raise
            self.enabled = False
            return False
        slot.registered = True
        return True

    def forget_registrations(self) -> None:
        """The server was started anew: every slot is registered again before its next use."""
        for slot in self._slots:
            slot.registered = False

    async def close(self) -> None:
        """Takes all memory back from the server, where it still answers, and frees it."""
        for slot in self._slots:
            for name in slot.names() if self.enabled else ():
                with suppress(InferenceServerException):
                    await self._server.unregister_system_shared_memory(name, client_timeout=1.0)
            slot.free()
